//! What the memory answers, as people read it.

pub(crate) mod bench;
pub(crate) mod consolidation;
pub(crate) mod snapshot;
pub(crate) mod verify;

use std::{
    io::{IsTerminal as _, stdout},
    path::Path,
};

use serde_json::Value as Json;
use unicode_width::UnicodeWidthChar as _;
use voyager_base::{
    clock::Timestamp,
    memory::{Lesson, Trust},
};
use voyager_memory::{Kindred, MemoryId, runs};

use super::{past, read, tell};
use crate::{
    answer::memory::{
        AddAnswer, AlsoDetail, AuditDetail, EncodeAnswer, ExplainAnswer, Explained, ExportAnswer,
        ForgetAnswer, HitDetail, ImportAnswer, ListAnswer, NameDetail, OwnerAnswer, PassageDetail,
        PinAnswer, Reading, RecallAnswer, RecordDetail, RelateAnswer, RelationDetail,
        RestoreAnswer, ShowAnswer, StatsAnswer, TickAnswer, TimeDetail, TrustAnswer,
        UnrelateAnswer, UsedDetail, VectorRecall, WhenDetail,
    },
    cli::Context,
    failure::{Failure, FailureKind},
    printing::{self, harmless, in_one_line, line, note},
    when,
};

/// What to type where nothing is remembered.
const EMPTY: &str = "nothing is remembered yet: `agent-host memory add TEXT` remembers something, `agent-host memory import PATH` what \
                     files hold";

/// That there are records which nobody can read.
fn damaged(count: usize) -> String {
    format!("{count} record(s) are damaged: `agent-host memory verify` says which, and what to do")
}

/// Why no record is there: none was written, or none can be read.
fn none_there(unreadable: usize) -> String {
    if unreadable == 0 { EMPTY.to_owned() } else { damaged(unreadable) }
}

/// What locking does not reach.
const ELSEWHERE: &str =
    "Journals of runs, exports, and copies of the folder from before say what they say.";

/// What forgetting does not reach.
const STILL_HELD: &str = "journals of runs (`runs prune`, then `runs compact`), results that \
                          `cache:` keeps (`cache clear`) and exports made before still hold \
                          what they were given";

/// From here on it is said that a question is hardly answered.
const DOUBTFUL: f64 = 0.8;

/// Prints the id of a new record.
pub(crate) fn add(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let added: AddAnswer = read(answer)?;
    tell(context, &added, 0, || line(&added.id))
}

/// Prints what answers a question.
pub(crate) fn recall(context: &Context, answer: &Json) -> Result<u8, Failure> {
    recalled(context, answer, hit)
}

/// Prints what was learned in situations like one.
pub(crate) fn lessons(context: &Context, answer: &Json) -> Result<u8, Failure> {
    recalled(context, answer, lesson)
}

/// Prints what answers a question, where it is not put together to passages each by `hit`.
fn recalled(
    context: &Context,
    answer: &Json,
    hit: impl Fn(&HitDetail) -> Result<(), Failure>,
) -> Result<u8, Failure> {
    let recall: RecallAnswer = read(answer)?;
    tell(context, &recall, 0, || {
        recall.as_of.iter().for_each(past::as_of);
        match &recall.passages {
            Some(passages) => passages.iter().try_for_each(passage)?,
            None => recall.hits.iter().try_for_each(&hit)?,
        }
        recall.notes.iter().for_each(|it| note(harmless(it)));
        if recall.hits.is_empty() {
            note(nothing_found(recall.records, recall.damaged, recall.left_out));
            if recall.superseded > 0 {
                note(left_out(recall.superseded));
            }
            if let Some(archived) = recall.archived.filter(|it| *it > 0) {
                note(format!("{archived} left out, which faded; `--archived` asks for them too"));
            }
            if recall.records > 0 && recall.damaged > 0 {
                note(damaged(recall.damaged));
            }
            return Ok(());
        }
        if let Some(when) = recall.when.as_ref().filter(|_| !recall.doubt.is_some_and(is_doubtful))
        {
            note(harmless(&format!("when: {}", when_it_was(when))));
        }
        let mut told = vec![format!("{} tokens", recall.tokens)];
        told.extend(recall.passages.iter().map(|it| format!("{} passage(s)", it.len())));
        if recall.left_out > 0 {
            told.push(format!("{} left out for the limit and the budget", recall.left_out));
        }
        if recall.duplicates > 0 {
            told.push(format!("{} say the same as others", recall.duplicates));
        }
        if let Some(doubt) = recall.doubt.filter(|it| is_doubtful(*it)) {
            told.push(format!("probably none answers it (doubt {doubt:.2})"));
        }
        note(format!(
            "{} of {} candidates, {}",
            recall.hits.len(),
            recall.candidates,
            told.join(", ")
        ));
        if recall.superseded > 0 {
            note(left_out(recall.superseded));
        }
        Ok(())
    })
}

fn hit(hit: &HitDetail) -> Result<(), Failure> {
    turn(Some(hit.score), &hit.record)?;
    same(hit)
}

/// Prints which others say the same as a hit.
fn same(hit: &HitDetail) -> Result<(), Failure> {
    if hit.same.is_empty() {
        return Ok(());
    }
    let (count, named) = (hit.same.len() + hit.same_more, in_runs(&hit.same));
    let more = match hit.same_more {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    line(format!("        and {count} that say the same: {named}{more}"))
}

/// Prints a lesson by its parts, one that has them.
fn lesson(it: &HitDetail) -> Result<(), Failure> {
    let part = |name| it.record.fields.get(name);
    let [Some(context), Some(tried), Some(outcome), Some(worked)] = Lesson::FIELDS.map(part) else {
        return hit(it);
    };
    let worked = match worked.as_str() {
        "true" => "which worked",
        "false" => "which did not work",
        _ => return hit(it),
    };
    titled(Some(it.score), &it.record)?;
    text(context, "        ")?;
    text(&format!("tried, {worked}: {tried}"), "        ")?;
    text(&format!("outcome: {outcome}"), "        ")?;
    same(it)
}

fn passage(passage: &PassageDetail) -> Result<(), Failure> {
    passage.turns.iter().try_for_each(|it| turn(it.score, &it.record))?;
    line(format!("        = {}: {} tokens", in_runs(&passage.ids), passage.tokens))?;
    line("")
}

/// Prints a record, with its score where it is a hit.
fn turn(score: Option<f64>, record: &RecordDetail) -> Result<(), Failure> {
    titled(score, record)?;
    text(&record.text, "        ")
}

/// Prints what stands above a record.
fn titled(score: Option<f64>, record: &RecordDetail) -> Result<(), Failure> {
    let score = score.map_or_else(String::new, |it| format!("{it:.2}"));
    line(in_one_line(&format!("{score:>6}  {}", heading(record))))
}

/// Whether what was found probably does not answer.
fn is_doubtful(doubt: f64) -> bool {
    doubt >= DOUBTFUL
}

/// When that happened which was asked about.
fn when_it_was(WhenDetail { first, last, by, said, .. }: &WhenDetail) -> String {
    let days = if first == last { first.clone() } else { format!("{first} to {last}") };
    if *said {
        format!("{days}, says {by}")
    } else {
        format!("{by} was told on {days}, and tells no time of it")
    }
}

/// That superseded records would have been among the hits.
fn left_out(superseded: usize) -> String {
    format!("{superseded} left out, which newer ones supersede; `--history` asks for them too")
}

fn nothing_found(records: usize, damaged: usize, left_out: usize) -> String {
    match (records, left_out) {
        (0, _) => none_there(damaged),
        (_, 0) => "nothing answers it; other words, or fewer filters, may find more".to_owned(),
        (_, left_out) => format!("{left_out} would answer it, and none fits the budget"),
    }
}

/// Who, when and where of a record.
pub(super) fn heading(record: &RecordDetail) -> String {
    let at = when::read(&record.at).map_or_else(|| record.at.clone(), when::short);
    let mut parts = vec![record.id.clone(), at];
    parts.extend(record.author.clone());
    if let Some(thread) = &record.thread {
        parts.push(format!("[{thread}]"));
    }
    if record.space != "default" {
        parts.push(format!("({})", record.space));
    }
    if record.trust != Trust::Owner {
        parts.push(format!("trust {}", record.trust));
    }
    if !record.superseded_by.is_empty() {
        parts.push(format!("superseded by {}", record.superseded_by.join(", ")));
    }
    parts.join("  ")
}

/// Prints a text: one line that fits, for people who look; elsewhere all of it.
pub(super) fn text(text: &str, indent: &str) -> Result<(), Failure> {
    let plain = harmless(text);
    match terminal_columns() {
        Some(columns) => {
            let one = plain.split_whitespace().collect::<Vec<_>>().join(" ");
            line(format!("{indent}{}", cut(&one, columns.saturating_sub(indent.len()))))
        }
        None => plain.lines().try_for_each(|it| line(format!("{indent}{it}"))),
    }
}

/// How wide the terminal is that standard output goes to; none where it goes elsewhere.
fn terminal_columns() -> Option<usize> {
    let out = stdout();
    if !out.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(out).ok()?;
    // Some say nothing.
    let columns = if size.ws_col == 0 { 80 } else { usize::from(size.ws_col) };
    Some(columns.max(40))
}

/// The beginning of a text that takes so many columns.
fn cut(text: &str, columns: usize) -> String {
    let width = |it: char| it.width().unwrap_or_default();
    if text.chars().map(width).sum::<usize>() <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |it: &char| {
        let fits = width(*it) <= left;
        left = left.saturating_sub(width(*it));
        fits
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

/// Prints why a question is answered as it is.
pub(crate) fn explain(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let explain: ExplainAnswer = read(answer)?;
    tell(context, &explain, 0, || {
        explain.as_of.iter().for_each(past::as_of);
        for hit in &explain.hits {
            explained(hit)?;
        }
        if let Some(asked) = &explain.asked {
            line(in_one_line(&format!("{}: {}: {}", asked.id, asked.verdict, asked.reason)))?;
            let beside = asked.found.as_ref().filter(|_| asked.verdict != "hit");
            if let Some(found) = beside {
                line(format!("  {:<12}{:>8}{:>10}", "signal", asked.id, "last hit"))?;
                let last = explain.hits.last().map(|it| it.signals.named());
                for (place, (name, value)) in found.signals.named().into_iter().enumerate() {
                    let last = last.map_or_else(String::new, |it| format!("{:.3}", it[place].1));
                    line(format!("  {name:<12}{value:>8.3}{last:>10}"))?;
                }
            }
        }
        explain.question.iter().try_for_each(reading)?;
        for NameDetail { said, author } in &explain.names {
            line(in_one_line(&format!("{said} = {author}")))?;
        }
        for AlsoDetail { said, name, by } in &explain.also {
            line(in_one_line(&format!("{said} = {name} ({by})")))?;
        }
        for Kindred { word, near } in explain.kindred.iter().filter(|it| !it.near.is_empty()) {
            let near = near.iter().take(KINDRED_SHOWN).map(|it| format!("{} {:.2}", it.0, it.1));
            let near: Vec<String> = near.collect();
            line(in_one_line(&format!("{word} ~ {}", near.join(", "))))?;
        }
        if explain.records == 0 {
            note(none_there(explain.damaged));
        } else {
            let Some(first) = explain.hits.first() else {
                note(nothing_found(explain.records, explain.damaged, explain.candidates));
                return Ok(());
            };
            note(format!(
                "{} candidates of {} records; `--json` has all {} features of each hit",
                explain.candidates,
                explain.records,
                first.features.len()
            ));
        }
        Ok(())
    })
}

/// So many words like one of the question are shown.
const KINDRED_SHOWN: usize = 8;

/// How a question was read, as far as that is more than its words.
fn reading(question: &Reading) -> Result<(), Failure> {
    for TimeDetail { said, from, until } in &question.times {
        let window = from.iter().zip(until).map(|(from, until)| format!(": {from} to {until}"));
        line(in_one_line(&format!("time {said}{}", window.collect::<String>())))?;
    }
    if let Some(tied) = &question.tied {
        let unknown = || "the answer does not go by when that was".to_owned();
        let when = tied.when.as_ref().map_or_else(unknown, when_it_was);
        line(in_one_line(&format!("{}: {when}", tied.told())))?;
    }
    question.parts.iter().try_for_each(|it| line(in_one_line(&format!("apart \"{it}\""))))
}

fn explained(hit: &Explained) -> Result<(), Failure> {
    line(format!(
        "{:>3}. {}  score {:.3} (untrained {:.3}), {} tokens, trust {}",
        hit.rank, hit.id, hit.score, hit.untrained, hit.tokens, hit.trust
    ))?;
    text(&hit.text, "     ")?;
    let told = hit.signals.named().map(|(name, value)| format!("{name} {value:.3}"));
    line(format!("     {}", told[..5].join("  ")))?;
    line(format!("     {}", told[5..].join("  ")))
}

/// Prints a record.
pub(crate) fn show(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let shown: ShowAnswer = read(answer)?;
    tell(context, &shown, 0, || {
        let record = &shown.record;
        let named = |name: &str, value: &str| line(in_one_line(&format!("{name:<11} {value}")));
        named("id", &record.id)?;
        named("space", &record.space)?;
        for (name, value) in [("author", &record.author), ("thread", &record.thread)] {
            value.iter().try_for_each(|it| named(name, it))?;
        }
        named("told", &record.at)?;
        named("written", &record.written)?;
        named("kind", &record.kind)?;
        if !record.tags.is_empty() {
            named("tags", &record.tags.join(", "))?;
        }
        // What somebody else wrote is no line of this program's own.
        for (name, value) in &record.fields {
            named("field", &format!("{name} = {value}"))?;
        }
        let pinned = if shown.pinned { ", pinned" } else { "" };
        let archived = if shown.archived { ", archived" } else { "" };
        named("importance", &record.importance.to_string())?;
        named("confidence", &record.confidence.to_string())?;
        named("weight", &format!("{:.3}{pinned}{archived}", shown.weight))?;
        let through = match (shown.lowered_by.as_slice(), record.trust.name() == shown.own_trust) {
            (_, true) => String::new(),
            ([], false) => format!(", by itself {}", shown.own_trust),
            (by, false) => format!(", by itself {}, through {}", shown.own_trust, by.join(", ")),
        };
        named("trust", &format!("{}{through}", record.trust))?;
        if let Some(standing) = &shown.standing {
            named("same", &format!("as {standing}, which stands for it"))?;
        }
        if !shown.stands_for.is_empty() {
            named("stands for", &in_runs(&shown.stands_for))?;
        }
        if !record.superseded_by.is_empty() {
            named("superseded", &format!("by {}", record.superseded_by.join(", ")))?;
        }
        for RelationDetail { from, kind, to, weight } in &shown.relations {
            named("relation", &format!("{from} {kind} {to} ({weight})"))?;
        }
        line("")?;
        line(harmless(&record.text))
    })
}

/// Prints the newest records.
pub(crate) fn list(
    context: &Context,
    answer: &Json,
    archived: bool,
    before: Option<MemoryId>,
) -> Result<u8, Failure> {
    let list: ListAnswer = read(answer)?;
    if before.is_some() && list.older.is_none() {
        let problem = "the host that runs knows no `--before`, and told of the newest records";
        return Err(Failure::new(FailureKind::Environment, problem)
            .hint("both processes must be of the same version"));
    }
    tell(context, &list, 0, || {
        list.as_of.iter().for_each(past::as_of);
        for record in &list.records {
            line(in_one_line(&heading(record)))?;
            text(&record.text, "    ")?;
        }
        match (list.of, list.records.len()) {
            (0, _) if list.as_of.is_some() && list.in_all == 0 => {
                note("nothing that is still here was there then");
            }
            (0, _) if archived && list.in_all > 0 && list.archived == 0 => {
                note("no record here is archived");
            }
            (0, _) if !archived && list.in_all > 0 && list.archived == list.in_all => {
                note(format!("all {} are archived: `memory list --archived`", list.archived));
            }
            (0, _) if list.in_all > 0 => {
                note("none like this; without `--space` and the like all are listed");
                if !archived && list.archived > 0 {
                    note(format!("{} are archived: `--archived` lists those", list.archived));
                }
            }
            (0, _) => note(none_there(list.damaged)),
            (_, 0) if list.damaged == 0 => note("none is older"),
            (of, shown) => {
                let is_more = list.older.is_some_and(|it| it > 0);
                if let Some(last) = list.records.last().filter(|_| is_more) {
                    let next = format!("`--limit` shows more, `--before {}` the next", last.id);
                    note(format!("{shown} of {of}; {next}"));
                }
            }
        }
        if list.in_all > 0 && list.damaged > 0 {
            note(damaged(list.damaged));
        }
        Ok(())
    })
}

/// Prints which relations were taken back.
pub(crate) fn unrelate(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let taken: UnrelateAnswer = read(answer)?;
    tell(context, &taken, 0, || {
        let UnrelateAnswer { from, kind, to, count } = &taken;
        let times = if *count > 1 { format!(", all {count}") } else { String::new() };
        line(in_one_line(&format!("taken back: {from} {kind} {to}{times}")))
    })
}

/// Prints a new relation.
pub(crate) fn relate(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let related: RelateAnswer = read(answer)?;
    tell(context, &related, 0, || {
        let RelationDetail { from, kind, to, weight } = &related.relation;
        line(in_one_line(&format!("{from} {kind} {to} ({weight})")))?;
        if !related.counts {
            note(format!(
                "{to} is trusted more than {from}, and is recalled as before: `memory trust` says otherwise"
            ));
        }
        Ok(())
    })
}

/// Says how far records are trusted now.
pub(crate) fn trust(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let it: TrustAnswer = read(answer)?;
    tell(context, &it, 0, || {
        match it.ids.as_slice() {
            [] => line("there is none")?,
            ids => line(format!("trusted as `{}`: {}", it.trust, in_runs(ids)))?,
        }
        if !it.lowered.is_empty() {
            note(format!(
                "trusted less through what they descend from: {}; `memory show ID` says through which",
                in_runs(&it.lowered)
            ));
        }
        Ok(())
    })
}

/// Prints the receipt of what was forgotten.
pub(crate) fn forget(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let forgotten: ForgetAnswer = read(answer)?;
    tell(context, &forgotten, 0, || {
        let ForgetAnswer { ids, commit, at, damaged, snapshots, pending, .. } = &forgotten;
        if ids.is_empty() {
            line("there is nothing to forget")?;
        } else {
            line(format!("forgot {} record(s): {}", ids.len(), in_runs(ids)))?;
            line(format!("commit {commit}, {at}"))?;
            for folder in snapshots {
                line(in_one_line(&format!("also in the snapshots in {folder}")))?;
            }
            for folder in pending {
                note(harmless(&format!(
                    "NOT yet in the snapshots in {}: {}; the next `memory snapshot` or `memory forget` that reaches it \
                     does it, `memory snapshots FOLDER --leave` gives it up",
                    folder.name, folder.problem
                )));
            }
            note(STILL_HELD);
        }
        if !damaged.is_empty() {
            let damaged = in_runs(damaged);
            note(format!(
                "damaged, so that nobody can tell whether they are meant: {damaged}; name them to forget them"
            ));
        }
        Ok(())
    })
}

/// Ids, where those that follow each other are told by the first and the last.
pub(super) fn in_runs(ids: &[String]) -> String {
    let numbers = ids.iter().filter_map(|it| it.trim_start_matches('m').parse().ok());
    let runs = runs(&numbers.map(MemoryId).collect::<Vec<_>>());
    let told = runs.into_iter().map(|(first, count)| {
        let last = MemoryId(first.0 + (count - 1));
        match count {
            1 => format!("{first}"),
            2 => format!("{first}, {last}"),
            _ => format!("{first} to {last}"),
        }
    });
    told.collect::<Vec<_>>().join(", ")
}

/// Says whether a record fades.
pub(crate) fn pin(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let pinned: PinAnswer = read(answer)?;
    tell(context, &pinned, 0, || {
        let fades = if pinned.pinned { "does not fade" } else { "fades where nobody uses it" };
        line(format!("{} {fades}", pinned.id))
    })
}

/// Says what is left of the weights of used records.
pub(crate) fn used(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let used: Vec<UsedDetail> = read(answer)?;
    tell(context, &used, 0, || {
        used.iter().try_for_each(|it| line(format!("{} has a weight of {:.2}", it.id, it.weight)))
    })
}

/// Says which records are back.
pub(crate) fn restore(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let restored: RestoreAnswer = read(answer)?;
    tell(context, &restored, 0, || match restored.ids.as_slice() {
        [] => line("none of them is archived"),
        ids => line(format!("back with the weight {}: {}", restored.weight, in_runs(ids))),
    })
}

/// Prints the cycle of decay.
pub(crate) fn tick(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let ticked: TickAnswer = read(answer)?;
    tell(context, &ticked, 0, || {
        line(format!("cycle {}", ticked.cycle))?;
        if ticked.archived > 0 {
            note(format!(
                "{} record(s) faded and are archived: `memory list --archived` shows them, `memory restore ID` \
                 brings one back",
                ticked.archived
            ));
        }
        Ok(())
    })
}

/// Prints what opens the memory from now on.
pub(crate) fn owner(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let owner: OwnerAnswer = read(answer)?;
    tell(context, &owner, 0, || {
        match &owner.locked_with {
            Some(kind) => {
                line(format!("the memory opens with this {kind} alone"))?;
                note(format!(
                    "Keep the {kind}: without it nobody can read the memory, you neither."
                ));
                note(ELSEWHERE);
            }
            None => line("the memory opens for whoever can read its folder")?,
        }
        for folder in &owner.snapshots {
            note(harmless(&format!(
                "NOT yet so the snapshots in {folder}: `agent-host memory snapshot` into it has them follow"
            )));
        }
        for folder in &owner.pending {
            note(harmless(&format!(
                "perhaps NOT yet so the snapshots in {}: {}; `agent-host memory snapshot` into it has them follow",
                folder.name, folder.problem
            )));
        }
        Ok(())
    })
}

/// Prints what was done last.
pub(crate) fn audit(context: &Context, answer: &Json, limit: usize) -> Result<u8, Failure> {
    let audit: Vec<AuditDetail> = read(answer)?;
    tell(context, &audit, 0, || {
        for AuditDetail { commit, at, deed, first, count } in &audit {
            let at = when::read(at).map_or_else(|| at.clone(), |it: Timestamp| it.to_string());
            let about = match deed.as_str() {
                "ticked" => format!("{count} cycle(s), up to {first}"),
                _ => format!("{count} from m{first} on"),
            };
            line(format!("{commit:>8}  {at}  {deed:<10}  {about}"))?;
        }
        if audit.is_empty() && limit > 0 {
            note(EMPTY);
        }
        Ok(())
    })
}

/// What to do where questions find too few of the nearest vectors.
const MISSED: &str = "questions miss some of the nearest vectors; words still find what they say. `memory verify` says \
     whether something is damaged. If nothing is, the vectors of this encoder lie too close for so many: ask within \
     spaces (`--space`), of which up to 20,000 vectors are all compared, or change to an encoder of more dimensions";

/// Prints what there is.
pub(crate) fn stats(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let stats: StatsAnswer = read(answer)?;
    tell(context, &stats, 0, || {
        let named = |name: &str, value: &str| line(in_one_line(&format!("{name:<10} {value}")));
        let archived = match stats.archived {
            0 => String::new(),
            archived => format!(", {archived} of them archived"),
        };
        named("records", &format!("{}{archived}", stats.records))?;
        for (space, records) in &stats.spaces {
            named("  space", &format!("{space}: {records}"))?;
        }
        named("threads", &stats.threads.to_string())?;
        named("words", &stats.words.to_string())?;
        named("relations", &stats.relations.to_string())?;
        let encoder = match (&stats.encoder_problem, &stats.encoder) {
            (Some(problem), _) => format!("can't be used: {problem}"),
            (None, Some(name)) => name.clone(),
            (None, None) => "none".to_owned(),
        };
        named("encoder", &encoder)?;
        named("vectors", &format!("{} of {}", stats.vectors, stats.records))?;
        if let Some(VectorRecall { recall, low, high, questions, .. }) = &stats.vector_recall {
            let share = format!("{recall:.3} of the ten nearest vectors are found");
            let sure = format!("{low:.3} to {high:.3}, by {questions} question(s)");
            named("nearest", &format!("{share} ({sure})"))?;
        }
        if !stats.damaged.is_empty() {
            named("damaged", &in_runs(&stats.damaged))?;
        }
        let (rows, all) = (printing::size(stats.row_bytes), printing::size(stats.database_bytes));
        named("rows", &format!("{rows}, {} bytes a record", stats.bytes_per_record))?;
        named("database", &all)?;
        let told = |at: &String| when::read(at).map_or_else(|| at.clone(), when::short);
        let since = stats.cycle_since.as_ref().map(|it| format!(", since {}", told(it)));
        let until = stats.cycle_until.as_ref().map(|it| format!("; the next one {}", told(it)));
        let (since, until) = (since.unwrap_or_default(), until.unwrap_or_default());
        named("cycle", &format!("{}{since}{until}", stats.cycle))?;
        named("commit", &stats.commit.to_string())?;
        let (again, anew) = (stats.answers_again, stats.answers_anew);
        let kept = printing::size(stats.answer_bytes as u64);
        named("answers", &format!("{again} given again, {anew} found anew, {kept} kept"))?;
        let (kept, offered) = (stats.results_kept, stats.results_offered);
        let bytes = printing::size(stats.result_bytes as u64);
        named("results", &format!("{kept} kept ({bytes}), offered {offered} time(s)"))?;
        named("folder", &stats.folder)?;
        for it in &stats.snapshots {
            let behind = if it.pending { ", where something is still to be forgotten" } else { "" };
            named("snapshots", &format!("{}{behind}", it.folder))?;
        }
        named("locked", stats.locked_with.as_deref().map_or("no", |_| "yes"))?;
        if stats.vector_recall.as_ref().is_some_and(|it| it.is_low) {
            note(MISSED);
        }
        if stats.records == 0 {
            note(none_there(stats.damaged.len()));
        }
        Ok(())
    })
}

/// Prints how many vectors were made.
pub(crate) fn encode(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let it: EncodeAnswer = read(answer)?;
    tell(context, &it, 0, || {
        line(format!("{} new vector(s): {} of {} records", it.encoded, it.vectors, it.records))?;
        if it.refused > 0 {
            note(format!("{} record(s) have none: words find them", it.refused));
        }
        Ok(())
    })
}

/// Prints what an import added.
pub(crate) fn import(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let it: ImportAnswer = read(answer)?;
    tell(context, &it, 0, || {
        let relations = match it.relations {
            0 => String::new(),
            relations => format!(" and {relations} relation(s)"),
        };
        line(format!("{} new record(s){relations} from {} file(s)", it.records, it.files))?;
        for (count, what) in [
            (it.known, "record(s) were there from an earlier import; `--again` adds them again"),
            (
                it.trusted_otherwise,
                "of them are trusted otherwise than this import asks for: `memory trust` changes that",
            ),
            (
                it.forgotten,
                "record(s) of an earlier import were forgotten since; `--again` adds them again",
            ),
            (
                it.damaged,
                "record(s) of an earlier import are damaged: `agent-host memory verify` says which, and what to do",
            ),
            (
                it.taken_back,
                "relation(s) are left out: one between the same records was taken back since an earlier import",
            ),
            (it.empty, "message(s) have no text"),
            (it.files_passed_over, "other file(s), links and hidden ones were not read"),
        ] {
            if count > 0 {
                note(format!("{count} {what}"));
            }
        }
        some_of(it.bad, "broken record(s) were passed over", &it.first_bad);
        let untimed = "time(s) can't be read, and what they are of is told as of its import";
        some_of(it.untimed, untimed, &it.first_untimed);
        if it.untimed > 0 {
            note(DATES);
        }
        Ok(())
    })
}

/// Which dates are read, where some are not.
const DATES: &str = "a date is read where the year stands first, where the day is above 12, as `17.05.2024`, or where \
     another one of the file shows which number is the day";

/// Tells how many there are of something, and the first of them.
fn some_of(count: u64, what: &str, first: &[String]) {
    if count == 0 {
        return;
    }
    note(format!("{count} {what}:"));
    first.iter().for_each(|it| note(format!("  {}", harmless(it))));
    match count.saturating_sub(first.len() as u64) {
        0 => {}
        more => note(format!("  and {more} more")),
    }
}

/// Says what an export has.
pub(crate) fn exported(answer: &ExportAnswer, out: Option<&Path>) {
    let to = out.map_or_else(String::new, |it| format!(" in {}", it.display()));
    let (records, relations) = (answer.records, answer.relations);
    note(harmless(&format!("{records} record(s) and {relations} relation(s){to}")));
    if !answer.damaged.is_empty() {
        note(format!("left out, since they are damaged: {}", in_runs(&answer.damaged)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_where_the_terminal_ends() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("日本語の文", 5), "日本…");
    }

    #[test]
    fn ids_that_follow_each_other_are_runs() {
        let ids = ["m1", "m2", "m3", "m7", "m9", "m10"].map(str::to_owned);
        assert_eq!(in_runs(&ids), "m1 to m3, m7, m9, m10");
        assert_eq!(in_runs(&[]), "");
    }
}
