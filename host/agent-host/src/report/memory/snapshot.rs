//! Snapshots of the memory, as people read them.

use serde_json::Value as Json;

use super::{damaged, in_runs};
use crate::{
    answer::memory::snapshot::{
        LeaveAnswer, RestoreFromAnswer, SnapshotAnswer, SnapshotDetail, SnapshotsAnswer,
    },
    cli::Context,
    failure::Failure,
    printing::{self, harmless, line, note},
    report::{read, tell},
    when,
};

/// Prints the new snapshot.
pub(crate) fn taken(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let taken: SnapshotAnswer = read(answer)?;
    tell(context, &taken, 0, || {
        described(&taken.snapshot)?;
        let (new, all) = (printing::size(taken.new_bytes), printing::size(taken.snapshot.bytes));
        note(harmless(&format!("{new} of {all} are new in {}", taken.folder)));
        if taken.mended > 0 {
            note(format!(
                "{} part(s) of earlier ones were damaged there, and are written again: the disk may be failing",
                taken.mended
            ));
        }
        if taken.unreadable > 0 {
            note(damaged(taken.unreadable));
        }
        if !taken.damaged.is_empty() {
            let ids = in_runs(&taken.damaged);
            note(format!(
                "damaged in the memory: {ids}; the folder keeps the keys that it has of them, so an earlier \
                 snapshot, restored into another folder, may have them whole"
            ));
        }
        if !taken.removed.is_empty() {
            let (count, size) = (taken.removed.len(), printing::size(taken.removed_bytes));
            note(format!("{count} older one(s) removed, and {size} that no other needs"));
        }
        for aside in &taken.aside {
            note(harmless(&format!("left as it is: {}: {}", aside.name, aside.problem)));
        }
        Ok(())
    })
}

/// Prints what snapshots there are.
pub(crate) fn list(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let found: SnapshotsAnswer = read(answer)?;
    tell(context, &found, u8::from(!found.is_whole()), || {
        found.snapshots.iter().try_for_each(described)?;
        for damaged in &found.damaged {
            line(harmless(&format!("{}  damaged: {}", damaged.name, damaged.problem)))?;
        }
        if found.snapshots.is_empty() && found.damaged.is_empty() {
            note("no snapshot here: `agent-host memory snapshot FOLDER` takes one");
        } else {
            note(format!("{} for all of them", printing::size(found.bytes)));
        }
        let Some(verified) = &found.verified else { return Ok(()) };
        if !verified.unopened.is_empty() {
            let unopened = in_runs(&verified.unopened);
            line(format!("damaged keys: {unopened} do not open, and do not come back"))?;
        }
        let parts = verified.parts;
        match verified.opened {
            _ if !found.is_whole() => note(
                "where the memory is whole, the next `memory snapshot` into this folder writes anew what it needs",
            ),
            true => line(format!("whole: {parts} part(s) read, and all records open"))?,
            false => {
                line(format!("whole: {parts} part(s) read"))?;
                note("the memory is locked: with --memory-key its records are opened, too");
            }
        }
        Ok(())
    })
}

fn described(it: &SnapshotDetail) -> Result<(), Failure> {
    let at = when::read(&it.at).map_or_else(|| it.at.clone(), |at| at.to_string());
    line(harmless(&format!(
        "{}  {at}  commit {}, {} record(s), {} relation(s), {} vector(s), {}",
        it.name,
        it.commit,
        it.records,
        it.relations,
        it.vectors,
        printing::size(it.bytes)
    )))
}

/// Says that a folder is left alone.
pub(crate) fn left(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let left: LeaveAnswer = read(answer)?;
    tell(context, &left, 0, || {
        line(harmless(&format!("{} is left alone from now on", left.folder)))?;
        note("What is forgotten from now on is not forgotten there: delete the folder.");
        Ok(())
    })
}

/// Prints what came back.
pub(crate) fn restored(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let restored: RestoreFromAnswer = read(answer)?;
    tell(context, &restored, 0, || {
        let RestoreFromAnswer { records, snapshot, forgotten, withheld, faults, .. } = &restored;
        let (name, commit) = (&snapshot.name, snapshot.commit);
        line(harmless(&format!("{records} record(s) of {name}, as of commit {commit}, verified")))?;
        if *forgotten > 0 {
            note(format!("{forgotten} record(s) were forgotten since, and did not come back"));
        }
        if *withheld > 0 {
            note(format!(
                "{withheld} of them still have keys in the folder: the memory that was backed up has none. Where \
                 they were damaged there, not forgotten, move that memory away and restore into a new folder, \
                 before anything is written here"
            ));
        }
        if !restored.derived.is_empty() {
            note(format!(
                "derived from what was forgotten since: {}. They are trusted no more than that was when the snapshot was \
                 taken; what was said of it later is not known here, and `agent-host memory trust` says it of them",
                in_runs(&restored.derived)
            ));
        }
        for (name, what) in &restored.passed_over {
            note(harmless(&format!("{name} is newer, and was passed over: {what}")));
        }
        if !restored.elsewhere.is_empty() {
            note(harmless(&format!(
                "other folders with snapshots of this memory: {}. What is forgotten from now on is forgotten there, \
                 too, once they are reached; `agent-host memory snapshots FOLDER --leave` gives one up that is gone \
                 for good",
                restored.elsewhere.join(", ")
            )));
        }
        let damaged: Vec<String> = faults.iter().filter_map(|it| it.id.clone()).collect();
        if !faults.is_empty() {
            let damaged = in_runs(&damaged);
            note(format!("damaged when it was taken: {damaged}; `memory verify` tells more"));
        }
        Ok(())
    })
}
