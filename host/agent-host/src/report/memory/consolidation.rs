//! Records that say the same, as people read it.

use serde_json::Value as Json;

use super::{in_runs, text};
use crate::{
    answer::memory::consolidation::{ConsolidateAnswer, ConsolidationDetail, GroupDetail},
    cli::Context,
    failure::Failure,
    printing::{line, note},
    report::{read, tell},
};

/// So many groups are printed.
const SHOWN: usize = 20;

/// Prints what one stands for, or what speaks for itself again.
pub(crate) fn consolidate(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let it: ConsolidateAnswer = read(answer)?;
    tell(context, &it, 0, || {
        if !it.parted.is_empty() {
            return line(format!(
                "{} record(s) speak for themselves again: {}",
                it.parted.len(),
                in_runs(&it.parted)
            ));
        }
        for GroupDetail { id, copies, text: of } in it.groups.iter().take(SHOWN) {
            line(format!("{id}  for {}", in_runs(copies)))?;
            of.iter().try_for_each(|it| text(it, "    "))?;
        }
        if it.groups.len() > SHOWN {
            note(format!("and {} more; `--json` has all", it.groups.len() - SHOWN));
        }
        let groups = it.groups.len();
        match it.commit {
            _ if groups == 0 => line("no record says the same as another one")?,
            Some(commit) => {
                line(format!("{groups} record(s) stand for {} that say the same", it.copies))?;
                note(format!(
                    "nothing was removed: `memory recall --copies` finds all, `memory consolidate --undo {commit}` takes \
                     it back"
                ));
            }
            None => line(format!("{groups} record(s) would stand for {}", it.copies))?,
        }
        if let Some(most) = it.more {
            note(format!("there are more than {most}: the same command finds the next ones"));
        }
        let earlier = it.consolidations.iter().filter(|of| Some(of.commit) != it.commit);
        let earlier: Vec<String> = earlier
            .map(|ConsolidationDetail { commit, copies }| format!("#{commit} ({copies})"))
            .collect();
        if !earlier.is_empty() {
            note(format!("earlier ones: {}", earlier.join(", ")));
        }
        Ok(())
    })
}
