//! What of a run ended well, seen as it goes: a later run may take it over.
//!
//! The state forgets the items of a step when it ends, and the steps of a frame when that does. So whoever
//! wants to know what ended well inside of what did not has to look right before.
//!
//! Nothing is seen inside of some blocks, since it is worth nothing without the rest of them:
//! - of a transaction, whose changes are dropped as a whole;
//! - of `race` and `any`: which of their steps comes first is decided by all of them from the start;
//! - of a block whose `finally` has begun: that may have cleared away what its steps did.

use std::collections::{BTreeMap, BTreeSet};

use voyager_base::TaskId;
use voyager_manifest::{
    plan::{Mode, Step},
    prefix,
};

use super::{
    Interpreter,
    state::{Place, StepState, UnitState},
};
use crate::{
    event::Event,
    fork::{KeptEnd, KeptItem, KeptPart, KeptSteps},
};

/// Looks at a run before each of its facts.
#[derive(Default)]
pub(crate) struct Witness {
    /// Blocks whose inside is wanted even where they ended well.
    open: BTreeSet<usize>,
    /// Steps that failed and were not passed over.
    failed: BTreeSet<(TaskId, usize)>,
    /// Steps of which something was taken back.
    taken_back: BTreeSet<(TaskId, usize)>,
    /// What was seen of steps and frames that have ended since.
    items: BTreeMap<(TaskId, usize), Vec<KeptItem>>,
    frames: BTreeMap<TaskId, KeptSteps>,
}

impl Witness {
    /// One that also wants to know what is inside of these blocks where they ended well.
    pub(crate) fn new(open: BTreeSet<usize>) -> Self {
        Self { open, ..Self::default() }
    }

    /// Looks at a run to which `event` is about to be given.
    pub(crate) fn look(&mut self, run: &mut Interpreter, event: &Event) {
        match event {
            Event::StepDone { frame, step, error, passed } => {
                let fails = error.is_some() && !passed;
                if fails {
                    self.failed.insert((*frame, *step));
                }
                if fails || self.open.contains(step) {
                    let items = self.items(run, *frame, *step);
                    self.items.insert((*frame, *step), items);
                }
            }
            Event::FrameDone { frame, error } => {
                let block = run.block_of(*frame);
                if error.is_some() || block.is_some_and(|block| self.open.contains(&block)) {
                    let mut steps = self.steps(run, *frame);
                    if error.is_none() {
                        // The frame around it has them now.
                        steps.compensations.clear();
                    }
                    self.frames.insert(*frame, steps);
                }
            }
            Event::CompensationStarted { within, step, .. } => {
                let of = prefix::directly_within(run.plan(), run.block_of(*within), *step);
                self.taken_back.extend(of.map(|step| (*within, step)));
            }
            _ => {}
        }
    }

    /// What ended well of the run as it stands.
    pub(crate) fn of_run(mut self, run: &mut Interpreter) -> KeptSteps {
        let root = run.root;
        self.steps(run, root)
    }

    /// What ended well of the steps of a frame. Of those that ended well as a whole there are items too where
    /// these are wanted.
    fn steps(&mut self, run: &mut Interpreter, frame: TaskId) -> KeptSteps {
        let mut kept = KeptSteps::default();
        if !run.holds_parts(frame) {
            return kept;
        }
        let Some(of) = run.state.frames.get(&frame) else { return kept };
        let body: Vec<usize> = of.steps.keys().copied().filter(|step| run.is_body(*step)).collect();
        for step in body {
            if self.taken_back.contains(&(frame, step)) {
                continue;
            }
            let well = !self.failed.contains(&(frame, step));
            let items = match run.state.step(frame, step) {
                Some(StepState::Done(value)) => {
                    kept.kept.extend(well.then(|| (step, value.clone())));
                    self.items.remove(&(frame, step)).unwrap_or_default()
                }
                Some(StepState::Running(_)) => self.items(run, frame, step),
                // It comes from a run before, and has not begun in this one.
                Some(StepState::Waiting) => run.parts_of(frame, step),
                None => Vec::new(),
            };
            if !items.is_empty() {
                kept.parts.push(KeptPart { step, items });
            }
        }
        let of = run.state.frames.get(&frame);
        kept.compensations = of.map(|of| of.compensations.pending()).unwrap_or_default();
        kept
    }

    /// What ended well of the items of a step that runs.
    fn items(&mut self, run: &mut Interpreter, frame: TaskId, step: usize) -> Vec<KeptItem> {
        // Items that can't be computed have not begun.
        let Ok(_) = run.items_of(frame, step) else { return Vec::new() };
        let mut items = run.items_as_they_stand(frame, step);
        for (kept, node) in &mut items {
            let Some(node) = node else { continue };
            if kept.ended.is_some() && !self.open.contains(&step) {
                continue;
            }
            if let Some(steps) = self.frames.remove(node) {
                kept.steps = steps;
            } else if run.state.frames.contains_key(node) {
                kept.steps = self.steps(run, *node);
            }
        }
        let items = items.into_iter().map(|(kept, _)| kept);
        items.filter(|kept| !kept.is_empty()).collect()
    }
}

impl Interpreter {
    /// Position of the block whose steps run in a frame; none where they are the run's own.
    fn block_of(&self, frame: TaskId) -> Option<usize> {
        self.state.frames.get(&frame)?.of.map(|place| place.step)
    }

    /// Whether what ended well of the steps of a frame is worth something without the rest.
    fn holds_parts(&self, frame: TaskId) -> bool {
        let Some(of) = self.state.frames.get(&frame) else { return false };
        let Some(place) = of.of else { return true };
        let mut late = of.steps.iter().filter(|(step, _)| !self.is_body(**step));
        let races = matches!(
            self.plan().steps.get(place.step).and_then(Step::mode),
            Some(Mode::Any | Mode::Race)
        );
        !races
            && of.compensation.is_none()
            && late.all(|(_, state)| matches!(state, StepState::Waiting))
            && self.transactions_around(frame).next().is_none()
    }

    /// What an earlier run did of a step that has not begun.
    fn parts_of(&self, frame: TaskId, step: usize) -> Vec<KeptItem> {
        let of = self.state.frames.get(&frame);
        of.and_then(|of| of.parts.get(&step)).cloned().unwrap_or_default()
    }

    /// What ended well of the items of a step, the insides of blocks left out, each with the name of what
    /// serves it or did last.
    fn items_as_they_stand(&self, frame: TaskId, step: usize) -> Vec<(KeptItem, Option<TaskId>)> {
        let Some(StepState::Running(running)) = self.state.step(frame, step) else {
            return Vec::new();
        };
        // Whether changes whose commit was under way are real, nobody knows; those that clash can't be.
        let is_open = running.intended || running.changes().is_err();
        let collects = self.plan().steps[step].repeat.as_ref().is_some_and(|it| it.collect);
        let items = running.units.iter().enumerate().map(|(number, unit)| {
            let item = number as u64;
            let of = self.digest_of(frame, step, item);
            let mut kept = KeptItem { item, of, ..KeptItem::default() };
            match &unit.state {
                UnitState::Done(Ok(_)) if is_open && !unit.changes.is_empty() => {}
                UnitState::Done(Ok(value)) => {
                    let changes = match running.committed {
                        true => Vec::new(),
                        false => unit.changes.clone(),
                    };
                    kept.ended = Some(KeptEnd { value: value.clone(), changes });
                }
                // The last round took the results of the others, and then failed.
                _ if collects && unit.collected.len() != unit.rounds as usize => {}
                _ => {
                    kept.rounds = unit.rounds;
                    if 0 < unit.rounds {
                        kept.carried.clone_from(&unit.carried);
                        kept.collected.clone_from(&unit.collected);
                    }
                    kept.steps = unit.inherited.as_deref().cloned().unwrap_or_default();
                }
            }
            (kept, self.node(Place { frame, step, item }))
        });
        items.collect()
    }
}
