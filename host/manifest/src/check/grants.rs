//! Grants: what the manifest grants, what a step narrows it to, and whether skills can do with it.

use std::collections::BTreeSet;

use voyager_base::{
    grant::{Globs, ProgramGrant},
    http::{HttpGrant, HttpHost, IpNet, parse_range},
    memory::MemoryGrant,
    operation::Skill,
};

use super::Checker;
use crate::{
    code::Code,
    diagnostic::Finding,
    plan::{FolderPlan, GrantPlan, Lines},
    scalar::{duration, int, size},
    shape::clip,
    yaml::{Entry, Kind, Node},
};

/// Capabilities that a manifest can grant.
const CAPABILITIES: [&str; 5] = ["workspace", "process", "http", "memory", "tasks"];

impl Checker<'_> {
    /// The manifest's grants. It speaks of every capability: what it doesn't mention isn't granted.
    pub(super) fn manifest_grants(&mut self, entry: Option<&Entry>) {
        self.grants = GrantPlan {
            lines: entry.map(|entry| self.lines_of(entry)).unwrap_or_default(),
            workspace: Some(Vec::new()),
            process: Some(Vec::new()),
            http: Some(Vec::new()),
            memory: Some(MemoryGrant::default()),
            tasks: Some(Globs::none()),
        };
        let Some(Entry { value: node, .. }) = entry else { return };
        self.spoken = CAPABILITIES.into_iter().filter(|name| node.get(name).is_some()).collect();
        if let Some(folders) = node.get("workspace") {
            self.grants.workspace = Some(self.folders(folders, None));
        }
        if let Some(programs) = node.get("process") {
            self.grants.process = Some(self.programs(programs));
        }
        if let Some(servers) = node.get("http") {
            self.grants.http = Some(self.servers(servers));
        }
        if let Some(entry) = node.entry("memory") {
            self.grants.memory = self.spaces(entry);
        }
        if let Some(tasks) = node.get("tasks") {
            self.grants.tasks = self.globs(tasks);
            self.known_tasks(tasks);
        }
    }

    /// A step's grants, which have to lie within the manifest's.
    pub(super) fn narrowed(&mut self, entry: &Entry) -> Option<GrantPlan> {
        let node = &entry.value;
        let ceiling = self.grants.clone();
        let mut grants = GrantPlan { lines: self.lines_of(entry), ..GrantPlan::default() };
        if let Some(folders) = node.get("workspace") {
            grants.workspace = Some(self.folders(folders, ceiling.workspace.as_deref()));
        }
        if let Some(programs) = node.get("process") {
            let within = self.programs(programs);
            for (node, program) in programs.items().iter().zip(&within) {
                self.program_within(node, program, ceiling.process.as_deref().unwrap_or_default());
            }
            grants.process = Some(within);
        }
        if let Some(servers) = node.get("http") {
            let within = self.servers(servers);
            for server in &within {
                let same = |item: &&Node| {
                    item.get("host").and_then(Node::text).and_then(|it| it.parse().ok()).as_ref()
                        == Some(&server.host)
                };
                let node = servers.items().iter().find(same).unwrap_or(servers);
                self.server_within(node, server, ceiling.http.as_deref().unwrap_or_default());
            }
            grants.http = Some(within);
        }
        if let Some(entry) = node.entry("memory") {
            grants.memory = Some(self.spaces(entry)?);
            let wide = ceiling.memory.clone().unwrap_or_default();
            for (key, wide) in [("read", &wide.read), ("write", &wide.write)] {
                if let Some(globs) = entry.value.get(key) {
                    self.globs_within(globs, wide, &format!("memory.{key}"));
                }
            }
        }
        if let Some(tasks) = node.get("tasks") {
            let globs = self.globs(tasks)?;
            if let Some(wide) = &ceiling.tasks {
                self.globs_within(tasks, wide, "tasks");
            }
            grants.tasks = Some(globs);
        }
        Some(grants)
    }

    /// Where grants stand.
    fn lines_of(&self, entry: &Entry) -> Lines {
        let keys = std::iter::once(entry).chain(entry.value.entries());
        Lines(keys.map(|it| (it.key.clone(), self.line_at(it.key_span.start))).collect())
    }

    fn folders(&mut self, node: &Node, ceiling: Option<&[FolderPlan]>) -> Vec<FolderPlan> {
        let mut folders: Vec<FolderPlan> = Vec::new();
        for item in node.items() {
            let Some(folder) = self.folder(item, ceiling) else { continue };
            if folders.iter().any(|known| known.root == folder.root) {
                let message = format!("the folder `{}` is granted twice", folder.root);
                let span = item.get("root").map_or(&item.span, |root| &root.span);
                self.report(
                    Finding::new(Code::DuplicateRoot, span, message).help("put both in one entry"),
                );
                continue;
            }
            folders.push(folder);
        }
        folders
    }

    fn folder(&mut self, node: &Node, ceiling: Option<&[FolderPlan]>) -> Option<FolderPlan> {
        let root = node.get("root")?;
        let text = root.text().filter(|_| !root.is_null())?;
        let name = text.strip_prefix("inputs.").unwrap_or(text);
        // A step names the folder by its input or as the manifest calls it.
        let granted = ceiling.and_then(|folders| {
            folders.iter().find(|folder| folder.input == name || folder.root == name)
        });
        let input = granted.map_or(name, |folder| folder.input.as_str()).to_owned();
        if !self.path_input(&input, root, text) {
            return None;
        }
        let read = self.optional_globs(node.get("read"))?;
        let write = self.optional_globs(node.get("write"))?;
        let malformed = |key: &str| node.get(key).is_some_and(|globs| globs.text().is_some());
        let is_empty = read.is_empty() && write.is_empty();
        if is_empty && !malformed("read") && !malformed("write") {
            let message = format!("nothing in `{}` may be read or written", clip(text));
            self.report(
                Finding::new(Code::EmptyGrant, &root.span, message)
                    .help("add `read: [\"**\"]`, or `write`"),
            );
        }
        let own_name = node.get("name").and_then(Node::text);
        let folder = FolderPlan {
            root: match granted {
                Some(folder) => folder.root.clone(),
                None => own_name.unwrap_or(&input).to_owned(),
            },
            input,
            read,
            write,
            write_bytes_max: node.get("write-bytes").and_then(Node::text).and_then(size),
        };
        if ceiling.is_some() {
            self.folder_within(node, root, &folder, granted);
        }
        Some(folder)
    }

    /// Whether `input` is a path; otherwise that is told.
    pub(super) fn path_input(&mut self, input: &str, root: &Node, text: &str) -> bool {
        let paths: Vec<String> = self
            .inputs
            .iter()
            .filter(|input| input.is_path)
            .map(|input| format!("inputs.{}", input.name))
            .collect();
        let (message, help) = match self.inputs.iter().find(|known| known.name == input) {
            Some(known) if known.is_path => {
                self.used_inputs.insert(input.to_owned());
                return true;
            }
            // What is wrong with its type is told already.
            Some(known) if known.ty.is_none() && known.secret.is_none() => return false,
            Some(_) => {
                self.used_inputs.insert(input.to_owned());
                let message = format!("the input `{input}` is no path");
                (message, "declare it with `type: path`".to_owned())
            }
            None => {
                let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
                let help = match paths.is_empty() {
                    true => {
                        "declare an input of type `path`, and write `root: inputs.NAME`".to_owned()
                    }
                    false => super::arguments::suggest(text, &paths),
                };
                (format!("`{}` is no input", clip(text)), help)
            }
        };
        self.report(Finding::new(Code::UnknownRoot, &root.span, message).help(help));
        false
    }

    fn folder_within(
        &mut self,
        node: &Node,
        root: &Node,
        folder: &FolderPlan,
        granted: Option<&FolderPlan>,
    ) {
        let Some(granted) = granted else {
            let message = format!("the manifest doesn't grant `{}`", folder.input);
            self.report(Finding::new(Code::WiderGrant, &root.span, message).help(format!(
                "add `{{ root: inputs.{}, ... }}` to the manifest's grants",
                folder.input
            )));
            return;
        };
        if let Some(read) = node.get("read") {
            self.globs_within(read, &granted.read, "read");
        }
        if let Some(write) = node.get("write") {
            self.globs_within(write, &granted.write, "write");
        }
        if let (Some(entry), Some(own), Some(most)) =
            (node.get("write-bytes"), folder.write_bytes_max, granted.write_bytes_max)
            && own > most
        {
            let message = format!("the manifest grants {}", crate::scalar::show_size(most));
            self.report(Finding::new(Code::WiderGrant, &entry.span, message));
        }
    }

    /// Tells of globs that match what `ceiling` doesn't.
    fn globs_within(&mut self, node: &Node, ceiling: &Globs, what: &str) {
        for item in node.items() {
            let Some(glob) = item.text() else { continue };
            if let Some(path) = beyond(glob, ceiling) {
                let granted = match ceiling.patterns() {
                    [] => "nothing".to_owned(),
                    patterns => patterns.join(", "),
                };
                let message = format!("the manifest grants less: `{what}` is {granted}");
                self.report(
                    Finding::new(Code::WiderGrant, &item.span, message)
                        .label(format!("matches `{path}`"))
                        .help("narrow this, or widen the manifest's grant"),
                );
            }
        }
    }

    fn programs(&mut self, node: &Node) -> Vec<ProgramGrant> {
        let mut programs = Vec::new();
        for item in node.items() {
            programs.extend(self.program_grant(item));
        }
        programs
    }

    pub(super) fn program_grant(&mut self, item: &Node) -> Option<ProgramGrant> {
        let run = item.get("run").and_then(|run| self.program(run))?;
        let text = |key: &str| item.get(key).and_then(Node::text);
        let demand = item.get("demand").map(Node::items).unwrap_or_default();
        Some(ProgramGrant {
            run,
            network: text("network") == Some("any"),
            time_max: text("time").and_then(duration),
            output_bytes_max: text("output").and_then(size),
            memory_bytes_max: text("memory").and_then(size),
            processes_max: text("processes")
                .and_then(int)
                .and_then(|most| u64::try_from(most).ok()),
            cpus_max: text("cpus").and_then(int).and_then(|most| u32::try_from(most).ok()),
            demand: demand.iter().filter_map(Node::text).map(str::to_owned).collect(),
            secrets: self.program_secrets(item),
        })
    }

    fn program(&mut self, node: &Node) -> Option<Vec<String>> {
        let words: Vec<String> = match &node.kind {
            Kind::List(items) => items.iter().filter_map(Node::text).map(str::to_owned).collect(),
            Kind::Scalar { text, .. } if !node.is_null() => {
                let shell = |c: char| "|&;<>()$`\\\"'*?[]{}~#".contains(c);
                if let Some(mark) = text.chars().find(|c| shell(*c)) {
                    let message = format!("no shell reads this, so `{mark}` has no meaning");
                    self.report(Finding::new(Code::MalformedProgram, &node.span, message).help(
                        "name the program and its first arguments; words with marks as a list",
                    ));
                    return None;
                }
                text.split_whitespace().map(str::to_owned).collect()
            }
            Kind::Scalar { .. } | Kind::Map(_) => return None,
        };
        if words.is_empty() || words.iter().any(String::is_empty) {
            self.report(
                Finding::new(Code::MalformedProgram, &node.span, "here is no program")
                    .help("for example `cargo test`"),
            );
            return None;
        }
        Some(words)
    }

    pub(super) fn program_within(
        &mut self,
        node: &Node,
        program: &ProgramGrant,
        ceiling: &[ProgramGrant],
    ) {
        let span = node.get("run").map_or(&node.span, |run| &run.span);
        let granted = ceiling
            .iter()
            .filter(|granted| program.run.starts_with(&granted.run))
            .max_by_key(|granted| granted.run.len());
        let Some(granted) = granted else {
            let message = format!("the manifest doesn't grant `{}`", program.run.join(" "));
            self.report(Finding::new(Code::WiderGrant, span, message).help(format!(
                "add `{{ run: {} }}` to the manifest's grants",
                program.run.join(" ")
            )));
            return;
        };
        let wider = [
            ("network", program.network && !granted.network),
            ("time", more(program.time_max, granted.time_max)),
            ("output", more(program.output_bytes_max, granted.output_bytes_max)),
            ("memory", more(program.memory_bytes_max, granted.memory_bytes_max)),
            ("processes", more(program.processes_max, granted.processes_max)),
            ("cpus", more(program.cpus_max, granted.cpus_max)),
        ];
        for (key, _) in wider.into_iter().filter(|(_, wider)| *wider) {
            let span = node.get(key).map_or(span, |value| &value.span).clone();
            let message = format!("the manifest grants less `{key}` for this program");
            self.report(
                Finding::new(Code::WiderGrant, &span, message)
                    .help("narrow this, or widen the manifest's grant"),
            );
        }
        for (variable, secret) in &program.secrets {
            if granted.secrets.get(variable) == Some(secret) {
                continue;
            }
            let entry = node.get("env").and_then(|env| env.entry(variable));
            let span = entry.map_or(span, |entry| &entry.key_span).clone();
            let message = format!(
                "the manifest doesn't grant this program `inputs.{secret}` as `{variable}`"
            );
            self.report(
                Finding::new(Code::WiderGrant, &span, message)
                    .help("remove it, or add it to `env` of the manifest's grant"),
            );
        }
    }

    fn servers(&mut self, node: &Node) -> Vec<HttpGrant> {
        let mut servers: Vec<HttpGrant> = Vec::new();
        for item in node.items() {
            let Some(at) = item.get("host") else { continue };
            let Some(host) = self.server_host(item) else { continue };
            if servers.iter().any(|known| known.host == host) {
                let message = format!("the server `{host}` is granted twice");
                self.report(
                    Finding::new(Code::DuplicateHost, &at.span, message)
                        .help("put both in one entry"),
                );
                continue;
            }
            servers.push(self.server(item, host));
        }
        servers
    }

    /// The servers that an entry names.
    pub(super) fn server_host(&mut self, item: &Node) -> Option<HttpHost> {
        let at = item.get("host")?;
        let text = at.text().filter(|_| !at.is_null())?;
        let host = text.parse::<HttpHost>();
        host.inspect_err(|error| {
            let message = format!("`{}` names no server: {error}", clip(text));
            self.report(
                Finding::new(Code::MalformedHost, &at.span, message).help(
                    "for example `api.example.org`, `*.example.org`, `http://localhost:8080`",
                ),
            );
        })
        .ok()
    }

    pub(super) fn server(&mut self, item: &Node, host: HttpHost) -> HttpGrant {
        let text = |key: &str| item.get(key).and_then(Node::text);
        let methods: Vec<String> = match item.get("methods") {
            Some(methods) => {
                methods.items().iter().filter_map(Node::text).map(str::to_owned).collect()
            }
            None => ["GET", "HEAD"].map(str::to_owned).to_vec(),
        };
        let secrets = self.server_secrets(item, &host);
        HttpGrant {
            host,
            methods,
            private: self.ranges(item.get("private")),
            send_bytes_max: text("send").and_then(size),
            receive_bytes_max: text("receive").and_then(size),
            time_max: text("time").and_then(duration),
            secrets,
        }
    }

    fn ranges(&mut self, node: Option<&Node>) -> Vec<IpNet> {
        let mut ranges = Vec::new();
        for item in node.map(Node::items).unwrap_or_default() {
            let Some(text) = item.text() else { continue };
            match parse_range(text) {
                Some(range) => ranges.push(range),
                None => {
                    let message = format!("`{}` is no address and no range of them", clip(text));
                    self.report(
                        Finding::new(Code::MalformedAddress, &item.span, message)
                            .help("for example `127.0.0.1`, `10.1.0.0/16`, `fd00::/8`"),
                    );
                }
            }
        }
        ranges
    }

    pub(super) fn server_within(&mut self, node: &Node, server: &HttpGrant, ceiling: &[HttpGrant]) {
        let span = node.get("host").map_or(&node.span, |host| &host.span);
        // The entries that speak of one of its servers: each has to allow what it wants.
        let all: Vec<&HttpGrant> = ceiling
            .iter()
            .filter(|it| it.host.covers(&server.host) || server.host.covers(&it.host))
            .collect();
        if !all.iter().any(|it| it.host.covers(&server.host)) {
            let message = format!("the manifest doesn't grant `{}`", server.host);
            self.report(
                Finding::new(Code::WiderGrant, span, message).help(format!(
                    "add `{{ host: \"{}\" }}` to the manifest's grants",
                    server.host
                )),
            );
            return;
        }
        let widest = all.iter().filter(|it| it.host.covers(&server.host));
        let Some(granted) = widest.max_by_key(|it| it.host.weight()) else { return };
        let missing = server.methods.iter().any(|it| !granted.methods.contains(it));
        let within = |net: &IpNet| granted.private.iter().any(|it| it.contains(net));
        let foreign =
            server.secrets.iter().any(|(key, name)| granted.secrets.get(key) != Some(name));
        let wider = [
            ("methods", missing),
            ("private", !server.private.iter().all(within)),
            ("send", more(server.send_bytes_max, granted.send_bytes_max)),
            ("receive", more(server.receive_bytes_max, granted.receive_bytes_max)),
            ("time", more(server.time_max, granted.time_max)),
            ("secrets", foreign),
        ];
        for (key, _) in wider.into_iter().filter(|(_, wider)| *wider) {
            let span = node.get(key).map_or(span, |value| &value.span).clone();
            let message = format!("the manifest grants less `{key}` for this server");
            self.report(
                Finding::new(Code::WiderGrant, &span, message)
                    .help("narrow this, or widen the manifest's grant"),
            );
        }
    }

    /// The spaces of the memory that an entry names.
    pub(super) fn spaces(&mut self, entry: &Entry) -> Option<MemoryGrant> {
        let node = &entry.value;
        let read = self.optional_globs(node.get("read"))?;
        let write = self.optional_globs(node.get("write"))?;
        let trust = node.get("trust").and_then(Node::text).and_then(|it| it.parse().ok());
        let grant = MemoryGrant { read, write, trust };
        let malformed = |key: &str| node.get(key).is_some_and(|globs| globs.text().is_some());
        let is_mapping = node.items().is_empty() && node.text().is_none();
        if is_mapping && grant.is_empty() && !malformed("read") && !malformed("write") {
            self.report(
                Finding::new(
                    Code::EmptyGrant,
                    &entry.key_span,
                    "no space of the memory may be read or written",
                )
                .help("name some: `memory: { read: [\"notes/*\"] }`, or `write`"),
            );
        }
        Some(grant)
    }

    pub(super) fn optional_globs(&mut self, node: Option<&Node>) -> Option<Globs> {
        match node {
            Some(node) => self.globs(node),
            None => Some(Globs::none()),
        }
    }

    pub(super) fn globs(&mut self, node: &Node) -> Option<Globs> {
        let mut good = true;
        for item in node.items() {
            let Some(text) = item.text() else {
                good = false;
                continue;
            };
            let problem = match Globs::new([text]) {
                Err(error) => Some((error.reason, "to allow all, write `**`".to_owned())),
                Ok(_) if text.starts_with('/') => Some((
                    "globs begin at the granted folder".to_owned(),
                    format!("write `{}`", text.trim_start_matches('/')),
                )),
                Ok(_) if text.split('/').any(|part| part == "..") => Some((
                    "a glob can't leave the granted folder".to_owned(),
                    "grant the folder above through another input".to_owned(),
                )),
                Ok(_) => None,
            };
            if let Some((reason, help)) = problem {
                let message = format!("malformed glob `{}`: {reason}", clip(text));
                self.report(Finding::new(Code::MalformedGlob, &item.span, message).help(help));
                good = false;
            }
        }
        let texts = node.items().iter().filter_map(Node::text);
        if good { Globs::new(texts).ok() } else { None }
    }

    /// Tells of globs over operations that fit none.
    fn known_tasks(&mut self, node: &Node) {
        for item in node.items() {
            let Some(globs) = item.text().and_then(|text| Globs::new([text]).ok()) else {
                continue;
            };
            let mut operations = self.catalog.skills().iter().flat_map(|skill| &skill.operations);
            if !operations.any(|operation| globs.matches(&operation.name.unversioned())) {
                self.report(
                    Finding::new(Code::UnknownTask, &item.span, "no known operation fits this")
                        .help("operations are called `package:name/interface.function`"),
                );
            }
        }
    }

    /// Tells of capabilities that the skill imports and that nothing grants.
    pub(super) fn missing_grants(
        &mut self,
        skill: &Skill,
        own: Option<&Node>,
        span: &std::ops::Range<usize>,
    ) {
        for capability in ["workspace", "process", "http", "memory"] {
            let is_granted = match capability {
                "workspace" => self.grants.workspace.as_ref().is_some_and(|all| !all.is_empty()),
                "http" => self.grants.http.as_ref().is_some_and(|all| !all.is_empty()),
                "memory" => self.grants.memory.as_ref().is_some_and(|all| !all.is_empty()),
                _ => self.grants.process.as_ref().is_some_and(|all| !all.is_empty()),
            };
            let is_meant = self.spoken.contains(capability)
                || own.is_some_and(|own| own.get(capability).is_some());
            if is_granted || is_meant || !skill.imports_capability(capability) {
                continue;
            }
            if !self.told_grants.insert((skill.package.clone(), capability)) {
                continue;
            }
            let message = format!(
                "the skill `{}` asks for `{capability}`, and nothing of it is granted",
                skill.short_name()
            );
            let help = match capability {
                "workspace" => {
                    "add `workspace: [ { root: inputs.NAME, read: [\"**\"] } ]` to the manifest's grants"
                }
                "http" => "add `http: [ { host: NAME } ]` to the manifest's grants",
                "memory" => "add `memory: { read: [SPACE] }`, or `write`, to the manifest's grants",
                _ => "add `process: [ { run: PROGRAM } ]` to the manifest's grants",
            };
            self.report(Finding::new(Code::MissingGrant, span, message).help(help));
        }
    }

    /// Tells of capabilities that the manifest grants and that no skill imports.
    pub(super) fn unused_grants(&mut self, node: Option<&Node>) {
        let Some(node) = node else { return };
        // With an unknown step nobody knows what it would use.
        if self.used_skills.is_empty() || self.findings.has_errors() {
            return;
        }
        let pinned: BTreeSet<String> =
            self.pinned().into_iter().map(|skill| skill.component.to_string()).collect();
        let skills = || {
            let skills = self.catalog.skills().iter();
            skills.filter(|skill| pinned.contains(&skill.component.to_string()))
        };
        let unused: Vec<Finding> = CAPABILITIES
            .into_iter()
            .filter_map(|capability| node.entry(capability))
            .filter(|entry| !entry.value.items().is_empty() || !entry.value.entries().is_empty())
            .filter(|entry| !skills().any(|skill| skill.imports_capability(&entry.key)))
            .map(|entry| {
                let message = format!("no step's skill can use `{}`", entry.key);
                Finding::new(Code::UnusedGrant, &entry.key_span, message).help("remove it")
            })
            .collect();
        unused.into_iter().for_each(|finding| self.report(finding));
    }
}

/// Whether a step's bound is looser than the manifest's.
fn more<T: PartialOrd>(own: Option<T>, granted: Option<T>) -> bool {
    matches!((own, granted), (Some(own), Some(granted)) if own > granted)
}

/// A path that the glob matches and `ceiling` doesn't, where one is found. Whatever is found proves
/// that the glob is wider; finding none proves nothing, and the run enforces both anyway.
fn beyond(glob: &str, ceiling: &Globs) -> Option<String> {
    let own = Globs::new([glob]).ok()?;
    let samples = ["x/y-zz.q", "zz", "x/y/zz.q", ""];
    samples
        .into_iter()
        .flat_map(|deep| ["zz", "a", "zz.q"].map(|flat| sample(glob, deep, flat)))
        .find(|path| !path.is_empty() && own.matches(path) && !ceiling.matches(path))
}

/// A path that the glob may match: `**` as `deep`, `*` as `flat`, of choices the first.
fn sample(glob: &str, deep: &str, flat: &str) -> String {
    let mut path = String::new();
    let mut rest = glob;
    while let Some(next) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**/") {
            if !deep.is_empty() {
                path.push_str(deep);
                path.push('/');
            }
            rest = after;
        } else if let Some(after) = rest.strip_prefix("**") {
            path.push_str(if deep.is_empty() { "zz" } else { deep });
            rest = after;
        } else if next == '*' {
            path.push_str(flat);
            rest = &rest[1..];
        } else if next == '?' {
            path.push('z');
            rest = &rest[1..];
        } else if let (true, Some(end)) = (next == '{', rest.find('}')) {
            path.push_str(rest[1..end].split(',').next().unwrap_or_default());
            rest = &rest[end + 1..];
        } else if let (true, Some(end)) = (next == '[', rest.find(']')) {
            path.extend(rest[1..end].chars().find(|c| !"!^".contains(*c)));
            rest = &rest[end + 1..];
        } else {
            path.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    path
}
