//! The picture that `agent-host top` draws: `feed` fetches, `view` decides what is seen and draws it.

mod feed;
mod trace;
mod view;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ratatui::crossterm::event::{self, Event};
use signal_hook::consts::{SIGHUP, SIGTERM};

use self::{feed::News, view::View};
use crate::{
    answer::Top, cli::Context, failure::Failure, printing, protocol::Request, report, session,
};

/// The exit code where a signal ended it, as of what is cancelled.
const ENDED: u8 = 130;
/// How long a key may wait for what was fetched meanwhile.
const GLANCE: Duration = Duration::from_millis(100);

/// Prints what there is.
pub(crate) fn once(context: &Context) -> Result<u8, Failure> {
    let answer = session::look(context, Request::Top)?;
    let top: Top = report::read(&answer)?;
    report::tell(context, &top, 0, || printing::bytes(plain(&top).as_bytes()))
}

/// Draws until somebody leaves.
pub(crate) fn watch(context: &Context, interval: Duration) -> Result<u8, Failure> {
    std::thread::scope(|scope| {
        let feed = feed::start(scope, context, interval)?;
        let mut view = View::new(context.color);
        let failed = |error: std::io::Error| Failure::environment("cannot draw", &error);
        let ends = ends_when_told().map_err(failed)?;
        // From here on a panic gives the terminal back, too.
        let mut terminal = ratatui::try_init().map_err(failed)?;
        let _restored = Restored;
        loop {
            if ends.load(Ordering::SeqCst) {
                return Ok(ENDED);
            }
            while let Ok(news) = feed.news.try_recv() {
                match news {
                    News::Top(top) => view.show(top),
                    News::Trace(detail) => view.show_trace(*detail),
                    News::Failed(failure) => view.complain(failure.message),
                }
            }
            terminal.draw(|frame| view.draw(frame)).map_err(failed)?;
            if !event::poll(GLANCE).map_err(failed)? {
                continue;
            }
            let Event::Key(key) = event::read().map_err(failed)? else { continue };
            match view.handle_key(key) {
                view::Wish::Nothing => {}
                view::Wish::Leave => return Ok(0),
                view::Wish::Trace(run) => feed.trace(run),
            }
        }
    })
}

/// Whether somebody wants the process to end, or the terminal is gone: by default it would end at once, and
/// leave the terminal as it is.
fn ends_when_told() -> std::io::Result<Arc<AtomicBool>> {
    let ends = Arc::<AtomicBool>::default();
    for signal in [SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&ends))?;
    }
    Ok(ends)
}

/// Gives the terminal back.
struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// All of it as lines.
fn plain(top: &Top) -> String {
    let mut lines = vec![view::headline(top)];
    for run in &top.runs {
        let (row, [cpu, memory]) = (&run.row, view::used(run));
        lines.push(format!(
            "{}  {:<11}  {:<8}  {:>7}  {:>10}  {cpu:>8}  {memory:>9}  {}",
            row.run,
            row.status.word(),
            run.priority,
            view::steps(run),
            printing::duration(row.millis),
            row.name
        ));
        for task in &run.tasks {
            let indent = "  ".repeat(task.depth as usize + 1);
            let reserves = task.reserves.as_ref().map(|it| format!("  {it}")).unwrap_or_default();
            lines.push(format!(
                "{indent}{:<8}  {}  {}  #{}  {}{reserves}",
                task.state,
                task.step,
                task.operation,
                task.attempt,
                printing::duration(task.millis)
            ));
        }
    }
    lines.iter().map(|line| format!("{}\n", printing::harmless(line).trim_end())).collect()
}
