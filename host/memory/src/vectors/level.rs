//! Which instructions this machine has, and loops that are compiled for each set of them.
//!
//! Every loop gives the same bits at every level: sums are of whole numbers, or added up in the order that is
//! written. The encoder has levels of its own; these need other instructions (counts of bits).

use std::sync::OnceLock;

/// An instruction set that was found on this machine. There is no other way to get one, so that having a
/// level is the proof that its instructions may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// What every machine of the target has.
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with byte and word instructions and counts of bits.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The best that this machine has.
    pub(crate) fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| *Self::all().last().expect("every machine has the portable level"))
    }

    /// All that this machine has, the best last.
    pub(crate) fn all() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut, reason = "one level there"))]
        let mut found = vec![Self(Set::Portable)];
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            found.push(Self(Set::Avx2));
            if std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512bw")
                && std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512vpopcntdq")
            {
                found.push(Self(Set::Avx512));
            }
        }
        found
    }

    #[cfg(target_arch = "x86_64")]
    pub(crate) fn has_avx2(self) -> bool {
        self.0 == Set::Avx2
    }

    #[cfg(target_arch = "x86_64")]
    pub(crate) fn has_avx512(self) -> bool {
        self.0 == Set::Avx512
    }
}

/// Asks the memory for an element that is needed soon.
#[inline(always)]
pub(crate) fn ask_for<T>(list: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(element) = list.get(at) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: asking is a hint that reads nothing.
        #[allow(unsafe_code, reason = "a hint to the memory")]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(element).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (list, at);
}

/// Functions of safe code that are compiled for each instruction set; the first argument says which one runs.
/// What they call must be `#[inline(always)]`, to be compiled with the same instructions.
macro_rules! for_each_level {
    ($(
        $(#[$meta:meta])*
        fn $name:ident($level:ident, $($argument:ident: $type:ty),* $(,)?) -> $result:ty $body:block
    )*) => { $(
        $(#[$meta])*
        pub(super) fn $name($level: $crate::vectors::level::Level, $($argument: $type),*) -> $result {
            #[inline(always)]
            fn portable($($argument: $type),*) -> $result $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($argument: $type),*) -> $result {
                    portable($($argument),*)
                }
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2")]
                fn avx512($($argument: $type),*) -> $result {
                    portable($($argument),*)
                }
                if $level.has_avx512() {
                    // SAFETY: a level says so only on a machine that was found to have the features.
                    #[allow(unsafe_code, reason = "instructions that were found on this machine")]
                    return unsafe { avx512($($argument),*) };
                }
                if $level.has_avx2() {
                    // SAFETY: as above.
                    #[allow(unsafe_code, reason = "instructions that were found on this machine")]
                    return unsafe { avx2($($argument),*) };
                }
            }
            let _ = $level;
            portable($($argument),*)
        }
    )* };
}
pub(crate) use for_each_level;
