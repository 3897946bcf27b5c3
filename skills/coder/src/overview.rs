//! What many files add up to. Overviews of parts merge into the overview of the whole, in any
//! grouping, so that child tasks return little.

use crate::contract::exports::voyager::coder::metrics::{
    Dialect, FileMetrics, FunctionMetrics, HardFile, HotSpot, LanguageTotals, Overview, Skipped,
};
use crate::language::Language;

/// The most worst functions and worst files that are kept.
pub const HOT_SPOTS_MAX: u32 = 1_000;
/// The most files that are named as not measured.
pub const SKIPPED_MAX: usize = 1_000;

/// Adds up files and overviews.
pub struct Sum {
    overview: Overview,
    hot_spots_max: usize,
}

impl Sum {
    /// A sum that keeps at most `hot_spots_max`, and at most [`HOT_SPOTS_MAX`], worst functions and
    /// files.
    pub fn new(hot_spots_max: u32) -> Self {
        let overview = Overview {
            languages: Vec::new(),
            hot_spots: Vec::new(),
            hard_files: Vec::new(),
            skipped: Vec::new(),
            skipped_total: 0,
            dialects: Vec::new(),
        };
        Self { overview, hot_spots_max: hot_spots_max.min(HOT_SPOTS_MAX) as usize }
    }

    /// Adds a measured file.
    pub fn add(&mut self, file: &FileMetrics) {
        if let Some(problem) = &file.problem {
            return self.skip(Skipped { path: file.path.clone(), problem: problem.clone() });
        }
        self.total(&totals_of(file));
        self.overview
            .hot_spots
            .extend(file.functions.iter().map(|function| hot_spot(&file.path, function)));
        self.overview.hard_files.push(HardFile {
            path: file.path.clone(),
            lines: file.lines.total,
            maintainability: file.maintainability,
        });
        self.keep_the_worst();
    }

    /// Adds a file that was not measured.
    pub fn skip(&mut self, skipped: Skipped) {
        self.overview.skipped_total += 1;
        self.overview.skipped.push(skipped);
    }

    /// Adds what others added up.
    pub fn merge(&mut self, part: Overview) {
        part.languages.iter().for_each(|totals| self.total(totals));
        self.overview.hot_spots.extend(part.hot_spots);
        self.overview.hard_files.extend(part.hard_files);
        self.overview.skipped.extend(part.skipped);
        self.overview.skipped_total += part.skipped_total;
        self.keep_the_worst();
    }

    /// The sum.
    pub fn finish(mut self) -> Overview {
        let overview = &mut self.overview;
        overview.languages.sort_by(|a, b| a.language.cmp(&b.language));
        overview.skipped.sort_by(|a, b| a.path.cmp(&b.path));
        overview.skipped.truncate(SKIPPED_MAX);
        overview.dialects = dialects();
        overview.dialects.retain(|dialect| {
            overview.languages.iter().any(|totals| totals.language == dialect.language)
        });
        self.overview
    }

    fn total(&mut self, more: &LanguageTotals) {
        let languages = &mut self.overview.languages;
        let Some(totals) = languages.iter_mut().find(|totals| totals.language == more.language)
        else {
            languages.push(more.clone());
            return;
        };
        let (before, added) = (f64::from(totals.files), f64::from(more.files));
        if before + added > 0.0 {
            totals.maintainability =
                (totals.maintainability * before + more.maintainability * added) / (before + added);
        }
        totals.files += more.files;
        totals.bytes += more.bytes;
        totals.lines += more.lines;
        totals.source += more.source;
        totals.comment += more.comment;
        totals.functions += more.functions;
        totals.cyclomatic += more.cyclomatic;
        totals.cyclomatic_max = totals.cyclomatic_max.max(more.cyclomatic_max);
        totals.cognitive += more.cognitive;
        totals.cognitive_max = totals.cognitive_max.max(more.cognitive_max);
    }

    /// Orders by badness, then by place, so that the order never depends on how the work was spread.
    fn keep_the_worst(&mut self) {
        let overview = &mut self.overview;
        overview.hot_spots.sort_by(|a, b| {
            b.score
                .cmp(&a.score)
                .then_with(|| a.path.cmp(&b.path))
                .then_with(|| (a.line, &a.name).cmp(&(b.line, &b.name)))
        });
        overview.hot_spots.truncate(self.hot_spots_max);
        overview.hard_files.sort_by(|a, b| {
            a.maintainability.total_cmp(&b.maintainability).then_with(|| a.path.cmp(&b.path))
        });
        overview.hard_files.truncate(self.hot_spots_max);
    }
}

fn totals_of(file: &FileMetrics) -> LanguageTotals {
    let functions = &file.functions;
    LanguageTotals {
        language: file.language.clone(),
        files: 1,
        bytes: file.bytes,
        lines: u64::from(file.lines.total),
        source: u64::from(file.lines.source),
        comment: u64::from(file.lines.comment) + u64::from(file.lines.documentation),
        functions: u32::try_from(functions.len()).unwrap_or(u32::MAX),
        cyclomatic: functions.iter().map(|function| u64::from(function.cyclomatic)).sum(),
        cyclomatic_max: functions.iter().map(|function| function.cyclomatic).max().unwrap_or(0),
        cognitive: functions.iter().map(|function| u64::from(function.cognitive)).sum(),
        cognitive_max: functions.iter().map(|function| function.cognitive).max().unwrap_or(0),
        maintainability: file.maintainability,
    }
}

fn hot_spot(path: &str, function: &FunctionMetrics) -> HotSpot {
    let lines = function.end_line.saturating_sub(function.line) + 1;
    let complexity = u64::from(function.cyclomatic_extended) + u64::from(function.cognitive);
    HotSpot {
        path: path.to_owned(),
        name: function.name.clone(),
        line: function.line,
        lines,
        cyclomatic: function.cyclomatic,
        cyclomatic_extended: function.cyclomatic_extended,
        cognitive: function.cognitive,
        score: complexity * u64::from(lines),
    }
}

/// The definitions behind all figures; `DIALECTS.md` says what each of them counts.
pub fn dialects() -> Vec<Dialect> {
    const MEASURES: [&str; 6] =
        ["cyclomatic", "cyclomatic-extended", "cognitive", "halstead", "maintainability", "lines"];
    let definitions = |language| match language {
        Language::Python => {
            ["ruff-c901", "radon-cc", "sonar", "radon-halstead", "radon-mi", "radon-raw"]
        }
        Language::JavaScript | Language::TypeScript => {
            ["mccabe", "eslint-complexity", "sonar", "token-halstead", "radon-mi", "lexical"]
        }
        Language::Rust => {
            ["mccabe", "mccabe-extended", "sonar", "token-halstead", "radon-mi", "lexical"]
        }
    };
    let languages = [Language::JavaScript, Language::Python, Language::Rust, Language::TypeScript];
    let of_language = |language: Language| {
        MEASURES.into_iter().zip(definitions(language)).map(move |(measure, name)| Dialect {
            language: language.name().to_owned(),
            measure: measure.to_owned(),
            name: name.to_owned(),
        })
    };
    languages.into_iter().flat_map(of_language).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure;

    fn files() -> Vec<FileMetrics> {
        let text = |number: u32| {
            format!("def f{number}(a):\n{}", "    if a: pass\n".repeat(number as usize + 1))
        };
        let mut files: Vec<_> = (0..9)
            .map(|number| measure::file(&format!("{number}.py"), text(number).as_bytes()))
            .collect();
        files.push(measure::file("bad.py", b"def"));
        files
    }

    fn sum(files: &[FileMetrics]) -> Overview {
        let mut sum = Sum::new(3);
        files.iter().for_each(|file| sum.add(file));
        sum.finish()
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let files = files();
        let whole = sum(&files);
        let mut parts = Sum::new(3);
        files.chunks(4).rev().for_each(|part| parts.merge(sum(part)));
        let mut parts = parts.finish();
        assert!(
            (parts.languages[0].maintainability - whole.languages[0].maintainability).abs() < 1e-9
        );
        parts.languages[0].maintainability = whole.languages[0].maintainability;
        assert_eq!(parts, whole);
    }

    #[test]
    fn the_worst_come_first_and_the_unread_are_named() {
        let whole = sum(&files());
        let names: Vec<_> =
            whole.hot_spots.iter().map(|spot| (spot.name.as_str(), spot.score)).collect();
        assert_eq!(names, [("f8", 190), ("f7", 153), ("f6", 120)]);
        assert_eq!(whole.hard_files.len(), 3);
        assert_eq!((whole.skipped[0].path.as_str(), whole.skipped_total), ("bad.py", 1));
        assert_eq!((whole.languages[0].files, whole.languages[0].cyclomatic_max), (9, 10));
    }

    #[test]
    fn every_language_names_its_definitions() {
        let dialects = dialects();
        assert_eq!(dialects.len(), 24);
        assert!(
            dialects
                .iter()
                .any(|dialect| dialect.language == "python" && dialect.name == "ruff-c901")
        );
    }
}
