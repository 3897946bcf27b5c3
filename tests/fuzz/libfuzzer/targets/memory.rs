//! The memory's file of keys, and the rows of its database.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    voyager_memory::fuzz::keys(bytes);
    voyager_memory::fuzz::rows(bytes);
});
