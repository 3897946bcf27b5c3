//! Why a question is answered as it is.

use std::collections::{BTreeMap, HashMap};

use voyager_base::{
    clock::Timestamp,
    memory::{KIND_ALIAS, Trust},
};
use voyager_memory::{
    Candidate, Considered, FOUND_BYTES_MAX, Hit, LIMIT_MAX, MemoryId, OtherName, Question, Record,
    features,
    question::analyse,
    when::{Mention, moment},
};

use super::{Desk, read};
use crate::{
    answer::memory::{
        AlsoDetail, Asked, ExplainAnswer, Explained, NameDetail, Reading, Tied, TimeDetail,
        WhenDetail, decimal,
    },
    failure::Failure,
    moment::Moment,
};

/// So many characters of a text are shown.
const SHOWN: usize = 200;

/// What a better one has, where a record is left out since it says the same.
const SAME: &str = "has the same author, tags and words in the same order; `--copies` asks for all";

/// Why a record is no hit that recall does not look at.
const BEHIND: &str =
    "the best by each measure are nearer to the question, and recall looks at no others";

/// Why an archived record is no hit.
const ARCHIVED: &str = "it faded and is archived, and archived ones are not asked for";

/// Why an alias is no hit.
const ALIAS: &str = "it tells what things are called; `--kind alias` asks for such records";

impl Desk {
    /// Answers `memory explain`.
    pub(super) fn explain(
        &self,
        mut question: Question,
        id: Option<MemoryId>,
        as_of: Option<Moment>,
    ) -> Result<ExplainAnswer, Failure> {
        let now = self.asked_at(as_of)?;
        let as_of = as_of.map(|it| self.commit_of(it)).transpose()?;
        question.as_of = as_of.as_ref().map(|it| it.commit);
        let past = question.as_of.map(|it| self.memory.as_of(it)).transpose().map_err(read)?;
        let question = &question;
        let record = |it| self.memory.record(it).map_err(|error| self.gone(it, error));
        let record = id.map(record).transpose()?;
        // Everything that recall would give back, in its order.
        let all = Question { limit: LIMIT_MAX, budget_tokens: None, ..question.clone() };
        let ranked = self.found(&all, now)?.hits;
        let said_by = record.as_ref().map(|it| self.memory.said_by(question, &ranked, it.id));
        let said_by = said_by.transpose().map_err(read)?.flatten();
        let Considered { candidates, event, .. } =
            self.memory.consider(question, now).map_err(read)?;
        let reading = reading(&question.text, now, event.and_then(super::dated));
        let by_id: HashMap<MemoryId, &Candidate> =
            candidates.iter().map(|it| (it.id, it)).collect();
        let hits = self.found(question, now)?.hits;
        let explained = |(hit, rank): (&Hit, usize)| {
            let id = hit.record.id;
            let candidate = by_id.get(&id);
            let features = candidate.map(|it| named(&it.features)).unwrap_or_default();
            Explained {
                rank,
                id: id.to_string(),
                score: hit.score,
                untrained: candidate.map_or(0.0, |it| it.untrained),
                tokens: hit.tokens,
                signals: hit.signals,
                trust: self.memory.trust(id).unwrap_or_default(),
                features,
                text: beginning(&hit.record.draft.text),
            }
        };
        let asked = record.map(|record| {
            let among = |all: &[Hit]| {
                all.iter().zip(1..).find(|it| it.0.record.id == record.id).map(explained)
            };
            let hit = among(&hits);
            let is_hit = hit.is_some();
            let candidate = by_id.get(&record.id);
            let found = hit.or_else(|| among(&ranked)).or_else(|| {
                let candidate = candidate?;
                Some(Explained {
                    rank: 0,
                    id: record.id.to_string(),
                    score: candidate.score,
                    untrained: candidate.untrained,
                    tokens: candidate.tokens,
                    signals: candidate.signals,
                    trust: self.memory.trust(record.id).unwrap_or_default(),
                    features: named(&candidate.features),
                    text: beginning(&record.draft.text),
                })
            });
            let of = record.id;
            let (there, archived, newer) = match &past {
                Some(past) => {
                    (past.holds(of), past.is_archived(of), past.superseded_by(of).to_vec())
                }
                None => {
                    let newer = self.memory.superseded_by(of).unwrap_or_default();
                    (true, self.memory.is_archived(of).unwrap_or_default(), newer)
                }
            };
            let trust = self.memory.trust(of).unwrap_or_default();
            let lowered_by = self.memory.lowered_by(of).unwrap_or_default();
            let (verdict, reason) = match (&found, said_by.filter(|_| !is_hit)) {
                (_, Some(by)) => ("duplicate", stood_for(by.record.id)),
                (None, _) if !there => ("excluded", "it was not written yet then".to_owned()),
                (None, _) if archived && !question.archived => ("excluded", ARCHIVED.to_owned()),
                (None, _) if !newer.is_empty() && !question.history => {
                    ("superseded", by(&super::named(&newer)))
                }
                (None, _) if question.trust.is_some_and(|it| it > trust) => {
                    ("excluded", too_little(trust, &super::named(&lowered_by)))
                }
                (None, _)
                    if record.draft.kind == KIND_ALIAS
                        && question.kind.is_none()
                        && excluded(question, &record).is_none() =>
                {
                    ("excluded", ALIAS.to_owned())
                }
                // It was looked at for its features, and by recall not at all.
                (Some(found), _) if found.rank == 0 && candidate.is_some_and(|it| it.is_behind) => {
                    ("not-found", BEHIND.to_owned())
                }
                (found, _) => {
                    let speaks = candidate.is_some_and(|it| it.speaks);
                    verdict(question, &record, (found.as_ref(), speaks), (&hits, ranked.len()))
                }
            };
            let is_other = found.as_ref().is_some_and(|it| it.signals.time == 0.0);
            let reason = match reading.tied.as_ref().filter(|it| it.when.is_some() && is_other) {
                Some(tied) if verdict == "beyond-limit" => {
                    format!("{reason}; it is not {}", tied.told())
                }
                _ => reason,
            };
            let (id, verdict) = (record.id.to_string(), verdict.to_owned());
            Asked { id, verdict, reason, found }
        });
        let (candidates, records) = (candidates.len(), self.memory.ids().len());
        let hits = hits.iter().zip(1..).map(explained).collect();
        let kindred = question.kindred.clone();
        let short = self.memory.short_forms(question, now);
        let names = short.into_iter().map(|(said, author)| NameDetail { said, author }).collect();
        let others = self.memory.other_names(question).map_err(read)?;
        let also =
            |OtherName { said, other, by }| AlsoDetail { said, name: other, by: by.to_string() };
        let also = others.into_iter().map(also).collect();
        let question = Some(reading);
        let damaged = self.memory.damaged_count();
        Ok(ExplainAnswer {
            hits,
            candidates,
            records,
            damaged,
            asked,
            question,
            names,
            also,
            kindred,
            as_of,
        })
    }
}

/// How a question is read that is asked at `now`; `when` the event was that it is tied to.
fn reading(text: &str, now: Timestamp, when: Option<WhenDetail>) -> Reading {
    let read = analyse(text, now);
    let time = |it: &Mention| {
        let window = it.window(now);
        TimeDetail {
            said: text[it.span.clone()].to_owned(),
            from: window.map(|it| moment(it.from)),
            until: window.map(|it| moment(it.to)),
        }
    };
    Reading {
        wants: read.cue,
        names: read.names.into_iter().map(|it| it.name).collect(),
        exact: read.exact.into_iter().map(|it| it.text).collect(),
        times: read.times.iter().map(time).collect(),
        tied: read.related.map(|it| Tied { how: it.bound, event: it.event, when }),
        parts: read.parts,
    }
}

/// Why a superseded record is no hit.
fn by(newer: &[String]) -> String {
    let newer = newer.join(" and ");
    format!("it is superseded by {newer}, and `--history` asks for such ones too")
}

/// Why a record is no hit for which another one stands.
fn stood_for(by: MemoryId) -> String {
    format!("{by} stands for it and says the same; `--copies` asks for all")
}

/// Why a record is not trusted enough to be a hit.
fn too_little(trust: Trust, lowered_by: &[String]) -> String {
    let through = match lowered_by {
        [] => String::new(),
        sources => format!(", through {}", sources.join(" and ")),
    };
    format!("it is trusted as `{trust}`{through}, and more is asked for")
}

/// Why a record is, or is not, among the hits: a word and a sentence.
fn verdict(
    question: &Question,
    record: &Record,
    (found, speaks): (Option<&Explained>, bool),
    (hits, ranked): (&[Hit], usize),
) -> (&'static str, String) {
    let limit = question.limit;
    let is_hit = hits.iter().any(|it| it.record.id == record.id);
    // What the budget did not have left is passed over, and what comes behind it is looked at, up to the limit.
    let ended = hits.last().filter(|_| hits.len() == limit);
    let is_behind = |it: &Explained| ended.is_some_and(|last| last.score >= it.score);
    match found {
        Some(found) if is_hit => ("hit", format!("it is number {} of the hits", found.rank)),
        Some(found) if found.rank > limit && is_behind(found) => {
            let reason = format!("it is number {}, and the limit is {limit}", found.rank);
            ("beyond-limit", reason)
        }
        Some(found) if found.rank > 0 => {
            let (rank, tokens) = (found.rank, found.tokens);
            let budget = question.budget_tokens.unwrap_or_default();
            let reason = format!(
                "it is number {rank} and takes {tokens} tokens, which the budget of {budget} did not have left"
            );
            ("beyond-budget", reason)
        }
        Some(_) if !speaks => {
            let why = match record.draft.thread {
                Some(_) => ": it was looked at beside a neighbour in its thread",
                None => ", and its vector is not near enough to speak for it alone",
            };
            ("not-found", format!("nothing in the question speaks for it{why}"))
        }
        Some(_) if ranked < LIMIT_MAX => ("duplicate", format!("a better one {SAME}")),
        Some(_) => {
            let reason = format!("it comes behind the first {LIMIT_MAX}, or a better one {SAME}");
            ("beyond-limit", reason)
        }
        None => match excluded(question, record) {
            Some(reason) => ("excluded", reason),
            None => {
                let reason = "no arm found it: among the best of none are its words, those of its \
                              neighbours in its thread, or a relation that leads to it";
                ("not-found", reason.to_owned())
            }
        },
    }
}

/// What the question asks for that the record is not.
fn excluded(question: &Question, record: &Record) -> Option<String> {
    let draft = &record.draft;
    let differs = |wanted: &Option<String>, what: &str, has: Option<&str>| {
        let wanted = wanted.as_deref().filter(|it| has != Some(it))?;
        let has = has.map_or_else(|| "none".to_owned(), |it| format!("`{it}`"));
        Some(format!("its {what} is {has}, and `{wanted}` is asked for"))
    };
    if !question.spaces.is_empty() && !question.spaces.contains(&draft.space) {
        let spaces = question.spaces.join("`, `");
        return Some(format!("its space is `{}`, and `{spaces}` is asked for", draft.space));
    }
    let at = record.at();
    differs(&question.author, "author", draft.author.as_deref())
        .or_else(|| differs(&question.thread, "thread", draft.thread.as_deref()))
        .or_else(|| differs(&question.kind, "kind", Some(&draft.kind)))
        .or_else(|| {
            let missing = question.tags.iter().find(|it| !draft.tags.contains(it))?;
            Some(format!("it has no tag `{missing}`"))
        })
        .or_else(|| {
            let other = question.fields.iter().find(|it| !it.is_of(draft))?;
            Some(match draft.fields.get(&other.name) {
                Some(has) if has.len() > FOUND_BYTES_MAX => format!(
                    "its field `{}` has {} bytes, and a field is found by at most {FOUND_BYTES_MAX}",
                    other.name,
                    has.len()
                ),
                Some(has) => {
                    format!("its field `{}` is `{has}`, and `{other}` is asked for", other.name)
                }
                None => format!("it has no field `{}`", other.name),
            })
        })
        .or_else(|| {
            let since = question.since.filter(|it| at < *it)?;
            Some(format!("it was told at {at}, before {since}"))
        })
        .or_else(|| {
            let until = question.until.filter(|it| *it <= at)?;
            Some(format!("it was told at {at}, not before {until}"))
        })
}

fn named(features: &[f32]) -> BTreeMap<String, f64> {
    features::names().into_iter().zip(features.iter().copied().map(decimal)).collect()
}

fn beginning(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
