//! The inner loops, compiled once for each instruction set and chosen while the program runs.
//!
//! Every loop gives the same bits on every machine: a sum is always added up in the order that is
//! written here, with fused multiply-add, and a wider register only does more of them at a time. So the
//! id of an encoder need not name the machine.
//!
//! What is deliberately not: threads, and allocation.

mod dense;
mod level;
mod quantised;
mod rows;

pub(crate) use self::{
    dense::{Attention, Panels, attend, multiply},
    level::Level,
    quantised::{QuantisedPanels, QuantisedRows, multiply_quantised},
    rows::{add_and_norm, gelu, norm, normalise_to_unit, products},
};

/// Columns of a matrix that are worked on together, and lanes of a vector register times two.
pub(crate) const BLOCK: usize = 32;

/// Functions of safe code that are compiled for each instruction set; the first argument says which
/// one runs. What they call must be `#[inline(always)]`, to be compiled with the same instructions.
macro_rules! for_each_level {
    ($(
        $(#[$meta:meta])*
        fn $name:ident($level:ident, $($argument:ident: $type:ty),* $(,)?) $body:block
    )*) => { $(
        $(#[$meta])*
        pub(crate) fn $name($level: $crate::kernel::Level, $($argument: $type),*) {
            #[inline(always)]
            fn portable($level: $crate::kernel::Level, $($argument: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn avx2($level: $crate::kernel::Level, $($argument: $type),*) {
                    portable($level, $($argument),*);
                }
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma")]
                fn avx512($level: $crate::kernel::Level, $($argument: $type),*) {
                    portable($level, $($argument),*);
                }
                if $level.has_avx512() {
                    // SAFETY: a level says so only on a machine that was found to have the features.
                    #[allow(unsafe_code, reason = "instructions that were found on this machine")]
                    return unsafe { avx512($level, $($argument),*) };
                }
                if $level.has_avx2() {
                    // SAFETY: as above.
                    #[allow(unsafe_code, reason = "instructions that were found on this machine")]
                    return unsafe { avx2($level, $($argument),*) };
                }
            }
            portable($level, $($argument),*);
        }
    )* };
}
use for_each_level;
