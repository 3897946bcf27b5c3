//! What people see while a run goes on: bars on a terminal, plain lines elsewhere, JSON on demand.

use std::{collections::BTreeMap, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::{
    cli::Context,
    failure::Failure,
    host::Attended,
    printing,
    protocol::{Event, Update},
};

/// Shows updates as they come.
pub(crate) enum Progress {
    /// Nothing.
    Quiet,
    /// One line of JSON each.
    Json,
    /// Lines that stay.
    Lines,
    /// Bars that move, and lines that stay above them.
    Bars(Bars),
}

/// One bar for each step that is going on.
pub(crate) struct Bars {
    all: MultiProgress,
    steps: BTreeMap<String, StepBar>,
    /// How far an import, or a check, is.
    import: Option<ProgressBar>,
}

/// The bar of a step, which several executions of it share: those of a block may run at once.
pub(crate) struct StepBar {
    bar: ProgressBar,
    executions: u32,
}

impl Progress {
    /// The kind that fits the command line and the terminal.
    pub(crate) fn new(context: &Context) -> Self {
        if context.quiet {
            Self::Quiet
        } else if context.json {
            Self::Json
        } else if printing::on_terminal() && !context.logs {
            // Bars would be drawn over log lines.
            let (all, steps) = (MultiProgress::new(), BTreeMap::new());
            Self::Bars(Bars { all, steps, import: None })
        } else {
            Self::Lines
        }
    }

    /// Shows one update.
    pub(crate) fn show(&mut self, update: &Update) -> Result<(), Failure> {
        match (self, update) {
            (Self::Quiet, _) => Ok(()),
            (Self::Json, Update::Part { .. } | Update::Done { .. } | Update::Failed { .. }) => {
                Ok(())
            }
            (Self::Json, update) => printing::json(update),
            (Self::Lines, Update::Note { text }) => {
                printing::note(printing::harmless(text));
                Ok(())
            }
            (Self::Lines, Update::Event(event)) => {
                describe(event).into_iter().for_each(printing::note);
                Ok(())
            }
            (Self::Bars(bars), Update::Note { text }) => {
                bars.line(&printing::harmless(text));
                Ok(())
            }
            (Self::Bars(bars), Update::Event(event)) => {
                bars.event(event);
                Ok(())
            }
            (_, Update::Part { .. } | Update::Done { .. } | Update::Failed { .. }) => Ok(()),
        }
    }
}

impl Bars {
    fn line(&self, text: &str) {
        // Drawing fails only where the terminal is gone.
        let _ = self.all.println(text);
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::StepStarted { step, .. } => {
                let shared = self.steps.entry(step.clone()).or_insert_with(|| {
                    let bar = self.all.add(ProgressBar::new_spinner());
                    bar.set_style(spinner());
                    bar.set_prefix(step.clone());
                    bar.enable_steady_tick(Duration::from_millis(120));
                    StepBar { bar, executions: 0 }
                });
                shared.executions += 1;
            }
            Event::StepProgress { step, done, total, note } => {
                let Some(StepBar { bar, .. }) = self.steps.get(step) else { return };
                if let Some(total) = total {
                    bar.set_style(counter());
                    bar.set_length(*total);
                }
                bar.set_position(*done);
                bar.set_message(printing::harmless(note));
            }
            Event::StepDone { step, .. } | Event::StepFailed { step, .. } => {
                if let Some(shared) = self.steps.get_mut(step) {
                    shared.executions -= 1;
                    if shared.executions == 0 {
                        shared.bar.finish_and_clear();
                        self.steps.remove(step);
                    }
                }
            }
            Event::Importing { records, done_bytes, total_bytes } => {
                let bar = self.import.get_or_insert_with(|| {
                    let bar = self.all.add(ProgressBar::new(*total_bytes));
                    // Of a stream nobody knows how much follows.
                    bar.set_style(if *total_bytes == 0 { flow() } else { bytes() });
                    bar
                });
                bar.set_position(*done_bytes);
                bar.set_message(format!("{records} records"));
                return;
            }
            Event::Encoding { vectors, records } => {
                return self.share(*vectors, *records, format!("of {records} records encoded"));
            }
            Event::Going { doing, done, total } => {
                return self.share(*done, *total, printing::harmless(doing));
            }
            _ => {}
        }
        describe(event).iter().for_each(|line| self.line(line));
    }

    /// How much of a long work is done, in a bar that stays.
    fn share(&mut self, done: u64, total: u64, message: String) {
        let bar = self.import.get_or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(total));
            bar.set_style(share());
            bar
        });
        bar.set_length(total);
        bar.set_position(done);
        bar.set_message(message);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.steps.values().for_each(|shared| shared.bar.finish_and_clear());
        self.import.iter().for_each(ProgressBar::finish_and_clear);
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {prefix}  {elapsed}  {msg}")
        .expect("the template is well formed")
}

fn counter() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {prefix}  {bar:24}  {pos}/{len}  {elapsed}  {msg}")
        .expect("the template is well formed")
}

fn bytes() -> ProgressStyle {
    ProgressStyle::with_template("{bar:24}  {bytes} of {total_bytes}  {elapsed}  {msg}")
        .expect("the template is well formed")
}

fn flow() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {bytes}  {elapsed}  {msg}")
        .expect("the template is well formed")
}

fn share() -> ProgressStyle {
    ProgressStyle::with_template("{bar:24}  {percent} %  {elapsed}  {msg}")
        .expect("the template is well formed")
}

/// An event as a line that stays; none where only a bar moves.
fn describe(event: &Event) -> Option<String> {
    let line = match event {
        Event::RunStarted { run, name, resumed, .. } => {
            format!("{} {name} (run {run})", if *resumed { "resuming" } else { "running" })
        }
        Event::StepDone { step, millis, note } if note.is_empty() => {
            format!("  done     {step}  {}", printing::duration(*millis))
        }
        Event::StepDone { step, millis, note } => {
            format!("  done     {step}  {}  {note}", printing::duration(*millis))
        }
        Event::StepSkipped { step } => format!("  skipped  {step}"),
        Event::StepFailed { step, error, goes_on: false } => format!("  failed   {step}  {error}"),
        Event::StepFailed { step, error, goes_on: true } => {
            format!("  failed   {step}  {error} (the run goes on)")
        }
        Event::Retry { step, attempt, error } => {
            format!("  retry    {step}  attempt {attempt}, after: {error}")
        }
        Event::Waits { step, show: Some(show), .. } => {
            format!("  waits    {step}  for an approval: {show}")
        }
        Event::Waits { step, signal, .. } => {
            format!("  waits    {step}  for the signal {}", signal.as_deref().unwrap_or_default())
        }
        Event::Paused { step } => format!("  paused   {step}  something more important runs"),
        Event::Continued { step, millis } => {
            format!("  goes on  {step}  after {}", printing::duration(*millis))
        }
        Event::Log { step, level, message } => format!("  {level:<8} {step}  {message}"),
        Event::Output { step, text, .. } => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines.map(|line| format!("  {step} | {line}")).collect::<Vec<_>>().join("\n")
        }
        Event::Core { step, file } => format!("  core     {step}  {}", file.display()),
        Event::Serving { state } => format!("serving {}", state.display()),
        Event::SkillAdded { skill } => format!("skill {skill} is there"),
        Event::SkillReplaced { skill } => format!("skill {skill} is another one: new runs use it"),
        Event::SkillRemoved { skill } => format!("skill {skill} is gone"),
        Event::SkillQuarantined { file, reason } => {
            format!("{} is no skill: {reason}", file.display())
        }
        Event::Attended(Attended { run, name, status, error }) => match error {
            None => format!("run {run} ({name}): {status}"),
            Some(error) => format!("run {run} ({name}) does not go on: {}", error.message),
        },
        Event::Importing { records, done_bytes, total_bytes } => {
            let share = done_bytes.saturating_mul(100).checked_div(*total_bytes);
            let read = match share {
                Some(share) => format!("{share} %"),
                None => printing::size(*done_bytes),
            };
            format!("{records} records, {read} read")
        }
        Event::Encoding { vectors, records } => {
            format!("{vectors} of {records} records have a vector")
        }
        Event::EncoderFailed { reason } => format!("{reason}; trying again"),
        Event::Going { doing, done, total } => {
            format!("{} % {doing}", done.saturating_mul(100) / (*total).max(1))
        }
        Event::CyclePassed { archived: 0, .. } => return None,
        Event::CyclePassed { cycle, archived } => {
            format!("cycle {cycle}: {archived} record(s) faded and are archived")
        }
        Event::SkillBuilt { component, .. } => format!("built {}", component.display()),
        Event::SkillNotBuilt { error } => error.message.clone(),
        Event::StepStarted { .. }
        | Event::StepProgress { .. }
        | Event::Packed { .. }
        | Event::Smaller { .. } => return None,
    };
    Some(printing::harmless(&line))
}
