//! What a host tells of its runs: log lines, traces, metrics.

use std::{collections::BTreeMap, fs::File, io::Read as _};

use e2e::{Ended, Stage};
use opentelemetry_proto::tonic::{
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::Link},
};
use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Termios, tcgetattr},
};
use serde_json::Value as Json;

use crate::collector::Collector;

const RULES: &str = "voyager: manifest/v1\nname: rules\nversion: 1.0.0\ninputs:\n  \
                     word: { type: string }\nsteps:\n  - { id: rules, use: security/rules.all }\n  \
                     - { id: never, use: security/rules.all, when: \"inputs.word == ''\" }\n";

const SECRET: &str = "swordfish";

fn run(stage: &Stage, options: &[&str], environment: &[(&str, &str)]) -> Ended {
    stage.write("rules.yaml", RULES);
    let word = format!("word={SECRET}");
    let mut command = stage.command(["run", "rules.yaml", "--input", &word]);
    command.args(options).envs(environment.iter().copied());
    Ended::from(command.output().expect("the program starts"))
}

fn lines(ended: &Ended) -> Vec<Json> {
    ended.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn a_log_has_each_task_with_its_run_and_no_argument() {
    let Some(stage) = Stage::new() else { return };
    let ended = run(&stage, &["--log", "debug", "--log-format", "json"], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines = lines(&ended);
    let told: Vec<&Json> =
        lines.iter().filter(|it| it["message"] == "the task has ended").collect();
    let [task] = told.as_slice() else { panic!("{ended:?}") };
    let span = &task["span"];
    assert_eq!(
        (&span["name"], &span["step"], &span["outcome"]),
        (&"task".into(), &"rules".into(), &"done".into())
    );
    let ended = lines.iter().find(|it| it["message"] == "the run has ended").expect("it is told");
    assert_eq!(
        (&ended["span"]["manifest"], &ended["span"]["run"]),
        (&"rules".into(), &span["run"])
    );
    assert!(lines.iter().any(|it| it["step"] == "never" && it["outcome"] == "skipped"));
    assert!(lines.iter().all(|it| !it.to_string().contains(SECRET)));
}

#[test]
fn the_environment_asks_for_a_log_and_the_command_line_wins() {
    let Some(stage) = Stage::new() else { return };
    let ended = run(&stage, &[], &[("VOYAGER_LOG", "info")]);
    assert!(ended.err.contains("the run has ended"), "{ended:?}");
    let ended = run(&stage, &["--log", "error"], &[("VOYAGER_LOG", "info")]);
    assert!(!ended.err.contains("the run has ended"), "{ended:?}");
    let ended = run(&stage, &[], &[]);
    assert!(!ended.err.contains("the run has ended"), "{ended:?}");
}

#[test]
fn a_level_that_is_none_is_told_with_those_that_there_are() {
    let Some(stage) = Stage::new() else { return };
    for (levels, says) in
        [("loud", "debug"), ("inf", "perhaps `info`"), ("voyager_jurnal=debug", "voyager_journal")]
    {
        let ended = run(&stage, &["--log", levels], &[]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(says), "{}", ended.err);
        let ended = run(&stage, &[], &[("VOYAGER_LOG", levels)]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
}

/// An audit of a small repository: tasks with children.
fn audit(stage: &Stage, more: &[&str]) -> Vec<String> {
    stage.write("repo/a.rs", "fn main() {}\n");
    let out = stage.path("out").display().to_string();
    let repo = format!("repo={}", stage.path("repo").display());
    let fixed = ["run", "audit", "--input", &repo, "--out", &out, "--input", "title=swordfish"];
    fixed.iter().chain(more).map(|it| (*it).to_owned()).collect()
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|it| it.key == key).and_then(|it| it.value.clone()?.value);
    match found {
        Some(Value::StringValue(text)) => text,
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

/// The trace id of a run: its own id.
fn trace_of(run: &str) -> Vec<u8> {
    run.parse::<voyager_base::RunId>().expect("a run has an id").0.to_vec()
}

fn run_span(spans: &[Span]) -> &Span {
    spans.iter().find(|it| it.name == "run").unwrap_or_else(|| panic!("{spans:?}"))
}

fn why(link: &Link) -> String {
    text(&link.attributes, "voyager.link")
}

#[test]
fn a_trace_has_a_span_for_each_task_below_its_parent() {
    let Some(stage) = Stage::new() else { return };
    let collector = Collector::start(200);
    let mut command = stage.command(audit(&stage, &["--json", "--otlp", &collector.url]));
    command.env("OTEL_SERVICE_NAME", "auditor").env("OTEL_EXPORTER_OTLP_HEADERS", "api-key=k");
    command.env("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let ended = Ended::from(command.output().expect("the program starts"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let answer = ended.last()["answer"].take();
    let run = answer["run"].as_str().expect("it has an id");
    let received = collector.received();
    assert_eq!(received.service, "auditor");
    assert_eq!(received.headers.get("api-key").map(String::as_str), Some("k"));
    let spans = &received.spans;
    let root = run_span(spans);
    assert!(spans.iter().all(|it| it.trace_id == trace_of(run)), "{spans:?}");
    assert!(root.parent_span_id.is_empty());
    assert_eq!(root.links.iter().map(why).collect::<Vec<_>>(), ["started-by"]);
    assert_eq!(root.links[0].span_id, [0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31]);
    // As many tasks as the journal knows, each with its children.
    let shown = stage.answer(["runs", "trace", run]);
    let steps = shown["steps"].as_array().expect("it has steps");
    let tasks: Vec<&Json> =
        steps.iter().flat_map(|it| it["tasks"].as_array().expect("a list")).collect();
    let by_task: BTreeMap<String, &Span> =
        spans.iter().map(|it| (text(&it.attributes, "voyager.task"), it)).collect();
    let mut known = 1;
    for task in tasks {
        let span = by_task[task["task"].as_str().expect("it has an id")];
        assert_eq!(span.parent_span_id, root.span_id);
        assert!(root.start_time_unix_nano <= span.start_time_unix_nano);
        assert!(span.start_time_unix_nano < span.end_time_unix_nano);
        assert!(span.end_time_unix_nano <= root.end_time_unix_nano);
        assert_eq!(text(&span.attributes, "voyager.outcome"), "done");
        let effects = span.events.iter().filter(|it| it.name == "effect").count();
        assert_eq!(effects, task["effects"].as_array().expect("a list").len(), "{span:?}");
        for child in task["children"].as_array().expect("a list") {
            let below = by_task[child["task"].as_str().expect("it has an id")];
            assert_eq!(below.parent_span_id, span.span_id);
            known += 1;
        }
        known += 1;
    }
    assert_eq!(spans.len(), known);
    assert!(!format!("{spans:?}").contains("swordfish"));
}

#[test]
fn a_run_that_goes_on_and_a_replay_are_linked_with_its_beginning() {
    let Some(stage) = Stage::new() else { return };
    assert!(stage.kill_when(audit(&stage, &[]), |line| line.contains("step-started")));
    let collector = Collector::start(200);
    let resumed = stage.answer(["resume", "--otlp", &collector.url]);
    assert_eq!(resumed["status"], "done", "{resumed}");
    let run = resumed["run"].as_str().expect("it has an id");
    let spans = collector.received().spans;
    let life = run_span(&spans);
    assert_eq!(life.trace_id, trace_of(run));
    assert_eq!(life.links.iter().map(why).collect::<Vec<_>>(), ["resumes"]);
    assert_ne!(life.links[0].span_id, life.span_id);
    assert!(life.events.iter().any(|it| it.name == "recovered"), "{life:?}");
    for task in spans.iter().filter(|it| it.name != "run") {
        let has = |link: &str| task.links.iter().any(|it| why(it) == link);
        assert_eq!(has("resumes"), text(&task.attributes, "voyager.resumed") == "BoolValue(true)");
        assert_eq!(has("retries"), text(&task.attributes, "voyager.attempt") != "IntValue(1)");
    }

    let collector = Collector::start(200);
    stage.answer(["replay", run, "--verify", "--otlp", &collector.url]);
    let spans = collector.received().spans;
    let [replay] = spans.as_slice() else { panic!("{spans:?}") };
    assert_ne!(replay.trace_id, trace_of(run));
    assert_eq!(why(&replay.links[0]), "replays");
    assert_eq!(
        (&replay.links[0].trace_id, &replay.links[0].span_id),
        (&trace_of(run), &life.links[0].span_id)
    );
}

#[test]
fn an_attempt_is_linked_with_the_one_that_failed() {
    let Some(stage) = Stage::new() else { return };
    stage.write(
        "twice.yaml",
        "voyager: manifest/v1\nname: twice\nversion: 1.0.0\nsteps:\n  - id: rules\n    \
         use: security/rules.all\n    expect: [ { that: \"size(result) == 0\" } ]\n    \
         retry: { attempts: 2, on: [expectation] }\n",
    );
    let collector = Collector::start(200);
    let ended = stage.call(["run", "twice.yaml", "--otlp", &collector.url]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let spans = collector.received().spans;
    let root = run_span(&spans);
    assert!(root.events.iter().any(|it| it.name == "retry"), "{root:?}");
    assert_eq!(text(&root.attributes, "error.type"), "expectation");
    assert_eq!(root.status.as_ref().map(|it| it.code), Some(2));
    let tasks: Vec<&Span> = spans.iter().filter(|it| it.name != "run").collect();
    let [first, second] = tasks.as_slice() else { panic!("{spans:?}") };
    assert!(first.links.is_empty());
    assert_eq!(second.links.iter().map(why).collect::<Vec<_>>(), ["retries"]);
    assert_eq!(second.links[0].span_id, first.span_id);
}

#[test]
fn a_collector_that_fails_is_told_once_and_hurts_no_run() {
    let Some(stage) = Stage::new() else { return };
    let refusing = Collector::start(503);
    // A port that was free a moment ago.
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("it has one");
    for url in [format!("http://{gone}"), refusing.url.clone()] {
        let ended = run(&stage, &["--otlp", &url], &[]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.err.matches("traces can't be sent").count(), 1, "{}", ended.err);
    }
}

#[test]
fn what_this_host_can_not_send_is_refused_before_anything_runs() {
    let Some(stage) = Stage::new() else { return };
    let ended = run(&stage, &[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://example.org")]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("plain HTTP"), "{}", ended.err);
}

/// The samples of a text in Prometheus' format, by name and labels, if every line of it is as the format
/// wants it.
fn metrics(text: &str) -> BTreeMap<String, f64> {
    let is_name = |name: &str| {
        let first = name.chars().next().is_some_and(|it| it.is_ascii_alphabetic() || it == '_');
        first && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
    };
    assert!(text.ends_with('\n'), "the last line ends");
    let (mut kinds, mut samples) = (BTreeMap::new(), BTreeMap::new());
    let mut helped = None;
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped = help.split_once(' ').map(|(name, _)| name.to_owned());
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and a kind");
            assert_eq!(helped.as_deref(), Some(name), "the help stands before the kind");
            assert!(matches!(kind, "counter" | "gauge" | "histogram"), "{line}");
            assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "twice: {line}");
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a series and a value");
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        let (name, labels) = series.split_once('{').map_or((series, ""), |(name, labels)| {
            (name, labels.strip_suffix('}').expect("the labels end"))
        });
        for label in labels.split(',').filter(|it| !it.is_empty()) {
            let (label, quoted) = label.split_once('=').expect("a label and its value");
            assert!(is_name(label), "{line}");
            assert!(
                quoted.len() >= 2 && quoted.starts_with('"') && quoted.ends_with('"'),
                "{line}"
            );
        }
        let parts = ["_bucket", "_sum", "_count"].iter();
        let family =
            parts.filter_map(|it| name.strip_suffix(it)).find(|it| kinds.contains_key(*it));
        let family = family.unwrap_or(name);
        assert!(is_name(name) && kinds.contains_key(family), "no kind: {line}");
        assert_eq!(family.ends_with("_total"), kinds[family] == "counter", "{line}");
        assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
    }
    for (series, count) in &samples {
        let Some((family, labels)) = series.split_once("_count") else { continue };
        let more = labels.trim_matches(['{', '}']);
        let comma = if more.is_empty() { "" } else { "," };
        let last = format!("{family}_bucket{{{more}{comma}le=\"+Inf\"}}");
        assert_eq!(samples.get(&last), Some(count), "{last}");
        assert!(samples.contains_key(&format!("{family}_sum{labels}")), "{series}");
    }
    samples
}

#[test]
fn metrics_count_what_the_journal_holds() {
    let Some(stage) = Stage::new() else { return };
    let file = stage.path("voyager.prom");
    let file = file.to_str().expect("a path of letters");
    let ended = stage.call(audit(&stage, &["--metrics-file", file]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let samples = metrics(&std::fs::read_to_string(file).expect("it is written"));
    let shown = stage.answer(["runs", "show"]);
    let records = stage.call(["runs", "export", shown["run"].as_str().expect("it has an id")]).out;
    let count = |fact: &str| records.matches(&format!("\"fact\":\"{fact}\"")).count() as f64;
    let sum = |family: &str| -> f64 {
        let of = samples.iter().filter(|(name, _)| name.split('{').next() == Some(family));
        of.map(|(_, value)| value).sum()
    };
    assert_eq!(samples["voyager_runs_total{outcome=\"done\"}"], 1.0);
    assert_eq!(sum("voyager_tasks_total"), count("task-done"));
    assert_eq!(sum("voyager_sandbox_calls_total"), count("task-done"));
    assert_eq!(sum("voyager_steps_total"), count("step-done") + count("step-skipped"));
    assert_eq!(sum("voyager_effects_total"), count("effect-answered") + count("effect-denied"));
    assert!(sum("voyager_queue_seconds_count") >= count("task-started"));
    assert!(sum("voyager_journal_sync_seconds_count") >= 2.0);
    assert!(sum("voyager_guest_memory_bytes_sum") > 65_536.0);
    assert!(samples["process_resident_memory_bytes"] > 1_000_000.0);
    assert_eq!((samples["voyager_runs_active"], samples["voyager_tasks_active"]), (0.0, 0.0));
    let beside = std::fs::read_dir(stage.path("")).expect("the folder is there").flatten();
    assert!(!beside.into_iter().any(|it| it.file_name().to_string_lossy().ends_with(".new")));
}

#[test]
fn a_place_where_no_metrics_can_be_is_told_before_anything_runs() {
    let Some(stage) = Stage::new() else { return };
    let ended = run(&stage, &["--metrics-file", "no/such/folder/voyager.prom"], &[]);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(ended.err.contains("--metrics-file"), "{}", ended.err);
    assert_eq!(stage.answer(["runs"]), Json::Array(Vec::new()));
}

const SLEEPS: &str = "voyager: manifest/v1\nname: sleeps\nversion: 1.0.0\npriority: high\nsteps:\n  \
                      - { id: rules, use: security/rules.all }\n  - { id: rest, sleep: 1h }\n";

#[test]
fn top_shows_what_another_process_does_and_leaves_it_alone() {
    let Some(stage) = Stage::new() else { return };
    let nothing = stage.answer(["top"]);
    assert_eq!(nothing, serde_json::json!({ "host": null, "runs": [] }));
    stage.write("sleeps.yaml", SLEEPS);
    let mut command = stage.command(["run", "sleeps.yaml", "--json"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut sleeping = command.spawn().expect("the program starts");
    let out = std::io::BufReader::new(sleeping.stdout.take().expect("it is piped"));
    let mut lines = std::io::BufRead::lines(out).map_while(Result::ok);
    assert!(lines.any(|line| line.contains("step-started") && line.contains("\"rest\"")));
    let top = stage.answer(["top", "--once"]);
    assert_eq!(top["host"]["pid"], sleeping.id());
    let run = &top["runs"][0];
    assert_eq!(
        (&run["status"], &run["priority"], &run["steps"]),
        (&"running".into(), &"high".into(), &serde_json::json!([1, 2]))
    );
    let plain = stage.call(["top", "--once"]);
    assert!(plain.out.contains("1 live") && plain.out.contains("sleeps"), "{plain:?}");
    let id = run["run"].as_str().expect("it has an id");
    assert_eq!(stage.call(["cancel", id]).code, Some(0));
    let last = lines.last().unwrap_or_default();
    assert!(last.contains("\"cancelled\""), "{last}");
    sleeping.wait().expect("it ends");
    let after = stage.answer(["top"]);
    assert_eq!((&after["host"], &after["runs"][0]["status"]), (&Json::Null, &"cancelled".into()));
}

/// Starts `top` at a terminal of its own, sends it a signal once it draws, and gives back how it ended, what it wrote, and the
/// terminal's settings before and after.
fn top_ended_by(stage: &Stage, signal: Signal) -> (Option<i32>, String, [Termios; 2]) {
    let mut terminal =
        File::from(openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal can be had"));
    grantpt(&terminal).expect("a terminal can be had");
    unlockpt(&terminal).expect("a terminal can be had");
    let before = tcgetattr(&terminal).expect("a terminal can be had");
    let path = ptsname(&terminal, Vec::new()).expect("a terminal can be had");
    let end = File::options()
        .read(true)
        .write(true)
        .open(path.to_str().expect("a terminal can be had"))
        .expect("a terminal can be had");
    let mut command = stage.command(["top"]);
    command
        .stdin(end.try_clone().expect("a terminal can be had"))
        .stdout(end.try_clone().expect("a terminal can be had"))
        .stderr(end);
    let mut child = command.spawn().expect("the program starts");
    // It has ended once nobody else has the other end.
    drop(command);
    let (mut told, mut part) = (Vec::new(), [0; 4096]);
    let has = |told: &[u8], what: &str| String::from_utf8_lossy(told).contains(what);
    while let Ok(bytes @ 1..) = terminal.read(&mut part) {
        let drew = has(&told, ENTERED);
        told.extend_from_slice(&part[..bytes]);
        if !drew && has(&told, ENTERED) {
            assert_ne!(
                tcgetattr(&terminal).expect("a terminal can be had").local_modes,
                before.local_modes
            );
            kill_process(Pid::from_child(&child), signal).expect("a terminal can be had");
        }
    }
    let code = child.wait().expect("it ends").code();
    let after = tcgetattr(&terminal).expect("a terminal can be had");
    (code, String::from_utf8_lossy(&told).into_owned(), [before, after])
}

/// What opens and what leaves the screen beside the usual one.
const ENTERED: &str = "\u{1b}[?1049h";
const LEFT: &str = "\u{1b}[?1049l";

#[test]
fn top_gives_the_terminal_back_when_a_signal_ends_it() {
    let Some(stage) = Stage::new() else { return };
    for signal in [Signal::TERM, Signal::HUP] {
        let (code, told, [before, after]) = top_ended_by(&stage, signal);
        assert_eq!(code, Some(130), "{told}");
        assert!(told.contains(LEFT), "{told}");
        assert_eq!(
            (after.local_modes, after.input_modes, after.output_modes),
            (before.local_modes, before.input_modes, before.output_modes)
        );
    }
}
