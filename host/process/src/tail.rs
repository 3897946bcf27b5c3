//! The end of an output that may be endless.

use std::collections::VecDeque;

/// Keeps the last bytes of what is pushed and counts the rest.
#[derive(Debug)]
pub(crate) struct Tail {
    bytes: VecDeque<u8>,
    bytes_max: usize,
    dropped: u64,
}

impl Tail {
    /// An empty one that keeps at most `bytes_max` bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes: VecDeque::new(), bytes_max, dropped: 0 }
    }

    /// Adds bytes at the end.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let kept = &bytes[bytes.len().saturating_sub(self.bytes_max)..];
        let surplus = (self.bytes.len() + kept.len()).saturating_sub(self.bytes_max);
        self.bytes.drain(..surplus);
        self.bytes.extend(kept);
        self.dropped += (bytes.len() - kept.len() + surplus) as u64;
    }

    /// The last line that is not blank, shortened.
    pub(crate) fn last(&self) -> String {
        let end: Vec<u8> = self.bytes.iter().copied().rev().take(2048).collect();
        let end: Vec<u8> = end.into_iter().rev().collect();
        let end = String::from_utf8_lossy(&end);
        let line = end.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        line.trim().chars().take(200).collect()
    }

    /// What is kept, and how many bytes are not.
    pub(crate) fn finish(self) -> (Vec<u8>, u64) {
        (self.bytes.into(), self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_are_kept_and_the_others_counted() {
        let mut tail = Tail::new(4);
        tail.push(b"ab");
        tail.push(b"cde");
        tail.push(b"");
        assert_eq!(tail.finish(), (b"bcde".to_vec(), 1));
    }

    #[test]
    fn the_last_line_is_the_last_that_says_something() {
        let mut tail = Tail::new(100);
        assert_eq!(tail.last(), "");
        tail.push(b"one\n  two \n\n \n");
        assert_eq!(tail.last(), "two");
    }

    #[test]
    fn one_push_may_be_longer_than_all_that_is_kept() {
        let mut tail = Tail::new(3);
        tail.push(b"x");
        tail.push(b"abcdef");
        assert_eq!(tail.finish(), (b"def".to_vec(), 4));
    }

    #[test]
    fn nothing_is_kept_where_nothing_may_be() {
        let mut tail = Tail::new(0);
        tail.push(b"abc");
        assert_eq!(tail.finish(), (Vec::new(), 3));
    }
}
