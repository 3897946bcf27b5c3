//! Paths that mean another file in each process: standard input, and what a shell opens for `<(command)`. The process
//! that has the state opens them, too, and that may be another one.

use std::{
    io::{self, ErrorKind, PipeReader},
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
    process, thread,
};

use rustix::fs::{FileType, fstat};

use crate::{failure::Failure, printing};

/// Something that is open here.
pub(super) struct OpenHere {
    /// What people call it.
    pub(super) name: String,
    /// Where each process of the user finds it, as long as this is held.
    pub(super) path: PathBuf,
    _pipe: Option<PipeReader>,
}

impl OpenHere {
    /// What a path means here; none where it means the same everywhere.
    ///
    /// # Errors
    /// There can't be a pipe.
    pub(super) fn find(path: &Path) -> Result<Option<Self>, Failure> {
        let name = path.to_string_lossy();
        let number = match &*name {
            "-" | "/dev/stdin" => Some(0),
            other => other.strip_prefix("/dev/fd/").and_then(|it| it.parse().ok()),
        };
        Ok(match number {
            Some(0) => Some(Self::standard_input()?),
            Some(number) => Some(Self::new(&name, number, None)),
            None => None,
        })
    }

    fn new(name: &str, number: i32, pipe: Option<PipeReader>) -> Self {
        let path = format!("/proc/{}/fd/{number}", process::id());
        Self { name: name.to_owned(), path: path.into(), _pipe: pipe }
    }

    fn standard_input() -> Result<Self, Failure> {
        const NAME: &str = "standard input";
        let mut input = io::stdin();
        let is_file = |mode| FileType::from_raw_mode(mode).is_file();
        if fstat(&input).is_ok_and(|it| is_file(it.st_mode)) {
            return Ok(Self::new(NAME, 0, None));
        }
        // No path leads to a socket, as which some programs hand it over; a terminal is nobody's but this process's.
        let failed = |error| Failure::environment("cannot read standard input", &error);
        let (reader, mut writer) = io::pipe().map_err(failed)?;
        thread::spawn(move || match io::copy(&mut input, &mut writer) {
            // Whoever reads may have had enough.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                printing::note(format!("{NAME} ends early: {error}"));
            }
            _ => {}
        });
        Ok(Self::new(NAME, reader.as_raw_fd(), Some(reader)))
    }
}
