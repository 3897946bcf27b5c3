//! Places of a text as editors count them: line and character from 0, in UTF-16 or in bytes.

/// What a character of a position is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// A unit of UTF-16: what editors count in where nothing else is agreed.
    #[default]
    Utf16,
    /// A byte of UTF-8.
    Utf8,
}

/// A place between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 0.
    pub line: u32,
    /// The character in it, from 0.
    pub character: u32,
}

/// A text with its lines counted, to go from bytes to positions and back.
#[derive(Debug)]
pub struct Positions<'t> {
    text: &'t str,
    encoding: Encoding,
    starts: Vec<usize>,
}

impl<'t> Positions<'t> {
    /// Counts the lines of a text.
    pub fn new(text: &'t str, encoding: Encoding) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { text, encoding, starts: starts.collect() }
    }

    /// The position of a byte; of the character around it where it lies within one.
    pub fn position(&self, byte: usize) -> Position {
        let byte = self.text.floor_char_boundary(byte.min(self.text.len()));
        let line = self.starts.partition_point(|start| *start <= byte) - 1;
        let before = &self.text[self.starts[line]..byte];
        let character = match self.encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.encode_utf16().count(),
        };
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Position { line: number(line), character: number(character) }
    }

    /// The byte at a position. What lies behind the end of a line is its end, what lies behind the last
    /// line is the end of the text.
    pub fn byte(&self, position: Position) -> usize {
        let Some(start) = self.starts.get(position.line as usize).copied() else {
            return self.text.len();
        };
        let rest = &self.text[start..];
        let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let wanted = position.character as usize;
        match self.encoding {
            Encoding::Utf8 => start + line.floor_char_boundary(wanted.min(line.len())),
            Encoding::Utf16 => {
                let mut units = 0;
                let found = line.char_indices().find(|(_, character)| {
                    units += character.len_utf16();
                    units > wanted
                });
                start + found.map_or(line.len(), |(at, _)| at)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_what_was_agreed() {
        let text = "a: ä😀b\r\nc";
        for (encoding, character) in [(Encoding::Utf16, 6), (Encoding::Utf8, 9)] {
            let positions = Positions::new(text, encoding);
            let b = text.find('b').unwrap();
            let place = Position { line: 0, character };
            assert_eq!((positions.position(b), positions.byte(place)), (place, b));
        }
    }

    #[test]
    fn every_byte_and_every_position_has_an_answer() {
        let text = "a: ä😀b\r\n\nc";
        for encoding in [Encoding::Utf16, Encoding::Utf8] {
            let positions = Positions::new(text, encoding);
            for (byte, _) in text.char_indices().filter(|(_, it)| !matches!(it, '\r' | '\n')) {
                assert_eq!(positions.byte(positions.position(byte)), byte);
            }
            for line in [0, 1, 2, 3, u32::MAX] {
                for character in (0..20).chain([u32::MAX]) {
                    let byte = positions.byte(Position { line, character });
                    assert!(text.is_char_boundary(byte));
                }
            }
            assert_eq!(positions.position(usize::MAX).line, 2);
        }
    }
}
