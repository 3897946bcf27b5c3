//! What `memory bench` measured, as people read it.

use voyager_memory::evaluate::{details, table};

use crate::{
    answer::memory::bench::BenchAnswer,
    cli::Context,
    failure::Failure,
    printing::{harmless, line, note},
    report::tell,
};

/// Prints what rankings are worth, in percent.
pub(crate) fn measured(context: &Context, answer: &BenchAnswer) -> Result<u8, Failure> {
    tell(context, answer, 0, || {
        let BenchAnswer { encoder, conversations, turns, questions, rankings, out, .. } = answer;
        let vectors = match encoder {
            Some(name) => format!("vectors of {name}"),
            None => "no vectors".to_owned(),
        };
        line(harmless(&format!(
            "{conversations} conversation(s), {turns} turns, {questions} questions, {vectors}"
        )))?;
        let rows = table(rankings.iter().map(|it| (it.name, &it.summary)));
        rows.lines().try_for_each(line)?;
        if let Some(recall) = rankings.last() {
            line("")?;
            details(recall.name, &recall.summary).lines().try_for_each(line)?;
        }
        if *conversations == 1 {
            note("intervals need more than one conversation: they are drawn from conversations");
        }
        if let Some(out) = out {
            note(harmless(&format!("what every question was worth is in {out}")));
        }
        Ok(())
    })
}
