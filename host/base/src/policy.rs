//! What the operator of a host says above every manifest: rules that allow, ask or deny.
//!
//! A denial counts before a question, a question before a permission, wherever they stand; what no rule
//! speaks of is as [`Rules::otherwise`] says. A question that nobody has answered is a denial. Rules grant
//! nothing by themselves: they are one more layer that must allow a use.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    grant::{Extent, Globs, GrantLayer, ProgramGrant},
    http::{HttpGrant, Url},
    memory::MemoryGrant,
};

/// What is said of a use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It may be, as far as the manifest grants it.
    #[default]
    Allow,
    /// It may be where a person says so.
    Ask,
    /// It may not be, whoever grants it.
    Deny,
}

impl Verdict {
    /// Their names, from the widest to the narrowest.
    pub const NAMES: [&'static str; 3] = ["allow", "ask", "deny"];

    /// Its name in a policy.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// Files below a folder of the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FolderRule {
    /// Its absolute path; none means whatever folder a run is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What of it is read, from the folder on.
    pub read: Globs,
    /// What of it is written, removed, renamed.
    pub write: Globs,
    /// Most bytes that one task may write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_bytes_max: Option<u64>,
}

/// What a rule speaks of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Files.
    Folder(FolderRule),
    /// A program.
    Program(ProgramGrant),
    /// Servers.
    Server(HttpGrant),
    /// Spaces of the memory.
    Memory(MemoryGrant),
    /// Operations called as child tasks.
    Tasks(Globs),
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Where it stands in its file; 0 for what the host itself keeps from tasks ([`Rules::keeping`]).
    pub line: u32,
    /// What it says.
    pub verdict: Verdict,
    /// For the skills of which packages; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Globs>,
    /// Of what.
    pub what: What,
}

/// Something that a person allowed where the policy asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Allowed {
    /// For the skills of this package.
    pub package: String,
    /// What.
    pub what: What,
    /// Who.
    pub by: String,
    /// When, as RFC 3339.
    pub at: String,
    /// For how long: `run`, or `always` (it is remembered for the manifest).
    pub scope: String,
}

/// The rules of a host.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Rules {
    /// The file that they stand in.
    pub file: String,
    /// What holds of whatever no rule speaks of.
    pub otherwise: Verdict,
    /// Line of each section, for messages: `otherwise`, `allow`, `allow.process`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<String, u32>,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// What people allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<Allowed>,
}

/// Why rules refuse a use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal<'a> {
    /// This rule denies it.
    Denied(&'a Rule),
    /// This rule asks, or [`Rules::otherwise`] does, and nobody has allowed it.
    Unanswered(Option<&'a Rule>),
    /// No rule allows it.
    Silent,
}

/// What rules say of a grant as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The narrowest that is said of it, or of a part of it: some use of it is denied, asked for, or all allowed.
    pub verdict: Verdict,
    /// The line that says so; none where no rule does.
    pub line: Option<u32>,
    /// Whether other uses of it are less narrow.
    pub partly: bool,
}

/// Reading a file, or writing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading.
    Read,
    /// Writing, removing, renaming.
    Write,
}

/// What the host allows now; it may change while runs go on.
pub trait HostPolicy: Send + Sync {
    /// The policy of this moment. The same pointer as long as nothing has changed.
    fn today(&self) -> Arc<GrantLayer>;
}

/// A policy that never changes.
#[derive(Clone, Debug, Default)]
pub struct Unchanging(Arc<GrantLayer>);

impl Unchanging {
    /// Always `layer`.
    pub fn new(layer: GrantLayer) -> Self {
        Self(Arc::new(layer))
    }
}

impl HostPolicy for Unchanging {
    fn today(&self) -> Arc<GrantLayer> {
        Arc::clone(&self.0)
    }
}

impl FolderRule {
    /// The globs of an access.
    pub fn globs(&self, access: Access) -> &Globs {
        match access {
            Access::Read => &self.read,
            Access::Write => &self.write,
        }
    }

    /// Whether it speaks of `path` below the folder `root` of the machine.
    pub fn covers(&self, root: &str, path: &str, access: Access) -> bool {
        let globs = self.globs(access);
        if globs.is_empty() {
            return false;
        }
        match &self.path {
            None => globs.matches(path),
            Some(own) => below(own, root).map_or_else(
                // The granted folder holds this one.
                || {
                    let rest = below(root, own).and_then(|own| within(own, path));
                    rest.is_some_and(|rest| globs.matches(rest))
                },
                |inner| match inner {
                    "" => globs.matches(path),
                    inner if path.is_empty() => globs.matches(inner),
                    inner => globs.matches(&format!("{inner}/{path}")),
                },
            ),
        }
    }

    /// How much of what lies below `folder`, a path below `root`, it speaks of.
    fn extent(&self, root: &str, folder: &str, access: Access) -> Extent {
        let globs = self.globs(access);
        if globs.is_empty() {
            return Extent::Nothing;
        }
        let Some(own) = &self.path else { return globs.below(folder) };
        let whole = match folder {
            "" => root.to_owned(),
            folder => format!("{}/{folder}", root.trim_end_matches('/')),
        };
        match (below(own, &whole), below(&whole, own)) {
            (Some(inner), _) => globs.below(inner),
            (None, Some(_)) => Extent::Some,
            (None, None) => Extent::Nothing,
        }
    }
}

/// The path from the folder `own` to `path`, where that lies within it; empty where it is the same.
fn below<'a>(own: &str, path: &'a str) -> Option<&'a str> {
    if own == "/" {
        return Some(path.trim_start_matches('/'));
    }
    within(own, path)
}

fn within<'a>(own: &str, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix(own)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

impl What {
    fn covers(&self, root: &str, path: &str, access: Access) -> bool {
        matches!(self, Self::Folder(folder) if folder.covers(root, path, access))
    }

    /// The program that it speaks of, where a call of these words is one of it.
    fn program<'a>(&'a self, words: &[&str]) -> Option<&'a ProgramGrant> {
        let Self::Program(program) = self else { return None };
        let begins = !program.run.is_empty()
            && program.run.len() <= words.len()
            && program.run.iter().zip(words).all(|(own, word)| own == word);
        begins.then_some(program)
    }

    /// The servers that it speaks of, where a request is one to them.
    fn server(&self, method: &str, url: &Url) -> Option<&HttpGrant> {
        let Self::Server(server) = self else { return None };
        let speaks = server.host.matches(url) && server.methods.iter().any(|it| it == method);
        speaks.then_some(server)
    }

    /// How much of a grant it speaks of.
    fn meets(&self, grant: &Self, operations: &[String]) -> Extent {
        match (self, grant) {
            (Self::Folder(own), Self::Folder(grant)) => {
                let Some(root) = &grant.path else { return Extent::Some };
                let granted = [Access::Read, Access::Write]
                    .into_iter()
                    .filter(|access| !grant.globs(*access).is_empty());
                let here = own.path.as_ref().is_none_or(|path| path == root);
                let extents: Vec<Extent> = granted
                    .map(|access| match own.globs(access).patterns() {
                        // The same words mean the same.
                        all if here
                            && grant.globs(access).patterns().iter().all(|it| all.contains(it)) =>
                        {
                            Extent::All
                        }
                        _ => own.extent(root, "", access),
                    })
                    .collect();
                match (extents.iter().min(), extents.iter().max()) {
                    (Some(Extent::All), _) => Extent::All,
                    (_, Some(Extent::Some | Extent::All)) => Extent::Some,
                    _ => Extent::Nothing,
                }
            }
            (Self::Program(own), Self::Program(grant)) => {
                if own.run.is_empty() || grant.run.is_empty() {
                    Extent::Nothing
                } else if grant.run.starts_with(&own.run) {
                    Extent::All
                } else if own.run.starts_with(&grant.run) {
                    Extent::Some
                } else {
                    Extent::Nothing
                }
            }
            (Self::Server(own), Self::Server(grant)) => {
                let named = |method: &String| own.methods.contains(method);
                if !grant.methods.iter().any(named) {
                    Extent::Nothing
                } else if own.host.covers(&grant.host) {
                    if grant.methods.iter().all(named) { Extent::All } else { Extent::Some }
                } else if grant.host.covers(&own.host) {
                    Extent::Some
                } else {
                    Extent::Nothing
                }
            }
            (Self::Memory(own), Self::Memory(grant)) => {
                let both = [Access::Read, Access::Write].into_iter();
                let granted = both.filter(|access| !grant.globs(*access).is_empty());
                let extents: Vec<Extent> =
                    granted.map(|access| own.globs(access).meets(grant.globs(access))).collect();
                match (extents.iter().min(), extents.iter().max()) {
                    (Some(Extent::All), _) => Extent::All,
                    (_, Some(Extent::Some | Extent::All)) => Extent::Some,
                    _ => Extent::Nothing,
                }
            }
            (Self::Tasks(own), Self::Tasks(grant)) => {
                let granted = || operations.iter().filter(|name| grant.matches(name));
                match granted().filter(|name| own.matches(name)).count() {
                    0 => Extent::Nothing,
                    met if met == granted().count() => Extent::All,
                    _ => Extent::Some,
                }
            }
            _ => Extent::Nothing,
        }
    }

    fn space(&self, name: &str, access: Access) -> bool {
        matches!(self, Self::Memory(spaces) if spaces.globs(access).matches(name))
    }

    fn task(&self, name: &str) -> bool {
        matches!(self, Self::Tasks(globs) if globs.matches(name))
    }
}

impl Rules {
    /// Whether they leave everything to manifests.
    pub fn are_open(&self) -> bool {
        self.rules.is_empty() && self.otherwise == Verdict::Allow
    }

    /// Whether some hold for certain packages only, so that skills differ in what they may.
    pub fn differ(&self) -> bool {
        !self.allowed.is_empty() || self.rules.iter().any(|rule| rule.packages.is_some())
    }

    /// The rules of the file alone: without what people allowed, and what the host keeps to itself.
    #[must_use]
    pub fn unanswered(&self) -> Self {
        let rules = self.rules.iter().filter(|rule| rule.line != 0).cloned().collect();
        Self { rules, allowed: Vec::new(), ..self.clone() }
    }

    /// The same, and no task writes to `paths` of the machine or below them, as far as `folders` reach any: what
    /// decides on tasks is not theirs to change.
    #[must_use]
    pub fn keeping<'a>(
        mut self,
        paths: impl IntoIterator<Item = &'a str>,
        folders: &BTreeMap<String, String>,
    ) -> Self {
        let reaches = |path: &str| {
            folders.values().any(|root| below(root, path).is_some() || below(path, root).is_some())
        };
        for path in paths.into_iter().filter(|path| reaches(path)) {
            let (path, read, write) = (Some(path.to_owned()), Globs::none(), Globs::everything());
            let what = What::Folder(FolderRule { path, read, write, write_bytes_max: None });
            self.rules.push(Rule { line: 0, verdict: Verdict::Deny, packages: None, what });
        }
        self
    }

    /// Those that hold for the skills of `package`.
    #[must_use]
    pub fn of(&self, package: &str) -> Self {
        let holds = |rule: &&Rule| rule.packages.as_ref().is_none_or(|it| it.matches(package));
        Self {
            rules: self.rules.iter().filter(holds).cloned().collect(),
            allowed: self.allowed.iter().filter(|it| it.package == package).cloned().collect(),
            ..self.clone()
        }
    }

    fn decide<'a>(&'a self, speaks: impl Fn(&What) -> bool) -> Result<(), Refusal<'a>> {
        let first = |verdict: Verdict| {
            self.rules.iter().find(|rule| rule.verdict == verdict && speaks(&rule.what))
        };
        let is_allowed = || self.allowed.iter().any(|allowed| speaks(&allowed.what));
        if let Some(rule) = first(Verdict::Deny) {
            return Err(Refusal::Denied(rule));
        }
        let asks = first(Verdict::Ask);
        if asks.is_some() {
            return if is_allowed() { Ok(()) } else { Err(Refusal::Unanswered(asks)) };
        }
        match self.otherwise {
            _ if first(Verdict::Allow).is_some() => Ok(()),
            Verdict::Allow => Ok(()),
            Verdict::Ask if is_allowed() => Ok(()),
            Verdict::Ask => Err(Refusal::Unanswered(None)),
            Verdict::Deny => Err(Refusal::Silent),
        }
    }

    /// Whether `path` below the folder `root` of the machine may be accessed.
    ///
    /// # Errors
    /// Why not.
    pub fn file(&self, root: &str, path: &str, access: Access) -> Result<(), Refusal<'_>> {
        self.decide(|what| what.covers(root, path, access))
    }

    /// Whether the folder `root` may be used at all: each of its paths is asked for by itself.
    ///
    /// # Errors
    /// Why not.
    pub fn folder(&self, root: &str) -> Result<(), Refusal<'_>> {
        let both = [Access::Read, Access::Write];
        if both.into_iter().any(|it| self.extent(root, "", it) != Extent::Nothing) {
            return Ok(());
        }
        let touches = |what: &What| match what {
            What::Folder(folder) => {
                both.into_iter().any(|it| folder.extent(root, "", it) != Extent::Nothing)
            }
            What::Program(_) | What::Server(_) | What::Memory(_) | What::Tasks(_) => false,
        };
        self.decide(touches).and(Err(Refusal::Silent))
    }

    /// How much of what lies below `folder`, a path below `root`, may be accessed.
    pub fn extent(&self, root: &str, folder: &str, access: Access) -> Extent {
        let extent = |what: &What| match what {
            What::Folder(rule) => rule.extent(root, folder, access),
            What::Program(_) | What::Server(_) | What::Memory(_) | What::Tasks(_) => {
                Extent::Nothing
            }
        };
        let most = |verdict: Verdict| {
            let rules = self.rules.iter().filter(|rule| rule.verdict == verdict);
            rules.map(|rule| extent(&rule.what)).max().unwrap_or(Extent::Nothing)
        };
        let denied = most(Verdict::Deny);
        let asked = match self.otherwise {
            // What no rule allows is asked for.
            Verdict::Ask => most(Verdict::Ask).max(Extent::Some),
            Verdict::Allow | Verdict::Deny => most(Verdict::Ask),
        };
        let allowed = self.allowed.iter().map(|it| extent(&it.what)).max();
        let allowed = allowed.unwrap_or(Extent::Nothing);
        let open = match self.otherwise {
            Verdict::Allow => Extent::All,
            Verdict::Ask | Verdict::Deny => most(Verdict::Allow),
        };
        if denied == Extent::All || (asked == Extent::All && allowed == Extent::Nothing) {
            return Extent::Nothing;
        }
        let reach = if asked == Extent::Nothing { open } else { open.max(allowed) };
        let is_certain = denied == Extent::Nothing && most(Verdict::Ask) == Extent::Nothing;
        if is_certain { reach } else { reach.min(Extent::Some) }
    }

    /// Most bytes that a task may write below the folder `root`, where a rule bounds it.
    pub fn write_bytes_max(&self, root: &str) -> Option<u64> {
        let rules = self.rules.iter().filter(|rule| rule.verdict != Verdict::Deny);
        let bound = |what: &What| match what {
            What::Folder(folder) if folder.extent(root, "", Access::Write) != Extent::Nothing => {
                folder.write_bytes_max
            }
            _ => None,
        };
        rules.filter_map(|rule| bound(&rule.what)).min()
    }

    /// Shows `each` what the rules say of a program that they allow.
    ///
    /// # Errors
    /// Why it may not be started.
    pub fn program(
        &self,
        words: &[&str],
        mut each: impl FnMut(&ProgramGrant),
    ) -> Result<(), Refusal<'_>> {
        self.decide(|what| what.program(words).is_some())?;
        let asks = |rule: &&Rule| rule.verdict == Verdict::Ask;
        let asked = self.rules.iter().filter(asks).filter_map(|it| it.what.program(words));
        asked.for_each(&mut each);
        let allows = |rule: &&Rule| rule.verdict == Verdict::Allow;
        let allowed = || self.rules.iter().filter(allows).filter_map(|it| it.what.program(words));
        // Of several that fit, the longest counts, as in a manifest; of those as long, all.
        let longest = allowed().map(|program| program.run.len()).max();
        allowed().filter(|it| Some(it.run.len()) == longest).for_each(&mut each);
        Ok(())
    }

    /// Shows `each` what the rules say of a request that they allow, and whether it counts which addresses they
    /// name: where a person was asked, the manifest's were seen.
    ///
    /// # Errors
    /// Why it may not be sent.
    pub fn request(
        &self,
        method: &str,
        url: &Url,
        mut each: impl FnMut(&HttpGrant, bool),
    ) -> Result<(), Refusal<'_>> {
        self.decide(|what| what.server(method, url).is_some())?;
        let said = |verdict: Verdict| {
            let rules = self.rules.iter().filter(move |rule| rule.verdict == verdict);
            rules.filter_map(|rule| rule.what.server(method, url))
        };
        said(Verdict::Ask).for_each(|server| each(server, false));
        let most = said(Verdict::Allow).map(|server| server.host.weight()).max();
        let allowed = said(Verdict::Allow).filter(|server| Some(server.host.weight()) == most);
        allowed.for_each(|server| each(server, said(Verdict::Ask).next().is_none()));
        Ok(())
    }

    /// What is said of a grant as a whole, before anybody uses it. `operations` are those that there are. It
    /// may say more than a use will meet, never less.
    pub fn question(&self, grant: &What, operations: &[String]) -> Question {
        let first = |verdict: Verdict| {
            let rules = self.rules.iter().filter(|rule| rule.verdict == verdict);
            rules
                .map(|rule| (rule.line, rule.what.meets(grant, operations)))
                .filter(|(_, extent)| *extent != Extent::Nothing)
                .max_by_key(|(line, extent)| (*extent, std::cmp::Reverse(*line)))
        };
        let (deny, ask, allow) = (first(Verdict::Deny), first(Verdict::Ask), first(Verdict::Allow));
        let said = |verdict: Verdict, (line, extent): (u32, Extent)| Question {
            verdict,
            line: Some(line),
            partly: extent != Extent::All,
        };
        if let Some((line, Extent::All)) = deny {
            return said(Verdict::Deny, (line, Extent::All));
        }
        if let Some(ask) = ask {
            return said(Verdict::Ask, ask);
        }
        let rest = match (allow, self.otherwise) {
            (Some((line, Extent::All)), _) => said(Verdict::Allow, (line, Extent::All)),
            (Some((line, _)), Verdict::Allow) => said(Verdict::Allow, (line, Extent::All)),
            // What the rule leaves out is as for all else.
            (Some(_), verdict) => Question { verdict, line: None, partly: true },
            (None, verdict) => Question { verdict, line: None, partly: false },
        };
        match deny {
            Some(deny) if rest.verdict == Verdict::Allow => said(Verdict::Deny, deny),
            _ => rest,
        }
    }

    /// Whether a space of the memory may be used.
    ///
    /// # Errors
    /// Why not.
    pub fn space(&self, name: &str, access: Access) -> Result<(), Refusal<'_>> {
        self.decide(|what| what.space(name, access))
    }

    /// Whether an operation may be called as a child task, by its unversioned name.
    ///
    /// # Errors
    /// Why not.
    pub fn task(&self, name: &str) -> Result<(), Refusal<'_>> {
        self.decide(|what| what.task(name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        call::Need,
        grant::{FolderGrant, Grants},
    };

    fn globs(patterns: &[&str]) -> Globs {
        Globs::new(patterns.iter().copied()).unwrap()
    }

    fn files(path: Option<&str>, read: &[&str]) -> What {
        let path = path.map(str::to_owned);
        What::Folder(FolderRule {
            path,
            read: globs(read),
            write: globs(&[]),
            write_bytes_max: None,
        })
    }

    fn starts(words: &str, network: bool) -> What {
        What::Program(ProgramGrant {
            run: words.split(' ').map(str::to_owned).collect(),
            network,
            time_max: None,
            output_bytes_max: None,
            memory_bytes_max: None,
            processes_max: None,
            cpus_max: None,
            demand: vec![],
            secrets: BTreeMap::new(),
        })
    }

    fn serves(host: &str, methods: &[&str], private: &[&str]) -> What {
        What::Server(HttpGrant {
            host: host.parse().unwrap(),
            methods: methods.iter().map(|it| (*it).to_owned()).collect(),
            private: private.iter().map(|it| it.parse().unwrap()).collect(),
            send_bytes_max: None,
            receive_bytes_max: None,
            time_max: None,
            secrets: BTreeMap::new(),
        })
    }

    fn spaces(read: &[&str], write: &[&str]) -> What {
        What::Memory(MemoryGrant { read: globs(read), write: globs(write), trust: None })
    }

    fn rules(otherwise: Verdict, rules: impl IntoIterator<Item = (Verdict, What)>) -> Rules {
        let rules = rules.into_iter().zip(10..);
        let rule = |((verdict, what), line)| Rule { line, verdict, packages: None, what };
        Rules {
            file: "policy.yaml".to_owned(),
            otherwise,
            lines: BTreeMap::from([("otherwise".to_owned(), 2), ("allow".to_owned(), 3)]),
            rules: rules.map(rule).collect(),
            allowed: Vec::new(),
        }
    }

    fn allowed(what: What) -> Allowed {
        let [package, by, at, scope] = ["acme:tool", "ann", "today", "run"].map(str::to_owned);
        Allowed { package, what, by, at, scope }
    }

    /// Everything that a manifest can grant below `/home/ann/work`, and these rules above it.
    fn grants(rules: Rules) -> Grants {
        let folders = BTreeMap::from([("repo".to_owned(), "/home/ann/work".to_owned())]);
        let all = || globs(&["**"]);
        let (root, write_bytes_max) = ("repo".to_owned(), None);
        let folder = FolderGrant { root, read: all(), write: all(), write_bytes_max };
        let program = |it: &str| match starts(it, true) {
            What::Program(program) => program,
            _ => unreachable!(),
        };
        let server = |it: What| match it {
            What::Server(server) => server,
            _ => unreachable!(),
        };
        let manifest = GrantLayer {
            source: "the manifest".to_owned(),
            workspace: Some(vec![folder]),
            process: Some(vec![program("git"), program("rm")]),
            http: Some(vec![server(serves("*", &["GET", "POST"], &["10.0.0.0/8"]))]),
            memory: Some(MemoryGrant { read: all(), write: all(), trust: None }),
            tasks: Some(all()),
            ..GrantLayer::default()
        };
        let rules = GrantLayer { rules: Some(rules.into()), ..GrantLayer::default() };
        Grants { folders: folders.into(), layers: Vec::new() }.narrowed(rules).narrowed(manifest)
    }

    fn start(grants: &Grants, line: &str) -> Result<bool, String> {
        let mut words = line.split(' ').map(str::to_owned);
        let program = words.next().unwrap();
        let rule = grants.program(&program, &words.collect::<Vec<_>>());
        rule.map(|rule| rule.network).map_err(|error| error.message)
    }

    /// Whether a request may be sent, and to an address that is no public one.
    fn sends(grants: &Grants, method: &str, host: &str) -> Result<bool, String> {
        let url = Url::parse(&format!("https://{host}/")).unwrap();
        let rule = grants.request(method, &url);
        rule.map(|rule| rule.names([10, 1, 2, 3].into())).map_err(|error| error.message)
    }

    #[test]
    fn rules_speak_of_spaces() {
        let several = [
            (Verdict::Allow, spaces(&["**"], &["notes/*"])),
            (Verdict::Ask, spaces(&[], &["lessons"])),
            (Verdict::Deny, spaces(&["private/**"], &["private/**"])),
        ];
        let mut rules = rules(Verdict::Deny, several);
        let may = |rules: &Rules, space: &str, access| {
            grants(rules.clone()).space(space, access).map_err(|error| error.message)
        };
        assert_eq!(may(&rules, "a", Access::Read), Ok(()));
        assert_eq!(may(&rules, "notes/a", Access::Write), Ok(()));
        assert_eq!(
            may(&rules, "a", Access::Write).unwrap_err(),
            "the host's policy doesn't let this task remember in the memory `a`; add \
             `memory: { write: [\"a\"] }` to `allow` at policy.yaml:3"
        );
        assert!(may(&rules, "private/a", Access::Read).unwrap_err().contains("denies this task"));
        assert!(may(&rules, "lessons", Access::Write).unwrap_err().contains("nobody allowed it"));
        rules.allowed.push(allowed(spaces(&[], &["lessons"])));
        assert_eq!(may(&rules, "lessons", Access::Write), Ok(()));
        let asked = |grant: What| {
            let Question { verdict, partly, .. } = rules.question(&grant, &[]);
            (verdict, partly)
        };
        assert_eq!(asked(spaces(&["a"], &[])), (Verdict::Allow, false));
        assert_eq!(asked(spaces(&[], &["lessons"])), (Verdict::Ask, false));
        assert_eq!(asked(spaces(&["private/x"], &[])), (Verdict::Deny, false));
        assert_eq!(asked(spaces(&["**"], &[])), (Verdict::Deny, true));
    }

    #[test]
    fn rules_speak_of_servers() {
        let both = ["GET", "POST"];
        let several = [
            (Verdict::Allow, serves("*.test", &both, &[])),
            (Verdict::Allow, serves("b.test", &both, &["10.1.0.0/16"])),
            (Verdict::Ask, serves("c.test", &["POST"], &[])),
            (Verdict::Deny, serves("d.test", &both, &[])),
        ];
        let mut rules = rules(Verdict::Deny, several);
        let sends =
            |rules: &Rules, method: &str, host: &str| sends(&grants(rules.clone()), method, host);
        assert_eq!(sends(&rules, "GET", "a.test"), Ok(false), "it names no private address");
        assert_eq!(sends(&rules, "GET", "b.test"), Ok(true), "the longer name counts");
        assert_eq!(
            sends(&rules, "GET", "d.test").unwrap_err(),
            "the host's policy denies this task to send `GET` to `https://d.test`: policy.yaml:13; only its \
             operator can take that line out or narrow it"
        );
        assert_eq!(
            sends(&rules, "GET", "e.org").unwrap_err(),
            "the host's policy doesn't let this task send `GET` to `https://e.org`; add \
             `http: [ { host: \"e.org\", methods: [GET] } ]` to `allow` at policy.yaml:3"
        );
        assert_eq!(sends(&rules, "GET", "c.test"), Ok(false), "only the other method is asked for");
        let asked = sends(&rules, "POST", "c.test").unwrap_err();
        assert!(asked.contains("asks before this task may send `POST`"), "{asked}");
        rules.allowed.push(allowed(serves("c.test", &["POST"], &["10.0.0.0/8"])));
        assert_eq!(sends(&rules, "POST", "c.test"), Ok(true), "who said yes saw the addresses");
    }

    #[test]
    fn a_denial_counts_before_a_question_and_a_question_before_a_permission() {
        let rules = rules(
            Verdict::Deny,
            [
                (Verdict::Allow, starts("git", false)),
                (Verdict::Ask, starts("git push", true)),
                (Verdict::Deny, starts("git push --force", false)),
            ],
        );
        let mut yes = rules.clone();
        yes.allowed.push(allowed(starts("git push", true)));
        let (no, yes) = (grants(rules), grants(yes));
        assert_eq!(start(&no, "git status"), Ok(false));
        assert!(start(&no, "git push").unwrap_err().contains("policy.yaml:11"));
        // What is allowed by an answer is as narrow as all that speaks of it.
        assert_eq!(start(&yes, "git push origin"), Ok(false));
        let denied = start(&yes, "git push --force").unwrap_err();
        assert!(denied.contains("denies this task to start `git`: policy.yaml:12"), "{denied}");
        assert_eq!(
            start(&no, "rm -r").unwrap_err(),
            "the host's policy doesn't let this task start `rm`; \
             add `process: [ { run: \"rm -r\" } ]` to `allow` at policy.yaml:3"
        );
    }

    #[test]
    fn folders_of_rules_and_of_runs_may_lie_within_each_other() {
        let reads = |what: What, path: &str| {
            grants(rules(Verdict::Deny, [(Verdict::Allow, what)])).may_read("repo", path)
        };
        assert!(reads(files(Some("/home/ann"), &["work/src/**"]), "src/a"));
        assert!(!reads(files(Some("/home/ann"), &["src/**"]), "src/a"));
        assert!(reads(files(Some("/home/ann/work/src"), &["*"]), "src/a"));
        assert!(!reads(files(Some("/home/ann/work/src"), &["*"]), "a"));
        assert!(!reads(files(Some("/home/an"), &["**"]), "a"), "a name is no beginning of another");
        assert!(reads(files(None, &["src/*"]), "src/a"));
        assert!(reads(files(Some("/"), &["home/*/work/**"]), "src/a"));
        let hidden = [(Verdict::Deny, files(None, &["**/.env"]))];
        let open = grants(rules(Verdict::Allow, hidden));
        assert!(open.may_read("repo", "a") && !open.may_read("repo", "deep/.env"));
        assert_eq!(open.reads_below("repo", ""), Extent::Some);
    }

    #[test]
    fn a_folder_of_which_nothing_is_allowed_is_not_shown() {
        let elsewhere = [(Verdict::Allow, files(Some("/srv"), &["**"]))];
        let none = grants(rules(Verdict::Deny, elsewhere.clone()));
        assert!(none.roots().is_empty());
        assert_eq!(none.granted_roots(), ["repo"], "who uses it is told why not");
        let error = none.check(&Need::Folder { root: "repo" }).unwrap_err();
        assert_eq!(
            error.message,
            "the host's policy doesn't let this task use the folder `repo`; add \
             `workspace: [ { root: \"/home/ann/work\", read: [\"**\"] } ]` to `allow` at policy.yaml:3"
        );
        assert_eq!(grants(rules(Verdict::Allow, elsewhere)).roots(), ["repo"]);
    }

    #[test]
    fn what_decides_on_tasks_is_not_theirs_to_change() {
        let folders = BTreeMap::from([("repo".to_owned(), "/home/ann/work".to_owned())]);
        let own = ["/home/ann/work/.config/policy.yaml", "/home/ann/work/state", "/srv/state"];
        let kept = Rules::default().keeping(own, &folders);
        assert_eq!(kept.rules.len(), 2, "what no folder reaches needs no rule");
        assert!(kept.unanswered().are_open());
        let grants = grants(kept);
        let policy = Need::Write { root: "repo", path: ".config/policy.yaml" };
        assert_eq!(
            grants.check(&policy).unwrap_err().message,
            "this host lets no task write `.config/policy.yaml` in `repo`: its policy, its answers and its \
             state are kept from all tasks"
        );
        assert!(!grants.may_write("repo", "state") && !grants.may_write("repo", "state/a/b"));
        assert!(
            grants.may_write("repo", ".config/policy.yml") && grants.may_write("repo", "states")
        );
        assert!(grants.may_read("repo", ".config/policy.yaml"));
        let inside = BTreeMap::from([("r".to_owned(), "/srv/state/decisions".to_owned())]);
        assert_eq!(Rules::default().keeping(own, &inside).rules.len(), 1);
    }

    #[test]
    fn rules_for_a_package_hold_for_no_other() {
        let mut mine = rules(Verdict::Deny, [(Verdict::Allow, starts("git", true))]);
        mine.rules[0].packages = Some(globs(&["acme:*"]));
        assert!(mine.differ());
        assert!(mine.of("acme:tool").program(&["git"], |_| ()).is_ok());
        assert_eq!(mine.of("other:tool").program(&["git"], |_| ()), Err(Refusal::Silent));
    }

    fn verdict() -> impl Strategy<Value = Verdict> {
        prop_oneof![Just(Verdict::Allow), Just(Verdict::Ask), Just(Verdict::Deny)]
    }

    fn what() -> impl Strategy<Value = What> {
        let path = prop::option::of(prop_oneof![
            Just("/"),
            Just("/home/ann"),
            Just("/home/ann/work"),
            Just("/home/ann/work/a"),
            Just("/srv"),
        ]);
        let glob = prop_oneof!["\\*\\*", "[ab]/\\*\\*", "\\*\\*/[ab]", "work/[ab*]", "[ab*]"];
        prop_oneof![
            (path, glob).prop_map(|(path, glob)| files(path, &[&glob])),
            ("(git|rm)( [ab]){0,2}", any::<bool>())
                .prop_map(|(run, network)| starts(&run, network)),
            "\\*\\*|[ab]".prop_map(|glob| What::Tasks(globs(&[&glob]))),
            ("(\\*|\\*\\.test|[ab]\\.test)", 1..4_usize, any::<bool>()).prop_map(
                |(host, methods, private)| {
                    let methods = [&["GET"], &["POST"], &["GET", "POST"] as &[_]][methods - 1];
                    serves(&host, methods, if private { &["10.1.0.0/16"] } else { &[] })
                }
            ),
        ]
    }

    fn policy() -> impl Strategy<Value = Rules> {
        let several = prop::collection::vec((verdict(), what()), 0..5);
        let yes = prop::collection::vec(what().prop_map(allowed), 0..3);
        (verdict(), several, yes).prop_map(|(otherwise, several, yes)| Rules {
            allowed: yes,
            ..rules(otherwise, several)
        })
    }

    proptest! {
        #[test]
        fn one_more_policy_never_widens(
            policies in prop::collection::vec(policy(), 1..4),
            paths in prop::collection::vec("[ab]{1,2}(/[ab]{1,2}){0,2}", 1..6),
            lines in prop::collection::vec("(git|rm)( [ab]){0,3}", 1..4),
            servers in prop::collection::vec(("GET|POST", "[ab]\\.(test|org)"), 1..4),
        ) {
            let mut wide = grants(Rules::default());
            for policy in policies {
                let rules = Some(policy.into());
                let narrow = wide.narrowed(GrantLayer { rules, ..GrantLayer::default() });
                for path in &paths {
                    prop_assert!(!narrow.may_read("repo", path) || wide.may_read("repo", path));
                    let name = Need::Operation { name: path };
                    prop_assert!(narrow.check(&name).is_err() || wide.check(&name).is_ok());
                }
                for line in &lines {
                    match (start(&narrow, line), start(&wide, line)) {
                        (Ok(narrow), Ok(wide)) => prop_assert!(!narrow || wide),
                        (Ok(_), Err(error)) => prop_assert!(false, "{error}"),
                        (Err(_), _) => {}
                    }
                }
                for (method, host) in &servers {
                    match (sends(&narrow, method, host), sends(&wide, method, host)) {
                        (Ok(narrow), Ok(wide)) => prop_assert!(!narrow || wide),
                        (Ok(_), Err(error)) => prop_assert!(false, "{error}"),
                        (Err(_), _) => {}
                    }
                }
                prop_assert!(narrow.reads_below("repo", "") <= wide.reads_below("repo", ""));
                wide = narrow;
            }
        }

        #[test]
        fn a_denial_more_never_widens_and_an_answer_only_answers(
            policy in policy(),
            denied in what(),
            answer in what(),
            path in "[ab]{1,2}(/[ab]{1,2}){0,2}",
        ) {
            let reads = |rules: &Rules| grants(rules.clone()).may_read("repo", &path);
            let mut less = policy.clone();
            less.rules.push(Rule { line: 1, verdict: Verdict::Deny, packages: None, what: denied });
            prop_assert!(!reads(&less) || reads(&policy));
            // As if whoever was asked had said yes to everything.
            let mut most = policy.clone();
            most.allowed.push(allowed(files(None, &["**"])));
            let mut more = policy.clone();
            more.allowed.push(allowed(answer));
            prop_assert!(!reads(&more) || reads(&most));
            prop_assert!(!reads(&policy) || reads(&more));
        }

        #[test]
        fn whoever_says_yes_to_all_questions_meets_none(
            policy in policy(),
            what in what(),
            path in "[ab]{1,2}(/[ab]{1,2}){0,2}",
            line in "(git|rm)( [ab]){0,3}",
            (method, host) in ("GET|POST", "[ab]\\.(test|org)"),
        ) {
            let root = "/home/ann/work";
            let what = match what {
                What::Folder(folder) => What::Folder(FolderRule { path: Some(root.to_owned()), ..folder }),
                other => other,
            };
            let operations = ["a", "b"].map(str::to_owned);
            let said = Rules { allowed: Vec::new(), ..policy }.clone();
            let question = said.question(&what, &operations);
            let mut answered = said;
            if question.verdict == Verdict::Ask {
                answered.allowed.push(allowed(what.clone()));
            }
            let words: Vec<&str> = line.split(' ').collect();
            let mut uses = Vec::new();
            if what.covers(root, &path, Access::Read) {
                uses.push(answered.file(root, &path, Access::Read));
            }
            if what.program(&words).is_some() {
                uses.push(answered.program(&words, |_| ()));
            }
            let url = Url::parse(&format!("https://{host}/")).unwrap();
            if what.server(&method, &url).is_some() {
                uses.push(answered.request(&method, &url, |_, _| ()));
            }
            uses.extend(operations.iter().filter(|it| what.task(it)).map(|it| answered.task(it)));
            for used in uses {
                prop_assert!(!matches!(used, Err(Refusal::Unanswered(_))), "{used:?}");
                let is_open = question.verdict == Verdict::Allow && !question.partly;
                prop_assert!(!is_open || used.is_ok(), "{used:?} of {question:?}");
            }
        }

        #[test]
        fn an_extent_is_never_wrong(
            policy in policy(),
            folder in prop_oneof!["", "[ab]{1,2}(/[ab]{1,2}){0,1}"],
            names in prop::collection::vec("[ab]{1,2}(/[ab]{1,2}){0,1}", 1..8),
        ) {
            let grants = grants(policy);
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
}
