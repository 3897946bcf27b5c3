//! What an editor asks about a text that is half written, and about a place in it: whatever both are, there is an
//! answer, and its bytes lie in the text.

use std::sync::LazyLock;

use crate::catalog;
use voyager_manifest::{
    Catalog,
    editor::{self, Around, Encoding, Positions},
};

static CATALOG: LazyLock<Catalog> = LazyLock::new(catalog);

/// What stands at a place of `text`, and what may stand there.
fn ask(text: &str, byte: usize, around: &Around<'_>) {
    let lies_in = |span: &std::ops::Range<usize>| {
        assert!(text.get(span.clone()).is_some(), "{span:?} is no part of the text");
    };
    if let Some(found) = editor::complete(text, byte, &CATALOG, around) {
        lies_in(&found.replaces);
        assert!(found.replaces.end <= byte, "what stands behind the cursor is kept");
    }
    if let Some(found) = editor::hover(text, byte, &CATALOG) {
        lies_in(&found.span);
    }
    if let Some(span) = editor::definition(text, byte) {
        lies_in(&span);
    }
    editor::manifest_at(text, byte);
}

/// States what must hold of any bytes.
///
/// # Panics
/// Where it does not.
pub fn target(bytes: &[u8]) {
    // The place first, the text behind it.
    let Some((place, text)) = bytes.split_first_chunk() else { return };
    let text = String::from_utf8_lossy(text);
    let byte = text.floor_char_boundary(usize::from(u16::from_le_bytes(*place)) % (text.len() + 1));
    let manifests = ["../a.yaml".to_owned()];
    for language in ["", "voyager: manifest/v1\n", "voyager: scenario/v1\n"] {
        let whole = format!("{language}{text}");
        // A scenario about the same text as a manifest: names of any form.
        let manifest = format!("voyager: manifest/v1\n{text}");
        let around = Around { manifest: Some(&manifest), manifests: &manifests };
        ask(&whole, language.len() + byte, &around);
        editor::tested_manifest(&whole);
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            let positions = Positions::new(&whole, encoding);
            let at = language.len() + byte;
            let back = positions.byte(positions.position(at));
            // Between the two characters of a line's end there is no position.
            assert!(matches!(whole.get(back..at), Some("" | "\r")), "{at} comes back as {back}");
        }
    }
}
