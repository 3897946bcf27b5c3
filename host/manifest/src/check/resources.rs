//! Resources: what a task reserves before it begins, and is held to.

use super::Checker;
use crate::{
    code::Code,
    diagnostic::Finding,
    plan::{GrantPlan, Resources},
    scalar::{int, show_size, size},
    yaml::Node,
};
use voyager_base::{Limits, operation::Skill};

/// Less than this no program starts with.
const PROGRAM_BYTES_MIN: u64 = 1 << 20;

impl Checker<'_> {
    /// What a step reserves. It bounds the step's limits and the programs that it is granted: the instance
    /// has what its limit says, programs the rest.
    pub(super) fn step_resources(
        &mut self,
        node: &Node,
        skill: Option<&Skill>,
        limits: &mut Limits,
        grants: &mut Option<GrantPlan>,
    ) -> Option<Resources> {
        let entry = node.entry("resources")?;
        let text = |key: &str| entry.value.get(key).and_then(Node::text);
        let resources = Resources {
            memory: text("memory").and_then(size).unwrap_or(0),
            cpu: text("cpu").and_then(int).and_then(|cpu| u32::try_from(cpu).ok()).unwrap_or(0),
        };
        if resources == Resources::default() {
            self.report(
                Finding::new(Code::EmptyValue, &entry.key_span, "nothing is reserved here")
                    .help("say `memory` or `cpu`, or remove it"),
            );
            return None;
        }
        if 0 < resources.memory {
            let own = node.get("limits").and_then(|own| own.entry("memory"));
            if let Some(own) = own.filter(|_| resources.memory < limits.memory) {
                let message = format!("the step reserves only {}", show_size(resources.memory));
                self.report(
                    Finding::new(Code::LimitAboveResources, &own.value.span, message)
                        .help("reserve more, or lower the limit"),
                );
            }
            limits.memory = limits.memory.min(resources.memory);
        }
        let left = resources.memory - limits.memory.min(resources.memory);
        let starts = |capability| skill.is_some_and(|skill| skill.imports_capability(capability));
        let own = self.narrower_by(grants.as_ref()).process.unwrap_or_default();
        if own.is_empty() || !(starts("process") || starts("tasks")) {
            return Some(resources);
        }
        if 0 < resources.memory && left < PROGRAM_BYTES_MIN {
            let message = format!(
                "the instance may use {} of it, and nothing is left for programs",
                show_size(limits.memory)
            );
            self.report(
                Finding::new(Code::LimitAboveResources, &entry.key_span, message)
                    .help("reserve more, lower `limits.memory`, or grant no program"),
            );
        }
        let bounded = own.into_iter().map(|mut program| {
            if 0 < resources.memory {
                program.memory_bytes_max =
                    Some(program.memory_bytes_max.map_or(left, |it| it.min(left)));
            }
            if 0 < resources.cpu {
                let most = resources.cpu;
                program.cpus_max = Some(program.cpus_max.map_or(most, |it| it.min(most)));
            }
            program
        });
        grants.get_or_insert_default().process = Some(bounded.collect());
        Some(resources)
    }
}
