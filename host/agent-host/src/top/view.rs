//! What is seen, and what keys do about it. It fetches nothing.

use ratatui::{
    Frame,
    crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::Line,
    widgets::{Row, Table, TableState},
};

use voyager_base::Usage;

use super::trace;
use crate::{
    answer::{RunDetail, Status, Top, TopRun},
    printing,
};

const KEYS: &str = "q leave   ↑↓ choose   Enter trace   a live or all";
const TRACE_KEYS: &str = "q leave   ↑↓ move   Esc back";

/// Where columns that explain more have room.
const WIDE: u16 = 84;
/// Where what was used has room, too.
const WIDEST: u16 = 104;
/// Where the tasks of the chosen run have room.
const HIGH: u16 = 12;

/// What is seen.
pub(super) struct View {
    top: Top,
    /// Place of the chosen run among those shown.
    chosen: usize,
    only_live: bool,
    trace: Option<Trace>,
    problem: Option<String>,
    colored: bool,
    /// Whether something was fetched.
    has_looked: bool,
}

/// The run whose trace is seen.
struct Trace {
    run: String,
    detail: Option<RunDetail>,
    first: usize,
}

/// What a key wishes.
#[derive(Debug, PartialEq)]
pub(super) enum Wish {
    Nothing,
    Leave,
    /// The trace of a run, or of none any more.
    Trace(Option<String>),
}

impl View {
    pub(super) fn new(colored: bool) -> Self {
        let (top, trace, problem) = (Top::default(), None, None);
        Self { top, chosen: 0, only_live: false, trace, problem, colored, has_looked: false }
    }

    /// Takes what goes on now. The chosen run stays chosen, wherever it stands.
    pub(super) fn show(&mut self, top: Top) {
        let chosen = self.chosen_run().map(|it| it.row.run.clone());
        (self.top, self.has_looked) = (top, true);
        self.problem = None;
        let place = self.shown().position(|it| Some(&it.row.run) == chosen.as_ref());
        self.chosen = place.unwrap_or(self.chosen).min(self.shown().count().saturating_sub(1));
    }

    /// Takes a run whose trace was asked for.
    pub(super) fn show_trace(&mut self, detail: RunDetail) {
        if let Some(trace) = self.trace.as_mut().filter(|it| it.run == detail.row.run) {
            trace.detail = Some(detail);
        }
    }

    /// Says why there is nothing new.
    pub(super) fn complain(&mut self, problem: String) {
        self.problem = Some(problem);
    }

    /// Does what a key is for.
    pub(super) fn handle_key(&mut self, key: KeyEvent) -> Wish {
        if key.kind == KeyEventKind::Release {
            return Wish::Nothing;
        }
        let is_interrupt = key.modifiers.contains(KeyModifiers::CONTROL)
            && matches!(key.code, KeyCode::Char('c' | 'd'));
        match (key.code, &mut self.trace) {
            _ if is_interrupt => return Wish::Leave,
            (KeyCode::Char('q'), _) => return Wish::Leave,
            (KeyCode::Esc | KeyCode::Backspace | KeyCode::Left, Some(_)) => {
                self.trace = None;
                return Wish::Trace(None);
            }
            (KeyCode::Down | KeyCode::Char('j'), Some(trace)) => trace.first += 1,
            (KeyCode::Up | KeyCode::Char('k'), Some(trace)) => {
                trace.first = trace.first.saturating_sub(1);
            }
            (KeyCode::Down | KeyCode::Char('j'), None) => {
                self.chosen = (self.chosen + 1).min(self.shown().count().saturating_sub(1));
            }
            (KeyCode::Up | KeyCode::Char('k'), None) => {
                self.chosen = self.chosen.saturating_sub(1);
            }
            (KeyCode::Char('a'), None) => {
                self.only_live = !self.only_live;
                self.chosen = 0;
            }
            (KeyCode::Enter | KeyCode::Right, None) => {
                if let Some(run) = self.chosen_run().map(|it| it.row.run.clone()) {
                    self.trace = Some(Trace { run: run.clone(), detail: None, first: 0 });
                    return Wish::Trace(Some(run));
                }
            }
            _ => {}
        }
        Wish::Nothing
    }

    fn shown(&self) -> impl Iterator<Item = &TopRun> {
        let is_shown = |it: &&TopRun| !self.only_live || it.row.status == Status::Running;
        self.top.runs.iter().filter(is_shown)
    }

    fn chosen_run(&self) -> Option<&TopRun> {
        self.shown().nth(self.chosen)
    }

    /// Draws it.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>) {
        let [head, body, foot] =
            Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)])
                .areas(frame.area());
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let headline = match self.has_looked {
            true => headline(&self.top),
            false => "agent-host: looking ...".to_owned(),
        };
        frame.render_widget(Line::styled(headline, bold), head);
        let keys = if self.trace.is_some() { TRACE_KEYS } else { KEYS };
        let foot_line = match &self.problem {
            Some(problem) => Line::styled(printing::harmless(problem), self.color(Color::Red)),
            None => Line::raw(keys),
        };
        frame.render_widget(foot_line, foot);
        if self.trace.is_some() {
            return self.draw_trace(frame, body);
        }
        let tasks = self.chosen_run().map_or(0, |it| it.tasks.len());
        if body.height < HIGH || tasks == 0 {
            return self.draw_runs(frame, body);
        }
        let most = body.height / 2;
        let height = u16::try_from(tasks + 2).unwrap_or(u16::MAX).min(most);
        let areas = Layout::vertical([Constraint::Min(0), Constraint::Length(height)]);
        let [above, below] = areas.areas(body);
        self.draw_runs(frame, above);
        self.draw_tasks(frame, below);
    }

    fn draw_runs(&self, frame: &mut Frame<'_>, area: Rect) {
        if !self.has_looked {
            return;
        }
        if self.shown().next().is_none() {
            let none = "no runs; `agent-host run MANIFEST` starts one";
            return frame.render_widget(Line::raw(none), area);
        }
        let (is_wide, is_widest) = (area.width >= WIDE, area.width >= WIDEST);
        let rows = self.shown().map(|run| {
            let row = &run.row;
            let (status, time) = (row.status.word().to_owned(), printing::duration(row.millis));
            let name = printing::harmless(&row.name);
            let mut cells = match is_wide {
                true => vec![
                    row.run.clone(),
                    status,
                    run.priority.clone(),
                    steps(run),
                    run.tasks.len().to_string(),
                    time,
                ],
                // Enough of the id to name the run.
                false => vec![row.run.chars().take(14).collect(), status, steps(run)],
            };
            if is_widest {
                cells.extend(used(run));
            }
            cells.push(name);
            Row::new(cells).style(self.of_status(row.status))
        });
        let (mut titles, mut widths) = match is_wide {
            true => (
                vec!["RUN", "STATUS", "PRIORITY", "STEPS", "TASKS", "TIME"],
                vec![26, 11, 8, 7, 5, 12],
            ),
            false => (vec!["RUN", "STATUS", "STEPS"], vec![14, 11, 6]),
        };
        if is_widest {
            titles.extend(["CPU", "MEMORY"]);
            widths.extend([8, 9]);
        }
        titles.push("MANIFEST");
        let mut state = TableState::new().with_selected(self.chosen);
        frame.render_stateful_widget(table(rows, titles, widths), area, &mut state);
    }

    fn draw_tasks(&self, frame: &mut Frame<'_>, area: Rect) {
        let Some(run) = self.chosen_run() else { return };
        let rows = run.tasks.iter().map(|task| {
            let reserves = task.reserves.as_ref().map(|it| format!("  {it}")).unwrap_or_default();
            let indent = "  ".repeat(task.depth as usize);
            let operation = format!("{indent}{}{reserves}", task.operation);
            let cells = [
                task.state.clone(),
                task.priority.clone(),
                format!("#{}", task.attempt),
                printing::duration(task.millis),
                printing::harmless(&task.step),
                printing::harmless(&operation),
            ];
            Row::new(cells)
        });
        let titles = vec!["TASK", "PRIORITY", "TRY", "TIME", "STEP", "OPERATION"];
        // A line between the two tables.
        let [_, area] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
        frame.render_widget(table(rows, titles, vec![8, 8, 4, 10, 16]), area);
    }

    fn draw_trace(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let colored = self.colored;
        let Some(trace) = &mut self.trace else { return };
        let Some(detail) = &trace.detail else {
            return frame.render_widget(Line::raw("reading the journal ..."), area);
        };
        let (bars, total) = trace::bars(detail);
        trace.first = trace.first.min(bars.len().saturating_sub(1));
        let longest = bars.iter().map(|it| it.label.chars().count()).max().unwrap_or(0);
        let longest = u16::try_from(longest).unwrap_or(u16::MAX).clamp(4, (area.width / 2).max(4));
        let width = area.width.saturating_sub(longest + 8 + 11 + 3);
        let rows = bars.iter().skip(trace.first).map(|bar| {
            let has_time = !matches!(bar.state.as_str(), "waiting" | "skipped");
            let time = if has_time { printing::duration(bar.millis) } else { String::new() };
            let color = match bar.state.as_str() {
                "failed" => Color::Red,
                "running" | "open" => Color::Yellow,
                _ => Color::Green,
            };
            let style = if colored { Style::new().fg(color) } else { Style::new() };
            let drawn = Line::styled(trace::drawn(bar, total, usize::from(width)), style);
            Row::new([
                Line::raw(bar.label.clone()),
                Line::raw(bar.state.clone()),
                Line::raw(time),
                drawn,
            ])
        });
        let row = &detail.row;
        let title = format!(
            "{}  {}  {}  {}",
            row.run,
            printing::harmless(&row.name),
            row.status.word(),
            printing::duration(row.millis)
        );
        let areas = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]);
        let [above, below] = areas.areas(area);
        frame.render_widget(Line::raw(title), above);
        let titles = vec!["TASK", "STATE", "TIME", "TIME LINE"];
        frame.render_widget(table(rows, titles, vec![longest, 8, 11]), below);
    }

    fn color(&self, color: Color) -> Style {
        if self.colored { Style::new().fg(color) } else { Style::new() }
    }

    fn of_status(&self, status: Status) -> Style {
        match status {
            Status::Running => self.color(Color::Green),
            Status::Failed => self.color(Color::Red),
            Status::Interrupted => self.color(Color::Yellow),
            _ => Style::new(),
        }
    }
}

/// A table whose last column takes what is left.
fn table<'a>(
    rows: impl Iterator<Item = Row<'a>>,
    titles: Vec<&'static str>,
    widths: Vec<u16>,
) -> Table<'a> {
    let fixed = widths.into_iter().map(Constraint::Length);
    let widths: Vec<Constraint> = fixed.chain([Constraint::Fill(1)]).collect();
    let reversed = Style::new().add_modifier(Modifier::REVERSED);
    let head = Row::new(titles).style(Style::new().add_modifier(Modifier::DIM));
    Table::new(rows, widths).header(head).row_highlight_style(reversed)
}

/// What the host has to do, in a line.
pub(super) fn headline(top: &Top) -> String {
    let Some(host) = &top.host else {
        return "agent-host: no run goes on".to_owned();
    };
    let live = top.runs.iter().filter(|it| it.row.status == Status::Running).count();
    format!(
        "agent-host {}: {live} live, slots {}/{}, {} waiting, memory {}",
        host.pid,
        host.computing,
        host.slots,
        host.waiting,
        printing::size(host.memory_bytes)
    )
}

/// How many steps of a run have ended.
pub(super) fn steps(run: &TopRun) -> String {
    match run.steps {
        (_, 0) => String::new(),
        (ended, all) => format!("{ended}/{all}"),
    }
}

/// What tasks of a run used: processor time and memory; nothing where none has ended here.
pub(super) fn used(run: &TopRun) -> [String; 2] {
    if run.usage == Usage::default() {
        return [String::new(), String::new()];
    }
    [printing::fine_duration(run.usage.cpu()), printing::size(run.usage.memory_bytes)]
}

#[cfg(test)]
mod tests;
