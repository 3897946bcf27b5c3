//! Where the tools of a machine usually are.
//!
//! A suggestion for the operator's configuration, from a home folder: programs, what they need to read,
//! and the variables that name it. Never a whole home folder, and never a file with credentials.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Folders and variables that programs need beyond the system's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Toolchain {
    /// Folders in which programs are looked up, in this order. Readable, too.
    pub search_path: Vec<PathBuf>,
    /// Files and folders that programs may read and execute.
    pub readable: Vec<PathBuf>,
    /// Variables of every program.
    pub variables: BTreeMap<String, String>,
}

impl Toolchain {
    /// The system's programs alone.
    pub fn system() -> Self {
        let folders =
            ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];
        Self { search_path: folders.map(PathBuf::from).into(), ..Self::default() }
    }

    /// The system's programs, and the toolchains that are found below `home`: rustup and cargo (the
    /// registry as it is, never its credentials), pyenv, nvm, Go.
    pub fn found(home: &Path) -> Self {
        let mut found = Self::default();
        found.rust(home);
        found.add(home, ".pyenv/shims", &[".pyenv"], Some(("PYENV_ROOT", ".pyenv")));
        found.add(home, ".local/go/bin", &[".local/go"], None);
        found.add(home, "go/bin", &["go/pkg/mod"], Some(("GOMODCACHE", "go/pkg/mod")));
        let go = Path::new("/usr/local/go/bin");
        found.search_path.extend(go.is_dir().then(|| go.to_owned()));
        found.node(home);
        found.search_path.extend(Self::system().search_path);
        found
    }

    fn rust(&mut self, home: &Path) {
        let readable = [".cargo/registry", ".cargo/git", ".rustup"];
        self.add(home, ".cargo/bin", &readable, Some(("CARGO_HOME", ".cargo")));
        let rustup = home.join(".rustup");
        if let (true, Some(rustup)) = (rustup.is_dir(), rustup.to_str()) {
            self.variables.insert("RUSTUP_HOME".into(), rustup.to_owned());
        }
    }

    /// The newest version of Node that nvm has.
    fn node(&mut self, home: &Path) {
        let Ok(versions) = home.join(".nvm/versions/node").read_dir() else { return };
        let numbers = |path: &PathBuf| -> Vec<u32> {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.trim_start_matches('v').split('.').map_while(|it| it.parse().ok()).collect()
        };
        let newest = versions.flatten().map(|entry| entry.path()).max_by_key(numbers);
        if let Some(newest) = newest {
            self.search_path.push(newest.join("bin"));
            self.readable.push(newest);
        }
    }

    fn add(&mut self, home: &Path, bin: &str, readable: &[&str], variable: Option<(&str, &str)>) {
        if !home.join(bin).is_dir() {
            return;
        }
        self.search_path.push(home.join(bin));
        self.readable.extend(readable.iter().map(|it| home.join(it)).filter(|it| it.exists()));
        if let Some((name, path)) = variable
            && let Some(path) = home.join(path).to_str()
        {
            self.variables.insert(name.to_owned(), path.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toolchains_are_found_and_credentials_are_not_readable() {
        let home = tempfile::tempdir().unwrap();
        for folder in [".cargo/bin", ".cargo/registry", ".rustup", ".nvm/versions/node/v9.1.0/bin"]
        {
            std::fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        std::fs::create_dir_all(home.path().join(".nvm/versions/node/v20.2.0/bin")).unwrap();
        let found = Toolchain::found(home.path());
        assert_eq!(found.search_path[0], home.path().join(".cargo/bin"));
        assert!(found.search_path.contains(&home.path().join(".nvm/versions/node/v20.2.0/bin")));
        assert!(!found.readable.contains(&home.path().join(".cargo")));
        assert!(found.search_path.ends_with(&Toolchain::system().search_path));
    }
}
