//! Which language a file is written in. Decided by the name alone: no content is guessed at.

/// A language that the skill knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// Python 3, stubs (`.pyi`) included.
    Python,
    /// JavaScript, with or without JSX.
    JavaScript,
    /// TypeScript, with or without JSX.
    TypeScript,
    /// Rust.
    Rust,
}

/// The endings of file names, with their languages.
const ENDINGS: [(&str, Language); 12] = [
    ("py", Language::Python),
    ("pyi", Language::Python),
    ("pyw", Language::Python),
    ("js", Language::JavaScript),
    ("jsx", Language::JavaScript),
    ("mjs", Language::JavaScript),
    ("cjs", Language::JavaScript),
    ("ts", Language::TypeScript),
    ("tsx", Language::TypeScript),
    ("mts", Language::TypeScript),
    ("cts", Language::TypeScript),
    ("rs", Language::Rust),
];

impl Language {
    /// The language of a file with this path.
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let (stem, ending) = name.rsplit_once('.')?;
        if stem.is_empty() {
            return None;
        }
        ENDINGS
            .iter()
            .find(|(known, _)| ending.eq_ignore_ascii_case(known))
            .map(|(_, language)| *language)
    }

    /// Its name in every result.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::Rust => "rust",
        }
    }

    /// Globs that find the files of all known languages.
    pub fn globs() -> Vec<String> {
        ENDINGS.iter().map(|(ending, _)| format!("**/*.{ending}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides() {
        let languages =
            ["a/b.py", "b.PYI", "c.tsx", "d.mjs", "e.rs", "f.txt", "py", ".py", "dir.py/x"]
                .map(Language::of);
        use Language::{JavaScript, Python, Rust, TypeScript};
        assert_eq!(
            languages,
            [
                Some(Python),
                Some(Python),
                Some(TypeScript),
                Some(JavaScript),
                Some(Rust),
                None,
                None,
                None,
                None
            ]
        );
    }
}
