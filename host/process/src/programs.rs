//! Where a program is: the closed search path.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use voyager_base::Error;

/// Longest command line. The kernel's bound is a quarter of the stack, 2 MiB as a rule.
const ARGUMENT_BYTES_MAX: usize = 1 << 20;

/// Finds a program by its name.
///
/// # Errors
/// `invalid` for what is no name, `not-found` where no folder of the search path has it.
pub(crate) fn find(name: &str, search_path: &[PathBuf]) -> Result<PathBuf, Error> {
    let is_name = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0']);
    if !is_name {
        return Err(Error::invalid(format!(
            "`{}` is no name of a program; a name without `/`, looked up in the host's search path",
            name.escape_debug()
        )));
    }
    let found = search_path.iter().map(|folder| folder.join(name)).find(|path| executable(path));
    found.ok_or_else(|| {
        let folders: Vec<_> = search_path.iter().map(|it| it.display().to_string()).collect();
        Error::not_found(format!(
            "no program `{name}` in the host's search path ({}); install it, or let the operator add \
             its folder",
            folders.join(", ")
        ))
    })
}

/// Refuses arguments that no program could get.
///
/// # Errors
/// `invalid` for a NUL, `limit` for too many bytes.
pub(crate) fn check_arguments(arguments: &[String]) -> Result<(), Error> {
    if arguments.iter().any(|argument| argument.contains('\0')) {
        return Err(Error::invalid("an argument of a program can't hold a NUL"));
    }
    let bytes: usize = arguments.iter().map(|argument| argument.len() + 9).sum();
    if bytes > ARGUMENT_BYTES_MAX {
        return Err(Error::limit("process.argument-bytes", ARGUMENT_BYTES_MAX));
    }
    Ok(())
}

fn executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use voyager_base::ErrorKind;

    use super::*;

    #[test]
    fn only_names_in_the_search_path_are_found() {
        let path = [PathBuf::from("/nowhere"), PathBuf::from("/bin")];
        assert_eq!(find("sh", &path).unwrap(), Path::new("/bin/sh"));
        assert_eq!(find("no-such-program", &path).unwrap_err().kind, ErrorKind::NotFound);
        for name in ["/bin/sh", "../bin/sh", "", "..", "a\0"] {
            assert_eq!(find(name, &path).unwrap_err().kind, ErrorKind::Invalid, "{name:?}");
        }
    }

    #[test]
    fn arguments_are_bounded() {
        assert!(check_arguments(&["a".into()]).is_ok());
        assert_eq!(check_arguments(&["a\0".into()]).unwrap_err().kind, ErrorKind::Invalid);
        let many = vec![String::new(); ARGUMENT_BYTES_MAX];
        assert_eq!(check_arguments(&many).unwrap_err().kind, ErrorKind::Limit);
    }
}
