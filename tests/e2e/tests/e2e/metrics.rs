//! Metrics at an address: asked for by an HTTP client, and by peers that mean no good.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Stdio},
};

use e2e::Stage;

const LONG: &str = "voyager: manifest/v1\nname: long\nversion: 1.0.0\nsteps:\n  \
                    - { id: rules, use: security/rules.all }\n  - { id: nap, sleep: 1h }\n";

/// A run that goes on, with its metrics at an address.
struct Host {
    child: Child,
    /// What it prints, which has to stay open as long as it prints.
    _said: BufReader<std::process::ChildStderr>,
    address: String,
}

impl Host {
    fn start(stage: &Stage) -> Self {
        stage.write("long.yaml", LONG);
        let mut command = stage.command(["run", "long.yaml", "--metrics-listen", "127.0.0.1:0"]);
        command.args(["--log", "debug"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut address = String::new();
        // The step before the nap has ended, so that there is something to tell.
        for line in said.by_ref().lines().map_while(Result::ok) {
            if let Some(url) = line.strip_prefix("metrics: http://") {
                address = url.trim_end_matches("/metrics").to_owned();
            }
            if line.contains("task has ended") {
                break;
            }
        }
        assert!(!address.is_empty(), "it says where it listens");
        Self { child, _said: said, address }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).expect("it listens")
    }

    /// What comes back for some bytes, until the host ends the connection.
    fn answer(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        // The host may have refused before all is sent.
        let _ = stream.write_all(request);
        rest(&mut stream)
    }

    fn metrics(&self) -> (String, String) {
        let url = format!("http://{}/metrics", self.address);
        let mut answer = ureq::get(&url).call().expect("it answers");
        let kind = answer.headers()["content-type"].to_str().expect("it is text").to_owned();
        (kind, answer.body_mut().read_to_string().expect("it is text"))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Ended already is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_client_reads_what_is_counted_while_the_run_goes_on() {
    let Some(stage) = Stage::new() else { return };
    let host = Host::start(&stage);
    let (kind, text) = host.metrics();
    assert_eq!(kind, "text/plain; version=0.0.4");
    assert!(text.contains("voyager_runs_active 1\n"), "{text}");
    assert!(
        text.contains("voyager_tasks_total{outcome=\"done\",priority=\"standard\"} 1\n"),
        "{text}"
    );
    let nowhere = ureq::get(format!("http://{}/", host.address)).call();
    assert!(matches!(nowhere, Err(ureq::Error::StatusCode(404))), "{nowhere:?}");
    let posted = ureq::post(format!("http://{}/metrics", host.address)).send("x=y");
    assert!(matches!(posted, Err(ureq::Error::StatusCode(405))), "{posted:?}");
    let asked = host.answer(b"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(asked.starts_with("HTTP/1.1 200 OK\r\n") && asked.ends_with("\r\n\r\n"), "{asked}");
}

#[test]
fn hostile_peers_are_refused_and_others_are_still_served() {
    let Some(stage) = Stage::new() else { return };
    let host = Host::start(&stage);
    let huge = [b"GET /metrics HTTP/1.1\r\nX: ".as_slice(), &vec![b'x'; 1 << 20]].concat();
    let refused = host.answer(&huge);
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 431 "), "{refused}");
    let refused = host.answer(&[0xff; 100]);
    assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
    let rebound = host.answer(b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert!(rebound.starts_with("HTTP/1.1 403 "), "{rebound}");
    // These say nothing or little, and stay: far more than are served at once, however slow the machine.
    let mut slow: Vec<TcpStream> = (0..64).map(|_| host.connect()).collect();
    slow[0].write_all(b"GET /metrics HT").expect("it listens");
    let told: Vec<String> = slow.iter_mut().map(rest).collect();
    assert!(told[0].starts_with("HTTP/1.1 408 "), "{}", told[0]);
    assert!(told.iter().any(|it| it.starts_with("HTTP/1.1 503 ")), "{told:?}");
    let (_, text) = host.metrics();
    assert!(text.contains("voyager_runs_active 1\n"), "{text}");
}

#[test]
fn an_address_that_others_reach_or_somebody_has_is_refused_before_anything_runs() {
    let Some(stage) = Stage::new() else { return };
    let host = Host::start(&stage);
    let other = Stage::new().expect("it was there before");
    other.write("long.yaml", LONG);
    for (address, code, says) in [
        ("0.0.0.0:0", 2, "--metrics-public"),
        ("nowhere", 2, "is no address"),
        (host.address.as_str(), 5, "a port of its own"),
    ] {
        let ended = other.call(["run", "long.yaml", "--metrics-listen", address]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.err.contains(says), "{}", ended.err);
    }
    let ended = other.call(["run", "long.yaml", "--metrics-public"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
