//! Fetches what is drawn, in a thread of its own: a host that is slow must not hold up a key.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread::Scope,
    time::Duration,
};

use crate::{
    answer::{RunDetail, Top},
    cli::Context,
    failure::Failure,
    protocol::Request,
    report, session,
};

/// The other end of the thread. Dropping it ends that.
pub(super) struct Feed {
    /// What was fetched.
    pub(super) news: Receiver<News>,
    wishes: Sender<Option<String>>,
}

/// What was fetched.
pub(super) enum News {
    /// What goes on.
    Top(Top),
    /// One run.
    Trace(Box<RunDetail>),
    /// Nothing, and why.
    Failed(Failure),
}

impl Feed {
    /// Wishes the trace of a run, or none any more.
    pub(super) fn trace(&self, run: Option<String>) {
        // Where the thread is gone, nothing more comes.
        let _ = self.wishes.send(run);
    }
}

/// Starts the thread.
pub(super) fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    context: &'scope Context,
    interval: Duration,
) -> Result<Feed, Failure> {
    let (tell, news) = channel();
    let (wishes, wished) = channel();
    std::thread::Builder::new()
        .name("top".to_owned())
        .spawn_scoped(scope, move || fetch(context, interval, &tell, &wished))
        .map_err(|error| Failure::environment("cannot start a thread", &error))?;
    Ok(Feed { news, wishes })
}

fn fetch(
    context: &Context,
    interval: Duration,
    tell: &Sender<News>,
    wished: &Receiver<Option<String>>,
) {
    let (mut trace, mut is_new, mut was_live) = (None, false, true);
    loop {
        // While no process has the state, nothing in it changes: it is left alone.
        let is_live = session::is_elsewhere(context);
        if is_live || was_live {
            let top = look(context, Request::Top).map(News::Top);
            if tell.send(top.unwrap_or_else(News::Failed)).is_err() {
                return;
            }
        }
        if let Some(run) = trace.clone().filter(|_| is_live || was_live || is_new) {
            let detail = look(context, Request::Show { run: Some(run) });
            let detail = detail.map(|it| News::Trace(Box::new(it)));
            if tell.send(detail.unwrap_or_else(News::Failed)).is_err() {
                return;
            }
        }
        (was_live, is_new) = (is_live, false);
        match wished.recv_timeout(interval) {
            Ok(run) => (trace, is_new) = (run, true),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn look<T: serde::de::DeserializeOwned>(context: &Context, request: Request) -> Result<T, Failure> {
    report::read(&session::look(context, request)?)
}
