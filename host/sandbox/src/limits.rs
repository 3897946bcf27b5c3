//! What an instance may take of memory and processor.

use std::time::Duration;

use voyager_base::{Error, Limits};
use wasmtime::ResourceLimiter;

use crate::{ending::Ending, engine::Ticks};

/// Memory of one store: all its linear memories added up, all its tables added up.
pub(crate) struct Memory {
    memory_bytes: u64,
    memory_bytes_max: u64,
    table_elements: u64,
    table_elements_max: u64,
    instances_max: usize,
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_bytes: 0,
            memory_bytes_max: limits.memory,
            table_elements: 0,
            table_elements_max: limits.table_elements,
            instances_max: limits.instances as usize,
        }
    }
}

impl Memory {
    /// Bytes of linear memory that the store holds.
    pub(crate) fn held(&self) -> u64 {
        self.memory_bytes
    }
}

impl ResourceLimiter for Memory {
    /// A growth beyond the limit ends the guest instead of failing: few programs survive a failed
    /// growth, and those that don't would hide the reason behind a trap of their own. One beyond the
    /// memory's own maximum fails, and counts for nothing.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| maximum < desired) {
            return Ok(false);
        }
        let grown = desired.saturating_sub(current) as u64;
        self.memory_bytes = self.memory_bytes.saturating_add(grown);
        if self.memory_bytes > self.memory_bytes_max {
            return Err(Ending::limit("memory", self.memory_bytes_max));
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| maximum < desired) {
            return Ok(false);
        }
        let grown = desired.saturating_sub(current) as u64;
        self.table_elements = self.table_elements.saturating_add(grown);
        if self.table_elements > self.table_elements_max {
            return Err(Ending::limit("table-elements", self.table_elements_max));
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.instances_max
    }

    fn tables(&self) -> usize {
        self.instances_max
    }

    fn memories(&self) -> usize {
        self.instances_max
    }
}

/// Processor time of one call, counted in ticks that found the guest running.
pub(crate) struct Processor {
    ticks: Ticks,
    /// The tick when the host last gave control to the guest.
    resumed_at: u64,
    used: u64,
    most: u64,
    cpu: Duration,
}

impl Processor {
    pub(crate) fn new(ticks: Ticks, cpu: Duration) -> Self {
        let (most, resumed_at) = (ticks.within(cpu), ticks.count());
        Self { ticks, resumed_at, used: 0, most, cpu }
    }

    /// Another call begins.
    pub(crate) fn restart(&mut self) {
        self.used = 0;
        self.resume();
    }

    /// The host gives control back: what passed meanwhile was not the guest's.
    pub(crate) fn resume(&mut self) {
        self.resumed_at = self.ticks.count();
    }

    /// The guest noticed that a tick has come. Whether it came while the guest ran.
    ///
    /// # Errors
    /// Ends the guest where its time is used up.
    pub(crate) fn tick(&mut self) -> wasmtime::Result<bool> {
        let now = self.ticks.count();
        let ran = now > self.resumed_at;
        if ran {
            self.used += 1;
            self.resumed_at = now;
        }
        if self.used > self.most {
            return Err(Ending::Host(Error::limit("cpu", format_args!("{:?}", self.cpu))).into());
        }
        Ok(ran)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_count_together() {
        let limits = Limits { memory: 3 << 16, ..Limits::default() };
        let mut memory = Memory::new(&limits);
        assert!(memory.memory_growing(0, 1 << 16, None).unwrap());
        assert!(memory.memory_growing(0, 2 << 16, None).unwrap());
        let error = memory.memory_growing(1 << 16, 2 << 16, None).unwrap_err();
        let Some(Ending::Host(error)) = error.downcast_ref() else { panic!("{error:?}") };
        assert_eq!(error.bound.as_deref(), Some("memory: 196608"));
    }
}
