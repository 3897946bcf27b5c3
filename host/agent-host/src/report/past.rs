//! What the memory was, and what became of it, as people read it.

use serde_json::Value as Json;

use super::{
    memory::{heading, in_runs, text},
    read, tell,
};
use crate::{
    answer::{
        memory::RelationDetail,
        past::{
            BlameAnswer, DiffAnswer, HappeningDetail, HistoryAnswer, HistoryDetail, MomentDetail,
        },
    },
    cli::Context,
    failure::Failure,
    printing::{in_one_line, line, note},
    when,
};

/// Prints what supersedes what around a record.
pub(crate) fn history(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let history: HistoryAnswer = read(answer)?;
    tell(context, &history, 0, || {
        for HistoryDetail { record, supersedes, archived } in &history.records {
            let archived = if *archived { "  archived" } else { "" };
            let over = match supersedes.as_slice() {
                [] => String::new(),
                older => format!("  supersedes {}", older.join(", ")),
            };
            line(in_one_line(&format!("{}{over}{archived}", heading(record))))?;
            text(&record.text, "    ")?;
        }
        if history.records.len() == 1 {
            note(format!("{} supersedes nothing, and nothing supersedes it", history.id));
        }
        Ok(())
    })
}

/// A moment for people.
pub(crate) fn moment(it: &MomentDetail) -> String {
    match it.at.as_deref().and_then(when::read) {
        Some(at) => format!("#{} ({})", it.commit, when::short(at)),
        None if it.commit == 0 => "#0 (before the first)".to_owned(),
        None => format!("#{}", it.commit),
    }
}

/// Says which state was asked, and what can't be known of it.
pub(crate) fn as_of(it: &MomentDetail) {
    note(format!("as of commit {}; what was forgotten since stays forgotten", moment(it)));
    // What came later says how it stood, where all of that was noted.
    if it.commit + 1 < it.known_from {
        note(not_known(it.known_from));
    }
}

fn not_known(from: u64) -> String {
    format!(
        "what was done to which record before commit #{from} was not noted, and is guessed from what is there"
    )
}

fn relation(it: &RelationDetail) -> String {
    format!("{} {} {}", it.from, it.kind, it.to)
}

/// Prints what became of the memory.
pub(crate) fn diff(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let diff: DiffAnswer = read(answer)?;
    tell(context, &diff, 0, || {
        line(format!("commit {} to {}", moment(&diff.from), moment(&diff.to)))?;
        let named = |name: &str, what: &str| line(in_one_line(&format!("{name:<11} {what}")));
        let listed = |name: &str, ids: &[String], more: &str| match ids {
            [] => Ok(()),
            ids => named(name, &format!("{}{more}: {}", ids.len(), in_runs(ids))),
        };
        listed("added", &diff.added, "")?;
        if diff.gone > 0 {
            named("", &format!("{} more, forgotten since", diff.gone))?;
        }
        for it in &diff.superseded {
            named("superseded", &format!("{} by {}", it.to, it.from))?;
        }
        for it in &diff.related {
            named("related", &relation(it))?;
        }
        listed("unrelated", &diff.unrelated, "")?;
        listed("archived", &diff.archived, "")?;
        listed("restored", &diff.restored, "")?;
        listed("pinned", &diff.pinned, "")?;
        listed("unpinned", &diff.unpinned, "")?;
        listed("trusted", &diff.trusted, " otherwise")?;
        if diff.encoded > 0 {
            named("encoded", &format!("{} got a vector", diff.encoded))?;
        }
        if diff.cycles > 0 {
            named("ticked", &format!("{} cycle(s)", diff.cycles))?;
        }
        if diff.consolidated > 0 {
            named("same", &format!("{}, for which others stand", diff.consolidated))?;
        }
        if diff.parted > 0 {
            named("parted", &format!("{} that speak for themselves again", diff.parted))?;
        }
        if diff.forgotten > 0 {
            let ids = match diff.forgotten_ids.as_slice() {
                [] => String::new(),
                ids => format!(": {}", in_runs(ids)),
            };
            named("forgotten", &format!("{}{ids}", diff.forgotten))?;
        }
        if diff.from.commit == diff.to.commit {
            note("nothing was done in between");
        } else if diff.from.commit + 1 < diff.to.known_from {
            note(not_known(diff.to.known_from));
        }
        Ok(())
    })
}

/// Prints who wrote a record, and what was done to it.
pub(crate) fn blame(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let blame: BlameAnswer = read(answer)?;
    tell(context, &blame, 0, || {
        let named = |name: &str, value: &str| line(in_one_line(&format!("{name:<11} {value}")));
        named("id", &blame.id)?;
        named("written", &format!("{}, commit #{}", blame.written, blame.commit))?;
        if blame.together.len() > 1 {
            named("with", &in_runs(&blame.together))?;
        }
        named("author", blame.author.as_deref().unwrap_or("not named"))?;
        named("space", &blame.space)?;
        for (name, value) in
            [("thread", &blame.thread), ("skill", &blame.skill), ("run", &blame.run)]
        {
            value.iter().try_for_each(|it| named(name, it))?;
        }
        named("origin", &blame.origin)?;
        for HappeningDetail { commit, at, deed, relation: of } in &blame.since {
            let at = at.as_deref().and_then(when::read).map(when::short).unwrap_or_default();
            let of = of.as_ref().map(relation).unwrap_or_default();
            let told = format!("{:>8}  {at:<16}  {deed:<10}  {of}", format!("#{commit}"));
            line(in_one_line(told.trim_end()))?;
        }
        for it in &blame.undated {
            line(in_one_line(&format!("{:>8}  {:<16}  related     {}", "?", "", relation(it))))?;
        }
        if blame.commit < blame.known_from {
            note(not_known(blame.known_from));
        }
        Ok(())
    })
}
