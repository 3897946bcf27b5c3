//! Python: one lexing pass bounds the depth, one parse gives tokens and tree, one walk over each of
//! them counts.

mod depth;
mod lines;
mod operands;
mod walk;

use ruff_python_parser::parse_module;

use crate::contract::exports::voyager::coder::metrics::FileMetrics;
use crate::figures;
use crate::measure::problem;
use crate::text::LineIndex;

/// Fills in the figures of a Python text.
pub fn measure(text: &str, metrics: &mut FileMetrics) {
    if let Err(too_deep) = depth::check(text) {
        metrics.problem = Some(too_deep);
        return;
    }
    let index = LineIndex::new(text);
    let parsed = match parse_module(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let line = index.line(error.location.start().to_u32());
            metrics.lines.total = index.count(text);
            metrics.problem = Some(problem("unparsable", error.error.to_string(), Some(line)));
            return;
        }
    };
    metrics.lines = lines::count(text, parsed.tokens());
    let counted = walk::module(&parsed.syntax().body, &index);
    metrics.halstead = counted.halstead;
    metrics.cyclomatic = counted.cyclomatic;
    metrics.functions = counted.functions;
    let lines = &metrics.lines;
    let comment_percent = if lines.source == 0 {
        0.0
    } else {
        f64::from(lines.comments + lines.documentation) / f64::from(lines.source) * 100.0
    };
    metrics.maintainability =
        figures::maintainability(metrics.halstead.volume, metrics.cyclomatic, lines.logical, comment_percent);
}
