//! Which command runs a repository's tests.

use serde_json::Value;

/// Files of the repository, as far as detection needs them.
pub trait Repository {
    /// Why the host can't tell.
    type Error;

    /// Content of a file at the root; none where there is no such readable file.
    ///
    /// # Errors
    /// Where the host can't tell.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Whether a file matches one of the globs.
    ///
    /// # Errors
    /// Where the host can't tell.
    fn any(&self, globs: &[&str]) -> Result<bool, Self::Error>;
}

/// Files that tell of tests in Python.
const PYTEST: [&str; 4] = ["pytest.ini", "pyproject.toml", "setup.py", "tox.ini"];
/// Tests themselves, where no such file is.
const PYTHON_TESTS: [&str; 4] = ["tests/**/*.py", "test/**/*.py", "test_*.py", "*_test.py"];

/// The command, of the first kind that is found: Rust, Go, JavaScript, Python. Their files can stand side
/// by side; the compiled ones come first, as the others are often their bindings and tools.
///
/// # Errors
/// As [`Repository`].
pub fn detect<R: Repository>(repository: &R) -> Result<Option<&'static str>, R::Error> {
    if repository.read("Cargo.toml")?.is_some() {
        return Ok(Some("cargo test"));
    }
    if repository.read("go.mod")?.is_some() {
        return Ok(Some("go test ./..."));
    }
    if repository.read("package.json")?.is_some_and(|text| has_test_script(&text)) {
        return Ok(Some("npm test"));
    }
    for file in PYTEST {
        if repository.read(file)?.is_some() {
            return Ok(Some("python3 -m pytest"));
        }
    }
    Ok(repository.any(&PYTHON_TESTS)?.then_some("python3 -m pytest"))
}

/// Not the one that `npm init` writes, which only says that there is none.
fn has_test_script(package: &[u8]) -> bool {
    let package: Value = serde_json::from_slice(package).unwrap_or_default();
    let script = package.pointer("/scripts/test").and_then(Value::as_str);
    script.is_some_and(|script| !script.trim().is_empty() && !script.contains("no test specified"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Files(Vec<(&'static str, &'static str)>);

    impl Repository for Files {
        type Error = std::convert::Infallible;

        fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Self::Error> {
            Ok(self.0.iter().find(|file| file.0 == path).map(|file| file.1.as_bytes().to_vec()))
        }

        fn any(&self, globs: &[&str]) -> Result<bool, Self::Error> {
            Ok(globs.contains(&"tests/**/*.py")
                && self.0.iter().any(|file| file.0 == "tests/test_a.py"))
        }
    }

    fn detected(files: &[(&'static str, &'static str)]) -> Option<&'static str> {
        detect(&Files(files.to_vec())).unwrap()
    }

    #[test]
    fn each_kind_is_told_by_its_file() {
        assert_eq!(detected(&[("Cargo.toml", "")]), Some("cargo test"));
        assert_eq!(detected(&[("go.mod", "")]), Some("go test ./..."));
        assert_eq!(
            detected(&[("package.json", r#"{"scripts":{"test":"jest"}}"#)]),
            Some("npm test")
        );
        assert_eq!(detected(&[("pyproject.toml", "")]), Some("python3 -m pytest"));
        assert_eq!(detected(&[("tests/test_a.py", "")]), Some("python3 -m pytest"));
        assert_eq!(detected(&[("README.md", "")]), None);
    }

    #[test]
    fn a_package_without_a_test_script_has_no_tests() {
        let placeholder = r#"{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}"#;
        for text in [placeholder, "{}", "not JSON", r#"{"scripts":{"test":1}}"#, ""] {
            assert_eq!(detected(&[("package.json", text)]), None, "{text}");
        }
    }

    #[test]
    fn a_compiled_project_comes_before_its_bindings() {
        assert_eq!(detected(&[("pyproject.toml", ""), ("Cargo.toml", "")]), Some("cargo test"));
    }
}
