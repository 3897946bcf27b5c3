//! Answers about small texts; `‸` is the cursor.

use voyager_base::{
    Digest, Type,
    operation::{Operation, OperationName, Skill},
    types::IntKind,
};

use super::*;
use crate::Catalog;

const HEAD: &str = "voyager: manifest/v1\ninputs:\n  repo: { type: path, description: The root. }\n  \
    count:\n    type: int\nsteps:\n  - id: first\n    use: text/clip\n    with: { text: a }\n";

fn catalog() -> Catalog {
    let name = OperationName {
        package: "acme:text".into(),
        version: "1.0.0".into(),
        interface: "words".into(),
        function: "clip".into(),
    };
    let result = Type::record([("text", Type::String), ("rest", Type::option(Type::String))]);
    let clip = Operation {
        name,
        docs: "Clips a text.".into(),
        parameters: vec![("text".into(), Type::String), ("most".into(), Type::Int(IntKind::U32))],
        result: Some(Type::Result(Some(Box::new(result)), Some(Box::new(Type::String)))),
    };
    Catalog::new(vec![Skill {
        component: Digest::of(b"text"),
        package: "acme:text".into(),
        version: "1.0.0".into(),
        docs: String::new(),
        operations: vec![clip.into()],
        imports: Vec::new(),
        size: 1,
    }])
}

/// The text behind [`HEAD`], and where its cursor is.
fn placed(text: &str) -> (String, usize) {
    let whole = format!("{HEAD}{text}");
    let cursor = whole.find('‸').unwrap();
    (whole.replace('‸', ""), cursor)
}

fn labels(text: &str) -> Vec<String> {
    let (text, cursor) = placed(text);
    let completion = complete(&text, cursor, &catalog(), &Around::default());
    completion.map(|it| it.items.into_iter().map(|it| it.label).collect()).unwrap_or_default()
}

/// The text after the item `label` was chosen, without [`HEAD`].
fn chosen(text: &str, label: &str) -> String {
    let (mut text, cursor) = placed(text);
    let completion = complete(&text, cursor, &catalog(), &Around::default()).unwrap();
    let item = completion.items.iter().find(|it| it.label == label).unwrap();
    text.replace_range(completion.replaces, &item.writes);
    text.split_off(HEAD.len())
}

#[test]
fn keys_are_offered_wherever_a_key_stands() {
    for text in [
        "  - id: second\n    ‸",
        "  - id: second\n    us‸",
        "  - id: second\n    us‸\n    timeout: 5s\n  - id: third\n",
        "  - { id: second, ‸",
        "  - { id: second, us‸ }\n",
        "  - id: block\n    steps:\n      - us‸",
    ] {
        let labels = labels(text);
        assert!(
            labels.contains(&"use".to_owned()) && !labels.contains(&"root".to_owned()),
            "{text}"
        );
    }
    assert!(!labels("  - id: second\n    ‸").contains(&"id".to_owned()), "it is there");
    assert_eq!(
        labels("  - id: x\n    retry:\n      ‸"),
        ["attempts", "wait", "factor", "wait-max", "on"]
    );
    assert!(labels("‸").contains(&"outputs".to_owned()));
    assert!(labels("grants:\n  workspace: [ { ro‸").contains(&"root".to_owned()));
    assert_eq!(labels("  - id: x\n    on-error: { tim‸ }\n").last().unwrap(), "any");
    assert_eq!(chosen("  - id: x\n    us‸\n", "use"), "  - id: x\n    use: \n");
    assert_eq!(chosen("  - id: x\n    us‸: a/b\n", "use"), "  - id: x\n    use: a/b\n");
    assert_eq!(chosen("  id‸", "id"), "  - id: ");
}

#[test]
fn operations_and_their_arguments_are_offered() {
    for text in ["  - id: x\n    use: ‸", "  - id: x\n    use: te‸\n", "  - { id: x, use: ‸ }"]
    {
        assert_eq!(labels(text), ["text/clip"], "{text}");
    }
    assert_eq!(labels("  - id: x\n    use: text/clip\n    with:\n      ‸"), ["text", "most"]);
    assert_eq!(labels("  - { id: x, use: text/clip, with: { text: a, ‸"), ["most"]);
    assert_eq!(chosen("  - use: text/c‸\n", "text/clip"), "  - use: text/clip\n");
}

#[test]
fn references_are_offered_in_expressions() {
    let with =
        |rest: &str| labels(&format!("  - id: x\n    use: text/clip\n    with: {{ text: {rest}"));
    assert_eq!(with("{ from: steps.‸ } }"), ["first"]);
    assert_eq!(with("{ from: inputs.‸"), ["repo", "count"]);
    assert_eq!(with("{ expr: \"1 + steps.first.‸"), ["text", "rest"]);
    assert_eq!(with("‸"), ["inputs.repo", "inputs.count", "steps.first"]);
    assert_eq!(labels("  - id: x\n    when: \"inputs.c‸\n    use: text/clip\n"), ["repo", "count"]);
    assert_eq!(labels("  - id: x\n    needs: [‸]"), ["first"]);
    assert_eq!(labels("grants: { workspace: [ { root: ‸"), ["repo"]);
    assert_eq!(
        labels("  - id: x\n    use: text/clip\n    expect: [ { that: \"result.‸"),
        ["text", "rest"]
    );
    let each = labels("  - id: x\n    for-each: { in: steps.first, as: line }\n    when: l‸");
    assert!(each.contains(&"line".to_owned()) && !each.contains(&"result".to_owned()), "{each:?}");
    let block = "  - id: b\n    steps:\n      - id: inner\n        sleep: 1s\noutputs: { x: { from: steps.b.‸";
    assert_eq!(labels(block), ["inner"]);
    assert_eq!(
        chosen("  - id: x\n    when: \"size(steps.f‸)\"\n", "first"),
        "  - id: x\n    when: \"size(steps.first)\"\n"
    );
    assert_eq!(
        chosen("  - id: x\n    with: { a: ‸ }\n", "inputs.repo"),
        "  - id: x\n    with: { a: { from: inputs.repo } }\n"
    );
}

#[test]
fn words_and_types_are_offered_and_texts_are_left_alone() {
    assert_eq!(labels("  - id: x\n    changes: ‸"), ["commit", "discard"]);
    assert!(labels("fai‸").contains(&"fair-by".to_owned()));
    assert_eq!(labels("fair-by: { from: inputs.‸"), ["repo", "count"]);
    assert!(labels("outputs: { a: { type: ‸").contains(&"string".to_owned()));
    for text in ["name: ‸", "description: |\n  use: ‸", "# use: ‸", "  - id: x\n    sleep: ‸"]
    {
        assert_eq!(labels(text), [""; 0], "{text}");
    }
    assert_eq!(
        complete("voy", 3, &catalog(), &Around::default()).unwrap().items[0].label,
        "voyager: manifest/v1"
    );
    assert_eq!(complete("other: yaml\n", 5, &catalog(), &Around::default()), None);
}

fn shown(text: &str) -> Option<String> {
    let (text, cursor) = placed(text);
    hover(&text, cursor, &catalog()).map(|it| format!("{}|{}", &text[it.span.clone()], it.text))
}

#[test]
fn what_stands_at_a_place_is_told() {
    let told = shown("  - id: x\n    use: text/cl‸ip\n").unwrap();
    assert!(told.starts_with("text/clip|```wit\nclip: func(text: string, most: u32)"), "{told}");
    assert!(
        told.contains("Clips a text.") && told.contains("- `rest` (`option<string>`)"),
        "{told}"
    );
    let told = shown("  - id: x\n    ti‸meout: 5s\n    when: \"").unwrap();
    assert_eq!(told, "timeout|`timeout` of a step\n\nLongest time of an attempt, or of a wait.");
    let told = shown("  - { id: x, use: text/clip, with: { mo‸st: 1 } }").unwrap();
    assert_eq!(told, "most|`most`: `u32`");
    let told = shown("  - id: x\n    when: \"size(steps.fir‸st.text) > 0\"\n").unwrap();
    assert!(told.starts_with("steps.first|step `first`: `text/clip`\n\nResult: "), "{told}");
    let told = shown("  - id: x\n    with: { a: { from: inputs.re‸po } }\n").unwrap();
    assert_eq!(told, "inputs.repo|input `repo`: `path`\n\nThe root.");
    assert_eq!(shown("description: ste‸ps.first\n"), None);
}

fn defined(text: &str) -> Option<(usize, String)> {
    let (text, cursor) = placed(text);
    let span = definition(&text, cursor)?;
    Some((text[..span.start].lines().count(), text[span].to_owned()))
}

#[test]
fn a_reference_leads_to_its_step_or_input() {
    let place = |line, name: &str| Some((line, name.to_owned()));
    assert_eq!(
        defined("  - id: x\n    when: \"size(steps.fir‸st.text) > 0\"\n"),
        place(7, "first")
    );
    assert_eq!(
        defined("  - id: x\n    when: \"size(steps.first.te‸xt) > 0\"\n"),
        place(7, "first")
    );
    assert_eq!(defined("  - id: x\n    needs: [fi‸rst"), place(7, "first"));
    assert_eq!(defined("grants: { workspace: [ { root: re‸po"), place(3, "repo"));
    assert_eq!(defined("outputs:\n  a:\n    from: inputs.cou‸nt\n"), place(4, "count"));
    let block = "  - id: b\n    steps:\n      - id: inner\n        sleep: 1s\noutputs: { x: { from: steps.b.in‸ner";
    assert_eq!(defined(block), place(12, "inner"));
    let each = "  - id: x\n    for-each: { in: steps.first, as: line }\n    when: li‸ne == 1\n";
    assert_eq!(defined(each), place(11, "as"));
    assert_eq!(defined("  - id: x\n    when: steps.not‸hing\n"), None);
}

#[test]
fn every_cut_of_a_manifest_has_an_answer_at_every_place() {
    let whole = format!(
        "{HEAD}  - {{ id: ä, when: \"size(steps.first.?text) > 0\", with: {{ a: [1, {{ from: x }}] }} }}\n  \
         - id: |\n      text\n    use: 'a''b'\n    \"k\": - x\n\tfinally: [[{{\n"
    );
    let catalog = catalog();
    for (cut, _) in whole.char_indices() {
        let text = &whole[..cut];
        for byte in [0, cut / 2, cut] {
            let byte = text.floor_char_boundary(byte);
            if let Some(found) = hover(text, byte, &catalog) {
                assert!(text.get(found.span).is_some());
            }
            if let Some(found) = complete(text, byte, &catalog, &Around::default()) {
                assert!(text.get(found.replaces).is_some());
            }
            definition(text, byte);
        }
    }
}

/// One other manifest.
struct Others;

impl crate::Files for Others {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let text = "voyager: manifest/v1\nname: rest\nversion: 1.0.0\ndescription: Waits.\n\
            inputs: { why: { type: string }, long: { type: bool, default: true } }\n\
            steps: [ { id: rest, sleep: 1s, when: inputs.long } ]\n\
            outputs: { reason: { from: inputs.why } }\n";
        if path == "parts/rest.yaml" { Ok(text.into()) } else { Err("it is not there".to_owned()) }
    }
}

#[test]
fn another_manifest_is_known_by_what_it_takes_and_gives() {
    let pins = crate::Pins::Missing;
    let library = crate::Library { files: &Others, pins: &pins };
    let known = |text: &str| {
        let (text, cursor) = placed(text);
        let catalog = with_manifests(&text, &catalog(), library);
        (text, cursor, catalog)
    };
    let (text, cursor, catalog) = known("  - { id: x, use: ./parts/re‸st.yaml }\n");
    assert_eq!(manifest_at(&text, cursor).as_deref(), Some("./parts/rest.yaml"));
    let told = hover(&text, cursor, &catalog).unwrap().text;
    assert!(told.contains("Waits.") && told.contains("- `long`: `option<bool>`"), "{told}");
    let (text, cursor, catalog) = known("  - id: x\n    use: ./parts/rest.yaml\n    with: { ‸ }\n");
    let labels = |text: &str, cursor, catalog: &Catalog| -> Vec<String> {
        let found = complete(text, cursor, catalog, &Around::default()).unwrap();
        found.items.into_iter().map(|it| it.label).collect()
    };
    assert_eq!(labels(&text, cursor, &catalog), ["why", "long"]);
    let (text, cursor, catalog) =
        known("  - { id: x, use: ./parts/rest.yaml }\n  - id: y\n    when: \"steps.x.‸\"\n");
    assert_eq!(labels(&text, cursor, &catalog), ["reason"]);
    let (text, cursor, catalog) = known("  - { id: x, use: ./parts/no‸ne.yaml }\n");
    assert_eq!(hover(&text, cursor, &catalog), None);
}

#[test]
fn policies_are_offered_told_and_found() {
    let policies = |step: &str| {
        format!("  - {{ id: x, use: text/clip, {step} }}\npolicies:\n  slow: {{ timeout: 5m }}\n")
    };
    assert_eq!(labels(&policies("policy: ‸")), ["slow", "none"]);
    let at = policies("policy: sl‸ow");
    assert_eq!(shown(&at).as_deref(), Some("slow|policy `slow`\n\n- `timeout`"));
    assert_eq!(defined(&at), Some((12, "slow".to_owned())));
}

/// What a scenario about [`HEAD`] and a block in it is offered.
fn scenario_labels(text: &str) -> Vec<String> {
    let manifest = format!(
        "{HEAD}  - id: block\n    steps:\n      - {{ id: inner, use: text/clip }}\noutputs:\n  clipped: {{ type: string, from: steps.first.text }}\n"
    );
    let manifests = ["a.yaml".to_owned(), "../b.yaml".to_owned()];
    let around = Around { manifest: Some(&manifest), manifests: &manifests };
    let whole = format!("voyager: scenario/v1\nname: s\n{text}");
    let cursor = whole.find('‸').unwrap();
    let completion = complete(&whole.replace('‸', ""), cursor, &catalog(), &around);
    completion.map(|it| it.items.into_iter().map(|it| it.label).collect()).unwrap_or_default()
}

#[test]
fn a_scenario_is_offered_its_manifest_and_what_that_names() {
    assert_eq!(scenario_labels("manifest: ‸"), ["a.yaml", "../b.yaml"]);
    assert_eq!(scenario_labels("manifest: ../‸"), ["a.yaml", "../b.yaml"]);
    let steps = ["first", "block", "inner"];
    for text in [
        "answers:\n  - step: ‸",
        "answers: [ { step: fi‸ } ]",
        "faults:\n  - kill: task-done\n    step: ‸",
        "expect:\n  error: { kind: denied, step: ‸ }",
        "expect:\n  steps:\n    ‸",
        "expect:\n  steps: { ‸",
    ] {
        assert_eq!(scenario_labels(text), steps, "{text}");
    }
    assert_eq!(scenario_labels("expect:\n  steps:\n    first: { is: ran }\n    ‸"), steps[1..]);
    assert_eq!(scenario_labels("inputs:\n  ‸"), ["repo", "count"]);
    assert_eq!(scenario_labels("inputs: { repo: ., ‸ }"), ["count"]);
    assert_eq!(scenario_labels("expect:\n  outputs:\n    ‸"), ["clipped"]);
    assert!(scenario_labels("expect:\n  outputs:\n    clipped: ‸").is_empty());
    assert!(scenario_labels("description: ‸").is_empty());
}

#[test]
fn a_scenario_without_a_manifest_is_offered_none_of_its_names() {
    let text = "voyager: scenario/v1\nname: s\nanswers:\n  - step: ";
    assert_eq!(complete(text, text.len(), &catalog(), &Around::default()), None);
    assert_eq!(
        tested_manifest(&format!("{text}x\nmanifest: ../a.yaml")).as_deref(),
        Some("../a.yaml")
    );
    assert_eq!(tested_manifest("voyager: manifest/v1\nmanifest: a.yaml"), None);
}

#[test]
fn texts_of_other_languages_are_left_alone() {
    assert_eq!(language("voyager: manifest/v1\n"), Some(Language::Manifest));
    assert_eq!(language("# mine\nvoyager: scenario/v1\n"), Some(Language::Scenario));
    // Somebody is typing.
    assert_eq!(language("voyager: "), Some(Language::Manifest));
    for other in ["voyager: policy/v1\n", "voyager: script/v1\n", "services: {}\n"] {
        assert_eq!(language(other), None, "{other}");
    }
}
