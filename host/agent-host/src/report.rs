//! Answers as people read them; with `--json` as they are.

pub(crate) mod memory;
pub(crate) mod past;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;
use voyager_base::Usage;

use crate::{
    answer::{
        CompactAnswer, PruneAnswer, ReplayAnswer, ResultsAnswer, RunAnswer, RunDetail, RunError,
        RunRow, Status, TaskDetail, ToldAnswer, UndoAnswer, Undone, WaitDetail,
    },
    cli::Context,
    failure::{Failure, FailureKind},
    printing,
    protocol::Update,
};

/// Longest output that is shown whole; a longer one is better an artifact.
const SHOWN_CHARACTERS: usize = 4_000;

/// Ends a command: prints its answer, as JSON or by `plain`, and gives back its exit code.
pub(crate) fn tell(
    context: &Context,
    answer: &impl Serialize,
    exit_code: u8,
    plain: impl FnOnce() -> Result<(), Failure>,
) -> Result<u8, Failure> {
    if context.json {
        let answer = serde_json::to_value(answer)
            .map_err(|error| Failure::environment("cannot write JSON", &error))?;
        printing::last(&Update::Done { answer }, exit_code)?;
    } else {
        plain()?;
    }
    Ok(exit_code)
}

/// Prints how a run ended.
pub(crate) fn run(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let run: RunAnswer = read(answer)?;
    let exit_code = match (run.status, &run.error) {
        (Status::Done, _) => 0,
        (Status::Waiting | Status::Paused, _) => FailureKind::Waiting.exit_code(),
        (Status::Cancelled, _) => FailureKind::Cancelled.exit_code(),
        (_, Some(error)) if error.kind == "denied" => FailureKind::Denied.exit_code(),
        _ => FailureKind::Run.exit_code(),
    };
    tell(context, &run, exit_code, || {
        for (name, value) in &run.outputs {
            printing::line(printing::harmless(&shown(name, value)))?;
        }
        for (name, file) in &run.artifacts {
            printing::line(format!("{name}: {}", printing::harmless(file)))?;
        }
        if !run.changed.is_empty() {
            printing::line(format!("{} file(s) changed", run.changed.len()))?;
        }
        if let Some(error) = &run.error {
            printing::note(format!("error: {}", printing::harmless(&explained(error))));
        }
        for wait in &run.waits {
            printing::note(printing::harmless(&how_to_answer(&run.run, wait)));
        }
        if run.status == Status::Paused {
            printing::note(format!("`agent-host resume {}` goes on", run.run));
        }
        printing::note(format!(
            "{} {} in {} (run {})",
            run.name,
            run.status.word(),
            printing::duration(run.millis),
            run.run
        ));
        Ok(())
    })
}

/// Prints what a replay found.
pub(crate) fn replay(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let replay: ReplayAnswer = read(answer)?;
    tell(context, &replay, 0, || {
        printing::line(format!(
            "run {} replayed: {} records, {}, chain {}",
            replay.run,
            replay.records,
            replay.status.word(),
            replay.chain
        ))?;
        match replay.attempts_verified {
            Some(attempts) => printing::line(format!(
                "{attempts} tasks ran again with the recorded answers: every question and result is the same"
            )),
            None => Ok(()),
        }
    })
}

/// Says what became of something that a run was told.
pub(crate) fn told(context: &Context, answer: &Json, done: &str) -> Result<u8, Failure> {
    let told: ToldAnswer = read(answer)?;
    tell(context, &told, 0, || {
        if !told.is_new {
            return printing::line(format!("run {}: this came before", told.run));
        }
        printing::line(format!("run {}: {done}", told.run))?;
        if !told.goes_on {
            printing::note(format!("`agent-host resume {}` goes on", told.run));
        }
        Ok(())
    })
}

/// What a step waits for, and the command that gives it.
fn how_to_answer(run: &str, wait: &WaitDetail) -> String {
    let until = wait.until.as_ref().map_or_else(String::new, |until| format!(", until {until}"));
    match (&wait.signal, &wait.ty) {
        (None, _) => format!(
            "waits for an approval{until}: {}\n  agent-host approve {run} {}   (--refuse --reason TEXT)",
            wait.show.as_deref().unwrap_or_default(),
            wait.step
        ),
        (Some(signal), Some(ty)) => format!(
            "waits for the signal {signal}, a {ty}{until}\n  agent-host signal {run} {signal} JSON"
        ),
        (Some(signal), None) => {
            format!("waits for the signal {signal}{until}\n  agent-host signal {run} {signal}")
        }
    }
}

/// Says that a run was cancelled.
pub(crate) fn cancel(context: &Context, answer: &Json) -> Result<u8, Failure> {
    tell(context, answer, 0, || printing::line(answer.as_str().unwrap_or("cancelled")))
}

/// Prints what an undo did, or would do.
pub(crate) fn undo(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let undo: UndoAnswer = read(answer)?;
    let exit_code = match undo.outcome {
        Undone::Done | Undone::Possible | Undone::Nothing => 0,
        Undone::Refused => FailureKind::Run.exit_code(),
        Undone::Cancelled => FailureKind::Cancelled.exit_code(),
    };
    tell(context, &undo, exit_code, || {
        let of_run = format!("run {} ({})", undo.run, undo.name);
        for file in &undo.restored {
            let line = format!("  {:<8} {}/{}", file.how, file.root, file.path);
            printing::line(printing::harmless(&line))?;
        }
        let files = undo.restored.len();
        match (undo.outcome, &undo.undo) {
            (Undone::Done, Some(by)) => {
                printing::line(format!("{files} file(s) are as before {of_run}"))?;
                printing::note(format!("`agent-host undo {by}` brings the changes back"));
            }
            (Undone::Refused, _) => {
                for conflict in &undo.conflicts {
                    let line = printing::harmless(&format!("  conflict {}", conflict.reason));
                    printing::line(line)?;
                }
                printing::note(format!(
                    "error: nothing is touched: somebody changed {} file(s) since {of_run}",
                    undo.conflicts.len()
                ));
            }
            (Undone::Cancelled, _) => printing::note("cancelled; nothing is changed"),
            (Undone::Nothing, _) => {
                printing::line(format!("there is nothing to take back of {of_run}"))?;
            }
            (Undone::Possible | Undone::Done, _) => {
                printing::line(format!("{files} file(s) would be as before {of_run}"))?;
            }
        }
        for effect in &undo.not_undone {
            let line =
                format!("not taken back: {} {}  {}", effect.call, effect.about, effect.outcome);
            printing::note(printing::harmless(&line));
        }
        Ok(())
    })
}

/// Prints all runs.
pub(crate) fn runs(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let runs: Vec<RunRow> = read(answer)?;
    tell(context, &runs, 0, || {
        if runs.is_empty() {
            printing::note("no runs yet; `agent-host run MANIFEST` starts one");
        }
        runs.iter().try_for_each(|run| {
            printing::line(format!(
                "{}  {:<11}  {}  {:>10}  {:>7} records  {}",
                run.run,
                run.status.word(),
                run.started,
                printing::duration(run.millis),
                run.records,
                printing::harmless(&run.name)
            ))
        })
    })
}

/// Prints which runs were forgotten.
pub(crate) fn prune(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let pruned: PruneAnswer = read(answer)?;
    tell(context, &pruned, 0, || {
        for run in &pruned.runs {
            let name = printing::harmless(&run.name);
            printing::line(format!(
                "{}  {:<11}  {}  {name}",
                run.run,
                run.status.word(),
                run.started
            ))?;
        }
        let would = if pruned.dry_run { " would be" } else { "" };
        let runs = match pruned.runs.len() {
            1 => "1 run".to_owned(),
            many => format!("{many} runs"),
        };
        printing::line(format!(
            "{runs}{would} forgotten, {} kept: {} bytes of records, {} bytes of content",
            pruned.kept, pruned.record_bytes, pruned.content_bytes
        ))
    })
}

/// Prints what a compaction saved.
pub(crate) fn compact(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let done: CompactAnswer = read(answer)?;
    tell(context, &done, 0, || {
        if done.damaged_runs > 0 {
            printing::note(format!(
                "{} run(s) have damaged records, which stay as they are: `agent-host replay RUN` names them",
                done.damaged_runs
            ));
        }
        if !done.shrunk {
            printing::note(
                "room is not given back while something else goes on in this state folder",
            );
        }
        printing::line(format!(
            "{} records packed: {} of rows are {} now; the journal takes {}, {} before",
            done.records,
            printing::size(done.row_bytes),
            printing::size(done.segment_bytes),
            printing::size(done.disk_bytes_after),
            printing::size(done.disk_bytes_before)
        ))
    })
}

/// Prints what results are kept, or were.
pub(crate) fn results(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let answer: ResultsAnswer = read(answer)?;
    tell(context, &answer, 0, || {
        let results = match answer.results {
            1 => "1 result".to_owned(),
            many => format!("{many} results"),
        };
        let what = if answer.cleared { "forgotten" } else { "kept" };
        printing::line(format!("{results} {what}: {} bytes", answer.bytes))
    })
}

/// Prints one run.
pub(crate) fn show(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let detail: RunDetail = read(answer)?;
    tell(context, &detail, 0, || {
        head(&detail)?;
        for step in &detail.steps {
            let attempts = step.tasks.len();
            let tasks = if attempts > 1 { format!("  {attempts} tasks") } else { String::new() };
            let kept = match step.kept.len() {
                0 => String::new(),
                1 => "  1 item kept".to_owned(),
                items => format!("  {items} items kept"),
            };
            let note = tasks + &kept + &pauses(&step.tasks);
            printing::line(format!("  {:<9} {}{note}", step.state, step.step))?;
        }
        for told in &detail.told {
            let line = format!(
                "  {} {} {} by {}  {}",
                told.at, told.what, told.about, told.by, told.comment
            );
            printing::line(printing::harmless(line.trim_end()))?;
        }
        for wait in &detail.waits {
            printing::line(printing::harmless(&how_to_answer(&detail.row.run, wait)))?;
        }
        if let Some(Json::Object(outputs)) = &detail.outputs {
            printing::line("outputs")?;
            for (name, value) in outputs {
                printing::line(format!("  {}", printing::harmless(&shown(name, value))))?;
            }
        }
        match &detail.error {
            Some(error) => printing::line(printing::harmless(&explained(error))),
            None => Ok(()),
        }
    })
}

/// Prints one run as a tree.
pub(crate) fn trace(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let detail: RunDetail = read(answer)?;
    tell(context, &detail, 0, || {
        head(&detail)?;
        for step in &detail.steps {
            printing::line(format!("{}  {}", step.step, step.state))?;
            step.kept.iter().try_for_each(|item| printing::line(format!("  [{item}]  kept")))?;
            step.tasks.iter().try_for_each(|task| branch(task, 1))?;
        }
        Ok(())
    })
}

/// Prints the records of a run, a line each.
pub(crate) fn export(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let records: Vec<Json> = read(answer)?;
    tell(context, &records, 0, || records.iter().try_for_each(printing::json))
}

fn head(detail: &RunDetail) -> Result<(), Failure> {
    let row = &detail.row;
    printing::line(format!("run      {}", row.run))?;
    printing::line(printing::harmless(&format!("manifest {} ({})", row.name, detail.file)))?;
    printing::line(format!("status   {}", row.status.word()))?;
    printing::line(format!("started  {}, {}", row.started, printing::duration(row.millis)))?;
    if let Some(from) = &detail.from {
        printing::line(format!("from     {from}"))?;
    }
    printing::line(format!("records  {}, chain {}", row.records, detail.chain))?;
    printing::line(format!("used     {}", used(&detail.usage)))?;
    if let Json::Object(inputs) = &detail.inputs {
        for (name, value) in inputs {
            printing::line(printing::harmless(&format!("input    {}", shown(name, value))))?;
        }
    }
    Ok(())
}

/// How often more important tasks took the slot of tasks and their children.
fn pauses(tasks: &[TaskDetail]) -> String {
    fn sum(task: &TaskDetail) -> (u32, u64) {
        let own = task.paused.as_ref().map_or((0, 0), |it| (it.times, it.millis));
        let children = task.children.iter().map(sum);
        children.fold(own, |all, it| (all.0 + it.0, all.1 + it.1))
    }
    let (times, millis) =
        tasks.iter().map(sum).fold((0, 0), |all, it| (all.0 + it.0, all.1 + it.1));
    let time = printing::duration(millis);
    if times == 0 { String::new() } else { format!("  paused {times}x for {time}") }
}

/// What was used, in a line.
fn used(usage: &Usage) -> String {
    format!(
        "{} of processor, {} of memory, {} host call(s), {} in, {} out",
        printing::fine_duration(usage.cpu()),
        printing::size(usage.memory_bytes),
        usage.host_calls,
        printing::size(usage.bytes_in),
        printing::size(usage.bytes_out)
    )
}

fn branch(task: &TaskDetail, depth: usize) -> Result<(), Failure> {
    let indent = "  ".repeat(depth);
    let error = task.error.as_ref().map_or_else(String::new, |error| format!("  {error}"));
    let paused = task.paused.as_ref().map_or_else(String::new, |it| {
        format!(", paused {}x for {}", it.times, printing::duration(it.millis))
    });
    let kept = task.kept_from.as_ref().map_or_else(String::new, |run| format!(", kept from {run}"));
    let line = format!(
        "{indent}{} #{}  {}  {}{paused}{kept}  [{}]{error}",
        task.operation,
        task.attempt,
        task.state,
        printing::duration(task.millis),
        &task.task[..8.min(task.task.len())]
    );
    printing::line(printing::harmless(&line))?;
    if let Some(usage) = &task.usage {
        printing::line(format!("{indent}  used {}", used(usage)))?;
    }
    for effect in &task.effects {
        let line = format!("{indent}  · {} {}  {}", effect.call, effect.about, effect.outcome);
        printing::line(printing::harmless(&line))?;
    }
    for path in &task.staged {
        printing::line(printing::harmless(&format!("{indent}  + {path}")))?;
    }
    task.children.iter().try_for_each(|child| branch(child, depth + 1))
}

pub(crate) fn shown(name: &str, value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let cut: String = text.chars().take(SHOWN_CHARACTERS).collect();
    let rest =
        if cut.len() < text.len() { " ... (give the output a `file` to see all)" } else { "" };
    if cut.contains('\n') {
        format!("{name}:\n{cut}{rest}")
    } else {
        format!("{name}: {cut}{rest}")
    }
}

pub(crate) fn explained(error: &RunError) -> String {
    let place = match (&error.step, error.line) {
        (Some(step), Some(line)) => format!("step `{step}` (line {line}): "),
        (Some(step), None) => format!("step `{step}`: "),
        _ => String::new(),
    };
    let detail = match &error.detail {
        Some(Json::String(text)) if *text != error.message => format!(": {text}"),
        Some(Json::String(_)) | None => String::new(),
        Some(other) => format!(": {other}"),
    };
    let code = error.code.as_ref().map_or_else(String::new, |code| format!(" ({code})"));
    format!("{place}{}{code}: {}{detail}", error.kind, error.message)
}

/// Reads an answer.
pub(crate) fn read<T: DeserializeOwned>(answer: &Json) -> Result<T, Failure> {
    T::deserialize(answer).map_err(|error| {
        Failure::environment("the answer can't be read", &error)
            .hint("both processes must be of the same version")
    })
}
