//! From the bytes of a component to something that can be run.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use voyager_base::{
    Digest,
    operation::{Operation, OperationName, Skill},
};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use crate::{
    command,
    compiler::{Compiled, Refusal},
    guest::Guest,
    imports,
    sandbox::Shared,
};

/// Most bytes of a component.
const COMPONENT_BYTES_MAX: usize = 32 << 20;

/// Why a component was not loaded. Nothing of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// It is larger than a component may be.
    #[error("the component has {size} bytes; at most {COMPONENT_BYTES_MAX} are allowed")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
    /// It is something else than a component.
    #[error("this is no component: {0}")]
    NoComponent(String),
    /// It is malformed, or uses a proposal that is switched off.
    #[error("the component is invalid: {0}")]
    Invalid(String),
    /// It is a component that is no skill.
    #[error("the component is no skill: {0}")]
    NoSkill(String),
    /// It imports what this host does not offer.
    #[error("the skill imports `{import}`; {hint}; {remedy}")]
    UnknownImport {
        /// The interface.
        import: String,
        /// What this host offers instead.
        hint: String,
        /// What to do.
        remedy: &'static str,
    },
    /// It imports an interface of this host with other types or functions than it has here.
    #[error(
        "the skill's imports don't fit this host: {0}; rebuild it against this host's WIT with \
         `agent-host skill build`"
    )]
    Unlinkable(String),
    /// It needs more tables, memories or instances than fit this host's slots, whatever its limits.
    #[error("the skill does not fit this host's instances: {0}")]
    TooDemanding(String),
    /// Compiling it took more than it may.
    #[error("compiling the component took more than {0}; it is too large or was made to do harm")]
    CompileBound(String),
    /// The compiler did not do its work. Trying again may help.
    #[error("the compiler did not answer: {0}")]
    CompilerUnavailable(String),
}

impl From<Refusal> for LoadError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoComponent(reason) => Self::NoComponent(reason),
            Refusal::Invalid(reason) => Self::Invalid(reason),
            Refusal::NoSkill(reason) => Self::NoSkill(reason.to_string()),
        }
    }
}

/// A skill that can be run.
pub(crate) struct Loaded {
    pub(crate) skill: Arc<Skill>,
    pub(crate) pre: InstancePre<Guest>,
    /// Whether an instance may serve several calls: the skill has no effects, and promises that its
    /// results depend on nothing that an earlier call left.
    pub(crate) reusable: bool,
    /// Where the function is that runs it as a program, and its operation's place in the skill's list.
    program: Option<(usize, ComponentExportIndex)>,
    /// Its table of source lines, encoded: it is read where a guest traps.
    pub(crate) lines: Vec<u8>,
    /// Where the operations are, by their place in the skill's list.
    exports: BTreeMap<OperationName, (usize, ComponentExportIndex)>,
}

impl Loaded {
    /// An operation, and its place in the component.
    pub(crate) fn operation(
        &self,
        name: &OperationName,
    ) -> Option<(&Operation, ComponentExportIndex)> {
        // A program goes by the name of its file, which the component does not know.
        let program = || self.program.filter(|_| command::is_operation(name));
        let (place, index) = self.exports.get(name).copied().or_else(program)?;
        Some((&self.skill.operations[place], index))
    }

    /// Whether the function at this place runs it as a program.
    pub(crate) fn is_program(&self, index: ComponentExportIndex) -> bool {
        self.program.is_some_and(|(_, program)| program == index)
    }
}

/// Loads a component after compiling it.
pub(crate) fn load(shared: &Shared, component: Digest, bytes: &[u8]) -> Result<Loaded, LoadError> {
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(LoadError::TooLarge { size: bytes.len() });
    }
    let _turn = shared.compiling.lock().unwrap_or_else(PoisonError::into_inner);
    // Whoever had the turn before may have compiled the same.
    if let Some(loaded) = cached(shared, component) {
        return Ok(loaded);
    }
    let compiled = shared.compiler.compile(bytes, &shared.shape)?;
    let loaded = link(shared, &compiled)?;
    // Without room on the disk the skill still runs; the next start compiles again.
    drop(shared.cache.keep(&compiled));
    Ok(loaded)
}

/// Loads a component out of the cache. Authentic but unusable is possible where wasmtime changed what it accepts; then it
/// is compiled again.
pub(crate) fn cached(shared: &Shared, component: Digest) -> Option<Loaded> {
    let compiled = shared.cache.find(component)?;
    link(shared, &compiled).ok()
}

fn link(shared: &Shared, compiled: &Compiled) -> Result<Loaded, LoadError> {
    imports::check(&compiled.decoded.imports)?;
    let unlinkable = |error: wasmtime::Error| LoadError::Unlinkable(format!("{error:#}"));
    let component = deserialize(shared, &compiled.code)
        .map_err(|error| LoadError::TooDemanding(format!("{error:#}")))?;
    let pre = instance_pre(&shared.linker, &component).map_err(unlinkable)?;
    let skill = Arc::new(compiled.decoded.skill.clone());
    let mut exports = BTreeMap::new();
    let mut program = None;
    for (place, operation) in skill.operations.iter().enumerate() {
        let exported = compiled.decoded.program.as_deref();
        if let Some(exported) = exported.filter(|_| command::is_operation(&operation.name)) {
            let interface = component.get_export_index(None, exported);
            let index = component.get_export_index(interface.as_ref(), command::FUNCTION);
            let index = index.ok_or_else(|| {
                LoadError::NoSkill(format!("`{exported}` has no function `{}`", command::FUNCTION))
            })?;
            program = Some((place, index));
            continue;
        }
        let index = export(&component, &operation.name).ok_or_else(|| {
            LoadError::NoSkill(format!("the operation {} is not exported", operation.name))
        })?;
        exports.insert(operation.name.clone(), (place, index));
    }
    let reusable = compiled.decoded.reusable && skill.is_pure();
    let lines = compiled.decoded.lines.clone();
    Ok(Loaded { skill, pre, reusable, program, lines, exports })
}

#[expect(
    unsafe_code,
    reason = "compiled code of our own compiler, authenticated where it was stored"
)]
fn deserialize(shared: &Shared, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` comes from `compiler::compile`, in this process, through a pipe from our own
    // child, or out of the cache, which authenticates what it gives back.
    unsafe { Component::deserialize(&shared.engine, code) }
}

fn instance_pre(
    linker: &Linker<Guest>,
    component: &Component,
) -> wasmtime::Result<InstancePre<Guest>> {
    linker.instantiate_pre(component)
}

fn export(component: &Component, name: &OperationName) -> Option<ComponentExportIndex> {
    let version =
        if name.version.is_empty() { String::new() } else { format!("@{}", name.version) };
    let interface = format!("{}/{}{version}", name.package, name.interface);
    let interface = component.get_export_index(None, &interface)?;
    component.get_export_index(Some(&interface), &name.function)
}
