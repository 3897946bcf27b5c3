//! The skill as a component.

#![expect(
    unsafe_code,
    clippy::allow_attributes_without_reason,
    clippy::use_self,
    reason = "the bindings are generated"
)]

wit_bindgen::generate!({
    path: ["../../wit/types.wit", "../../wit/memory.wit", "wit"],
    world: "voyager-skills:memory/skill",
    with: {
        "voyager:types/types@0.1.0": voyager_sdk::bindings::voyager::types::types,
        "voyager:memory/memory@0.1.0": voyager_sdk::bindings::voyager::memory::memory,
        "voyager:memory/results@0.1.0": voyager_sdk::bindings::voyager::memory::results,
        "voyager:memory/evidence@0.1.0": voyager_sdk::bindings::voyager::memory::evidence,
    },
});

use exports::voyager_skills::memory::memories::{
    Answer, Comparison, Condition, Dated, Explained, Field, Found, Guest, Memory, Offer, Passage,
    Related, Signal, Turn,
};
use voyager_sdk::{
    Error,
    evidence::{self, Search},
    memory::{self, Lesson, Question, Recalled, Relation, Remembered},
    results,
};

struct Skill;

export!(Skill);

impl Guest for Skill {
    fn remember(
        space: String,
        text: String,
        author: Option<String>,
        kind: Option<String>,
        thread: Option<String>,
        tags: Option<Vec<String>>,
        fields: Option<Vec<Field>>,
        at_ms: Option<u64>,
        importance: Option<f32>,
        confidence: Option<f32>,
        pinned: Option<bool>,
    ) -> Result<u64, Error> {
        let mut draft = memory::draft(space, text);
        (draft.author, draft.kind, draft.thread) = (author, kind, thread);
        (draft.at_ms, draft.importance, draft.confidence) = (at_ms, importance, confidence);
        draft.pinned = pinned.unwrap_or(false);
        draft.tags = tags.unwrap_or_default();
        let fields = fields.into_iter().flatten();
        draft.fields = fields.map(|it| memory::Field { name: it.name, value: it.value }).collect();
        memory::keep(draft)
    }

    fn recall(
        question: String,
        spaces: Option<Vec<String>>,
        limit: Option<u32>,
        budget_tokens: Option<u32>,
        author: Option<String>,
        kind: Option<String>,
        thread: Option<String>,
        tags: Option<Vec<String>>,
        since_ms: Option<u64>,
        until_ms: Option<u64>,
        fields: Option<Vec<Condition>>,
    ) -> Result<Vec<Memory>, Error> {
        let bounds = Bounds {
            spaces,
            limit,
            budget_tokens,
            author,
            kind,
            thread,
            tags,
            since_ms,
            until_ms,
            fields,
            ..Bounds::default()
        };
        bounds.recalled(question).map(found)
    }

    fn ask(
        question: String,
        spaces: Option<Vec<String>>,
        limit: Option<u32>,
        budget_tokens: Option<u32>,
        author: Option<String>,
        kind: Option<String>,
        thread: Option<String>,
        tags: Option<Vec<String>>,
        since_ms: Option<u64>,
        until_ms: Option<u64>,
        fields: Option<Vec<Condition>>,
    ) -> Result<Answer, Error> {
        let bounds = Bounds {
            spaces,
            limit,
            budget_tokens,
            author,
            kind,
            thread,
            tags,
            since_ms,
            until_ms,
            fields,
            ..Bounds::default()
        };
        let mut recalled = bounds.recalled(question)?;
        let (doubt, dated) = (recalled.doubt, recalled.dated.take().map(dated));
        Ok(Answer { memories: found(recalled), doubt, dated })
    }

    fn relate(from: u64, kind: String, to: u64, weight: Option<f32>) -> Result<(), Error> {
        memory::relate(&Relation { from, kind, to, weight: weight.unwrap_or(1.0) })
    }

    fn forget(ids: Vec<u64>) -> Result<(), Error> {
        memory::forget(&ids)
    }

    fn used(ids: Vec<u64>) -> Result<(), Error> {
        memory::used(&ids)
    }

    fn read(id: u64) -> Result<Memory, Error> {
        memory::read(id).map(|it| told(it, 1.0))
    }

    fn learn(
        space: String,
        context: String,
        tried: String,
        outcome: String,
        worked: bool,
        tags: Option<Vec<String>>,
    ) -> Result<u64, Error> {
        let tags = tags.unwrap_or_default();
        memory::learn(&Lesson { space, context, tried, outcome, worked, tags })
    }

    fn lessons(
        context: String,
        spaces: Option<Vec<String>>,
        limit: Option<u32>,
    ) -> Result<Vec<Memory>, Error> {
        memory::lessons(&context, &spaces.unwrap_or_default(), limit).map(found)
    }

    fn keep_result(
        question: String,
        found: Vec<u64>,
        text: String,
        spaces: Option<Vec<String>>,
        limit: Option<u32>,
        budget_tokens: Option<u32>,
        author: Option<String>,
        kind: Option<String>,
        thread: Option<String>,
        tags: Option<Vec<String>>,
        since_ms: Option<u64>,
        until_ms: Option<u64>,
    ) -> Result<bool, Error> {
        let bounds = Bounds {
            spaces,
            limit,
            budget_tokens,
            author,
            kind,
            thread,
            tags,
            since_ms,
            until_ms,
            ..Bounds::default()
        };
        results::keep(&bounds.of(question), &found, &text)
    }

    fn offers(
        question: String,
        likeness: Option<f64>,
        spaces: Option<Vec<String>>,
        limit: Option<u32>,
        budget_tokens: Option<u32>,
        author: Option<String>,
        kind: Option<String>,
        thread: Option<String>,
        tags: Option<Vec<String>>,
        since_ms: Option<u64>,
        until_ms: Option<u64>,
    ) -> Result<Vec<Offer>, Error> {
        let bounds = Bounds {
            spaces,
            limit,
            budget_tokens,
            author,
            kind,
            thread,
            tags,
            since_ms,
            until_ms,
            ..Bounds::default()
        };
        let offers = results::offers(&bounds.of(question), likeness)?;
        Ok(offers.into_iter().map(offered).collect())
    }

    fn find(
        question: String,
        spaces: Option<Vec<String>>,
        limit: Option<u32>,
        budget_tokens: Option<u32>,
        author: Option<String>,
        kind: Option<String>,
        thread: Option<String>,
        tags: Option<Vec<String>>,
        since_ms: Option<u64>,
        until_ms: Option<u64>,
        fields: Option<Vec<Condition>>,
        history: Option<bool>,
        as_of_ms: Option<u64>,
    ) -> Result<Found, Error> {
        let bounds = Bounds {
            spaces,
            limit,
            budget_tokens,
            author,
            kind,
            thread,
            tags,
            since_ms,
            until_ms,
            fields,
            history,
            as_of_ms,
        };
        let evidence::Found { hits, duplicates, doubt, dated } =
            evidence::find(&bounds.search(question))?;
        let memories = hits.into_iter().map(explained).collect();
        Ok(Found { memories, duplicates, doubt, dated: dated.map(self::dated) })
    }

    fn passages(
        question: String,
        spaces: Option<Vec<String>>,
        limit: Option<u32>,
        budget_tokens: Option<u32>,
        author: Option<String>,
        kind: Option<String>,
        thread: Option<String>,
        tags: Option<Vec<String>>,
        since_ms: Option<u64>,
        until_ms: Option<u64>,
        fields: Option<Vec<Condition>>,
        history: Option<bool>,
        as_of_ms: Option<u64>,
    ) -> Result<Vec<Passage>, Error> {
        let bounds = Bounds {
            spaces,
            limit,
            budget_tokens,
            author,
            kind,
            thread,
            tags,
            since_ms,
            until_ms,
            fields,
            history,
            as_of_ms,
        };
        let passages = evidence::passages(&bounds.search(question))?;
        Ok(passages.into_iter().map(passage).collect())
    }

    fn list(
        spaces: Option<Vec<String>>,
        limit: Option<u32>,
        author: Option<String>,
        kind: Option<String>,
        thread: Option<String>,
        tags: Option<Vec<String>>,
        since_ms: Option<u64>,
        until_ms: Option<u64>,
        fields: Option<Vec<Condition>>,
        history: Option<bool>,
        as_of_ms: Option<u64>,
        after: Option<u64>,
    ) -> Result<Vec<Memory>, Error> {
        let budget_tokens = None;
        let bounds = Bounds {
            spaces,
            limit,
            budget_tokens,
            author,
            kind,
            thread,
            tags,
            since_ms,
            until_ms,
            fields,
            history,
            as_of_ms,
        };
        let listed = evidence::list(&bounds.search(String::new()), after)?;
        Ok(listed.into_iter().map(|it| told(it, 1.0)).collect())
    }

    fn relations(id: u64, skip: Option<u32>) -> Result<Vec<Related>, Error> {
        Ok(evidence::relations(id, skip)?.into_iter().map(related).collect())
    }

    fn history(id: u64, skip: Option<u32>) -> Result<Vec<Memory>, Error> {
        Ok(evidence::history(id, skip)?.into_iter().map(|it| told(it, 1.0)).collect())
    }
}

/// What a manifest says of a question beside its words.
#[derive(Default)]
struct Bounds {
    spaces: Option<Vec<String>>,
    limit: Option<u32>,
    budget_tokens: Option<u32>,
    author: Option<String>,
    kind: Option<String>,
    thread: Option<String>,
    tags: Option<Vec<String>>,
    since_ms: Option<u64>,
    until_ms: Option<u64>,
    fields: Option<Vec<Condition>>,
    history: Option<bool>,
    as_of_ms: Option<u64>,
}

impl Bounds {
    /// A question, without what only a search asks for.
    fn of(self, text: String) -> Question {
        self.search(text).question
    }

    fn search(self, text: String) -> Search {
        let Self { spaces, limit, budget_tokens, author, kind, thread, tags, .. } = self;
        let Self { since_ms, until_ms, fields, history, as_of_ms, .. } = self;
        let (spaces, tags) = (spaces.unwrap_or_default(), tags.unwrap_or_default());
        let question = Question {
            text,
            spaces,
            limit,
            budget_tokens,
            author,
            thread,
            kind,
            tags,
            since_ms,
            until_ms,
        };
        let fields = fields.into_iter().flatten().map(condition).collect();
        Search { question, fields, history: history.unwrap_or(false), as_of_ms }
    }

    /// What `recall` gives, which knows no fields.
    fn recalled(self, text: String) -> Result<Recalled, Error> {
        let search = self.search(text);
        if search.fields.is_empty() {
            return memory::recall(&search.question);
        }
        let evidence::Found { hits, duplicates, doubt, dated } = evidence::find(&search)?;
        let hits = hits.into_iter().map(|it| it.hit).collect();
        Ok(Recalled { hits, duplicates, doubt, dated })
    }
}

fn condition(it: Condition) -> evidence::Condition {
    let comparison = match it.comparison {
        None | Some(Comparison::Equal) => evidence::Comparison::Equal,
        Some(Comparison::Less) => evidence::Comparison::Less,
        Some(Comparison::AtMost) => evidence::Comparison::AtMost,
        Some(Comparison::Greater) => evidence::Comparison::Greater,
        Some(Comparison::AtLeast) => evidence::Comparison::AtLeast,
    };
    evidence::compares(it.name, comparison, it.value)
}

fn explained(it: evidence::Explained) -> Explained {
    let signal = |it: evidence::Signal| Signal { name: it.name, value: it.value };
    let signals = it.signals.into_iter().map(signal).collect();
    Explained { memory: told(it.hit.memory, it.hit.score), signals }
}

fn passage(it: evidence::Passage) -> Passage {
    let turn = |it: evidence::Turn| Turn {
        memory: told(it.memory, it.score.unwrap_or(0.0)),
        answers: it.score.is_some(),
    };
    Passage { score: it.score, turns: it.turns.into_iter().map(turn).collect() }
}

fn related(it: evidence::Related) -> Related {
    let Relation { from, kind, to, weight } = it.relation;
    Related { from, kind, to, weight, memory: told(it.memory, 1.0) }
}

fn offered(it: results::Offer) -> Offer {
    let results::Offer { question, asked_ms, likeness, found, text, run, skill, trust } = it;
    Offer { question, asked_ms, likeness, found, text, run, skill, trust }
}

fn dated(it: memory::Dated) -> Dated {
    let memory::Dated { first, last, granularity, by, said } = it;
    Dated { first, last, granularity, by, said }
}

fn found(recalled: Recalled) -> Vec<Memory> {
    recalled.hits.into_iter().map(|it| told(it.memory, it.score)).collect()
}

fn told(it: Remembered, score: f64) -> Memory {
    let field = |it: memory::Field| Field { name: it.name, value: it.value };
    let fields = it.fields.into_iter().map(field).collect();
    let Remembered { id, space, text, author, thread, at_ms, kind, tags, .. } = it;
    Memory { id, space, text, author, thread, at_ms, kind, tags, fields, score }
}
