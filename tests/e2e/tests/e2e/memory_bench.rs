//! How well recall finds what answers questions, on a file in LoCoMo's format that the tests make.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use e2e::{Stage, tree};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};

/// What only one turn says, a question about it each.
const FACTS: [(&str, &str); 6] = [
    ("My sister Clara plays the cello in Vienna.", "Who plays the cello?"),
    ("We adopted a greyhound called Biscuit.", "What is the greyhound called?"),
    ("I broke my wrist while skating.", "How did Ann break her wrist?"),
    ("The bakery hired me as a pastry chef.", "What did the bakery hire Ann as?"),
    ("Our flight to Lisbon was cancelled.", "Which flight was cancelled?"),
    ("I repaired the typewriter of my grandfather.", "Whose typewriter was repaired?"),
];

/// Turns of a session.
const TURNS: usize = 20;

/// Conversations of 240 turns, with a question about each fact, and one to which nobody knows the answer.
pub(crate) fn conversations(count: usize) -> Json {
    (0..count).map(conversation).collect()
}

fn conversation(number: usize) -> Json {
    let mut sessions = json!({ "speaker_a": "Ann", "speaker_b": "Bo" });
    for session in 1..=2 * FACTS.len() {
        let turn = |it: usize| {
            let speaker = if it.is_multiple_of(2) { "Ann" } else { "Bo" };
            let text = match FACTS.get(session / 2) {
                Some((fact, _)) if session.is_multiple_of(2) && it == 6 => (*fact).to_owned(),
                _ => format!("The weather of day {session} was as on day {}.", it * 7 % 11),
            };
            json!({ "speaker": speaker, "dia_id": format!("D{session}:{it}"), "text": text })
        };
        sessions[format!("session_{session}")] = (0..TURNS).map(turn).collect();
        let date = format!("{}:00 pm on {session} May, 2023", 1 + session % 11);
        sessions[format!("session_{session}_date_time")] = date.into();
    }
    let mut questions: Vec<Json> = (1..FACTS.len())
        .map(|it| {
            let evidence = format!("D{}:6", 2 * it);
            json!({ "question": FACTS[it].1, "category": 4, "evidence": [evidence], "answer": "?" })
        })
        .collect();
    questions.push(json!({
        "question": "Which submarine did Bo buy?", "category": 5, "evidence": ["D3:1"],
        "adversarial_answer": "none"
    }));
    questions.push(json!({
        "question": "When was the flight to Lisbon cancelled?", "category": 2, "evidence": ["D8:6"],
        "answer": "8 May"
    }));
    // What can't be asked is passed over: evidence that is not there, and a question that tells nothing finds nothing.
    questions.push(json!({ "question": "Gone?", "category": 1, "evidence": ["D99:1"] }));
    questions.push(json!({ "question": "Who was it?", "category": 4, "evidence": ["D5:1"] }));
    json!({ "sample_id": format!("made-{number}"), "conversation": sessions, "qa": questions })
}

#[test]
fn recall_is_measured_and_the_memory_of_this_machine_is_left_alone() {
    let Some(stage) = Stage::new() else { return };
    stage.write("talk.json", conversations(2).to_string());
    let before = tree(&stage.path(""));
    let answer = stage.answer(["memory", "bench", "locomo", "talk.json"]);
    assert_eq!(tree(&stage.path("")), before, "nothing is left of it");
    let is = |key: &str| answer[key].to_string();
    let told = ["conversations", "turns", "questions", "encoder", "out"].map(is);
    assert_eq!(told, ["2", "480", "16", "null", "null"], "{answer}");
    let rankings = answer["rankings"].as_array().expect("a list");
    let names: Vec<&str> = rankings.iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["BM25, windows of 2", "untrained fusion", "what recall ranks by"]);
    let single = &rankings[2]["categories"]["single-hop"];
    assert_eq!(single["questions"], 12, "{single}");
    // All but the one that tells nothing.
    let mean = single["measures"]["R@10"]["mean"].as_f64().expect("a number");
    assert!((mean - 10.0 / 12.0).abs() < 1e-9, "{single}");
    assert_eq!(rankings[2]["dates"], json!({ "questions": 2, "exact": 2, "within": 0 }));
    assert!(rankings[2]["abstention"]["auroc"].is_number(), "{answer}");

    let plain = stage.call(["memory", "bench", "locomo", "talk.json", "--encoder", "hashed"]);
    assert_eq!(plain.code, Some(0), "{plain:?}");
    for part in [
        "16 questions, vectors of hashed-1",
        "session Hit@1",
        "SingleHop (12)",
        "AUROC",
        "dates: 2 of 2 exact (100.0 %), 0 within",
    ] {
        assert!(plain.out.contains(part), "{part}: {plain:?}");
    }
    assert!(plain.err.contains("% asked"), "{plain:?}");
    assert!(!stage.path("state").join("memory").exists());
}

#[test]
fn the_places_of_all_evidence_are_written_and_are_the_same_each_time() {
    let Some(stage) = Stage::new() else { return };
    stage.write("talk.json", conversations(1).to_string());
    let bench = |out: &str| {
        let call = ["memory", "bench", "locomo", "talk.json", "--encoder", "hashed", "--out", out];
        assert_eq!(stage.answer(call)["out"], out);
        fs::read_to_string(stage.path(out)).expect("it was written")
    };
    let written = bench("one.jsonl");
    assert_eq!(written, bench("two.jsonl"));
    let read = |line| serde_json::from_str(line).expect("it is JSON");
    let lines: Vec<Json> = written.lines().map(read).collect();
    assert_eq!(lines.len(), 8, "{written}");
    assert_eq!((&lines[6]["category"], &lines[6]["date"]), (&json!("temporal"), &json!("exact")));
    assert_eq!((&lines[0]["conversation"], &lines[0]["ranks"]), (&json!("made-0"), &json!([1])));
    assert_eq!(lines[7]["ranks"], json!([null]), "a question that tells nothing finds nothing");
}

#[test]
fn what_can_t_be_measured_is_told_with_its_place_and_the_way_out() {
    let Some(stage) = Stage::new() else { return };
    let whole = conversations(1).to_string();
    let few = json!([{
        "sample_id": "few", "qa": [{ "question": "Bye?", "category": 4, "evidence": ["D1:1"] }],
        "conversation": {
            "session_1": [{ "speaker": "Ann", "dia_id": "D1:1", "text": "Bye." }],
            "session_1_date_time": "1:00 pm on 1 May, 2023"
        }
    }]);
    let undated = whole.replacen(" pm on 3 May, 2023", " o'clock", 1);
    let unasked = whole.replace("\"D", "\"E");
    for (name, content, parts) in [
        ("cut.json", &whole[..whole.len() / 2], &["`cut.json`", "line 1, column", "memory.md"][..]),
        ("other.json", "{\"text\": \"no list\"}", &["line 1, column", "memory.md"]),
        ("empty.json", "[]", &["no question", "memory.md"]),
        ("unasked.json", &unasked, &["no question", "memory.md"]),
        ("undated.json", &undated, &["made-0: session_3", "its date is", "memory.md"]),
        ("few.json", &few.to_string(), &["`few` has 1 turns", "longer conversation"]),
    ] {
        stage.write(name, content);
        let told = stage.call(["memory", "bench", "locomo", name]);
        assert_eq!(told.code, Some(2), "{told:?}");
        for part in parts {
            assert!(told.err.contains(part), "{name}, {part}: {told:?}");
        }
    }
    stage.write("talk.json", &whole);
    for arguments in [
        &["nowhere.json"][..],
        &["talk.json", "--encoder", "nowhere"],
        &["talk.json", "--out", "no where/there.jsonl"],
    ] {
        let told = stage.call([&["memory", "bench", "locomo"], arguments].concat());
        assert_eq!(told.code, Some(5), "{told:?}");
        assert!(told.err.contains("no"), "{told:?}");
        assert_eq!(
            told.err.contains("`mkdir -p 'no where'`"),
            arguments.contains(&"--out"),
            "{told:?}"
        );
    }
}

#[test]
fn a_bench_that_is_stopped_leaves_nothing() {
    let Some(stage) = Stage::new() else { return };
    stage.write("talk.json", conversations(60).to_string());
    stage.write("out.jsonl", "from before\n");
    let call = ["memory", "bench", "locomo", "talk.json", "--json", "--out", "out.jsonl"];
    let mut command = stage.command(call);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    let out = child.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(out).lines().map_while(Result::ok);
    let first = lines.next().expect("a line");
    let total = format!("\"total\":{}", 60 * (240 + 8));
    assert!(first.contains("\"going\"") && first.contains(&total), "{first}");
    let pid = child.id().try_into().ok().and_then(Pid::from_raw);
    kill_process(pid.expect("it is a process"), Signal::INT).expect("it lives");
    let last = lines.last().expect("a last line");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{last}");
    assert!(last.contains("\"cancelled\""), "{last}");
    let left = fs::read_to_string(stage.path("out.jsonl")).expect("it is there");
    assert_eq!(left, "from before\n");
    let names = fs::read_dir(stage.path("")).expect("it is a folder").flatten();
    let names: Vec<_> = names.map(|it| it.file_name()).collect();
    let is_aside = |it: &std::ffi::OsString| it.to_string_lossy().starts_with(".tmp");
    assert!(!names.iter().any(is_aside), "{names:?}");
}
