//! The server: messages in, messages out; no thread, no clock.

use std::{
    collections::BTreeSet,
    io::Read as _,
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};
use voyager_base::Limits;
use voyager_manifest::{
    Catalog as Names, Diagnostic, Files, Library, Pins, Severity, check_scenario,
    editor::{self, Encoding, ItemSort, Language, Positions},
    manifest_of,
};

use super::{
    documents::{self, Documents},
    wire::Incoming,
};
use crate::{
    beside::{self, Beside},
    checking,
    testing::plan_of,
};

// The codes of JSON-RPC 2.0 and of the protocol.
const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const NOT_INITIALIZED: i64 = -32002;

/// Most bytes that are read of a manifest that a scenario names: the checker refuses less.
const MANIFEST_BYTES_MAX: u64 = 2 << 20;

/// What comes after a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The next one.
    Next,
    /// The end, with an exit code.
    End(u8),
}

/// How far the conversation is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Open,
    ShutDown,
}

/// Why a request has no answer.
struct Refusal(i64, String);

/// The place that a request is about.
struct Place<'s> {
    uri: &'s str,
    text: &'s str,
    positions: Positions<'s>,
    byte: usize,
}

/// The server.
pub(super) struct Server<'a> {
    skills: Box<dyn Fn() -> Names + 'a>,
    names: Names,
    encoding: Encoding,
    phase: Phase,
    documents: Documents,
    /// Texts that changed since their findings were told.
    changed: BTreeSet<String>,
    outgoing: Vec<Json>,
}

impl<'a> Server<'a> {
    /// A server; `skills` tells which there are.
    pub(super) fn new(skills: Box<dyn Fn() -> Names + 'a>) -> Self {
        Self {
            skills,
            names: Names::default(),
            encoding: Encoding::default(),
            phase: Phase::New,
            documents: Documents::default(),
            changed: BTreeSet::new(),
            outgoing: Vec::new(),
        }
    }

    /// The messages to send, oldest first.
    pub(super) fn take_outgoing(&mut self) -> Vec<Json> {
        std::mem::take(&mut self.outgoing)
    }

    /// Takes a message. What it leads to is [outgoing](Self::take_outgoing).
    pub(super) fn receive(&mut self, incoming: Incoming) -> After {
        match incoming {
            Incoming::Message(message) => self.message(&message),
            Incoming::Malformed(problem) => {
                self.refuse(&Json::Null, Refusal(PARSE_ERROR, problem));
                After::Next
            }
            Incoming::End => self.end(),
        }
    }

    /// The end is in order only behind `shutdown`: so the protocol has it.
    fn end(&self) -> After {
        After::End(u8::from(self.phase != Phase::ShutDown))
    }

    fn message(&mut self, message: &Json) -> After {
        let params = &message["params"];
        match (message["method"].as_str(), message.get("id")) {
            (Some("exit"), _) => return self.end(),
            (Some(method), Some(id)) if id.is_string() || id.is_number() => {
                match self.request(method, params) {
                    Ok(result) => self.answer(id, result),
                    Err(refusal) => self.refuse(id, refusal),
                }
            }
            (Some(method), None) => self.notification(method, params),
            // An answer; nothing was asked.
            (None, Some(_)) if message.get("result").or_else(|| message.get("error")).is_some() => {
            }
            _ => {
                let why = "a message has a `method`, and an `id` that is a text or a number";
                self.refuse(&Json::Null, Refusal(INVALID_REQUEST, why.to_owned()));
            }
        }
        After::Next
    }

    fn answer(&mut self, id: &Json, result: Json) {
        self.outgoing.push(json!({ "jsonrpc": "2.0", "id": id, "result": result }));
    }

    fn refuse(&mut self, id: &Json, Refusal(code, message): Refusal) {
        let error = json!({ "code": code, "message": message });
        self.outgoing.push(json!({ "jsonrpc": "2.0", "id": id, "error": error }));
    }

    fn notify(&mut self, method: &str, params: Json) {
        self.outgoing.push(json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn request(&mut self, method: &str, params: &Json) -> Result<Json, Refusal> {
        match (self.phase, method) {
            (Phase::New, "initialize") => return Ok(self.initialize(params)),
            (Phase::New, _) => {
                return Err(Refusal(NOT_INITIALIZED, "`initialize` comes first".to_owned()));
            }
            (Phase::ShutDown, _) => {
                return Err(Refusal(INVALID_REQUEST, "after `shutdown` comes `exit`".to_owned()));
            }
            (Phase::Open, "initialize") => {
                return Err(Refusal(INVALID_REQUEST, "`initialize` comes once".to_owned()));
            }
            (Phase::Open, _) => {}
        }
        match method {
            "shutdown" => {
                self.phase = Phase::ShutDown;
                Ok(Json::Null)
            }
            "textDocument/hover" => Ok(self.hover(&self.place(params)?)),
            "textDocument/definition" => Ok(self.definition(&self.place(params)?)),
            "textDocument/completion" => Ok(self.completion(&self.place(params)?)),
            _ => Err(Refusal(METHOD_NOT_FOUND, format!("there is no method `{method}` here"))),
        }
    }

    fn initialize(&mut self, params: &Json) -> Json {
        self.phase = Phase::Open;
        self.names = (self.skills)();
        let offered = params["capabilities"]["general"]["positionEncodings"].as_array();
        let utf8 = offered.is_some_and(|all| all.iter().any(|it| it == "utf-8"));
        self.encoding = if utf8 { Encoding::Utf8 } else { Encoding::Utf16 };
        json!({
            "capabilities": {
                "positionEncoding": if utf8 { "utf-8" } else { "utf-16" },
                "textDocumentSync": { "openClose": true, "change": 2, "save": true },
                "hoverProvider": true,
                "definitionProvider": true,
                "completionProvider": { "triggerCharacters": [".", ":", " ", "/", "{", "[", "\""] },
            },
            "serverInfo": { "name": "agent-host", "version": env!("CARGO_PKG_VERSION") },
        })
    }

    /// The place that a request is about.
    fn place<'s>(&'s self, params: &'s Json) -> Result<Place<'s>, Refusal> {
        let refused = |why: &str| Refusal(INVALID_PARAMS, why.to_owned());
        let uri = params["textDocument"]["uri"].as_str();
        let uri = uri.ok_or_else(|| refused("`textDocument.uri` is missing"))?;
        let position = documents::position(&params["position"]);
        let position = position.ok_or_else(|| refused("`position` is missing or malformed"))?;
        let document = self.documents.get(uri);
        let document = document.ok_or_else(|| refused("the text is not open"))?;
        let text = document.text.as_deref().ok_or_else(|| refused("the text is too large"))?;
        let positions = Positions::new(text, self.encoding);
        let byte = positions.byte(position);
        Ok(Place { uri, text, positions, byte })
    }

    /// What stands there, and the pages of what is wrong with it.
    fn hover(&self, at: &Place<'_>) -> Json {
        let found = editor::hover(at.text, at.byte, &self.names_at(at.uri, at.text));
        let mut span = found.as_ref().map(|it| it.span.clone());
        let mut texts: Vec<String> = found.map(|it| it.text).into_iter().collect();
        for wrong in self.diagnostics(at.uri, at.text) {
            let place = wrong.place.span;
            if place.start <= at.byte && at.byte <= place.end {
                texts.push(wrong.code.page().to_owned());
                span.get_or_insert(place);
            }
        }
        let Some(span) = span else { return Json::Null };
        json!({
            "contents": { "kind": "markdown", "value": texts.join("\n\n---\n\n") },
            "range": range(&span, &at.positions),
        })
    }

    fn definition(&self, at: &Place<'_>) -> Json {
        if let Some(path) = editor::manifest_at(at.text, at.byte)
            && let Some(folder) = at.uri.rsplit_once('/')
        {
            let begin = json!({ "line": 0, "character": 0 });
            let uri = format!("{}/{}", folder.0, path.trim_start_matches("./"));
            return json!({ "uri": uri, "range": { "start": begin, "end": begin } });
        }
        match editor::definition(at.text, at.byte) {
            Some(span) => json!({ "uri": at.uri, "range": range(&span, &at.positions) }),
            None => Json::Null,
        }
    }

    fn completion(&self, at: &Place<'_>) -> Json {
        let tested = editor::tested_manifest(at.text);
        let tested = tested.and_then(|named| self.manifest(at.uri, &named).ok());
        let tested = tested.map(|(_, text)| String::from_utf8_lossy(&text).into_owned());
        let manifests = match editor::language(at.text) {
            Some(Language::Scenario) => documents::path(at.uri).map(|it| nearby(&it)),
            _ => None,
        };
        let around = editor::Around {
            manifest: tested.as_deref(),
            manifests: &manifests.unwrap_or_default(),
        };
        let names = self.names_at(at.uri, at.text);
        let Some(found) = editor::complete(at.text, at.byte, &names, &around) else {
            return Json::Null;
        };
        let range = range(&found.replaces, &at.positions);
        let items = found.items.into_iter().enumerate().map(|(number, item)| {
            json!({
                "label": item.label,
                "kind": kind(item.sort),
                "detail": item.detail,
                "documentation": { "kind": "markdown", "value": item.docs },
                // Their order says something.
                "sortText": format!("{number:05}"),
                "textEdit": { "range": range, "newText": item.writes },
            })
        });
        items.collect()
    }

    /// Nobody waits for an answer: what can't be read is logged.
    fn notification(&mut self, method: &str, params: &Json) {
        if self.phase != Phase::Open {
            return;
        }
        let document = &params["textDocument"];
        let uri = document["uri"].as_str();
        let done = match (method, uri) {
            ("textDocument/didOpen", Some(uri)) => self.open(uri, document),
            ("textDocument/didChange", Some(uri)) => self.change(uri, params),
            ("textDocument/didSave", Some(_)) => {
                // Perhaps a skill was built meanwhile.
                self.names = (self.skills)();
                self.changed.extend(self.documents.iter().map(|(uri, _)| uri.clone()));
                Some(())
            }
            ("textDocument/didClose", Some(uri)) => {
                self.documents.close(uri);
                self.changed.remove(uri);
                self.notify(PUBLISH, json!({ "uri": uri, "diagnostics": [] }));
                self.others_changed();
                Some(())
            }
            (method, None) => (!method.starts_with("textDocument/")).then_some(()),
            _ => Some(()),
        };
        if done.is_none() {
            let message =
                format!("`{method}` can't be followed: it names no open text, or is malformed");
            self.notify("window/logMessage", json!({ "type": 2, "message": message }));
        }
    }

    fn open(&mut self, uri: &str, document: &Json) -> Option<()> {
        let text = document["text"].as_str()?;
        self.names = (self.skills)();
        let kept = self.documents.open(uri, document["version"].clone(), text);
        kept.then(|| self.has_changed(uri))
    }

    fn change(&mut self, uri: &str, params: &Json) -> Option<()> {
        let version = params["textDocument"]["version"].clone();
        let changes = params["contentChanges"].as_array()?;
        let done = self.documents.change(uri, version, changes, self.encoding);
        self.has_changed(uri);
        done
    }

    fn has_changed(&mut self, uri: &str) {
        self.changed.insert(uri.to_owned());
        self.others_changed();
    }

    /// What a scenario may say depends on its manifest, and what a manifest means on those that it runs.
    fn others_changed(&mut self) {
        let depends = |text: &Option<String>| {
            text.as_deref().is_some_and(|it| {
                editor::language(it) == Some(Language::Scenario) || it.contains("use: ./")
            })
        };
        let others = self.documents.iter().filter(|(_, it)| depends(&it.text));
        self.changed.extend(others.map(|(uri, _)| uri.clone()));
    }

    /// The skills, and the manifests that the text runs.
    fn names_at(&self, uri: &str, text: &str) -> Names {
        let Some(place) = documents::path(uri) else { return self.names.clone() };
        let open = Open { documents: &self.documents, beside: Beside::of(&place) };
        let library = Library { files: &open, pins: &Pins::Ignored };
        editor::with_manifests(text, &self.names, library)
    }

    /// The findings of a manifest, or its plan, among the texts that are open or lie there.
    fn among<T>(&self, place: &Path, check: impl FnOnce(&dyn Files, &Pins) -> T) -> T {
        let open = Open { documents: &self.documents, beside: Beside::of(place) };
        check(&open, &beside::pins(place))
    }

    /// Tells the findings of all texts that changed.
    pub(super) fn publish(&mut self) {
        for uri in std::mem::take(&mut self.changed) {
            let Some(document) = self.documents.get(&uri) else { continue };
            let found = match &document.text {
                Some(text) => {
                    let positions = Positions::new(text, self.encoding);
                    let found = self.diagnostics(&uri, text);
                    found.iter().map(|it| diagnostic(it, &uri, &positions)).collect()
                }
                None => vec![too_large()],
            };
            let version = document.version.clone();
            let mut params = json!({ "uri": uri, "diagnostics": found });
            if version.is_number() {
                params["version"] = version;
            }
            self.notify(PUBLISH, params);
        }
    }

    fn diagnostics(&self, uri: &str, text: &str) -> Vec<Diagnostic> {
        match editor::language(text) {
            Some(Language::Manifest) => {
                // What is nowhere yet has nothing beside it.
                let place = documents::path(uri).unwrap_or_else(|| PathBuf::from(uri));
                let file = place.display().to_string();
                self.among(&place, |files, pins| {
                    checking::find(&self.names, &file, text, files, pins, &Limits::ceiling())
                        .diagnostics
                })
            }
            Some(Language::Scenario) => {
                let plan = match manifest_of(text.as_bytes()) {
                    Some(named) => self.manifest(uri, &named).and_then(|(file, text)| {
                        self.among(Path::new(&file), |files, pins| {
                            plan_of(&file, &text, &self.names, files, pins)
                        })
                    }),
                    None => Err("the text names none".to_owned()),
                };
                let plan = plan.as_deref().map_err(String::as_str);
                check_scenario(text.as_bytes(), plan, &self.names).diagnostics
            }
            None => Vec::new(),
        }
    }

    /// The manifest that a scenario names, as it is open or else as it lies there.
    fn manifest(&self, scenario: &str, named: &str) -> Result<(String, Vec<u8>), String> {
        let path = documents::path(scenario).ok_or("the scenario is in no folder yet")?;
        let path = path.parent().unwrap_or_else(|| Path::new("")).join(named);
        let file = path.display().to_string();
        if let Some(text) = open_at(&self.documents, &path) {
            return Ok((file, text.to_owned().into_bytes()));
        }
        let mut text = Vec::new();
        let read = std::fs::File::open(&path)
            .and_then(|it| it.take(MANIFEST_BYTES_MAX).read_to_end(&mut text));
        read.map_err(|error| format!("{file}: {error}"))?;
        Ok((file, text))
    }
}

/// Manifests as they are open, or else as they lie beside another.
struct Open<'d> {
    documents: &'d Documents,
    beside: Beside,
}

impl Files for Open<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match open_at(self.documents, &self.beside.place(path)) {
            Some(text) => Ok(text.to_owned().into_bytes()),
            None => self.beside.read(path),
        }
    }
}

/// Most files of a folder that are looked at for manifests.
const NEARBY_MAX: usize = 200;
/// Bytes in which a manifest says that it is one: comments may stand above.
const HEAD_BYTES: u64 = 4 << 10;

/// The manifests beside a scenario and in the folder above, where they usually are, as a scenario names them.
fn nearby(scenario: &Path) -> Vec<String> {
    let folder = scenario.parent().unwrap_or_else(|| Path::new(""));
    let mut found = Vec::new();
    for (prefix, folder) in [("", folder.to_owned()), ("../", folder.join(".."))] {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        let names = entries.flatten().take(NEARBY_MAX).filter(|it| is_manifest(&it.path()));
        let mut names: Vec<String> =
            names.filter_map(|it| it.file_name().into_string().ok()).collect();
        names.sort();
        found.extend(names.into_iter().map(|name| format!("{prefix}{name}")));
    }
    found
}

/// Whether a file says that it is a manifest.
fn is_manifest(path: &Path) -> bool {
    // A pipe would be waited for.
    if path.extension().is_none_or(|it| it != "yaml") || !path.is_file() {
        return false;
    }
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|it| it.take(HEAD_BYTES).read_to_end(&mut head));
    read.is_ok() && editor::language(&String::from_utf8_lossy(&head)) == Some(Language::Manifest)
}

/// The text that is open of a file.
fn open_at<'d>(documents: &'d Documents, path: &Path) -> Option<&'d str> {
    let same = |uri: &str| documents::path(uri).is_some_and(|it| plain(&it) == plain(path));
    let (_, document) = documents.iter().find(|(uri, _)| same(uri))?;
    document.text.as_deref()
}

const PUBLISH: &str = "textDocument/publishDiagnostics";

/// A path without `.` and `..`, as a scenario may have them on the way to its manifest.
fn plain(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

fn too_large() -> Json {
    let place = json!({ "line": 0, "character": 0 });
    json!({
        "range": { "start": place, "end": place },
        "severity": 1,
        "source": SOURCE,
        "message": "the text is too large to be checked",
    })
}

/// What an item of a completion is, as the protocol numbers it.
fn kind(sort: ItemSort) -> u8 {
    match sort {
        ItemSort::Operation | ItemSort::Function => 3,
        ItemSort::Field => 5,
        ItemSort::Name => 6,
        ItemSort::Key => 10,
        ItemSort::Word => 12,
    }
}

const SOURCE: &str = "voyager";

/// A finding as the protocol has it.
fn diagnostic(found: &Diagnostic, uri: &str, positions: &Positions<'_>) -> Json {
    let help = found.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let label = match found.label.as_str() {
        "" => String::new(),
        label => format!(": {label}"),
    };
    let related = found.related.iter().map(|related| {
        let range = range(&related.place.span, positions);
        json!({ "location": { "uri": uri, "range": range }, "message": related.message })
    });
    json!({
        "range": range(&found.place.span, positions),
        "severity": match found.severity { Severity::Error => 1, Severity::Warning => 2 },
        "code": found.code.text(),
        "source": SOURCE,
        "message": format!("{}{label}{help}", found.message),
        "relatedInformation": related.collect::<Vec<_>>(),
    })
}

/// Some bytes as the protocol has them.
fn range(span: &std::ops::Range<usize>, positions: &Positions<'_>) -> Json {
    let place = |at| {
        let position = positions.position(at);
        json!({ "line": position.line, "character": position.character })
    };
    json!({ "start": place(span.start), "end": place(span.end) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MALFORMED_NAME: &str = "V0106";
    const BROKEN: &str = "voyager: manifest/v1\nname: b\nversion: 1.0.0\nsteps:\n  \
        - { id: ä, use: x/y }\n  - { id: wait, sleep: 1 }\n  - { id: wait, sleep: 1s }\n";

    fn server() -> Server<'static> {
        Server::new(Box::new(Names::default))
    }

    fn send(server: &mut Server<'_>, message: Json) -> Vec<Json> {
        assert_eq!(server.receive(Incoming::Message(message)), After::Next);
        server.publish();
        server.take_outgoing()
    }

    fn begin(encodings: Json) -> Server<'static> {
        let mut server = server();
        let capabilities = json!({ "general": { "positionEncodings": encodings } });
        let params = json!({ "capabilities": capabilities });
        send(&mut server, json!({ "id": 0, "method": "initialize", "params": params }));
        server
    }

    fn open(server: &mut Server<'_>, uri: &str, text: &str) -> Vec<Json> {
        let document = json!({ "uri": uri, "version": 1, "text": text });
        let params = json!({ "textDocument": document });
        send(server, json!({ "method": "textDocument/didOpen", "params": params }))
    }

    /// Code, and start and end of the range.
    fn found(message: &Json) -> Vec<String> {
        let place = |it: &Json| format!("{}:{}", it["line"], it["character"]);
        let all = message["params"]["diagnostics"].as_array().unwrap().iter();
        let one = |it: &Json| {
            let (start, end) = (place(&it["range"]["start"]), place(&it["range"]["end"]));
            format!("{} {start} {end}", it["code"].as_str().unwrap())
        };
        all.map(one).collect()
    }

    #[test]
    fn findings_are_told_in_the_units_that_were_agreed() {
        for (encodings, end) in [(json!(["utf-16"]), "4:11"), (json!(["utf-8"]), "4:12")] {
            let mut server = begin(encodings);
            let told = open(&mut server, "file:///a.yaml", BROKEN);
            let name =
                found(&told[0]).into_iter().find(|it| it.starts_with(MALFORMED_NAME)).unwrap();
            assert_eq!(name, format!("{MALFORMED_NAME} 4:10 {end}"));
        }
    }

    #[test]
    fn a_scenario_is_offered_the_manifests_nearby_and_the_names_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let scenarios = folder.path().join("scenarios");
        std::fs::create_dir(&scenarios).unwrap();
        std::fs::write(folder.path().join("a.yaml"), BROKEN).unwrap();
        std::fs::write(folder.path().join("other.yaml"), "jobs: []\n").unwrap();
        std::fs::write(scenarios.join("b.scenario.yaml"), "voyager: scenario/v1\n").unwrap();
        let mut server = begin(json!([]));
        let mut labels = |file: &str, text: &str, line: u32, character: u32| -> Vec<String> {
            let uri = format!("file://{}", scenarios.join(file).display());
            open(&mut server, &uri, text);
            let at = json!({ "line": line, "character": character });
            let params = json!({ "textDocument": { "uri": uri }, "position": at });
            let asked = json!({ "id": 1, "method": "textDocument/completion", "params": params });
            let answers = send(&mut server, asked);
            let items = answers[0]["result"].as_array().expect("there is a completion").iter();
            items.map(|it| it["label"].as_str().unwrap().to_owned()).collect()
        };
        let text = "voyager: scenario/v1\nmanifest: ";
        assert_eq!(labels("c.scenario.yaml", text, 1, 10), ["../a.yaml"]);
        let text = "voyager: scenario/v1\nmanifest: ../a.yaml\nanswers:\n  - step: ";
        assert_eq!(labels("d.scenario.yaml", text, 3, 10), ["ä", "wait", "wait"]);
    }

    #[test]
    fn a_finding_says_what_helps_and_what_else_has_to_do_with_it() {
        let told = open(&mut begin(json!([])), "file:///a.yaml", BROKEN);
        let all = told[0]["params"]["diagnostics"].as_array().unwrap();
        let twice = all.iter().find(|it| it["relatedInformation"][0].is_object()).unwrap();
        assert!(twice["message"].as_str().unwrap().contains("\nhelp: rename one"), "{twice}");
        let first = &twice["relatedInformation"][0]["location"];
        assert_eq!(
            (&first["range"]["start"]["line"], &first["uri"]),
            (&json!(5), &json!("file:///a.yaml"))
        );
    }

    #[test]
    fn a_change_is_checked_and_other_yaml_is_left_alone() {
        let mut server = begin(json!([]));
        assert_eq!(
            found(&open(&mut server, "file:///b.yaml", "a: b: c\n")[0]),
            Vec::<String>::new()
        );
        open(&mut server, "file:///a.yaml", BROKEN);
        let text =
            "voyager: manifest/v1\nname: b\nversion: 1.0.0\nsteps: [ { id: a, sleep: 1s } ]\n";
        let params = json!({
            "textDocument": { "uri": "file:///a.yaml", "version": 2 },
            "contentChanges": [{ "text": text }],
        });
        let told =
            send(&mut server, json!({ "method": "textDocument/didChange", "params": params }));
        assert_eq!((found(&told[0]), &told[0]["params"]["version"]), (vec![], &json!(2)));
    }

    #[test]
    fn a_scenario_is_checked_against_the_manifest_as_it_is_being_written() {
        let mut server = begin(json!([]));
        let manifest =
            "voyager: manifest/v1\nname: b\nversion: 1.0.0\nsteps: [ { id: a, sleep: 1s } ]\n";
        open(&mut server, "file:///nowhere/a.yaml", manifest);
        let scenario = "voyager: scenario/v1\nname: s\nmanifest: ../a.yaml\n\
            expect: { steps: { b: { is: ran } } }\n";
        let told = open(&mut server, "file:///nowhere/s/s.scenario.yaml", scenario);
        let told = told
            .iter()
            .find(|it| it["params"]["uri"].as_str().unwrap().ends_with("s.scenario.yaml"));
        let all = found(told.unwrap());
        assert!(all.len() == 1 && all[0].contains(" 3:19 3:20"), "{all:?}");
    }

    fn ask(server: &mut Server<'_>, method: &str, line: u32, character: u32) -> Json {
        let params = json!({
            "textDocument": { "uri": "file:///a.yaml" },
            "position": { "line": line, "character": character },
        });
        send(server, json!({ "id": 7, "method": method, "params": params })).remove(0)
    }

    #[test]
    fn a_place_is_explained_found_and_completed() {
        let mut server = begin(json!([]));
        let text = "voyager: manifest/v1\ndescription: ä😀\ninputs: { repo: { type: path } }\nsteps:\n  \
            - { id: ä😀, when: inputs.repo, use: none/none }\n";
        open(&mut server, "file:///a.yaml", text);
        let told = ask(&mut server, "textDocument/hover", 4, 24);
        let place = |character: u32| json!({ "line": 4, "character": character });
        assert_eq!(told["result"]["range"], json!({ "start": place(21), "end": place(32) }));
        let told = ask(&mut server, "textDocument/hover", 4, 43);
        let shown = told["result"]["contents"]["value"].as_str().unwrap();
        assert!(shown.contains("Way out: "), "the page of the finding: {shown}");
        let told = ask(&mut server, "textDocument/definition", 4, 32);
        assert_eq!(told["result"]["range"]["start"], json!({ "line": 2, "character": 10 }));
        let told = ask(&mut server, "textDocument/completion", 4, 30);
        assert_eq!(told["result"][0]["label"], "repo");
        let edit = json!({ "range": { "start": place(28), "end": place(30) }, "newText": "repo" });
        assert_eq!(told["result"][0]["textEdit"], edit);
        assert_eq!(ask(&mut server, "textDocument/hover", 99, 99)["result"], Json::Null);
        let params = json!({ "textDocument": { "uri": "file:///b.yaml" }, "position": place(0) });
        for params in [json!({}), json!({ "textDocument": { "uri": "file:///a.yaml" } }), params] {
            let message = json!({ "id": 1, "method": "textDocument/hover", "params": params });
            assert_eq!(send(&mut server, message)[0]["error"]["code"], INVALID_PARAMS);
        }
    }

    #[test]
    fn what_is_out_of_order_or_unknown_is_refused_and_the_server_goes_on() {
        let mut server = server();
        let mut code = |message: Json| send(&mut server, message)[0]["error"]["code"].clone();
        assert_eq!(code(json!({ "id": 1, "method": "textDocument/hover" })), NOT_INITIALIZED);
        assert_eq!(code(json!({ "id": 1, "method": "initialize" })), Json::Null);
        assert_eq!(code(json!({ "id": 1, "method": "initialize" })), INVALID_REQUEST);
        assert_eq!(code(json!({ "id": "a", "method": "nonsense" })), METHOD_NOT_FOUND);
        for odd in [json!([]), json!(1), json!({}), json!({ "id": {}, "method": "shutdown" })] {
            assert_eq!(code(odd), INVALID_REQUEST);
        }
        assert_eq!(code(json!({ "id": 1, "method": "shutdown" })), Json::Null);
        assert_eq!(code(json!({ "id": 2, "method": "shutdown" })), INVALID_REQUEST);
        server.receive(Incoming::Malformed("no JSON".into()));
        assert_eq!(server.take_outgoing()[0]["error"]["code"], PARSE_ERROR);
        assert_eq!(server.receive(Incoming::Message(json!({ "method": "exit" }))), After::End(0));
    }

    #[test]
    fn an_end_without_shutdown_is_no_success() {
        assert_eq!(begin(json!([])).receive(Incoming::End), After::End(1));
    }

    #[test]
    fn manifests_that_run_each_other_are_read_as_they_are_open() {
        let mut server = begin(json!(["utf-8"]));
        let head = "voyager: manifest/v1\nname: a\nversion: 1.0.0\n";
        let inner = |text: &str| format!("{head}inputs: {{ why: {{ type: string }} }}\n{text}");
        let rest = "steps: [ { id: rest, sleep: 1s } ]\noutputs: { why: { from: inputs.why } }\n";
        open(&mut server, "file:///nowhere/parts/in.yaml", &inner(rest));
        let outer =
            format!("{head}steps:\n  - {{ id: a, use: ./parts/in.yaml, with: {{ why: x }} }}\n");
        let codes = |told: Vec<Json>| -> Vec<String> {
            let outer = told.into_iter().find(|it| it["params"]["uri"] == "file:///nowhere/a.yaml");
            let found = outer.expect("it is told")["params"]["diagnostics"].take();
            let found = found.as_array().cloned().unwrap_or_default();
            found.iter().map(|it| it["code"].as_str().unwrap_or_default().to_owned()).collect()
        };
        let told = open(&mut server, "file:///nowhere/a.yaml", &outer);
        assert_eq!(codes(told), ["V0384"], "there is no lock");
        let params = json!({
            "textDocument": { "uri": "file:///nowhere/a.yaml" },
            "position": { "line": 4, "character": 22 },
        });
        let found = json!({ "id": 2, "method": "textDocument/definition", "params": params });
        let answer = send(&mut server, found);
        assert_eq!(answer[0]["result"]["uri"], "file:///nowhere/parts/in.yaml", "{answer:?}");
        let change = json!({
            "textDocument": { "uri": "file:///nowhere/parts/in.yaml", "version": 2 },
            "contentChanges": [ { "text": inner("steps: []\n") } ],
        });
        let told =
            send(&mut server, json!({ "method": "textDocument/didChange", "params": change }));
        assert_eq!(codes(told), ["V0380"], "what it runs is wrong now");
    }
}
