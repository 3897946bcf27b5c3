//! `voyager:run`: lineage, what is left, progress, log.

use voyager_base::call::Report;

use super::wit::voyager::run::run;
use crate::{guest::Guest, text::plain};

/// Longest note of a progress report, in bytes.
const NOTE_BYTES_MAX: usize = 512;

impl run::Host for Guest {
    async fn get_lineage(&mut self) -> wasmtime::Result<run::Lineage> {
        let lineage = self.ledger().lineage();
        Ok(run::Lineage {
            run: lineage.run.to_string(),
            task: lineage.task.to_string(),
            parents: lineage.parents.iter().map(ToString::to_string).collect(),
            depth: u32::try_from(lineage.parents.len()).unwrap_or(u32::MAX),
        })
    }

    async fn get_remaining(&mut self) -> wasmtime::Result<run::Remaining> {
        let left = self.ledger().remaining();
        Ok(run::Remaining {
            host_calls: left.host_calls,
            log_bytes: left.log_bytes,
            child_tasks: left.children,
            depth: left.depth,
        })
    }

    async fn progress(
        &mut self,
        done: u64,
        total: Option<u64>,
        note: String,
    ) -> wasmtime::Result<()> {
        let note = plain(&note, NOTE_BYTES_MAX);
        self.ledger().report(Report::Progress { done, total, note });
        Ok(())
    }

    async fn log(&mut self, level: String, message: String) -> wasmtime::Result<()> {
        Self::log(self, &level, &message);
        Ok(())
    }
}
