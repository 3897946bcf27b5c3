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
    },
});

use exports::voyager_skills::memory::memories::{Answer, Dated, Field, Guest, Memory, Offer};
use voyager_sdk::{
    Error,
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
    ) -> Result<u64, Error> {
        let mut draft = memory::draft(space, text);
        (draft.author, draft.kind, draft.thread) = (author, kind, thread);
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
    ) -> Result<Vec<Memory>, Error> {
        let bounds = Bounds { spaces, limit, budget_tokens, author, kind, thread, tags };
        memory::recall(&bounds.of(question)).map(found)
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
    ) -> Result<Answer, Error> {
        let bounds = Bounds { spaces, limit, budget_tokens, author, kind, thread, tags };
        let mut recalled = memory::recall(&bounds.of(question))?;
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
    ) -> Result<bool, Error> {
        let bounds = Bounds { spaces, limit, budget_tokens, author, kind, thread, tags };
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
    ) -> Result<Vec<Offer>, Error> {
        let bounds = Bounds { spaces, limit, budget_tokens, author, kind, thread, tags };
        let offers = results::offers(&bounds.of(question), likeness)?;
        Ok(offers.into_iter().map(offered).collect())
    }
}

/// What a manifest says of a question beside its words.
struct Bounds {
    spaces: Option<Vec<String>>,
    limit: Option<u32>,
    budget_tokens: Option<u32>,
    author: Option<String>,
    kind: Option<String>,
    thread: Option<String>,
    tags: Option<Vec<String>>,
}

impl Bounds {
    fn of(self, question: String) -> Question {
        let Self { spaces, limit, budget_tokens, author, kind, thread, tags } = self;
        let (spaces, tags) = (spaces.unwrap_or_default(), tags.unwrap_or_default());
        Question {
            spaces,
            limit,
            budget_tokens,
            author,
            kind,
            thread,
            tags,
            ..memory::question(question)
        }
    }
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
