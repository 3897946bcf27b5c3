//! A profile as the Firefox Profiler reads it: its processed format, in which a function has a file and a frame a line.
//!
//! Tables refer to each other by position, and a table is an object of columns. See
//! <https://github.com/firefox-devtools/profiler/blob/main/docs-developer/processed-profile-format.md>.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use voyager_sandbox::{Profile, Sample, SourceLine};

/// The version of the format. Later profilers bring it up to date; samply writes the same.
const VERSION: u32 = 55;

/// The profile; each skill is a thread of it.
pub(super) fn profile(profile: &Profile) -> Json {
    let threads: Vec<Json> =
        (0..profile.skills.len()).map(|skill| thread(profile, skill)).collect();
    json!({
        "meta": {
            "version": 24,
            "preprocessedProfileVersion": VERSION,
            "product": "agent-host",
            "interval": profile.interval.as_secs_f64() * 1_000.0,
            "startTime": profile.began.as_micros() as f64 / 1_000.0,
            "processType": 0,
            "debug": false,
            "symbolicated": true,
            "usesOnlyOneStackType": true,
            "sourceCodeIsNotOnSearchfox": true,
            "categories": [{ "name": "Other", "color": "grey", "subcategories": ["Other"] }],
            "extensions": { "length": 0, "baseURL": [], "id": [], "name": [] },
            "sampleUnits": { "time": "ms", "eventDelay": "ms", "threadCPUDelta": "ns" },
            "pausedRanges": [],
            "markerSchema": [],
        },
        "libs": [],
        "pages": [],
        "profilerOverhead": [],
        "counters": [],
        "threads": threads,
    })
}

/// Rows of a table, each once.
struct Rows<T>(BTreeMap<T, usize>);

impl<T: Ord> Rows<T> {
    fn of(&mut self, row: T) -> usize {
        let next = self.0.len();
        *self.0.entry(row).or_insert(next)
    }

    /// The rows in the order of their positions.
    fn in_order(self) -> Vec<T> {
        let mut rows: Vec<(T, usize)> = self.0.into_iter().collect();
        rows.sort_unstable_by_key(|(_, at)| *at);
        rows.into_iter().map(|(row, _)| row).collect()
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

/// The tables of a thread.
#[derive(Default)]
struct Tables<'p> {
    strings: Rows<&'p str>,
    /// Name and file.
    functions: Rows<(usize, Option<usize>)>,
    /// Function and line.
    frames: Rows<(usize, Option<u32>)>,
    /// What called it, and the frame.
    stacks: Rows<(Option<usize>, usize)>,
}

impl<'p> Tables<'p> {
    /// The position of a stack; none where nothing is on it.
    fn stack(&mut self, profile: &'p Profile, stack: usize) -> Option<usize> {
        let outermost_first = profile.stacks[stack].iter().rev();
        outermost_first.fold(None, |callers, place| {
            let SourceLine { function, file, line } = &profile.places[*place];
            let name = self.strings.of(function);
            let file = (!file.is_empty()).then(|| self.strings.of(file));
            let function = self.functions.of((name, file));
            let frame = self.frames.of((function, (0 < *line).then_some(*line)));
            Some(self.stacks.of((callers, frame)))
        })
    }
}

fn thread(profile: &Profile, skill: usize) -> Json {
    let samples: Vec<&Sample> = profile.samples.iter().filter(|it| it.skill == skill).collect();
    let mut tables = Tables::default();
    let mut positions = BTreeMap::new();
    for sample in &samples {
        positions.entry(sample.stack).or_insert_with(|| tables.stack(profile, sample.stack));
    }
    let stacks: Vec<Option<usize>> = samples.iter().map(|it| positions[&it.stack]).collect();
    let mut before = 0.0;
    let deltas: Vec<f64> = samples
        .iter()
        .map(|sample| {
            let at = sample.at.as_secs_f64() * 1_000.0;
            at - std::mem::replace(&mut before, at)
        })
        .collect();
    let end = before + profile.interval.as_secs_f64() * 1_000.0;
    json!({
        "name": profile.skills[skill],
        "isMainThread": skill == 0,
        "processType": "default",
        "processName": "agent-host",
        "processStartupTime": 0,
        "processShutdownTime": end,
        "registerTime": 0,
        "unregisterTime": end,
        "pid": "0",
        "tid": skill,
        "showMarkersInTimeline": false,
        "pausedRanges": [],
        "samples": {
            "length": samples.len(),
            "weightType": "samples",
            "weight": vec![1; samples.len()],
            "stack": stacks,
            "timeDeltas": deltas,
        },
        "markers": {
            "length": 0, "data": [], "name": [], "category": [],
            "startTime": [], "endTime": [], "phase": [],
        },
        "stackTable": stack_table(tables.stacks),
        "frameTable": frame_table(tables.frames),
        "funcTable": function_table(tables.functions),
        "resourceTable": { "length": 0, "lib": [], "name": [], "host": [], "type": [] },
        "nativeSymbols": { "length": 0, "address": [], "functionSize": [], "libIndex": [], "name": [] },
        "stringArray": tables.strings.in_order(),
    })
}

fn stack_table(stacks: Rows<(Option<usize>, usize)>) -> Json {
    let (callers, frames): (Vec<_>, Vec<_>) = stacks.in_order().into_iter().unzip();
    json!({ "length": frames.len(), "prefix": callers, "frame": frames })
}

fn frame_table(frames: Rows<(usize, Option<u32>)>) -> Json {
    let (functions, lines): (Vec<_>, Vec<_>) = frames.in_order().into_iter().unzip();
    let length = functions.len();
    let nothing = vec![Json::Null; length];
    json!({
        "length": length,
        "func": functions,
        "line": lines,
        "column": nothing,
        "address": vec![-1; length],
        "inlineDepth": vec![0; length],
        "category": vec![0; length],
        "subcategory": vec![0; length],
        "nativeSymbol": nothing,
        "innerWindowID": vec![0; length],
    })
}

fn function_table(functions: Rows<(usize, Option<usize>)>) -> Json {
    let (names, files): (Vec<_>, Vec<_>) = functions.in_order().into_iter().unzip();
    let length = names.len();
    let (nothing, no) = (vec![Json::Null; length], vec![false; length]);
    json!({
        "length": length,
        "name": names,
        "fileName": files,
        "lineNumber": nothing,
        "columnNumber": nothing,
        "isJS": no,
        "relevantForJS": no,
        "resource": vec![-1; length],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The functions of a sample, the outermost first, with their lines.
    fn stack(thread: &Json, sample: usize) -> Vec<(String, Json)> {
        let mut found = Vec::new();
        let mut at = thread["samples"]["stack"][sample].as_u64();
        while let Some(stack) = at {
            let frame = thread["stackTable"]["frame"][stack as usize].as_u64().unwrap() as usize;
            let function = thread["frameTable"]["func"][frame].as_u64().unwrap() as usize;
            let name = thread["funcTable"]["name"][function].as_u64().unwrap() as usize;
            let name = thread["stringArray"][name].as_str().unwrap().to_owned();
            found.insert(0, (name, thread["frameTable"]["line"][frame].clone()));
            at = thread["stackTable"]["prefix"][stack as usize].as_u64();
        }
        found
    }

    #[test]
    fn stacks_can_be_followed_through_the_tables() {
        let written = profile(&crate::cli::skill::profile::table::tests::profile());
        let thread = &written["threads"][0];
        let named = |name: &str, line: Json| (name.to_owned(), line);
        let (start, main) = (named("start", Json::Null), named("main", json!(20)));
        let hot = named("hot", json!(7));
        assert_eq!(stack(thread, 0), [start.clone(), main.clone(), hot.clone(), hot]);
        assert_eq!(stack(thread, 3), [start, main]);
        assert_eq!(thread["samples"]["timeDeltas"], json!([0.0, 1.0, 1.0, 3.0]));
        // The second and the third sample have the same one, and `main` is a place of its own once.
        assert_eq!(thread["stackTable"]["length"], 5);
        assert_eq!(thread["frameTable"]["length"], 4);
        assert_eq!(thread["funcTable"]["length"], 3);
    }
}
