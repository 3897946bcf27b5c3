//! Where guests spend their time: their stacks, looked at whenever a tick finds them running.
//!
//! A guest notices ticks at the beginning of a function and of each round of a loop, so these are the places
//! that samples name. Nothing is counted while the host answers: that time is not the guest's.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use voyager_base::{
    clock::{Clock, Timestamp},
    operation::Skill,
};
use wasmtime::{AsContext, WasmBacktrace};

use crate::{
    lines::{Lines, SourceLine, own_name},
    load::Loaded,
};

/// How often a guest is looked at.
pub(crate) const INTERVAL: Duration = Duration::from_millis(1);
/// Most functions of a stack that are looked at, the innermost ones; of what is recursive beyond that, the outermost are
/// not counted.
pub(crate) const FRAMES_MAX: usize = 256;
/// Most samples: a quarter of an hour. Later ones count for nothing.
const SAMPLES_MAX: usize = 1_000_000;

/// Gathers samples of all calls of a sandbox. Clones share them.
#[derive(Clone, Default)]
pub struct Profiler(Arc<Mutex<Gathered>>);

/// What was gathered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Time between samples of a guest that runs all the time.
    pub interval: Duration,
    /// When the first sample was taken.
    pub began: Timestamp,
    /// The packages of the skills that ran.
    pub skills: Vec<String>,
    /// Places in them.
    pub places: Vec<SourceLine>,
    /// Stacks as positions of places, the innermost first.
    pub stacks: Vec<Vec<usize>>,
    /// In the order in which they were taken.
    pub samples: Vec<Sample>,
}

/// What was on a guest's stack at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When, counted from the first sample.
    pub at: Duration,
    /// Position of the skill.
    pub skill: usize,
    /// Position of the stack.
    pub stack: usize,
}

/// Frames and stacks as they come, each once: what they mean is looked up when nobody runs.
#[derive(Default)]
struct Gathered {
    components: Vec<Component>,
    frames: BTreeMap<Frame, usize>,
    stacks: BTreeMap<Vec<usize>, usize>,
    samples: Vec<(Timestamp, usize, usize)>,
}

struct Component {
    skill: Arc<Skill>,
    /// Its table of source lines, encoded.
    lines: Vec<u8>,
}

/// A function, and where in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Frame {
    component: usize,
    offset: Option<usize>,
    function: u32,
    name: Option<String>,
}

impl Profiler {
    /// What was gathered so far.
    pub fn profile(&self) -> Profile {
        self.gathered().profile()
    }

    /// Gathers samples of calls of one component.
    pub(crate) fn sampler(&self, clock: &Arc<dyn Clock>, loaded: &Loaded) -> Sampler {
        let (skill, lines) = (&loaded.skill, &loaded.lines);
        let mut gathered = self.gathered();
        let known = gathered.components.iter().position(|it| it.skill.component == skill.component);
        let component = known.unwrap_or_else(|| {
            let (skill, lines) = (Arc::clone(skill), lines.clone());
            gathered.components.push(Component { skill, lines });
            gathered.components.len() - 1
        });
        Sampler { profiler: self.clone(), clock: Arc::clone(clock), component }
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Samples calls of one component.
pub(crate) struct Sampler {
    profiler: Profiler,
    clock: Arc<dyn Clock>,
    component: usize,
}

impl Sampler {
    /// Looks at the stack of a guest that runs.
    pub(crate) fn sample(&self, store: impl AsContext) {
        let now = self.clock.now();
        let backtrace = WasmBacktrace::capture(store);
        self.profiler.gathered().add(now, self.component, &backtrace);
    }
}

impl Gathered {
    fn add(&mut self, now: Timestamp, component: usize, backtrace: &WasmBacktrace) {
        if SAMPLES_MAX <= self.samples.len() {
            return;
        }
        let mut stack = Vec::with_capacity(backtrace.frames().len());
        for frame in backtrace.frames() {
            let next = self.frames.len();
            let frame = Frame {
                component,
                offset: frame.module_offset(),
                function: frame.func_index(),
                name: frame.func_name().map(str::to_owned),
            };
            stack.push(*self.frames.entry(frame).or_insert(next));
        }
        let next = self.stacks.len();
        let stack = *self.stacks.entry(stack).or_insert(next);
        self.samples.push((now, component, stack));
    }

    fn profile(&self) -> Profile {
        let began = self.samples.first().map(|it| it.0).unwrap_or_default();
        let mut profile = Profile {
            interval: INTERVAL,
            began,
            skills: self.components.iter().map(|it| it.skill.package.clone()).collect(),
            ..Profile::default()
        };
        let tables: Vec<Lines> = self.components.iter().map(|it| Lines::read(&it.lines)).collect();
        let mut places = BTreeMap::new();
        let mut frames = vec![Vec::new(); self.frames.len()];
        for (number, found) in self.found(&tables) {
            for place in found {
                let next = places.len();
                frames[number].push(*places.entry(place).or_insert(next));
            }
        }
        profile.stacks = vec![Vec::new(); self.stacks.len()];
        for (stack, number) in &self.stacks {
            profile.stacks[*number] = stack.iter().flat_map(|it| &frames[*it]).copied().collect();
        }
        let mut numbered: Vec<_> = places.into_iter().collect();
        numbered.sort_unstable_by_key(|(_, number)| *number);
        profile.places = numbered.into_iter().map(|(place, _)| place).collect();
        name_files(&mut profile.places);
        let samples = self.samples.iter();
        profile.samples = samples
            .map(|(at, skill, stack)| Sample { at: at.since(began), skill: *skill, stack: *stack })
            .collect();
        profile
    }

    /// The places of each frame by its number: several where others were inlined into the function.
    fn found(&self, tables: &[Lines]) -> Vec<(usize, Vec<SourceLine>)> {
        let look = |(frame, number): (&Frame, &usize)| {
            let named = own_name(frame.name.as_deref(), frame.function);
            (*number, tables[frame.component].within(frame.offset, named))
        };
        let mut found: Vec<_> = self.frames.iter().map(look).collect();
        let mut functions: BTreeMap<_, Vec<&mut SourceLine>> = BTreeMap::new();
        for (frame, (_, places)) in self.frames.keys().zip(&mut found) {
            let Some((itself, inlined)) = places.split_last_mut() else { continue };
            let function = (frame.component, frame.function, &frame.name);
            functions.entry(function).or_default().push(itself);
            inlined.iter_mut().filter(|it| it.line == 0).for_each(|it| it.file.clear());
        }
        functions.into_values().for_each(keep_one_file);
        found
    }
}

/// Gives the places of one function the file in which most of them are: where compilers moved or merged code they
/// leave lines out, or name those of other functions.
fn keep_one_file(places: Vec<&mut SourceLine>) {
    let mut files: BTreeMap<String, usize> = BTreeMap::new();
    for place in places.iter().filter(|it| it.line != 0) {
        *files.entry(place.file.clone()).or_default() += 1;
    }
    let most = files.into_iter().max_by_key(|(_, often)| *often);
    let file = most.map(|(file, _)| file).unwrap_or_default();
    for place in places.into_iter().filter(|it| it.file != file) {
        (place.file, place.line) = (file.clone(), 0);
    }
}

/// Gives places of inlined functions without a file that of the same function's other places.
fn name_files(places: &mut [SourceLine]) {
    let mut files: BTreeMap<String, Option<String>> = BTreeMap::new();
    for SourceLine { function, file, .. } in places.iter().filter(|it| !it.file.is_empty()) {
        let known = files.entry(function.clone()).or_insert_with(|| Some(file.clone()));
        // Several functions have this name.
        known.take_if(|known| known != file);
    }
    for place in places.iter_mut().filter(|it| it.file.is_empty()) {
        place.file = files.get(&place.function).cloned().flatten().unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_in_one_file() {
        let place = |file: &str, line| SourceLine { function: "f".into(), file: file.into(), line };
        let mut places =
            [place("a.rs", 1), place("core.rs", 7), place("a.rs", 2), place("core.rs", 0)];
        keep_one_file(places.iter_mut().collect());
        let kept = [place("a.rs", 1), place("a.rs", 0), place("a.rs", 2), place("a.rs", 0)];
        assert_eq!(places, kept);
        let mut nowhere = place("core.rs", 0);
        keep_one_file(vec![&mut nowhere]);
        assert_eq!(nowhere, place("", 0));
    }

    #[test]
    fn a_place_without_a_file_has_that_of_its_function_where_there_is_one() {
        let place = |(function, file): (&str, &str)| SourceLine {
            function: function.to_owned(),
            file: file.to_owned(),
            line: 0,
        };
        let given = [("a", "a.rs"), ("a", ""), ("b", "a.rs"), ("b", "b.rs"), ("b", ""), ("c", "")];
        let mut places = given.map(place);
        name_files(&mut places);
        let files = places.map(|it| it.file);
        assert_eq!(files, ["a.rs", "a.rs", "a.rs", "b.rs", "", ""]);
    }
}
