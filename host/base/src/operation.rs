//! Operations and the skills that export them, as read from a component without running it.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    error::contract_type,
    id::{Digest, MalformedId},
    types::Type,
};

/// Full name of an operation: `package:name/interface.function@version`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OperationName {
    /// Package, for example `voyager:coder`.
    pub package: String,
    /// Version of the package; empty where it has none.
    #[serde(default)]
    pub version: String,
    /// Exported interface, for example `metrics`.
    pub interface: String,
    /// Its function, for example `measure`.
    pub function: String,
}

impl OperationName {
    /// The name without the version, as grants match it.
    pub fn unversioned(&self) -> String {
        format!("{}/{}.{}", self.package, self.interface, self.function)
    }
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.package)?;
        if !self.version.is_empty() {
            write!(f, "@{}", self.version)?;
        }
        write!(f, "/{}.{}", self.interface, self.function)
    }
}

impl FromStr for OperationName {
    type Err = MalformedId;

    /// Reads `package:name[@version]/interface.function`.
    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let read = || {
            let (package, rest) = text.split_once('/')?;
            let (interface, function) = rest.split_once('.')?;
            let (package, version) = package.split_once('@').unwrap_or((package, ""));
            let parts = [package, interface, function];
            (package.contains(':') && parts.iter().all(|part| !part.is_empty())).then(|| Self {
                package: package.to_owned(),
                version: version.to_owned(),
                interface: interface.to_owned(),
                function: function.to_owned(),
            })
        };
        read().ok_or_else(|| MalformedId { text: text.to_owned(), what: "operation name" })
    }
}

/// One exported function of a skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Its full name.
    pub name: OperationName,
    /// Its doc comment; empty where the component carries none.
    #[serde(default)]
    pub docs: String,
    /// Names and types of its parameters.
    pub parameters: Vec<(String, Type)>,
    /// What it gives back, with the `result` around it; none where it gives back nothing.
    pub result: Option<Type>,
}

impl Operation {
    /// What a manifest sees of the result: the success of a `result`, the type itself otherwise; none
    /// where there is no value.
    pub fn success(&self) -> Option<&Type> {
        match &self.result {
            Some(Type::Result(ok, _)) => ok.as_deref(),
            other => other.as_ref(),
        }
    }

    /// It on one line: `metrics.measure(globs: list<string>) -> result<report, error>`.
    pub fn signature(&self) -> String {
        let parameters: Vec<String> =
            self.parameters.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        let result = self.result.as_ref().map_or_else(String::new, |ty| format!(" -> {ty}"));
        let name = &self.name;
        format!("{}.{}({}){result}", name.interface, name.function, parameters.join(", "))
    }

    /// The type of its own failure, where it can fail with a value.
    pub fn failure(&self) -> Option<&Type> {
        match &self.result {
            Some(Type::Result(_, error)) => error.as_deref(),
            _ => None,
        }
    }

    /// Whether its failure is the contract's `error`, so that the task's error has the kind that the
    /// skill gives it; otherwise the kind is `failed`, whatever the skill met.
    pub fn fails_by_kind(&self) -> bool {
        self.failure().is_some_and(|failure| failure.same(&contract_type()))
    }
}

/// A skill: what a component exports and imports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skill {
    /// Hash of the component.
    pub component: Digest,
    /// Package of its exported interfaces.
    pub package: String,
    /// Version of that package; empty where it has none.
    #[serde(default)]
    pub version: String,
    /// Doc comment of its world; empty where the component carries none.
    #[serde(default)]
    pub docs: String,
    /// Its operations, ordered by name.
    pub operations: Vec<Arc<Operation>>,
    /// Interfaces that it imports, WASI's left out: what it asks for.
    pub imports: Vec<String>,
    /// Size of the component in bytes.
    pub size: u64,
}

/// Package of a command-line program as it is read from a component, which holds no name of it. See
/// [`Skill::named_after`].
pub const NAMELESS: &str = "command:nameless";

impl Skill {
    /// The same, where it is a command-line program: named by its file, as programs are. `sd.wasm` is
    /// `command:sd`, and `sd@1.0.0.wasm` that in version 1.0.0. Every other skill has its name already.
    #[must_use]
    pub fn named_after(mut self, file_stem: &str) -> Self {
        if self.package != NAMELESS {
            return self;
        }
        let (name, version) = file_stem.split_once('@').unwrap_or((file_stem, ""));
        let is_version = version.split('.').count() == 3
            && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte));
        let name = words(name);
        self.package =
            if name.is_empty() { NAMELESS.to_owned() } else { format!("command:{name}") };
        self.version = if is_version { version.to_owned() } else { String::new() };
        for operation in &mut self.operations {
            let named = &mut Arc::make_mut(operation).name;
            named.package.clone_from(&self.package);
            named.version.clone_from(&self.version);
        }
        self
    }

    /// Name without the namespace: `coder` of `voyager:coder`.
    pub fn short_name(&self) -> &str {
        self.package.split_once(':').map_or(self.package.as_str(), |(_, name)| name)
    }

    /// Whether it imports nothing with an effect, so that its results only depend on the arguments.
    pub fn is_pure(&self) -> bool {
        self.effects().next().is_none()
    }

    /// Interfaces that it imports and that have an effect.
    pub fn effects(&self) -> impl Iterator<Item = &str> {
        let harmless = ["voyager:run/", "voyager:types/"];
        let is_effect = move |import: &&str| !harmless.iter().any(|it| import.starts_with(it));
        self.imports.iter().map(String::as_str).filter(is_effect)
    }

    /// Whether it imports the capability, for example `workspace`.
    pub fn imports_capability(&self, capability: &str) -> bool {
        let package = format!("voyager:{capability}/");
        self.imports.iter().any(|import| import.starts_with(&package))
    }
}

/// `text` as manifests want names: words of letters and digits, joined by hyphens.
fn words(text: &str) -> String {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skill(package: &str) -> Skill {
        let name: OperationName = format!("{package}/cli.run").parse().unwrap();
        let operation =
            Operation { name, docs: String::new(), parameters: Vec::new(), result: None };
        Skill {
            component: Digest::of(b""),
            package: package.to_owned(),
            version: String::new(),
            docs: String::new(),
            operations: vec![Arc::new(operation)],
            imports: Vec::new(),
            size: 0,
        }
    }

    #[test]
    fn a_command_is_named_by_its_file() {
        for (file, name) in [
            ("sd", "command:sd/cli.run"),
            ("sd@1.0.0", "command:sd@1.0.0/cli.run"),
            ("Word_Count", "command:word-count/cli.run"),
            ("a@b", "command:a/cli.run"),
            ("..", "command:nameless/cli.run"),
        ] {
            let named = skill(NAMELESS).named_after(file);
            assert_eq!(named.operations[0].name.to_string(), name);
            assert_eq!((&named.package, &named.version), {
                let of = &named.operations[0].name;
                (&of.package, &of.version)
            });
        }
        assert_eq!(skill("a:b").named_after("sd"), skill("a:b"));
    }

    #[test]
    fn operation_names_read_back() {
        for text in ["voyager:coder@0.1.0/metrics.measure", "a:b/c.d"] {
            assert_eq!(text.parse::<OperationName>().unwrap().to_string(), text);
        }
        for text in ["", "a/b.c", "a:b/c", "a:b/.d", "a:b"] {
            assert!(text.parse::<OperationName>().is_err(), "{text}");
        }
    }
}
