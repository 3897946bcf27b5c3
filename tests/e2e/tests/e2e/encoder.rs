//! What makes the vectors of the memory: the spelling, and endpoints that answer well, badly, or not at all.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
};

use e2e::{Ended, Stage, Telling};
use serde_json::{Value as Json, json};

use crate::packages_far::response;

/// What is asked: the head in small letters, and the texts.
struct Asked {
    head: String,
    texts: Vec<String>,
}

/// Serves what `answer` makes of each question, for as long as the test's process lives.
fn serve(answer: impl Fn(&Asked) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            if let Some(asked) = read(&stream) {
                // Whoever asked may be gone.
                let _ = stream.write_all(&answer(&asked));
            }
        }
    });
    address
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (0 < reader.read_line(&mut head).ok()?).then_some(())?;
    }
    let head = head.to_lowercase();
    let length = head.split("content-length: ").nth(1)?.split("\r\n").next()?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Json = serde_json::from_slice(&body).ok()?;
    let texts = body["input"].as_array()?.iter();
    let texts = texts.filter_map(|it| it.as_str().map(str::to_owned)).collect();
    Some(Asked { head, texts })
}

/// A vector of what a text is about: ways to move, or something else.
fn about(text: &str) -> [f32; 3] {
    let moves = ["car", "automobile", "bicycle"].iter().any(|it| text.contains(it));
    if moves { [1.0, 0.1, 0.0] } else { [0.0, 0.1, 1.0] }
}

fn ok(body: &Json) -> Vec<u8> {
    response("200 OK", &["content-type: application/json"], body.to_string().as_bytes())
}

fn ollama(asked: &Asked) -> Vec<u8> {
    let vectors: Vec<[f32; 3]> = asked.texts.iter().map(|it| about(it)).collect();
    ok(&json!({ "embeddings": vectors }))
}

fn openai(asked: &Asked) -> Vec<u8> {
    let entry = |(at, it): (usize, &String)| json!({ "index": at, "embedding": about(it) });
    // The order is not that of the texts.
    let data: Vec<Json> = asked.texts.iter().enumerate().rev().map(entry).collect();
    ok(&json!({ "data": data }))
}

/// Calls `memory` with an encoder and `--json`; gives back the answer.
pub(crate) fn memory(stage: &Stage, encoder: &str, arguments: &[&str]) -> Json {
    stage.answer([&["--encoder", encoder, "memory"], arguments].concat())
}

fn call(stage: &Stage, encoder: &str, arguments: &[&str]) -> Ended {
    stage.call([&["--encoder", encoder, "memory"], arguments].concat())
}

pub(crate) fn vectors(stage: &Stage, encoder: &str) -> u64 {
    memory(stage, encoder, &["stats"])["vectors"].as_u64().expect("a number")
}

const FACTS: &str =
    "{\"text\":\"We sold the automobile.\"}\n{\"text\":\"!!!\"}\n{\"text\":\"Rain again.\"}\n";

#[test]
fn spellings_find_what_words_do_not() {
    let Some(stage) = Stage::new() else { return };
    stage.write("facts.jsonl", FACTS);
    memory(&stage, "none", &["import", "facts.jsonl"]);
    assert_eq!(vectors(&stage, "none"), 0);
    assert!(call(&stage, "none", &["encode"]).err.contains("has no encoder"));
    // One text without a direction is passed over, each time.
    for _ in 0..2 {
        let encoded = memory(&stage, "hashed", &["encode"]);
        let is = |key: &str| encoded[key].to_string();
        assert_eq!([is("vectors"), is("records"), is("encoder")], ["2", "3", "\"hashed-1\""]);
    }
    let recall = memory(&stage, "hashed", &["recall", "automobiles"]);
    let best = &recall["hits"][0];
    assert_eq!(best["record"]["id"], "m0", "{recall}");
    assert!(best["signals"]["vector"].as_f64() > Some(0.0), "{recall}");
    // A question that tells nothing is refused, and one without letters is no failure of the encoder.
    assert_eq!(call(&stage, "hashed", &["recall", "who was it?"]).code, Some(2));
    assert_eq!(call(&stage, "hashed", &["recall", "!!!"]).code, Some(2));
    // What is added has its vector when the command ends; other processes find it.
    memory(&stage, "hashed", &["add", "A bicycle."]);
    assert_eq!(vectors(&stage, "hashed"), 3);
    assert_eq!(vectors(&stage, "none"), 0, "vectors count for their encoder");
    let told = stage.call(["--encoder", "hashed", "memory", "stats"]);
    assert!(told.out.contains("hashed-1") && told.out.contains("3 of 4"), "{told:?}");
}

#[test]
fn the_encoder_is_what_the_file_and_the_environment_say() {
    let Some(stage) = Stage::new() else { return };
    stage.write(".config/voyager/encoder.yaml", "encoder: hashed\n");
    let stats = stage.answer(["memory", "stats"]);
    assert_eq!(stats["encoder"], "hashed-1", "{stats}");
    let mut command = stage.command(["memory", "stats", "--json"]);
    let none = Ended::from(command.env("VOYAGER_ENCODER", "none").output().expect("it starts"));
    assert_eq!(none.last()["answer"]["encoder"], Json::Null, "{none:?}");
    stage.write(".config/voyager/encoder.yaml", "encoder: hashed\nkey: sk-hush-hush\n");
    let wrong = stage.call(["memory", "stats"]);
    assert_eq!(wrong.code, Some(5), "{wrong:?}");
    assert!(wrong.err.contains("env:VARIABLE") && !wrong.err.contains("hush"), "{wrong:?}");
    assert_eq!(call(&stage, "http://example.org/v1/embeddings#m", &["stats"]).code, Some(2));
    // A folder that is none leaves the words.
    memory(&stage, "none", &["add", "The door is green."]);
    let found = call(&stage, "nowhere", &["recall", "door"]);
    assert!(found.code == Some(0) && found.out.contains("green"), "{found:?}");
    assert!(found.err.contains("from the words alone"), "{found:?}");
    assert_eq!(call(&stage, "nowhere", &["encode"]).code, Some(5));
}

#[test]
fn endpoints_of_both_dialects_give_vectors() {
    let Some(stage) = Stage::new() else { return };
    stage.write("facts.jsonl", FACTS);
    stage.write("key", "hush-hush-hush\n");
    memory(&stage, "none", &["import", "facts.jsonl"]);
    let plain = serve(ollama);
    let plain = format!("http://{plain}/api/embed#small");
    let encoded = memory(&stage, &plain, &["encode"]);
    assert_eq!((&encoded["vectors"], &encoded["encoder"]), (&3.into(), &plain.as_str().into()));
    let first = |encoder: &str| {
        let recall = memory(&stage, encoder, &["recall", "which car?"]);
        recall["hits"][0]["record"]["text"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(first(&plain), "We sold the automobile.");
    // Another encoder makes its own.
    let keyed = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&keyed);
    let listed = serve(move |asked| {
        let has_key = asked.head.contains("authorization: bearer hush-hush-hush");
        seen.fetch_and(has_key, Ordering::SeqCst);
        openai(asked)
    });
    let listed = format!("http://{listed}/v1/embeddings#large");
    let key = ["--encoder", &listed, "--encoder-key", "file:key", "memory"];
    let stats = stage.answer([&key[..], &["stats"]].concat());
    assert_eq!(stats["vectors"], 0, "those of another encoder are none: {stats}");
    assert_eq!(stats["encoder-problem"], Json::Null, "{stats}");
    let encoded = stage.answer([&key[..], &["encode"]].concat());
    assert_eq!(encoded["vectors"], 3, "{encoded}");
    assert!(keyed.load(Ordering::SeqCst), "each question has the key");
    assert_eq!(first(&listed), "We sold the automobile.");
    assert_eq!(vectors(&stage, &plain), 3, "they are still there");
}

#[test]
fn an_endpoint_that_answers_badly_leaves_the_words() {
    let Some(stage) = Stage::new() else { return };
    stage.write("facts.jsonl", FACTS);
    memory(&stage, "none", &["import", "facts.jsonl"]);
    let good = Arc::new(Mutex::new(None::<Vec<u8>>));
    let next = Arc::clone(&good);
    let address = serve(move |asked| {
        next.lock().expect("no test panics there").clone().unwrap_or_else(|| ollama(asked))
    });
    let encoder = format!("http://{address}/api/embed#small");
    let long = "1,".repeat(2_000_000);
    let bad: [Vec<u8>; 7] = [
        response("500 Internal Server Error", &[], b"the key is hush"),
        response("401 Unauthorized", &[], b"the key is hush"),
        response("302 Found", &["location: http://127.0.0.1:1/"], b""),
        ok(&json!({ "embeddings": [[1.0, 2.0], [1.0]] })),
        response("200 OK", &[], b"{\"embeddings\":[[NaN]]}"),
        response("200 OK", &[], format!("{{\"embeddings\":[[{long}1]]}}").as_bytes()),
        response("200 OK", &[], b"hush"),
    ];
    let fails = |answer: &Vec<u8>| {
        *good.lock().expect("nobody panicked") = Some(answer.clone());
        let encoded = call(&stage, &encoder, &["encode"]);
        assert_eq!(encoded.code, Some(5), "{encoded:?}");
        assert!(!encoded.err.contains("hush"), "{encoded:?}");
        let found = call(&stage, &encoder, &["recall", "rain"]);
        assert!(found.code == Some(0) && found.out.contains("Rain again."), "{found:?}");
        assert!(found.err.contains("from the words alone"), "{found:?}");
        let problem = memory(&stage, &encoder, &["stats"])["encoder-problem"].to_string();
        assert!(problem.contains(&address.to_string()) && !problem.contains("hush"), "{problem}");
    };
    bad.iter().for_each(fails);
    *good.lock().expect("nobody panicked") = None;
    assert_eq!(memory(&stage, &encoder, &["encode"])["vectors"], 3);
    for answer in bad.iter().chain([&ok(&json!({ "embeddings": [[1.0, 2.0]] }))]) {
        *good.lock().expect("nobody panicked") = Some(answer.clone());
        let found = call(&stage, &encoder, &["recall", "rain"]);
        assert!(found.code == Some(0) && found.out.contains("Rain again."), "{found:?}");
        assert!(found.err.contains("from the words alone"), "{found:?}");
    }
}

#[test]
fn an_endpoint_that_answers_a_question_with_zeros_is_told() {
    let Some(stage) = Stage::new() else { return };
    memory(&stage, "none", &["add", "Rain again."]);
    let is_zero = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_zero);
    let address = serve(move |asked| match seen.load(Ordering::SeqCst) {
        true => ok(&json!({ "embeddings": vec![[0.0; 3]; asked.texts.len()] })),
        false => ollama(asked),
    });
    let encoder = format!("http://{address}/api/embed#small");
    // Before there is a vector, and after.
    for is_encoded in [false, true] {
        is_zero.store(false, Ordering::SeqCst);
        if is_encoded {
            assert_eq!(memory(&stage, &encoder, &["encode"])["vectors"], 1);
        }
        is_zero.store(true, Ordering::SeqCst);
        let found = call(&stage, &encoder, &["recall", "rain"]);
        assert!(found.code == Some(0) && found.out.contains("Rain again."), "{found:?}");
        assert!(found.err.contains("from the words alone"), "{found:?}");
        let problem = memory(&stage, &encoder, &["stats"])["encoder-problem"].clone();
        assert_eq!(problem, "its vector has no direction");
    }
}

#[test]
fn a_question_that_is_too_long_is_refused_before_it_is_encoded() {
    let Some(stage) = Stage::new() else { return };
    let encoded = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&encoded);
    let address = serve(move |asked| {
        seen.fetch_or(asked.texts.iter().any(|it| it.starts_with("car car")), Ordering::SeqCst);
        ollama(asked)
    });
    let encoder = format!("http://{address}/api/embed#watched");
    memory(&stage, "none", &["add", "We sold the automobile."]);
    memory(&stage, &encoder, &["encode"]);
    let long = "car ".repeat(16_385);
    for command in ["recall", "explain"] {
        let ended = call(&stage, &encoder, &[command, &long]);
        assert_eq!(ended.code, Some(2), "{}", ended.err);
        assert!(ended.err.contains("65540 bytes, and 65536 are the most"), "{}", ended.err);
    }
    assert!(!encoded.load(Ordering::SeqCst), "a question was encoded");
    // One that is short enough is.
    memory(&stage, &encoder, &["recall", "car car"]);
    assert!(encoded.load(Ordering::SeqCst));
}

#[test]
fn an_endpoint_that_is_down_keeps_nothing_from_working() {
    let Some(stage) = Stage::new() else { return };
    let encoder = "http://127.0.0.1:1/v1/embeddings#gone";
    memory(&stage, encoder, &["add", "The door is green."]);
    let found = call(&stage, encoder, &["recall", "door"]);
    assert!(found.code == Some(0) && found.out.contains("green"), "{found:?}");
    assert!(found.err.contains("from the words alone"), "{found:?}");
    assert_eq!(vectors(&stage, encoder), 0);
}

#[test]
fn what_stays_on_this_machine_goes_through_no_proxy() {
    let Some(stage) = Stage::new() else { return };
    let (sender, proxied) = channel();
    let proxy = serve(move |asked| {
        let _ = sender.send(asked.head.clone());
        response("403 Forbidden", &[], b"")
    });
    memory(&stage, "none", &["add", "The door is green."]);
    let encoder = format!("http://{}/api/embed#small", serve(ollama));
    let mut command = stage.command(["--encoder", &encoder, "memory", "encode"]);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, format!("http://{proxy}"));
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy");
    let encoded = Ended::from(command.output().expect("it starts"));
    assert!(proxied.try_recv().is_err(), "the proxy was asked: {encoded:?}");
    assert_eq!(encoded.code, Some(0), "{encoded:?}");
}

#[test]
fn an_endpoint_that_never_answers_keeps_nothing_from_working() {
    let Some(stage) = Stage::new() else { return };
    let (silent, held) = channel::<()>();
    let is_silent = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_silent);
    let address = serve(move |asked| {
        if seen.load(Ordering::SeqCst) {
            // Until it is let go.
            let _ = held.recv();
        }
        openai(asked)
    });
    let encoder = format!("http://{address}/v1/embeddings#slow");
    memory(&stage, &encoder, &["add", "We sold the automobile."]);
    assert_eq!(memory(&stage, &encoder, &["encode"])["vectors"], 1);
    is_silent.store(true, Ordering::SeqCst);
    let added = call(&stage, &encoder, &["add", "The door is green."]);
    assert!(added.code == Some(0) && added.err.is_empty(), "{added:?}");
    let found = call(&stage, &encoder, &["recall", "door"]);
    assert!(found.code == Some(0) && found.out.contains("green"), "{found:?}");
    let why = format!(
        "answered from the words alone: the encoder can't be used: http://{address}/v1/embeddings: no answer in 5 s"
    );
    assert!(found.err.contains(&why), "{found:?}");
    // What was added meanwhile gets its vector once there are answers again.
    is_silent.store(false, Ordering::SeqCst);
    drop(silent);
    assert_eq!(memory(&stage, &encoder, &["encode"])["vectors"], 2);
}

/// An endpoint that tells of each question, and answers none until what it gives back last is dropped.
fn silent() -> (SocketAddr, Receiver<()>, Sender<()>) {
    let (silent, held) = channel();
    let (sender, asked) = channel();
    let address = serve(move |of| {
        let _ = sender.send(());
        let _ = held.recv();
        openai(of)
    });
    (address, asked, silent)
}

#[test]
fn a_command_that_waits_for_its_vectors_ends_after_those_that_it_answers() {
    const LINES: u64 = 20_000;
    let Some(stage) = Stage::new() else { return };
    let (address, asked, silent) = silent();
    let lines: String = (0..LINES).map(|it| format!("{{\"text\":\"Line {it}.\"}}\n")).collect();
    stage.write("many.jsonl", lines);
    let encoder = format!("http://{address}/v1/embeddings#slow");
    let mut first = stage.command(["--encoder", &encoder, "memory", "add", "The door is green."]);
    let first = first.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    asked.recv().expect("the endpoint is asked");
    let mut second = Telling::begin(stage.command(["memory", "import", "many.jsonl", "--json"]));
    second.until(&["\"importing\""]);
    // Nothing of its own keeps the first one from ending now.
    drop(silent);
    let imported = second.until(&["\"exit-code\""]);
    assert_eq!(imported["answer"]["records"], LINES, "{imported}");
    let first = Ended::from(first.wait_with_output().expect("it ends"));
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_eq!(memory(&stage, "none", &["stats"])["records"], LINES + 1);
}

#[test]
fn ctrl_c_waits_for_no_endpoint() {
    let Some(stage) = Stage::new() else { return };
    let (address, asked, silent) = silent();
    memory(&stage, "none", &["add", "The door is green."]);
    let encoder = format!("http://{address}/v1/embeddings#slow");
    let mut command = stage.command(["--encoder", &encoder, "memory", "encode"]);
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = piped.spawn().expect("it starts");
    asked.recv().expect("the endpoint is asked");
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.expect("it can be sent").success());
    let ended = Ended::from(child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.err.contains("the same command goes on"), "{ended:?}");
    drop(silent);
    assert_eq!(memory(&stage, &encoder, &["encode"])["vectors"], 1);
}

#[test]
fn an_attempt_that_failed_is_told_while_another_follows() {
    let Some(stage) = Stage::new() else { return };
    let is_ready = AtomicBool::new(false);
    let address = serve(move |asked| match is_ready.swap(true, Ordering::SeqCst) {
        true => ollama(asked),
        false => response("503 Service Unavailable", &[], b""),
    });
    memory(&stage, "none", &["add", "The door is green."]);
    let encoder = format!("http://{address}/api/embed#small");
    let encoded = call(&stage, &encoder, &["encode"]);
    assert!(encoded.code == Some(0) && encoded.out.contains("1 of 1 records"), "{encoded:?}");
    let told = format!("http://{address}/api/embed: it answers with status 503; trying again");
    assert!(encoded.err.contains("0 of 1 records have a vector"), "{encoded:?}");
    assert!(encoded.err.contains(&told), "{encoded:?}");
}

#[test]
fn one_text_that_an_endpoint_refuses_stops_no_other() {
    let Some(stage) = Stage::new() else { return };
    stage.write("facts.jsonl", FACTS);
    memory(&stage, "none", &["import", "facts.jsonl"]);
    let address = serve(|asked| match asked.texts.iter().any(|it| it == "!!!") {
        true => response("500 Internal Server Error", &[], b""),
        false => ollama(asked),
    });
    let encoder = format!("http://{address}/api/embed#small");
    for new in [2, 0] {
        let encoded = memory(&stage, &encoder, &["encode"]);
        let is = |key: &str| encoded[key].as_u64();
        assert_eq!([is("encoded"), is("refused")], [Some(new), Some(1)], "{encoded}");
    }
}

#[test]
fn what_a_host_passed_over_is_tried_again_where_somebody_asks() {
    let Some(stage) = Stage::new() else { return };
    stage.write("facts.jsonl", FACTS);
    let refuses = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&refuses);
    let address = serve(move |asked| {
        let is_refused = |it: &String| it == "!!!" && seen.load(Ordering::SeqCst);
        match asked.texts.iter().any(is_refused) {
            true => response("500 Internal Server Error", &[], b""),
            false => ollama(asked),
        }
    });
    let encoder = format!("http://{address}/api/embed#small");
    let mut host = Telling::begin(stage.command(["--encoder", &encoder, "serve", "--json"]));
    host.until(&["serving"]);
    memory(&stage, "none", &["import", "facts.jsonl"]);
    let encoded = || {
        let encoded = memory(&stage, &encoder, &["encode"]);
        ["vectors", "refused"].map(|it| encoded[it].as_u64())
    };
    assert_eq!(encoded(), [Some(2), Some(1)]);
    refuses.store(false, Ordering::SeqCst);
    assert_eq!(encoded(), [Some(3), Some(0)]);
    host.stop();
}

#[test]
fn encoding_that_was_killed_goes_on_where_it_was() {
    let Some(stage) = Stage::new() else { return };
    let lines: String =
        (0..400).map(|it| format!("{{\"text\":\"Line {it} of many.\"}}\n")).collect();
    stage.write("many.jsonl", lines);
    memory(&stage, "none", &["import", "many.jsonl"]);
    let address = serve(ollama);
    let encoder = format!("http://{address}/api/embed#small");
    let arguments = ["--encoder", &encoder, "memory", "encode"];
    let killed = stage.kill_when(arguments, |line| {
        line.contains("\"encoding\"") && !line.contains("\"vectors\":0")
    });
    assert!(killed, "it tells how far it is");
    let before = vectors(&stage, &encoder);
    assert!(0 < before, "a batch that was told is kept");
    let encoded = memory(&stage, &encoder, &["encode"]);
    assert_eq!(encoded["vectors"], 400, "{encoded}");
    assert_eq!(encoded["encoded"].as_u64(), Some(400 - before), "{encoded}");
    let found = memory(&stage, &encoder, &["recall", "\"Line 7 of many\""]);
    assert!(found["hits"][0]["record"]["text"].is_string(), "{found}");
}

#[test]
fn a_host_that_stays_makes_vectors_beside_its_work() {
    let Some(stage) = Stage::new() else { return };
    let told = Arc::new(Mutex::new(Vec::new()));
    let (sender, receiver) = channel();
    let seen = Arc::clone(&told);
    let address = serve(move |asked| {
        seen.lock().expect("nobody panics").extend(asked.texts.clone());
        let _ = sender.send(());
        ollama(asked)
    });
    let encoder = format!("http://{address}/api/embed#small");
    let mut host = Telling::begin(stage.command(["--encoder", &encoder, "serve", "--json"]));
    host.until(&["serving"]);
    // Whoever asks gets the encoder of the process that has the state.
    memory(&stage, "none", &["add", "We sold the automobile."]);
    receiver.recv().expect("the text is encoded");
    host.stop();
    // And none where that has none.
    let mut host = Telling::begin(stage.command(["--encoder", "none", "serve", "--json"]));
    host.until(&["serving"]);
    let bare = call(&stage, &encoder, &["encode"]);
    assert!(bare.code == Some(2) && bare.err.contains("was begun without one"), "{bare:?}");
    let bare = call(&stage, "none", &["encode"]);
    assert!(bare.code == Some(2) && bare.err.contains("`--encoder hashed`"), "{bare:?}");
    host.stop();
    assert_eq!(told.lock().expect("nobody panicked")[0], "We sold the automobile.");
    assert_eq!(vectors(&stage, &encoder), 1, "the batch under way was finished");
}
