//! [`voyager_fuzz::targets::analyse`], with libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use voyager_fuzz::targets::analyse::target;

fuzz_target!(|bytes: &[u8]| target(bytes));
