//! The file of a kept index: damaged ones are found to be so, and none is read beyond its end.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| voyager_memory::fuzz::pack(bytes));
