//! Answers of a test, as the host reads them: `voyager: script/v1`, which is YAML, as which JSON can be read.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Answers that stand in for the host.
#[derive(Debug, Default)]
pub(super) struct Script {
    seed: Option<String>,
    answers: Vec<Value>,
    programs: Vec<Value>,
    servers: Vec<Value>,
    memory: Vec<Value>,
    file: Option<PathBuf>,
}

/// What stands in for a program.
#[derive(Clone, Debug)]
pub struct Program(Value);

/// What stands in for a server.
#[derive(Clone, Debug)]
pub struct Server(Value);

/// What stands in for the memory.
#[derive(Clone, Debug)]
pub struct Memory(Value);

/// What stands in for a child task.
#[derive(Clone, Debug)]
pub struct Child(Value);

impl Program {
    /// It ends well, and printed this.
    pub fn prints(stdout: &str) -> Self {
        Self(json!({ "stdout": stdout }))
    }

    /// It ends with this code.
    pub fn exits(code: u8) -> Self {
        Self(json!({ "exit-code": code }))
    }

    /// It does not even run, with this kind of error: `timeout`, `unavailable`, ...
    pub fn fails(kind: &str) -> Self {
        Self(json!({ "fails": kind }))
    }

    /// The same, and it printed this.
    #[must_use]
    pub fn stdout(self, text: &str) -> Self {
        Self(set(self.0, "stdout", text))
    }

    /// The same, and it complained this.
    #[must_use]
    pub fn stderr(self, text: &str) -> Self {
        Self(set(self.0, "stderr", text))
    }

    /// The same for so many starts; then comes the next answer that fits.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self(set(self.0, "times", times))
    }
}

impl Server {
    /// It answers with this status and body.
    pub fn answers(status: u16, body: &str) -> Self {
        Self(json!({ "status": status, "body": body }))
    }

    /// There is no answer but this kind of error: `timeout`, `unavailable`, `unknown-effect`, ...
    pub fn fails(kind: &str) -> Self {
        Self(json!({ "fails": kind }))
    }

    /// The same with a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = json!(value);
        self
    }

    /// The same, and only requests with this method are answered so.
    #[must_use]
    pub fn method(self, method: &str) -> Self {
        Self(set(self.0, "method", method))
    }

    /// The same for so many requests; then comes the next answer that fits.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self(set(self.0, "times", times))
    }
}

impl Memory {
    /// These texts are found, the best first.
    pub fn finds<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::gives("recall", texts)
    }

    /// Questions of this sort (`recall`, `read`, `offers`, `find`, `passages`, `list`, `relations`, `history`) are
    /// given these texts.
    pub fn gives<'a>(asks: &str, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let gives: Vec<Value> = texts.into_iter().map(|it| json!({ "text": it })).collect();
        Self(json!({ "asks": asks, "gives": gives }))
    }

    /// What is asked to be remembered is.
    pub fn remembers() -> Self {
        Self(json!({ "asks": "remember" }))
    }

    /// Questions of this sort (`remember`, `recall`, `relate`, `forget`, `read`) have no answer but this kind of
    /// error: `unavailable`, `unknown-effect`, ...
    pub fn fails(asks: &str, kind: &str) -> Self {
        Self(json!({ "asks": asks, "fails": kind }))
    }

    /// The same, and only questions and drafts whose text holds this are answered so.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        Self(set(self.0, "text", text))
    }

    /// The same for so many questions; then comes the next answer that fits.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self(set(self.0, "times", times))
    }
}

impl Child {
    /// It ends well, with this result.
    pub fn gives(result: impl Into<Value>) -> Self {
        Self(json!({ "result": result.into() }))
    }

    /// It fails so: kind and message.
    pub fn fails(kind: &str, message: &str) -> Self {
        Self(json!({ "fails": kind, "message": message }))
    }

    /// The same for so many calls; then comes the next answer that fits.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self(set(self.0, "times", times))
    }
}

impl Script {
    pub(super) fn seed(&mut self, seed: &str) {
        self.seed = Some(seed.to_owned());
    }

    pub(super) fn program(&mut self, words: &str, answer: Program) {
        self.programs.push(set(answer.0, "run", words));
    }

    pub(super) fn server(&mut self, url: &str, answer: Server) {
        self.servers.push(set(answer.0, "url", url));
    }

    pub(super) fn memory(&mut self, answer: Memory) {
        self.memory.push(answer.0);
    }

    pub(super) fn child(&mut self, operation: &str, answer: Child) {
        self.answers.push(set(answer.0, "operation", operation));
    }

    pub(super) fn file(&mut self, file: &Path) {
        self.file = Some(file.to_owned());
    }

    /// The file that the host reads, and what it finds on its standard input.
    pub(super) fn source(&self) -> (PathBuf, String) {
        let lists = [
            ("answers", &self.answers),
            ("programs", &self.programs),
            ("servers", &self.servers),
            ("memory", &self.memory),
        ];
        let has_own = self.seed.is_some() || lists.iter().any(|(_, all)| !all.is_empty());
        if let Some(file) = &self.file {
            assert!(
                !has_own,
                "the answers stand in {}; add those of the test there",
                file.display()
            );
            return (file.clone(), String::new());
        }
        let mut text = "voyager: script/v1\n".to_owned();
        if let Some(seed) = &self.seed {
            text += &format!("seed: {}\n", json!(seed));
        }
        for (key, all) in lists.into_iter().filter(|(_, all)| !all.is_empty()) {
            text += &format!("{key}: {}\n", json!(all));
        }
        ("-".into(), text)
    }
}

fn set(mut answer: Value, key: &str, value: impl Into<Value>) -> Value {
    answer[key] = value.into();
    answer
}

/// The server of a URL: what is left of its path.
pub(super) fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_lines_that_the_host_reads() {
        let mut script = Script::default();
        assert_eq!(script.source().1, "voyager: script/v1\n");
        script.seed("a\"b");
        script.program("git log", Program::exits(1).stderr("no: \"such\"\n").times(2));
        script.server("https://a.org/x", Server::answers(200, "ä").header("etag", "1"));
        script.memory(Memory::finds(["one", "two"]).text("o"));
        script.child("a:b/c.d", Child::fails("timeout", "slow"));
        assert_eq!(
            script.source().1,
            r#"voyager: script/v1
seed: "a\"b"
answers: [{"fails":"timeout","message":"slow","operation":"a:b/c.d"}]
programs: [{"exit-code":1,"run":"git log","stderr":"no: \"such\"\n","times":2}]
servers: [{"body":"ä","headers":{"etag":"1"},"status":200,"url":"https://a.org/x"}]
memory: [{"asks":"recall","gives":[{"text":"one"},{"text":"two"}],"text":"o"}]
"#
        );
    }

    #[test]
    fn the_server_of_a_url_is_what_stands_left_of_its_path() {
        for (url, server) in [
            ("https://a.org/x?y", "https://a.org"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("https://a.org?y=/", "https://a.org"),
            ("a.org/x", "a.org"),
        ] {
            assert_eq!(origin(url), server);
        }
    }
}
