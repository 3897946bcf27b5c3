//! The texts that the editor has open.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value as Json;
use voyager_manifest::editor::{Encoding, Position, Positions};

/// Most bytes of a text that is kept: more than the checker reads, so that it says itself what is too large.
const TEXT_BYTES_MAX: usize = 4 << 20;
/// Most texts at a time.
const DOCUMENTS_MAX: usize = 1_000;

/// The texts, by address.
#[derive(Default)]
pub(super) struct Documents {
    all: BTreeMap<String, Document>,
}

/// A text that is open.
pub(super) struct Document {
    /// Its version, as the editor counts.
    pub(super) version: Json,
    /// None where it is too large to be kept; the editor has to send it anew.
    pub(super) text: Option<String>,
}

impl Documents {
    /// Keeps a text. False where there are too many.
    pub(super) fn open(&mut self, uri: &str, version: Json, text: &str) -> bool {
        if self.all.len() >= DOCUMENTS_MAX && !self.all.contains_key(uri) {
            return false;
        }
        let text = Some(text).filter(|it| it.len() <= TEXT_BYTES_MAX).map(str::to_owned);
        self.all.insert(uri.to_owned(), Document { version, text });
        true
    }

    /// Makes changes, each as the protocol has it: a text alone is all of it. None where they can't be read.
    pub(super) fn change(
        &mut self,
        uri: &str,
        version: Json,
        changes: &[Json],
        encoding: Encoding,
    ) -> Option<()> {
        let document = self.all.get_mut(uri)?;
        document.version = version;
        for change in changes {
            let new = change["text"].as_str()?;
            let text = match (&change["range"], document.text.take()) {
                (Json::Null, _) => new.to_owned(),
                // Its text is not known.
                (_, None) => continue,
                (range, Some(mut text)) => {
                    let positions = Positions::new(&text, encoding);
                    let start = positions.byte(position(&range["start"])?);
                    let end = positions.byte(position(&range["end"])?).max(start);
                    text.replace_range(start..end, new);
                    text
                }
            };
            document.text = Some(text).filter(|it| it.len() <= TEXT_BYTES_MAX);
        }
        Some(())
    }

    pub(super) fn close(&mut self, uri: &str) {
        self.all.remove(uri);
    }

    pub(super) fn get(&self, uri: &str) -> Option<&Document> {
        self.all.get(uri)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Document)> {
        self.all.iter()
    }
}

/// A position as the protocol has it.
pub(super) fn position(json: &Json) -> Option<Position> {
    let number = |key: &str| json[key].as_u64().map(|it| u32::try_from(it).unwrap_or(u32::MAX));
    Some(Position { line: number("line")?, character: number("character")? })
}

/// The path of a file's address; none where it is no file.
pub(super) fn path(uri: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt as _;
    let path = uri.strip_prefix("file://")?;
    // A host may stand in front of the path.
    let mut rest = path.get(path.find('/')?..)?.bytes();
    let mut bytes = Vec::new();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let hex = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    #[test]
    fn changes_come_one_after_the_other() {
        let mut documents = Documents::default();
        assert!(documents.open("a", json!(1), "name: ä😀x\n"));
        let at = |line: u32, from: u32, to: u32, text: &str| {
            json!({ "text": text, "range": {
                "start": { "line": line, "character": from },
                "end": { "line": line, "character": to },
            } })
        };
        let changes = [at(0, 9, 10, "y"), at(0, 0, 4, "id"), at(9, 0, 0, "z")];
        documents.change("a", json!(2), &changes, Encoding::Utf16).unwrap();
        assert_eq!(documents.get("a").unwrap().text.as_deref(), Some("id: ä😀y\nz"));
        let no_text = [json!({})];
        assert_eq!(documents.change("a", json!(3), &no_text, Encoding::Utf16), None);
    }

    #[test]
    fn a_text_that_is_too_large_is_forgotten_until_it_is_sent_anew() {
        let mut documents = Documents::default();
        assert!(documents.open("a", json!(1), &"x".repeat(TEXT_BYTES_MAX + 1)));
        let place = json!({ "line": 0, "character": 0 });
        let insert = [json!({ "text": "y", "range": { "start": place, "end": place } })];
        documents.change("a", json!(2), &insert, Encoding::Utf16).unwrap();
        assert_eq!(documents.get("a").unwrap().text, None);
        documents.change("a", json!(3), &[json!({ "text": "z" })], Encoding::Utf16).unwrap();
        assert_eq!(documents.get("a").unwrap().text.as_deref(), Some("z"));
    }

    #[test]
    fn addresses_of_files_are_paths() {
        assert_eq!(path("file:///a%20b/c.yaml").as_deref(), Some(Path::new("/a b/c.yaml")));
        assert_eq!(path("file://host/c").as_deref(), Some(Path::new("/c")));
        assert_eq!(
            [path("untitled:1"), path("file:///%2"), path("file:///%zz")],
            [None, None, None]
        );
    }
}
