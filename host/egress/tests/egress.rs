//! The way out, with servers on this machine and names that say what a test wants.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use voyager_base::{
    BoxFuture, Error, ErrorKind,
    call::CallContext,
    grant::{GrantLayer, Grants},
    http::{HttpGrant, HttpRequest, HttpResponse, HttpService, METHODS, parse_range},
    secret::{Secret, Secrets},
    sim::asking,
};
use voyager_egress::{Egress, EgressOptions, Resolver, Roots};

/// Names of a test: each look at one takes the next of its answers, the last again and again.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<BTreeMap<String, VecDeque<Vec<IpAddr>>>>>, Arc<Mutex<u32>>);

impl Names {
    fn with(self, name: &str, answers: &[&[&str]]) -> Self {
        let parse = |all: &&[&str]| all.iter().map(|it| it.parse().unwrap()).collect();
        self.0.lock().unwrap().insert(name.to_owned(), answers.iter().map(parse).collect());
        self
    }

    fn looks(&self) -> u32 {
        *self.1.lock().unwrap()
    }
}

impl Resolver for Names {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        *self.1.lock().unwrap() += 1;
        let mut names = self.0.lock().unwrap();
        let answer = names.get_mut(name).map(|answers| match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap_or_default(),
        });
        let unknown = || io::Error::other("Name or service not known");
        Box::pin(async move { answer.ok_or_else(unknown) })
    }
}

/// A server that answers each connection with the next text, and keeps what it was asked.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn saying(answers: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (answers, kept) = (answers.to_vec(), Arc::clone(&asked));
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let question = read_question(&mut stream).await;
                kept.lock().unwrap().push(question);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { address, asked }
    }

    async fn ok(body: &str) -> Self {
        Self::saying(&[answer("200 OK", "", body)]).await
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Its origin under a name.
    fn at(&self, name: &str) -> String {
        format!("http://{name}:{}", self.address.port())
    }
}

async fn read_question(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    let mut question = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = stream.read(&mut piece).await.unwrap_or(0);
        question.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&question).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let expected = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |it| it.parse::<usize>().unwrap());
            if expected <= body.len() {
                return text;
            }
        }
        if length == 0 {
            return text;
        }
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

fn grant(host: &str, private: &[&str]) -> HttpGrant {
    HttpGrant {
        host: host.parse().unwrap(),
        methods: METHODS.map(str::to_owned).to_vec(),
        private: private.iter().map(|it| parse_range(it).unwrap()).collect(),
        send_bytes_max: None,
        receive_bytes_max: None,
        time_max: None,
        secrets: BTreeMap::new(),
    }
}

fn context(http: Vec<HttpGrant>) -> CallContext {
    let layer = GrantLayer { source: "test".into(), http: Some(http), ..GrantLayer::default() };
    asking(Grants { layers: vec![Arc::new(layer)], ..Grants::default() })
}

fn egress(names: &Names) -> Egress {
    Egress::new(EgressOptions { resolver: Arc::new(names.clone()), ..EgressOptions::default() })
}

fn request(method: &str, url: &str, headers: &[(&str, &str)]) -> HttpRequest {
    let headers = headers.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    HttpRequest::new(method, url, headers, Vec::new()).unwrap()
}

async fn get(names: &Names, grants: Vec<HttpGrant>, url: &str) -> Result<HttpResponse, Error> {
    egress(names).exchange(&context(grants), request("GET", url, &[])).await
}

fn text(response: &HttpResponse) -> &str {
    std::str::from_utf8(&response.body).unwrap()
}

#[tokio::test]
async fn a_granted_server_answers() {
    let server = Server::saying(&[answer("404 Not Found", "X-Of: Server\r\n", "nothing")]).await;
    let names = Names::default().with("a.test", &[&["127.0.0.1"]]);
    let grants = vec![grant(&server.at("a.test"), &["127.0.0.1"])];
    let url = format!("{}/a%20b?c=d#e", server.at("a.test"));
    let response = get(&names, grants, &url).await.unwrap();
    assert_eq!((response.status, text(&response)), (404, "nothing"));
    assert_eq!(response.headers[0], ("x-of".to_owned(), "Server".to_owned()));
    let asked = server.asked().remove(0).to_lowercase();
    let host = format!("host: a.test:{}\r\n", server.address.port());
    assert!(asked.starts_with("get /a%20b?c=d http/1.1\r\n"), "{asked}");
    assert!(asked.contains(&host) && asked.contains("user-agent: voyager/"), "{asked}");
}

#[tokio::test]
async fn what_is_no_public_address_is_refused_in_every_form() {
    let names = Names::default();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::127.0.0.1]",
        "10.0.0.1",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "100.64.0.1",
        "0.0.0.0",
        "0",
        "[::]",
        "192.168.1.1",
        "224.0.0.1",
        "255.255.255.255",
        "[fe80::1]",
        "[ff02::1]",
        "\u{ff11}27.0.0.1",
        "127\u{3002}0\u{3002}0\u{3002}1",
    ] {
        let url = format!("http://{host}/latest/meta-data");
        let error =
            get(&names, vec![grant(&format!("http://{host}"), &[])], &url).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied, "{host}: {error}");
    }
    assert_eq!(names.looks(), 0);
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused() {
    let names = Names::default().with("a.test", &[&["10.0.0.1", "::1"]]).with("empty.test", &[&[]]);
    let error = get(&names, vec![grant("a.test", &[])], "https://a.test/").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert_eq!(error.bound.as_deref(), Some("private: [\"10.0.0.1\"]"));
    for name in ["empty.test", "unknown.test"] {
        let url = format!("https://{name}/");
        let error = get(&names, vec![grant(name, &[])], &url).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{name}");
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_what_was_checked_is_dialled() {
    let server = Server::ok("checked").await;
    // The second look would lead where nobody granted.
    let names = Names::default().with("a.test", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let grants = vec![grant(&server.at("a.test"), &["127.0.0.1"])];
    let response = get(&names, grants.clone(), &server.at("a.test")).await.unwrap();
    assert_eq!((text(&response), names.looks()), ("checked", 1));
    let error = get(&names, grants, &server.at("a.test")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
}

#[tokio::test]
async fn of_several_addresses_only_the_allowed_ones_are_dialled() {
    let server = Server::ok("the third").await;
    let addresses: &[&str] = &["10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"];
    let names = Names::default().with("a.test", &[addresses]);
    let grants = vec![grant(&server.at("a.test"), &["127.0.0.0/8"])];
    let response = get(&names, grants, &server.at("a.test")).await.unwrap();
    assert_eq!(text(&response), "the third");
}

#[tokio::test]
async fn each_redirect_is_checked_like_a_request_of_its_own() {
    let end = Server::ok("the end").await;
    let names = Names::default()
        .with("a.test", &[&["127.0.0.1"]])
        .with("b.test", &[&["127.0.0.1"]])
        .with("private.test", &[&["192.168.0.1"]]);
    let lead = async |to: &str| {
        let location = format!("Location: {to}\r\n");
        let server = Server::saying(&[answer("302 Found", &location, "")]).await;
        let grants = vec![
            grant(&server.at("a.test"), &["127.0.0.1"]),
            grant(&end.at("b.test"), &["127.0.0.1"]),
            grant("http://private.test", &["127.0.0.1"]),
            grant("http://169.254.169.254", &[]),
        ];
        get(&names, grants, &server.at("a.test")).await
    };
    let response = lead(&format!("{}/x", end.at("b.test"))).await.unwrap();
    assert_eq!(response.url, format!("{}/x", end.at("b.test")));
    for to in [
        "http://169.254.169.254/latest",
        "http://private.test/",
        "//169.254.169.254/",
        "https://b.test/",
        "http://nobody.test/",
    ] {
        let error = lead(to).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied, "{to}: {error}");
    }
    for to in ["file:///etc/passwd", "http://user@b.test/", "http://"] {
        let error = lead(to).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{to}: {error}");
    }
}

#[tokio::test]
async fn redirects_have_an_end() {
    let names = Names::default().with("a.test", &[&["127.0.0.1"]]);
    let again = answer("301 Moved", "Location: /again\r\n", "");
    let server = Server::saying(&vec![again; 20]).await;
    let grants = vec![grant(&server.at("a.test"), &["127.0.0.1"])];
    let mut endless = request("GET", &server.at("a.test"), &[]);
    for (most, asked) in [(0, 1), (2, 4), (99, 15)] {
        endless.redirects_max = most;
        let response = egress(&names).exchange(&context(grants.clone()), endless.clone()).await;
        assert_eq!((response.unwrap().status, server.asked().len()), (301, asked));
    }
}

fn with_secret(mut context: CallContext, text: &str) -> CallContext {
    let secret = Secret::new(text).unwrap();
    context.secrets = Secrets::new(BTreeMap::from([("token".to_owned(), secret)]), BTreeSet::new());
    context
}

fn holding(mut grant: HttpGrant) -> HttpGrant {
    grant.secrets = BTreeMap::from([("key".to_owned(), "token".to_owned())]);
    grant
}

#[tokio::test]
async fn a_secret_goes_to_the_host_of_its_grant_and_no_redirect_carries_it_on() {
    let names =
        Names::default().with("a.test", &[&["127.0.0.1"]]).with("b.test", &[&["127.0.0.1"]]);
    let end = Server::ok("the end").await;
    let location = format!("Location: {}\r\n", end.at("b.test"));
    let begin = Server::saying(&[answer("307 There", &location, "")]).await;
    let grants = vec![
        holding(grant(&begin.at("a.test"), &["127.0.0.1"])),
        // Even where the other host has a grant of the same secret.
        holding(grant(&end.at("b.test"), &["127.0.0.1"])),
    ];
    let context = with_secret(context(grants), "hush-hush");
    let headers =
        [("x-key", "Bearer ${secrets.key}"), ("authorization", "Basic abc"), ("x-own", "kept")];
    let asks = request("GET", &begin.at("a.test"), &headers);
    egress(&names).exchange(&context, asks).await.unwrap();
    let (begin, end) = (begin.asked().remove(0), end.asked().remove(0));
    assert!(begin.contains("x-key: Bearer hush-hush\r\n"), "{begin}");
    assert!(begin.contains("authorization: Basic abc\r\n"), "{begin}");
    assert!(
        !end.contains("hush") && !end.contains("Basic") && end.contains("x-own: kept"),
        "{end}"
    );
}

#[tokio::test]
async fn a_secret_goes_to_no_other_host_and_never_in_plain_beyond_this_machine() {
    let names = Names::default().with("a.test", &[&["10.255.255.1"]]);
    let headers = [("x-key", "${secrets.key}")];
    for grants in [
        vec![grant("https://a.test", &["10.0.0.0/8"])],
        vec![holding(grant("https://*.test", &["10.0.0.0/8"]))],
        vec![grant("https://a.test", &["10.0.0.0/8"]), holding(grant("https://b.test", &[]))],
    ] {
        let context = with_secret(context(grants), "hush-hush");
        let asks = request("GET", "https://a.test/", &headers);
        let error = egress(&names).exchange(&context, asks).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied, "{error}");
        assert_eq!(names.looks(), 0);
    }
    let grants = vec![holding(grant("http://a.test", &["10.0.0.0/8"]))];
    let given = with_secret(context(grants.clone()), "hush-hush");
    let asks = request("GET", "http://a.test/", &headers);
    let error = egress(&names).exchange(&given, asks.clone()).await.unwrap_err();
    assert!(error.message.contains("`https` alone"), "{error}");
    // A run that was given none.
    let error = egress(&names).exchange(&context(grants.clone()), asks.clone()).await.unwrap_err();
    assert!(error.message.contains("was given no secret"), "{error}");
    let lines = with_secret(context(grants), "hush-hush\r\nhost: b.test");
    let error = egress(&names).exchange(&lines, asks).await.unwrap_err();
    assert_eq!((error.kind, error.message.contains("hush")), (ErrorKind::Invalid, false));
}

#[tokio::test]
async fn what_may_change_something_carries_a_key_and_follows_nobody() {
    let names = Names::default().with("a.test", &[&["127.0.0.1"]]);
    let moved = answer("307 There", "Location: /again\r\n", "moved");
    let server = Server::saying(&[moved.clone(), moved]).await;
    let grants = vec![grant(&server.at("a.test"), &["127.0.0.1"])];
    let mut asks = request("POST", &server.at("a.test"), &[]);
    asks.body = b"{}".to_vec().into();
    let context = context(grants);
    let response = egress(&names).exchange(&context, asks).await.unwrap();
    assert_eq!((response.status, text(&response)), (307, "moved"));
    let own = request("POST", &server.at("a.test"), &[("Idempotency-Key", "mine")]);
    egress(&names).exchange(&context, own).await.unwrap();
    let asked = server.asked();
    let key = format!("idempotency-key: {}\r\n", context.idempotency_key);
    assert!(asked[0].contains(&key) && asked[0].ends_with("\r\n\r\n{}"), "{}", asked[0]);
    assert!(asked[1].contains("idempotency-key: mine\r\n"), "{}", asked[1]);
    assert!(!asked[1].contains(&key), "{}", asked[1]);
}

#[tokio::test]
async fn what_was_sent_and_not_answered_is_unknown() {
    let names = Names::default().with("a.test", &[&["127.0.0.1"]]);
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this".to_owned();
    let server = Server::saying(&[cut.clone(), cut]).await;
    let grants = vec![grant(&server.at("a.test"), &["127.0.0.1"])];
    for (method, kind) in [("POST", ErrorKind::UnknownEffect), ("GET", ErrorKind::Unavailable)] {
        let asks = request(method, &server.at("a.test"), &[]);
        let error = egress(&names).exchange(&context(grants.clone()), asks).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
    // Nobody listens any more: nothing was sent.
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://a.test:{}/", nobody.port());
    let grants = vec![grant(&url[..url.len() - 1], &["127.0.0.1"])];
    let asks = request("POST", &url, &[]);
    let error = egress(&names).exchange(&context(grants), asks).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn bodies_are_bounded_in_both_directions() {
    let names = Names::default().with("a.test", &[&["127.0.0.1"]]);
    let told = answer("200 OK", "", "12345");
    let untold =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n123\r\n2\r\n45\r\n0\r\n\r\n";
    let server = Server::saying(&[told.clone(), untold.to_owned(), told]).await;
    let with = |most| {
        let mut own = grant(&server.at("a.test"), &["127.0.0.1"]);
        own.receive_bytes_max = Some(most);
        own.send_bytes_max = Some(2);
        vec![own]
    };
    for _ in 0..2 {
        let error = get(&names, with(4), &server.at("a.test")).await.unwrap_err();
        assert_eq!(error.bound.as_deref(), Some("receive: 4"), "{error}");
    }
    assert_eq!(text(&get(&names, with(5), &server.at("a.test")).await.unwrap()), "12345");
    let mut large = request("POST", &server.at("a.test"), &[]);
    large.body = b"123".to_vec().into();
    let error = egress(&names).exchange(&context(with(4)), large).await.unwrap_err();
    assert_eq!(error.bound.as_deref(), Some("send: 2"), "{error}");
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn headers_of_an_answer_are_bounded() {
    let names = Names::default().with("a.test", &[&["127.0.0.1"]]);
    let many = "x: y\r\n".repeat(500);
    let long = format!("x: {}\r\n", "y".repeat(200 << 10));
    let server = Server::saying(&[answer("200 OK", &many, ""), answer("200 OK", &long, "")]).await;
    for _ in 0..2 {
        let grants = vec![grant(&server.at("a.test"), &["127.0.0.1"])];
        let error = get(&names, grants, &server.at("a.test")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    }
}

/// A server that takes a question, and never ends its answer.
async fn silent(begin: &'static str) -> (SocketAddr, tokio::sync::oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_question(&mut stream).await;
        stream.write_all(begin.as_bytes()).await.unwrap();
        let _ = tell.send(());
        // Ends when the other side has gone.
        let _ = stream.read(&mut [0]).await;
    });
    (address, told)
}

#[tokio::test]
async fn time_is_bounded_to_the_last_byte() {
    let names = Names::default().with("a.test", &[&["127.0.0.1"]]);
    for begin in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nslow"] {
        for (method, kind) in [("GET", ErrorKind::Timeout), ("PUT", ErrorKind::UnknownEffect)] {
            let (address, _) = silent(begin).await;
            let host = format!("http://a.test:{}", address.port());
            let mut own = grant(&host, &["127.0.0.1"]);
            own.time_max = Some(Duration::from_millis(100));
            let mut asks = request(method, &host, &[]);
            // More than is granted is not to be had.
            asks.time_max = Some(Duration::from_secs(3600));
            let error = egress(&names).exchange(&context(vec![own]), asks).await.unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
        }
    }
}

#[tokio::test]
async fn a_request_ends_when_nobody_wants_its_answer_any_more() {
    let names = Names::default().with("a.test", &[&["127.0.0.1"]]);
    for (method, kind) in [("GET", ErrorKind::Cancelled), ("PUT", ErrorKind::UnknownEffect)] {
        let (address, asked) = silent("").await;
        let host = format!("http://a.test:{}", address.port());
        let context = context(vec![grant(&host, &["127.0.0.1"])]);
        let cancellation = context.cancellation.clone();
        tokio::spawn(async move {
            asked.await.unwrap();
            cancellation.cancel();
        });
        let error = egress(&names).exchange(&context, request(method, &host, &[])).await;
        assert_eq!(error.unwrap_err().kind, kind);
    }
}

/// A server with a certificate for `a.test`, and the file with that certificate. It is made for these tests,
/// and good for a century.
async fn private() -> (SocketAddr, PathBuf) {
    use tokio_rustls::{
        TlsAcceptor,
        rustls::{
            ServerConfig,
            crypto::ring,
            pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        },
    };
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    let file = folder.join("server.pem");
    let certificate = CertificateDer::from_pem_file(&file).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let question = read_question(&mut stream).await;
            let key = question.contains("x-key: hush-hush\r\n");
            let body = if key { "with the key" } else { "without" };
            stream.write_all(answer("200 OK", "", body).as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    (address, file)
}

#[tokio::test]
async fn a_server_has_to_prove_its_name() {
    let (address, file) = private().await;
    let names =
        Names::default().with("a.test", &[&["127.0.0.1"]]).with("b.test", &[&["127.0.0.1"]]);
    let ask = async |name: &str, files: Vec<PathBuf>, machine| {
        let options = EgressOptions {
            resolver: Arc::new(names.clone()),
            roots: Roots { machine, files },
            ..EgressOptions::default()
        };
        let host = format!("{name}:{}", address.port());
        let grants = vec![holding(grant(&host, &["127.0.0.1"]))];
        let asks = request("GET", &format!("https://{host}/"), &[("x-key", "${secrets.key}")]);
        let context = with_secret(context(grants), "hush-hush");
        Egress::new(options).exchange(&context, asks).await
    };
    let response = ask("a.test", vec![file.clone()], false).await.unwrap();
    assert_eq!(text(&response), "with the key");
    for (name, files) in [("b.test", vec![file]), ("a.test", Vec::new())] {
        let error = ask(name, files, false).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{name}: {error}");
    }
}
