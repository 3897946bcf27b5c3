//! A command-line program as a skill: compiled for `wasm32-wasip2`, put into the skills folder, and given
//! a folder. It knows nothing of Voyager.

use std::fs;

use e2e::{Stage, tree};
use serde_json::{Value as Json, json};

fn stage() -> Option<Stage> {
    let mut stage = Stage::new()?;
    stage.take_tool("tool").then_some(stage)
}

/// What the program printed, told to do this in `repo`, which it may change.
fn told(stage: &Stage, acts: &[&str]) -> Vec<String> {
    let answer = run(stage, acts);
    assert_eq!(answer["status"], "done", "{answer}");
    lines(&answer)
}

fn run(stage: &Stage, acts: &[&str]) -> Json {
    fs::create_dir_all(stage.path("repo")).expect("folders can be made");
    let arguments = format!("arguments={}", json!(acts));
    stage.answer(["skill", "run", "tool/run", "--write", "repo", "--with", &arguments])
}

fn lines(answer: &Json) -> Vec<String> {
    let stdout = answer["outputs"]["result"]["stdout"].as_str();
    let stdout = stdout.unwrap_or_else(|| panic!("{answer}"));
    stdout.lines().map(str::to_owned).collect()
}

fn kind(answer: &Json) -> &str {
    answer["error"]["kind"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn a_program_is_a_skill_with_one_operation() {
    let Some(stage) = stage() else { return };
    let shown = stage.call(["skill", "inspect", "tool"]);
    assert!(shown.out.starts_with("command:tool\n"), "{}", shown.out);
    for part in [
        "asks for   voyager:workspace/files@0.1.0\n",
        "cli.run(arguments: list<string>, stdin: option<string>) -> outcome\n",
        "record outcome { exit-code: u8, stdout: string, stderr: string }",
    ] {
        assert!(shown.out.contains(part), "{part}: {}", shown.out);
    }
    let result = |with: &[&str]| {
        let mut arguments = vec!["skill", "run", "tool/run"];
        with.iter().for_each(|it| arguments.extend(["--with", it]));
        stage.answer(arguments)["outputs"]["result"].take()
    };
    assert_eq!(
        result(&[
            "arguments=[\"stdin\", \"error=oh\", \"world\", \"exit=3\", \"stdin\"]",
            "stdin=a\nb"
        ]),
        json!({
            "exit-code": 1,
            "stdout": "stdin : a\nb\nerror oh: done\nworld : 0 variables, no network\n",
            "stderr": "oh",
        })
    );
    assert_eq!(result(&["arguments=[]"])["exit-code"], 0);
}

#[test]
fn files_are_read_and_changed_as_a_program_does_it() {
    let Some(stage) = stage() else { return };
    stage.write("repo/a.txt", "abc");
    stage.write("repo/.hidden/b.txt", "b");
    stage.write("repo/.gitignore", "*.txt\n");
    let said = told(
        &stage,
        &[
            "ls=.",
            "ls=.hidden",
            "cat=a.txt",
            "cat=/a.txt",
            "size=a.txt",
            "modified=a.txt",
            "bytes=a.txt",
            "write=a.txt=new",
            "append=a.txt=er",
            "cat=a.txt",
            "truncate=a.txt=2",
            "cat=./.hidden/../a.txt",
            "seek=gap=3",
            "size=gap",
            "tiny=tiny=100000",
            "size=tiny",
            "mkdirs=x/y",
            "ls=x",
            "write=x/y/z=deep",
            "rename=x/y/z=moved",
            "rename=moved=a.txt",
            "cat=a.txt",
            "rmdir=x",
            "rmdir=x/y",
            "rmdir=x",
            "ls=x",
            "copy=a.txt=b.txt",
            "rm=.hidden/b.txt",
            "new=a.txt",
            "kept=b.txt=!",
            "ls=.",
        ],
    );
    let expected = [
        "ls .: .gitignore .hidden/ a.txt",
        "ls .hidden: b.txt",
        "cat a.txt: abc",
        "cat /a.txt: abc",
        "size a.txt: 3",
        "modified a.txt: 0",
        "bytes a.txt: 294",
        "write a.txt: done",
        "append a.txt: done",
        "cat a.txt: newer",
        "truncate a.txt: done",
        "cat ./.hidden/../a.txt: ne",
        "seek gap: done",
        "size gap: 4",
        "tiny tiny: done",
        "size tiny: 100000",
        "mkdirs x/y: done",
        "ls x: y/",
        "write x/y/z: done",
        "rename x/y/z: done",
        "rename moved: done",
        "cat a.txt: deep",
        "rmdir x: Uncategorized",
        "rmdir x/y: done",
        "rmdir x: done",
        "ls x: NotFound",
        "copy a.txt: 4",
        "rm .hidden/b.txt: done",
        "new a.txt: AlreadyExists",
        "kept b.txt: deep!",
        "ls .: .gitignore .hidden/ a.txt gap tiny",
    ];
    assert_eq!(said, expected);
    let read = |name: &str| fs::read(stage.path(&format!("repo/{name}"))).expect("it is there");
    assert_eq!((read("a.txt"), read("gap")), (b"deep".to_vec(), b"\0\0\0!".to_vec()));
    assert_eq!(read("tiny"), vec![b'.'; 100_000]);
    assert!(!stage.path("repo/.hidden/b.txt").exists() && !stage.path("repo/b.txt").exists());
}

#[test]
fn nothing_beyond_the_grant_is_reached() {
    let Some(stage) = stage() else { return };
    let secret = stage.write("secret", "secret");
    stage.write("repo/src/a", "a");
    stage.write("repo/other/b", "b");
    std::os::unix::fs::symlink("../../secret", stage.path("repo/src/out")).expect("links");
    std::os::unix::fs::symlink("../other/b", stage.path("repo/src/aside")).expect("links");
    std::os::unix::fs::symlink("a", stage.path("repo/src/link")).expect("links");
    let acts = [
        "ls=.",
        "ls=src",
        "cat=src/a",
        "cat=src/link",
        "size=src/link",
        "kind=src/out",
        "cat=src/out",
        "cat=src/aside",
        "cat=other/b",
        "ls=other",
        "cat=../secret",
        &format!("cat={}", secret.display()),
        "write=src/a=no",
        "write=src/aside=no",
        "write=src/new=no",
        "rm=src/a",
        "rename=src/a=src/c",
        "hardlink=src/a=src/h",
        "write=src/out/x=no",
        "mkdirs=out/sub",
        "write=out/ok=ok",
        "cat=out/ok",
        "ls=out",
    ];
    let acts = json!(acts);
    let manifest = format!(
        "voyager: manifest/v1\nname: narrow\nversion: 1.0.0\ndescription: Narrow grants.\ninputs:\n  repo: {{ type: path }}\n\
         grants:\n  workspace: [ {{ root: inputs.repo, read: [\"src/**\"], write: [\"out/**\"] }} ]\n\
         steps:\n  - id: it\n    use: tool/run\n    with: {{ arguments: {acts} }}\n\
         outputs:\n  result: {{ from: steps.it }}\n"
    );
    stage.write("narrow.yaml", manifest);
    let answer = stage.answer(["run", "narrow.yaml", "--input", "repo=repo"]);
    assert_eq!(answer["status"], "done", "{answer}");
    let expected = [
        "ls .: src/",
        "ls src: a aside link out",
        "cat src/a: a",
        "cat src/link: a",
        "size src/link: 1",
        "kind src/out: FileType { is_file: false, is_dir: false, is_symlink: true, .. }",
        "cat src/out: PermissionDenied",
        "cat src/aside: PermissionDenied",
        "cat other/b: PermissionDenied",
        "ls other: PermissionDenied",
        "cat ../secret: PermissionDenied",
    ];
    let said = lines(&answer);
    assert_eq!(said[..expected.len()], expected);
    let rest: Vec<_> = said[expected.len()..].iter().map(|it| it.split(": ").last()).collect();
    let denied = Some("PermissionDenied");
    assert_eq!(rest[..8], [denied; 8], "{said:?}");
    assert_eq!(rest[8..], [Some("done"), Some("done"), denied, denied], "{said:?}");
    assert_eq!(fs::read(stage.path("repo/out/ok")).expect("it was made"), b"ok");
    assert_eq!(fs::read(stage.path("repo/src/a")).expect("it is there"), b"a");
    assert_eq!(tree(&stage.path("repo")).len(), 4 + 2);
}

#[test]
fn what_a_program_takes_is_bounded() {
    let Some(stage) = stage() else { return };
    stage.write("repo/a", "a");
    for (act, bound) in [
        ("seek=huge=1000000000000", "memory"),
        ("flood==100000000", "value-bytes"),
        ("hold=a=100000", "handles"),
        ("lists=.=100000", "handles"),
        ("spin", "cpu"),
    ] {
        let answer = run(&stage, &["write=b=b", act]);
        assert_eq!(kind(&answer), "limit", "{act}: {answer}");
        let message = answer["error"].to_string();
        assert!(message.contains(bound), "{act}: {answer}");
    }
    let broken = run(&stage, &["write=b=b", "panic=no more"]);
    assert_eq!(kind(&broken), "trapped");
    let raw = run(&stage, &["write=b=b", "raw"]);
    assert_eq!(kind(&raw), "invalid");
    assert_eq!(tree(&stage.path("repo")).len(), 1, "what did not end well changed nothing");
}

#[test]
fn a_program_that_exits_with_an_error_keeps_its_changes() {
    let Some(stage) = stage() else { return };
    let answer = run(&stage, &["write=a=a", "exit=7"]);
    // All that Rust's standard library tells of a code is whether it is 0.
    assert_eq!(answer["outputs"]["result"]["exit-code"], 1, "{answer}");
    assert_eq!(fs::read(stage.path("repo/a")).expect("it was made"), b"a");
}

#[test]
fn a_run_of_a_program_is_verified_and_resumed() {
    let Some(stage) = stage() else { return };
    stage.write("repo/a", "one two");
    let manifest = "voyager: manifest/v1\nname: twice\nversion: 1.0.0\ndescription: Twice.\ninputs:\n  repo: { type: path }\n\
         grants:\n  workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**\"] } ]\n\
         steps:\n  - id: one\n    use: tool/run\n    with: { arguments: [\"append=a= three\", \"cat=a\"] }\n  \
         - id: two\n    use: tool/run\n    needs: [one]\n    with: { arguments: [\"append=a= four\", \"cat=a\", \"ls=.\"] }\n\
         outputs:\n  said: { from: steps.two }\n";
    stage.write("twice.yaml", manifest);
    let call = ["run", "twice.yaml", "--input", "repo=repo"];
    let begins = |line: &String| line.contains("step-started") && line.contains("two");
    assert!(stage.kill_when(call, begins), "the second step begins");
    let run = stage.answer(["runs"])[0].take();
    // On a busy machine it may have ended before it was killed.
    if run["status"] == "interrupted" {
        let resumed = stage.answer(["resume"]);
        assert_eq!(resumed["status"], "done", "{resumed}");
        let said = resumed["outputs"]["said"]["stdout"].as_str();
        assert_eq!(said, Some("append a: done\ncat a: one two three four\nls .: a\n"));
    }
    assert_eq!(fs::read(stage.path("repo/a")).expect("it is there"), b"one two three four");
    let run = run["run"].as_str().expect("runs have names");
    let verified = stage.call(["replay", run, "--verify"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

#[test]
fn a_program_keeps_its_name_where_it_is_installed() {
    let Some(mut stage) = stage() else { return };
    let tool = fs::read(stage.path("tools").join("tool.wasm")).expect("it is there");
    stage.prefer_skills_in("none");
    stage.write("text@1.2.0.wasm", tool);
    let ended = stage.call(["skill", "install", "text@1.2.0.wasm"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("command:text@1.2.0 is installed"), "{ended:?}");
    assert!(stage.path(".local/share/voyager/skills/text@1.2.0.wasm").is_file());
    let ran = stage.answer(["skill", "run", "text/run", "--with", "arguments=[]"]);
    assert_eq!(ran["status"], "done", "{ran}");
    assert_eq!(stage.call(["skill", "remove", "text"]).code, Some(0));
    assert!(!stage.path(".local/share/voyager/skills/text@1.2.0.wasm").exists());
}
