//! `agent-host skill inspect`: what a component can do and what it asks for, read without running it.

use std::{path::Path, sync::Arc};

use clap::Args;
use serde::Serialize;
use voyager_base::{operation::Skill, types::Type};

use super::provenance::Provenance;
use crate::{
    catalog,
    cli::Context,
    failure::{Failure, FailureKind},
    host, printing, report,
};

/// Shows a skill: its operations with types and docs, what it asks for, size and hash, where it comes from, who signed
/// it, and what was built into it.
#[derive(Args)]
pub(crate) struct Inspect {
    /// A component's file, or the name of a skill (`coder`, `voyager:coder`).
    skill: String,
}

/// What `--json` says.
#[derive(Serialize)]
struct Inspected<'a> {
    #[serde(flatten)]
    skill: &'a Skill,
    provenance: &'a Provenance,
}

impl Inspect {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let skill = find(context, &self.skill)?;
        let provenance = Provenance::of(context, &self.skill, &skill)?;
        let answer = Inspected { skill: &skill, provenance: &provenance };
        report::tell(context, &answer, 0, || {
            printing::line(printing::harmless(&describe(&skill, &provenance)))
        })
    }
}

fn find(context: &Context, named: &str) -> Result<Arc<Skill>, Failure> {
    let path = Path::new(named);
    if path.is_file() {
        let bytes = std::fs::read(path)
            .map_err(|error| Failure::environment(format!("cannot read {named}"), &error))?;
        let sandbox = host::sandbox(context)?;
        let loaded = sandbox.load(&bytes).map(|skill| catalog::named(&skill, path));
        return loaded
            .map_err(|error| Failure::environment(format!("cannot load {named}"), &error));
    }
    let catalog = host::catalog(context)?;
    let fits = |skill: &Skill| {
        let versioned = format!("{}@{}", skill.package, skill.version);
        named == skill.package || named == skill.short_name() || named == versioned
    };
    let mut found = catalog.skills().iter().filter(|it| fits(&it.skill));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(Arc::clone(&one.skill)),
        (Some(one), Some(other)) => Err(Failure::usage(format!(
            "`{named}` names several skills: {}@{}, {}@{}",
            one.skill.package, one.skill.version, other.skill.package, other.skill.version
        ))),
        (None, _) => {
            let names: Vec<&str> =
                catalog.skills().iter().map(|it| it.skill.short_name()).collect();
            let refused = catalog.quarantined().iter().find(|(path, _)| path.ends_with(named));
            let failure = Failure::new(
                FailureKind::Environment,
                match refused {
                    Some((path, reason)) => format!("{} is no skill: {reason}", path.display()),
                    None => format!("there is no skill `{named}`"),
                },
            );
            Err(failure
                .hint(format!("there are: {}; or name a component's file", names.join(", "))))
        }
    }
}

fn describe(skill: &Skill, provenance: &Provenance) -> String {
    let version = if skill.version.is_empty() { "" } else { "@" };
    let mut lines = vec![format!("{}{version}{}", skill.package, skill.version)];
    lines.extend(skill.docs.lines().map(|line| format!("  {line}")));
    lines.push(format!("component  {}  {}", skill.component, printing::size(skill.size)));
    let imports =
        if skill.imports.is_empty() { "nothing".to_owned() } else { skill.imports.join(", ") };
    lines.push(format!("asks for   {imports}{}", if skill.is_pure() { " (pure)" } else { "" }));
    lines.extend(provenance.lines());
    for operation in &skill.operations {
        lines.push(String::new());
        lines.push(operation.signature());
        lines.extend(operation.docs.lines().map(|line| format!("    {line}")));
        let mut shapes = Vec::new();
        operation.parameters.iter().for_each(|(_, ty)| shapes_of(ty, &mut shapes));
        operation.result.iter().for_each(|ty| shapes_of(ty, &mut shapes));
        lines.extend(shapes.iter().map(|(_, shape)| format!("    {shape}")));
    }
    lines.join("\n")
}

/// The named types inside `ty`, each once, the innermost first.
fn shapes_of(ty: &Type, shapes: &mut Vec<(String, String)>) {
    let add = |name: &Option<String>, shape: String, shapes: &mut Vec<(String, String)>| {
        let Some(name) = name else { return };
        if !shapes.iter().any(|(known, _)| known == name) {
            shapes.push((name.clone(), shape));
        }
    };
    match ty {
        Type::List(inner) | Type::Option(inner) => shapes_of(inner, shapes),
        Type::Result(ok, error) => {
            [ok, error].into_iter().flatten().for_each(|inner| shapes_of(inner, shapes));
        }
        Type::Tuple(types) => types.iter().for_each(|inner| shapes_of(inner, shapes)),
        Type::Record(record) => {
            record.body.iter().for_each(|field| shapes_of(&field.ty, shapes));
            let fields: Vec<String> =
                record.body.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
            let shown = record.name.clone().unwrap_or_default();
            add(&record.name, format!("record {shown} {{ {} }}", fields.join(", ")), shapes);
        }
        Type::Variant(variant) => {
            variant
                .body
                .iter()
                .filter_map(|it| it.ty.as_ref())
                .for_each(|it| shapes_of(it, shapes));
            let cases: Vec<String> = variant
                .body
                .iter()
                .map(|case| match &case.ty {
                    Some(ty) => format!("{}({ty})", case.name),
                    None => case.name.clone(),
                })
                .collect();
            let shown = variant.name.clone().unwrap_or_default();
            add(&variant.name, format!("variant {shown} {{ {} }}", cases.join(", ")), shapes);
        }
        Type::Enum(names) => {
            let shown = names.name.clone().unwrap_or_default();
            add(&names.name, format!("enum {shown} {{ {} }}", names.body.join(", ")), shapes);
        }
        Type::Flags(names) => {
            let shown = names.name.clone().unwrap_or_default();
            add(&names.name, format!("flags {shown} {{ {} }}", names.body.join(", ")), shapes);
        }
        _ => {}
    }
}
