//! What of what an earlier run did a later one keeps: what is still the same, was given the same, and
//! depends on nothing that is done anew.

use std::collections::{BTreeMap, BTreeSet};

use voyager_manifest::{
    plan::{Mode, Plan},
    prefix,
};

use super::kept::{KeptItem, KeptPart, KeptSteps};
use crate::interpreter::Pending;

/// A file, by its folder and its path from there.
pub(super) type File = (String, String);

/// Goes through what an earlier run did.
pub(super) struct Choice<'a> {
    /// The plan that it had.
    pub(super) before: &'a Plan,
    /// The plan of the later one.
    pub(super) plan: &'a Plan,
    /// Inputs that had another value, or were not there.
    pub(super) changed: BTreeSet<String>,
    /// The step that is to run anew.
    pub(super) from: Option<usize>,
    /// Files that are not any more as items saw them whose changes are not real.
    pub(super) stale: &'a BTreeSet<File>,
    /// Whether what takes it back comes along.
    pub(super) takes_back: bool,
    /// Why steps can't be kept, as far as it was asked; none where they can.
    reasons: BTreeMap<usize, Option<String>>,
    /// Steps that ran and would run otherwise now.
    pub(super) blocked: Vec<String>,
}

/// A block in the earlier plan and in the later one; none for the manifest's own list.
type Blocks = Option<(usize, usize)>;

impl<'a> Choice<'a> {
    pub(super) fn new(
        (before, plan): (&'a Plan, &'a Plan),
        changed: BTreeSet<String>,
        from: Option<usize>,
        stale: &'a BTreeSet<File>,
        takes_back: bool,
    ) -> Self {
        let (reasons, blocked) = (BTreeMap::new(), Vec::new());
        Self { before, plan, changed, from, stale, takes_back, reasons, blocked }
    }

    /// What is kept of steps of a block that did this.
    pub(super) fn of_steps(&mut self, blocks: Blocks, did: &KeptSteps) -> KeptSteps {
        let (before, plan) = (self.before, self.plan);
        let id = |step: usize| before.steps[step].id.as_str();
        let ended: BTreeMap<&str, _> = did.kept.iter().map(|it| (id(it.0), it)).collect();
        let begun: BTreeMap<&str, &KeptPart> =
            did.parts.iter().map(|it| (id(it.step), it)).collect();
        let body: Vec<usize> = prefix::body(plan, blocks.map(|(_, new)| new)).collect();
        for gone in ended.keys().filter(|id| body.iter().all(|it| plan.steps[*it].id != **id)) {
            self.block(format!("the step `{gone}` ran, and is not there any more"));
        }
        let mut kept = KeptSteps::default();
        let mut places = BTreeMap::new();
        let mut anew = BTreeSet::new();
        for step in body {
            let it = &plan.steps[step];
            let depends = it.needs.iter().any(|need| anew.contains(need));
            let whole = ended.get(it.id.as_str());
            let part = begun.get(it.id.as_str());
            let old = whole.map(|(old, _)| *old).or_else(|| part.map(|part| part.step));
            let Some(old) = old.filter(|_| self.from != Some(step)) else {
                anew.insert(step);
                continue;
            };
            let holds_from = self.holds_from(step);
            let why = match holds_from {
                true => self.differs_outside(old, step),
                false => self.differs(old, step),
            };
            let stays = why.is_none() && !depends;
            match (whole, part) {
                (Some((_, value)), _) if stays && !holds_from => {
                    kept.kept.push((step, value.clone()));
                    places.insert(old, step);
                    continue;
                }
                (_, Some(part)) if stays => {
                    let items = self.of_items((old, step), &part.items);
                    if !items.is_empty() && !self.owes(did, blocks, part, &items) {
                        kept.parts.push(KeptPart { step, items });
                        places.insert(old, step);
                    }
                }
                (Some(_), _) if !holds_from && (!depends || self.from.is_none()) => {
                    // What depends on what is done anew has nothing to be kept.
                    let why = why.into_iter();
                    why.for_each(|why| {
                        self.block(format!("the step `{}` (line {}) {why}", it.id, it.line));
                    });
                }
                _ => {}
            }
            anew.insert(step);
        }
        if self.takes_back {
            let moved = did.compensations.iter().filter_map(|it| self.moved(it, blocks, &places));
            kept.compensations = moved.collect();
        }
        kept
    }

    /// What is kept of the items of a step of which not all is.
    fn of_items(&mut self, steps: (usize, usize), items: &[KeptItem]) -> Vec<KeptItem> {
        let step = &self.plan.steps[steps.1];
        let holds_from = self.holds_from(steps.1);
        // A step that runs anew does so from the first round on, and as a case of its switch like any other.
        if holds_from && (step.repeat.is_some() || step.mode() == Some(Mode::Switch)) {
            return Vec::new();
        }
        let kept = items.iter().filter_map(|item| {
            let (number, of) = (item.item, item.of);
            if let Some(ended) = item.ended.as_ref().filter(|_| !holds_from) {
                let is_stale = ended
                    .changes
                    .iter()
                    .any(|change| self.stale.contains(&(change.root.clone(), change.path.clone())));
                let ended = (!is_stale).then(|| ended.clone())?;
                return Some(KeptItem {
                    item: number,
                    of,
                    ended: Some(ended),
                    ..KeptItem::default()
                });
            }
            let steps = self.of_steps(Some(steps), &item.steps);
            let kept = KeptItem { ended: None, steps, ..item.clone() };
            (!kept.is_empty()).then_some(kept)
        });
        kept.collect()
    }

    /// Whether items that are done anew left something that would have to be taken back: then the whole step
    /// is done anew, since nobody knows whose it is.
    fn owes(&self, did: &KeptSteps, blocks: Blocks, part: &KeptPart, kept: &[KeptItem]) -> bool {
        let ended = |items: &[KeptItem]| items.iter().filter(|it| it.ended.is_some()).count();
        let block = blocks.map(|(old, _)| old);
        let is_of = |it: &Pending| {
            prefix::directly_within(self.before, block, it.step()) == Some(part.step)
        };
        ended(kept) < ended(&part.items) && did.compensations.iter().any(is_of)
    }

    /// What takes something back, in the later plan; none where what it takes back is not kept.
    fn moved(
        &self,
        pending: &Pending,
        blocks: Blocks,
        places: &BTreeMap<usize, usize>,
    ) -> Option<Pending> {
        let of = prefix::directly_within(self.before, blocks.map(|(old, _)| old), pending.step())?;
        let place = prefix::whole(self.before, of).iter().position(|it| *it == pending.step())?;
        let step = *prefix::whole(self.plan, *places.get(&of)?).get(place)?;
        Some(pending.moved(step))
    }

    fn holds_from(&self, step: usize) -> bool {
        self.from.is_some_and(|from| prefix::around(self.plan, from).any(|it| it == step))
    }

    /// Why a step with all that it holds is not as it was.
    fn differs(&mut self, old: usize, new: usize) -> Option<String> {
        if let Some(known) = self.reasons.get(&new) {
            return known.clone();
        }
        let is_same = prefix::is_same((self.before, old), (self.plan, new));
        let why = self.reason(is_same, &prefix::inputs_used(self.plan, new));
        self.reasons.insert(new, why.clone());
        why
    }

    /// The same of the step alone.
    fn differs_outside(&self, old: usize, new: usize) -> Option<String> {
        let is_same = prefix::is_same_outside((self.before, old), (self.plan, new));
        self.reason(is_same, &prefix::own_inputs(self.plan, new))
    }

    fn reason(&self, is_same: bool, inputs: &BTreeSet<String>) -> Option<String> {
        if !is_same {
            return Some("ran, and is not the same any more".to_owned());
        }
        let input = inputs.intersection(&self.changed).next()?;
        Some(format!("ran with another `inputs.{input}`"))
    }

    fn block(&mut self, why: String) {
        // Each execution of a step says the same.
        if !self.blocked.contains(&why) {
            self.blocked.push(why);
        }
    }
}
