//! Rows and segments of the journal: damaged ones are found to be so.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| voyager_journal::fuzz::rows(bytes));
