//! The memory's file of keys with what opens it, and the rows of its database.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((sort, rest)) = bytes.split_first() else { return };
    match sort % 4 {
        0 => voyager_memory::fuzz::keys_covered(rest),
        1 => voyager_memory::fuzz::keys(rest),
        _ => voyager_memory::fuzz::rows(rest),
    }
});
