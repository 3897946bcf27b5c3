//! Steps that wait for somebody, and what comes from outside.
//!
//! An answer is for one wait, and the first counts. A signal is for whoever waits for its name, now or
//! later: it is kept until a step takes it, in the order in which signals came.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use voyager_base::{Error, ErrorKind, TaskId, Type, Value, clock::Timestamp, value};
use voyager_manifest::plan::{Awaited, Step};

use super::{
    Command, Interpreter, Wish,
    state::{Place, StepState, UnitState},
    values::compute,
    wishes::timeout,
};
use crate::event::Event;

/// Bytes of what somebody is shown. The bound protects the journal and their patience.
const SHOWN_BYTES_MAX: usize = 64 << 10;

/// Signals that one run takes: it remembers all their ids.
const SIGNALS_MAX: usize = 10_000;

/// Bytes of an id, a name or a comment from outside.
const WORDS_BYTES_MAX: usize = 4 << 10;

/// What came from outside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Signals {
    /// Those that no step has taken: name and value.
    untaken: VecDeque<(String, Option<Value>)>,
    /// Ids of all.
    ids: BTreeSet<String>,
}

impl Signals {
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// A step that waits for somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Tells it apart where the same step waits several times at once.
    pub id: TaskId,
    /// Position of the step.
    pub step: usize,
    /// What is to be approved; none where it waits for a signal.
    pub shown: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// What somebody outside tells a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// They approve or refuse what a step waits for.
    Answer {
        /// Id of the step, or the beginning of the wait's own.
        wait: String,
        /// Whether they approve.
        approved: bool,
        /// Who.
        by: String,
        /// What they say.
        comment: String,
    },
    /// They send a signal.
    Signal {
        /// Tells it apart from others.
        id: String,
        /// Its name.
        name: String,
        /// What it carries.
        value: Option<Value>,
        /// Who.
        by: String,
    },
    /// They want nobody to go on with the run until it is resumed.
    Pause {
        /// Who.
        by: String,
    },
    /// They want the run to end: what it did is taken back, and what runs at last runs.
    Cancel,
    /// They want the run to end at once.
    Kill {
        /// Who.
        by: String,
    },
}

/// What a message leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Admitted {
    /// This fact is to be recorded.
    New(Event),
    /// Nothing: it came before.
    Known,
}

/// Why a message is not taken. Nothing is recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unwanted(pub String);

impl Interpreter {
    /// The steps that wait for somebody, in the order of the plan. Those that will be stopped are left
    /// out.
    pub fn waiting(&self) -> Vec<Waiting> {
        let mut all = Vec::new();
        for (frame, step, running) in self.state.running() {
            let timeout = self.plan().steps[step].timeout;
            for (item, unit) in running.open() {
                let UnitState::Asked { at, shown } = &unit.state else { continue };
                if self.halted(frame, step).is_some() {
                    continue;
                }
                let place = Place { frame, step, item: item as u64 };
                all.push(Waiting {
                    id: self.wait_id(place),
                    step,
                    shown: shown.clone(),
                    since: *at,
                    until: timeout.map(|time| at.after(time)),
                });
            }
        }
        all.sort_by_key(|wait| (wait.step, wait.since, wait.id));
        all
    }

    /// How a step waits for somebody, where it does.
    pub(crate) fn wait_of(&self, frame: TaskId, step: usize) -> Option<Waiting> {
        let place = self.asked(frame, step).ok()?;
        let id = self.wait_id(place);
        self.waiting().into_iter().find(|wait| wait.id == id)
    }

    /// Whether nothing goes on but waits for somebody: no task, no commit, no timer of its own.
    pub fn only_waits(&self) -> bool {
        let ends = self.state.outcome.is_some() || self.state.killed.is_some();
        if ends || !self.starting.is_empty() || self.waiting().is_empty() {
            return false;
        }
        let mut all = self.state.running();
        all.all(|(_, step, running)| {
            let is_block = self.plan().steps[step].mode().is_some();
            let rests = |state: &UnitState| match state {
                UnitState::Asked { .. } | UnitState::Waiting | UnitState::Done(_) => true,
                UnitState::Started { .. } => is_block,
                UnitState::Interrupted { .. }
                | UnitState::Failed { .. }
                | UnitState::Backoff { .. } => false,
            };
            !running.intended && running.open().all(|(_, unit)| rests(&unit.state))
        })
    }

    /// What a message leads to at this time.
    ///
    /// # Errors
    /// [`Unwanted`].
    pub fn admit(&self, message: &Message) -> Result<Admitted, Unwanted> {
        if self.state.outcome.is_some() {
            return Err(Unwanted("the run has ended".to_owned()));
        }
        match message {
            Message::Answer { wait, approved, by, comment } => {
                within_bounds(&[by, comment])?;
                let (frame, step) = self.named_wait(wait)?;
                let (by, comment) = (by.clone(), comment.clone());
                let approved = *approved;
                Ok(Admitted::New(Event::WaitAnswered { frame, step, approved, by, comment }))
            }
            Message::Signal { id, name, value, by } => {
                within_bounds(&[id, name, by])?;
                self.admit_signal(id, name, value.as_ref(), by)
            }
            Message::Pause { .. } if self.state.paused => Ok(Admitted::Known),
            Message::Kill { .. } if self.state.killed.is_some() => Ok(Admitted::Known),
            Message::Cancel if self.is_stopping() => Ok(Admitted::Known),
            Message::Cancel => {
                let reason = Error::cancelled();
                Ok(Admitted::New(Event::RunCancelRequested { reason }))
            }
            Message::Pause { by } => {
                within_bounds(&[by])?;
                Ok(Admitted::New(Event::RunPaused { by: by.clone() }))
            }
            Message::Kill { by } => {
                within_bounds(&[by])?;
                Ok(Admitted::New(Event::RunKilled { by: by.clone() }))
            }
        }
    }

    fn admit_signal(
        &self,
        id: &str,
        name: &str,
        value: Option<&Value>,
        by: &str,
    ) -> Result<Admitted, Unwanted> {
        let Some(ty) = self.plan().signal(name) else {
            let names = self.plan().signals().join("`, `");
            return Err(Unwanted(match names.is_empty() {
                true => "no step of this run waits for a signal".to_owned(),
                false => format!("no step waits for the signal `{name}`; there is `{names}`"),
            }));
        };
        let payload = match (ty, value) {
            (None, None) => Vec::new(),
            (Some(ty), Some(value)) if value.is_of(ty) => value::encode(value),
            (Some(ty), _) => {
                return Err(Unwanted(format!("the signal `{name}` carries a {ty}")));
            }
            (None, Some(_)) => {
                return Err(Unwanted(format!("the signal `{name}` carries nothing")));
            }
        };
        if self.state.signals.ids.contains(id) {
            return Ok(Admitted::Known);
        }
        if SIGNALS_MAX <= self.state.signals.ids.len() {
            return Err(Unwanted(format!("the run has taken {SIGNALS_MAX} signals, the most")));
        }
        let (id, name, by) = (id.to_owned(), name.to_owned(), by.to_owned());
        Ok(Admitted::New(Event::SignalReceived { id, name, payload: payload.into(), by }))
    }

    /// The wait that a person means.
    fn named_wait(&self, named: &str) -> Result<(TaskId, usize), Unwanted> {
        let approvals = || {
            self.state.running().filter(|(frame, step, _)| {
                self.is_approval(*step) && self.halted(*frame, *step).is_none()
            })
        };
        let mut found = Vec::new();
        for (frame, step, running) in approvals() {
            let Some((item, unit)) = running.open().next() else { continue };
            let UnitState::Asked { at, .. } = unit.state else { continue };
            let id = self.wait_id(Place { frame, step, item: item as u64 });
            let is_named = self.plan().steps[step].id == named;
            let begins = 8 <= named.len() && id.to_string().starts_with(named);
            if !is_named && !begins {
                continue;
            }
            let timeout = self.plan().steps[step].timeout;
            if timeout.is_some_and(|time| at.after(time) <= self.now) {
                return Err(Unwanted(format!("the time for `{named}` is over")));
            }
            found.push((frame, step, id));
        }
        match found.as_slice() {
            [(frame, step, _)] => Ok((*frame, *step)),
            [] => {
                let open = self.waiting().into_iter().filter(|wait| wait.shown.is_some());
                let open: Vec<String> = open.map(|wait| self.step_id(wait.step)).collect();
                let plan = self.plan().steps.iter().find(|step| step.id == named);
                Err(Unwanted(match plan {
                    Some(step) if !is_approval(step) => {
                        format!("the step `{named}` asks for no approval")
                    }
                    _ if open.is_empty() => {
                        format!("`{named}` does not wait for an approval; no step does")
                    }
                    _ => format!(
                        "`{named}` does not wait for an approval; there is `{}`",
                        open.join("`, `")
                    ),
                }))
            }
            several => {
                let ids: Vec<String> = several.iter().map(|(_, _, id)| id.to_string()).collect();
                Err(Unwanted(format!(
                    "the step `{named}` waits {} times at once; name one of {}",
                    several.len(),
                    ids.join(", ")
                )))
            }
        }
    }

    fn is_approval(&self, step: usize) -> bool {
        self.plan().steps.get(step).is_some_and(is_approval)
    }

    fn wait_id(&self, place: Place) -> TaskId {
        place.frame.child(&self.plan().steps[place.step].id, place.item)
    }

    pub(super) fn wish_wait(&mut self, place: Place) -> Result<(), Error> {
        let Place { frame, step, item } = place;
        if self.wished.contains(&Wish::Ask(frame, step)) {
            return Ok(());
        }
        let shown = self.with_scope(frame, step, Some(item), None, |plan, scope| {
            let Some(Awaited::Approval(show)) = plan.wait().map(|wait| &wait.on) else {
                return Ok(None);
            };
            match compute(show, &Type::String, scope) {
                Ok(Value::String(text)) if text.len() <= SHOWN_BYTES_MAX => Ok(Some(text)),
                Ok(Value::String(_)) => Err(Error::invalid(format!(
                    "approve.show: has more than {SHOWN_BYTES_MAX} bytes"
                ))),
                Ok(_) => Err(Error::invalid("approve.show: gives no text")),
                Err(error) => Err(Error::invalid(format!("approve.show: {}", error.message))),
            }
        })??;
        let event = Event::WaitStarted { frame, step, shown };
        self.wish(Wish::Ask(frame, step), Command::Record(event));
        Ok(())
    }

    /// Ends a wait whose time is over.
    pub(super) fn look_at_asked(&mut self, place: Place, at: Timestamp) {
        let Place { frame, step, .. } = place;
        let over = self.plan().steps[step].timeout.is_some_and(|time| at.after(time) <= self.now);
        if over {
            let event = Event::WaitExpired { frame, step };
            self.wish(Wish::Expire(frame, step), Command::Record(event));
        }
    }

    pub(super) fn ask(
        &mut self,
        at: Timestamp,
        frame: TaskId,
        step: usize,
        shown: Option<&String>,
    ) -> Result<(), String> {
        let place = Place { frame, step, item: 0 };
        let unit = self.state.unit(place)?;
        if !matches!(unit.state, UnitState::Waiting) {
            return Err("the step waits already".to_owned());
        }
        unit.state = UnitState::Asked { at, shown: shown.cloned() };
        let Some(name) = self.signal_of(step) else { return Ok(()) };
        let untaken = &mut self.state.signals.untaken;
        match untaken.iter().position(|(own, _)| *own == name) {
            Some(first) => {
                let (_, value) = untaken.remove(first).expect("it was found there");
                self.ended(place, Ok(value), &[])
            }
            None => Ok(()),
        }
    }

    pub(super) fn answered(
        &mut self,
        frame: TaskId,
        step: usize,
        approved: bool,
        by: &str,
        comment: &str,
    ) -> Result<(), String> {
        let place = self.asked(frame, step)?;
        if !self.is_approval(step) {
            return Err("the step asks for no approval".to_owned());
        }
        if approved {
            let text = |key: &str, text: &str| (key.to_owned(), Value::String(text.to_owned()));
            let value = Value::Record(vec![text("by", by), text("comment", comment)]);
            return self.ended(place, Ok(Some(value)), &[]);
        }
        let reason = if comment.is_empty() { String::new() } else { format!(": {comment}") };
        let error = Error::new(ErrorKind::Refused, format!("{by} refused{reason}"));
        self.failed(place, error)
    }

    pub(super) fn expired(&mut self, frame: TaskId, step: usize) -> Result<(), String> {
        let place = self.asked(frame, step)?;
        let plan = &self.plan().steps[step];
        let error = timeout(
            &format!("the wait of the step `{}`", plan.id),
            "timeout",
            plan.timeout.unwrap_or_default(),
        );
        self.failed(place, error)
    }

    pub(super) fn signalled(
        &mut self,
        id: &str,
        name: &str,
        payload: &ByteBuf,
    ) -> Result<(), String> {
        let ty = self.plan().signal(name).ok_or_else(|| format!("no signal is called `{name}`"))?;
        let value = match ty {
            None => None,
            Some(ty) => Some(value::decode(ty, payload).map_err(|error| error.to_string())?),
        };
        if !self.state.signals.ids.insert(id.to_owned()) {
            return Err(format!("the signal {id} came before"));
        }
        match self.first_that_waits(name) {
            Some(place) => self.ended(place, Ok(value), &[]),
            None => {
                self.state.signals.untaken.push_back((name.to_owned(), value));
                Ok(())
            }
        }
    }

    /// The step that has waited longest for a signal.
    fn first_that_waits(&self, name: &str) -> Option<Place> {
        let named = |step: usize| self.signal_of(step).is_some_and(|own| own == name);
        let waits = self
            .state
            .running()
            .filter(|(frame, step, _)| named(*step) && self.halted(*frame, *step).is_none());
        let waits = waits.filter_map(|(frame, step, running)| {
            running.open().find_map(|(item, unit)| match unit.state {
                UnitState::Asked { at, .. } => Some((at, Place { frame, step, item: item as u64 })),
                _ => None,
            })
        });
        waits.min_by_key(|(at, place)| (*at, place.step, place.frame)).map(|(_, place)| place)
    }

    fn signal_of(&self, step: usize) -> Option<String> {
        match self.plan().steps.get(step)?.wait().map(|wait| &wait.on) {
            Some(Awaited::Signal(name)) => Some(name.clone()),
            Some(Awaited::Approval(_)) | None => None,
        }
    }

    fn asked(&self, frame: TaskId, step: usize) -> Result<Place, String> {
        let asked = match self.state.step(frame, step) {
            Some(StepState::Running(running)) => {
                let mut open = running.open();
                open.find(|(_, unit)| matches!(unit.state, UnitState::Asked { .. }))
            }
            Some(StepState::Waiting | StepState::Done(_)) | None => None,
        };
        let (item, _) = asked.ok_or_else(|| format!("step number {step} waits for nobody"))?;
        Ok(Place { frame, step, item: item as u64 })
    }
}

fn is_approval(step: &Step) -> bool {
    step.wait().is_some_and(|wait| matches!(wait.on, Awaited::Approval(_)))
}

fn within_bounds(texts: &[&String]) -> Result<(), Unwanted> {
    match texts.iter().find(|text| WORDS_BYTES_MAX < text.len()) {
        Some(_) => Err(Unwanted(format!("more than {WORDS_BYTES_MAX} bytes of text"))),
        None => Ok(()),
    }
}
