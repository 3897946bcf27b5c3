//! How much one task may use. All limits are on by default; a manifest may change each of them, up to
//! the host's ceiling.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The bounds of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Limits {
    /// Bytes of linear memory, all memories of the instance added up.
    pub memory: u64,
    /// Elements of all tables added up.
    pub table_elements: u64,
    /// Core instances, memories and tables of the component, each.
    pub instances: u32,
    /// Resource handles alive at a time.
    pub handles: u32,
    /// Processor time.
    pub cpu: Duration,
    /// Time from the start of the call, host calls included, waiting for children not.
    pub time: Duration,
    /// Questions to the host.
    pub host_calls: u64,
    /// Bytes that one host call may carry in one direction.
    pub call_bytes: u64,
    /// Bytes of arguments, and of a result.
    pub value_bytes: u64,
    /// Bytes of log.
    pub log_bytes: u64,
    /// Lines of log.
    pub log_lines: u64,
    /// Child tasks, descendants not counted.
    pub children: u32,
    /// Levels of the lineage tree below the root.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            table_elements: 20_000,
            instances: 32,
            handles: 1_000,
            cpu: Duration::from_secs(5),
            time: Duration::from_secs(30),
            host_calls: 100_000,
            call_bytes: 4 << 20,
            value_bytes: 16 << 20,
            log_bytes: 64 << 10,
            log_lines: 1_000,
            children: 10_000,
            depth: 8,
        }
    }
}

impl Limits {
    /// In every respect the lower of both: what a child may use of its parent's limits, and a manifest
    /// of the host's.
    #[must_use]
    pub fn lowest(&self, other: &Self) -> Self {
        Self {
            memory: self.memory.min(other.memory),
            table_elements: self.table_elements.min(other.table_elements),
            instances: self.instances.min(other.instances),
            handles: self.handles.min(other.handles),
            cpu: self.cpu.min(other.cpu),
            time: self.time.min(other.time),
            host_calls: self.host_calls.min(other.host_calls),
            call_bytes: self.call_bytes.min(other.call_bytes),
            value_bytes: self.value_bytes.min(other.value_bytes),
            log_bytes: self.log_bytes.min(other.log_bytes),
            log_lines: self.log_lines.min(other.log_lines),
            children: self.children.min(other.children),
            depth: self.depth.min(other.depth),
        }
    }

    /// The most that a host allows: fixed, no setting moves it.
    pub fn ceiling() -> Self {
        Self {
            memory: 1 << 30,
            table_elements: 1_000_000,
            instances: 256,
            handles: 100_000,
            cpu: Duration::from_secs(3_600),
            time: Duration::from_secs(24 * 3_600),
            host_calls: 100_000_000,
            call_bytes: 64 << 20,
            value_bytes: 256 << 20,
            log_bytes: 64 << 20,
            log_lines: 1_000_000,
            children: 1_000_000,
            depth: 64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_of_two_limits_exceeds_neither() {
        let (default, ceiling) = (Limits::default(), Limits::ceiling());
        assert_eq!(default.lowest(&ceiling), default);
        let small = Limits { memory: 1, ..ceiling.clone() };
        assert_eq!(small.lowest(&default), Limits { memory: 1, ..default });
    }
}
