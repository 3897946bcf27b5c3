//! Whether doubt is as probable as it says.

use std::fmt;

use serde::Serialize;

/// So many parts is doubt cut into, of one length each.
pub const BINS: usize = 10;

/// Questions whose doubt lies in one of the parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// How many.
    pub questions: usize,
    /// Their doubt, on average.
    pub doubt: f64,
    /// The share of them that nothing answers.
    pub unanswered: f64,
}

/// What doubt says, held against what is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Reliability {
    /// By doubt, from 0 to 1.
    pub bins: [Bin; BINS],
    /// How far doubt is from the share that nothing answers, on average over the questions: the expected calibration
    /// error (Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", 2015).
    pub error: f64,
}

/// Holds doubts, each from 0 to 1, against whether nothing answers.
pub fn reliability(doubts: impl IntoIterator<Item = (f64, bool)>) -> Reliability {
    let mut bins = [Bin::default(); BINS];
    for (doubt, is_unanswered) in doubts {
        let bin = &mut bins[((doubt * BINS as f64) as usize).min(BINS - 1)];
        bin.questions += 1;
        bin.doubt += doubt;
        bin.unanswered += f64::from(u8::from(is_unanswered));
    }
    let all = bins.iter().map(|it| it.questions).sum::<usize>().max(1) as f64;
    let error = bins.iter().map(|it| (it.doubt - it.unanswered).abs()).sum::<f64>() / all;
    for bin in &mut bins {
        let count = bin.questions.max(1) as f64;
        (bin.doubt, bin.unanswered) = (bin.doubt / count, bin.unanswered / count);
    }
    Reliability { bins, error }
}

impl fmt::Display for Reliability {
    /// A line for each part in which there are questions.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "    doubt         questions   on average   nothing answers")?;
        for (number, Bin { questions, doubt, unanswered }) in self.bins.iter().enumerate() {
            if *questions > 0 {
                let (from, until) = (number as f64 / 10.0, (number + 1) as f64 / 10.0);
                writeln!(
                    to,
                    "    {from:.1} to {until:.1} {questions:>12} {doubt:>12.2} {:>15.0} %",
                    unanswered * 100.0
                )?;
            }
        }
        writeln!(to, "    expected calibration error {:.3}", self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_is_held_against_what_nothing_answers() {
        assert_eq!(reliability([]), Reliability::default());
        // Two of four that are doubted by 0.25 have no answer, and the one by 1.
        let of =
            |doubt, answers: &[bool]| answers.iter().map(|it| (doubt, *it)).collect::<Vec<_>>();
        let all = [of(0.25, &[true, true, false, false]), of(1.0, &[true])].concat();
        let found = reliability(all);
        assert_eq!(found.bins[2], Bin { questions: 4, doubt: 0.25, unanswered: 0.5 });
        assert_eq!(found.bins[9], Bin { questions: 1, doubt: 1.0, unanswered: 1.0 });
        assert!((found.error - 0.2).abs() < 1e-12, "{}", found.error);
        let lines = found.to_string();
        assert!(
            lines.contains("0.2 to 0.3            4         0.25              50 %"),
            "{lines}"
        );
    }
}
