//! Attacks over the network: servers that are not granted, granted ones that lead elsewhere, and what is
//! smuggled into a request or a secret out of the host.

use super::Case;
use crate::{Ground, component};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = addresses();
    cases.extend(names());
    cases.extend(redirects());
    cases.extend(requests());
    cases.extend(answers());
    cases.extend(secrets());
    cases
}

/// The grant of the server that means no good, and careless ones of addresses and names.
pub(super) const SERVER: &str = concat!(
    "http: [ { host: \"http://server.test:18080\", methods: [GET, POST], private: [127.0.0.0/8] }, ",
    "{ host: \"http://169.254.169.254\" }, { host: \"http://private.test\", private: [127.0.0.0/8] } ]"
);

const CLASS: &str = "no address but a public one is dialled, unless `private` names it";
const REDIRECT: &str = "a redirect is checked like a request";
const HEADERS: &str = "headers are checked before anything is sent";

/// Addresses of the machine, its network and its provider, in all their forms.
fn addresses() -> Vec<Case> {
    const FORMS: &[(&str, &str)] = &[
        ("loopback", "127.0.0.1"),
        ("loopback-short", "127.1"),
        ("loopback-decimal", "2130706433"),
        ("loopback-hexadecimal", "0x7f000001"),
        ("loopback-octal", "0177.0.0.1"),
        ("loopback-full-width", "\u{ff11}\u{ff12}\u{ff17}.0.0.1"),
        ("loopback-ipv6", "[::1]"),
        ("loopback-mapped", "[::ffff:127.0.0.1]"),
        ("loopback-compatible", "[::127.0.0.1]"),
        ("loopback-nat64", "[64:ff9b::7f00:1]"),
        ("loopback-6to4", "[2002:7f00:1::]"),
        ("metadata", "169.254.169.254"),
        ("metadata-ipv6", "[fd00:ec2::254]"),
        ("metadata-mapped", "[::ffff:a9fe:a9fe]"),
        ("this-network", "0.0.0.0"),
        ("private-10", "10.0.0.1"),
        ("private-172", "172.16.0.1"),
        ("private-192", "192.168.0.1"),
        ("carrier", "100.64.0.1"),
        ("benchmarking", "198.18.0.1"),
        ("multicast", "224.0.0.1"),
        ("broadcast", "255.255.255.255"),
        ("unspecified-ipv6", "[::]"),
        ("link-local-ipv6", "[fe80::1]"),
        ("unique-local", "[fd12:3456::1]"),
        ("multicast-ipv6", "[ff02::1]"),
    ];
    let case = |(name, host): &(&str, &'static str)| {
        let host = *host;
        Case::call(
            format!("address-{name}"),
            format!("asks `http://{host}/`, which a careless grant names"),
            CLASS,
            "denied",
            move || ask(&[Ask { url: format!("http://{host}/"), ..Ask::default() }]),
        )
        .grants(&format!("http: [ {{ host: \"http://{host}\" }} ]"))
    };
    FORMS.iter().map(case).collect()
}

fn get(url: &str) -> Ask {
    Ask { url: url.to_owned(), ..Ask::default() }
}

fn case(
    name: &'static str,
    tries: &'static str,
    bound: &'static str,
    outcome: &'static str,
    asks: fn() -> Vec<Ask>,
) -> Case {
    Case::call(name, tries, bound, outcome, move || ask(&asks())).grants(SERVER)
}

fn names() -> Vec<Case> {
    vec![
        case(
            "server-ungranted",
            "asks a server that no grant names",
            "the grant",
            "denied",
            || vec![get("http://other.test:18080/")],
        ),
        case(
            "port-ungranted",
            "asks another port of a granted server",
            "the grant",
            "denied",
            || vec![get("http://server.test/")],
        ),
        case("method-ungranted", "sends `DELETE`", "the grant", "denied", || {
            vec![Ask { method: "DELETE", ..get("http://server.test:18080/") }]
        }),
        case(
            "name-at-a-private-address",
            "asks a name that leads to 10.0.0.1",
            CLASS,
            "denied",
            || vec![get("http://private.test/")],
        ),
        Case::call(
            "name-at-a-mapped-address",
            "asks a name that leads to `::ffff:169.254.169.254`",
            CLASS,
            "denied",
            || ask(&[get("http://mapped.test/")]),
        )
        .grants("http: [ { host: \"http://mapped.test\" } ]"),
        Case::call(
            "name-at-many-addresses",
            "asks a name that leads to `fd00::1`, `192.168.0.1` and `64:ff9b::a9fe:a9fe`",
            CLASS,
            "denied",
            || ask(&[get("http://several.test/")]),
        )
        .grants("http: [ { host: \"http://several.test\" } ]"),
        Case::call(
            "name-that-leads-elsewhere-later",
            "asks twice; the second look at the name leads to 169.254.169.254",
            "each look is checked, and what was checked is dialled",
            "denied",
            || ask(&[get("http://rebinding.test:18080/"), get("http://rebinding.test:18080/")]),
        )
        .grants("http: [ { host: \"http://rebinding.test:18080\", private: [127.0.0.0/8] } ]"),
        case(
            "url-with-a-user",
            "asks `http://server.test@other.test`",
            "a URL has no user",
            "invalid",
            || vec![get("http://server.test:18080@other.test:18080/")],
        ),
        case(
            "url-with-a-line-end",
            "puts a line end into a URL",
            "a URL has no control character",
            "invalid",
            || vec![get("http://server.test:18080/\\0d\\0ahost: other.test")],
        ),
        case(
            "url-of-a-file",
            "asks `file:///etc/passwd`",
            "`https` and `http` alone",
            "invalid",
            || vec![get("file:///etc/passwd")],
        ),
        case("method-of-a-tunnel", "sends `CONNECT`", "seven methods", "invalid", || {
            vec![Ask { method: "CONNECT", ..get("http://server.test:18080/") }]
        }),
        case(
            "method-with-a-line-end",
            "puts a line end into a method",
            "seven methods",
            "invalid",
            || vec![Ask { method: "GET / HTTP/1.1\\0d\\0a", ..get("http://server.test:18080/") }],
        ),
    ]
}

fn redirects() -> Vec<Case> {
    vec![
        case(
            "redirect-to-the-metadata",
            "is led to 169.254.169.254, which a careless grant names",
            REDIRECT,
            "denied",
            || vec![get("http://server.test:18080/to?http://169.254.169.254/latest/meta-data")],
        ),
        case(
            "redirect-to-a-private-name",
            "is led to a name at 10.0.0.1",
            REDIRECT,
            "denied",
            || vec![get("http://server.test:18080/to?http://private.test/")],
        ),
        case(
            "redirect-to-another-server",
            "is led to an ungranted server",
            REDIRECT,
            "denied",
            || vec![get("http://server.test:18080/to?http://other.test:18080/")],
        ),
        case("redirect-to-a-file", "is led to `file:///etc/passwd`", REDIRECT, "invalid", || {
            vec![get("http://server.test:18080/to?file:///etc/passwd")]
        }),
        case(
            "redirect-for-ever",
            "is led to the same again and again",
            "5 redirects",
            "gives 302",
            || vec![get("http://server.test:18080/to?/to?/to?/to?/to?/to?/to?/to?/to?/to")],
        )
        // The server cuts the first `?` only, so each answer leads one further.
        .grants(SERVER),
        case(
            "redirect-of-a-change",
            "has a `POST` led on",
            "what may change something follows nobody",
            "gives 307",
            || {
                let url = "http://server.test:18080/keep?http://169.254.169.254/";
                vec![Ask { method: "POST", ..get(url) }]
            },
        ),
    ]
}

fn requests() -> Vec<Case> {
    let header = |name, tries, header: fn() -> (&'static str, &'static str)| {
        Case::call(name, tries, HEADERS, "invalid", move || {
            let (name, value) = header();
            ask(&[Ask { header: Some((name, value)), ..get("http://server.test:18080/echo") }])
        })
        .grants(SERVER)
    };
    vec![
        header("header-with-a-line-end", "begins another header in a value", || {
            ("x", "1\\0d\\0ahost: other.test")
        }),
        header("header-with-a-request", "begins another request in a value", || {
            ("x", "1\\0d\\0a\\0d\\0aGET /other HTTP/1.1\\0d\\0a")
        }),
        header("header-with-a-nul", "puts a NUL into a value", || ("x", "1\\00")),
        header("header-name-with-a-line-end", "begins another header in a name", || ("x\\0d\\0ay", "1")),
        header("header-name-with-a-colon", "puts a colon into a name", || ("x: y", "1")),
        header("header-of-the-host", "says another host", || ("Host", "other.test")),
        header("header-of-the-length", "says another length", || ("Content-Length", "0")),
        header("header-of-the-encoding", "says another framing", || ("Transfer-Encoding", "chunked")),
        header("header-of-the-connection", "has headers dropped on the way", || ("Connection", "host")),
        header("header-with-half-a-placeholder", "leaves a placeholder open", || ("x", "${secrets.")),
        case("body-too-large", "sends 2,000 bytes where 1,000 are granted", "`send` of the grant", "limit send: 1000", || {
            vec![Ask { method: "POST", body: 2_000, ..get("http://server.test:18080/echo") }]
        })
        .grants("http: [ { host: \"http://server.test:18080\", methods: [POST], private: [127.0.0.0/8], send: 1000B } ]"),
    ]
}

fn answers() -> Vec<Case> {
    const LITTLE: &str = "http: [ { host: \"http://server.test:18080\", methods: [GET, POST], private: [127.0.0.0/8], receive: 1000B, time: 200ms } ]";
    const LARGE: &str =
        "http: [ { host: \"http://server.test:18080\", private: [127.0.0.0/8], receive: 64MiB } ]";
    vec![
        case(
            "body-without-end",
            "is sent a body without end",
            "`receive` of the grant",
            "limit receive: 1000",
            || vec![get("http://server.test:18080/endless")],
        )
        .grants(LITTLE),
        case(
            "body-that-claims-much",
            "is told of a terabyte",
            "`receive` of the grant",
            "limit receive: 1000",
            || vec![get("http://server.test:18080/claims")],
        )
        .grants(LITTLE),
        case(
            "headers-without-end",
            "is sent headers without end",
            "64 KiB of headers",
            "unavailable",
            || vec![get("http://server.test:18080/headers")],
        ),
        case(
            "answer-of-another-protocol",
            "is greeted by another protocol",
            "it is no answer",
            "unavailable",
            || vec![get("http://server.test:18080/garbage")],
        ),
        case(
            "answer-with-two-lengths",
            "is told two lengths",
            "the chunks count",
            "gives 200",
            || vec![get("http://server.test:18080/smuggled")],
        ),
        case(
            "answer-with-trailers",
            "is led elsewhere by a trailer",
            "trailers are dropped",
            "gives 200",
            || vec![get("http://server.test:18080/trailers")],
        ),
        case(
            "body-that-is-slow",
            "is sent a body that never ends",
            "`time` of the grant",
            "timeout time: 200 ms",
            || vec![get("http://server.test:18080/slow")],
        )
        .grants(LITTLE),
        case(
            "server-that-is-silent",
            "gets no answer",
            "`time` of the grant",
            "timeout time: 200 ms",
            || vec![get("http://server.test:18080/silent")],
        )
        .grants(LITTLE),
        case(
            "change-that-is-not-answered",
            "sends a `POST` that gets no answer",
            "nobody can tell whether it was done",
            "unknown-effect",
            || vec![Ask { method: "POST", ..get("http://server.test:18080/silent") }],
        )
        .grants(LITTLE),
        case(
            "change-that-is-answered-by-half",
            "sends a `POST` whose answer is cut",
            "nobody can tell whether it was done",
            "unknown-effect",
            || vec![Ask { method: "POST", ..get("http://server.test:18080/cut") }],
        ),
        case(
            "time-up-within-a-request",
            "waits for a server until its own time is up",
            "`time` 300 ms",
            "timeout time: 300ms",
            || vec![get("http://server.test:18080/silent")],
        )
        .limits("time: 300ms"),
        case(
            "answers-that-are-kept",
            "holds three answers of 33 MiB, and takes none",
            "64 MiB of answers in hand",
            "limit held-bytes: 67108864",
            || vec![get("http://server.test:18080/large"); 3],
        )
        .grants(LARGE),
    ]
}

/// A secret that is granted to one server.
fn secrets() -> Vec<Case> {
    let scene =
        |name, tries, bound, outcome, scene| Case::scene(name, tries, bound, outcome, scene);
    vec![
        scene(
            "secret-comes-back",
            "has the server send the secret back",
            "what is answered is scrubbed",
            "gives \"***\"",
            |arena| Box::pin(async move { with_secret(&arena, "/echo", echo).await }),
        ),
        scene(
            "secret-in-the-log",
            "has the server send the secret back, and logs what came",
            "what is answered is scrubbed, so nothing of it can be told",
            "1 lines: \"***\"",
            |arena| {
                Box::pin(async move {
                    let ended = with_secret(&arena, "/echo", tell).await;
                    let lines = arena.lines();
                    match lines.first {
                        _ if ended != "gives \"***\"" => ended,
                        told if told.contains(crate::arena::TOKEN) => format!("logged: {told}"),
                        told if told.contains("x-key: ***") => {
                            format!("{} lines: \"***\"", lines.count)
                        }
                        told => format!("logged: {told}"),
                    }
                })
            },
        ),
        scene(
            "secret-to-another-server",
            "has a redirect carry the secret to another granted server",
            "a redirect to another origin carries no secret",
            "gives \"nothing\"",
            |arena| {
                Box::pin(async move {
                    with_secret(&arena, "/to?http://other.test:18080/echo", echo).await
                })
            },
        ),
        case(
            "secret-of-nobody",
            "writes a placeholder for a secret that the server has not",
            "`secrets` of the grant",
            "denied",
            || {
                let header = Some(("x", "${secrets.key}"));
                vec![Ask { header, ..get("http://server.test:18080/echo") }]
            },
        ),
    ]
}

/// Has a component ask with a secret in a header, and says what of it the answer holds.
async fn with_secret(arena: &crate::Arena, path: &str, component: fn(&[Ask]) -> Vec<u8>) -> String {
    let asks = [Ask {
        header: Some(("x-key", "${secrets.key}")),
        ..get(&format!("http://server.test:18080{path}"))
    }];
    let text = "\
inputs: { repo: { type: path }, token: { type: secret } }
grants:
  http:
    - { host: \"http://server.test:18080\", private: [127.0.0.0/8], secrets: { key: { secret: inputs.token } } }
    - { host: \"http://other.test:18080\", private: [127.0.0.0/8], secrets: { key: { secret: inputs.token } } }
steps:
  - { id: attack, use: hostile/f }
outputs: { answer: { from: steps.attack } }
";
    let ground = Ground::new();
    let told = arena.play(&[component(&asks)], text, &ground).await;
    match told {
        told if told.contains(crate::arena::TOKEN) => format!("the secret came back: {told}"),
        told if told.contains("x-key: ***") => "gives \"***\"".to_owned(),
        told if told.starts_with("gives \"GET ") && !told.contains("x-key") => {
            "gives \"nothing\"".to_owned()
        }
        told => told,
    }
}

/// One request.
#[derive(Clone)]
struct Ask {
    method: &'static str,
    url: String,
    header: Option<(&'static str, &'static str)>,
    /// Bytes of the body.
    body: usize,
}

impl Default for Ask {
    fn default() -> Self {
        Self { method: "GET", url: String::new(), header: None, body: 0 }
    }
}

/// A component that sends requests one after the other, and gives back the status of the last answer.
fn ask(asks: &[Ask]) -> Vec<u8> {
    let end = "(i32.store (i32.const 520) (i32.load16_u (i32.const 520)))";
    asking(asks, "u32", end)
}

/// Takes the first 1,000 bytes of the body as the result.
const BODY: &str = "(call $body (i32.load (i32.const 540)) (i32.const 1000) (i32.const 640))
    (i32.store (i32.const 520) (i32.load (i32.const 640)))
    (i32.store (i32.const 524) (i32.load (i32.const 644)))";

/// The same, and it gives back the body as a text.
fn echo(asks: &[Ask]) -> Vec<u8> {
    asking(asks, "string", BODY)
}

/// The same, and it logs the body, too.
fn tell(asks: &[Ask]) -> Vec<u8> {
    let log = "(call $log (i32.const 0) (i32.const 0) (i32.load (i32.const 520)) (i32.load (i32.const 524)))";
    asking(asks, "string", &format!("{BODY} {log}"))
}

fn asking(asks: &[Ask], success: &str, end: &str) -> Vec<u8> {
    let mut data = String::new();
    let mut at = 1024;
    let mut place = |text: &str| {
        let here = at;
        // What is escaped is one byte in place of three.
        let length = text.len() - 2 * text.matches('\\').count();
        data.push_str(&format!("(data (i32.const {here}) \"{text}\")"));
        at += length.next_multiple_of(16);
        format!("(i32.const {here}) (i32.const {length})")
    };
    let mut calls = String::new();
    for (number, ask) in asks.iter().enumerate() {
        let (method, url) = (place(ask.method), place(&ask.url));
        let list = 768 + 16 * number;
        let mut headers = "(i32.const 0) (i32.const 0)".to_owned();
        if let Some((name, value)) = ask.header {
            let (name, value) = (place(name), place(value));
            calls.push_str(&format!("(call $header (i32.const {list}) {name} {value})"));
            headers = format!("(i32.const {list}) (i32.const 1)");
        }
        calls.push_str(&format!(
            "(call $send {method} {url} {headers} (i32.const 0) (i32.const {}) (i32.const 0) (i64.const 0) \
             (i32.const 0) (i32.const 0) (i32.const 512))
             (br_if $failed (i32.load8_u (i32.const 512)))",
            ask.body
        ));
    }
    component(
        &format!("use voyager:types/types@0.1.0.{{error}}; f: func() -> result<{success}, error>;"),
        "import voyager:http/http@0.1.0; import voyager:run/run@0.1.0;",
        &format!(
            r#"(import "voyager:run/run@0.1.0" "log" (func $log (param i32 i32 i32 i32)))
            (import "voyager:http/http@0.1.0" "send" (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32)))
            (import "voyager:http/http@0.1.0" "[method]body.next" (func $body (param i32 i32 i32)))
            {data}
            (func $header (param i32 i32 i32 i32 i32)
                (i32.store (local.get 0) (local.get 1)) (i32.store offset=4 (local.get 0) (local.get 2))
                (i32.store offset=8 (local.get 0) (local.get 3)) (i32.store offset=12 (local.get 0) (local.get 4)))
            (func (export "test:hostile/api@0.1.0#f") (result i32)
                (block $failed
                    {calls}
                    {end})
                (i32.const 512))"#
        ),
    )
}
