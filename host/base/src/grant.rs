//! What a task may use: effective grant = host policy ∩ manifest ∩ step ∩ parent.
//!
//! Grants are kept as the layers they came from, and every layer must allow a use. So handing a grant
//! on can only narrow it: [`Grants::narrowed`] adds a layer, nothing removes one.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::{
    call::Need,
    error::Error,
    http::{HttpGrant, HttpRule, Url},
    memory::{MemoryGrant, Trust},
    policy::{Access, Refusal, Rules, Verdict},
};

/// Globs over paths with `/`; `*` and `?` stay within a folder, `**` crosses folders.
#[derive(Clone, Debug)]
pub struct Globs {
    patterns: Vec<String>,
    set: GlobSet,
}

/// How much of what lies below a folder globs match, as far as their texts tell without looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// No path below it.
    Nothing,
    /// Perhaps some: each has to be asked for.
    Some,
    /// Every path below it.
    All,
}

/// A glob can't be read.
#[derive(Debug, thiserror::Error)]
#[error("malformed glob `{glob}`: {reason}")]
pub struct MalformedGlob {
    /// The glob.
    pub glob: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Globs {
    /// Globs from their texts.
    ///
    /// # Errors
    /// [`MalformedGlob`] for the first that can't be read.
    pub fn new<T: Into<String>>(
        patterns: impl IntoIterator<Item = T>,
    ) -> Result<Self, MalformedGlob> {
        let patterns: Vec<String> = patterns.into_iter().map(Into::into).collect();
        let malformed = |glob: &str, error: &globset::Error| MalformedGlob {
            glob: glob.to_owned(),
            reason: error.kind().to_string(),
        };
        let mut builder = GlobSetBuilder::new();
        for pattern in &patterns {
            builder.add(glob(pattern).map_err(|error| malformed(pattern, &error))?);
        }
        let set = builder.build().map_err(|error| malformed(&patterns.join(", "), &error))?;
        Ok(Self { patterns, set })
    }

    /// Globs that match everything.
    pub fn everything() -> Self {
        Self::new(["**"]).unwrap_or_else(|_| Self::none())
    }

    /// Globs that match nothing.
    pub fn none() -> Self {
        Self { patterns: Vec::new(), set: GlobSet::empty() }
    }

    /// Whether one of them matches `path`.
    pub fn matches(&self, path: &str) -> bool {
        self.set.is_match(path)
    }

    /// How much of what lies below `folder` they match; the whole is the empty path. Lets a walk leave
    /// out what it need not look at.
    pub fn below(&self, folder: &str) -> Extent {
        let extents = self.patterns.iter().map(|pattern| extent(pattern, folder));
        extents.max().unwrap_or(Extent::Nothing)
    }

    /// How much of what `narrow` matches they match, as far as their texts tell: never less than it is.
    pub fn meets(&self, narrow: &Self) -> Extent {
        let extents = narrow.patterns.iter().map(|pattern| {
            let all = |own: &String| own == pattern || own == "**";
            if self.patterns.iter().any(all) || (!has_marks(pattern) && self.matches(pattern)) {
                return Extent::All;
            }
            let touches = |own: &String| {
                let length = literal(own).len().min(literal(pattern).len());
                let same = own.as_bytes()[..length] == pattern.as_bytes()[..length];
                match (has_marks(own), has_marks(pattern)) {
                    // A name that they match was found above.
                    (_, false) => false,
                    (false, true) => narrow.matches(own),
                    (true, true) => same,
                }
            };
            if self.patterns.iter().any(touches) { Extent::Some } else { Extent::Nothing }
        });
        let extents: Vec<Extent> = extents.collect();
        match (extents.iter().min(), extents.iter().max()) {
            (Some(Extent::All), _) => Extent::All,
            (_, Some(Extent::Some | Extent::All)) => Extent::Some,
            _ => Extent::Nothing,
        }
    }

    /// The same as regular expressions over bytes, each for a whole path: for whoever compares globs
    /// without paths.
    pub fn regexes(&self) -> Vec<String> {
        let globs = self.patterns.iter().filter_map(|pattern| glob(pattern).ok());
        globs.map(|glob| glob.regex().to_owned()).collect()
    }

    /// The texts.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }
}

fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build()
}

/// Compares part by part as long as the pattern's parts are plain names.
fn extent(pattern: &str, folder: &str) -> Extent {
    let mut parts = pattern.split('/');
    for name in folder.split('/').filter(|name| !name.is_empty()) {
        match parts.next() {
            Some("**") if parts.next().is_none() => return Extent::All,
            Some(part) if part == name && !has_marks(part) => {}
            Some(part) if has_marks(part) => return Extent::Some,
            // Another name, or a pattern for the folder itself or one above it.
            Some(_) | None => return Extent::Nothing,
        }
    }
    match (parts.next(), parts.next()) {
        (Some("**"), None) => Extent::All,
        (None, _) => Extent::Nothing,
        _ => Extent::Some,
    }
}

/// What a pattern begins with, whatever it matches.
fn literal(pattern: &str) -> &str {
    &pattern[..pattern.find(['*', '?', '[', '{', '\\']).unwrap_or(pattern.len())]
}

fn has_marks(part: &str) -> bool {
    part.contains(['*', '?', '[', '{', '\\'])
}

impl PartialEq for Globs {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl Serialize for Globs {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.patterns.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Globs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::<String>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Files of one folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FolderGrant {
    /// Name of the folder; [`Grants::folders`] says where it is.
    pub root: String,
    /// What may be read.
    pub read: Globs,
    /// What may be written, removed, renamed. Not readable by itself.
    pub write: Globs,
    /// Most bytes that one task may write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_bytes_max: Option<u64>,
}

/// A program of the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProgramGrant {
    /// Program and first arguments, for example `cargo test`: a call must begin with these words.
    pub run: Vec<String>,
    /// Whether it may use the network.
    pub network: bool,
    /// Longest time it may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_max: Option<Duration>,
    /// Most bytes kept of its standard output, and of its standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_bytes_max: Option<u64>,
    /// Most bytes of memory of all its processes together, or of each where the kernel can't tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes_max: Option<u64>,
    /// Most processes at a time, threads counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes_max: Option<u64>,
    /// Most processors that it computes on at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus_max: Option<u32>,
    /// Confinements without which it must not start: `landlock`, `seccomp`, `network-namespace`, `view`,
    /// `cgroup`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub demand: Vec<String>,
    /// Secrets that it gets: name of the variable, and of the secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
}

/// One source's say: the host, a manifest, a step. A capability that it does not speak of
/// (`None`) it leaves to the other layers; a manifest speaks of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GrantLayer {
    /// Whose say this is, for messages: `this host`, `manifest`, `step test`.
    pub source: String,
    /// Folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Vec<FolderGrant>>,
    /// Programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<Vec<ProgramGrant>>,
    /// Servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<Vec<HttpGrant>>,
    /// Spaces of the memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryGrant>,
    /// Operations that may be called as child tasks: globs over `package:name/interface.function`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Globs>,
    /// Rules of the host, beside the above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Arc<Rules>>,
    /// Where it stands, so that a denial can say where to add a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands: Option<Stands>,
}

/// Where a layer stands in its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stands {
    /// The file.
    pub file: String,
    /// Line of what holds the grants: a step, or the manifest.
    pub line: u32,
    /// Lines of `grants`, and of each capability in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<String, u32>,
    /// What a folder is called in the file, by the name under which skills see it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roots: BTreeMap<String, String>,
}

/// What a task may use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Grants {
    /// Where the named folders are: absolute paths, resolved when the run started.
    pub folders: Arc<BTreeMap<String, String>>,
    /// All of these must allow a use. Without any, nothing is allowed.
    pub layers: Vec<Arc<GrantLayer>>,
}

/// What all layers together allow a program.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramRule {
    /// Whether it may use the network.
    pub network: bool,
    /// Longest time it may take.
    pub time_max: Option<Duration>,
    /// Most bytes kept of each of its outputs.
    pub output_bytes_max: Option<u64>,
    /// Most bytes of memory.
    pub memory_bytes_max: Option<u64>,
    /// Most processes at a time, threads counted.
    pub processes_max: Option<u64>,
    /// Most processors that it computes on at a time.
    pub cpus_max: Option<u32>,
    /// Confinements without which it must not start.
    pub demand: Vec<String>,
    /// Secrets that it gets: name of the variable, and of the secret.
    pub secrets: BTreeMap<String, String>,
}

impl Grants {
    /// The same, and `layer` must allow a use too.
    #[must_use]
    pub fn narrowed(&self, layer: GrantLayer) -> Self {
        let mut layers = self.layers.clone();
        layers.push(Arc::new(layer));
        Self { folders: Arc::clone(&self.folders), layers }
    }

    /// Checks one use. Does not allocate where it is allowed, once a thread has used the globs.
    ///
    /// # Errors
    /// `denied`, with the layer that refuses and the smallest grant that would allow the use.
    pub fn check(&self, need: &Need<'_>) -> Result<(), Error> {
        match need {
            Need::Nothing => Ok(()),
            Need::Read { root, path } => self.readable(root, path),
            Need::Write { root, path } => self.writable(root, path),
            Need::Folder { root } => self.folder(root),
            Need::Rename { root, from, to } => {
                self.writable(root, from)?;
                self.writable(root, to)
            }
            Need::Program { program, arguments } => self.programs(program, arguments, |_, _| ()),
            Need::Request { method, url } => self.requests(method, url, |_| ()),
            Need::Remember { drafts } => {
                drafts.iter().try_for_each(|it| self.space(&it.space, Access::Write))
            }
            Need::Recall { spaces: [] } => self.some_space(Access::Read),
            Need::Recall { spaces } => {
                spaces.iter().try_for_each(|it| self.space(it, Access::Read))
            }
            Need::SomeSpace { write } => {
                self.some_space(if *write { Access::Write } else { Access::Read })
            }
            Need::Operation { name } => self.operation(name),
        }
    }

    /// Names of the folders in which at least something may be read or written.
    pub fn roots(&self) -> Vec<&str> {
        self.folders.keys().map(String::as_str).filter(|root| self.folder(root).is_ok()).collect()
    }

    /// Names of the folders that manifest and steps grant, whatever the policy of the host makes of them: who
    /// uses one of which it allows nothing is told why.
    pub fn granted_roots(&self) -> Vec<&str> {
        let is_granted = |root: &&str| {
            let granted = self.every_folder(
                root,
                |folder| !folder.read.is_empty() || !folder.write.is_empty(),
                |_, _| Ok(()),
            );
            granted.is_ok()
        };
        self.folders.keys().map(String::as_str).filter(is_granted).collect()
    }

    /// Whether all layers let `path` below `root` be read.
    pub fn may_read(&self, root: &str, path: &str) -> bool {
        self.accessible(root, path, Access::Read).is_ok()
    }

    /// How much of what lies below `folder`, a path below `root`, all layers let be read.
    pub fn reads_below(&self, root: &str, folder: &str) -> Extent {
        self.below(root, folder, |granted| &granted.read)
    }

    /// The same of what they let be written.
    pub fn writes_below(&self, root: &str, folder: &str) -> Extent {
        self.below(root, folder, |granted| &granted.write)
    }

    fn below(&self, root: &str, folder: &str, globs: impl Fn(&FolderGrant) -> &Globs) -> Extent {
        let layers = self.speaking().filter_map(|layer| layer.workspace.as_ref());
        let extents = layers.map(|folders| {
            let granted = folders.iter().filter(|granted| granted.root == root);
            granted.map(|granted| globs(granted).below(folder)).max().unwrap_or(Extent::Nothing)
        });
        let Some(at) = self.folders.get(root) else { return Extent::Nothing };
        let rules = self.speaking().filter_map(|layer| layer.rules.as_ref());
        let ruled = rules.map(|rules| rules.extent(at, folder, Access::Read)).min();
        let granted = extents.min().unwrap_or(Extent::Nothing);
        ruled.map_or(granted, |ruled| granted.min(ruled))
    }

    /// Whether all layers let `path` below `root` be written.
    pub fn may_write(&self, root: &str, path: &str) -> bool {
        self.accessible(root, path, Access::Write).is_ok()
    }

    /// Most bytes that a task may write below `root`, where a layer bounds it.
    pub fn write_bytes_max(&self, root: &str) -> Option<u64> {
        let folders = self.layers.iter().filter_map(|layer| layer.workspace.as_ref()).flatten();
        let granted = folders.filter(|folder| folder.root == root);
        let rules = self.speaking().filter_map(|layer| layer.rules.as_ref());
        let ruled = rules.filter_map(|rules| rules.write_bytes_max(self.folders.get(root)?));
        granted.filter_map(|folder| folder.write_bytes_max).chain(ruled).min()
    }

    /// What all layers together allow a program.
    ///
    /// # Errors
    /// `denied`, where a layer has no grant for it.
    pub fn program(&self, program: &str, arguments: &[String]) -> Result<ProgramRule, Error> {
        let mut rule = ProgramRule {
            network: true,
            time_max: None,
            output_bytes_max: None,
            memory_bytes_max: None,
            processes_max: None,
            cpus_max: None,
            demand: Vec::new(),
            secrets: BTreeMap::new(),
        };
        let mut secrets: Option<BTreeMap<String, String>> = None;
        self.programs(program, arguments, |grant, names_secrets| {
            rule.network &= grant.network;
            rule.time_max = least(rule.time_max, grant.time_max);
            rule.output_bytes_max = least(rule.output_bytes_max, grant.output_bytes_max);
            rule.memory_bytes_max = least(rule.memory_bytes_max, grant.memory_bytes_max);
            rule.processes_max = least(rule.processes_max, grant.processes_max);
            rule.cpus_max = least(rule.cpus_max, grant.cpus_max);
            rule.demand.extend(grant.demand.iter().cloned());
            match &mut secrets {
                _ if !names_secrets => {}
                None => secrets = Some(grant.secrets.clone()),
                Some(all) => all.retain(|variable, name| grant.secrets.get(variable) == Some(name)),
            }
        })?;
        rule.secrets = secrets.unwrap_or_default();
        Ok(rule)
    }

    /// Shows `each` what every layer that speaks of programs grants this one, and whether it speaks of secrets.
    fn programs(
        &self,
        program: &str,
        arguments: &[String],
        mut each: impl FnMut(&ProgramGrant, bool),
    ) -> Result<(), Error> {
        let words = || std::iter::once(program).chain(arguments.iter().map(String::as_str));
        let line = |words: &[&str]| Line {
            capability: "process",
            item: format!("{{ run: {} }}", quoted(&words.join(" "))),
        };
        let what = || format!("start `{program}`");
        let smallest = || line(&words().take(2).collect::<Vec<_>>());
        for layer in self.speaking() {
            if let Some(rules) = &layer.rules {
                let all: Vec<&str> = words().collect();
                // A policy names no secret: it leaves them to whoever has them.
                let allowed = rules.program(&all, |grant| each(grant, false));
                allowed.map_err(|refusal| refused(rules, refusal, &what(), &smallest()))?;
            }
            let Some(programs) = &layer.process else { continue };
            let begins = |grant: &&ProgramGrant| {
                !grant.run.is_empty() && starts_with(words(), grant.run.iter().map(String::as_str))
            };
            let Some(grant) = programs.iter().filter(begins).max_by_key(|grant| grant.run.len())
            else {
                return Err(denied(layer, &what(), &smallest()));
            };
            each(grant, true);
        }
        self.some_layer(|layer| layer.process.is_some(), || (what(), line(&[program])))
    }

    /// What all layers together allow a request.
    ///
    /// # Errors
    /// `denied`, where a layer has no grant for it.
    pub fn request(&self, method: &str, url: &Url) -> Result<HttpRule, Error> {
        let mut rule = HttpRule::default();
        self.requests(method, url, |said| match said {
            Said::Granted(grant) => rule.narrow(grant),
            Said::Ruled(grant, private) => rule.narrow_by_policy(grant, private),
        })?;
        Ok(rule)
    }

    /// Shows `each` what every layer that speaks of servers says of this request.
    fn requests(
        &self,
        method: &str,
        url: &Url,
        mut each: impl FnMut(Said<'_>),
    ) -> Result<(), Error> {
        // No path: it may hold what nobody else should read.
        let what = || format!("send `{method}` to `{}`", url.origin().ascii_serialization());
        let smallest = || {
            let origin = url.origin().ascii_serialization();
            let host = quoted(origin.strip_prefix("https://").unwrap_or(&origin));
            Line { capability: "http", item: format!("{{ host: {host}, methods: [{method}] }}") }
        };
        for layer in self.speaking() {
            if let Some(rules) = &layer.rules {
                let allowed =
                    rules.request(method, url, |server, named| each(Said::Ruled(server, named)));
                allowed.map_err(|refusal| refused(rules, refusal, &what(), &smallest()))?;
            }
            let Some(servers) = &layer.http else { continue };
            let grant = HttpGrant::of(servers, url)
                .filter(|grant| grant.methods.iter().any(|granted| granted == method));
            let Some(grant) = grant else { return Err(denied(layer, &what(), &smallest())) };
            each(Said::Granted(grant));
        }
        self.some_layer(|layer| layer.http.is_some(), || (what(), smallest()))
    }

    /// Whether all layers let the memories of a space be read.
    pub fn may_recall(&self, space: &str) -> bool {
        self.space(space, Access::Read).is_ok()
    }

    /// The least trust of memories that may be recalled and read.
    pub fn trust_wanted(&self) -> Trust {
        let wanted = self.speaking().filter_map(|it| it.memory.as_ref()?.trust);
        wanted.max().unwrap_or_default()
    }

    /// How far what this task remembers may be trusted: no more than the least of what may reach its run. A step hands
    /// what it read to others, so what narrows a step alone counts for nothing here.
    pub fn trust_left(&self) -> Trust {
        let speaks_of_all = |it: &Arc<GrantLayer>| {
            it.workspace.is_some()
                && it.process.is_some()
                && it.http.is_some()
                && it.memory.is_some()
        };
        let count =
            self.layers.iter().position(speaks_of_all).map_or(self.layers.len(), |it| it + 1);
        let of_run = &self.layers[..count];
        let all = |holds: &dyn Fn(&GrantLayer) -> Option<bool>| {
            let mut said = of_run.iter().filter_map(|it| holds(it)).peekable();
            said.peek().is_some() && said.all(|it| it)
        };
        let reads = |it: &GrantLayer| {
            Some(it.workspace.as_ref()?.iter().any(|folder| !folder.read.is_empty()))
        };
        let hears_others = all(&reads)
            || all(&|it| Some(!it.process.as_ref()?.is_empty()))
            || all(&|it| Some(!it.http.as_ref()?.is_empty()));
        if hears_others {
            return Trust::Outside;
        }
        let recalls = all(&|it| Some(!it.memory.as_ref()?.read.is_empty()));
        let wanted = of_run.iter().filter_map(|it| it.memory.as_ref()?.trust).max();
        if recalls { wanted.unwrap_or_default().min(Trust::Skill) } else { Trust::Skill }
    }

    /// Checks one use of a space.
    ///
    /// # Errors
    /// `denied`, where a layer does not grant it.
    pub fn space(&self, space: &str, access: Access) -> Result<(), Error> {
        let what = || format!("{} the memory `{}`", verb_of(access), shown(space));
        let line = || memory_line(access, &quoted(&globset::escape(&shown(space))));
        for layer in self.speaking() {
            if let Some(rules) = &layer.rules {
                let ruled = rules.space(space, access);
                ruled.map_err(|refusal| refused(rules, refusal, &what(), &line()))?;
            }
            let Some(grant) = &layer.memory else { continue };
            if !grant.globs(access).matches(space) {
                return Err(space_refused(layer, grant, space, access, &what(), &line()));
            }
        }
        self.some_layer(|layer| layer.memory.is_some(), || (what(), line()))
    }

    /// Whether every layer that speaks of the memory grants some space: which one, the service looks at.
    fn some_space(&self, access: Access) -> Result<(), Error> {
        let what = || format!("{} any memory", verb_of(access));
        let line = || memory_line(access, "\"**\"");
        for layer in self.speaking() {
            if layer.memory.as_ref().is_some_and(|it| it.globs(access).is_empty()) {
                return Err(denied(layer, &what(), &line()));
            }
        }
        self.some_layer(|layer| layer.memory.is_some(), || (what(), line()))
    }

    fn readable(&self, root: &str, path: &str) -> Result<(), Error> {
        self.accessible(root, path, Access::Read)
            .map_err(|refused| self.file_refused(refused, root, path, Access::Read))
    }

    fn writable(&self, root: &str, path: &str) -> Result<(), Error> {
        self.accessible(root, path, Access::Write)
            .map_err(|refused| self.file_refused(refused, root, path, Access::Write))
    }

    fn accessible(&self, root: &str, path: &str, access: Access) -> Result<(), Refused<'_>> {
        self.every_folder(
            root,
            |folder| folder.globs(access).matches(path),
            |rules, at| rules.file(at, path, access),
        )
    }

    fn file_refused(&self, refused: Refused<'_>, root: &str, path: &str, access: Access) -> Error {
        let key = key_of(access);
        let what = format!("{key} `{path}` in `{root}`");
        let glob = quoted(&globset::escape(path));
        let granted = match refused {
            Refused::Layer(layer) => layer.workspace.iter().flatten().find(|it| it.root == root),
            Refused::Rules(..) | Refused::Nobody => None,
        };
        // The entry of a folder can't be given twice: it is made longer.
        if let (Some(folder), Refused::Layer(layer)) = (granted, &refused)
            && let Some(stands) = &layer.stands
        {
            let own = folder.globs(access).patterns().iter().map(|it| quoted(it));
            let globs: Vec<String> = own.chain([glob.clone()]).collect();
            let line = format!("{key}: [{}]", globs.join(", "));
            let name = stands.roots.get(root).map_or(root, String::as_str);
            let message = format!(
                "the grants of {} don't let this task {what}; write `{line}` for `root: {name}` at {}",
                layer.source,
                stands.at("workspace")
            );
            return Error::denied(
                message,
                format!("workspace: [ {{ root: {root}, {key}: [{glob}] }} ]"),
            );
        }
        self.folder_refused(refused, root, &what, &format!("{key}: [{glob}]"))
    }

    fn folder(&self, root: &str) -> Result<(), Error> {
        self.every_folder(
            root,
            |folder| !folder.read.is_empty() || !folder.write.is_empty(),
            Rules::folder,
        )
        .map_err(|refused| {
            self.folder_refused(
                refused,
                root,
                &format!("use the folder `{root}`"),
                "read: [\"**\"]",
            )
        })
    }

    fn folder_refused(&self, refused: Refused<'_>, root: &str, what: &str, access: &str) -> Error {
        let line = |root: &str| Line {
            capability: "workspace",
            item: format!("{{ root: {root}, {access} }}"),
        };
        match refused {
            Refused::Layer(layer) => {
                let named = layer.stands.as_ref().and_then(|it| it.roots.get(root));
                denied(layer, what, &line(named.map_or(root, String::as_str)))
            }
            Refused::Rules(rules, refusal) => {
                let at = self.folders.get(root).map_or(root, String::as_str);
                self::refused(rules, refusal, what, &line(&quoted(at)))
            }
            Refused::Nobody => nobody(what, &line(root)),
        }
    }

    fn operation(&self, name: &str) -> Result<(), Error> {
        let what = || format!("call `{name}`");
        let line = || Line { capability: "tasks", item: quoted(name) };
        for layer in self.speaking() {
            if let Some(rules) = &layer.rules {
                rules.task(name).map_err(|it| refused(rules, it, &what(), &line()))?;
            }
            if layer.tasks.as_ref().is_some_and(|globs| !globs.matches(name)) {
                return Err(denied(layer, &what(), &line()));
            }
        }
        self.some_layer(|layer| layer.tasks.is_some(), || (what(), line()))
    }

    /// Whether in every layer that speaks of folders one named `root` passes `allows`, and all rules pass
    /// `ruled`; otherwise who refuses.
    fn every_folder<'a>(
        &'a self,
        root: &str,
        allows: impl Fn(&FolderGrant) -> bool,
        ruled: impl Fn(&'a Rules, &str) -> Result<(), Refusal<'a>>,
    ) -> Result<(), Refused<'a>> {
        let mut spoken = false;
        let at = self.folders.get(root);
        for layer in self.speaking() {
            if let (Some(rules), Some(at)) = (&layer.rules, at) {
                ruled(rules, at).map_err(|refusal| Refused::Rules(rules, refusal))?;
            }
            let Some(folders) = &layer.workspace else { continue };
            spoken = true;
            if !folders.iter().any(|folder| folder.root == root && allows(folder)) {
                return Err(Refused::Layer(layer));
            }
        }
        if spoken && at.is_some() { Ok(()) } else { Err(Refused::Nobody) }
    }

    fn some_layer(
        &self,
        speaks: impl Fn(&GrantLayer) -> bool,
        what: impl Fn() -> (String, Line),
    ) -> Result<(), Error> {
        if self.speaking().any(speaks) {
            return Ok(());
        }
        let (what, line) = what();
        Err(nobody(&what, &line))
    }

    fn speaking(&self) -> impl Iterator<Item = &GrantLayer> {
        self.layers.iter().map(|layer| &**layer)
    }
}

fn starts_with<'a>(
    mut words: impl Iterator<Item = &'a str>,
    mut prefix: impl Iterator<Item = &'a str>,
) -> bool {
    prefix.all(|word| words.next() == Some(word))
}

pub(crate) fn least<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// What a layer says of a request that it lets go out.
enum Said<'g> {
    /// Its grant.
    Granted(&'g HttpGrant),
    /// A rule of the host, and whether it counts which addresses that names.
    Ruled(&'g HttpGrant, bool),
}

/// Who refuses the use of a folder.
enum Refused<'a> {
    Layer(&'a GrantLayer),
    Rules(&'a Rules, Refusal<'a>),
    /// No layer speaks of folders, or there is no such folder.
    Nobody,
}

/// The line that would allow a use: an item of a list below a capability.
struct Line {
    capability: &'static str,
    item: String,
}

impl Line {
    /// With its capability, as it stands within `grants`.
    fn whole(&self) -> String {
        match self.item.starts_with('{') {
            _ if self.capability == "memory" => format!("memory: {{ {} }}", self.item),
            true => format!("{}: [ {} ]", self.capability, self.item),
            false => format!("{}: [{}]", self.capability, self.item),
        }
    }
}

impl Stands {
    /// The place of a capability, or of what should have it.
    fn at(&self, capability: &str) -> String {
        let line = self.lines.get(capability).or_else(|| self.lines.get("grants"));
        format!("{}:{}", self.file, line.unwrap_or(&self.line))
    }

    /// What to add where.
    fn adding(&self, line: &Line) -> String {
        let (at, capability) = (self.at(line.capability), line.capability);
        if self.lines.contains_key(capability) {
            format!("add `{}` to `{capability}` at {at}", line.item)
        } else if self.lines.contains_key("grants") {
            format!("add `{}` to `grants` at {at}", line.whole())
        } else {
            format!("add `grants: {{ {} }}` at {at}", line.whole())
        }
    }
}

impl MemoryGrant {
    /// The globs of an access.
    pub fn globs(&self, access: Access) -> &Globs {
        match access {
            Access::Read => &self.read,
            Access::Write => &self.write,
        }
    }
}

fn verb_of(access: Access) -> &'static str {
    match access {
        Access::Read => "recall from",
        Access::Write => "remember in",
    }
}

fn memory_line(access: Access, glob: &str) -> Line {
    Line { capability: "memory", item: format!("{}: [{glob}]", key_of(access)) }
}

/// A name as a message may hold it, whatever a skill calls a space.
fn shown(name: &str) -> String {
    let shown: String = name.chars().filter(|it| !it.is_control()).take(100).collect();
    if shown == name { shown } else { format!("{shown}…") }
}

/// A layer has no glob for a space. What it says of the memory is made longer, since it stands there once.
fn space_refused(
    layer: &GrantLayer,
    grant: &MemoryGrant,
    space: &str,
    access: Access,
    what: &str,
    line: &Line,
) -> Error {
    let Some(stands) = layer.stands.as_ref().filter(|it| it.lines.contains_key("memory")) else {
        return denied(layer, what, line);
    };
    let own = grant.globs(access).patterns().iter().map(|it| quoted(it));
    let globs: Vec<String> = own.chain([quoted(&globset::escape(&shown(space)))]).collect();
    let message = format!(
        "the grants of {} don't let this task {what}; write `{}: [{}]` for `memory` at {}",
        layer.source,
        key_of(access),
        globs.join(", "),
        stands.at("memory")
    );
    Error::denied(message, line.whole())
}

impl FolderGrant {
    fn globs(&self, access: Access) -> &Globs {
        match access {
            Access::Read => &self.read,
            Access::Write => &self.write,
        }
    }
}

fn key_of(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
    }
}

/// A text in quotes, as YAML and JSON read it alike.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn nobody(what: &str, line: &Line) -> Error {
    let line = line.whole();
    let message = format!("no grant lets this task {what}; the smallest that would: `{line}`");
    Error::denied(message, "no layer grants it")
}

fn denied(layer: &GrantLayer, what: &str, line: &Line) -> Error {
    let adding = match &layer.stands {
        Some(stands) => stands.adding(line),
        None => format!("add `{}`", line.whole()),
    };
    let message = format!("the grants of {} don't let this task {what}; {adding}", layer.source);
    Error::denied(message, line.whole())
}

fn refused(rules: &Rules, refusal: Refusal<'_>, what: &str, line: &Line) -> Error {
    let file = &rules.file;
    let at = |section: &str| rules.lines.get(section).copied();
    let otherwise = at("otherwise").unwrap_or(1);
    let capability = line.capability;
    let message = match refusal {
        Refusal::Denied(rule) if rule.line == 0 => format!(
            "this host lets no task {what}: its policy, its answers and its state are kept from all tasks"
        ),
        Refusal::Denied(rule) => format!(
            "the host's policy denies this task to {what}: {file}:{}; only its operator can take that line out or narrow it",
            rule.line
        ),
        Refusal::Unanswered(Some(rule)) => format!(
            "the host's policy asks before this task may {what} ({file}:{}), and nobody allowed it; \
             to allow it always, move that line to `allow`",
            rule.line
        ),
        Refusal::Unanswered(None) | Refusal::Silent => {
            let why = match rules.otherwise {
                Verdict::Ask => format!("asks before this task may {what}, and nobody allowed it"),
                Verdict::Allow | Verdict::Deny => format!("doesn't let this task {what}"),
            };
            let adding = if let Some(at) = at(&format!("allow.{capability}")) {
                format!("add `{}` to `{capability}` of `allow` at {file}:{at}", line.item)
            } else if let Some(at) = at("allow") {
                format!("add `{}` to `allow` at {file}:{at}", line.whole())
            } else {
                format!("add `allow: {{ {} }}` at {file}:{otherwise}", line.whole())
            };
            format!("the host's policy {why}; {adding}")
        }
    };
    Error::denied(message, line.whole())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::MemoryDraft;

    fn layer(read: &[&str], write: &[&str]) -> GrantLayer {
        let folder = FolderGrant {
            root: "repo".into(),
            read: Globs::new(read.iter().copied()).unwrap(),
            write: Globs::new(write.iter().copied()).unwrap(),
            write_bytes_max: None,
        };
        GrantLayer { source: "test".into(), workspace: Some(vec![folder]), ..GrantLayer::default() }
    }

    fn grants(layers: impl IntoIterator<Item = GrantLayer>) -> Grants {
        let folders = Arc::new(BTreeMap::from([("repo".to_owned(), "/repo".to_owned())]));
        Grants { folders, layers: layers.into_iter().map(Arc::new).collect() }
    }

    #[test]
    fn without_a_layer_nothing_is_allowed() {
        let none = grants([]);
        assert!(!none.may_read("repo", "a"));
        assert!(none.program("ls", &[]).is_err());
        assert!(none.check(&Need::Operation { name: "a:b/c.d" }).is_err());
    }

    #[test]
    fn a_star_stays_within_a_folder() {
        let grants = grants([layer(&["src/*.rs"], &[])]);
        assert!(grants.may_read("repo", "src/lib.rs"));
        assert!(!grants.may_read("repo", "src/deep/lib.rs"));
        assert!(!grants.may_write("repo", "src/lib.rs"));
        assert!(!grants.may_read("other", "src/lib.rs"));
    }

    #[test]
    fn a_denial_names_the_layer_and_the_smallest_grant() {
        let grants = grants([layer(&["**"], &["src/**"])]);
        let error = grants.check(&Need::Write { root: "repo", path: "Cargo.toml" }).unwrap_err();
        assert_eq!(
            error.message,
            "the grants of test don't let this task write `Cargo.toml` in `repo`; \
             add `workspace: [ { root: repo, write: [\"Cargo.toml\"] } ]`"
        );
    }

    fn spaces(source: &str, read: &[&str], write: &[&str]) -> GrantLayer {
        let globs = |it: &[&str]| Globs::new(it.iter().copied()).unwrap();
        let memory = Some(MemoryGrant { read: globs(read), write: globs(write), trust: None });
        GrantLayer { source: source.to_owned(), memory, ..GrantLayer::default() }
    }

    #[test]
    fn what_a_run_remembers_is_trusted_no_more_than_what_may_reach_it() {
        let memory = |read: &[&str], trust| {
            let globs = |it: &[&str]| Globs::new(it.iter().copied()).unwrap();
            Some(MemoryGrant { read: globs(read), write: globs(&["**"]), trust })
        };
        let manifest = |memory| GrantLayer {
            workspace: Some(Vec::new()),
            process: Some(Vec::new()),
            http: Some(Vec::new()),
            memory,
            ..GrantLayer::default()
        };
        let rules = || GrantLayer { source: "this host".to_owned(), ..GrantLayer::default() };
        let left = |layers: Vec<GrantLayer>| {
            let grants = layers.into_iter().fold(Grants::default(), |all, it| all.narrowed(it));
            (grants.trust_left(), grants.trust_wanted())
        };
        let (outside, skill, owner) = (Trust::Outside, Trust::Skill, Trust::Owner);
        assert_eq!(left(vec![rules(), manifest(memory(&[], None))]), (skill, outside));
        assert_eq!(left(vec![rules(), manifest(memory(&["**"], None))]), (outside, outside));
        let wants = |it| manifest(memory(&["**"], Some(it)));
        assert_eq!(left(vec![wants(skill)]), (skill, skill));
        assert_eq!(left(vec![wants(owner)]), (skill, owner), "no skill is the owner");
        let read = layer(&["**"], &[]).workspace;
        let files = GrantLayer { workspace: read, ..wants(owner) };
        assert_eq!(left(vec![files.clone()]).0, outside);
        // A step that reads no file itself may be told what another one read.
        let step = GrantLayer { workspace: Some(Vec::new()), ..GrantLayer::default() };
        assert_eq!(left(vec![files, step]).0, outside);
        let step = GrantLayer { memory: memory(&["**"], Some(owner)), ..GrantLayer::default() };
        assert_eq!(left(vec![manifest(memory(&["**"], None)), step]), (outside, owner));
        assert_eq!(left(vec![GrantLayer { workspace: None, ..manifest(None) }]).0, skill);
    }

    #[test]
    fn a_space_needs_every_layer_and_an_access_of_its_own() {
        let grants = grants([
            spaces("manifest", &["**"], &["notes/*"]),
            spaces("step", &["notes/**"], &["**"]),
        ]);
        let named = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let recalls = |all: &[&str]| grants.check(&Need::Recall { spaces: &named(all) }).is_ok();
        assert!(recalls(&[]) && recalls(&["notes/a", "notes/a/b"]) && !recalls(&["notes/a", "x"]));
        let draft = |space: &str| MemoryDraft {
            space: space.to_owned(),
            text: String::new(),
            author: None,
            thread: None,
            at: None,
            kind: None,
            tags: Vec::new(),
            fields: Vec::new(),
            importance: None,
            confidence: None,
            pinned: false,
        };
        let remembers = |all: &[&str]| {
            let drafts: Vec<MemoryDraft> = all.iter().map(|it| draft(it)).collect();
            grants.check(&Need::Remember { drafts: &drafts }).is_ok()
        };
        assert!(remembers(&["notes/a"]) && !remembers(&["notes/a", "notes/a/b"]));
        assert!(!remembers(&["*"]) && !remembers(&["notes/a", "notes/../x"]));
        let some = |grants: &Grants, write| grants.check(&Need::SomeSpace { write }).is_ok();
        assert!(some(&grants, true) && some(&grants, false));
        let silent = self::grants([layer(&["**"], &["**"])]);
        assert!(!some(&silent, true) && !silent.may_recall("notes"));
        let less = grants.narrowed(spaces("child", &["notes/a"], &[]));
        assert!(some(&less, false) && !some(&less, true) && !less.may_recall("notes/b"));
    }

    #[test]
    fn a_denial_of_a_space_says_what_to_write_where() {
        let stands = |lines: &[&str]| Stands {
            file: "keep.yaml".to_owned(),
            line: 2,
            lines: lines.iter().map(|it| ((*it).to_owned(), 4)).collect(),
            roots: BTreeMap::new(),
        };
        let told = |lines: &[&str], space: &str| {
            let layer = GrantLayer { stands: Some(stands(lines)), ..spaces("m", &["a"], &[]) };
            grants([layer]).space(space, Access::Read).unwrap_err().message
        };
        assert_eq!(
            told(&["grants", "memory"], "b[1]"),
            "the grants of m don't let this task recall from the memory `b[1]`; write `read: [\"a\", \"b[[]1[]]\"]` \
             for `memory` at keep.yaml:4"
        );
        assert_eq!(
            told(&["grants"], "b"),
            "the grants of m don't let this task recall from the memory `b`; add `memory: { read: [\"b\"] }` to \
             `grants` at keep.yaml:4"
        );
        assert!(told(&[], &"x".repeat(1 << 20)).len() < 1_000);
        assert!(!told(&[], "a\u{1b}[2J").contains('\u{1b}'));
    }

    #[test]
    fn what_globs_say_of_globs_is_never_less_than_it_is() {
        let extent = |own: &[&str], narrow: &[&str]| {
            let globs = |it: &[&str]| Globs::new(it.iter().copied()).unwrap();
            globs(own).meets(&globs(narrow))
        };
        assert_eq!(extent(&["**"], &["a", "b/*"]), Extent::All);
        assert_eq!(extent(&["notes/*"], &["notes/a", "notes/*"]), Extent::All);
        assert_eq!(extent(&["notes/*"], &["notes/a", "b"]), Extent::Some);
        assert_eq!(extent(&["notes/a"], &["notes/*"]), Extent::Some);
        assert_eq!(extent(&["notes/a*"], &["*/ab"]), Extent::Some);
        assert_eq!(extent(&["notes/*"], &["lessons/*", "other"]), Extent::Nothing);
        assert_eq!(extent(&["notes"], &["notes2"]), Extent::Nothing);
        assert_eq!(extent(&[], &["a"]), Extent::Nothing);
    }

    /// Why a use is denied under a layer that stands in a file, with the capabilities at these lines.
    fn why(lines: &[(&str, u32)], need: &Need<'_>) -> String {
        let stands = Stands {
            file: "audit.yaml".to_owned(),
            line: 20,
            lines: lines.iter().map(|(key, line)| ((*key).to_owned(), *line)).collect(),
            roots: BTreeMap::from([("repo".to_owned(), "inputs.here".to_owned())]),
        };
        let spoken = |key: &str| lines.iter().any(|it| it.0 == key);
        let layer = GrantLayer {
            source: "step `a`".to_owned(),
            process: Some(Vec::new()),
            tasks: Some(Globs::none()),
            stands: Some(stands),
            workspace: match spoken("workspace") {
                true => layer(&["src/**"], &[]).workspace,
                false => Some(Vec::new()),
            },
            ..GrantLayer::default()
        };
        let message = grants([layer]).check(need).unwrap_err().message;
        let (start, line) = message.split_once("; ").unwrap();
        assert!(start.starts_with("the grants of step `a` don't let this task "), "{message}");
        line.to_owned()
    }

    #[test]
    fn a_denial_of_each_capability_names_the_line_and_where_to_add_it() {
        let arguments = ["test".to_owned(), "-q".to_owned()];
        let program = Need::Program { program: "cargo", arguments: &arguments };
        let (read, write) =
            (Need::Read { root: "repo", path: "a[1]" }, Need::Write { root: "repo", path: "b" });
        let rename = Need::Rename { root: "repo", from: "b", to: "c" };
        let operation = Need::Operation { name: "a:b/c.d" };
        let all = [("grants", 21), ("workspace", 22), ("process", 23), ("tasks", 24)];
        let told = |need: &Need<'_>| [why(&all, need), why(&all[..1], need), why(&[], need)];
        assert_eq!(
            told(&program),
            [
                "add `{ run: \"cargo test\" }` to `process` at audit.yaml:23",
                "add `process: [ { run: \"cargo test\" } ]` to `grants` at audit.yaml:21",
                "add `grants: { process: [ { run: \"cargo test\" } ] }` at audit.yaml:20",
            ]
        );
        assert_eq!(
            told(&operation),
            [
                "add `\"a:b/c.d\"` to `tasks` at audit.yaml:24",
                "add `tasks: [\"a:b/c.d\"]` to `grants` at audit.yaml:21",
                "add `grants: { tasks: [\"a:b/c.d\"] }` at audit.yaml:20",
            ]
        );
        // A folder that is granted is not granted twice: what it says is made longer.
        assert_eq!(
            told(&read),
            [
                "write `read: [\"src/**\", \"a[[]1[]]\"]` for `root: inputs.here` at audit.yaml:22",
                "add `workspace: [ { root: inputs.here, read: [\"a[[]1[]]\"] } ]` to `grants` at audit.yaml:21",
                "add `grants: { workspace: [ { root: inputs.here, read: [\"a[[]1[]]\"] } ] }` at audit.yaml:20",
            ]
        );
        assert_eq!(
            why(&all, &write),
            "write `write: [\"b\"]` for `root: inputs.here` at audit.yaml:22"
        );
        assert_eq!(why(&all, &rename), why(&all, &write));
        let folder = Need::Folder { root: "repo" };
        let line = "add `workspace: [ { root: inputs.here, read: [\"**\"] } ]` to `grants` at audit.yaml:21";
        assert_eq!(why(&all[..1], &folder), line);
        // What is added allows it.
        let longer = grants([layer(&["src/**", "a[[]1[]]"], &["b"])]);
        assert!(longer.check(&read).is_ok() && longer.check(&write).is_ok());
    }

    #[test]
    fn a_program_needs_every_layer_and_gets_the_least_of_each() {
        let program = |run: &str, network, time: u64| GrantLayer {
            source: run.to_owned(),
            process: Some(vec![ProgramGrant {
                run: run.split(' ').map(str::to_owned).collect(),
                network,
                time_max: Some(Duration::from_secs(time)),
                output_bytes_max: None,
                memory_bytes_max: Some(time << 20),
                processes_max: None,
                cpus_max: None,
                demand: vec![],
                secrets: BTreeMap::new(),
            }]),
            ..GrantLayer::default()
        };
        let grants = grants([program("cargo", true, 60), program("cargo test", false, 90)]);
        let rule = grants.program("cargo", &["test".into(), "-q".into()]).unwrap();
        assert!(!rule.network);
        assert_eq!(rule.time_max, Some(Duration::from_secs(60)));
        assert_eq!((rule.memory_bytes_max, rule.processes_max), (Some(60 << 20), None));
        assert!(grants.program("cargo", &["install".into()]).is_err());
        assert!(grants.program("cargo-test", &[]).is_err());
    }

    #[test]
    fn a_secret_goes_to_a_program_where_every_layer_says_so() {
        let layer = |secrets: &[(&str, &str)]| GrantLayer {
            process: Some(vec![ProgramGrant {
                run: vec!["git".to_owned()],
                network: false,
                time_max: None,
                output_bytes_max: None,
                memory_bytes_max: None,
                processes_max: None,
                cpus_max: None,
                demand: vec![],
                secrets: secrets.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect(),
            }]),
            ..GrantLayer::default()
        };
        let both = layer(&[("TOKEN", "token"), ("KEY", "key")]);
        let secrets = |layers| grants(layers).program("git", &[]).unwrap().secrets;
        assert_eq!(secrets(vec![both.clone(), GrantLayer::default()]).len(), 2);
        // Another secret under the same name is none of those that were granted.
        let other = layer(&[("TOKEN", "key"), ("KEY", "key")]);
        let left = secrets(vec![both.clone(), other]);
        assert_eq!(left, BTreeMap::from([("KEY".to_owned(), "key".to_owned())]));
        assert!(secrets(vec![both, layer(&[])]).is_empty());
    }

    proptest! {
        #[test]
        fn narrowing_never_widens(
            globs in prop::collection::vec((glob(), glob()), 1..5),
            paths in prop::collection::vec("[ab]{1,2}(/[ab]{1,2}){0,2}", 1..8),
        ) {
            let mut narrow = grants([]);
            let mut before: Option<Grants> = None;
            for (read, write) in globs {
                narrow = narrow.narrowed(layer(&[&read], &[&write]));
                for path in &paths {
                    if let Some(wide) = &before {
                        prop_assert!(!narrow.may_read("repo", path) || wide.may_read("repo", path));
                        prop_assert!(!narrow.may_write("repo", path) || wide.may_write("repo", path));
                    }
                }
                before = Some(narrow.clone());
            }
        }
    }

    proptest! {
        #[test]
        fn an_extent_is_never_wrong(
            layers in prop::collection::vec(prop::collection::vec(glob(), 0..3), 1..3),
            folder in prop_oneof!["", "[ab]{1,2}(/[ab]{1,2}){0,2}"],
            names in prop::collection::vec("[ab]{1,2}(/[ab]{1,2}){0,1}", 1..8),
        ) {
            let layers = layers.iter().map(|read| {
                layer(&read.iter().map(String::as_str).collect::<Vec<_>>(), &[])
            });
            let grants = grants(layers);
            let extent = grants.reads_below("repo", &folder);
            for name in names {
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                match extent {
                    Extent::All => prop_assert!(grants.may_read("repo", &path)),
                    Extent::Nothing => prop_assert!(!grants.may_read("repo", &path)),
                    Extent::Some => {}
                }
            }
        }
    }

    #[test]
    fn an_extent_is_known_where_the_pattern_begins_with_names() {
        let extents = |patterns: &[&str], folder: &str| {
            Globs::new(patterns.iter().copied()).unwrap().below(folder)
        };
        assert_eq!(extents(&["**"], ""), Extent::All);
        assert_eq!(extents(&["**"], "a/b"), Extent::All);
        assert_eq!(extents(&["src/**", "Cargo.toml"], ""), Extent::Some);
        assert_eq!(extents(&["src/**", "Cargo.toml"], "src/deep"), Extent::All);
        assert_eq!(extents(&["src/**", "Cargo.toml"], "target"), Extent::Nothing);
        assert_eq!(extents(&["src"], "src"), Extent::Nothing);
        assert_eq!(extents(&["src/*.rs"], "src"), Extent::Some);
        assert_eq!(extents(&["**/*.rs"], "src"), Extent::Some);
        assert_eq!(extents(&[], ""), Extent::Nothing);
        assert_eq!(grants([]).reads_below("repo", ""), Extent::Nothing);
        assert_eq!(grants([layer(&["**"], &[])]).reads_below("other", ""), Extent::Nothing);
    }

    fn glob() -> impl Strategy<Value = String> {
        prop_oneof![
            "\\*\\*",
            "[ab*]{1,2}",
            "[ab]/\\*\\*",
            "\\*\\*/[ab]",
            "[ab]{1,2}/[ab*]{1,2}",
            "\\{a,b/a\\}/\\*\\*",
        ]
    }
}
