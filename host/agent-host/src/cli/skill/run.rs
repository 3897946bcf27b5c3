//! `agent-host skill run`: one operation, called directly. It is a run like any other: of a manifest with
//! one step, which is written here.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::{Map, Value as Json, json};
use voyager_base::{http::METHODS, operation::Operation};
use voyager_manifest::Catalog;

use super::{flags, script};
use crate::{
    answer::{RunAnswer, Status},
    cli::{
        Context, asking,
        run::{current_folder, name_and_value},
        secrets,
    },
    failure::{Failure, FailureKind},
    host, printing,
    protocol::{Request, RunRequest},
    report, session,
};

/// Calls one operation of a skill.
///
/// It may use nothing but what the options grant. The call is journaled like any run. The operation's parameters
/// are flags, too: `skill run OPERATION --help` shows them.
#[derive(Args)]
pub(crate) struct Run {
    #[command(flatten)]
    call: Call,
    /// Show what it would change, and change nothing.
    #[arg(long)]
    preview: bool,
    /// Folder for the core of the guest if it breaks, made where it does not exist: a WebAssembly core dump, with all that
    /// was in the guest's memory.
    #[arg(long, value_name = "DIR", conflicts_with = "script")]
    cores: Option<PathBuf>,
    /// A file with answers, which stand in for programs, servers and child tasks; `-` is standard input. What it has
    /// no answer to fails. Nothing is journaled.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// The WIT package of a skill that is not here and that the script answers for: a file or a folder. May be given
    /// several times.
    #[arg(long, value_name = "PATH", requires = "script")]
    wit: Vec<PathBuf>,
}

/// A call of one operation, and what it may use.
#[derive(Args)]
pub(super) struct Call {
    /// The operation, as in manifests: `coder/survey`, `voyager:coder/metrics.survey`.
    operation: String,
    /// An argument, as NAME=JSON; what is no JSON is text. May be given several times.
    #[arg(long = "with", short, value_name = "NAME=JSON", value_parser = name_and_value)]
    with: Vec<(String, String)>,
    /// A folder that the operation may read. May be given several times.
    #[arg(long, value_name = "DIR")]
    read: Vec<PathBuf>,
    /// A folder that the operation may read and change. May be given several times.
    #[arg(long, value_name = "DIR")]
    write: Vec<PathBuf>,
    /// A program that the operation may start, with its first arguments. May be given several times.
    #[arg(long, value_name = "WORDS")]
    program: Vec<String>,
    /// A server that the operation may ask, with all methods: `api.example.org`, `http://localhost:8080`. May be given
    /// several times.
    #[arg(long, value_name = "HOST")]
    server: Vec<String>,
    /// An address that is no public one, where one of these servers may be: `127.0.0.1`, `10.0.0.0/8`. May be given
    /// several times.
    #[arg(long, value_name = "ADDRESS", requires = "server")]
    private: Vec<String>,
    /// A secret that requests to these servers may hold as `${secrets.NAME}`, as NAME=env:VARIABLE or NAME=file:PATH;
    /// with `--script` NAME alone. May be given several times.
    // Not read while the line is: what is wrong there is repeated to whoever typed it, and to their logs.
    #[arg(long, value_name = "NAME=SOURCE")]
    secret: Vec<String>,
    /// Spaces of the memory that the operation may recall from: a glob over their names. May be given several times.
    #[arg(long, value_name = "GLOB")]
    recall: Vec<String>,
    /// Spaces of the memory that the operation may remember in: a glob over their names. May be given several times.
    #[arg(long, value_name = "GLOB")]
    remember: Vec<String>,
    /// Operations that it may call as child tasks: a glob over `package:name/interface.function`.
    #[arg(long, value_name = "GLOB")]
    call: Vec<String>,
    /// A limit other than the usual one: `memory=256MiB`, `time=2m`, `host-calls=10`. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    limit: Vec<(String, String)>,
    /// The operation's own flags: `--PARAMETER VALUE`. The `--` is needed only before one that has the name of an
    /// option here.
    #[arg(last = true, value_name = "--PARAMETER VALUE")]
    own: Vec<String>,
}

impl Run {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        if let Some(operation) = self.call.asks_for_help(context)? {
            return report::tell(context, &operation, 0, || {
                printing::line(printing::harmless(&flags::help(&operation)))
            });
        }
        let step = if self.preview { json!({ "changes": "discard" }) } else { json!({}) };
        if let Some(file) = &self.script {
            return script::run(context, &self.call, step, file, &self.wit);
        }
        let request = self.call.request(context, step)?;
        let cores = self.cores.map(|it| request.directory.join(it));
        let request = RunRequest { cores, ..request };
        let answer = asking::run(context, request)?;
        let code = report::run(context, &answer)?;
        if code == FailureKind::Denied.exit_code() && !context.json {
            printing::note(
                "hint: here `--read`, `--write`, `--program`, `--server`, `--recall`, `--remember` and `--call` are the grants",
            );
        }
        Ok(code)
    }
}

impl Call {
    /// The operation, where its help is asked for.
    pub(super) fn asks_for_help(&self, context: &Context) -> Result<Option<Operation>, Failure> {
        if !flags::asks_for_help(&self.own) {
            return Ok(None);
        }
        let found = self.found(context)?;
        let unknown = || Failure::usage(format!("there is no operation `{}`", self.operation));
        found.ok_or_else(|| unknown().hint("`agent-host skill list` shows the skills")).map(Some)
    }

    fn found(&self, context: &Context) -> Result<Option<Operation>, Failure> {
        let skills = host::catalog(context)?;
        let skills = skills.skills().iter().map(|it| (*it.skill).clone()).collect();
        Ok(Catalog::new(skills).operation(&self.operation).map(|it| (**it).clone()))
    }

    /// The arguments. Where flags are given they have to be the operation's; JSON is checked with the manifest.
    fn arguments(&self, context: &Context, directory: &Path) -> Result<Map<String, Json>, Failure> {
        let given = arguments(&self.with);
        if self.own.is_empty() {
            return Ok(given);
        }
        match self.found(context)? {
            Some(operation) => flags::read(&operation, given, &self.own, directory),
            // The manifest's check says which ones there are.
            None => Ok(given),
        }
    }

    /// Calls it so many times, one after the other, and changes nothing; gives back the run's id. Who measures gives a
    /// context with a state of its own.
    pub(super) fn repeated(&self, context: &Context, times: u32) -> Result<String, Failure> {
        let numbers: Vec<String> = (0..times).map(|it| it.to_string()).collect();
        let items = format!("[{}]", numbers.join(", "));
        let step = json!({
            "changes": "discard",
            "for-each": { "in": items, "as": "call", "parallel": 1 },
        });
        let request = self.request(context, step)?;
        let run: RunAnswer = report::read(&session::ask(context, Request::Run(request))?)?;
        if run.status != Status::Done {
            let why = run.error.map_or_else(|| run.status.word().to_owned(), |it| it.message);
            return Err(Failure::new(FailureKind::Run, format!("a call failed: {why}"))
                .hint("`agent-host skill run` with the same options shows more"));
        }
        Ok(run.run)
    }

    /// A run of a manifest with one step, which is the call. `step` has what else belongs to it.
    pub(super) fn request(&self, context: &Context, step: Json) -> Result<RunRequest, Failure> {
        let secrets = secrets::read(&self.secret)?;
        Ok(RunRequest { secrets, ..self.request_without_secrets(context, step)? })
    }

    /// The same; what its secrets are is not read.
    pub(super) fn request_without_secrets(
        &self,
        context: &Context,
        mut step: Json,
    ) -> Result<RunRequest, Failure> {
        let directory = current_folder()?;
        let (mut inputs, mut declared, mut folders) = (Vec::new(), Map::new(), Vec::new());
        let all =
            self.read.iter().map(|it| (it, false)).chain(self.write.iter().map(|it| (it, true)));
        for (path, writable) in all {
            let name = folder_name(path, &directory, &inputs)?;
            declared.insert(name.clone(), json!({ "type": "path" }));
            let write: &[&str] = if writable { &["**"] } else { &[] };
            folders
                .push(json!({ "root": format!("inputs.{name}"), "read": ["**"], "write": write }));
            inputs.push((name, path.display().to_string()));
        }
        let programs: Vec<Json> = self.program.iter().map(|it| json!({ "run": it })).collect();
        let names: Vec<&str> = self.secret.iter().map(|it| secrets::name(it)).collect();
        let lent = names.iter().map(|name| (*name, json!({ "secret": format!("inputs.{name}") })));
        let lent: BTreeMap<&str, Json> = lent.collect();
        for name in &names {
            declared.insert((*name).to_owned(), json!({ "type": "secret" }));
        }
        let server = |host| json!({ "host": host, "methods": METHODS, "private": self.private, "secrets": lent });
        let servers: Vec<Json> = self.server.iter().map(server).collect();
        step["id"] = json!("call");
        step["use"] = json!(self.operation);
        for (name, value) in &self.limit {
            step["limits"][name] = json!(value);
        }
        step["with"] = Json::Object(self.arguments(context, &directory)?);
        let mut grants = json!({
            "workspace": folders, "process": programs, "http": servers, "tasks": self.call,
        });
        if !self.recall.is_empty() || !self.remember.is_empty() {
            grants["memory"] = json!({ "read": self.recall, "write": self.remember });
        }
        // JSON is YAML, so nothing needs quoting but what JSON quotes.
        let manifest = json!({
            "voyager": "manifest/v1",
            "name": "skill-run",
            "version": "0.0.0",
            "description": format!("Calls {} once.", self.operation),
            "inputs": declared,
            "grants": grants,
            "steps": [step],
            "outputs": { "result": { "from": "steps.call" } },
        });
        Ok(RunRequest {
            file: "the command line".to_owned(),
            text: format!("voyager: manifest/v1\n{}", body(&manifest)),
            inputs,
            secrets: Vec::new(),
            directory,
            out: None,
            priority: None,
            unattended: false,
            wait: false,
            allows: Vec::new(),
            cores: None,
        })
    }
}

/// The manifest without its first line, one key a line, so that messages can point at one.
fn body(manifest: &Json) -> String {
    let Json::Object(keys) = manifest else { return String::new() };
    let keys = keys.iter().filter(|(key, value)| *key != "voyager" && !is_empty(value));
    keys.map(|(key, value)| format!("{key}: {value}\n")).collect()
}

fn is_empty(value: &Json) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

fn arguments(with: &[(String, String)]) -> Map<String, Json> {
    let read =
        |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()));
    with.iter().map(|(name, text)| (name.clone(), read(text))).collect()
}

/// The folder's own name, made an identifier, and unlike the names before it.
fn folder_name(
    path: &Path,
    directory: &Path,
    taken: &[(String, String)],
) -> Result<String, Failure> {
    let whole = std::path::absolute(directory.join(path)).map_err(|error| {
        Failure::environment(format!("cannot tell where {} lies", path.display()), &error)
    })?;
    let last =
        whole.file_name().map_or_else(|| "root".into(), |it| it.to_string_lossy().into_owned());
    // As manifests want names: words joined by hyphens, and a hyphen only before a letter.
    let mut name = String::new();
    for word in last.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty()) {
        let letter = word.starts_with(|it: char| it.is_ascii_alphabetic());
        match (name.is_empty(), letter) {
            (true, false) => name.push_str("folder"),
            (false, true) => name.push('-'),
            _ => {}
        }
        name.push_str(&word.to_ascii_lowercase());
    }
    if name.is_empty() {
        name.push_str("root");
    }
    let free = |name: &String| taken.iter().all(|(other, _)| other != name);
    let numbered = (2..).map(|number| format!("{name}{number}"));
    Ok(std::iter::once(name.clone()).chain(numbered).find(free).expect("numbers don't end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_get_names_that_manifests_accept() {
        let name = |path: &str, taken: &[(String, String)]| {
            folder_name(Path::new(path), Path::new("/home"), taken).unwrap()
        };
        assert_eq!(name("/a/My Project", &[]), "my-project");
        assert_eq!(name("/a/2024", &[]), "folder2024");
        assert_eq!(name("/a/greeter-13_x", &[]), "greeter13-x");
        assert_eq!(name("/", &[]), "root");
        assert_eq!(name("b/x", &[("x".into(), "/x".into())]), "x2");
    }

    #[test]
    fn what_is_no_json_is_text() {
        let with = [("a".to_owned(), "[1]".to_owned()), ("b".to_owned(), "plain text".to_owned())];
        let read = arguments(&with);
        assert_eq!((&read["a"], &read["b"]), (&json!([1]), &json!("plain text")));
    }
}
