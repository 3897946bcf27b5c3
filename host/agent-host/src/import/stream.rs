//! What another program writes while it is read: a pipe.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::OFlags,
    io::Errno,
};
use voyager_base::call::Cancellation;

/// Where nothing comes, it is looked so often whether somebody still waits for it.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// A pipe. Whoever writes may be silent for as long as they like, and Ctrl-C ends it nevertheless.
pub(super) struct Stream {
    pipe: File,
    cancellation: Cancellation,
}

impl Stream {
    pub(super) fn open(path: &Path, cancellation: Cancellation) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        // Else it would wait here for somebody who writes.
        options.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        Ok(Self { pipe: options.open(path)?, cancellation })
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.cancellation.is_cancelled() {
                return Err(io::Error::other("stopped"));
            }
            let ready = match poll(&mut [PollFd::new(&self.pipe, PollFlags::IN)], Some(&PATIENCE)) {
                Ok(ready) => ready > 0,
                Err(Errno::INTR) => false,
                Err(error) => return Err(error.into()),
            };
            if !ready {
                continue;
            }
            match self.pipe.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                ended => return ended,
            }
        }
    }
}

impl Seek for Stream {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::NotSeekable.into())
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, os::fd::AsRawFd as _, thread};

    use super::*;

    #[test]
    fn a_silent_pipe_is_left_where_nobody_waits_for_it() {
        let (reader, mut writer) = io::pipe().unwrap();
        let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
        let cancellation = Cancellation::default();
        let mut stream = Stream::open(Path::new(&path), cancellation.clone()).unwrap();
        writer.write_all(b"ab").unwrap();
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 2);
        let reading = thread::spawn(move || stream.read(&mut [0; 8]).map_err(|it| it.to_string()));
        cancellation.cancel();
        assert_eq!(reading.join().unwrap(), Err("stopped".to_owned()));
    }
}
