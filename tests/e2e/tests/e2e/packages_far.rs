//! Skills from addresses and registries: fetched whole or not at all, and held where nobody signed them.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use e2e::{Ended, Stage};
use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring};
use serde_json::{Value as Json, json};

use crate::packaging::{component, count, message, refused, signed, trust};

/// What a server says, by path; of what is not there that it is not.
pub(crate) type Answers = BTreeMap<String, Vec<u8>>;

/// Serves answers as they are, a connection each, for as long as the test's process lives.
fn serve(answers: Answers) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever asked may be gone.
            let _ = answer(&answers, &stream);
        }
    });
    address
}

/// Serves answers over TLS, as a server that `name` belongs to; its certificate, too, which is signed by itself.
pub(crate) fn serve_privately(answers: Answers, name: &str) -> (SocketAddr, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("it is a name");
    let certificate = made.cert.pem();
    let key = made.signing_key.serialize_der().try_into().expect("it is a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.into()], key)
        .expect("the key is that of the certificate");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("it is configured");
            let mut stream = StreamOwned::new(connection, stream);
            // Whoever asked may be gone, or not believe the certificate.
            if answer(&answers, &mut stream).is_ok() {
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (address, certificate)
}

fn answer(answers: &Answers, mut stream: impl Read + Write) -> std::io::Result<()> {
    let mut lines = BufReader::new(&mut stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let none = response("404 Not Found", &[], b"");
    stream.write_all(answers.get(&path).unwrap_or(&none))
}

pub(crate) fn response(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let length = format!("content-length: {}", body.len());
    announced(status, &[headers, &[&length]].concat(), body)
}

/// A response whose headers may say anything of its body.
fn announced(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let headers: String = headers.iter().map(|it| format!("{it}\r\n")).collect();
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn install(address: &str) -> [&str; 4] {
    ["skill", "install", address, "--plain-http"]
}

#[test]
fn what_nobody_signed_is_held_where_it_comes_from_elsewhere() {
    let Some(stage) = Stage::new() else { return };
    let (one, two) = (component("1.0.0", &[], 1), component("1.1.0", &[], 2));
    signed(&stage, "acme", "two.wasm", &two);
    trust(&stage, "acme", "acme:*");
    let signature = std::fs::read(stage.path("two.wasm.minisig")).expect("it is signed");
    let server = serve(Answers::from([
        ("/one.wasm".to_owned(), response("200 OK", &[], &one)),
        ("/two.wasm".to_owned(), response("200 OK", &[], &two)),
        ("/two.wasm.minisig".to_owned(), response("200 OK", &[], &signature)),
    ]));
    let (one_at, two_at) =
        (format!("http://{server}/one.wasm"), format!("http://{server}/two.wasm"));
    let error = refused(&stage, &install(&one_at), 7);
    assert!(message(&error).contains("it is not signed"), "{error}");
    // Whoever names the content knows it.
    let pin = format!("blake3:{}", voyager_base::Digest::of(&one));
    stage.answer([&install(&one_at)[..], &["--hash", &pin]].concat());
    assert_eq!(count(&stage), 1);
    let done = stage.answer(install(&two_at));
    assert_eq!(done["skills"][0]["signer"]["name"], "acme", "{done}");
    assert_eq!(done["skills"][0]["source"], two_at, "{done}");
    assert_eq!(count(&stage), 2);
    // Without the signature it is another signer's.
    stage.answer(["skill", "remove", "spelling"]);
    stage.answer(["skill", "trust", "unsigned", "deny"]);
    refused(&stage, &install(&one_at), 4);
}

#[test]
fn a_download_that_is_cut_or_lies_installs_nothing() {
    let Some(stage) = Stage::new() else { return };
    let whole = component("1.0.0", &[], 1);
    let longer = format!("content-length: {}", whole.len() + 1);
    let shorter = format!("content-length: {}", whole.len() / 2);
    let huge = format!("content-length: {}", 33 << 20);
    let endless = vec![0; (32 << 20) + 1];
    let server = serve(Answers::from([
        ("/cut.wasm".to_owned(), announced("200 OK", &[&longer], &whole)),
        ("/short.wasm".to_owned(), announced("200 OK", &[&shorter], &whole)),
        ("/huge.wasm".to_owned(), announced("200 OK", &[&huge], &whole)),
        ("/endless.wasm".to_owned(), announced("200 OK", &[], &endless)),
        ("/away.wasm".to_owned(), response("302 Found", &["location: http://192.0.2.1/x"], b"")),
        ("/round.wasm".to_owned(), response("302 Found", &["location: /round.wasm"], b"")),
        ("/broken.wasm".to_owned(), response("500 No", &[], b"")),
    ]));
    for name in ["cut", "short", "huge", "endless", "away", "round", "broken", "none"] {
        let address = format!("http://{server}/{name}.wasm");
        refused(&stage, &install(&address), 5);
    }
    let listed = stage.answer(["skill", "list"]);
    assert_eq!((&listed["installed"], &listed["held"]), (&json!([]), &json!([])), "{listed}");
}

#[test]
fn a_server_has_to_prove_its_name() {
    let Some(stage) = Stage::new() else { return };
    let content = component("1.0.0", &[], 1);
    let pin = format!("blake3:{}", voyager_base::Digest::of(&content));
    let answers = Answers::from([("/one.wasm".to_owned(), response("200 OK", &[], &content))]);
    // Certificates that the machine trusts: those of a file, as OpenSSL and rustls read it.
    let install = |server: SocketAddr, trusted: &str| {
        let file = stage.write("trusted.pem", trusted);
        let address = format!("https://{server}/one.wasm");
        let mut command = stage.command(["skill", "install", &address, "--hash", &pin, "--json"]);
        command.env("SSL_CERT_FILE", file).env_remove("SSL_CERT_DIR");
        Ended::from(command.output().expect("the program starts"))
    };
    let (server, its_own) = serve_privately(answers.clone(), "127.0.0.1");
    let (_, of_another) = serve_privately(Answers::new(), "127.0.0.1");
    let (misnamed, its_name) = serve_privately(answers, "skills.example.org");
    for (server, trusted) in [(server, &of_another), (misnamed, &its_name)] {
        let ended = install(server, trusted);
        assert_eq!(ended.code, Some(5), "{ended:?}");
        assert!(format!("{ended:?}").contains("certificate"), "{ended:?}");
        assert_eq!(stage.answer(["skill", "list"])["installed"], json!([]));
    }
    let ended = install(server, &its_own);
    assert_eq!((ended.code, count(&stage)), (Some(0), json!(1)), "{ended:?}");
}

#[test]
fn addresses_without_encryption_are_not_asked() {
    let Some(stage) = Stage::new() else { return };
    for (address, flag) in [
        ("http://127.0.0.1:1/x.wasm", "--keep"),
        ("http://192.0.2.1/x.wasm", "--plain-http"),
        ("oci://192.0.2.1/x:1", "--plain-http"),
        ("ftp://127.0.0.1/x.wasm", "--plain-http"),
        ("https://", "--keep"),
        ("oci://../x", "--keep"),
    ] {
        refused(&stage, &["skill", "install", address, flag], 2);
    }
}

/// A registry with one component under `acme/spelling:1`, whose blob may be another one.
fn registry(content: &[u8], given: &[u8], media: &str) -> SocketAddr {
    let digest = |bytes: &[u8]| format!("sha256:{}", sha256(bytes));
    let config = b"{}".as_slice();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.wasm.config.v0+json",
            "digest": digest(config),
            "size": config.len(),
        },
        "layers": [{ "mediaType": media, "digest": digest(content), "size": content.len() }],
    });
    let manifest = manifest.to_string().into_bytes();
    let about = "content-type: application/vnd.oci.image.manifest.v1+json";
    serve(Answers::from([
        ("/v2/".to_owned(), response("200 OK", &[], b"{}")),
        ("/v2/acme/spelling/manifests/1".to_owned(), response("200 OK", &[about], &manifest)),
        (format!("/v2/acme/spelling/blobs/{}", digest(content)), response("200 OK", &[], given)),
    ]))
}

fn sha256(bytes: &[u8]) -> String {
    voyager_package::sha256(bytes)
}

#[test]
fn a_registry_that_gives_another_content_is_not_believed() {
    let Some(stage) = Stage::new() else { return };
    let (right, wrong) = (component("1.0.0", &[], 1), component("1.0.0", &[PROCESS], 2));
    let wasm = "application/wasm";
    for (given, media) in [
        (wrong.as_slice(), wasm),
        (&right[..right.len() - 1], wasm),
        (&[right.as_slice(), b"more"].concat(), wasm),
        (&right, "application/vnd.oci.image.layer.v1.tar+gzip"),
    ] {
        let server = registry(&right, given, media);
        refused(&stage, &install(&format!("oci://{server}/acme/spelling:1")), 5);
    }
    let server = registry(&right, &right, wasm);
    let address = format!("oci://{server}/acme/spelling:1");
    let error = refused(&stage, &install(&address), 7);
    assert!(message(&error).contains("it is not signed"), "{error}");
    refused(&stage, &install(&format!("oci://{server}/acme/spelling:2")), 5);
    stage.answer(["skill", "approve", "spelling"]);
    let listed = stage.answer(["skill", "list"]);
    assert_eq!(listed["installed"][0]["source"], address.as_str(), "{listed}");
}

#[test]
fn what_is_fetched_from_this_machine_goes_through_no_proxy() {
    let Some(stage) = Stage::new() else { return };
    let one = component("1.0.0", &[], 1);
    let pages = serve(Answers::from([("/one.wasm".to_owned(), response("200 OK", &[], &one))]));
    let registry = registry(&one, &one, "application/wasm");
    // It knows nothing.
    let proxy = serve(Answers::new());
    let addresses =
        [format!("http://{pages}/one.wasm"), format!("oci://{registry}/acme/spelling:1")];
    for address in addresses {
        let mut command = stage.command(install(&address));
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            command.env(name, format!("http://{proxy}"));
        }
        command.env_remove("NO_PROXY").env_remove("no_proxy");
        let ended = Ended::from(command.output().expect("it starts"));
        // It was fetched, and waits since nobody signed it.
        assert!(ended.code == Some(7) && ended.err.contains("it is not signed"), "{ended:?}");
    }
}

const PROCESS: &str = "voyager:process/process@0.1.0";

/// The registry that Debian packages, which does not outlive the test.
struct Registry {
    child: Child,
    address: String,
}

impl Registry {
    /// Starts it with a folder of its own; none, with a word on standard error, where it is not there.
    fn start(folder: &Path) -> Option<Self> {
        let config = folder.join("registry.yml");
        let storage = folder.join("registry");
        let text = format!(
            "version: 0.1\nlog: {{ level: info }}\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\n\
             http: {{ addr: \"127.0.0.1:0\" }}\n",
            storage.display()
        );
        std::fs::write(&config, text).expect("files can be written");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            eprintln!("skipped: there is no `docker-registry` (Debian has a package of that name)");
            return None;
        };
        let lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let mut lines = lines.map_while(Result::ok);
        let begins = "listening on ";
        let line = lines.find(|it| it.contains(begins)).expect("it says where it listens");
        let address = line.split(begins).nth(1).unwrap_or_default();
        let address: String =
            address.chars().take_while(|it| !it.is_whitespace() && *it != '"').collect();
        // What it says later must go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, address })
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_real_registry_takes_a_skill_and_gives_it_back() {
    let Some(stage) = Stage::new() else { return };
    let Some(registry) = Registry::start(&stage.path("")) else { return };
    let one = component("1.0.0", &[], 1);
    signed(&stage, "acme", "one.wasm", &one);
    trust(&stage, "acme", "acme:*");
    let address = format!("oci://{}/acme/spelling:1.0.0", registry.address);
    let push = |file: &str, address: &str| -> Json {
        stage.answer(["skill", "push", file, address, "--plain-http"])
    };
    let pushed = push("one.wasm", &address);
    assert_eq!(pushed["signed"], true, "{pushed}");
    let done = stage.answer(install(&address));
    let record = &done["skills"][0];
    assert_eq!(record["manifest"], pushed["manifest"], "{done}");
    assert_eq!(record["signer"]["name"], "acme", "{done}");
    assert_eq!(record["sha256"], sha256(&one), "{done}");
    assert_eq!(count(&stage), 1);
    // By the digest of its manifest it is the same, whatever becomes of the tag.
    let digest = pushed["manifest"].as_str().expect("a digest");
    let by_digest = format!("oci://{}/acme/spelling@{digest}", registry.address);
    assert_eq!(stage.answer(install(&by_digest))["skills"][0]["outcome"], "unchanged");
    // Another content under the same name and version waits, though it is signed.
    signed(&stage, "acme", "other.wasm", &component("1.0.0", &[], 2));
    push("other.wasm", &address);
    let error = refused(&stage, &install(&address), 7);
    assert!(message(&error).contains("another content"), "{error}");
    assert_eq!(count(&stage), 1);
    refused(&stage, &["skill", "push", "one.wasm", "one.wasm"], 5);
}
