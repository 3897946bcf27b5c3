//! What an editor asks while a text is written: what stands here, what may stand here, where it comes
//! from.
//!
//! A text that is being written can't be read as YAML most of the time. So the answers come from an
//! outline, which finds keys, values and their nesting by indentation and brackets in any text at all.

mod completion;
mod hover;
mod outline;
mod position;
mod reading;

pub use self::{
    completion::{Around, Completion, Item, ItemSort, complete},
    hover::{Hover, definition, hover, manifest_at, tested_manifest, with_manifests},
    position::{Encoding, Position, Positions},
};

/// The languages that a text may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `voyager: manifest/v1`.
    Manifest,
    /// `voyager: scenario/v1`.
    Scenario,
}

/// The language of a text, by the key `voyager` that stands in front; none where that is not there, so that
/// other YAML is left alone.
pub fn language(text: &str) -> Option<Language> {
    /// Lines that are looked at: comments may stand above.
    const LINES_MAX: usize = 100;
    let value = text.lines().take(LINES_MAX).find_map(|line| line.strip_prefix("voyager:"))?;
    let begins = |word: &str| value.trim_start().starts_with(word);
    if begins("scenario") {
        Some(Language::Scenario)
    } else if begins("script") || begins("policy") {
        // Nothing is told of these in editors yet, rather than that they are wrong manifests.
        None
    } else {
        Some(Language::Manifest)
    }
}

#[cfg(test)]
mod tests;
