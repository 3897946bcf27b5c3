//! What runs made of answers of the memory, offered to runs that ask nearly the same.
//!
//! Both calls are reads: what is kept lives in the memory of the process, where a restart may take it away at any time,
//! and nothing durable changes with it. So a resumed run does not keep again what it kept before.

use serde::{Deserialize, Serialize};

use super::{HITS_MAX, RecallMemory, Trust, over};
use crate::{
    BoxFuture,
    call::{CallContext, Effect, HostCall, Need, Services},
    clock::Timestamp,
    error::{Error, ErrorKind},
};

/// Most bytes of what was made of an answer.
pub const RESULT_BYTES_MAX: usize = 64 << 10;
/// Most results that are offered for a question.
pub const OFFERS_MAX: usize = 8;
/// How near another question has to be, where nobody says.
pub const LIKENESS_USUAL: f64 = 0.9;

/// Keeps what was made of the answer to a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeepResult {
    /// The question.
    pub question: RecallMemory,
    /// All memories that it found.
    pub found: Vec<u64>,
    /// What was made of them.
    pub text: String,
}

/// Asks for what was made of answers to questions that are nearly the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeekResults {
    /// The question.
    pub question: RecallMemory,
    /// How near the other questions have to be: a cosine, above 0 and up to 1.
    pub likeness: f64,
}

/// What was made of the answer to an earlier question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfferedResult {
    /// The earlier question.
    pub question: String,
    /// When it was asked.
    pub asked: Timestamp,
    /// How near both questions are: 1 where they have the same words, else the cosine of their vectors.
    pub likeness: f64,
    /// All memories that it found.
    pub found: Vec<u64>,
    /// What was made of them.
    pub text: String,
    /// The run that did.
    pub run: String,
    /// Its skill.
    pub skill: String,
    /// As far as that run is trusted.
    pub trust: Trust,
}

impl KeepResult {
    /// A result from what a skill says.
    ///
    /// # Errors
    /// `limit`.
    pub fn new(question: RecallMemory, found: Vec<u64>, text: String) -> Result<Self, Error> {
        let question = question.checked()?;
        if found.len() > HITS_MAX as usize {
            return Err(over("found", found.len(), HITS_MAX as usize));
        }
        if RESULT_BYTES_MAX < text.len() {
            let message = format!(
                "the text has {} bytes, and {RESULT_BYTES_MAX} are the most of one result; keep less of it",
                text.len()
            );
            let bound = format!("text: {RESULT_BYTES_MAX}");
            return Err(Error::new(ErrorKind::Limit, message).bound(bound));
        }
        Ok(Self { question, found, text })
    }
}

impl SeekResults {
    /// A question from what a skill says.
    ///
    /// # Errors
    /// `limit`, `invalid`.
    pub fn new(question: RecallMemory, likeness: Option<f64>) -> Result<Self, Error> {
        let likeness = likeness.unwrap_or(LIKENESS_USUAL);
        // What is no number is neither.
        if !(likeness > 0.0 && likeness <= 1.0) {
            let message = format!(
                "a likeness is a cosine, above 0 and up to 1, and not {likeness}; 1 asks for the same words"
            );
            return Err(Error::invalid(message));
        }
        Ok(Self { question: question.checked()?, likeness })
    }
}

impl HostCall for KeepResult {
    const NAME: &'static str = "memory.keep-result";
    const EFFECT: Effect = Effect::Read;
    type Reply = bool;

    fn need(&self) -> Need<'_> {
        // That one of the spaces may be written too, the service sees to: it knows which ones those are.
        Need::Recall { spaces: &self.question.spaces }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        services.memory.keep_result(context, self)
    }
}

impl HostCall for SeekResults {
    const NAME: &'static str = "memory.offers";
    const EFFECT: Effect = Effect::Read;
    type Reply = Vec<OfferedResult>;

    fn need(&self) -> Need<'_> {
        Need::Recall { spaces: &self.question.spaces }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Vec<OfferedResult>, Error>> {
        services.memory.offers(context, self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_bounds_says_so() {
        let keep = |found: usize, text: usize| {
            KeepResult::new(RecallMemory::default(), vec![1; found], "x".repeat(text))
        };
        assert!(keep(100, RESULT_BYTES_MAX).is_ok());
        for (call, bound) in [(keep(101, 1), "found: 100"), (keep(1, 65_537), "text: 65536")] {
            let error = call.unwrap_err();
            assert_eq!((error.kind, error.bound.as_deref()), (ErrorKind::Limit, Some(bound)));
        }
        let seek = |likeness| SeekResults::new(RecallMemory::default(), likeness);
        assert_eq!(seek(None).unwrap().likeness, LIKENESS_USUAL);
        assert_eq!(seek(Some(1.0)).unwrap().likeness, 1.0);
        for none in [0.0, -0.5, 1.01, f64::NAN, f64::INFINITY] {
            assert_eq!(seek(Some(none)).unwrap_err().kind, ErrorKind::Invalid);
        }
        let wide = RecallMemory { limit: 101, ..RecallMemory::default() };
        assert_eq!(SeekResults::new(wide, None).unwrap_err().kind, ErrorKind::Limit);
    }
}
