//! Source lines of a component that carries DWARF: read in the compiler's process, where crafted bytes harm
//! nobody, and kept as a table beside the code. The host itself reads no DWARF.

use std::collections::BTreeMap;

use addr2line::{
    Context,
    gimli::{self, Dwarf, EndianSlice, LittleEndian},
};
use serde::{Deserialize, Serialize};
use wasmparser::{Encoding, Parser, Payload};

use crate::text::plain;

/// Most rows of a table; of a larger component the first ones count.
const ROWS_MAX: usize = 1_000_000;
/// Most functions at one place: those that were inlined into each other.
const INLINED_MAX: usize = 8;
/// Longest name of a function, longest path, in bytes.
const TEXT_BYTES_MAX: usize = 160;
/// Longest name of a function that is shown; names come from the skill.
pub(crate) const NAME_BYTES_MAX: usize = 120;

/// A function and the place in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLine {
    /// Its demangled name; empty where DWARF has none.
    pub function: String,
    /// The file, without what is above its crate; empty where the component has no lines.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// Offsets in the component, and the lines that they come from.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lines {
    texts: Vec<String>,
    /// What is at one place, the innermost first: function, file (both among the texts), line.
    places: Vec<Vec<(u32, u32, u32)>>,
    /// Where a place begins, ascending. Each holds until the next.
    rows: Vec<(u32, u32)>,
}

/// The table of a component, encoded; empty where it carries no lines. What of its DWARF can't be read is left
/// out: it never keeps a skill from running.
pub(crate) fn table(component: &[u8]) -> Vec<u8> {
    let mut builder = Builder::default();
    for module in modules(component).unwrap_or_default() {
        // As far as it could be read.
        let _ = builder.add(&module);
    }
    if builder.lines.rows.is_empty() {
        return Vec::new();
    }
    builder.lines.rows.sort_unstable();
    rmp_serde::to_vec(&builder.lines).unwrap_or_default()
}

impl Lines {
    /// Reads what [`table`] gave.
    pub(crate) fn read(table: &[u8]) -> Self {
        rmp_serde::from_slice(table).unwrap_or_default()
    }

    /// What is at an offset in the component, the innermost function first.
    pub(crate) fn at(&self, offset: usize) -> Vec<SourceLine> {
        let after = self.rows.partition_point(|(start, _)| *start as usize <= offset);
        let row = after.checked_sub(1).map(|row| self.rows[row].1);
        let place = row.and_then(|place| self.places.get(place as usize));
        let text = |at: u32| self.texts.get(at as usize).cloned().unwrap_or_default();
        let line = |(function, file, line): &(u32, u32, u32)| SourceLine {
            function: text(*function),
            file: text(*file),
            line: *line,
        };
        place.into_iter().flatten().map(line).collect()
    }

    /// What is at an offset within the function of this name: the functions that were inlined there, the innermost
    /// first, and then the function itself, whose own name has the path, that in DWARF often not.
    pub(crate) fn within(&self, offset: Option<usize>, named: String) -> Vec<SourceLine> {
        let mut places = offset.map(|it| self.at(it)).unwrap_or_default();
        for place in &mut places {
            place.function = plain(&place.function, NAME_BYTES_MAX);
        }
        match places.last_mut() {
            Some(itself) => itself.function = named,
            None => places.push(SourceLine { function: named, file: String::new(), line: 0 }),
        }
        places
    }
}

/// A function's own name, demangled; its number where it has none.
pub(crate) fn own_name(name: Option<&str>, number: u32) -> String {
    let name = name.map_or_else(|| format!("function {number}"), rustc_name);
    plain(&name, NAME_BYTES_MAX)
}

/// A name as Rust writes it.
pub(crate) fn rustc_name(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// What a core module of a component has for its lines.
#[derive(Default)]
struct Module<'c> {
    /// Where its code begins; addresses of DWARF count from there.
    code: Option<usize>,
    sections: BTreeMap<&'c str, &'c [u8]>,
}

fn modules(component: &[u8]) -> wasmparser::Result<Vec<Module<'_>>> {
    let (mut open, mut done) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { encoding, .. } => {
                open.push((encoding == Encoding::Module, Module::default()));
            }
            Payload::CodeSectionStart { range, .. } => {
                open.iter_mut().last().into_iter().for_each(|it| it.1.code = Some(range.start));
            }
            Payload::CustomSection(section) if section.name().starts_with(".debug_") => {
                if let Some((true, module)) = open.last_mut() {
                    module.sections.insert(section.name(), section.data());
                }
            }
            Payload::End(_) => done.extend(open.pop().filter(|it| it.0).map(|it| it.1)),
            _ => {}
        }
    }
    Ok(done)
}

#[derive(Default)]
struct Builder {
    lines: Lines,
    texts: BTreeMap<String, u32>,
    places: BTreeMap<Vec<(u32, u32, u32)>, u32>,
}

impl Builder {
    fn add(&mut self, module: &Module<'_>) -> gimli::Result<()> {
        let Some(code) = module.code.filter(|_| module.sections.contains_key(".debug_line")) else {
            return Ok(());
        };
        let section = |id: gimli::SectionId| {
            let bytes = module.sections.get(id.name()).copied().unwrap_or_default();
            Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
        };
        let context = Context::from_dwarf(Dwarf::load(section)?)?;
        let mut ranges = Vec::new();
        for (start, length, _) in context.find_location_range(0, u64::from(u32::MAX))? {
            let end = start.saturating_add(length);
            let (Some(start_row), Some(end_row)) = (row(code, start), row(code, end)) else {
                continue;
            };
            if ROWS_MAX <= self.lines.rows.len() + ranges.len() {
                break;
            }
            ranges.push((start_row, end_row, self.place(&context, start)?));
        }
        ranges.sort_unstable();
        let nowhere = self.place_of(Vec::new());
        for (at, (start, end, place)) in ranges.iter().enumerate() {
            self.lines.rows.push((*start, *place));
            // What comes behind was built without lines.
            let next = ranges.get(at + 1).map_or(u32::MAX, |next| next.0);
            self.lines.rows.extend((*end < next).then_some((*end, nowhere)));
        }
        Ok(())
    }

    /// The functions that are at `address`.
    fn place(
        &mut self,
        context: &Context<EndianSlice<'_, LittleEndian>>,
        address: u64,
    ) -> gimli::Result<u32> {
        let mut place = Vec::new();
        let mut frames = context.find_frames(address).skip_all_loads()?;
        while let Some(frame) = frames.next()? {
            if INLINED_MAX <= place.len() {
                break;
            }
            let name = frame.function.as_ref().and_then(|it| it.raw_name().ok());
            let name = name.map_or_else(String::new, |name| rustc_name(&name));
            let (file, line) = match &frame.location {
                Some(location) => (location.file.unwrap_or_default(), location.line.unwrap_or(0)),
                None => ("", 0),
            };
            place.push((self.text(&name), self.text(within_crate(file)), line));
        }
        Ok(self.place_of(place))
    }

    fn place_of(&mut self, place: Vec<(u32, u32, u32)>) -> u32 {
        let next = self.lines.places.len() as u32;
        let known = *self.places.entry(place.clone()).or_insert(next);
        if known == next {
            self.lines.places.push(place);
        }
        known
    }

    fn text(&mut self, text: &str) -> u32 {
        let text = plain(text, TEXT_BYTES_MAX);
        let next = self.lines.texts.len() as u32;
        let known = *self.texts.entry(text.clone()).or_insert(next);
        if known == next {
            self.lines.texts.push(text);
        }
        known
    }
}

/// Where an address of a module's code is in the component.
fn row(code: usize, address: u64) -> Option<u32> {
    address.checked_add(code as u64).and_then(|it| u32::try_from(it).ok())
}

/// A path without what is above its crate, which says where somebody's home is, and is not there on another
/// machine.
fn within_crate(path: &str) -> &str {
    for (mark, kept) in [("/registry/src/", 0), ("/git/checkouts/", 0), ("/rustc/", 1)] {
        if let Some((_, below)) = path.split_once(mark) {
            // Behind it comes the name of an index, or a hash.
            let below = below.split_once('/').map_or(below, |(_, rest)| rest);
            return if kept == 1 { below.trim_start_matches("library/") } else { below };
        }
    }
    let source = path.rfind("/src/").map(|at| &path[..at]);
    match source.and_then(|above| above.rfind('/')) {
        Some(folder) => &path[folder + 1..],
        None => path.trim_start_matches('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_at_the_crate() {
        for (path, kept) in [
            ("/home/ada/word-count/src/lib.rs", "word-count/src/lib.rs"),
            ("/rustc/4c4205163abc/library/core/src/option.rs", "core/src/option.rs"),
            (
                "/home/ada/.cargo/registry/src/index.crates.io-1949cf/serde-1.0.2/src/de/mod.rs",
                "serde-1.0.2/src/de/mod.rs",
            ),
            ("src/lib.rs", "src/lib.rs"),
            ("/app.c", "app.c"),
        ] {
            assert_eq!(within_crate(path), kept);
        }
    }

    #[test]
    fn an_offset_belongs_to_the_place_that_began_last() {
        let lines = Lines {
            texts: vec!["outer".into(), "a.rs".into(), "inner".into()],
            places: vec![vec![(0, 1, 3)], vec![(2, 1, 9), (0, 1, 4)]],
            rows: vec![(10, 0), (20, 1)],
        };
        let read = Lines::read(&rmp_serde::to_vec(&lines).unwrap());
        assert!(read.at(9).is_empty());
        assert_eq!(read.at(19).iter().map(|it| it.line).collect::<Vec<_>>(), [3]);
        let names: Vec<_> = read.at(99).into_iter().map(|it| it.function).collect();
        assert_eq!(names, ["inner", "outer"]);
    }

    #[test]
    fn what_is_no_table_and_no_dwarf_has_no_lines() {
        assert!(table(b"\0asm\x0d\0\x01\0").is_empty());
        assert_eq!(Lines::read(b"nonsense"), Lines::default());
    }
}
