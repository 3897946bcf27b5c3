//! A server that means no good, and names that lead where they should not.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use voyager_base::BoxFuture;
use voyager_egress::{Egress, EgressOptions, Resolver, Roots};

/// Its port. Each process has an address of its own among those of the machine itself, so that several can
/// play at a time.
const PORT: u16 = 18_080;

/// The way out, with a server behind the name `server.test` that does what the path says.
///
/// # Panics
/// Where the address is taken.
pub(crate) fn egress() -> Egress {
    let [_, _, one, two] = std::process::id().to_be_bytes();
    static ARENAS: AtomicU32 = AtomicU32::new(0);
    let own = ARENAS.fetch_add(1, Ordering::Relaxed).to_be_bytes()[3];
    let address = Ipv4Addr::new(127, 64 | (own & 63), one, two);
    let listener = TcpListener::bind((address, PORT)).expect("the address is free");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                // Whoever asked may have gone.
                let _ = answer(stream);
            });
        }
    });
    let names = Names { server: address.into(), looks: AtomicU32::new(0) };
    let roots = Roots { machine: false, files: Vec::new() };
    Egress::new(EgressOptions { resolver: Arc::new(names), roots, ..EgressOptions::default() })
}

struct Names {
    server: IpAddr,
    looks: AtomicU32,
}

impl Resolver for Names {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let address = |text: &str| text.parse::<IpAddr>().map_err(io::Error::other);
        let found = match name {
            "server.test" | "other.test" => Ok(vec![self.server]),
            "private.test" => address("10.0.0.1").map(|it| vec![it]),
            "mapped.test" => address("::ffff:169.254.169.254").map(|it| vec![it]),
            "several.test" => {
                let all = ["fd00::1", "192.168.0.1", "64:ff9b::a9fe:a9fe"];
                all.into_iter().map(address).collect()
            }
            // Each second look leads to the provider's metadata.
            "rebinding.test" => match self.looks.fetch_add(1, Ordering::Relaxed) % 2 {
                0 => Ok(vec![self.server]),
                _ => address("169.254.169.254").map(|it| vec![it]),
            },
            _ => Err(io::Error::other("Name or service not known")),
        };
        Box::pin(std::future::ready(found))
    }
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let asked = question(&mut stream)?;
    let target = asked.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let whole = |status: &str, headers: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
    };
    match path {
        "/to" => write!(stream, "{}", whole("302 Found", &format!("location: {query}\r\n"), "")),
        "/keep" => write!(stream, "{}", whole("307 Moved", &format!("location: {query}\r\n"), "")),
        "/echo" => write!(stream, "{}", whole("200 OK", "", &asked)),
        "/cut" => write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\ncut"),
        "/garbage" => write!(stream, "SSH-2.0-OpenSSH_9.6\r\n"),
        "/smuggled" => write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        "/trailers" => write!(
            stream,
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: location\r\n\r\n4\r\nfine\r\n0\r\n\
             location: http://169.254.169.254/\r\n\r\n"
        ),
        "/headers" => {
            write!(stream, "HTTP/1.1 200 OK\r\n")?;
            loop {
                write!(stream, "x: {}\r\n", "y".repeat(1000))?;
            }
        }
        "/endless" => {
            write!(stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
            loop {
                write!(stream, "3e8\r\n{}\r\n", "z".repeat(1000))?;
            }
        }
        "/claims" => write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n"),
        "/large" => write!(stream, "{}", whole("200 OK", "", &"z".repeat(33 << 20))),
        "/slow" => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nslow")?;
            // Until the other side goes.
            stream.read(&mut [0]).map(drop)
        }
        "/silent" => stream.read(&mut [0]).map(drop),
        _ => write!(stream, "{}", whole("200 OK", "", "fine")),
    }
}

fn question(stream: &mut TcpStream) -> io::Result<String> {
    let mut asked = Vec::new();
    while !asked.windows(4).any(|it| it == b"\r\n\r\n") {
        let mut piece = [0; 4096];
        match stream.read(&mut piece)? {
            0 => break,
            length => asked.extend_from_slice(&piece[..length]),
        }
    }
    Ok(String::from_utf8_lossy(&asked).into_owned())
}
