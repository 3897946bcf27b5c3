//! Lock files and pinned manifests: which package in which version, and where it stands.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// Packages of one file at most.
const PACKAGES_MAX: usize = 100_000;

/// Levels of the nested form of npm's first lock files.
const NESTING_MAX: usize = 64;

/// Where a package comes from; the name and order of versions depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ecosystem {
    /// crates.io.
    Cargo,
    /// npm.
    Npm,
    /// PyPI.
    Python,
    /// Go modules.
    Go,
}

impl Ecosystem {
    /// By OSV's name, whose suffix after a colon is a variant.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name.split(':').next().unwrap_or(name) {
            "crates.io" => Some(Self::Cargo),
            "npm" => Some(Self::Npm),
            "PyPI" => Some(Self::Python),
            "Go" => Some(Self::Go),
            _ => None,
        }
    }

    /// The name under which a package is known: PyPI's are equal up to case and separators.
    pub(super) fn normal(self, name: &str) -> String {
        match self {
            Self::Python => {
                let mut normal = String::new();
                for c in name.chars() {
                    let c = if matches!(c, '_' | '.') { '-' } else { c.to_ascii_lowercase() };
                    if c != '-' || !normal.ends_with('-') {
                        normal.push(c);
                    }
                }
                normal
            }
            Self::Cargo | Self::Npm | Self::Go => name.to_owned(),
        }
    }
}

/// A package in an exact version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    /// Where it comes from.
    pub(super) ecosystem: Ecosystem,
    /// Its normal name.
    pub(super) name: String,
    /// Its version, as written.
    pub(super) version: String,
    /// Where in the file it stands.
    pub(super) place: Range<usize>,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    CargoLock,
    NpmLock,
    YarnLock,
    PoetryLock,
    PipfileLock,
    Requirements,
    GoMod,
    GoSum,
}

impl Format {
    /// By the name of the file.
    pub(super) fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name {
            "Cargo.lock" => Some(Self::CargoLock),
            "package-lock.json" | "npm-shrinkwrap.json" => Some(Self::NpmLock),
            "yarn.lock" => Some(Self::YarnLock),
            "poetry.lock" | "uv.lock" | "pdm.lock" => Some(Self::PoetryLock),
            "Pipfile.lock" => Some(Self::PipfileLock),
            "go.mod" => Some(Self::GoMod),
            "go.sum" => Some(Self::GoSum),
            _ if name.starts_with("requirements") && name.ends_with(".txt") => {
                Some(Self::Requirements)
            }
            _ => None,
        }
    }
}

/// Reads a file.
///
/// # Errors
/// Why it is not understood.
pub(super) fn parse(format: Format, text: &str) -> Result<Vec<Package>, String> {
    let mut packages = match format {
        Format::CargoLock => toml_lock(Ecosystem::Cargo, text)?,
        Format::PoetryLock => toml_lock(Ecosystem::Python, text)?,
        Format::NpmLock => npm_lock(text)?,
        Format::PipfileLock => pipfile_lock(text)?,
        Format::YarnLock => yarn_lock(text),
        Format::Requirements => requirements(text),
        Format::GoMod => go_mod(text),
        Format::GoSum => go_sum(text),
    };
    packages.sort_by(|a, b| {
        (&a.name, &a.version, a.place.start).cmp(&(&b.name, &b.version, b.place.start))
    });
    packages.dedup_by(|a, b| (&a.name, &a.version) == (&b.name, &b.version));
    if packages.len() > PACKAGES_MAX {
        return Err(format!("more than {PACKAGES_MAX} packages"));
    }
    Ok(packages)
}

#[derive(Deserialize)]
struct TomlLock {
    #[serde(default)]
    package: Vec<TomlPackage>,
}

#[derive(Deserialize)]
struct TomlPackage {
    name: Spanned<String>,
    version: Option<String>,
    source: Option<toml::Value>,
}

impl TomlPackage {
    /// From a registry: what lies in the workspace or in Git is another thing of the same name.
    fn is_published(&self, ecosystem: Ecosystem) -> bool {
        match (&self.source, ecosystem) {
            (Some(toml::Value::String(source)), Ecosystem::Cargo) => {
                source.contains("github.com/rust-lang/crates.io-index")
                    || source.contains("index.crates.io")
            }
            (_, Ecosystem::Cargo) => false,
            (Some(toml::Value::Table(table)), _) => {
                !["virtual", "editable", "directory", "path", "git"]
                    .iter()
                    .any(|key| table.contains_key(*key))
                    && !table
                        .get("type")
                        .and_then(toml::Value::as_str)
                        .is_some_and(|kind| matches!(kind, "git" | "directory" | "file"))
            }
            _ => true,
        }
    }
}

fn toml_lock(ecosystem: Ecosystem, text: &str) -> Result<Vec<Package>, String> {
    let lock: TomlLock =
        toml::from_str(text).map_err(|error| format!("not understood: {}", error.message()))?;
    Ok(lock
        .package
        .into_iter()
        .filter(|package| package.is_published(ecosystem))
        .filter_map(|package| {
            let place = package.name.span();
            Some(Package {
                ecosystem,
                name: ecosystem.normal(package.name.get_ref()),
                version: package.version?,
                place,
            })
        })
        .collect())
}

#[derive(Deserialize)]
struct NpmLock {
    packages: Option<BTreeMap<String, NpmPackage>>,
    #[serde(default)]
    dependencies: BTreeMap<String, NpmPackage>,
}

#[derive(Deserialize)]
struct NpmPackage {
    name: Option<String>,
    version: Option<String>,
    #[serde(default)]
    link: bool,
    #[serde(default)]
    dependencies: serde_json::Value,
}

fn npm_lock(text: &str) -> Result<Vec<Package>, String> {
    let lock: NpmLock =
        serde_json::from_str(text).map_err(|error| format!("not understood: {error}"))?;
    let mut packages = Vec::new();
    if let Some(list) = lock.packages {
        for (path, package) in list {
            let Some((_, tail)) = path.rsplit_once("node_modules/") else { continue };
            if !package.link {
                npm_package(
                    text,
                    &path,
                    package.name.as_deref().unwrap_or(tail),
                    package.version,
                    &mut packages,
                );
            }
        }
        return Ok(packages);
    }
    let mut level: Vec<(String, NpmPackage)> = lock.dependencies.into_iter().collect();
    for _ in 0..NESTING_MAX {
        let mut below = Vec::new();
        for (name, package) in level {
            npm_package(text, &name, &name, package.version, &mut packages);
            if let Ok(nested) =
                serde_json::from_value::<BTreeMap<String, NpmPackage>>(package.dependencies)
            {
                below.extend(nested);
            }
        }
        if below.is_empty() || packages.len() > PACKAGES_MAX {
            break;
        }
        level = below;
    }
    Ok(packages)
}

fn npm_package(
    text: &str,
    key: &str,
    name: &str,
    version: Option<String>,
    packages: &mut Vec<Package>,
) {
    let Some(version) = version.filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
    else {
        return;
    };
    let quoted = format!("\"{key}\": {{");
    let at = memchr::memmem::find(text.as_bytes(), quoted.as_bytes()).unwrap_or(0);
    let place = at..at + if at == 0 { 0 } else { key.len() + 2 };
    packages.push(Package { ecosystem: Ecosystem::Npm, name: name.to_owned(), version, place });
}

#[derive(Deserialize)]
struct PipfileLock {
    #[serde(default)]
    default: BTreeMap<String, PipfilePackage>,
    #[serde(default)]
    develop: BTreeMap<String, PipfilePackage>,
}

#[derive(Deserialize)]
struct PipfilePackage {
    version: Option<String>,
}

fn pipfile_lock(text: &str) -> Result<Vec<Package>, String> {
    let lock: PipfileLock =
        serde_json::from_str(text).map_err(|error| format!("not understood: {error}"))?;
    let all = lock.default.into_iter().chain(lock.develop);
    Ok(all
        .filter_map(|(name, package)| {
            let version = package.version?.strip_prefix("==")?.to_owned();
            let at = memchr::memmem::find(text.as_bytes(), format!("\"{name}\":").as_bytes())
                .unwrap_or(0);
            let place = at..at + name.len() + 2;
            Some(Package {
                ecosystem: Ecosystem::Python,
                name: Ecosystem::Python.normal(&name),
                version,
                place,
            })
        })
        .collect())
}

/// Each line with the byte it begins at.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line.trim_end()))
    })
}

fn yarn_lock(text: &str) -> Vec<Package> {
    let mut packages = Vec::new();
    let mut header: Option<(String, Range<usize>)> = None;
    for (start, line) in lines(text) {
        if !line.starts_with([' ', '#']) && line.ends_with(':') {
            let first = line
                .trim_end_matches(':')
                .split(',')
                .next()
                .unwrap_or_default()
                .trim()
                .trim_matches('"');
            header = yarn_name(first).map(|name| (name.to_owned(), start..start + line.len() - 1));
        } else if let Some(rest) = line.strip_prefix("  version")
            && let Some((name, place)) = header.take()
        {
            let version = rest.trim_start_matches([':', ' ']).trim_matches('"').to_owned();
            if version.starts_with(|c: char| c.is_ascii_digit()) {
                packages.push(Package { ecosystem: Ecosystem::Npm, name, version, place });
            }
        }
    }
    packages
}

/// The package's name out of `@scope/name@^1.0`, `name@npm:other@1`; none for what is no package of
/// the registry.
fn yarn_name(header: &str) -> Option<&str> {
    let at = header.get(1..)?.find('@')? + 1;
    let (name, range) = (&header[..at], &header[at + 1..]);
    if let Some(alias) = range.strip_prefix("npm:")
        && let Some(end) = alias.get(1..).and_then(|rest| rest.find('@'))
    {
        return Some(&alias[..end + 1]);
    }
    let local = ["workspace:", "file:", "link:", "portal:", "git", "http"]
        .iter()
        .any(|kind| range.starts_with(kind));
    (!local).then_some(name)
}

fn requirements(text: &str) -> Vec<Package> {
    lines(text)
        .filter_map(|(start, line)| {
            let line = line.split(" #").next().unwrap_or(line).trim_end();
            let pinned = line.split(';').next().unwrap_or(line);
            let (name, version) = pinned.split_once("==")?;
            let name = name.split('[').next().unwrap_or(name).trim();
            let version = version
                .trim_start_matches('=')
                .split([' ', ',', '\\'])
                .find(|part| !part.is_empty())?;
            let valid = !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
            (valid && !version.contains('*')).then(|| Package {
                ecosystem: Ecosystem::Python,
                name: Ecosystem::Python.normal(name),
                version: version.to_owned(),
                place: start..start + pinned.trim_end().len(),
            })
        })
        .collect()
}

fn go_mod(text: &str) -> Vec<Package> {
    let mut packages = Vec::new();
    let mut block = false;
    for (start, line) in lines(text) {
        let bare = line.split("//").next().unwrap_or(line).trim();
        if bare == "require (" {
            block = true;
        } else if bare == ")" {
            block = false;
        } else if let Some(entry) = bare.strip_prefix("require ").or_else(|| block.then_some(bare))
        {
            let mut words = entry.split_whitespace();
            if let (Some(name), Some(version)) = (words.next(), words.next()) {
                packages.push(go_package(name, version, start..start + line.len()));
            }
        }
    }
    packages
}

fn go_sum(text: &str) -> Vec<Package> {
    lines(text)
        .filter_map(|(start, line)| {
            let mut words = line.split_whitespace();
            let (name, version) = (words.next()?, words.next()?);
            (!version.ends_with("/go.mod"))
                .then(|| go_package(name, version, start..start + line.len()))
        })
        .collect()
}

fn go_package(name: &str, version: &str, place: Range<usize>) -> Package {
    Package { ecosystem: Ecosystem::Go, name: name.to_owned(), version: version.to_owned(), place }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, text: &str) -> Vec<String> {
        parse(Format::of(path).unwrap(), text)
            .unwrap()
            .into_iter()
            .map(|package| {
                format!("{} {} @{}", package.name, package.version, &text[package.place])
            })
            .collect()
    }

    #[test]
    fn cargo_locks_list_what_comes_from_the_registry() {
        let text = "version = 4\n[[package]]\nname = \"mine\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"time\"\nversion = \"0.1.43\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        assert_eq!(names("a/Cargo.lock", text), ["time 0.1.43 @\"time\""]);
    }

    #[test]
    fn every_form_of_npm_locks_is_read() {
        let third = r#"{"lockfileVersion":3,"packages":{"":{"version":"1.0.0"},"node_modules/a": {"version":"1.2.3"},"node_modules/a/node_modules/@s/b": {"version":"2.0.0"},"packages/c":{"version":"1.0.0"},"node_modules/c":{"link":true}}}"#;
        assert_eq!(
            names("package-lock.json", third),
            ["@s/b 2.0.0 @\"node_modules/a/node_modules/@s/b\"", "a 1.2.3 @\"node_modules/a\""]
        );
        let first = r#"{"lockfileVersion":1,"dependencies":{"a": {"version":"1.2.3","requires":{"b":"^2"},"dependencies":{"b": {"version":"2.0.0"}}}}}"#;
        assert_eq!(names("npm-shrinkwrap.json", first), ["a 1.2.3 @\"a\"", "b 2.0.0 @\"b\""]);
    }

    #[test]
    fn both_forms_of_yarn_locks_are_read() {
        let text = "# yarn lockfile v1\n\n\"@babel/core@^7.0.0\", \"@babel/core@^7.1.0\":\n  version \"7.2.3\"\n  resolved \"x\"\n\nlodash@^4.0.0:\n  version \"4.17.20\"\n";
        assert_eq!(
            names("yarn.lock", text),
            [
                "@babel/core 7.2.3 @\"@babel/core@^7.0.0\", \"@babel/core@^7.1.0\"",
                "lodash 4.17.20 @lodash@^4.0.0"
            ]
        );
        let berry = "\"lodash@npm:^4.17.15\":\n  version: 4.17.20\n\"me@workspace:.\":\n  version: 0.0.0-use.local\n";
        assert_eq!(names("yarn.lock", berry), ["lodash 4.17.20 @\"lodash@npm:^4.17.15\""]);
    }

    #[test]
    fn python_pins_are_read_and_ranges_are_not() {
        let text = "# x\nDjango[argon2]==3.2.1 ; python_version > '3' \\\n    --hash=sha256:00\nflask>=1\nZope.Interface==5.*\nrequests == 2.0  # old\n-r other.txt\n";
        assert_eq!(
            names("requirements-dev.txt", text),
            ["django 3.2.1 @Django[argon2]==3.2.1", "requests 2.0 @requests == 2.0"]
        );
        let poetry = "[[package]]\nname = \"PyYAML\"\nversion = \"5.1\"\n\n[[package]]\nname = \"me\"\nversion = \"1.0\"\nsource = { editable = \".\" }\n";
        assert_eq!(names("poetry.lock", poetry), ["pyyaml 5.1 @\"PyYAML\""]);
        let pipfile = r#"{"default": {"flask": {"version": "==1.0"}}, "develop": {}}"#;
        assert_eq!(names("Pipfile.lock", pipfile), ["flask 1.0 @\"flask\""]);
    }

    #[test]
    fn go_modules_are_read() {
        let text = "module m\n\ngo 1.21\n\nrequire a.org/b v1.2.3\n\nrequire (\n\tc.org/d/v2 v2.0.0 // indirect\n)\nreplace x => y v1\n";
        assert_eq!(
            names("go.mod", text),
            [
                "a.org/b v1.2.3 @require a.org/b v1.2.3",
                "c.org/d/v2 v2.0.0 @\tc.org/d/v2 v2.0.0 // indirect"
            ]
        );
        assert_eq!(
            names("go.sum", "a v1.0.0 h1:x=\na v1.0.0/go.mod h1:y=\n"),
            ["a v1.0.0 @a v1.0.0 h1:x="]
        );
    }

    #[test]
    fn broken_locks_say_why() {
        assert!(
            parse(Format::CargoLock, "[[package]\n").unwrap_err().starts_with("not understood")
        );
        assert!(
            parse(Format::NpmLock, &"[".repeat(10_000)).unwrap_err().starts_with("not understood")
        );
    }
}
