//! Large pages of memory, for lists that a question goes through from end to end.
//!
//! In pages of 4 KiB a list of 64 MiB takes 16,000 of them, more than a processor remembers where they lie, and it stops
//! reading ahead where one ends. Many systems give larger ones only to who asks.

/// Bytes of a large page. Shorter lists are not worth a call of the system.
const LARGE: usize = 2 << 20;

/// Asks for large pages where a list lies, as far as nothing was written there yet. A system that has none gives small
/// ones.
pub(crate) fn prefer_large<T>(list: &Vec<T>) {
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{Advice, madvise};
        let start = list.as_ptr().cast_mut();
        let before = start.addr().next_multiple_of(LARGE) - start.addr();
        let bytes = list.capacity() * size_of::<T>();
        let whole = bytes.saturating_sub(before) / LARGE * LARGE;
        if whole > 0 {
            // SAFETY: the bytes are those of the list, and what is said of them changes none.
            #[allow(unsafe_code, reason = "a hint to the system")]
            // Who gets none does without.
            let _ = unsafe {
                madvise(start.wrapping_byte_add(before).cast(), whole, Advice::LinuxHugepage)
            };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = list;
}

/// Makes room for so many elements in all, on large pages where that is much.
pub(crate) fn make_room<T>(list: &mut Vec<T>, count: usize) {
    if count <= list.capacity() {
        return;
    }
    if count * size_of::<T>() < LARGE {
        list.reserve_exact(count - list.len());
        return;
    }
    // Elsewhere: what was written stays on the pages where it is.
    let mut larger = Vec::with_capacity(count);
    prefer_large(&larger);
    larger.append(list);
    *list = larger;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_stays_what_it_was() {
        let mut list: Vec<u32> = Vec::new();
        for count in [0, 3, 1000, LARGE / 4 - 1, LARGE / 4, LARGE / 2, LARGE + 7, 3] {
            make_room(&mut list, count);
            assert!(list.capacity() >= count);
            list.resize(count.max(list.len()), 0);
            list.push(list.len() as u32);
            assert!(list.iter().zip(0..).all(|(it, place)| *it == 0 || *it == place));
        }
        assert_eq!(list.iter().filter(|it| **it > 0).count(), 7);
    }
}
