//! Where secrets come from: a variable of the environment or a file, never the command line itself, which
//! every process of the machine can read.

use std::{
    fmt,
    io::Read as _,
    path::{Path, PathBuf},
    str::FromStr,
};

use voyager_base::secret::{SECRET_BYTES_MAX, Secret};

use crate::{failure::Failure, system};

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// A variable of the environment.
    Variable(String),
    /// A file. Its last line's end is no part of the secret.
    File(PathBuf),
}

impl FromStr for SecretSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Variable(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            // It may be the secret itself, so it is not repeated.
            _ => {
                Err("write `env:VARIABLE` or `file:PATH`; a secret itself never stands here".into())
            }
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl SecretSource {
    /// The same, with a path that means the same in every process.
    pub(crate) fn absolute(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            variable @ Self::Variable(_) => variable,
        }
    }

    /// Reads the secret.
    pub(crate) fn read(&self) -> Result<Secret, String> {
        let text = self.text().map_err(|it| it.message)?;
        Secret::new(&text).map_err(|unfit| format!("{self}: {unfit}"))
    }

    /// What stands there, whether a manifest may have it or not.
    pub(crate) fn text(&self) -> Result<String, Failure> {
        match self {
            Self::Variable(name) => system::variable(name).ok_or_else(|| {
                Failure::usage(format!("there is no variable `{name}`, or it is not UTF-8"))
            }),
            Self::File(path) => {
                let text =
                    file(path).map_err(|error| Failure::environment(path.display(), &error))?;
                let line = text.strip_suffix('\n').unwrap_or(&text);
                Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
            }
        }
    }
}

fn file(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    // Somebody may name a device that never ends.
    let most = SECRET_BYTES_MAX as u64 + 3;
    std::fs::File::open(path)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_variable_or_a_file() {
        let read = |text: &str| text.parse::<SecretSource>();
        assert_eq!(read("env:TOKEN"), Ok(SecretSource::Variable("TOKEN".into())));
        assert_eq!(read("file:a:b").unwrap().to_string(), "file:a:b");
        for text in ["ghp_16C7e42F", "env:", "file:", ":x", "https://a"] {
            let error = read(text).unwrap_err();
            assert!(error.contains("env:VARIABLE") && !error.contains("ghp_"), "{text}: {error}");
        }
    }

    #[test]
    fn the_end_of_a_files_last_line_is_no_part_of_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (text, secret) in [
            ("hush-hush\n", "hush-hush"),
            ("hush-hush\r\n", "hush-hush"),
            ("hush-hush\n\n", "hush-hush\n"),
            ("hush-hush", "hush-hush"),
        ] {
            std::fs::write(&path, text).unwrap();
            let read = SecretSource::File("secret".into()).absolute(folder.path()).read();
            assert_eq!(read.unwrap().reveal(), secret);
        }
        std::fs::write(&path, "short\n").unwrap();
        let error = SecretSource::File(path).read().unwrap_err();
        assert!(error.contains("less than 8 bytes") && !error.contains("short"), "{error}");
    }
}
