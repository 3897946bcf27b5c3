//! What the process service and its launcher say to each other.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| voyager_process::fuzz::line(bytes));
