//! Which instructions this machine has.

/// An instruction set that was found on this machine. There is no other way to get one, so that
/// having a level is the proof that its instructions may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// What every machine of the target has.
    Portable,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with byte and word instructions and the dot product of bytes (VNNI).
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The best that this machine has.
    pub(crate) fn detect() -> Self {
        *Self::all().last().expect("every machine has the portable level")
    }

    /// All that this machine has, the best last.
    pub(crate) fn all() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut, reason = "one level there"))]
        let mut found = vec![Self(Set::Portable)];
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            found.push(Self(Set::Avx2));
            if std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512bw")
                && std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512vnni")
            {
                found.push(Self(Set::Avx512));
            }
        }
        found
    }

    /// Whether there are 32 registers of 16 numbers, not 16 of 8 or fewer.
    pub(crate) fn has_32_wide_registers(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.has_avx512();
        #[cfg(not(target_arch = "x86_64"))]
        false
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
