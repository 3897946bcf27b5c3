//! One record for those that say the same, and all of it taken back.

use voyager_memory::{COPIES_MAX, Consolidated, MemoryId, WriteError};

use super::{Desk, one_written, read};
use crate::{
    answer::memory::consolidation::{ConsolidateAnswer, ConsolidationDetail, GroupDetail},
    answer::memory::named,
    failure::{Failure, FailureKind},
};

/// So many groups are told with their texts.
const SHOWN: usize = 100;

impl Desk {
    /// Answers `memory consolidate`.
    pub(super) fn consolidate(
        &self,
        space: Option<&str>,
        dry_run: bool,
    ) -> Result<ConsolidateAnswer, Failure> {
        self.check_space(space)?;
        let progress = self.progress.telling("read");
        let found = self.memory.consolidate(space, dry_run, self.now(), &progress);
        let stopped = || Failure::new(FailureKind::Cancelled, "stopped: nothing was written");
        let found = found.map_err(one_written)?.ok_or_else(stopped)?;
        let Consolidated { commit, groups, more } = found;
        let copies = groups.iter().map(|it| it.copies.len()).sum();
        let first: Vec<MemoryId> = groups.iter().take(SHOWN).map(|it| it.standing).collect();
        let texts = self.memory.records(&first).map_err(read)?;
        let texts = texts.into_iter().map(|it| it.map(|it| it.draft.text));
        let texts = texts.chain(std::iter::repeat_with(|| None));
        let groups = groups.iter().zip(texts).map(|(it, text)| GroupDetail {
            id: it.standing.to_string(),
            copies: named(&it.copies),
            text,
        });
        Ok(ConsolidateAnswer {
            dry_run,
            commit,
            groups: groups.collect(),
            copies,
            more: more.then_some(COPIES_MAX),
            parted: Vec::new(),
            consolidations: self.consolidations(),
        })
    }

    /// Answers `memory consolidate --undo`.
    pub(super) fn part(&self, commit: u64) -> Result<ConsolidateAnswer, Failure> {
        let parted = self.memory.part(commit, self.now()).map_err(|it| match it {
            WriteError::Invalid { invalid, .. } => {
                let all = self.memory.consolidations();
                let all: Vec<String> = all.iter().map(|it| format!("#{}", it.0)).collect();
                Failure::usage(invalid.problem).hint(match all.as_slice() {
                    [] => "there is none at all".to_owned(),
                    all => format!("there are {}", all.join(", ")),
                })
            }
            other => one_written(other),
        })?;
        let parted = named(&parted);
        let consolidations = self.consolidations();
        Ok(ConsolidateAnswer { parted, consolidations, ..ConsolidateAnswer::default() })
    }

    fn consolidations(&self) -> Vec<ConsolidationDetail> {
        let all = self.memory.consolidations().into_iter();
        all.map(|(commit, copies)| ConsolidationDetail { commit, copies }).collect()
    }
}
