//! The formulas that all languages share. No counting happens here.

use crate::contract::exports::voyager::coder::metrics::{FileMetrics, Halstead};

/// Halstead's measures from the four counts, as radon computes them: no volume without a vocabulary,
/// no difficulty without operands.
pub fn halstead(
    operators_distinct: u32,
    operands_distinct: u32,
    operators: u32,
    operands: u32,
) -> Halstead {
    let vocabulary = f64::from(operators_distinct) + f64::from(operands_distinct);
    let length = f64::from(operators) + f64::from(operands);
    let volume = if vocabulary > 0.0 { length * vocabulary.log2() } else { 0.0 };
    let difficulty = if operands_distinct > 0 {
        f64::from(operators_distinct) * f64::from(operands) / (2.0 * f64::from(operands_distinct))
    } else {
        0.0
    };
    Halstead {
        operators_distinct,
        operands_distinct,
        operators,
        operands,
        volume,
        difficulty,
        effort: difficulty * volume,
    }
}

/// The maintainability index in radon's variant: 0 to 100, the comments' share in percent of the
/// source lines taken as degrees, 100 where there is nothing to maintain.
pub fn maintainability(volume: f64, cyclomatic: u32, logical: u32, comment_percent: f64) -> f64 {
    if volume <= 0.0 || logical == 0 {
        return 100.0;
    }
    let raw =
        171.0 - 5.2 * volume.ln() - 0.23 * f64::from(cyclomatic) - 16.2 * f64::from(logical).ln()
            + 50.0 * (2.46 * comment_percent.to_radians()).sqrt().sin();
    (raw * 100.0 / 171.0).clamp(0.0, 100.0)
}

/// Fills in the maintainability index, once lines, Halstead's measures and the complexity are known.
pub fn finish(metrics: &mut FileMetrics) {
    let lines = &metrics.lines;
    let comment_percent = if lines.source == 0 {
        0.0
    } else {
        f64::from(lines.comments + lines.documentation) / f64::from(lines.source) * 100.0
    };
    metrics.maintainability = maintainability(
        metrics.halstead.volume,
        metrics.cyclomatic,
        lines.logical,
        comment_percent,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halstead_follows_its_definition() {
        let measures = halstead(2, 3, 2, 4);
        assert!((measures.volume - 6.0 * 5.0_f64.log2()).abs() < 1e-12);
        assert!((measures.difficulty - 2.0 * 4.0 / 6.0).abs() < 1e-12);
        assert!((measures.effort - measures.volume * measures.difficulty).abs() < 1e-9);
    }

    #[test]
    fn nothing_gives_no_volume_and_full_marks() {
        assert_eq!(halstead(0, 0, 0, 0).volume, 0.0);
        assert_eq!(maintainability(0.0, 5, 10, 0.0), 100.0);
        assert_eq!(maintainability(10.0, 5, 0, 0.0), 100.0);
    }

    #[test]
    fn the_index_stays_within_its_bounds() {
        assert_eq!(maintainability(1e9, 10_000, 1_000_000, 0.0), 0.0);
        let best = maintainability(1.0, 1, 1, 50.0);
        assert!(best > 99.0 && best <= 100.0, "{best}");
    }
}
