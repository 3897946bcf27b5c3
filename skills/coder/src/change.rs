//! Finding and renaming identifiers. The host searches and replaces natively and in parallel; what is
//! decided here is what may be asked for, and what comes back.

use crate::contract::exports::voyager::coder::change::{
    ChangedFile, Found, Guest, Place, Renamed, Unread,
};
use crate::contract::voyager::types::types::Error;
use crate::contract::voyager::workspace::files::Query;
use crate::folders::{Folders, invalid, other};
use crate::identifier;
use crate::skill::Coder;

/// The most places and the longest diff that one call returns.
const PLACES_MAX: u32 = 10_000;
const DIFF_BYTES_MAX: u64 = 1 << 20;

impl Guest for Coder {
    fn occurrences(name: String, globs: Vec<String>, places_max: u32) -> Result<Found, Error> {
        identifier::check(&name).map_err(invalid)?;
        let folders = Folders::granted()?;
        find(&folders, &name, &globs, places_max.min(PLACES_MAX))
    }

    fn rename(
        name: String,
        to: String,
        globs: Vec<String>,
        diff_bytes: u64,
    ) -> Result<Renamed, Error> {
        identifier::check(&name).map_err(invalid)?;
        identifier::check(&to).map_err(invalid)?;
        if name == to {
            return Err(invalid("Both names are the same.".to_owned()));
        }
        let folders = Folders::granted()?;
        let taken = find(&folders, &to, &globs, 1)?;
        if let Some(place) = taken.places.first() {
            return Err(other(
                "name-taken",
                format!(
                    "`{to}` stands already in {}:{}. Renaming would make one name of two; choose another, or narrow the globs.",
                    place.path, place.line
                ),
            ));
        }
        replace(&folders, &name, &to, &globs, diff_bytes.min(DIFF_BYTES_MAX))
    }
}

fn query(name: &str, globs: &[String]) -> Query {
    Query {
        pattern: name.to_owned(),
        literal: true,
        word: true,
        ignore_case: false,
        globs: globs.to_vec(),
    }
}

fn find(folders: &Folders, name: &str, globs: &[String], places_max: u32) -> Result<Found, Error> {
    let mut found =
        Found { places: Vec::new(), files_searched: 0, more: false, unread: Vec::new() };
    for (prefix, folder) in folders.each() {
        let left = places_max.saturating_sub(u32::try_from(found.places.len()).unwrap_or(u32::MAX));
        let part = folder.search(&query(name, globs), left)?;
        found.places.extend(part.places.into_iter().map(|place| Place {
            path: format!("{prefix}{}", place.path),
            line: place.line,
            column: place.column,
            text: place.text,
        }));
        found.files_searched += part.files_searched;
        found.more |= part.more;
        found.unread.extend(unread(&prefix, part.skipped));
    }
    Ok(found)
}

fn replace(
    folders: &Folders,
    name: &str,
    to: &str,
    globs: &[String],
    diff_bytes: u64,
) -> Result<Renamed, Error> {
    let mut renamed =
        Renamed { files: Vec::new(), places: 0, diff: String::new(), unread: Vec::new() };
    for (prefix, folder) in folders.each() {
        let part = folder.replace(&query(name, globs), to)?;
        renamed.files.extend(
            part.files
                .into_iter()
                .map(|(path, places)| ChangedFile { path: format!("{prefix}{path}"), places }),
        );
        renamed.places += part.places;
        renamed.unread.extend(unread(&prefix, part.skipped));
        let left = diff_bytes.saturating_sub(renamed.diff.len() as u64);
        renamed.diff += &folder.diff(left)?;
    }
    Ok(renamed)
}

fn unread(prefix: &str, skipped: Vec<(String, String)>) -> impl Iterator<Item = Unread> {
    skipped
        .into_iter()
        .map(move |(path, reason)| Unread { path: format!("{prefix}{path}"), reason })
}
