//! Positions and lines of a text.

/// The beginnings of the lines of a text, to find the line of an offset.
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Indexes a text of less than 4 GiB; a line ends with a line feed.
    pub fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let mut starts = vec![0];
        starts.extend(ends.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)));
        Self { starts }
    }

    /// The line, from 1, in which a byte lies.
    pub fn line(&self, offset: u32) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    /// Number of lines; a text that ends with a line feed has none behind it.
    pub fn count(&self, text: &str) -> u32 {
        let lines = u32::try_from(self.starts.len()).unwrap_or(u32::MAX);
        if text.is_empty() || text.ends_with('\n') { lines - 1 } else { lines }
    }
}

/// Shortens a text to at most `bytes_max` bytes, at a character's border, with an ellipsis where
/// something is missing, and white space runs made one space.
pub fn one_line(text: &str, bytes_max: usize) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > bytes_max {
            line.truncate(line.floor_char_boundary(bytes_max.saturating_sub('…'.len_utf8())));
            line.push('…');
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_finds_its_line() {
        let text = "a\nbc\n\nd";
        let index = LineIndex::new(text);
        assert_eq!([0, 1, 2, 4, 5, 6].map(|offset| index.line(offset)), [1, 1, 2, 2, 3, 4]);
        assert_eq!(index.count(text), 4);
        assert_eq!(LineIndex::new("a\n").count("a\n"), 1);
        assert_eq!(LineIndex::new("").count(""), 0);
    }

    #[test]
    fn a_line_is_cut_at_a_characters_border() {
        assert_eq!(one_line("  a \n b\t c ", 40), "a b c");
        assert_eq!(one_line("äääääää", 9), "äää…");
        assert!(one_line(&"word ".repeat(100), 40).len() <= 40);
    }
}
