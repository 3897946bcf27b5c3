//! Randomness as an input.

use std::sync::Mutex;

/// A source of random bytes.
pub trait Chance: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);

    /// Eight random bytes as a number.
    fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number from 0 on and below 1, all of them alike.
    fn share(&self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Randomness that a seed repeats: BLAKE3 in its extended output mode. For simulation, and for the
/// random numbers of a skill, which must replay.
pub struct Seeded(Mutex<blake3::OutputReader>);

impl Seeded {
    /// Randomness from a number.
    pub fn new(seed: u64) -> Self {
        Self::from_bytes(&seed.to_le_bytes())
    }

    /// Randomness from any bytes.
    pub fn from_bytes(seed: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("voyager 2026 seeded chance");
        hasher.update(seed);
        Self(Mutex::new(hasher.finalize_xof()))
    }
}

impl Chance for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        // A panic while filling leaves the reader usable, so a poisoned lock is no reason to stop.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let (one, same, other) = (Seeded::new(1), Seeded::new(1), Seeded::new(2));
        let numbers = [one.number(), one.number()];
        assert_eq!(numbers, [same.number(), same.number()]);
        assert_ne!(numbers[0], numbers[1]);
        assert_ne!(numbers[0], other.number());
    }
}
