//! Answers as people read them; with `--json` as they are.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;

use crate::{
    answer::{ReplayAnswer, RunAnswer, RunDetail, RunError, RunRow, Status, TaskDetail},
    cli::Context,
    failure::{Failure, FailureKind},
    printing,
    protocol::Update,
};

/// Longest output that is shown whole; a longer one is better an artifact.
const SHOWN_CHARACTERS: usize = 4_000;

/// Prints how a run ended.
pub(crate) fn run(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let run: RunAnswer = read(answer)?;
    if context.json {
        done(&run)?;
    } else {
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
        printing::note(format!(
            "{} {} in {} (run {})",
            run.name,
            run.status.word(),
            printing::duration(run.millis),
            run.run
        ));
    }
    Ok(match (run.status, &run.error) {
        (Status::Done, _) => 0,
        (Status::Cancelled, _) => FailureKind::Cancelled.exit_code(),
        (_, Some(error)) if error.kind == "denied" => FailureKind::Denied.exit_code(),
        _ => FailureKind::Run.exit_code(),
    })
}

/// Prints what a replay found.
pub(crate) fn replay(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let replay: ReplayAnswer = read(answer)?;
    if context.json {
        done(&replay)?;
        return Ok(0);
    }
    printing::line(format!(
        "run {} replayed: {} records, {}, chain {}",
        replay.run,
        replay.records,
        replay.status.word(),
        replay.chain
    ))?;
    if let Some(attempts) = replay.attempts_verified {
        printing::line(format!(
            "{attempts} tasks ran again with the recorded answers: every question and result is the same"
        ))?;
    }
    Ok(0)
}

/// Says that a run was cancelled.
pub(crate) fn cancel(context: &Context, answer: &Json) -> Result<u8, Failure> {
    if context.json {
        done(answer)?;
    } else {
        printing::line(answer.as_str().unwrap_or("cancelled"))?;
    }
    Ok(0)
}

/// Prints all runs.
pub(crate) fn runs(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let runs: Vec<RunRow> = read(answer)?;
    if context.json {
        done(&runs)?;
        return Ok(0);
    }
    if runs.is_empty() {
        printing::note("no runs yet; `agent-host run MANIFEST` starts one");
    }
    for run in &runs {
        printing::line(format!(
            "{}  {:<11}  {}  {:>10}  {:>7} records  {}",
            run.run,
            run.status.word(),
            run.started,
            printing::duration(run.millis),
            run.records,
            printing::harmless(&run.name)
        ))?;
    }
    Ok(0)
}

/// Prints one run.
pub(crate) fn show(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let detail: RunDetail = read(answer)?;
    if context.json {
        done(&detail)?;
        return Ok(0);
    }
    head(&detail)?;
    for step in &detail.steps {
        let attempts = step.tasks.len();
        let note = if attempts > 1 { format!("  {attempts} tasks") } else { String::new() };
        printing::line(format!("  {:<9} {}{note}", step.state, step.step))?;
    }
    if let Some(Json::Object(outputs)) = &detail.outputs {
        printing::line("outputs")?;
        for (name, value) in outputs {
            printing::line(format!("  {}", printing::harmless(&shown(name, value))))?;
        }
    }
    if let Some(error) = &detail.error {
        printing::line(printing::harmless(&explained(error)))?;
    }
    Ok(0)
}

/// Prints one run as a tree.
pub(crate) fn trace(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let detail: RunDetail = read(answer)?;
    if context.json {
        done(&detail)?;
        return Ok(0);
    }
    head(&detail)?;
    for step in &detail.steps {
        printing::line(format!("{}  {}", step.step, step.state))?;
        step.tasks.iter().try_for_each(|task| branch(task, 1))?;
    }
    Ok(0)
}

/// Prints the records of a run, a line each.
pub(crate) fn export(answer: &Json) -> Result<u8, Failure> {
    let records: Vec<Json> = read(answer)?;
    records.iter().try_for_each(printing::json)?;
    Ok(0)
}

fn head(detail: &RunDetail) -> Result<(), Failure> {
    let row = &detail.row;
    printing::line(format!("run      {}", row.run))?;
    printing::line(printing::harmless(&format!("manifest {} ({})", row.name, detail.file)))?;
    printing::line(format!("status   {}", row.status.word()))?;
    printing::line(format!("started  {}, {}", row.started, printing::duration(row.millis)))?;
    printing::line(format!("records  {}, chain {}", row.records, detail.chain))?;
    if let Json::Object(inputs) = &detail.inputs {
        for (name, value) in inputs {
            printing::line(printing::harmless(&format!("input    {}", shown(name, value))))?;
        }
    }
    Ok(())
}

fn branch(task: &TaskDetail, depth: usize) -> Result<(), Failure> {
    let indent = "  ".repeat(depth);
    let error = task.error.as_ref().map_or_else(String::new, |error| format!("  {error}"));
    let line = format!(
        "{indent}{} #{}  {}  {}  [{}]{error}",
        task.operation,
        task.attempt,
        task.state,
        printing::duration(task.millis),
        &task.task[..8.min(task.task.len())]
    );
    printing::line(printing::harmless(&line))?;
    for effect in &task.effects {
        let line = format!("{indent}  · {} {}  {}", effect.call, effect.about, effect.outcome);
        printing::line(printing::harmless(&line))?;
    }
    for path in &task.staged {
        printing::line(printing::harmless(&format!("{indent}  + {path}")))?;
    }
    task.children.iter().try_for_each(|child| branch(child, depth + 1))
}

fn shown(name: &str, value: &Json) -> String {
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

fn explained(error: &RunError) -> String {
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
    format!("{place}{}: {}{detail}", error.kind, error.message)
}

fn done(answer: &impl Serialize) -> Result<(), Failure> {
    let answer = serde_json::to_value(answer).expect("answers are plain data");
    printing::json(&Update::Done { answer })
}

fn read<T: DeserializeOwned>(answer: &Json) -> Result<T, Failure> {
    T::deserialize(answer).map_err(|error| {
        Failure::environment("the answer can't be read", &error)
            .hint("both processes must be of the same version")
    })
}
