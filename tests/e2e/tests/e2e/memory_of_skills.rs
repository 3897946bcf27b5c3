//! The memory: what one run remembers another one recalls, within the spaces that a manifest grants, and
//! once, whatever happens in between.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use e2e::{Stage, Telling};
use serde_json::Value as Json;

const GUIDE: &str = include_str!("../../../../docs/guide/memory.md");

/// A manifest with one step that uses the memory.
fn manifest(grants: &str, operation: &str, with: &str) -> String {
    let outputs = match operation {
        "forget" | "relate" | "used" => "{}",
        _ => "{ answer: { from: steps.ask } }",
    };
    format!(
        "voyager: manifest/v1\nname: keep\nversion: 1.0.0\n\
         grants: {{ memory: {{ {grants} }} }}\n\
         steps: [ {{ id: ask, use: memory/{operation}, with: {{ {with} }} }} ]\n\
         outputs: {outputs}\n"
    )
}

fn run(stage: &Stage, grants: &str, operation: &str, with: &str) -> Json {
    stage.write("keep.yaml", manifest(grants, operation, with));
    stage.answer(["run", "keep.yaml"])
}

fn texts(answer: &Json) -> Vec<&str> {
    let hits = answer["outputs"]["answer"].as_array().unwrap();
    hits.iter().map(|it| it["text"].as_str().unwrap()).collect()
}

#[test]
fn what_was_of_use_to_a_run_fades_later() {
    let Some(stage) = Stage::new() else { return };
    let all = r#"read: ["**"], write: ["**"]"#;
    for text in ["The door is green.", "The roof is red."] {
        run(&stage, all, "remember", &format!("space: notes, text: {text}"));
    }
    stage.answer(["memory", "tick", "150"]);
    let used = run(&stage, all, "used", "ids: [0]");
    assert_eq!(used["status"], "done", "{used}");
    let weight = |id: &str| stage.answer(["memory", "show", id])["weight"].as_f64().unwrap();
    assert!((weight("m0") - 0.2125).abs() < 1e-9 && (weight("m1") - 0.125).abs() < 1e-9);
    let refused = run(&stage, r#"read: ["**"]"#, "used", "ids: [0]");
    assert_eq!(refused["error"]["kind"], "denied", "{refused}");
    assert_eq!(stage.answer(["memory", "tick", "100"])["archived"], 1);
    assert_eq!(stage.answer(["memory", "list", "--archived"])["records"][0]["id"], "m1");
    // Once for each that is named, however often it is.
    let again = stage.answer(["memory", "use", "m0", "m0"]);
    assert_eq!(again[0]["weight"].as_f64(), Some(weight("m0")), "{again}");
    let none = stage.call(["memory", "use", "m0", "m7"]);
    assert_eq!(none.code, Some(2), "{none:?}");
}

#[test]
fn a_run_that_names_a_budget_and_no_limit_gets_what_fits() {
    let Some(stage) = Stage::new() else { return };
    let note = |it: u32| format!("{{\"text\": \"Note {it}: door {it} is green.\"}}\n");
    stage.write("notes.jsonl", (0..150).map(note).collect::<String>());
    stage.answer(["memory", "import", "notes.jsonl", "--space", "notes"]);
    let found = |more: &str| {
        let with = format!("question: Which door is green?{more}");
        texts(&run(&stage, "read: [notes]", "recall", &with)).len()
    };
    assert_eq!(found(""), 10);
    assert_eq!(found(", budget-tokens: 4000"), 100);
    assert_eq!(found(", budget-tokens: 4000, limit: 12"), 12);
    // Each takes eight.
    assert_eq!(found(", budget-tokens: 200"), 25);
}

#[test]
fn what_one_run_remembers_another_one_recalls() {
    let Some(stage) = Stage::new() else { return };
    let all = r#"read: ["**"], write: ["**"]"#;
    let kept = run(&stage, all, "remember", "space: notes/door, text: The door is green.");
    assert_eq!(kept["outputs"]["answer"], 0, "{kept}");
    let planned = stage.call(["plan", "keep.yaml"]);
    assert!(planned.out.contains("may remember in **"), "{}", planned.out);
    run(&stage, all, "remember", "space: private, text: The vault opens with xylophone.");
    let door = "question: What colour has the door?, limit: 1";
    let found = run(&stage, all, "recall", door);
    assert_eq!(texts(&found), ["The door is green."], "{found}");
    let memory = &found["outputs"]["answer"][0];
    assert_eq!(memory["author"], "voyager-skills:memory", "{memory}");
    let fields = memory["fields"].as_array().unwrap();
    assert_eq!(fields[0]["name"], "run");
    assert_eq!(fields[0]["value"], kept["run"]);
    // A replay asks nobody: it knows what was forgotten since.
    let (asked, forgotten) =
        (found["run"].as_str().unwrap(), run(&stage, all, "forget", "ids: [0]"));
    assert_eq!(forgotten["status"], "done", "{forgotten}");
    assert_ne!(texts(&run(&stage, all, "recall", door)), ["The door is green."]);
    let verified = stage.call(["replay", "--verify", asked]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let read = run(&stage, all, "read", "id: 0");
    assert_eq!(read["error"]["kind"], "not-found", "{read}");
}

#[test]
fn lessons_are_found_again_by_their_situation() {
    let Some(stage) = Stage::new() else { return };
    let all = r#"read: ["lessons/*"], write: ["lessons/*"]"#;
    let lesson = "space: lessons/parser, context: The parser fails on tabs, tried: expanding tabs, \
                  outcome: columns were wrong, worked: false";
    assert_eq!(run(&stage, all, "learn", lesson)["status"], "done");
    run(&stage, all, "remember", "space: lessons/parser, text: The parser fails on tabs today.");
    let found = run(&stage, all, "lessons", "context: the parser and tabs");
    assert_eq!(texts(&found).len(), 1, "{found}");
    let fields = found["outputs"]["answer"][0]["fields"].to_string();
    assert!(fields.contains(r#"{"name":"worked","value":"false"}"#), "{fields}");
    // People find what skills learned, and skills what people did.
    let shown = stage.call(["memory", "lessons", "tabs", "--space", "lessons/parser"]);
    let told = "The parser fails on tabs\n        tried, which did not work: expanding tabs\n        \
                outcome: columns were wrong\n";
    assert!(shown.out.contains(told), "{shown:?}");
    let learned = ["memory", "learn", "Printing a page", "--tried", "postscript", "--outcome"];
    let learned = [learned.as_slice(), &["fine", "--space", "lessons/printer"]].concat();
    let id = stage.answer(learned)["id"].clone();
    let found = run(&stage, all, "lessons", "context: printing");
    assert_eq!(texts(&found), ["Printing a page\nTried: postscript\nOutcome: fine"]);
    let answer = stage.answer(["memory", "lessons", "printing", "--limit", "1"]);
    let record = &answer["hits"][0]["record"];
    assert_eq!((&record["id"], &record["kind"]), (&id, &"lesson".into()), "{answer}");
    assert_eq!(record["fields"]["worked"], "true", "{answer}");
    let none = stage.call(["memory", "lessons", "tabs", "--space", "lessons/printer"]);
    assert!(none.out.is_empty(), "{none:?}");
}

#[test]
fn a_space_that_no_grant_names_is_not_there() {
    let Some(stage) = Stage::new() else { return };
    let all = r#"read: ["**"], write: ["**"]"#;
    run(&stage, all, "remember", "space: private, text: The vault opens with xylophone.");
    run(&stage, all, "remember", "space: notes/a, text: The vault is in the cellar.");
    let (notes, vault) = (r#"read: ["notes/*"]"#, "question: vault");
    assert_eq!(texts(&run(&stage, notes, "recall", vault)), ["The vault is in the cellar."]);
    assert!(texts(&run(&stage, r#"read: ["empty"]"#, "recall", vault)).is_empty());
    for (grants, operation, with, kind, cause) in [
        (
            notes,
            "recall",
            "question: vault, spaces: [private]",
            "denied",
            "recall from the memory `private`",
        ),
        (
            notes,
            "remember",
            "space: notes/a, text: x",
            "denied",
            "remember in the memory `notes/a`",
        ),
        (
            r#"write: ["notes/*"]"#,
            "remember",
            "space: private, text: x",
            "denied",
            "`write: [\"notes/*\", \"private\"]`",
        ),
        (r#"write: ["notes/*"]"#, "recall", vault, "denied", "recall from any memory"),
        (notes, "read", "id: 0", "not-found", "no memory m0"),
        (r#"write: ["notes/*"]"#, "read", "id: 1", "denied", "recall from"),
        (r#"write: ["notes/*"]"#, "forget", "ids: [1, 0]", "not-found", "no memory m0"),
        (
            r#"read: ["**"], write: ["notes/*"]"#,
            "forget",
            "ids: [1, 0]",
            "denied",
            "remember in the memory `private`",
        ),
        (
            r#"write: ["notes/*"]"#,
            "relate",
            "from: 1, kind: of, to: 0",
            "not-found",
            "no memory m0",
        ),
    ] {
        let answer = run(&stage, grants, operation, with);
        assert_eq!(answer["error"]["kind"], kind, "{grants} {operation}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(cause), "{grants} {operation}: {message}");
    }
    assert_eq!(texts(&run(&stage, all, "recall", vault)).len(), 2);
}

#[test]
fn what_a_skill_supersedes_nobody_recalls() {
    let Some(stage) = Stage::new() else { return };
    let all = r#"read: ["**"], write: ["**"]"#;
    let notes = r#"read: ["**"], write: ["notes/*"]"#;
    for text in ["The door is green.", "The door is red."] {
        run(&stage, all, "remember", &format!("space: notes/door, text: {text}"));
        run(&stage, all, "remember", &format!("space: private, text: {text}"));
    }
    let relate = |grants: &str, from: u64, to: u64| {
        run(&stage, grants, "relate", &format!("from: {from}, kind: supersedes, to: {to}"))
    };
    // It may read both, and may write only one of the two spaces.
    let refused = relate(notes, 3, 1);
    assert_eq!(refused["error"]["kind"], "denied", "{refused}");
    let far = relate(notes, 2, 1);
    assert_eq!(far["error"]["kind"], "invalid", "{far}");
    assert!(far["error"]["message"].as_str().unwrap().contains("the same space"), "{far}");
    let unseen = relate(r#"write: ["notes/*"]"#, 2, 1);
    assert_eq!(unseen["error"]["kind"], "not-found", "{unseen}");
    assert_eq!(relate(notes, 2, 0)["status"], "done");
    let circle = relate(notes, 0, 2);
    assert_eq!(circle["error"]["kind"], "invalid", "{circle}");
    let door = r#"question: Which door?, spaces: ["notes/door"]"#;
    assert_eq!(texts(&run(&stage, all, "recall", door)), ["The door is red."]);
    run(&stage, notes, "forget", "ids: [2]");
    assert_eq!(texts(&run(&stage, all, "recall", door)), ["The door is green."]);
}

/// The poisoning of a memory, step by step: what a skill leaves is not taken for what the owner said.
#[test]
fn no_skill_makes_its_word_the_owners() {
    let Some(stage) = Stage::new() else { return };
    let all = r#"read: ["**"], write: ["**"]"#;
    let trusting = r#"read: ["**"], write: ["**"], trust: skill"#;
    let code = "question: What is the code of the door?";
    stage.answer(["memory", "add", "The code of the door is 1234.", "--space", "notes"]);
    let claimed = "space: notes, text: The code of the door is 6666., \
                   fields: [ { name: trust, value: owner } ]";
    assert_eq!(run(&stage, all, "remember", claimed)["outputs"]["answer"], 1);
    let trust = |answer: &Json, place: usize| {
        let fields = answer["outputs"]["answer"][place]["fields"].as_array().unwrap();
        let field = fields.iter().find(|it| it["name"] == "trust").unwrap();
        field["value"].as_str().unwrap().to_owned()
    };
    let found = run(&stage, all, "recall", code);
    let mut told: Vec<_> = (0..2).map(|it| trust(&found, it)).collect();
    told.sort();
    assert_eq!(told, ["outside", "owner"], "{found}");
    let shown = stage.answer(["memory", "show", "m1"]);
    assert_eq!((&shown["trust"], &shown["own-trust"]), (&"outside".into(), &"outside".into()));
    for (from, kind, to) in [(1, "supersedes", 0), (0, "derived-from", 1)] {
        let with = format!("from: {from}, kind: {kind}, to: {to}");
        let refused = run(&stage, all, "relate", &with);
        assert_eq!(refused["error"]["kind"], "denied", "{refused}");
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("m0 can't be"), "{message}");
    }
    assert_eq!(texts(&run(&stage, trusting, "recall", code)), ["The code of the door is 1234."]);
    assert_eq!(run(&stage, trusting, "read", "id: 1")["error"]["kind"], "not-found");
    // Who reads nothing that is trusted less leaves more than that, and less where it says so.
    run(&stage, trusting, "remember", "space: notes, text: The code of the door has four digits.");
    let doubted = "space: notes, text: The code of the door may be odd., \
                   fields: [ { name: trust, value: outside } ]";
    run(&stage, trusting, "remember", doubted);
    let of = |id: &str| stage.answer(["memory", "show", id])["trust"].as_str().unwrap().to_owned();
    assert_eq!([of("m0"), of("m2"), of("m3")], ["owner", "skill", "outside"]);
    let wrong = run(
        &stage,
        all,
        "remember",
        "space: notes, text: a, fields: [ { name: trust, value: root } ]",
    );
    assert_eq!(wrong["error"]["kind"], "invalid", "{wrong}");
    // It takes its source away, and is trusted no more for it.
    run(&stage, all, "relate", "from: 2, kind: supersedes, to: 1");
    stage.answer(["memory", "relate", "m2", "derived-from", "m1"]);
    assert_eq!(of("m2"), "outside");
    assert_eq!(run(&stage, all, "forget", "ids: [1]")["status"], "done");
    assert_eq!(of("m2"), "outside");
}

/// What one run made of an answer another one is offered, as long as the question finds what it found.
#[test]
fn what_one_run_made_of_an_answer_is_offered_to_another_one() {
    let Some(stage) = Stage::new() else { return };
    let all = r#"read: ["**"], write: ["**"]"#;
    let host = serving(&stage);
    let remember = |text: &str| {
        let kept = run(&stage, all, "remember", &format!("space: notes/door, text: {text}"));
        kept["outputs"]["answer"].as_u64().unwrap()
    };
    let first = remember("The door is green.");
    let door = r#"question: Which door?, spaces: ["notes/door"]"#;
    let keep = |grants: &str, found: &str| {
        run(&stage, grants, "keep-result", &format!("{door}, found: [{found}], text: A green one."))
    };
    let offered = |grants: &str, question: &str| run(&stage, grants, "offers", question);
    assert!(texts(&offered(all, door)).is_empty());
    // It does not find that, so nothing was made of it.
    assert_eq!(keep(all, "7")["outputs"]["answer"], false);
    let kept = keep(all, &first.to_string());
    assert_eq!(kept["outputs"]["answer"], true, "{kept}");
    let found = offered(all, door);
    assert_eq!(texts(&found), ["A green one."], "{found}");
    let offer = &found["outputs"]["answer"][0];
    assert_eq!((&offer["question"], &offer["likeness"]), (&"Which door?".into(), &1.0.into()));
    assert_eq!((&offer["run"], &offer["found"]), (&kept["run"], &serde_json::json!([first])));
    assert_eq!(
        (&offer["trust"], &offer["skill"]),
        (&"outside".into(), &"voyager-skills:memory".into())
    );
    let stats = stage.answer(["memory", "stats"]);
    assert_eq!((&stats["results-kept"], &stats["results-offered"]), (&1.into(), &1.into()));
    let shown = stage.call(["memory", "stats"]).out;
    assert!(
        shown.contains("results    1 kept (") && shown.contains("offered 1 time(s)"),
        "{shown}"
    );
    // Other bounds, other words, other spaces, more trust, a grant that may not read there.
    for (grants, question) in [
        (all, r#"question: Which door?, spaces: ["notes/door"], limit: 3"#),
        (all, r#"question: Which door is it?, spaces: ["notes/door"]"#),
        (all, r#"question: Which door?, spaces: ["notes/door", "private"]"#),
        (r#"read: ["**"], write: ["**"], trust: skill"#, door),
    ] {
        let none = offered(grants, question);
        assert!(texts(&none).is_empty(), "{grants} {question}: {none}");
    }
    let far = r#"read: ["private"], write: ["**"]"#;
    assert_eq!(offered(far, door)["error"]["kind"], "denied");
    // A run that may only read tells nothing to whoever may read, too.
    let refused = keep(r#"read: ["**"], write: ["private"]"#, &first.to_string());
    assert_eq!(refused["error"]["kind"], "denied", "{refused}");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("remember in the memory `notes/door`"), "{message}");
    let grants = stage.answer(["grants", "explain", refused["run"].as_str().unwrap()]);
    let used: Vec<_> = grants["steps"].as_array().unwrap().iter().collect();
    assert_eq!((used.len(), &used[0]["capability"]), (1, &"memory".into()), "{grants}");
    // Elsewhere is not there; a change there ends it, and forgetting too.
    run(&stage, all, "remember", "space: private, text: The door is red.");
    assert_eq!(texts(&offered(all, door)).len(), 1);
    let second = remember("The door is red.");
    assert!(texts(&offered(all, door)).is_empty());
    assert_eq!(
        keep(all, &first.to_string())["outputs"]["answer"],
        false,
        "it finds another one too"
    );
    assert_eq!(keep(all, &format!("{second}, {first}"))["outputs"]["answer"], true);
    assert_eq!(texts(&offered(all, door)).len(), 1);
    run(&stage, all, "forget", &format!("ids: [{second}]"));
    assert!(texts(&offered(all, door)).is_empty());
    assert_eq!(stage.answer(["memory", "stats"])["results-kept"], 0);
    // A replay asks nobody, and is told what the run was told.
    let verified = stage.call(["replay", "--verify", found["run"].as_str().unwrap()]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    for (operation, with, kind) in [
        ("offers", format!("{door}, likeness: 1.5"), "invalid"),
        ("keep-result", format!("{door}, found: {:?}, text: x", [7; 101]), "limit"),
        ("keep-result", format!("{door}, found: [], text: {}", "x".repeat(65_537)), "limit"),
    ] {
        let answer = run(&stage, all, operation, &with);
        assert_eq!(answer["error"]["kind"], kind, "{operation}: {answer}");
    }
    host.stop();
}

/// A host that stays: what is kept goes with its process.
fn serving(stage: &Stage) -> Telling {
    let mut host = Telling::begin(stage.command(["serve", "--json"]));
    host.until(&["\"serving\""]);
    host
}

/// The manifest of this name that the guide shows.
fn shown(name: &str) -> String {
    let blocks = GUIDE.split("```yaml\n").skip(1).filter_map(|it| it.split("\n```").next());
    let name = format!("name: {name}\n");
    let mut shown = blocks.filter(|it| it.contains(&name));
    format!("{}\n", shown.next().unwrap())
}

#[test]
fn a_manifest_asks_by_fields_and_follows_relations() {
    let Some(stage) = Stage::new() else { return };
    let all = r#"read: ["**"], write: ["**"]"#;
    let notes = "read: [notes]";
    let remember = |space: &str, text: &str, amount: u32| {
        let with = format!(
            "space: {space}, text: {text}, fields: [ {{ name: amount, value: \"{amount}\" }} ], \
             at-ms: 1700000000000, importance: 0.25, confidence: 0.75, pinned: true"
        );
        let kept = run(&stage, all, "remember", &with);
        assert_eq!(kept["status"], "done", "{kept}");
    };
    remember("notes", "Acme sent a small invoice.", 900);
    remember("notes", "Acme sent a dear invoice.", 12_000);
    remember("private", "The vault opens with xylophone.", 50_000);
    let kept = stage.answer(["memory", "show", "m1"]);
    assert_eq!((&kept["pinned"], &kept["at"]), (&true.into(), &"2023-11-14T22:13:20.000Z".into()));
    assert_eq!((&kept["importance"], &kept["confidence"]), (&0.25.into(), &0.75.into()), "{kept}");
    for (from, kind, to) in [(1, "causes", 0), (1, "hides", 2)] {
        let related = run(&stage, all, "relate", &format!("from: {from}, kind: {kind}, to: {to}"));
        assert_eq!(related["status"], "done", "{related}");
    }
    // The manifest that the guide shows.
    stage.write("dear.yaml", shown("dear-invoices"));
    let followed = stage.answer(["run", "dear.yaml"]);
    let outputs = serde_json::json!({
        "dear": ["Acme sent a dear invoice."],
        "related": [["causes: Acme sent a small invoice."]],
    });
    assert_eq!(followed["outputs"], outputs, "{followed}");
    let between = "fields: [ { name: amount, value: \"1000\", comparison: less } ]";
    let small = run(&stage, notes, "recall", &format!("question: Which invoice?, {between}"));
    assert_eq!(texts(&small), ["Acme sent a small invoice."], "{small}");
    let found = run(&stage, notes, "find", "question: Which dear invoice?, limit: 1");
    let best = &found["outputs"]["answer"]["memories"][0];
    assert_eq!(best["memory"]["id"], 1, "{found}");
    let signals = best["signals"].as_array().unwrap();
    assert!(signals.iter().any(|it| it["name"] == "keyword" && it["value"] == 1.0), "{best}");
    let passages = run(&stage, notes, "passages", "question: Which dear invoice?, limit: 1");
    let turn = &passages["outputs"]["answer"][0]["turns"][0];
    assert_eq!((&turn["memory"]["id"], &turn["answers"]), (&1.into(), &true.into()), "{passages}");
    // What it was before, and what was told then.
    run(&stage, all, "relate", "from: 1, kind: supersedes, to: 0");
    let history = run(&stage, notes, "history", "id: 0");
    let versions = ["Acme sent a dear invoice.", "Acme sent a small invoice."];
    assert_eq!(texts(&history), versions, "{history}");
    let listed = |more: &str| texts(&run(&stage, notes, "list", more)).len();
    assert_eq!((listed("spaces: [notes]"), listed("history: true")), (1, 2));
    assert_eq!((listed("as-of-ms: 1"), listed("history: true, after: 0")), (0, 1));
    let foreign = run(&stage, notes, "list", "spaces: [private]");
    assert_eq!(foreign["error"]["kind"], "denied", "{foreign}");
    let unseen = run(&stage, notes, "relations", "id: 2");
    assert_eq!(unseen["error"]["kind"], "not-found", "{unseen}");
    // A replay asks nobody: it knows what was forgotten since.
    run(&stage, all, "forget", "ids: [0, 1]");
    assert_eq!(listed("history: true"), 0);
    for run in [&followed, &found, &passages, &history] {
        let verified = stage.call(["replay", "--verify", run["run"].as_str().unwrap()]);
        assert_eq!(verified.code, Some(0), "{verified:?}");
    }
}

#[test]
fn a_skill_that_asks_is_told_how_doubtful_it_is_and_when_it_was() {
    let Some(stage) = Stage::new() else { return };
    let all = r#"read: ["**"], write: ["**"]"#;
    let note = |text: &str| {
        let at = "2024-05-08T12:00:00Z";
        serde_json::json!({ "text": text, "at": at, "space": "notes", "author": "Ada" }).to_string()
    };
    let mut notes = vec![note("We went to the lake yesterday.")];
    let ask = |with: &str| run(&stage, all, "ask", with)["outputs"]["answer"].clone();
    stage.write("few.jsonl", notes.join("\n"));
    stage.answer(["memory", "import", "few.jsonl"]);
    let few = ask("question: When did we go to the lake?");
    assert!(few["doubt"].is_null(), "one memory tells nothing of the others: {few}");
    notes =
        (0..120).map(|it| note(&format!("Ticket {it} was closed by the night shift."))).collect();
    stage.write("many.jsonl", notes.join("\n"));
    stage.answer(["memory", "import", "many.jsonl"]);
    let known = ask("question: When did we go to the lake?, limit: 1");
    let memory = &known["memories"][0];
    assert_eq!(memory["text"], "We went to the lake yesterday.", "{known}");
    let expected = serde_json::json!({
        "first": "2024-05-07", "last": "2024-05-07", "granularity": "day", "by": memory["id"], "said": true,
    });
    assert_eq!(known["dated"], expected);
    let trumpet = "Which trumpet did the dentist in Lisbon buy?";
    let unknown = ask(&format!("question: {trumpet}"));
    assert!(unknown["dated"].is_null(), "{unknown}");
    let doubt = |it: &Json| it["doubt"].as_f64().unwrap();
    assert!(doubt(&known) < doubt(&unknown), "{known} {unknown}");
    // The manifest that the guide shows.
    stage.write("ask-notes.yaml", shown("ask-notes"));
    let asked = |question: &str| {
        let sure = format!("sure={}", (doubt(&known) + doubt(&unknown)) / 2.0);
        let question = format!("question={question}");
        let run = ["run", "ask-notes.yaml", "--input", &question, "--input", &sure];
        stage.answer(run)["outputs"].clone()
    };
    let lake = asked("When did we go to the lake?");
    assert_eq!(lake["known"], true, "{lake}");
    assert_eq!(lake["best"], serde_json::json!(["We went to the lake yesterday."]));
    assert_eq!(asked(trumpet)["known"], false);
}

const THINKS: &str = "\
voyager: manifest/v1
name: think
version: 1.0.0
grants: { memory: { read: [notes], write: [notes] } }
steps:
  - { id: known, use: memory/offers, with: { question: Which door? } }
  - { id: found, when: size(steps.known) == 0, use: memory/recall, with: { question: Which door? } }
  - id: kept
    when: has(steps.found)
    use: memory/keep-result
    with:
      question: Which door?
      found: { expr: \"default(steps.found, []).map(it, it.id)\" }
      text: { template: \"{{ size(default(steps.found, [])) }} note(s)\" }
outputs: { known: { from: \"steps.known.map(it, it.text)\" } }
";

#[test]
fn a_manifest_thinks_once() {
    let Some(stage) = Stage::new() else { return };
    let host = serving(&stage);
    stage.answer(["memory", "add", "The door is green.", "--space", "notes"]);
    stage.write("think.yaml", THINKS);
    let known = || stage.answer(["run", "think.yaml"])["outputs"]["known"].clone();
    assert_eq!((known(), known()), (serde_json::json!([]), serde_json::json!(["1 note(s)"])));
    stage.answer(["memory", "add", "The door is red.", "--space", "notes"]);
    assert_eq!((known(), known()), (serde_json::json!([]), serde_json::json!(["2 note(s)"])));
    host.stop();
    assert_eq!(known(), serde_json::json!([]), "it went with the host");
}

#[test]
fn a_run_that_is_killed_remembers_once() {
    const NOTES: usize = 12;
    for lines in [3, 8, 13, 18, 23, 28] {
        let Some(stage) = Stage::new() else { return };
        let items: Vec<String> = (0..NOTES).map(|it| format!("note number {it}")).collect();
        let text = format!(
            "voyager: manifest/v1\nname: many\nversion: 1.0.0\ngrants: {{ memory: {{ write: [notes] }} }}\n\
             steps: [ {{ id: each, for-each: {{ in: '{items:?}', as: note, parallel: 2 }}, use: memory/remember, \
             with: {{ space: notes, text: {{ from: note }} }} }} ]\n"
        );
        stage.write("many.yaml", text);
        stage.kill_after(["run", "many.yaml"], lines);
        let listed = stage.answer(["runs"]);
        if let Some(run) = listed[0]["run"].as_str() {
            let resumed = stage.answer(["resume", run]);
            assert_eq!(resumed["status"], "done", "{lines}: {resumed}");
            // Numbers follow each other: each note has one.
            let all = r#"read: ["**"], write: ["**"]"#;
            let next = run_next(&stage, all);
            assert_eq!(next, NOTES, "killed after {lines} lines");
        }
    }
}

fn run_next(stage: &Stage, grants: &str) -> usize {
    let kept = run(stage, grants, "remember", "space: notes, text: one more");
    usize::try_from(kept["outputs"]["answer"].as_u64().unwrap()).unwrap()
}

#[test]
fn scenarios_and_scripts_answer_for_the_memory() {
    let Some(stage) = Stage::new() else { return };
    let all = r#"read: ["**"], write: ["**"]"#;
    stage.write("keep.yaml", manifest(all, "recall", "question: Which door?"));
    let scenario = |name: &str, memory: &str, expect: &str| {
        let text = format!(
            "voyager: scenario/v1\nname: {name}\nmanifest: keep.yaml\nmemory: [ {memory} ]\nexpect: {{ {expect} }}\n"
        );
        stage.write(&format!("{name}.scenario.yaml"), text);
        stage.call(["test", &format!("{name}.scenario.yaml")])
    };
    let gives = "{ asks: recall, text: door, gives: [ { text: The green one., space: notes } ], takes: 2s }";
    let found = scenario(
        "found",
        gives,
        "calls: [ { host: memory.recall, times: 1 } ], that: [ { that: \"outputs.answer[0].text == 'The green one.'\" } ]",
    );
    assert_eq!(found.code, Some(0), "{found:?}");
    stage.write("keep.yaml", manifest(all, "ask", "question: Which door?"));
    let doubted = scenario(
        "doubted",
        "{ asks: recall, doubt: 0.75 }",
        "that: [ { that: \"default(outputs.answer.doubt, 0.0) == 0.75\" } ]",
    );
    assert_eq!(doubted.code, Some(0), "{doubted:?}");
    let dated = scenario(
        "dated",
        "{ asks: recall, dated: { first: 2024-05-30, last: 2024-05-31, granularity: weekend, by: 3 } }",
        "outputs: { answer: { memories: [], dated: { first: 2024-05-30, last: 2024-05-31, granularity: weekend, by: 3, said: true } } }",
    );
    assert_eq!(dated.code, Some(0), "{dated:?}");
    stage.write("keep.yaml", manifest(all, "recall", "question: Which door?"));
    let failed = scenario(
        "failed",
        "{ asks: recall, fails: unavailable }",
        "status: failed, error: { kind: unavailable }",
    );
    assert_eq!(failed.code, Some(0), "{failed:?}");
    let idle = scenario("idle", &format!("{gives}, {{ asks: forget }}"), "status: succeeded");
    assert!(format!("{idle:?}").contains("no question took this answer"), "{idle:?}");
    let nobody = scenario("nobody", "{ asks: forget }", "status: succeeded");
    assert!(format!("{nobody:?}").contains("asks the memory to recall"), "{nobody:?}");
    // Nothing is offered where the scenario gives nothing.
    stage.write("keep.yaml", manifest(all, "offers", "question: Which door?"));
    let offered = scenario(
        "offered",
        "{ asks: offers, text: door, gives: [ { text: A green one. } ] }",
        "calls: [ { host: memory.offers, times: 1 } ], that: [ { that: \"outputs.answer[0].text == 'A green one.'\" } ]",
    );
    assert_eq!(offered.code, Some(0), "{offered:?}");
    let nothing = scenario("nothing", "", "that: [ { that: size(outputs.answer) == 0 } ]");
    assert_eq!(nothing.code, Some(0), "{nothing:?}");
    stage.write("keep.yaml", manifest(all, "relations", "id: 7"));
    let related = scenario(
        "related",
        "{ asks: relations, gives: [ { text: The green one., id: 9 } ] }",
        "calls: [ { host: memory.relations, times: 1 } ], that: [ { that: \"outputs.answer[0].kind == 'related' && outputs.answer[0].memory.text == 'The green one.'\" } ]",
    );
    assert_eq!(related.code, Some(0), "{related:?}");
    // As the host has it: of other kinds nobody knows who said them. So many come at once.
    let trusting = r#"read: ["**"], trust: skill"#;
    stage.write("keep.yaml", manifest(trusting, "relations", "id: 7"));
    let gives = vec!["{ text: A green one. }"; 101].join(", ");
    let many = scenario(
        "many",
        &format!("{{ asks: relations, gives: [ {gives} ] }}"),
        "that: [ { that: \"size(outputs.answer) == 100 && outputs.answer[99].kind == 'derived-from'\" } ]",
    );
    assert_eq!(many.code, Some(0), "{many:?}");
    // A script, for one call.
    stage.write("answers.yaml", "voyager: script/v1\nmemory: [ { asks: remember } ]\n");
    let call =
        ["skill", "run", "memory/remember", "--script", "answers.yaml", "--remember", "notes"];
    let with = |space| [&call[..], &["--space", space, "--text", "x", "--json"]].concat();
    let played = stage.call(with("notes"));
    assert!(played.code == Some(0) && played.out.contains(r#""result":1"#), "{played:?}");
    assert!(stage.call(with("private")).out.contains("denied"));
    assert!(!stage.path("state/memory").exists(), "no real memory was asked");
}
