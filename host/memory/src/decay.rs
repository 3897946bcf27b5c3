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

/// The first cycle in which a weight that held in `cycle` lies below a threshold; `u64::MAX` where none does.
///
/// The logarithm says about which; the weight itself decides, so that nobody who asks for the weight sees it
/// otherwise.
pub fn death_of(weight: f64, cycle: u64, below: f64) -> u64 {
    if below <= 0.0 {
        return u64::MAX;
    }
    let halvings = (weight / below).log2().max(0.0);
    let mut idle = (halvings * f64::from(HALF_LIFE_CYCLES)) as u64;
    while weight_after(weight, idle) >= below {
        idle += 1;
    }
    while idle > 0 && weight_after(weight, idle - 1) < below {
        idle -= 1;
    }
    cycle.saturating_add(idle)
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

    #[test]
    fn a_weight_dies_in_the_first_cycle_below_the_threshold() {
        assert_eq!([0.2, 0.1, 0.05].map(|it| death_of(1.0, 7, it)), [124, 174, 224]);
        assert_eq!(death_of(0.5, 0, 0.5), 1, "at the threshold it lives");
        assert_eq!(death_of(0.1, 9, 0.5), 9);
        assert_eq!(death_of(0.0, 9, 0.5), 9);
        assert_eq!(death_of(1.0, 0, 0.0), u64::MAX);
        assert_eq!(death_of(1.0, u64::MAX - 1, 0.5), u64::MAX);
    }

    proptest! {
        #[test]
        fn before_its_death_a_weight_is_not_below(
            weight in 0.0_f64..=1.0,
            below in 1e-6_f64..1.0,
        ) {
            let death = death_of(weight, 0, below);
            prop_assert!(weight_after(weight, death) < below);
            prop_assert!(death == 0 || weight_after(weight, death - 1) >= below);
        }

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
