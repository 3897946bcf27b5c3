//! Results that outlive their runs.

use e2e::Stage;

const OUTLINE: &str = "voyager: manifest/v1
name: outline
version: 1.0.0
inputs: { title: { type: string } }
steps:
  - id: page
    use: documentation/api
    with: { title: { from: inputs.title }, outlines: [], public-only: true }
    cache: { ttl: 7d }
outputs:
  page: { from: steps.page }
";

#[test]
fn another_process_is_given_what_an_earlier_one_computed() {
    let Some(stage) = Stage::new() else { return };
    stage.write("outline.yaml", OUTLINE);
    let run = |title: &str| stage.answer(["run", "outline.yaml", "-i", &format!("title={title}")]);
    let first = run("Voyager");
    let second = run("Voyager");
    assert_eq!(second["outputs"], first["outputs"], "{second}");
    let kept_from = |run: &serde_json::Value| {
        let id = run["run"].as_str().expect("an id");
        stage.answer(["runs", "show", id])["steps"][0]["tasks"][0]["kept-from"].clone()
    };
    assert_eq!((kept_from(&first), kept_from(&second)), (Default::default(), first["run"].clone()));
    let trace = stage.call(["runs", "trace"]).out;
    assert!(trace.contains(&format!(", kept from {}", first["run"].as_str().unwrap())), "{trace}");
    let verified = stage.answer(["replay", "--verify", second["run"].as_str().expect("an id")]);
    assert_eq!(verified["attempts-verified"], 1);

    assert_eq!(kept_from(&run("Other")), serde_json::Value::Null);
    assert_eq!(stage.answer(["cache"])["results"], 2);
    let cleared = stage.answer(["cache", "clear"]);
    assert_eq!((&cleared["cleared"], &cleared["results"]), (&true.into(), &2.into()));
    assert_eq!(stage.answer(["cache"])["results"], 0);
    assert_eq!(kept_from(&run("Voyager")), serde_json::Value::Null);
}
