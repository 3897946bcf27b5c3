//! Attacks by WASI's own HTTP: whatever `voyager:http` refuses must be refused by this way too, and the handles that it
//! has beside that must hold no more than others.

use super::{Case, number, servers::SERVER};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = headers();
    cases.extend(places());
    cases.extend(sizes());
    cases.extend(answers());
    cases.extend(order());
    cases
}

const AS_ASKED: &str = "the grants of `voyager:http`: it is the same question";
const CHECKED: &str = "headers are checked when they are set";

/// What is said of one header: 0 where it was taken, 1 for a syntax that is wrong, 2 where it is the host's, 3 for headers
/// that don't change.
fn headers() -> Vec<Case> {
    const ODD: &[(&str, &str, &str, &str)] = &[
        ("line-end", "begins another header in a value", "x", "1\\0d\\0ahost: other.test"),
        ("line-feed", "ends a value with a line feed", "x", "1\\0a"),
        (
            "request",
            "begins another request in a value",
            "x",
            "1\\0d\\0a\\0d\\0aGET /other HTTP/1.1",
        ),
        ("nul", "puts a NUL into a value", "x", "1\\00"),
        ("bytes", "puts bytes that are no text into a value", "x", "\\ff\\fe"),
        ("name-line-end", "begins another header in a name", "x\\0d\\0ay", "1"),
        ("name-colon", "puts a colon into a name", "x: y", "1"),
        ("name-empty", "gives a header no name", "", "1"),
        ("placeholder", "leaves a placeholder open", "x", "${secrets."),
        ("length-odd", "says a length that is none", "Content-Length", "1, 2"),
    ];
    const OF_HOST: &[&str] =
        &["Host", "TRANSFER-encoding", "Connection", "Upgrade", "TE", "Expect"];
    let mut cases: Vec<Case> = ODD
        .iter()
        .map(|(name, tries, header, value)| {
            Case::call(format!("wasi-header-{name}"), *tries, CHECKED, "gives 1", || {
                setting(header, value)
            })
        })
        .collect();
    cases.extend(OF_HOST.iter().map(|header| {
        let name = format!("wasi-header-{}", header.to_lowercase());
        Case::call(name, format!("sets `{header}`"), CHECKED, "gives 2", || {
            setting(header, "chunked")
        })
    }));
    cases.push(Case::call(
        "wasi-header-of-another",
        "changes the headers that a request shows",
        "what is shown does not change",
        "gives 3",
        || asking("(local.set $x (call $headers (call $request)))(call $header (local.get $x))"),
    ));
    cases
}

fn case(
    name: &'static str,
    tries: &'static str,
    bound: &'static str,
    outcome: &'static str,
    body: &'static str,
) -> Case {
    Case::call(name, tries, bound, outcome, move || asking(body)).grants(SERVER)
}

/// Where requests go. A number above 1,000 is a code of `wasi:http`: 1004 an address that is prohibited, 1015 denied, 1018 a
/// method, 1019 a URL.
fn places() -> Vec<Case> {
    let place = |name: &'static str, tries: &'static str, outcome, authority: &'static str| {
        let at = move || with(authority, "/", "x", "(call $fetch (call $request))");
        Case::call(name, tries, AS_ASKED, outcome, at).grants(SERVER)
    };
    let path = |name: &'static str, tries: &'static str, outcome, path: &'static str| {
        let at = move || with("server.test:18080", path, "x", "(call $fetch (call $request))");
        Case::call(name, tries, "what a URL is made of can't change the rest of it", outcome, at)
            .grants(SERVER)
    };
    vec![
        place(
            "wasi-server-ungranted",
            "asks a server that no grant names",
            "gives 1015",
            "other.test:18080",
        ),
        place(
            "wasi-port-ungranted",
            "asks another port of a granted server",
            "gives 1015",
            "server.test",
        ),
        place(
            "wasi-metadata",
            "asks 169.254.169.254, which a careless grant names",
            "gives 1004",
            "169.254.169.254",
        ),
        place(
            "wasi-private-name",
            "asks a name that leads to 10.0.0.1",
            "gives 1004",
            "private.test",
        ),
        place(
            "wasi-user",
            "asks `server.test@other.test`",
            "gives 2",
            "server.test:18080@other.test",
        ),
        place(
            "wasi-authority-with-a-path",
            "asks `other.test/` before `server.test`",
            "gives 2",
            "other.test/server.test",
        ),
        place("wasi-authority-of-nobody", "names a server by the path alone", "gives 2", ""),
        path("wasi-path-of-a-name", "goes on with the name in the path", "gives 3", ".other.test/"),
        path("wasi-path-of-a-user", "makes the name a user by the path", "gives 3", "@other.test/"),
        path(
            "wasi-path-with-a-line-end",
            "begins a header in the path",
            "gives 3",
            "/\\0d\\0ahost: other.test",
        ),
        Case::call(
            "wasi-redirect",
            "is led to another server",
            "redirects come as they are",
            "gives 302",
            || {
                let ask = "(call $fetch (call $request))";
                with("server.test:18080", "/to?http://169.254.169.254/", "x", ask)
            },
        )
        .grants(SERVER),
        case(
            "wasi-tunnel",
            "sends `CONNECT`",
            "seven methods",
            "gives 1018",
            "(local.set $x (call $request)) (drop (call $method (local.get $x) (i32.const 5) (i32.const 0) (i32.const 0))) (call $fetch (local.get $x))",
        ),
        case(
            "wasi-method-ungranted",
            "sends `DELETE`",
            AS_ASKED,
            "gives 1015",
            "(local.set $x (call $request)) (drop (call $method (local.get $x) (i32.const 4) (i32.const 0) (i32.const 0))) (call $fetch (local.get $x))",
        ),
        case(
            "wasi-method-with-a-line-end",
            "puts a line end into a method",
            "a method is a name",
            "gives 1",
            "(call $method (call $request) (i32.const 9) (i32.const 192) (i32.const 9))",
        ),
        Case::call(
            "wasi-secret-of-nobody",
            "writes a placeholder for a secret that the server has not",
            "`secrets` of the grant",
            "gives 1015",
            || {
                with(
                    "server.test:18080",
                    "/echo",
                    "${secrets.key}",
                    "(call $fetch (call $carrying))",
                )
            },
        )
        .grants(SERVER),
    ]
}

fn sizes() -> Vec<Case> {
    const LITTLE: &str = "http: [ { host: \"http://server.test:18080\", methods: [POST], private: [127.0.0.0/8], send: 1000B } ]";
    const FOR_EVER: &str = "(loop (result i32) (drop (call $header (local.get $x))) br 0)";
    vec![
        case(
            "wasi-fields-without-end",
            "makes a million `fields`",
            "`handles` 1,000",
            "limit handles: 1000",
            "(loop (result i32) (drop (call $fields)) br 0)",
        ),
        case(
            "wasi-requests-without-end",
            "makes a million requests",
            "`handles` 1,000",
            "limit handles: 1000",
            "(loop (result i32) (drop (call $request)) br 0)",
        ),
        Case::call(
            "wasi-headers-without-end",
            "gives one request headers without end",
            "128 headers",
            "limit headers: 128",
            || asking(&format!("(local.set $x (call $fields)) {FOR_EVER}")),
        ),
        Case::call(
            "wasi-large-headers",
            "gives one request headers of 40 KiB",
            "64 KiB of headers",
            "limit header-bytes: 65536",
            || {
                asking(
                    "(local.set $x (call $fields)) (loop (result i32) (drop (call $large (local.get $x))) br 0)",
                )
            },
        ),
        Case::call(
            "wasi-fields-that-are-large",
            "holds 100,000 `fields` with 40 KiB each",
            "64 MiB of bodies and headers in hand",
            "limit held-bytes: 67108864",
            || asking("(loop (result i32) (drop (call $large (call $fields))) br 0)"),
        )
        .limits("handles: 100000, cpu: 1m"),
        case(
            "wasi-body-without-end",
            "writes a body without end",
            "`call-bytes` 4 MiB",
            "limit call-bytes: 4194304",
            "
            (local.set $x (call $stream (call $body (call $request))))
            (loop (result i32) (drop (call $write (local.get $x) (i32.const 65536))) br 0)",
        ),
        case(
            "wasi-zeroes-without-end",
            "writes a body of zeroes without end",
            "`call-bytes` 4 MiB",
            "limit call-bytes: 4194304",
            "
            (local.set $x (call $stream (call $body (call $request))))
            (loop (result i32) (call $zeroes (local.get $x) (i64.const 65536) (i32.const 512)) br 0)",
        ),
        case(
            "wasi-bodies-that-are-kept",
            "begins 100 bodies of 4 MiB, and ends none",
            "64 MiB of bodies and headers in hand",
            "limit held-bytes: 67108864",
            "
            (loop (result i32)
                (local.set $x (call $stream (call $body (call $request))))
                (local.set $left (i32.const 64))
                (loop
                    (drop (call $write (local.get $x) (i32.const 65536)))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if 0 (local.get $left)))
                br 0)",
        ),
        case(
            "wasi-write-too-large",
            "writes more at once than it may",
            "`check-write` 64 KiB",
            "trapped: a write of 65537 bytes; `check-write` allows 65536",
            "
            (call $write (call $stream (call $body (call $request))) (i32.const 65537))",
        ),
        case(
            "wasi-body-too-large",
            "sends 2,000 bytes where 1,000 are granted",
            "`send` of the grant",
            "gives 1017",
            "(call $post (i32.const 2000))",
        )
        .grants(LITTLE),
        case(
            "wasi-body-longer-than-said",
            "writes 4 bytes where it says 3",
            "a body is what was said of it",
            "gives 1",
            "
            (call $write (call $stream (call $body (call $promising))) (i32.const 4))",
        ),
        case(
            "wasi-body-shorter-than-said",
            "writes 2 bytes where it says 3, and waits for the answer",
            "a body is what was said of it",
            "gives 1017",
            "(call $deliver (call $promising) (i32.const 2))",
        ),
    ]
}

fn answers() -> Vec<Case> {
    const LITTLE: &str = "http: [ { host: \"http://server.test:18080\", methods: [GET, POST], private: [127.0.0.0/8], receive: 1000B, time: 200ms } ]";
    const LARGE: &str =
        "http: [ { host: \"http://server.test:18080\", private: [127.0.0.0/8], receive: 64MiB } ]";
    let get = |name: &'static str, tries: &'static str, bound, outcome, path: &'static str| {
        let ask = "(call $fetch (call $request))";
        Case::call(name, tries, bound, outcome, move || with("server.test:18080", path, "x", ask))
            .grants(LITTLE)
    };
    const RESPONSE: &str = "(local.set $x (call $answer (call $handle (call $request))))";
    vec![
        get("wasi-answer-without-end", "is sent a body without end", "`receive` of the grant", "gives 1028", "/endless"),
        get("wasi-server-that-is-silent", "gets no answer", "`time` of the grant", "gives 1033", "/silent"),
        get("wasi-answer-of-another-protocol", "is greeted by another protocol", "it is no answer", "gives 1003", "/garbage"),
        Case::call("wasi-change-that-is-not-answered", "sends a `POST` that gets no answer", "nobody can tell whether it was done", "gives 1025", || {
            with("server.test:18080", "/silent", "x", "(call $post (i32.const 3))")
        })
        .grants(LITTLE),
        case("wasi-answer-taken-twice", "takes the same answer twice", "an answer is taken once", "gives 7", "
            (local.set $x (call $handle (call $request)))
            (drop (call $answer (local.get $x)))
            (call $answer (local.get $x))"),
        Case::call("wasi-body-taken-twice", "takes the body of an answer twice", "a body is taken once", "gives 1", || {
            asking(&format!("{RESPONSE} (call $consume (local.get $x) (i32.const 512)) (call $consume (local.get $x) (i32.const 512)) (i32.load8_u (i32.const 512))"))
        })
        .grants(SERVER),
        Case::call("wasi-stream-taken-twice", "takes the stream of a body twice", "a stream is taken once", "gives 1", || {
            asking(&format!("{RESPONSE} (local.set $x (call $taken (local.get $x))) (call $incoming (local.get $x) (i32.const 512)) (call $incoming (local.get $x) (i32.const 512)) (i32.load8_u (i32.const 512))"))
        })
        .grants(SERVER),
        Case::call("wasi-body-left-before-its-stream", "ends the body of an answer while it reads", "what is below goes first", "trapped: resource has children", || {
            asking(&format!("{RESPONSE} (local.set $x (call $taken (local.get $x))) (call $incoming (local.get $x) (i32.const 512)) (call $ended (local.get $x))"))
        })
        .grants(SERVER),
        Case::call("wasi-answers-that-are-kept", "holds three answers of 33 MiB, and takes all but the end of each", "64 MiB of bodies and headers in hand", "limit held-bytes: 67108864", || {
            let core = "
                (local.set $left (i32.const 3))
                (loop
                    (local.set $x (call $handle (call $request)))
                    (local.set $code (call $answer (local.get $x)))
                    (if (i32.ge_u (local.get $code) (i32.const 1000)) (then (return (local.get $code))))
                    (call $incoming (call $taken (local.get $code)) (i32.const 512))
                    (local.set $x (i32.load (i32.const 516)))
                    (local.set $code (i32.const 527))
                    (loop
                        (call $read (local.get $x) (i64.const 65536) (i32.const 512))
                        (local.set $code (i32.sub (local.get $code) (i32.const 1)))
                        (br_if 0 (local.get $code)))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if 0 (local.get $left)))
                (local.get $code)";
            with("server.test:18080", "/large", "x", core)
        })
        .grants(LARGE)
        .limits("memory: 256MiB, cpu: 1m"),
    ]
}

fn order() -> Vec<Case> {
    vec![
        case(
            "wasi-wait-without-end",
            "waits for the answer to a request whose body it holds",
            "a request is sent when its body is whole",
            "trapped: it waits for the answer to a request whose body is not finished; a request is sent when `outgoing-body.finish` says that its body is whole",
            "
            (local.set $x (call $request))
            (drop (call $body (local.get $x)))
            (call $block (call $subscribe (call $handle (local.get $x))))
            (i32.const 0)",
        ),
        case(
            "wasi-body-dropped",
            "drops the body of a request that it has handed over",
            "half a body is never sent",
            "gives 1035",
            "
            (local.set $x (call $request))
            (local.set $left (call $body (local.get $x)))
            (local.set $x (call $handle (local.get $x)))
            (call $drop-body (local.get $left))
            (call $code (call $answer (local.get $x)))",
        ),
        case(
            "wasi-body-taken-again",
            "begins the body of a request twice",
            "a body is begun once",
            "gives 1",
            "
            (local.set $x (call $request))
            (drop (call $body (local.get $x)))
            (call $begin (local.get $x) (i32.const 512))
            (i32.load8_u (i32.const 512))",
        ),
        case(
            "wasi-body-ended-while-written",
            "ends a body whose stream it holds",
            "what is below goes first",
            "trapped: resource has children",
            "
            (local.set $x (call $body (call $request)))
            (drop (call $stream (local.get $x)))
            (call $finish (local.get $x) (i32.const 0) (i32.const 0) (i32.const 512))
            (i32.const 0)",
        ),
        case(
            "wasi-request-sent-twice",
            "hands one request over twice",
            "what is handed over is gone",
            "trapped: handle index 1 used with the wrong type…",
            "
            (local.set $x (call $request))
            (drop (call $handle (local.get $x)))
            (drop (call $handle (local.get $x)))
            (i32.const 0)",
        ),
    ]
}

/// Sets one header of new `fields`.
fn setting(name: &str, value: &str) -> Vec<u8> {
    // What is escaped is one byte in place of three.
    let length = |text: &str| text.len() - 2 * text.matches('\\').count();
    let core = format!(
        "(call $append-to (call $fields) (i32.const 256) (i32.const {}) (i32.const 320) (i32.const {}))",
        length(name),
        length(value)
    );
    let data = format!("(data (i32.const 256) \"{name}\") (data (i32.const 320) \"{value}\")");
    built("server.test:18080", "/", "x", &data, &core)
}

/// A component that gives back what `body` leaves, with a request to the server.
fn asking(body: &str) -> Vec<u8> {
    with("server.test:18080", "/", "x", body)
}

/// The same with another authority, path, and value of the header `x`.
fn with(authority: &str, path: &str, value: &str, body: &str) -> Vec<u8> {
    built(authority, path, value, "", body)
}

fn built(authority: &str, path: &str, value: &str, data: &str, body: &str) -> Vec<u8> {
    let length = |text: &str| text.len() - 2 * text.matches('\\').count();
    let (authority_bytes, path_bytes, value_bytes) =
        (length(authority), length(path), length(value));
    let core = format!(
        r#"
        (import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
        (import "wasi:http/types@0.2.12" "[method]fields.append" (func $append (param i32 i32 i32 i32 i32 i32)))
        (import "wasi:http/types@0.2.12" "[constructor]outgoing-request" (func $new (param i32) (result i32)))
        (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-method" (func $method (param i32 i32 i32 i32) (result i32)))
        (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
        (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
        (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-path-with-query" (func $path (param i32 i32 i32 i32) (result i32)))
        (import "wasi:http/types@0.2.12" "[method]outgoing-request.headers" (func $headers (param i32) (result i32)))
        (import "wasi:http/types@0.2.12" "[method]outgoing-request.body" (func $begin (param i32 i32)))
        (import "wasi:http/types@0.2.12" "[method]outgoing-body.write" (func $written (param i32 i32)))
        (import "wasi:http/types@0.2.12" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
        (import "wasi:http/types@0.2.12" "[resource-drop]outgoing-body" (func $drop-body (param i32)))
        (import "wasi:http/outgoing-handler@0.2.12" "handle" (func $send (param i32 i32 i32 i32)))
        (import "wasi:http/types@0.2.12" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
        (import "wasi:http/types@0.2.12" "[method]future-incoming-response.get" (func $get (param i32 i32)))
        (import "wasi:http/types@0.2.12" "[method]incoming-response.status" (func $status (param i32) (result i32)))
        (import "wasi:http/types@0.2.12" "[method]incoming-response.consume" (func $consume (param i32 i32)))
        (import "wasi:http/types@0.2.12" "[method]incoming-body.stream" (func $incoming (param i32 i32)))
        (import "wasi:http/types@0.2.12" "[static]incoming-body.finish" (func $ended (param i32) (result i32)))
        (import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))
        (import "wasi:io/streams@0.2.12" "[method]output-stream.write" (func $output (param i32 i32 i32 i32)))
        (import "wasi:io/streams@0.2.12" "[method]output-stream.write-zeroes" (func $zeroes (param i32 i64 i32)))
        (import "wasi:io/streams@0.2.12" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
        (import "wasi:io/streams@0.2.12" "[resource-drop]output-stream" (func $drop-stream (param i32)))
        (data (i32.const 16) "{authority}") (data (i32.const 64) "{path}") (data (i32.const 128) "{value}")
        (data (i32.const 192) "GET\0d\0ax: y") (data (i32.const 208) "Content-Length") (data (i32.const 224) "3")
        (data (i32.const 232) "x")
        {data}
        ;; 0 where the header was taken, and otherwise why not, from 1 on.
        (func $append-to (param i32 i32 i32 i32 i32) (result i32)
            (call $append (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (i32.const 512))
            (if (result i32) (i32.load8_u (i32.const 512))
                (then (i32.add (i32.const 1) (i32.load8_u (i32.const 513)))) (else (i32.const 0))))
        (func $header (param i32) (result i32)
            (call $append-to (local.get 0) (i32.const 232) (i32.const 1) (i32.const 128) (i32.const {value_bytes})))
        ;; A page of its own, of letters.
        (func $letters (result i32) (local $at i32) (local $to i32)
            (local.set $at (call $allocate (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 40960)))
            (memory.fill (local.get $at) (i32.const 97) (i32.const 40960))
            (local.get $at))
        (global $page (mut i32) (i32.const 0))
        (func $large (param i32) (result i32)
            (if (i32.eqz (global.get $page)) (then (global.set $page (call $letters))))
            (call $append-to (local.get 0) (i32.const 232) (i32.const 1) (global.get $page) (i32.const 40960)))
        ;; A request with these headers; 2 or 3 where its authority or path is not taken.
        (func $asks (param $fields i32) (result i32) (local $it i32)
            (local.set $it (call $new (local.get $fields)))
            (drop (call $scheme (local.get $it) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
            (if (call $authority (local.get $it) (i32.const 1) (i32.const 16) (i32.const {authority_bytes}))
                (then (global.set $odd (i32.const 2))))
            (if (call $path (local.get $it) (i32.const 1) (i32.const 64) (i32.const {path_bytes}))
                (then (global.set $odd (i32.const 3))))
            (local.get $it))
        (global $odd (mut i32) (i32.const 0))
        (func $request (result i32) (call $asks (call $fields)))
        (func $carrying (result i32) (local $it i32)
            (local.set $it (call $fields))
            (drop (call $header (local.get $it)))
            (call $asks (local.get $it)))
        ;; One whose body will have 3 bytes.
        (func $promising (result i32) (local $it i32)
            (local.set $it (call $fields))
            (drop (call $append-to (local.get $it) (i32.const 208) (i32.const 14) (i32.const 224) (i32.const 1)))
            (call $asks (local.get $it)))
        (func $body (param i32) (result i32)
            (call $begin (local.get 0) (i32.const 512)) (i32.load (i32.const 516)))
        (func $stream (param i32) (result i32)
            (call $written (local.get 0) (i32.const 512)) (i32.load (i32.const 516)))
        (func $write (param i32 i32) (result i32)
            (block $room (loop
                (br_if $room (i32.ge_u (memory.size) (i32.const 4)))
                (drop (memory.grow (i32.const 1)))
                br 0))
            (call $output (local.get 0) (i32.const 4096) (local.get 1) (i32.const 512)) (i32.load8_u (i32.const 512)))
        (func $handle (param i32) (result i32)
            (call $send (local.get 0) (i32.const 0) (i32.const 0) (i32.const 512))
            (if (result i32) (i32.load8_u (i32.const 512))
                (then (i32.add (i32.const 1000) (i32.load8_u (i32.const 520))))
                (else (i32.load (i32.const 520)))))
        ;; The response of a future; 5 where it is not there, 7 where it was taken, a code from 1,000 on.
        (func $answer (param i32) (result i32)
            (call $get (local.get 0) (i32.const 512))
            (if (result i32) (i32.eqz (i32.load8_u (i32.const 512)))
                (then (i32.const 5))
                (else (if (result i32) (i32.load8_u (i32.const 520))
                    (then (i32.const 7))
                    (else (if (result i32) (i32.load8_u (i32.const 528))
                        (then (i32.add (i32.const 1000) (i32.load8_u (i32.const 536))))
                        (else (i32.load (i32.const 536)))))))))
        (func $code (param i32) (result i32) (local.get 0))
        (func $taken (param i32) (result i32)
            (call $consume (local.get 0) (i32.const 512)) (i32.load (i32.const 516)))
        ;; Asks, and gives back the status.
        (func $fetch (param i32) (result i32) (local $future i32)
            (if (global.get $odd) (then (return (global.get $odd))))
            (local.set $future (call $handle (local.get 0)))
            (if (i32.ge_u (local.get $future) (i32.const 1000)) (then (return (local.get $future))))
            (call $block (call $subscribe (local.get $future)))
            (call $stated (call $answer (local.get $future))))
        (func $stated (param i32) (result i32)
            (if (result i32) (i32.ge_u (local.get 0) (i32.const 1000))
                (then (local.get 0)) (else (call $status (local.get 0)))))
        ;; Hands a request over, writes its body, and gives back the status.
        (func $deliver (param $it i32) (param $bytes i32) (result i32)
            (local $body i32) (local $stream i32) (local $future i32)
            (local.set $body (call $body (local.get $it)))
            (local.set $future (call $handle (local.get $it)))
            (local.set $stream (call $stream (local.get $body)))
            (drop (call $write (local.get $stream) (local.get $bytes)))
            (call $drop-stream (local.get $stream))
            (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 512))
            (call $block (call $subscribe (local.get $future)))
            (call $stated (call $answer (local.get $future))))
        (func $post (param $bytes i32) (result i32) (local $it i32)
            (local.set $it (call $request))
            (drop (call $method (local.get $it) (i32.const 2) (i32.const 0) (i32.const 0)))
            (call $deliver (local.get $it) (local.get $bytes)))
        (func (export "test:hostile/api@0.1.0#f") (result i32)
            (local $x i32) (local $left i32) (local $code i32)
            {body})"#
    );
    number(
        "import wasi:http/types@0.2.12; import wasi:http/outgoing-handler@0.2.12; import wasi:io/poll@0.2.12;
         import wasi:io/streams@0.2.12;",
        &core,
    )
}
