//! The policy of a host: rules above every manifest, read by the parser of manifests.

use std::collections::BTreeMap;

use voyager_base::{
    Limits,
    grant::Globs,
    http::{HttpGrant, METHODS},
    policy::{FolderRule, Rule, Rules, Verdict, What},
};

use super::{Checker, manifests::Shelf, read};
use crate::{
    catalog::Catalog,
    code::{Code, Severity},
    diagnostic::{Diagnostic, Finding, Findings},
    language::{HOST_POLICY, POLICY_HEADER},
    library::Library,
    scalar::size,
    shape::{self, clip},
    yaml::Node,
};

/// What the operator of a host allows.
#[derive(Clone, Debug, PartialEq)]
pub struct HostPolicy {
    /// Who may do what.
    pub rules: Rules,
    /// What manifests may raise limits to.
    pub limits: Limits,
}

impl Default for HostPolicy {
    fn default() -> Self {
        Self { rules: Rules::default(), limits: Limits::ceiling() }
    }
}

/// What became of the text of a policy.
#[derive(Clone, Debug)]
pub struct CheckedPolicy {
    /// The policy, where there is no error.
    pub policy: Option<HostPolicy>,
    /// What was found, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl CheckedPolicy {
    /// How many of the findings are errors.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|found| found.severity == Severity::Error).count()
    }
}

/// Checks the text of the policy `file`; `home` is the folder that `~` means.
pub fn check_policy(text: &[u8], file: &str, home: Option<&str>) -> CheckedPolicy {
    let mut findings = Findings::default();
    let lossy = String::from_utf8_lossy(text);
    let mut policy = None;
    if let Some(root) = read(text, &mut findings) {
        let (ceiling, catalog) = (Limits::ceiling(), Catalog::default());
        let shelf = Shelf::new(Library::empty());
        let mut checker =
            Checker::new(&lossy, file, &catalog, &ceiling, &shelf, Vec::new(), findings);
        policy = Some(checker.host_policy(&root, home));
        findings = checker.findings;
    }
    let policy = policy.filter(|_| !findings.has_errors());
    CheckedPolicy { policy, diagnostics: findings.finish(&lossy).0 }
}

impl Checker<'_> {
    fn host_policy(&mut self, root: &Node, home: Option<&str>) -> HostPolicy {
        self.header(root, POLICY_HEADER, "policy");
        shape::check_object(root, &HOST_POLICY, &mut self.findings);
        let limits = match root.get("limits") {
            Some(node) => self.task_limits(node, Limits::ceiling()),
            None => Limits::ceiling(),
        };
        let mut lines = BTreeMap::new();
        for entry in root.entries() {
            lines.insert(entry.key.clone(), self.line_at(entry.key_span.start));
            for inner in entry.value.entries() {
                let line = self.line_at(inner.key_span.start);
                lines.insert(format!("{}.{}", entry.key, inner.key), line);
            }
        }
        let mut rules = Vec::new();
        self.verdicts(root, None, home, &mut rules);
        for node in root.get("skills").map(Node::items).unwrap_or_default() {
            let Some(packages) = node.get("packages") else { continue };
            let packages = self.globs(packages).filter(|it| !it.is_empty());
            // Without any it would hold for all; that it is empty or malformed is an error.
            match packages {
                Some(packages) => self.verdicts(node, Some(&packages), home, &mut rules),
                None => self.empty(node.get("packages").unwrap_or(node), "no package is named"),
            }
        }
        let otherwise = match root.get("otherwise").and_then(Node::text) {
            Some("allow") => Verdict::Allow,
            Some("ask") => Verdict::Ask,
            _ => Verdict::Deny,
        };
        let file = self.file.to_owned();
        HostPolicy { rules: Rules { file, otherwise, lines, rules, allowed: Vec::new() }, limits }
    }

    fn verdicts(
        &mut self,
        node: &Node,
        packages: Option<&Globs>,
        home: Option<&str>,
        rules: &mut Vec<Rule>,
    ) {
        for verdict in [Verdict::Allow, Verdict::Ask, Verdict::Deny] {
            let Some(section) = node.get(verdict.name()) else { continue };
            let mut add = |line, what| {
                rules.push(Rule { line, verdict, packages: packages.cloned(), what });
            };
            for item in section.get("workspace").map(Node::items).unwrap_or_default() {
                if let Some(folder) = self.folder_rule(item, home) {
                    add(self.line_at(item.span.start), What::Folder(folder));
                }
            }
            for item in section.get("process").map(Node::items).unwrap_or_default() {
                if let Some(program) = self.program_grant(item) {
                    add(self.line_at(item.span.start), What::Program(program));
                }
            }
            for item in section.get("http").map(Node::items).unwrap_or_default() {
                if let Some(server) = self.server_rule(item) {
                    add(self.line_at(item.span.start), What::Server(server));
                }
            }
            if let Some(entry) = section.entry("memory")
                && let Some(spaces) = self.spaces(entry)
                && !spaces.is_empty()
            {
                add(self.line_at(entry.key_span.start), What::Memory(spaces));
            }
            for item in section.get("tasks").map(Node::items).unwrap_or_default() {
                let Some(text) = item.text() else { continue };
                match Globs::new([text]) {
                    Ok(globs) => add(self.line_at(item.span.start), What::Tasks(globs)),
                    Err(error) => self.report(
                        Finding::new(Code::MalformedGlob, &item.span, error.to_string())
                            .help("to mean all, write `**`"),
                    ),
                }
            }
        }
    }

    /// Servers; with all methods where none is named.
    fn server_rule(&mut self, node: &Node) -> Option<HttpGrant> {
        let host = self.server_host(node)?;
        let server = self.server(node, host);
        let named = node.get("methods").is_some();
        let methods = if named { server.methods } else { METHODS.map(str::to_owned).to_vec() };
        Some(HttpGrant { methods, ..server })
    }

    fn folder_rule(&mut self, node: &Node, home: Option<&str>) -> Option<FolderRule> {
        let root = node.get("root")?;
        let path = match root.text().filter(|_| !root.is_null())? {
            "any" => None,
            text => Some(self.place_of(root, text, home)?),
        };
        let read = self.optional_globs(node.get("read"))?;
        let write = self.optional_globs(node.get("write"))?;
        if read.is_empty() && write.is_empty() {
            self.empty(root, "neither `read` nor `write` names a path in it");
            return None;
        }
        let write_bytes_max = node.get("write-bytes").and_then(Node::text).and_then(size);
        Some(FolderRule { path, read, write, write_bytes_max })
    }

    /// The absolute path that `text` means.
    fn place_of(&mut self, node: &Node, text: &str, home: Option<&str>) -> Option<String> {
        let whole = match (text.strip_prefix('~'), home) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
                format!("{home}{rest}")
            }
            _ => text.to_owned(),
        };
        let is_plain = |part: &str| !matches!(part, "." | "..");
        if !whole.starts_with('/') || !whole.split('/').all(is_plain) {
            let message = format!("`{}` is no absolute path of a folder", clip(text));
            self.report(Finding::new(Code::PolicyRoot, &node.span, message).help(
                "write `/home/ann/work`, `~/work`, or `any` for whatever folder a run is given",
            ));
            return None;
        }
        let parts: Vec<&str> = whole.split('/').filter(|part| !part.is_empty()).collect();
        Some(format!("/{}", parts.join("/")))
    }

    fn empty(&mut self, node: &Node, why: &str) {
        self.report(
            Finding::new(
                Code::EmptyRule,
                &node.span,
                format!("this rule speaks of nothing: {why}"),
            )
            .help("to mean all, write `[\"**\"]`; otherwise remove it"),
        );
    }

    /// The line of a byte, from 1.
    pub(super) fn line_at(&self, byte: usize) -> u32 {
        let lines = self.line_ends.partition_point(|end| *end < byte);
        u32::try_from(lines + 1).unwrap_or(u32::MAX)
    }
}
