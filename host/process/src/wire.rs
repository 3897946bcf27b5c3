//! What the service and its launcher say to each other: length-prefixed MessagePack over one socket.
//!
//! The plan is sent twice, once for each stage of the launcher, so that no stage has to hand it on; then
//! the standard input follows as bytes. The launcher answers with [`Report`]s. The line is the lifeline
//! too: when the service's side closes, the launcher kills everything.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Largest frame. The plan's arguments and standard input were bounded before; this protects the
/// launcher from a broken sender.
pub(crate) const FRAME_BYTES_MAX: usize = 64 << 20;

/// What the launcher shall do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Absolute path of the program.
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    /// Sanitised already; the launcher adds only the names of the private folder.
    pub(crate) environment: Vec<(String, String)>,
    /// Where it starts.
    pub(crate) start: Start,
    pub(crate) network: bool,
    /// Confinements without which it must not start.
    pub(crate) demand: Vec<String>,
    /// Folder of this run alone: `tmp` the program's own, `root` where its file system is built.
    pub(crate) private: String,
    /// Files and folders that it may read and execute, beside the system's.
    pub(crate) readable: Vec<String>,
    pub(crate) views: Vec<ViewPlan>,
    /// Whether to build a file system of its own; not, where that failed before.
    pub(crate) own_root: bool,
    pub(crate) limits: ResourceLimits,
}

/// The folder in which a program starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Start {
    /// Its private one.
    Private,
    /// A folder of a view.
    View { index: usize, directory: String },
}

/// A view of a granted folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ViewPlan {
    /// Absolute path of the folder.
    pub(crate) folder: String,
    /// Where the view's own files are: `upper`, `work` and perhaps `hidden`, or `copy`.
    pub(crate) store: String,
    pub(crate) kind: ViewKind,
    /// Whether `hidden` is a layer above the folder that takes away what may not be read.
    pub(crate) hidden: bool,
}

/// How a view keeps changes away from the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ViewKind {
    Overlay,
    Reflink,
    Copy,
}

impl ViewKind {
    /// The word that stands in the list of confinements.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Overlay => "view:overlayfs",
            Self::Reflink => "view:reflink",
            Self::Copy => "view:copy",
        }
    }
}

/// Bounds of the kernel for a program: open files and files for each process, the others for all
/// together where there is a control group.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct ResourceLimits {
    pub(crate) open_files_max: u64,
    pub(crate) processes_max: u64,
    pub(crate) memory_bytes_max: u64,
    pub(crate) file_bytes_max: u64,
    /// Most processors, where that is bounded.
    pub(crate) cpus_max: Option<u32>,
    /// Which of them: programs that run at a time begin at different ones.
    pub(crate) cpus_from: u32,
}

/// What became of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The program runs, confined by these.
    Started { confinement: Vec<String> },
    /// It must not run: these are missing, each with the reason.
    Refused { missing: Vec<(String, String)> },
    /// The kernel gives no overlay of a folder: a copy has to do. Nothing ran.
    NoOverlay { reason: String },
    /// The kernel gives no file system of its own. Nothing ran.
    NoRoot { reason: String },
    /// The folder in which it shall start has no such directory. Nothing ran.
    NoDirectory { reason: String },
    /// Nothing ran, for another reason.
    Failed { reason: String },
    /// The program ended.
    Ended { exit_code: Option<i32>, signal: Option<i32> },
}

/// A frame with `value`.
///
/// # Errors
/// Where it is larger than [`FRAME_BYTES_MAX`].
pub(crate) fn encode<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let body = rmp_serde::to_vec_named(value).map_err(io::Error::other)?;
    frame(&body)
}

/// A frame with bytes.
///
/// # Errors
/// Where it is larger than [`FRAME_BYTES_MAX`].
pub(crate) fn frame(body: &[u8]) -> io::Result<Vec<u8>> {
    if body.len() > FRAME_BYTES_MAX {
        return Err(io::Error::other(format!("{} bytes are more than a frame holds", body.len())));
    }
    let mut frame = Vec::with_capacity(body.len() + 4);
    frame.extend_from_slice(&(body.len() as u32).to_le_bytes());
    frame.extend_from_slice(body);
    Ok(frame)
}

/// The length that a frame's first four bytes announce.
///
/// # Errors
/// Where it is larger than [`FRAME_BYTES_MAX`].
pub(crate) fn announced(prefix: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(prefix) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::other(format!("a frame announces {length} bytes")));
    }
    Ok(length)
}

/// The value in a frame's body.
///
/// # Errors
/// Where it is none.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> io::Result<T> {
    rmp_serde::from_slice(body).map_err(io::Error::other)
}

/// Reads the body of the next frame, and not one byte more.
///
/// # Errors
/// Where the line breaks or the frame is too large.
pub(crate) fn read(mut line: impl Read) -> io::Result<Vec<u8>> {
    let mut prefix = [0; 4];
    line.read_exact(&mut prefix)?;
    let mut body = vec![0; announced(prefix)?];
    line.read_exact(&mut body)?;
    Ok(body)
}

/// Writes a report.
///
/// # Errors
/// Where the line breaks.
pub(crate) fn report(mut line: impl Write, report: &Report) -> io::Result<()> {
    line.write_all(&encode(report)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_one_by_one() {
        let sent = Report::Ended { exit_code: Some(3), signal: None };
        let mut line = encode(&sent).unwrap();
        line.extend(frame(b"input").unwrap());
        let mut line = &line[..];
        assert_eq!(decode::<Report>(&read(&mut line).unwrap()).unwrap(), sent);
        assert_eq!(read(&mut line).unwrap(), b"input");
        assert!(read(&mut line).is_err());
    }

    #[test]
    fn a_frame_that_announces_too_much_is_refused_before_it_is_read() {
        let line = [0xff, 0xff, 0xff, 0xff, 0];
        assert!(read(&line[..]).unwrap_err().to_string().contains("announces"));
    }
}
