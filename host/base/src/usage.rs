//! What a task used, for those who watch and pay. Nothing depends on it: limits are counted where they bite.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one attempt of a task used; of several, what all used together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Usage {
    /// Processor time in microseconds: how long a thread computed for the guest, with what the host did in
    /// between to answer it. What other threads and programs did for it is not in it.
    pub cpu_micros: u64,
    /// Bytes of linear memory that its instance held, at most; of several attempts the largest.
    pub memory_bytes: u64,
    /// Questions to the host, refused ones included.
    pub host_calls: u64,
    /// Bytes that came to the guest: its arguments and the answers, as they are recorded.
    pub bytes_in: u64,
    /// Bytes that came from the guest: its questions and its result, as they are recorded.
    pub bytes_out: u64,
}

impl Usage {
    /// Takes what another attempt used on top.
    pub fn add(&mut self, other: Self) {
        self.cpu_micros = self.cpu_micros.saturating_add(other.cpu_micros);
        self.memory_bytes = self.memory_bytes.max(other.memory_bytes);
        self.host_calls = self.host_calls.saturating_add(other.host_calls);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
    }

    /// Processor time.
    pub const fn cpu(&self) -> Duration {
        Duration::from_micros(self.cpu_micros)
    }
}
