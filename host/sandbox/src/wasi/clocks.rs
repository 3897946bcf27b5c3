//! `wasi:clocks`: the time of the last record, and what the guest slept on top. Real time would differ
//! from replay to replay.

use std::time::Duration;

use wasmtime::component::Resource;

use super::{
    io::Pollable,
    wit::wasi::clocks::{monotonic_clock, wall_clock},
};
use crate::guest::Guest;

/// What both clocks tell apart, in nanoseconds: the resolution of recorded times.
const RESOLUTION_NANOS: u32 = 1_000;

impl Guest {
    /// Time since the call began, in nanoseconds.
    pub(super) fn monotonic_nanos(&self) -> u64 {
        let recorded = self.ledger().time().since(self.clock.began);
        nanos(recorded.saturating_add(self.clock.slept))
    }

    /// Sleeps until a monotonic time, which takes no time.
    pub(super) fn sleep_until(&mut self, instant: u64) {
        let rest = instant.saturating_sub(self.monotonic_nanos());
        self.clock.slept = self.clock.slept.saturating_add(Duration::from_nanos(rest));
    }
}

impl monotonic_clock::Host for Guest {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.monotonic_nanos())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(RESOLUTION_NANOS.into())
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<Pollable>> {
        self.open(Pollable::At(when))
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<Pollable>> {
        let when = self.monotonic_nanos().saturating_add(duration);
        self.open(Pollable::At(when))
    }
}

impl wall_clock::Host for Guest {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        let micros = Self::now(self).as_micros();
        let nanoseconds = u32::try_from(micros % 1_000_000).unwrap_or(0) * 1_000;
        Ok(wall_clock::Datetime { seconds: micros / 1_000_000, nanoseconds })
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime { seconds: 0, nanoseconds: RESOLUTION_NANOS })
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
