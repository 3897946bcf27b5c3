//! A file from its bytes to its findings.
//!
//! Each file is read once, in ranges; secrets are looked for in a window that slides over it, the
//! whole text is kept only where a parser wants it. What can't be read or understood is reported
//! as data: no file ends a scan.

use crate::code::{self, Language};
use crate::model::{FINDINGS_MAX, SKIPPED_MAX, ScanResult, settle};
use crate::secrets::{self, LOOK_BEHIND, OVERLAP, Scanner};
use crate::source::{RANGE, Source};
use crate::text::{Hit, Origin, Placer, binary, is_test_path};

/// Bytes of one file that are searched for secrets: two seconds of work in the sandbox. Nobody
/// keeps a secret behind that, and a scan must end.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// Largest source file that is parsed: larger ones are generated, and their tree takes memory.
pub const PARSE_BYTES_MAX: usize = 4 << 20;

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Secrets only.
    Secrets,
    /// Dangerous calls only; files of other languages are not read.
    Code,
    /// Both.
    Both,
}

impl Look {
    const fn secrets(self) -> bool {
        matches!(self, Self::Secrets | Self::Both)
    }

    const fn code(self) -> bool {
        matches!(self, Self::Code | Self::Both)
    }
}

/// Scans the named files; `progress` hears how many are done.
pub fn scan(
    source: &dyn Source,
    paths: &[String],
    look: Look,
    mut progress: impl FnMut(usize),
) -> ScanResult {
    let scanner = Scanner::new();
    let mut result = ScanResult::default();
    for (index, path) in paths.iter().enumerate() {
        scan_file(source, path, look, &scanner, &mut result);
        progress(index + 1);
        if result.findings.len() > 4 * FINDINGS_MAX {
            result.dropped += settle(&mut result.findings, FINDINGS_MAX);
        }
    }
    finish(&mut result);
    result
}

/// Orders and bounds a result.
pub fn finish(result: &mut ScanResult) {
    result.dropped += settle(&mut result.findings, FINDINGS_MAX);
    result.skipped.sort();
    result.skipped.truncate(SKIPPED_MAX);
}

fn scan_file(
    source: &dyn Source,
    path: &str,
    look: Look,
    scanner: &Scanner,
    result: &mut ScanResult,
) {
    let language = Language::of(path).filter(|_| look.code());
    if language.is_none() && !look.secrets() {
        return;
    }
    let mut file = File {
        path,
        look,
        scanner,
        placer: Placer::new(path),
        text: language.map(|_| Vec::new()),
        bytes: 0,
    };
    let outcome = file.read(source);
    let skipped = match (outcome, language, file.text.take()) {
        (Err(reason), ..) => Some(reason),
        (Ok(note), Some(language), Some(text)) => code::scan(language, &text).map_or_else(
            |reason| Some(format!("not parsed: {reason}")),
            |hits| {
                file.place_code(&text, hits);
                note
            },
        ),
        (Ok(note), ..) => note,
    };
    let read = skipped.is_none() || file.bytes > 0;
    result.files_scanned += u64::from(read);
    result.bytes_scanned += file.bytes;
    result.suppressed += file.placer.suppressed;
    result.skipped.extend(skipped.map(|reason| (path.to_owned(), reason)));
    let keep = file.placer.findings.len().min(2 * secrets::HITS_MAX);
    result.dropped += (file.placer.findings.len() - keep) as u64;
    result.findings.extend(file.placer.findings.drain(..keep));
}

/// One file on its way.
struct File<'a> {
    path: &'a str,
    look: Look,
    scanner: &'a Scanner,
    placer: Placer<'a>,
    /// What a parser will want, while it is not too much.
    text: Option<Vec<u8>>,
    bytes: u64,
}

impl File<'_> {
    /// Reads the file and places its secrets. A note says what was left out.
    fn read(&mut self, source: &dyn Source) -> Result<Option<String>, String> {
        let mut window: Vec<u8> = Vec::new();
        let (mut origin, mut done) = (Origin::START, 0);
        let mut note = None;
        loop {
            let piece = source.read(self.path, self.bytes, RANGE)?;
            if self.bytes == 0
                && let Some(reason) = binary(&piece)
            {
                return Err(reason.to_owned());
            }
            self.bytes += piece.len() as u64;
            self.keep(&piece, &mut note);
            let last = (piece.len() as u64) < RANGE || self.bytes >= FILE_BYTES_MAX;
            if self.bytes >= FILE_BYTES_MAX && piece.len() as u64 == RANGE {
                note = Some(format!("only the first {} MiB were scanned", FILE_BYTES_MAX >> 20));
            }
            if !self.look.secrets() {
                if last || self.text.is_none() {
                    return Ok(note);
                }
                continue;
            }
            if window.is_empty() {
                window = piece
            } else {
                window.extend_from_slice(&piece)
            }
            let until = if last { window.len() } else { window.len().saturating_sub(OVERLAP) };
            self.place_secrets(&window, origin, done..until);
            if last {
                return Ok(note);
            }
            let cut = until.saturating_sub(LOOK_BEHIND);
            origin = origin.after(&window[..cut]);
            window.drain(..cut);
            done = until - cut;
        }
    }

    fn keep(&mut self, piece: &[u8], note: &mut Option<String>) {
        let Some(text) = &mut self.text else { return };
        if text.len() + piece.len() > PARSE_BYTES_MAX {
            self.text = None;
            *note = Some(format!("not parsed: larger than {} MiB", PARSE_BYTES_MAX >> 20));
        } else {
            text.extend_from_slice(piece);
        }
    }

    fn place_secrets(&mut self, window: &[u8], origin: Origin, emit: std::ops::Range<usize>) {
        let hits = self.scanner.scan(self.path, window, emit);
        self.placer.place(window, origin, hits, secrets::describe);
    }

    fn place_code(&mut self, text: &[u8], mut hits: Vec<Hit>) {
        if is_test_path(self.path) {
            for hit in &mut hits {
                hit.severity = hit.severity.milder();
            }
        }
        self.placer.place(text, Origin::START, hits, code::describe);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn files(list: &[(&str, Vec<u8>)]) -> BTreeMap<String, Vec<u8>> {
        list.iter().map(|(path, content)| ((*path).to_owned(), content.clone())).collect()
    }

    fn secret() -> String {
        ["API_KEY = \"q8Zk2Vx7", "Lw0Bn4Td6Rf1\""].concat()
    }

    fn scan_all(files: &BTreeMap<String, Vec<u8>>, look: Look) -> ScanResult {
        scan(files, &files.keys().cloned().collect::<Vec<_>>(), look, |_| ())
    }

    #[test]
    fn bad_files_are_reported_and_the_others_scanned() {
        let mut files = files(&[
            ("a.bin", b"\x7fELF\0\0\0".to_vec()),
            ("b.py", [b"# caf\xe9 \xff\n", secret().as_bytes()].concat()),
            ("c.txt", b"\xff\xfea\0".to_vec()),
        ]);
        files.insert("d.py".into(), secret().into_bytes());
        let result = scan(
            &files,
            &["a.bin", "b.py", "c.txt", "d.py", "gone.py"].map(str::to_owned),
            Look::Both,
            |_| (),
        );
        let skipped: Vec<_> = result.skipped.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(skipped, ["a.bin", "b.py", "c.txt", "gone.py"]);
        let found: Vec<_> =
            result.findings.iter().map(|f| (f.path.as_str(), f.line, f.column)).collect();
        assert_eq!(
            found,
            [("b.py", 2, 12), ("d.py", 1, 12)],
            "secrets are found where the parser gives up"
        );
    }

    #[test]
    fn a_secret_is_found_once_wherever_it_lies_in_a_large_file() {
        let filler = "some ordinary words of a long text file, line after line\n".repeat(60_000);
        let border = usize::try_from(RANGE).unwrap();
        for offset in [0, border - OVERLAP - 8, border - 15, border - 2, border, border + 5] {
            let at = filler[..offset].rfind('\n').map_or(0, |n| n + 1);
            let text = format!("{}{}\n{}", &filler[..at], secret(), &filler[at..]);
            let result = scan_all(&files(&[("a.env", text.clone().into_bytes())]), Look::Both);
            let line = text[..at].matches('\n').count() + 1;
            let found: Vec<_> =
                result.findings.iter().map(|f| (f.line as usize, f.column)).collect();
            assert_eq!(found, [(line, 12)], "offset {offset}");
        }
    }

    #[test]
    fn a_huge_file_is_scanned_up_to_the_bound_and_says_so() {
        struct Endless;
        impl Source for Endless {
            fn read(&self, _: &str, _: u64, length: u64) -> Result<Vec<u8>, String> {
                Ok(vec![b'a'; usize::try_from(length).unwrap()])
            }
        }
        let result = scan(&Endless, &["big.py".to_owned()], Look::Both, |_| ());
        assert_eq!(result.bytes_scanned, FILE_BYTES_MAX);
        assert!(result.skipped[0].1.contains("64 MiB"), "{:?}", result.skipped);
    }

    #[test]
    fn no_answer_holds_the_secret() {
        let text = ["password: Blue", "whale!77x\nkey: -----BEGIN RSA PRIVATE ", "KEY-----\n"]
            .concat()
            + &secret();
        let result = scan_all(&files(&[("a.yml", text.into_bytes())]), Look::Both);
        assert!(result.findings.len() >= 2);
        let printed = format!("{result:?}");
        assert!(!printed.contains("whale") && !printed.contains("q8Zk2Vx7Lw"), "{printed}");
    }
}
