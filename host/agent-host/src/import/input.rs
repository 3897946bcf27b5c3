//! Bytes of a file in bounded pieces: lines, and elements of an array. Knows where it is.

use std::io::{self, BufRead as _, BufReader, Seek as _};

use super::{Bad, Bytes, ELEMENT_BYTES_MAX, LINE_BYTES_MAX, Place, Stop};

/// A file that is read piece by piece.
pub(super) struct Input {
    inner: BufReader<Bytes>,
    /// What was read to see how the file begins, of which so much was taken.
    ahead: Vec<u8>,
    taken: usize,
    place: Place,
    bytes: u64,
    state: State,
}

/// The mark of byte order that some programs put in front of a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// So much white space may stand in front, in bytes.
const SPACE_BYTES_MAX: usize = 1 << 20;

/// Where in an array the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before it.
    Before,
    /// Behind its `[`.
    First,
    /// Behind a comma.
    Next,
    /// Behind its `]`.
    After,
}

/// A piece, and where it begins; or what is wrong with it.
pub(super) type Piece<T = Vec<u8>> = Result<(Place, T), Bad>;

impl Input {
    /// A file from its beginning. A byte order mark is passed over.
    pub(super) fn new(bytes: Bytes) -> io::Result<Self> {
        let inner = BufReader::with_capacity(64 << 10, bytes);
        let place = Place { line: 1, column: 1 };
        let (ahead, taken) = (Vec::new(), 0);
        let mut input = Self { inner, ahead, taken, place, bytes: 0, state: State::Before };
        input.begin()?;
        Ok(input)
    }

    /// Goes back to the beginning.
    pub(super) fn rewind(&mut self) -> io::Result<()> {
        self.inner.seek(io::SeekFrom::Start(0))?;
        self.ahead.clear();
        self.taken = 0;
        self.begin()
    }

    fn begin(&mut self) -> io::Result<()> {
        // A pipe gives as little at once as was written into it.
        while MARK.starts_with(&self.ahead) && self.ahead.len() < MARK.len() && self.read_ahead()? {
        }
        let mark = if self.ahead.starts_with(MARK) { MARK.len() } else { 0 };
        self.consume(mark);
        self.place = Place { line: 1, column: 1 };
        (self.bytes, self.state) = (mark as u64, State::Before);
        Ok(())
    }

    /// Reads a byte more ahead, where there is one.
    fn read_ahead(&mut self) -> io::Result<bool> {
        let Some(byte) = self.inner.fill_buf()?.first().copied() else { return Ok(false) };
        self.inner.consume(1);
        self.ahead.push(byte);
        Ok(true)
    }

    /// What comes next; nothing at the end of the file.
    fn fill(&mut self) -> io::Result<&[u8]> {
        match self.ahead.get(self.taken..) {
            Some(ahead) if !ahead.is_empty() => Ok(ahead),
            _ => self.inner.fill_buf(),
        }
    }

    /// Passes over so much of what comes next.
    fn consume(&mut self, count: usize) {
        if self.taken < self.ahead.len() {
            self.taken += count;
        } else {
            self.inner.consume(count);
        }
    }

    /// How many bytes were read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The first byte that is no white space, and where it is a `[`, the next such one; nothing is read away.
    ///
    /// # Errors
    /// The machine refuses, or there is too much white space.
    pub(super) fn peek(&mut self) -> Result<[Option<u8>; 2], Stop> {
        let mut signs = [None; 2];
        let mut at = self.taken;
        loop {
            if at == self.ahead.len() {
                if at > SPACE_BYTES_MAX {
                    let problem =
                        format!("{SPACE_BYTES_MAX} bytes of white space begin here: remove them");
                    return Err(Stop::Bad(Bad::new(self.place, problem)));
                }
                if !self.read_ahead()? {
                    return Ok(signs);
                }
            }
            let byte = self.ahead[at];
            at += 1;
            match signs[0] {
                _ if byte.is_ascii_whitespace() => {}
                None if byte == b'[' => signs[0] = Some(byte),
                None => return Ok([Some(byte), None]),
                Some(_) => return Ok([signs[0], Some(byte)]),
            }
        }
    }

    /// The next line, without its end; none at the end of the file.
    pub(super) fn line(&mut self) -> Result<Option<Piece>, Stop> {
        let place = self.place;
        let mut line = Vec::new();
        let (mut too_long, mut some) = (false, false);
        loop {
            let buffer = self.fill()?;
            if buffer.is_empty() {
                break;
            }
            some = true;
            let end = buffer.iter().position(|it| *it == b'\n');
            let taken = end.map_or(buffer.len(), |it| it + 1);
            if line.len() + taken <= LINE_BYTES_MAX {
                line.extend_from_slice(&buffer[..taken]);
            } else {
                too_long = true;
            }
            self.consume(taken);
            self.bytes += taken as u64;
            if end.is_some() {
                break;
            }
        }
        if !some {
            return Ok(None);
        }
        self.place = Place { line: place.line + 1, column: 1 };
        if too_long {
            let problem = format!("the line has more than {LINE_BYTES_MAX} bytes");
            return Ok(Some(Err(Bad::new(place, problem))));
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let length = text.strip_suffix(b"\r").unwrap_or(text).len();
        line.truncate(length);
        Ok(Some(Ok((place, line))))
    }

    /// The next line as text.
    pub(super) fn text(&mut self) -> Result<Option<Piece<String>>, Stop> {
        let Some(piece) = self.line()? else { return Ok(None) };
        let text = |(place, line): (Place, Vec<u8>)| utf8(place, line).map(|it| (place, it));
        Ok(Some(piece.and_then(text)))
    }

    /// The next element of the array that the file is; none at its end.
    pub(super) fn element(&mut self) -> Result<Option<Piece>, Stop> {
        if self.state == State::Before {
            match self.sign()? {
                Some((_, b'[')) => self.state = State::First,
                Some((place, _)) => return Err(Stop::Bad(Bad::new(place, "no array begins here"))),
                None => return Err(self.cut_off()),
            }
        }
        if self.state == State::After {
            return match self.sign()? {
                None => Ok(None),
                Some((place, _)) => {
                    Err(Stop::Bad(Bad::new(place, "something stands behind the end of the array")))
                }
            };
        }
        let Some((place, first)) = self.sign()? else { return Err(self.cut_off()) };
        if first == b']' && self.state == State::First {
            self.state = State::After;
            return self.element();
        }
        self.rest_of_element(place, first).map(Some)
    }

    /// An element from its first byte on, up to its comma or the end of the array, which are read away.
    fn rest_of_element(&mut self, place: Place, first: u8) -> Result<Piece, Stop> {
        let mut element = Vec::new();
        let (mut depth, mut in_string, mut escaped) = (0_u64, false, false);
        let (mut byte, mut length) = (first, 0);
        loop {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                _ if in_string => {}
                b'{' | b'[' => depth += 1,
                b',' if depth == 0 => {
                    self.state = State::Next;
                    break;
                }
                b']' if depth == 0 => {
                    self.state = State::After;
                    break;
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            length += 1;
            if length <= ELEMENT_BYTES_MAX {
                element.push(byte);
            }
            byte = self.byte()?.ok_or_else(|| self.cut_off())?;
        }
        if length > ELEMENT_BYTES_MAX {
            let problem = format!("the element has more than {ELEMENT_BYTES_MAX} bytes");
            return Ok(Err(Bad::new(place, problem)));
        }
        if element.is_empty() {
            return Ok(Err(Bad::new(place, "an element of the array is missing")));
        }
        Ok(Ok((place, element)))
    }

    fn cut_off(&self) -> Stop {
        Stop::Bad(Bad::new(self.place, "the file ends within its array: it is cut off"))
    }

    /// The next byte that is no white space, and where it stands.
    fn sign(&mut self) -> io::Result<Option<(Place, u8)>> {
        loop {
            let place = self.place;
            match self.byte()? {
                Some(byte) if byte.is_ascii_whitespace() => {}
                byte => return Ok(byte.map(|it| (place, it))),
            }
        }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let Some(byte) = self.fill()?.first().copied() else { return Ok(None) };
        self.consume(1);
        self.bytes += 1;
        self.place = match byte {
            b'\n' => Place { line: self.place.line + 1, column: 1 },
            _ => Place { column: self.place.column + 1, ..self.place },
        };
        Ok(Some(byte))
    }
}

/// Bytes that begin at `start` as text.
pub(super) fn utf8(start: Place, bytes: Vec<u8>) -> Result<String, Bad> {
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let lines = good.iter().filter(|it| **it == b'\n').count() as u64;
        let behind = good.rsplit(|it| *it == b'\n').next().map_or(0, <[u8]>::len) as u64;
        let column = if lines == 0 { start.column + behind } else { behind + 1 };
        let place = Place { line: start.line + lines, column };
        Bad::new(place, "this is no UTF-8; convert the file, for example with `iconv -t UTF-8`")
    })
}
