//! Frames of the protocol: headers, an empty line, so many bytes of JSON.

use std::io::{self, BufRead, Read as _};

use serde_json::Value as Json;

/// Most bytes of a message: several times the largest manifest, escaped.
pub(super) const MESSAGE_BYTES_MAX: u64 = 16 << 20;
/// Most bytes of a header.
const HEADER_BYTES_MAX: u64 = 4 << 10;

/// What came in.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    /// A message: any JSON.
    Message(Json),
    /// Something that is none; why. Reading goes on behind it.
    Malformed(String),
    /// Nothing more comes.
    End,
}

/// Reads the next message.
pub(super) fn read(input: &mut impl BufRead) -> Incoming {
    let body = match length(input) {
        Ok(Some(Ok(length))) if length > MESSAGE_BYTES_MAX => {
            return match io::copy(&mut input.take(length), &mut io::sink()) {
                Ok(passed) if passed == length => Incoming::Malformed(format!(
                    "a message has at most {MESSAGE_BYTES_MAX} bytes, this one had {length}"
                )),
                _ => Incoming::End,
            };
        }
        Ok(Some(Ok(length))) => {
            let mut body = Vec::new();
            match input.take(length).read_to_end(&mut body) {
                Ok(read) if read as u64 == length => body,
                _ => return Incoming::End,
            }
        }
        Ok(Some(Err(problem))) => return Incoming::Malformed(problem),
        Ok(None) | Err(_) => return Incoming::End,
    };
    match serde_json::from_slice(&body) {
        Ok(message) => Incoming::Message(message),
        Err(error) => Incoming::Malformed(format!("the message is no JSON: {error}")),
    }
}

/// The length that the headers of a message give; none at the end of the input.
fn length(input: &mut impl BufRead) -> io::Result<Option<Result<u64, String>>> {
    let mut length = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.take(HEADER_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() {
            match length {
                Some(length) => return Ok(Some(Ok(length))),
                // Behind something malformed.
                None => continue,
            }
        }
        let name = text.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        match name {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                match value.parse() {
                    Ok(number) => length = Some(number),
                    Err(_) => return Ok(Some(Err("`Content-Length` is no number".to_owned()))),
                }
            }
            Some((name, _)) if name.eq_ignore_ascii_case("content-type") => {}
            _ => return Ok(Some(Err("a message begins with `Content-Length: BYTES`".to_owned()))),
        }
    }
}

/// A message, framed.
pub(super) fn frame(message: &Json) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all(bytes: &[u8]) -> Vec<Incoming> {
        let mut input = bytes;
        let mut all = Vec::new();
        while all.last() != Some(&Incoming::End) {
            all.push(read(&mut input));
        }
        all
    }

    #[test]
    fn a_frame_reads_back() {
        let message = json!({ "method": "ä" });
        let bytes = [frame(&message), frame(&message)].concat();
        let expected = [Incoming::Message(message.clone()), Incoming::Message(message)];
        assert_eq!(all(&bytes)[..2], expected);
    }

    #[test]
    fn what_is_malformed_is_told_and_the_next_message_is_read() {
        let good = String::from_utf8(frame(&json!(1))).unwrap();
        let over = MESSAGE_BYTES_MAX + 1;
        let large = format!("Content-Length: {over}\r\n\r\n{}", "x".repeat(over as usize));
        for bad in [
            "nonsense\r\n\r\n",
            "Content-Length: many\r\n\r\n",
            "Content-Length: 2\r\n\r\n{]",
            "Content-Length: 1\r\n\r\n\u{1}",
            large.as_str(),
        ] {
            let read = all(format!("{bad}{good}").as_bytes());
            assert!(matches!(read[0], Incoming::Malformed(_)), "{read:?}");
            assert_eq!(read[1..], [Incoming::Message(json!(1)), Incoming::End]);
        }
    }

    #[test]
    fn an_input_that_breaks_off_is_at_its_end() {
        for cut in
            ["", "Content-Le", "Content-Length: 5\r\n\r\n{", "Content-Length: 99999999\r\n\r\n"]
        {
            assert_eq!(all(cut.as_bytes()).last(), Some(&Incoming::End));
        }
    }
}
