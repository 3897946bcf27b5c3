//! Folders of snapshots of the memory: what a snapshot says of itself, chunks, and restoring what they say.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((sort, rest)) = bytes.split_first() else { return };
    match sort % 4 {
        0 => _ = voyager_memory::fuzz::snapshot_changed(rest),
        _ => voyager_memory::fuzz::snapshot_files(rest),
    }
});
