//! `agent-host skill new | build | test | document`: writing one's own skill.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;
use voyager_manifest::shell;
use voyager_package::{Dependency, with_dependencies};

use super::language::Language;
use crate::{
    cli::Context,
    failure::{Failure, FailureKind},
    printing, report,
};

/// Begins a new skill: a folder that builds, with a test and a manifest.
#[derive(Args)]
pub(crate) struct New {
    /// Name of the skill: lower-case letters, digits and hyphens.
    name: String,
    /// The language.
    #[arg(long, default_value = "rust")]
    lang: Language,
}

/// Builds the skill in a folder into a component, docs included.
#[derive(Args)]
pub(crate) struct Build {
    /// The folder.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Keep where in the sources its functions are, so that a trap and a profile show it. The component is larger.
    #[arg(long)]
    debug: bool,
}

/// Builds the skill in a folder and runs its tests against this program.
#[derive(Args)]
pub(crate) struct Test {
    /// The folder.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Keep where in the sources its functions are, so that a trap shows it.
    #[arg(long)]
    debug: bool,
}

/// Puts the doc comments of a skill's WIT into its component, whatever built it.
#[derive(Args)]
pub(crate) struct Document {
    /// The component; changed in place.
    component: PathBuf,
    /// Folder or file with the WIT package of the skill.
    #[arg(long, value_name = "PATH")]
    wit: PathBuf,
    /// Folder or file with a WIT package that it names. May be given several times.
    #[arg(long, value_name = "PATH")]
    with: Vec<PathBuf>,
}

impl New {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        check_name(&self.name)?;
        let share = context.places.share.as_ref().ok_or_else(|| {
            Failure::new(
                FailureKind::Environment,
                "the SDK lies neither beside this program nor above it",
            )
            .hint("install with `cargo xtask install`, which places program, SDK and WIT together")
        })?;
        let folder = PathBuf::from(&self.name);
        if folder.exists() {
            return Err(Failure::usage(format!("{} exists already", folder.display())));
        }
        let sdk = share.join("sdk").join(self.lang.sdk());
        let values = [
            ("{{name}}", self.name.clone()),
            ("{{crate}}", self.name.replace('-', "_")),
            ("{{sdk}}", sdk.display().to_string()),
        ];
        // The WIT and the manifest of a first skill are the same in every language.
        copy_template(&share.join("sdk/template"), &folder, &values)?;
        copy_template(&sdk.join("template"), &folder, &values)?;
        copy_files(&share.join("wit"), &folder.join("wit/deps"))?;
        report::tell(context, &json!({ "folder": folder.display().to_string() }), 0, || {
            printing::line(format!("{} is ready:", folder.display()))?;
            printing::line(format!("  cd {}", shell::word(&folder.to_string_lossy())))?;
            printing::line("  agent-host skill build")?;
            printing::line("  agent-host skill test")?;
            printing::line("  agent-host --skills skills run manifest.yaml")
        })
    }
}

impl Build {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let component = build(&self.folder, self.debug)?;
        report::tell(context, &json!({ "component": component }), 0, || {
            printing::line(component.display().to_string())
        })
    }
}

impl Test {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let component = build(&self.folder, self.debug)?;
        test(context, &self.folder, &component)?;
        report::tell(context, &json!({ "component": component }), 0, || Ok(()))
    }
}

impl Document {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let dependencies: Vec<&Path> = self.with.iter().map(PathBuf::as_path).collect();
        document(&self.component, &self.component, &self.wit, &dependencies, &[])?;
        report::tell(context, &json!({ "component": self.component }), 0, || Ok(()))
    }
}

/// Runs the tests of the skill in `folder` against this program, with the component that was built of it.
pub(super) fn test(context: &Context, folder: &Path, component: &Path) -> Result<(), Failure> {
    let skills = component.parent().unwrap_or_else(|| Path::new("."));
    let skills = fs::canonicalize(skills)
        .map_err(|error| Failure::environment("cannot tell where the skill lies", &error))?;
    let language = Language::of(folder)?;
    let mut tests = language.tests(folder)?;
    tests.env("VOYAGER_HOST", &context.program).env("VOYAGER_SKILLS", skills);
    if context.json {
        // Standard output is for the answer alone.
        tests.stdout(std::io::stderr());
    }
    let status = tests.status().map_err(|error| language.missing(&error))?;
    if !status.success() {
        return Err(Failure::new(FailureKind::Run, "the tests failed"));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Failure> {
    let letters = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    let good = name.starts_with(|it: char| it.is_ascii_lowercase())
        && name.chars().all(letters)
        && !name.ends_with('-')
        && !name.contains("--");
    if good {
        return Ok(());
    }
    Err(Failure::usage(format!("`{name}` is no name for a skill"))
        .hint("use lower-case letters, digits and single hyphens, for example `word-count`"))
}

/// Copies a folder; files whose name ends in `.in` lose that, and all have `values` put in.
fn copy_template(from: &Path, to: &Path, values: &[(&str, String)]) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| {
        Failure::environment(format!("cannot copy {} to {}", from.display(), to.display()), error)
    };
    fs::create_dir_all(to).map_err(|error| failed(&error))?;
    for entry in fs::read_dir(from).map_err(|error| failed(&error))?.flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let name = name.strip_suffix(".in").unwrap_or(&name);
        if path.is_dir() {
            copy_template(&path, &to.join(name), values)?;
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
        let filled = values.iter().fold(text, |text, (place, value)| text.replace(place, value));
        fs::write(to.join(name), filled).map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn copy_files(from: &Path, to: &Path) -> Result<(), Failure> {
    copy_template(from, to, &[])
}

/// Builds the skill in `folder`, with `lines` of its sources; gives back the finished component, in
/// `folder/skills`.
pub(super) fn build(folder: &Path, lines: bool) -> Result<PathBuf, Failure> {
    let built = Language::of(folder)?.build(folder, lines)?;
    let skills = folder.join("skills");
    fs::create_dir_all(&skills).map_err(|error| {
        Failure::environment(format!("cannot create {}", skills.display()), &error)
    })?;
    let component = skills.join(built.file_name().unwrap_or_default());
    let deps = folder.join("wit/deps");
    let mut dependencies: Vec<PathBuf> = fs::read_dir(&deps)
        .map(|it| it.flatten().map(|it| it.path()).collect())
        .unwrap_or_default();
    dependencies.sort();
    let dependencies: Vec<&Path> = dependencies.iter().map(PathBuf::as_path).collect();
    let built_in = Language::of(folder)?.dependencies(folder);
    document(&built, &component, &folder.join("wit"), &dependencies, &built_in)?;
    Ok(component)
}

/// Writes the component `from` with its docs to `to`, and with what was built in, where that is known.
fn document(
    from: &Path,
    to: &Path,
    wit: &Path,
    dependencies: &[&Path],
    built_in: &[Dependency],
) -> Result<(), Failure> {
    let bytes = fs::read(from)
        .map_err(|error| Failure::environment(format!("cannot read {}", from.display()), &error))?;
    let documented = voyager_sandbox::document(&bytes, wit, dependencies).map_err(|error| {
        Failure::environment(format!("cannot put docs into {}", from.display()), &error)
    })?;
    let documented = with_dependencies(documented, built_in);
    // Renamed into place: a host that watches the folder never sees half a component.
    let partial = to.with_extension("partial");
    fs::write(&partial, documented)
        .and_then(|()| fs::rename(&partial, to))
        .map_err(|error| Failure::environment(format!("cannot write {}", to.display()), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_wit_and_cargo_accept() {
        for good in ["a", "word-count", "x2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "2x", "a_b", "a-", "a--b", "../a"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
