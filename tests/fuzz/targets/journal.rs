//! Rows and segments of the journal: damaged ones are found to be so.
#![no_main]

use voyager_fuzz::fuzz_target;

fuzz_target!(|bytes: &[u8]| voyager_journal::fuzz::rows(bytes));
