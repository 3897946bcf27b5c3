//! [`voyager_fuzz::targets::table`], with libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use voyager_fuzz::targets::table::target;

fuzz_target!(|bytes: &[u8]| target(bytes));
