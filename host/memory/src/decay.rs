//! Synaptic decay: what nobody uses fades, exactly and without a sweep.
//!
//! A weight halves in [`HALF_LIFE_CYCLES`] idle cycles: `w(t) = w · 2^(-idle / 50)`. It is stored with the cycle
//! in which it held, and computed when it is asked for, so that it does not depend on how cycles are batched.

/// In so many idle cycles a weight loses half of itself.
pub const HALF_LIFE_CYCLES: u32 = 50;

/// What is left of `weight` after `idle` cycles.
pub fn weight_after(weight: f64, idle: u64) -> f64 {
    let halvings = idle as f64 / f64::from(HALF_LIFE_CYCLES);
    weight * (-halvings).exp2()
}

/// A weight that was used: it moves a tenth of the way to one.
pub fn weight_used(weight: f64) -> f64 {
    const SHARE: f64 = 0.1;
    weight + SHARE * (1.0 - weight)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn half_of_a_weight_is_left_after_fifty_idle_cycles() {
        assert!((weight_after(1.0, 50) - 0.5).abs() < 1e-12);
        assert!((weight_after(1.0, 1) - 0.986_232_704_493_359).abs() < 1e-12);
        assert!((weight_after(1.0, 166) - 0.100_130).abs() < 1e-5);
        assert_eq!(weight_after(0.25, 0), 0.25);
        assert_eq!(weight_after(1.0, u64::MAX), 0.0);
    }

    proptest! {
        #[test]
        fn decay_does_not_depend_on_how_cycles_are_batched(
            weight in 0.0_f64..=1.0,
            batches in proptest::collection::vec(0_u64..40, 0..20),
        ) {
            let at_once = weight_after(weight, batches.iter().sum());
            let by_batch = batches.iter().fold(weight, |it, idle| weight_after(it, *idle));
            prop_assert!((at_once - by_batch).abs() < 1e-12);
        }
    }
}
