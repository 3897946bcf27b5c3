//! The functions of a profile, those with the most samples first.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use voyager_sandbox::{Profile, SourceLine};

/// One function.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Function {
    /// Package of its skill.
    pub(super) skill: String,
    function: String,
    pub(super) file: Option<String>,
    /// Where it was met most often.
    line: Option<u32>,
    /// Samples that met it itself.
    #[serde(rename = "self")]
    own: usize,
    /// Samples that met it or what it called.
    total: usize,
    self_percent: f64,
    total_percent: f64,
}

impl Function {
    /// Its line of the table.
    pub(super) fn told(&self, with_skill: bool) -> String {
        let Self { skill, function, self_percent, total_percent, .. } = self;
        let mut told = format!("{self_percent:7.1}% {total_percent:7.1}%  {function}");
        if let Some(file) = &self.file {
            told += &format!("  {file}");
            told.extend(self.line.map(|line| format!(":{line}")));
        }
        if with_skill {
            told += &format!("  ({skill})");
        }
        told
    }
}

/// How often a function was met.
#[derive(Default)]
struct Met {
    own: usize,
    total: usize,
    /// How often at which line, first as itself and then as a caller.
    lines: BTreeMap<u32, (usize, usize)>,
}

/// All functions.
pub(super) fn functions(profile: &Profile) -> Vec<Function> {
    let mut all: BTreeMap<(usize, &str, &str), Met> = BTreeMap::new();
    for sample in &profile.samples {
        let mut seen = BTreeSet::new();
        for (depth, place) in profile.stacks[sample.stack].iter().enumerate() {
            let SourceLine { function, file, line } = &profile.places[*place];
            let key = (sample.skill, function.as_str(), file.as_str());
            let met = all.entry(key).or_default();
            let (own, called) = met.lines.entry(*line).or_default();
            if depth == 0 {
                (met.own, *own) = (met.own + 1, *own + 1);
            }
            // What calls itself is on the stack several times.
            if seen.insert(key) {
                (met.total, *called) = (met.total + 1, *called + 1);
            }
        }
    }
    let percent =
        |part: usize| (part as f64 * 1_000.0 / profile.samples.len().max(1) as f64).round() / 10.0;
    let told = all.into_iter().map(|((skill, function, file), met)| {
        let lines = met.lines.iter().filter(|(line, _)| **line != 0);
        let line = lines.max_by_key(|(_, often)| **often).map(|(line, _)| *line);
        Function {
            skill: profile.skills[skill].clone(),
            function: function.to_owned(),
            file: (!file.is_empty()).then(|| file.to_owned()),
            line,
            own: met.own,
            total: met.total,
            self_percent: percent(met.own),
            total_percent: percent(met.total),
        }
    });
    let mut functions: Vec<Function> = told.collect();
    functions.sort_by_key(|it| std::cmp::Reverse((it.own, it.total)));
    functions
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use voyager_sandbox::Sample;

    use super::*;

    fn place(function: &str, line: u32) -> SourceLine {
        let file = if line == 0 { "" } else { "a/src/lib.rs" };
        SourceLine { function: function.to_owned(), file: file.to_owned(), line }
    }

    /// Four samples: of `hot` below itself, of `hot` at two lines, and of its caller.
    pub(in super::super) fn profile() -> Profile {
        let millis = [0, 1, 2, 5];
        let stacks = [0, 1, 1, 2];
        let sample = |(at, stack): (&u64, &usize)| Sample {
            at: Duration::from_millis(*at),
            skill: 0,
            stack: *stack,
        };
        Profile {
            interval: Duration::from_millis(1),
            skills: vec!["a:b".to_owned()],
            places: vec![place("hot", 7), place("main", 20), place("hot", 9), place("start", 0)],
            stacks: vec![vec![0, 0, 1, 3], vec![2, 1, 3], vec![1, 3]],
            samples: millis.iter().zip(&stacks).map(sample).collect(),
            ..Profile::default()
        }
    }

    #[test]
    fn a_function_has_what_it_took_itself_and_with_what_it_called() {
        let told: Vec<String> = functions(&profile()).iter().map(|it| it.told(false)).collect();
        assert_eq!(
            told,
            [
                "   75.0%    75.0%  hot  a/src/lib.rs:9",
                "   25.0%   100.0%  main  a/src/lib.rs:20",
                "    0.0%   100.0%  start",
            ]
        );
    }

    #[test]
    fn no_samples_are_no_functions() {
        assert_eq!(functions(&Profile::default()), []);
    }
}
