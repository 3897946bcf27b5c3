//! A command-line program for the tests of programs as skills: it knows nothing of Voyager, uses the
//! standard library alone, and does what its arguments say, one after the other.
//!
//! An argument is `VERB=PATH=REST`. What came of it is printed, an error by its kind; `exit` and `panic`
//! end the program there and then.
#![allow(clippy::print_stdout, reason = "it is what the program is for")]
#![allow(clippy::disallowed_methods, reason = "it stands for programs of others")]

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    time::{SystemTime, UNIX_EPOCH},
};

fn main() {
    for told in std::env::args().skip(1) {
        let mut parts = told.splitn(3, '=');
        let mut next = || parts.next().unwrap_or_default();
        let (verb, path, rest) = (next(), next(), next());
        match act(verb, path, rest) {
            Ok(said) => println!("{verb} {path}: {said}"),
            Err(error) => println!("{verb} {path}: {:?}", error.kind()),
        }
    }
}

fn act(verb: &str, path: &str, rest: &str) -> io::Result<String> {
    let number = || rest.parse().unwrap_or(0_u64);
    match verb {
        "cat" => fs::read_to_string(path),
        "size" => fs::metadata(path).map(|about| about.len().to_string()),
        "kind" => fs::symlink_metadata(path).map(|about| format!("{:?}", about.file_type())),
        "modified" => fs::metadata(path)?.modified().map(|time| seconds(time).to_string()),
        "ls" => names(path).map(|names| names.join(" ")),
        "write" => fs::write(path, rest).map(done),
        "append" => append(path, rest).map(done),
        "truncate" => OpenOptions::new().write(true).open(path)?.set_len(number()).map(done),
        "seek" => seek(path, number()).map(done),
        "new" => File::create_new(path).map(done),
        "rename" => fs::rename(path, rest).map(done),
        "copy" => fs::copy(path, rest).map(|bytes| bytes.to_string()),
        "rm" => fs::remove_file(path).map(done),
        "mkdir" => fs::create_dir(path).map(done),
        "mkdirs" => fs::create_dir_all(path).map(done),
        "rmdir" => fs::remove_dir(path).map(done),
        "hardlink" => fs::hard_link(path, rest).map(done),
        "tiny" => tiny(path, number()).map(done),
        "bytes" => bytes(path).map(|sum| sum.to_string()),
        "hold" => hold(path, number()).map(done),
        "lists" => lists(path, number()).map(done),
        "kept" => kept(path, rest),
        "flood" => flood(number()).map(done),
        "raw" => io::stdout().write_all(&[0xff, b'\n']).map(done),
        "stdin" => io::read_to_string(io::stdin()),
        "error" => io::stderr().write_all(path.as_bytes()).map(done),
        "world" => Ok(format!("{} variables, {}", std::env::vars().count(), connect())),
        "exit" => std::process::exit(path.parse().unwrap_or(1)),
        "panic" => panic!("{path}"),
        "spin" => loop {
            std::hint::spin_loop();
        },
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn done<T>(_: T) -> String {
    "done".to_owned()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn names(path: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let end = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.push(format!("{}{end}", entry.file_name().to_string_lossy()));
    }
    Ok(names)
}

fn append(path: &str, text: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

/// Writes one byte far behind the end.
fn seek(path: &str, offset: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(b"!")
}

/// Writes so many bytes, each by itself.
fn tiny(path: &str, count: u64) -> io::Result<()> {
    let mut file = File::create(path)?;
    (0..count).try_for_each(|_| file.write_all(b"."))
}

/// Reads byte by byte, and adds them up.
fn bytes(path: &str) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let (mut sum, mut byte) = (0, [0]);
    while file.read(&mut byte)? > 0 {
        sum += u64::from(byte[0]);
    }
    Ok(sum)
}

/// Opens a file so many times at once.
fn hold(path: &str, count: u64) -> io::Result<()> {
    (0..count).map(|_| File::open(path)).collect::<io::Result<Vec<_>>>().map(drop)
}

/// Lists a folder so many times at once.
fn lists(path: &str, count: u64) -> io::Result<()> {
    let open = |_| {
        let mut listing = fs::read_dir(path)?;
        listing.next().transpose()?;
        Ok(listing)
    };
    (0..count).map(open).collect::<io::Result<Vec<_>>>().map(drop)
}

/// Removes a file that is open, and reads it then.
fn kept(path: &str, more: &str) -> io::Result<String> {
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    file.write_all(more.as_bytes())?;
    fs::remove_file(path)?;
    file.rewind()?;
    io::read_to_string(file)
}

fn flood(count: u64) -> io::Result<()> {
    let line = [b'x'; 1 << 10];
    let mut out = io::stdout();
    (0..count.div_ceil(1 << 10)).try_for_each(|_| out.write_all(&line))
}

fn connect() -> &'static str {
    match std::net::TcpStream::connect("127.0.0.1:9") {
        Ok(_) => "connected",
        Err(_) => "no network",
    }
}
