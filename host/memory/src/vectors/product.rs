//! The product of two rows of bytes, which is exact.

use super::level::for_each_level;

for_each_level! {
    /// The sum of the products of signed bytes, as many as the shorter has. At most 4,096 of them, so that the
    /// sum is far from the ends of its type.
    fn product(level, one: &[u8], other: &[u8]) -> i32 {
        let count = one.len().min(other.len());
        let pairs = one[..count].iter().zip(&other[..count]);
        pairs.map(|(one, other)| i32::from(*one as i8) * i32::from(*other as i8)).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors::level::Level;

    proptest! {
        #[test]
        fn every_level_has_the_exact_sum(
            one in proptest::collection::vec(any::<u8>(), 0..900),
            other in proptest::collection::vec(any::<u8>(), 0..900),
        ) {
            let exact: i64 =
                one.iter().zip(&other).map(|(a, b)| i64::from(*a as i8) * i64::from(*b as i8)).sum();
            for level in Level::all() {
                prop_assert_eq!(i64::from(product(level, &one, &other)), exact, "{:?}", level);
            }
        }
    }

    #[test]
    fn the_largest_sum_fits() {
        for level in Level::all() {
            assert_eq!(product(level, &[0x80; 4096], &[0x80; 4096]), 128 * 128 * 4096);
        }
    }
}
