//! What a check of the memory found, as people read it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::in_runs;
use crate::{
    answer::memory::verify::{FaultDetail, VerifyAnswer},
    cli::Context,
    failure::Failure,
    printing::{self, harmless, line, note},
    report::{read, tell},
};

/// Prints what is damaged, and what to do about it: what is wrong with many records in one line.
pub(crate) fn verify(context: &Context, answer: &Json) -> Result<u8, Failure> {
    let verified: VerifyAnswer = read(answer)?;
    tell(context, &verified, u8::from(!verified.whole), || {
        let VerifyAnswer { records, vectors, relations, commit, .. } = &verified;
        for ((part, problem, remedy), ids) in alike(&verified.faults) {
            let about = if ids.is_empty() { String::new() } else { format!(" {}", in_runs(&ids)) };
            line(harmless(&format!("{part}{about}: {problem}")))?;
            line(format!("    {remedy}"))?;
        }
        if verified.more > 0 {
            note(format!("{} more are not shown", verified.more));
        }
        let index = match verified.index_bytes {
            0 => "no kept index".to_owned(),
            bytes => format!("{} of the kept index", printing::size(bytes)),
        };
        let checked = format!(
            "{records} record(s), {vectors} vector(s), {relations} relation(s), {index} as of commit {commit}, in {}",
            printing::duration(verified.millis)
        );
        if verified.whole {
            line(format!("whole: {checked}"))
        } else {
            note(format!("checked {checked}"));
            Ok(())
        }
    })
}

/// Faults that differ in the record alone, with their records; in the order of the first of them.
fn alike(faults: &[FaultDetail]) -> Vec<((String, String, String), Vec<String>)> {
    let mut all: Vec<((String, String, String), Vec<String>)> = Vec::new();
    let mut places = BTreeMap::new();
    for FaultDetail { id, part, problem, remedy } in faults {
        // What is to be typed names one of them.
        let remedy = id.as_ref().map_or_else(|| remedy.clone(), |it| remedy.replace(it, "ID"));
        let kind = (part.clone(), problem.clone(), remedy);
        let place = *places.entry(kind.clone()).or_insert_with(|| {
            all.push((kind, Vec::new()));
            all.len() - 1
        });
        all[place].1.extend(id.clone());
    }
    for ((_, _, remedy), ids) in &mut all {
        if let [id] = ids.as_slice() {
            *remedy = remedy.replace("ID", id);
        }
    }
    all
}
