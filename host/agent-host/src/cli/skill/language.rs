//! Languages that skills are written in: how a folder is recognised, built and tested.
//!
//! Each gives a component that its own tools built. Docs and the place in `skills/` are for all the same.

mod javascript;
mod python;
mod rust;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::ValueEnum;
use voyager_package::Dependency;

use crate::{
    failure::{Failure, FailureKind},
    printing,
};

/// A language that skills are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// Rust, by cargo.
    Rust,
    /// Python, by componentize-py.
    Python,
    /// JavaScript, by componentize-qjs.
    Javascript,
}

impl Language {
    /// The language of the skill in `folder`, by the file that its tools want there.
    pub(super) fn of(folder: &Path) -> Result<Self, Failure> {
        let files = Self::value_variants().iter().map(|it| (it, it.mark()));
        let mut found = files.filter(|(_, mark)| folder.join(mark).is_file());
        match (found.next(), found.next()) {
            (Some((language, _)), None) => Ok(*language),
            (Some((_, one)), Some((_, other))) => Err(Failure::new(
                FailureKind::Environment,
                format!("{} holds {one} and {other}", folder.display()),
            )
            .hint("a skill is written in one language: keep each in a folder of its own")),
            (None, _) => Err(Failure::new(
                FailureKind::Environment,
                format!("{} holds no skill", folder.display()),
            )
            .hint("`agent-host skill new NAME` begins one")),
        }
    }

    /// The file by which a folder is recognised.
    fn mark(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::Python => python::APP,
            Self::Javascript => javascript::PACKAGE,
        }
    }

    /// The folder of its SDK below `sdk`.
    pub(super) fn sdk(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Javascript => "javascript",
        }
    }

    /// Builds the skill in `folder`; gives back the component as the tools left it. With `lines` it knows where in
    /// the sources its functions are; an interpreter tells that by itself.
    pub(super) fn build(self, folder: &Path, lines: bool) -> Result<PathBuf, Failure> {
        match self {
            Self::Rust => rust::build(folder, lines),
            Self::Python => python::build(folder),
            Self::Javascript => javascript::build(folder),
        }
    }

    /// What a build of the skill in `folder` puts into the component; nothing where its tools don't tell.
    pub(super) fn dependencies(self, folder: &Path) -> Vec<Dependency> {
        match self {
            Self::Rust => rust::dependencies(folder),
            Self::Python | Self::Javascript => Vec::new(),
        }
    }

    /// The command that runs the tests of the skill in `folder`, which was built.
    pub(super) fn tests(self, folder: &Path) -> Result<Command, Failure> {
        let mut command = match self {
            Self::Rust => rust::tests(),
            Self::Python => python::tests(folder)?,
            Self::Javascript => javascript::tests(),
        };
        command.current_dir(folder);
        Ok(command)
    }

    /// What to say where the command of [`Self::tests`] does not start.
    pub(super) fn missing(self, error: &std::io::Error) -> Failure {
        match self {
            Self::Rust => rust::missing(error),
            Self::Python => python::missing(error),
            Self::Javascript => javascript::missing("node", error),
        }
    }
}

/// Runs one of the tools. What it says goes to standard error: standard output is for the answer.
fn run(
    command: &mut Command,
    missing: impl FnOnce(&std::io::Error) -> Failure,
    failed: impl FnOnce() -> Failure,
) -> Result<(), Failure> {
    let status = command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status()
        .map_err(|error| missing(&error))?;
    if status.success() { Ok(()) } else { Err(failed()) }
}

/// Installs the tools that a file of the skill pins, unless those are what was installed last.
fn ensure_installed(
    pins: &Path,
    into: &Path,
    install: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let wanted = fs::read_to_string(pins)
        .map_err(|error| Failure::environment(format!("cannot read {}", pins.display()), &error))?;
    // Written last, so that half an installation is done again.
    let stamp = into.join(".installed-for-skill");
    if fs::read_to_string(&stamp).is_ok_and(|it| it == wanted) {
        return Ok(());
    }
    printing::note(format!("installing what {} pins into {}", pins.display(), into.display()));
    install()?;
    fs::write(&stamp, wanted)
        .map_err(|error| Failure::environment(format!("cannot write {}", stamp.display()), &error))
}

/// Where the tools leave the component of the skill in `folder`: named after its WIT package, as cargo
/// would name it.
fn unfinished(folder: &Path) -> Result<PathBuf, Failure> {
    let target = folder.join("target");
    fs::create_dir_all(&target).map_err(|error| {
        Failure::environment(format!("cannot create {}", target.display()), &error)
    })?;
    Ok(target.join(package(&folder.join("wit"))?.replace('-', "_")).with_extension("wasm"))
}

/// The name of the WIT package in a folder, without namespace and version.
fn package(wit: &Path) -> Result<String, Failure> {
    let files = fs::read_dir(wit)
        .map_err(|error| Failure::environment(format!("cannot read {}", wit.display()), &error))?;
    let files = files.flatten().map(|it| it.path());
    let files = files.filter(|it| it.extension().is_some_and(|end| end == "wit"));
    let texts: Vec<String> = files.filter_map(|it| fs::read_to_string(it).ok()).collect();
    texts.iter().flat_map(|it| it.lines()).find_map(package_name).ok_or_else(|| {
        Failure::new(FailureKind::Run, format!("no file in {} names its package", wit.display()))
            .hint("begin it with a line like `package my:word-count@0.1.0;`")
    })
}

fn package_name(line: &str) -> Option<String> {
    let named = line.strip_prefix("package ")?.trim().split_once(':')?.1;
    let name: String =
        named.chars().take_while(|it| it.is_ascii_alphanumeric() || *it == '-').collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_recognised_by_the_file_of_its_tools() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let missing = Language::of(path).unwrap_err();
        assert!(missing.message.contains("holds no skill"), "{}", missing.message);
        for language in Language::value_variants() {
            fs::write(path.join(language.mark()), "").unwrap();
            assert_eq!(Language::of(path).ok(), Some(*language));
            fs::remove_file(path.join(language.mark())).unwrap();
        }
        for mark in ["Cargo.toml", "app.py"] {
            fs::write(path.join(mark), "").unwrap();
        }
        let two = Language::of(path).unwrap_err();
        assert!(two.message.contains("Cargo.toml and app.py"), "{}", two.message);
    }

    #[test]
    fn the_component_is_named_after_its_package() {
        assert_eq!(package_name("package my:word-count@0.1.0;").as_deref(), Some("word-count"));
        assert_eq!(package_name("package my:words;").as_deref(), Some("words"));
        // A name goes into a path, and leads nowhere else.
        for none in ["package my:../x;", "// package my:x;", "package words;"] {
            assert_eq!(package_name(none), None, "{none}");
        }
    }

    #[test]
    fn tools_are_installed_again_when_what_pins_them_changed() {
        let folder = tempfile::tempdir().unwrap();
        let pins = folder.path().join("pins");
        let mut installed = 0;
        let mut ensure = |text: &str, fails: bool| {
            fs::write(&pins, text).unwrap();
            let done = ensure_installed(&pins, folder.path(), || {
                installed += 1;
                if fails { Err(Failure::new(FailureKind::Run, "no")) } else { Ok(()) }
            });
            (installed, done.is_ok())
        };
        assert_eq!(ensure("a==1", true), (1, false));
        assert_eq!(ensure("a==1", false), (2, true));
        assert_eq!(ensure("a==1", false), (2, true));
        assert_eq!(ensure("a==2", false), (3, true));
    }
}
