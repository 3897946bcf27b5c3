//! `agent-host lsp`, as an editor talks with it: over pipes, in the frames of the protocol.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use e2e::Stage;
use serde_json::{Value as Json, json};

const HEAD: &str = "voyager: manifest/v1\nname: survey\nversion: 1.0.0\ninputs:\n  repo: { type: path }\n\
    grants: { workspace: [ { root: inputs.repo, read: [\"**\"] } ] }\nsteps:\n";

/// An editor that talks with the program.
struct Editor {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    asked: u64,
}

impl Editor {
    fn new(stage: &Stage) -> Self {
        let mut command = stage.command(["lsp"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let input = child.stdin.take().expect("its input is piped");
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        Self { child, input, output, asked: 0 }
    }

    fn write(&mut self, frame: &[u8]) {
        self.input.write_all(frame).expect("the server reads");
    }

    fn send(&mut self, message: &Json) {
        let body = message.to_string();
        self.write(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    fn notify(&mut self, method: &str, params: &Json) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn read(&mut self) -> Json {
        let mut header = String::new();
        self.output.read_line(&mut header).expect("the server writes");
        let length = header.trim().strip_prefix("Content-Length: ").expect("a frame");
        let mut body = vec![0; 2 + length.parse::<usize>().expect("a number")];
        self.output.read_exact(&mut body).expect("the whole frame");
        serde_json::from_slice(&body[2..]).expect("JSON")
    }

    /// The answer to a request; what is told meanwhile is passed over.
    fn ask(&mut self, method: &str, params: &Json) -> Json {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.read();
            if message["id"] == id {
                return message;
            }
        }
    }

    /// The codes of the findings that are told next.
    fn told(&mut self) -> Vec<String> {
        loop {
            let message = self.read();
            if message["method"] == "textDocument/publishDiagnostics" {
                let all = message["params"]["diagnostics"].as_array().expect("a list").iter();
                return all.map(|it| it["code"].as_str().expect("a code").to_owned()).collect();
            }
        }
    }

    fn ask_at(&mut self, method: &str, uri: &str, text: &str, place: &str) -> Json {
        let at = text.find(place).expect("it is there") + place.len();
        let line = text[..at].matches('\n').count();
        let character = text[..at].rsplit('\n').next().unwrap_or_default().len();
        let position = json!({ "line": line, "character": character });
        let params = json!({ "textDocument": { "uri": uri }, "position": position });
        self.ask(&format!("textDocument/{method}"), &params)["result"].take()
    }

    fn end(mut self) -> Option<i32> {
        assert_eq!(self.ask("shutdown", &Json::Null)["result"], Json::Null);
        self.notify("exit", &Json::Null);
        self.child.wait().expect("it ends").code()
    }
}

#[test]
fn an_editor_sees_findings_answers_and_completions() {
    let Some(stage) = Stage::new() else { return };
    let uri = format!("file://{}", stage.path("survey.yaml").display());
    let mut editor = Editor::new(&stage);
    let began = editor.ask("initialize", &json!({ "capabilities": {} }));
    assert_eq!(began["result"]["capabilities"]["positionEncoding"], "utf-16", "{began}");
    editor.notify("initialized", &json!({}));

    let text = format!("{HEAD}  - id: code\n    use: coder/surveyy\n    when: \"inputs.rep");
    let document = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": text });
    editor.notify("textDocument/didOpen", &json!({ "textDocument": document }));
    assert_eq!(editor.told(), ["V0004"], "a quote is open");
    let offered = editor.ask_at("completion", &uri, &text, "inputs.rep");
    assert_eq!(offered[0]["label"], "repo", "{offered}");

    let text = format!(
        "{HEAD}  - id: code\n    use: coder/dialects\n  - id: two\n    needs: [code]\n    use: coder/\n"
    );
    let version = json!({ "uri": uri, "version": 2 });
    let changes = json!({ "textDocument": version, "contentChanges": [{ "text": text }] });
    editor.notify("textDocument/didChange", &changes);
    assert!(!editor.told().is_empty(), "an operation is missing");
    let offered = editor.ask_at("completion", &uri, &text, "use: coder/\n".trim_end());
    let labels = offered.as_array().expect("a list").iter().map(|it| it["label"].as_str());
    assert!(labels.flatten().any(|it| it == "coder/occurrences"), "{offered}");
    let shown = editor.ask_at("hover", &uri, &text, "use: coder/dia");
    let shown = shown["contents"]["value"].as_str().unwrap_or_default();
    assert!(shown.contains("dialects: func()"), "{shown}");
    let place = editor.ask_at("definition", &uri, &text, "needs: [co");
    assert_eq!(place["range"]["start"], json!({ "line": 7, "character": 8 }), "{place}");
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn a_server_that_is_told_nonsense_goes_on() {
    let Some(stage) = Stage::new() else { return };
    let mut editor = Editor::new(&stage);
    editor.ask("initialize", &json!({ "capabilities": {} }));
    for bad in ["nonsense\r\n", "Content-Length: 2\r\n\r\n{]", "Content-Length: x\r\n\r\n"] {
        editor.write(bad.as_bytes());
        assert_eq!(editor.read()["error"]["code"], -32700, "{bad}");
    }
    assert_eq!(editor.ask("nonsense", &Json::Null)["error"]["code"], -32601);
    let large = format!("voyager: manifest/v1\nname: {}\n", "x".repeat(5 << 20));
    let document = json!({ "uri": "file:///large.yaml", "version": 1, "text": large });
    editor.notify("textDocument/didOpen", &json!({ "textDocument": document }));
    let told = editor.read();
    assert_eq!(told["params"]["diagnostics"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn an_editor_that_goes_away_leaves_no_server() {
    let Some(stage) = Stage::new() else { return };
    let Editor { mut child, input, output, .. } = Editor::new(&stage);
    drop(input);
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    drop(output);
}

#[test]
fn neovim_shows_the_findings() {
    let Some(stage) = Stage::new() else { return };
    if Command::new("nvim").arg("--version").output().is_err() {
        eprintln!("skipped: there is no `nvim` here");
        return;
    }
    let file = stage.write("wrong.yaml", format!("{HEAD}  - id: code\n    use: coder/surveyy\n"));
    let server = stage.command(["lsp"]);
    let words: Vec<String> = std::iter::once(server.get_program())
        .chain(server.get_args())
        .map(|it| format!("[==[{}]==]", it.to_string_lossy()))
        .collect();
    let script = stage.write(
        "script.lua",
        format!(
            // What starts a server has this name since Neovim 0.8.
            "local function begin(of) vim.lsp.buf_attach_client(0, vim.lsp.start_client(of)) end;\n\
             (vim.lsp.start or begin)({{ name = 'voyager', cmd = {{ {} }} }})\n\
             vim.wait(60000, function() return #vim.diagnostic.get(0) > 0 end)\n\
             for _, found in ipairs(vim.diagnostic.get(0)) do print(found.code) end;\n\
             vim.cmd('qall!')\n",
            words.join(", ")
        ),
    );
    let mut nvim = Command::new("nvim");
    nvim.args(["--clean", "--headless"]).arg(&file).arg("-S").arg(&script);
    let ended = nvim.env("HOME", stage.path("")).output().expect("it starts");
    let said = String::from_utf8_lossy(&ended.stderr) + String::from_utf8_lossy(&ended.stdout);
    assert!(said.contains("V0303"), "{said}");
}
