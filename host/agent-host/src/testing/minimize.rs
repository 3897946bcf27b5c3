//! Makes a scenario smaller, as long as its run ends as it did.
//!
//! Delta debugging: ever smaller parts are left out, and whatever the end does not need stays out. Each try is
//! a scenario like any other, checked and played. The order of tries is fixed, so that the same run gives
//! the same scenario.

use std::{collections::BTreeSet, ops::Range, path::PathBuf, sync::Arc};

use voyager_base::{Digest, Value, memory::MemoryGrant, operation::Skill};
use voyager_manifest::Plan;

use super::{Case, Desk, Loader, Shared, Tested, Verdict};
use crate::{
    draft::{Draft, flow},
    failure::{Failure, FailureKind},
};

/// Capabilities by which a skill starts programs, asks servers or the memory, or has another one do so. What they
/// do may take long, or has no answer.
const STARTS: [&str; 4] =
    ["voyager:process/", "voyager:http/", "voyager:memory/", "voyager:tasks/"];

/// Makes scenarios of one run smaller.
pub(crate) struct Minimizer<'a> {
    /// What plays them.
    pub(crate) shared: &'a Arc<Shared>,
    /// What loads them.
    pub(crate) loader: Loader<'a>,
    /// The skills.
    pub(crate) skills: Vec<Arc<Skill>>,
    /// Where the scenario will stand.
    pub(crate) near: PathBuf,
    /// Its first lines.
    pub(crate) head: String,
    /// Whether it is to end with what it has.
    pub(crate) given_up: &'a dyn Fn() -> bool,
    /// Hears of every try: how many there were, how large the best is, and whether it is a new one.
    pub(crate) tell: &'a dyn Fn(u64, Size, bool),
    /// Tries so far.
    pub(crate) tries: u64,
    /// Those that did not end as they should: no round plays them again.
    pub(crate) failed: BTreeSet<Digest>,
}

/// How large a draft is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Size {
    /// Inputs that are given.
    pub(crate) inputs: usize,
    /// Files of the workspace.
    pub(crate) files: usize,
    /// Answers.
    pub(crate) answers: usize,
    /// Bytes of all.
    pub(crate) bytes: usize,
}

/// The smallest scenario that was found.
pub(crate) struct Minimized {
    /// It.
    pub(crate) draft: Draft,
    /// How large it was, without what was expected beside the end.
    pub(crate) before: Size,
    /// How large it is.
    pub(crate) after: Size,
    /// How many were tried.
    pub(crate) tries: u64,
    /// Whether nothing more can be left out; otherwise it was given up before.
    pub(crate) finished: bool,
}

/// A draft that ends as it should, and the results of its answers.
#[derive(Clone)]
struct Kept {
    draft: Draft,
    results: Vec<Option<Value>>,
    plan: Arc<Plan>,
}

/// What came of a try.
enum Tried {
    /// It ends as it should.
    Holds(Kept),
    /// It does, but for answers that no call took.
    Idle(Vec<usize>),
    /// It doesn't, for this reason.
    Fails(String),
}

/// Why there are no more tries.
enum Halt {
    GivenUp,
    Failed(Failure),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Size {
    fn of(draft: &Draft) -> Self {
        let Draft { inputs, files, answers, .. } = draft;
        let (inputs, files, answers) = (inputs.len(), files.len(), answers.len());
        Self { inputs, files, answers, bytes: draft.text().len() }
    }
}

impl Minimizer<'_> {
    /// Makes `draft` as small as it can be. Of a run that failed the error is all that is expected then, of
    /// one that succeeded the outputs and the files.
    ///
    /// # Errors
    /// Where the scenario does not come to the end of its run, or can't be played.
    pub(crate) fn minimize(mut self, mut draft: Draft) -> Result<Minimized, Failure> {
        draft.steps.clear();
        if !draft.succeeded {
            draft.after = None;
        }
        let before = Size::of(&draft);
        let (draft, finished) = match self.first(&draft) {
            Err(Halt::Failed(failure)) => return Err(failure),
            Err(Halt::GivenUp) => (draft, false),
            Ok(mut best) => match self.rounds(&mut best) {
                Err(Halt::Failed(failure)) => return Err(failure),
                ended => (best.draft, ended.is_ok()),
            },
        };
        let after = Size::of(&draft);
        Ok(Minimized { draft, before, after, tries: self.tries, finished })
    }

    fn first(&mut self, draft: &Draft) -> Result<Kept, Halt> {
        match self.settled(draft.clone())? {
            Tried::Holds(kept) => Ok(kept),
            Tried::Idle(_) => Err(unlike("some answers are taken by no call").into()),
            Tried::Fails(reason) => Err(unlike(&reason).into()),
        }
    }

    /// Leaves out what can be, until a round finds nothing more.
    fn rounds(&mut self, best: &mut Kept) -> Result<(), Halt> {
        loop {
            let before = best.draft.clone();
            // Answers go first: what the skills themselves do with the files is worth more.
            let skills = self.skills.clone();
            self.reduce(best, &|it| it.draft.answers.len(), &|it, out| {
                let before = it.draft.answers.len();
                let mut at = 0;
                it.draft.answers.retain(|answer| {
                    let is_out = out.contains(&at) && may_run(&skills, &it.plan, &answer.step);
                    at += 1;
                    !is_out
                });
                it.draft.answers.len() < before
            })?;
            self.reduce(best, &|it| it.draft.files.len(), &|it, out| {
                it.draft.files.drain(out);
                true
            })?;
            self.reduce(best, &|it| it.draft.inputs.len(), &|it, out| {
                it.draft.inputs.drain(out);
                true
            })?;
            for file in 0..best.draft.files.len() {
                let lines = |it: &Kept| it.draft.files[file].1.split_inclusive('\n').count();
                self.reduce(best, &lines, &|it, out| {
                    let content = &mut it.draft.files[file].1;
                    *content = without_lines(content, &out);
                    true
                })?;
            }
            self.reduce_results(best)?;
            if best.draft == before {
                return Ok(());
            }
        }
    }

    /// Leaves out items of the lists that answers give.
    fn reduce_results(&mut self, best: &mut Kept) -> Result<(), Halt> {
        let mut answer = 0;
        while answer < best.results.len() {
            let mut list = 0;
            while best.results.get(answer).is_some_and(|it| items(it.as_ref(), list).is_some()) {
                let count = |it: &Kept| {
                    let result = it.results.get(answer).and_then(Option::as_ref);
                    items(result, list).unwrap_or(0)
                };
                self.reduce(best, &count, &|it, out| {
                    let Some(Some(result)) = it.results.get_mut(answer) else { return false };
                    with_list(result, &mut { list }, &mut |items| drop(items.drain(out.clone())));
                    it.draft.answers[answer].result = Some(flow(result));
                    true
                })?;
                list += 1;
            }
            answer += 1;
        }
        Ok(())
    }

    /// Leaves out parts of what `count` counts, ever smaller ones. `leave_out` says whether there is
    /// anything to try.
    fn reduce(
        &mut self,
        best: &mut Kept,
        count: &dyn Fn(&Kept) -> usize,
        leave_out: &dyn Fn(&mut Kept, Range<usize>) -> bool,
    ) -> Result<(), Halt> {
        let mut size = count(best);
        while 0 < size {
            let mut at = 0;
            while at < count(best) {
                let end = count(best).min(at + size);
                let mut candidate = best.clone();
                let smaller = leave_out(&mut candidate, at..end);
                let holds = smaller && self.holds(candidate.draft, best)?;
                if !holds {
                    at = end;
                }
                (self.tell)(self.tries, Size::of(&best.draft), holds);
            }
            size /= 2;
        }
        Ok(())
    }

    /// Tries a draft, which becomes the best one where it ends as it should.
    fn holds(&mut self, draft: Draft, best: &mut Kept) -> Result<bool, Halt> {
        let key = Digest::of(draft.text().as_bytes());
        if self.failed.contains(&key) {
            return Ok(false);
        }
        match self.settled(draft)? {
            Tried::Holds(kept) => *best = kept,
            Tried::Idle(_) | Tried::Fails(_) => {
                self.failed.insert(key);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tries a draft; once more without the answers that no call took.
    fn settled(&mut self, mut draft: Draft) -> Result<Tried, Halt> {
        match self.attempt(draft.clone())? {
            Tried::Idle(idle) => {
                let mut at = 0;
                draft.answers.retain(|_| {
                    at += 1;
                    !idle.contains(&(at - 1))
                });
                self.attempt(draft)
            }
            tried => Ok(tried),
        }
    }

    fn attempt(&mut self, draft: Draft) -> Result<Tried, Halt> {
        let case = match self.load(&draft)? {
            Ok(case) => Arc::new(case),
            Err(reason) => return Ok(Tried::Fails(reason)),
        };
        self.tries += 1;
        let desk = Desk::new(self.shared, &case, 0)?;
        let verdict = desk.play(self.given_up);
        desk.clear();
        match verdict?.ok_or(Halt::GivenUp)? {
            Verdict::Passed => {
                let answers = case.scenario.answers.iter();
                let results = answers.map(|answer| answer.result.clone().ok()).collect();
                Ok(Tried::Holds(Kept { draft, results, plan: Arc::clone(&case.plan) }))
            }
            Verdict::Stuck(reason) => Ok(Tried::Fails(reason)),
            Verdict::Differs(differences) => {
                let place = |span: &Range<usize>| {
                    case.scenario.answers.iter().position(|answer| answer.span == *span)
                };
                let idle: Option<Vec<usize>> =
                    differences.iter().map(|difference| place(&difference.span)).collect();
                if let Some(idle) = idle {
                    return Ok(Tried::Idle(idle));
                }
                let (runs, passed, took) = (1, 0, std::time::Duration::ZERO);
                let failure = Some(Verdict::Differs(differences));
                let tested = Tested { case, runs, passed, took, failure, good: false };
                Ok(Tried::Fails(tested.shown(false).unwrap_or_default()))
            }
        }
    }

    fn load(&mut self, draft: &Draft) -> Result<Result<Case, String>, Failure> {
        let text = format!("{}{}", self.head, draft.text());
        let read = self.loader.read("the scenario".to_owned(), &self.near, text.as_bytes())?;
        Ok(read.map_err(|wrong| wrong.shown))
    }
}

fn unlike(reason: &str) -> Failure {
    let message = format!("played, the scenario does not end as the run did\n{reason}");
    Failure::new(FailureKind::Run, message)
        .hint("write it without `--minimize`, and see what `agent-host test` says of it")
}

/// Whether the skill that a step calls may run where no answer stands in for it: people can't be asked, and
/// programs are not started, nor servers or the memory asked.
fn may_run(skills: &[Arc<Skill>], plan: &Plan, step: &str) -> bool {
    let Some((step, call)) =
        plan.steps.iter().find(|it| it.id == step).and_then(|step| Some((step, step.call()?)))
    else {
        return false;
    };
    let programs = step.grants.process.as_ref().or(plan.grants.process.as_ref());
    let servers = step.grants.http.as_ref().or(plan.grants.http.as_ref());
    let spaces = step.grants.memory.as_ref().or(plan.grants.memory.as_ref());
    if programs.is_none_or(Vec::is_empty)
        && servers.is_none_or(Vec::is_empty)
        && spaces.is_none_or(MemoryGrant::is_empty)
    {
        return true;
    }
    let skill = skills.iter().find(|it| it.component == call.component);
    let starts = |import: &String| STARTS.iter().any(|it| import.starts_with(it));
    skill.is_some_and(|skill| !skill.imports.iter().any(starts))
}

/// A text without some of its lines.
fn without_lines(text: &str, out: &Range<usize>) -> String {
    let lines = text.split_inclusive('\n').enumerate();
    lines.filter(|(at, _)| !out.contains(at)).map(|(_, line)| line).collect()
}

/// How many items a list of a value has: the lists are numbered as they stand in its text.
fn items(value: Option<&Value>, list: usize) -> Option<usize> {
    let mut found = None;
    with_list(&mut value?.clone(), &mut { list }, &mut |items| found = Some(items.len()));
    found
}

/// Gives the list with a number to `act`; `left` counts down to it.
fn with_list(value: &mut Value, left: &mut usize, act: &mut dyn FnMut(&mut Vec<Value>)) -> bool {
    if let Value::List(items) = value {
        if *left == 0 {
            act(items);
            return true;
        }
        *left -= 1;
    }
    match value {
        Value::List(items) | Value::Tuple(items) => {
            items.iter_mut().any(|item| with_list(item, left, act))
        }
        Value::Record(fields) => fields.iter_mut().any(|(_, it)| with_list(it, left, act)),
        Value::Option(Some(inner)) => with_list(inner, left, act),
        Value::Result(Ok(Some(inner)) | Err(Some(inner))) | Value::Variant(_, Some(inner)) => {
            with_list(inner, left, act)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_found_in_the_order_of_the_text() {
        let list =
            |numbers: &[i128]| Value::List(numbers.iter().map(|it| Value::Int(*it)).collect());
        let value = Value::record([
            ("places", Value::List(vec![Value::some(list(&[1, 2])), Value::some(list(&[3]))])),
            ("more", list(&[4, 5, 6])),
        ]);
        let found: Vec<_> = (0..5).map(|number| items(Some(&value), number)).collect();
        assert_eq!(found, [Some(2), Some(2), Some(1), Some(3), None]);
        let mut smaller = value.clone();
        with_list(&mut smaller, &mut 3, &mut |items| drop(items.drain(1..3)));
        assert_eq!(items(Some(&smaller), 3), Some(1));
        assert_eq!(flow(smaller.field("more").unwrap()), "[4]");
    }

    #[test]
    fn lines_go_with_their_ends() {
        assert_eq!(without_lines("a\nb\n\nc", &(1..3)), "a\nc");
        assert_eq!(without_lines("a\n", &(0..1)), "");
    }
}
