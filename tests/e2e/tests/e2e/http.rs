//! Servers: asked where a manifest grants it, from the record ever after, and never twice on a guess.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Stdio,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
};

use e2e::{Ended, Stage, tree};

use crate::packages_far::{Answers, response, serve_privately};

/// A server on this machine that says back what it was asked; to `/silent` it says nothing.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    silent: Receiver<()>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (kept, (tell, silent)) = (Arc::clone(&asked), channel());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let question = question(&mut stream);
                kept.lock().unwrap().push(question.clone());
                if question.contains(" /silent ") {
                    tell.send(()).unwrap();
                    // Until whoever asked is gone.
                    let _ = stream.read(&mut [0]);
                    continue;
                }
                let length = question.len();
                let head =
                    format!("HTTP/1.1 200 OK\r\nx-of: e2e\r\ncontent-length: {length}\r\n\r\n");
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(question.as_bytes()).unwrap();
            }
        });
        Self { address, asked, silent }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn question(stream: &mut TcpStream) -> String {
    let mut question = String::new();
    loop {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).unwrap();
        question.push_str(std::str::from_utf8(&piece[..length]).unwrap());
        let Some((head, body)) = question.split_once("\r\n\r\n") else { continue };
        let told = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if told.map_or(0, |it| it.parse().unwrap()) <= body.len() {
            return question;
        }
    }
}

/// A manifest that sends one request to `path`.
fn manifest(server: SocketAddr, method: &str, path: &str, more: &str) -> String {
    format!(
        "voyager: manifest/v1\nname: ask\nversion: 1.0.0\n{more}\
         grants:\n  http: [ {{ host: \"http://{server}\", methods: [{method}], private: [127.0.0.1]{secret} }} ]\n\
         steps:\n  - id: ask\n    use: http/send\n    with:\n      method: {method}\n      url: \"http://{server}{path}\"\n\
         \x20     headers: [ {header} ]\n      body: \"one\"\n\
         outputs: {{ body: {{ from: steps.ask.body }}, status: {{ from: steps.ask.status }} }}\n",
        secret = if more.is_empty() { "" } else { ", secrets: { key: { secret: inputs.token } }" },
        header = if more.is_empty() {
            "{ name: X-Own, value: own }"
        } else {
            "{ name: X-Key, value: \"Bearer ${secrets.key}\" }"
        },
    )
}

#[test]
fn a_server_is_asked_once_and_a_replay_asks_nobody() {
    let Some(stage) = Stage::new() else { return };
    let server = Server::start();
    stage.write("ask.yaml", manifest(server.address, "POST", "/a?b", ""));
    let planned = stage.call(["plan", "ask.yaml"]);
    let asks =
        format!("asks http://{} (POST) at public addresses and 127.0.0.1/32", server.address);
    assert!(planned.out.contains(&asks), "{}", planned.out);
    let answer = stage.answer(["run", "ask.yaml"]);
    assert_eq!(answer["status"], "done", "{answer}");
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("POST /a?b HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(
        asked[0].contains("x-own: own\r\n") && asked[0].ends_with("\r\n\r\none"),
        "{}",
        asked[0]
    );
    let key = asked[0].lines().find_map(|line| line.strip_prefix("idempotency-key: ")).unwrap();
    assert!(key.len() == 64 && key.bytes().all(|it| it.is_ascii_hexdigit()), "{key}");
    assert_eq!(answer["outputs"]["body"], asked[0].as_str(), "{answer}");
    let run = answer["run"].as_str().unwrap();
    let verified = stage.call(["replay", "--verify", run]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_change_under_way_when_the_host_dies_is_unknown_and_not_repeated() {
    let Some(stage) = Stage::new() else { return };
    let server = Server::start();
    stage.write("ask.yaml", manifest(server.address, "POST", "/silent", ""));
    let mut command = stage.command(["--json", "run", "ask.yaml"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    server.silent.recv().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = stage.answer(["resume"]);
    assert_eq!(resumed["error"]["kind"], "unknown-effect", "{resumed}");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn what_only_asks_is_asked_again_after_a_crash() {
    let Some(stage) = Stage::new() else { return };
    let server = Server::start();
    stage.write("ask.yaml", manifest(server.address, "OPTIONS", "/silent", ""));
    let mut first = stage.command(["--json", "run", "ask.yaml"]);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    server.silent.recv().unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    let mut again = stage.command(["--json", "resume"]);
    let mut again = again.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    server.silent.recv().unwrap();
    again.kill().unwrap();
    again.wait().unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|it| !it.contains("idempotency-key")), "{asked:?}");
}

#[test]
fn a_secret_reaches_its_server_and_nobody_else() {
    const SECRET: &str = "hush-hush-hush";
    let Some(stage) = Stage::new() else { return };
    let server = Server::start();
    let inputs = "inputs: { token: { type: secret } }\n";
    stage.write("ask.yaml", manifest(server.address, "GET", "/", inputs));
    let call = |arguments: &[&str]| {
        let mut command = stage.command(arguments);
        let ended = Ended::from(command.env("ASK_TOKEN", SECRET).output().unwrap());
        assert!(!ended.out.contains("hush") && !ended.err.contains("hush"), "{ended:?}");
        ended
    };
    let ended = call(&["--json", "run", "ask.yaml", "--secret", "token=env:ASK_TOKEN"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("x-key: Bearer ***"), "{}", ended.out);
    assert!(server.asked()[0].contains("x-key: Bearer hush-hush-hush\r\n"));
    for (path, content) in tree(&stage.path("state")) {
        let found = content.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!found, "{} holds the secret", path.display());
    }
    let planned = call(&["plan", "ask.yaml"]);
    assert!(planned.out.contains("with the secret inputs.token as key"), "{}", planned.out);
}

#[test]
fn what_is_not_granted_is_not_asked() {
    let Some(stage) = Stage::new() else { return };
    let server = Server::start();
    let whole = manifest(server.address, "POST", "/", "");
    let address = server.address.to_string();
    for (cause, text) in [
        ("no public address", whole.replace(", private: [127.0.0.1]", "")),
        ("don't let this task send `POST`", whole.replace("methods: [POST]", "methods: [GET]")),
        (
            "don't let this task send `POST`",
            whole.replace(&format!("host: \"http://{address}\""), "host: \"*\""),
        ),
    ] {
        stage.write("ask.yaml", text);
        let answer = stage.answer(["run", "ask.yaml"]);
        assert_eq!(answer["error"]["kind"], "denied", "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(cause), "{answer}");
    }
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn a_certificate_of_the_house_is_believed_where_a_file_has_it() {
    let Some(stage) = Stage::new() else { return };
    let answers = Answers::from([("/x".to_owned(), response("200 OK", &[], b"of the house"))]);
    let (server, certificate) = serve_privately(answers, "127.0.0.1");
    let file = stage.write("house.pem", certificate);
    let (origin, url) = (format!("https://{server}"), format!("https://{server}/x"));
    let ask = |is_believed: bool| {
        let mut command = stage.command(["skill", "run", "http/get", "--url", &url, "--json"]);
        command.args(["--server", &origin, "--private", "127.0.0.1"]);
        command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
        if is_believed {
            command.env("SSL_CERT_FILE", &file);
        }
        Ended::from(command.output().unwrap())
    };
    let refused = ask(false);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(format!("{refused:?}").contains("certificate"), "{refused:?}");
    let asked = ask(true);
    assert!(asked.code == Some(0) && asked.out.contains("of the house"), "{asked:?}");
}

#[test]
fn a_scenario_answers_for_servers() {
    let Some(stage) = Stage::new() else { return };
    let nowhere = "127.0.0.1:9".parse().unwrap();
    stage.write("ask.yaml", manifest(nowhere, "POST", "/a", ""));
    let scenario = |name: &str, servers: &str, expect: &str| {
        let text = format!(
            "voyager: scenario/v1\nname: {name}\nmanifest: ask.yaml\nservers: [ {servers} ]\nexpect: {{ {expect} }}\n"
        );
        stage.write(&format!("{name}.scenario.yaml"), text);
    };
    let url = format!("url: \"http://{nowhere}/\"");
    scenario(
        "made",
        &format!(
            "{{ {url}, method: POST, status: 201, headers: {{ X-Of: y }}, body: made, takes: 2s }}"
        ),
        "outputs: { body: made, status: 201 }, calls: [ { host: http.send, times: 1 } ]",
    );
    scenario(
        "late",
        &format!("{{ {url}, fails: timeout }}"),
        "error: { kind: timeout, step: ask }",
    );
    scenario("nobody", "", "error: { kind: unavailable, step: ask }");
    let ended = stage.call(["test", "."]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scenario("idle", &format!("{{ {url}, method: GET }}"), "error: { kind: unavailable }");
    let ended = stage.call(["test", "idle.scenario.yaml"]);
    assert!(ended.err.contains("no request took this answer"), "{ended:?}");
}

/// A manifest that has the program `fetch`, which knows nothing but `wasi:http`, ask a server.
fn fetching(grants: &str, arguments: &str) -> String {
    format!(
        "voyager: manifest/v1\nname: fetch\nversion: 1.0.0\ngrants:\n  http: [ {grants} ]\nsteps:\n  - id: ask\n    \
         use: fetch/run\n    with: {{ arguments: [ {arguments} ] }}\noutputs:\n  said: {{ from: steps.ask.stdout }}\n  \
         failed: {{ from: steps.ask.stderr }}\n"
    )
}

#[test]
fn a_program_that_knows_only_wasi_http_asks_servers_and_a_replay_asks_nobody() {
    let Some(mut stage) = Stage::new() else { return };
    if !stage.take_tool("fetch") {
        return;
    }
    let shown = stage.call(["skill", "inspect", "fetch"]);
    assert!(shown.out.contains("voyager:http/http@0.1.0"), "{}", shown.out);
    let server = Server::start();
    let at = format!("http://{}", server.address);
    let grant = format!("{{ host: \"{at}\", methods: [GET, POST], private: [127.0.0.1] }}");
    let mut runs = Vec::new();
    for (method, body) in [("GET", ""), ("POST", ", \"one two\"")] {
        stage.write("fetch.yaml", fetching(&grant, &format!("{method}, \"{at}/a?b=c\"{body}")));
        let answer = stage.answer(["run", "fetch.yaml"]);
        assert_eq!(answer["status"], "done", "{answer}");
        let asked = server.asked().pop().unwrap();
        assert!(asked.starts_with(&format!("{method} /a?b=c HTTP/1.1\r\n")), "{asked}");
        assert!(asked.contains("\r\nx-own: own\r\n"), "{asked}");
        assert_eq!(asked.contains("\r\nidempotency-key: "), method == "POST", "{asked}");
        assert_eq!(asked.ends_with("\r\n\r\none two"), method == "POST", "{asked}");
        assert_eq!(answer["outputs"]["said"], format!("200 e2e\n{asked}\n"), "{answer}");
        let run = answer["run"].as_str().unwrap().to_owned();
        let explained = stage.answer(["grants", "explain", &run]);
        let http = explained["steps"].as_array().unwrap().iter();
        let http = http.clone().find(|it| it["capability"] == "http");
        assert_eq!(http.unwrap()["used"], 1, "{explained}");
        runs.push(run);
    }
    for run in runs {
        let verified = stage.call(["replay", "--verify", &run]);
        assert_eq!(verified.code, Some(0), "{verified:?}");
    }
    assert_eq!(server.asked().len(), 2, "a replay asks nobody");
}

#[test]
fn a_program_that_knows_only_wasi_http_is_told_what_is_denied_and_people_why() {
    let Some(mut stage) = Stage::new() else { return };
    if !stage.take_tool("fetch") {
        return;
    }
    let server = Server::start();
    let at = format!("http://{}", server.address);
    for (grant, code, why) in [
        (
            format!("{{ host: \"{at}\", methods: [GET], private: [127.0.0.1] }}"),
            "ErrorCode::HttpRequestDenied",
            "`http` at fetch.yaml:5",
        ),
        (
            format!("{{ host: \"{at}\", methods: [POST] }}"),
            "ErrorCode::DestinationIpProhibited",
            "add `private: [\"127.0.0.1\"]` to the grant of the host",
        ),
        (
            format!("{{ host: \"{at}\", methods: [POST], private: [127.0.0.1], send: 2B }}"),
            "ErrorCode::HttpRequestBodySize(Some(3))",
            "raise `send` of the grant",
        ),
    ] {
        stage.write("fetch.yaml", fetching(&grant, &format!("POST, \"{at}/\", one")));
        let answer = stage.answer(["run", "fetch.yaml"]);
        assert_eq!(answer["status"], "done", "its exit code is a result: {answer}");
        assert_eq!(answer["outputs"]["failed"], format!("{code}\n"), "{answer}");
        let run = stage.call(["run", "fetch.yaml"]);
        assert!(run.err.contains(why) || run.out.contains(why), "{why}: {run:?}");
    }
    assert_eq!(server.asked().len(), 0);
}
