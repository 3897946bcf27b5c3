//! One call of an operation among scripted answers: what tests of a skill ask for.
//!
//! It is a scenario of a manifest with one step (see [`voyager_agent::scenario`]), with two differences: its folders are
//! those of the machine that the call is granted, and what the script has no answer to is missing instead of real. No
//! program starts, nobody is asked over the network, and no journal holds a record of it.

use std::{collections::BTreeMap, fmt, num::NonZeroUsize, path::Path, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value as Json, json};
use voyager_agent::{
    Outcome,
    book::{Answer, Attempt, Book},
    event::{Asked, Origin, Reply},
    scenario::{Hosted, Machine, Play, PlayError, Played, Rest},
};
use voyager_base::{
    BoxFuture, Error, Type, Value,
    call::CallContext,
    grant::GrantLayer,
    process::{Finished, ProcessService, RunProgram},
    record::{Content as _, ReadError},
    sim::{CrashModel, Executor, MemoryJournal},
    value,
};
use voyager_manifest::{Plan, Scenario};
use voyager_workspace::Workspace;

use super::machine::OnShelf;
use crate::{
    answer::{RunError, Status},
    failure::{Failure, FailureKind},
    host::{self, Shelf},
};

/// A call that is about to be played.
pub(crate) struct Scripted<'a> {
    /// The plan: one step, which is the call.
    pub(crate) plan: &'a Arc<Plan>,
    /// What stands in for the host.
    pub(crate) script: Arc<Scenario>,
    /// The script's text, and how it is named.
    pub(crate) text: (&'a str, &'a str),
    /// Values of the plan's inputs.
    pub(crate) inputs: BTreeMap<String, Value>,
    /// What the operator of this host allows.
    pub(crate) policy: GrantLayer,
    /// The skills.
    pub(crate) shelf: Arc<Shelf>,
    /// Where paths of answers would begin.
    pub(crate) directory: &'a Path,
}

/// How a scripted call ended.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ScriptedAnswer {
    /// That this is no run: the script answered for the host.
    scripted: bool,
    pub(crate) status: Status,
    pub(crate) outputs: Map<String, Json>,
    pub(crate) error: Option<RunError>,
    /// What the skill asked the host, in the order in which it did.
    pub(crate) asked: Vec<AskedDetail>,
    /// What the skill logged.
    log: Vec<Json>,
    /// What it asked and the script has no answer to, with what to add.
    pub(crate) unanswered: Vec<String>,
    /// Answers of the script that nothing took, with their places.
    pub(crate) unused: Vec<String>,
}

/// A question to the host, and what became of it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct AskedDetail {
    /// Its name: `workspace.read`, `process.run`.
    pub(crate) call: String,
    /// Its arguments; bytes are text where they are some, and their number where not. None where they are large.
    arguments: Option<Json>,
    /// `done`, `failed`, `denied`.
    pub(crate) outcome: &'static str,
    /// Why it failed or was denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Json>,
}

impl Scripted<'_> {
    /// Plays the call to its end.
    pub(crate) fn play(self, given_up: &dyn Fn() -> bool) -> Result<ScriptedAnswer, Failure> {
        let folders = host::folders(self.plan, &self.inputs)?;
        let machine = Desk { memory: Arc::default(), shelf: Arc::clone(&self.shelf) };
        let played = Play {
            scenario: Arc::clone(&self.script),
            plan: self.plan,
            inputs: self.inputs.clone(),
            folders,
            workspace: self.directory.display().to_string(),
            policy: self.policy.clone(),
            rest: Rest::Missing,
            machine: &machine,
            given_up,
        }
        .play();
        match played {
            Ok(played) => self.told(played, &machine.memory),
            Err(PlayError::GivenUp) => {
                Err(Failure::new(FailureKind::Cancelled, "the call was given up"))
            }
            Err(PlayError::Stuck(reason)) => Err(Failure::new(FailureKind::Run, reason)),
            Err(PlayError::Stands(_)) => {
                Err(Failure::new(FailureKind::Bug, "a call of an operation waits for nobody"))
            }
        }
    }

    fn told(&self, played: Played, journal: &MemoryJournal) -> Result<ScriptedAnswer, Failure> {
        let Played { run, outcome, idle, missing, log, .. } = played;
        let unreadable = |error: &ReadError| Failure::environment("cannot read the call", error);
        let mut book = Book::of_all();
        voyager_agent::facts::<ReadError>(journal, journal, run, |sequence, _, timed| {
            book.apply(sequence, timed);
            Ok(())
        })
        .map_err(|error| unreadable(&error))?;
        let asked = asked(self.plan, &book, journal).map_err(|error| unreadable(&error))?;
        let (file, text) = self.text;
        let place = |(span, what): (std::ops::Range<usize>, &str)| {
            let line = text[..span.start].matches('\n').count() + 1;
            format!("{file}:{line}: {what}")
        };
        Ok(ScriptedAnswer {
            scripted: true,
            status: host::status(&outcome),
            outputs: outputs(&outcome),
            error: outcome.as_ref().err().map(|failure| host::run_error(self.plan, failure)),
            asked,
            log: log.iter().map(|it| json!({ "level": it.level, "message": it.message })).collect(),
            unanswered: missing,
            unused: idle.into_iter().map(place).collect(),
        })
    }
}

fn outputs(outcome: &Outcome) -> Map<String, Json> {
    let outputs = outcome.iter().flatten();
    outputs.map(|(name, value)| (name.clone(), value.to_json())).collect()
}

/// What the tasks of a run asked, in the order in which they did.
fn asked(plan: &Plan, book: &Book, content: &MemoryJournal) -> Result<Vec<AskedDetail>, ReadError> {
    let attempts = book.attempts();
    let mut all: Vec<_> = attempts
        .flat_map(|attempt| {
            attempt.questions.iter().map(move |(ordinal, it)| (attempt, ordinal, it))
        })
        .collect();
    all.sort_by_key(|(.., it)| it.sequence);
    let detail = |(attempt, ordinal, it): (&Attempt, &u32, &voyager_agent::book::Recorded)| {
        let error = match &it.answer {
            Answer::Denied { error, .. } => Some(error.clone()),
            Answer::Given { reply, .. } => failed(reply, content)?,
            Answer::Open | Answer::Requested => None,
        };
        let outcome = match (&it.answer, &error) {
            (Answer::Denied { .. }, _) => "denied",
            (_, Some(_)) => "failed",
            _ => "done",
        };
        let arguments = match it.asked.name.as_str() {
            "tasks.map" => Some(children(plan, book, attempt, *ordinal, &it.asked)),
            _ => it.asked.arguments.as_ref().and_then(|bytes| loose(bytes)),
        };
        let call = it.asked.name.clone();
        let error = error.map(
            |it| json!({ "kind": it.kind.to_string(), "message": it.message, "bound": it.bound }),
        );
        Ok(AskedDetail { call, arguments, outcome, error })
    };
    all.into_iter().map(detail).collect()
}

/// Why a question has no answer, where it has none.
fn failed(reply: &Reply, content: &MemoryJournal) -> Result<Option<Error>, ReadError> {
    let bytes = match reply {
        Reply::Inline(bytes) => bytes.to_vec(),
        Reply::Content(digest) => content.get(*digest)?.unwrap_or_default(),
    };
    let reply: Option<Result<de::IgnoredAny, Error>> = rmp_serde::from_slice(&bytes).ok();
    Ok(reply.and_then(Result::err))
}

/// What child tasks were asked for, with the arguments of those that began.
fn children(plan: &Plan, book: &Book, parent: &Attempt, ordinal: u32, asked: &Asked) -> Json {
    #[derive(Deserialize)]
    struct Named {
        operation: String,
    }
    let mut began: Vec<(u64, Json)> = Vec::new();
    for attempt in book.attempts() {
        let Origin::Parent { asked, item, .. } = &attempt.started.origin else { continue };
        let is_own = (asked.task, asked.attempt, asked.ordinal)
            == (parent.started.task, parent.started.attempt, ordinal);
        if is_own {
            began.push((*item, arguments(plan, attempt)));
        }
    }
    began.sort_by_key(|(item, _)| *item);
    let named = asked.arguments.as_ref().and_then(|it| rmp_serde::from_slice::<Named>(it).ok());
    let began: Vec<Json> = began.into_iter().map(|(_, arguments)| arguments).collect();
    json!({ "operation": named.map(|it| it.operation), "children": began })
}

/// The arguments of a task by name.
fn arguments(plan: &Plan, attempt: &Attempt) -> Json {
    let operations = plan.skills.iter().flat_map(|skill| &skill.operations);
    let known = operations.into_iter().find(|it| it.name == attempt.started.operation);
    let Some(known) = known else { return Json::Null };
    let types: Vec<Type> = known.parameters.iter().map(|(_, ty)| ty.clone()).collect();
    let Ok(values) = value::decode_tuple(&types, &attempt.started.arguments) else {
        return Json::Null;
    };
    let names = known.parameters.iter().map(|(name, _)| name.clone());
    Json::Object(names.zip(values.iter().map(Value::to_json)).collect())
}

/// MessagePack as JSON; none where it is no JSON.
fn loose(bytes: &[u8]) -> Option<Json> {
    rmp_serde::from_slice::<Loose>(bytes).ok().map(|it| it.0)
}

/// Any value. Bytes are text where they are some, and their number where not.
struct Loose(Json);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor).map(Self)
    }
}

struct LooseVisitor;

impl<'de> de::Visitor<'de> for LooseVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Json, E> {
        Ok(match std::str::from_utf8(value) {
            Ok(text) => text.into(),
            Err(_) => json!({ "bytes": value.len() }),
        })
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_none<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(Self)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(Loose(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Json::Array(all))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut all = Map::new();
        while let Some((key, Loose(value))) = entries.next_entry::<String, Loose>()? {
            all.insert(key, value);
        }
        Ok(Json::Object(all))
    }
}

/// The machine of a scripted call: real folders, a journal in memory.
struct Desk {
    memory: Arc<MemoryJournal>,
    shelf: Arc<Shelf>,
}

impl Machine for Desk {
    fn host(&self, _executor: &Executor) -> Result<Hosted, String> {
        let at_once = Arc::new(|work: Box<dyn FnOnce() + Send>| work());
        Ok(Hosted {
            journal: self.memory.clone(),
            content: self.memory.clone(),
            workspace: Arc::new(Workspace::new(self.memory.clone(), at_once, NonZeroUsize::MIN)),
            process: Arc::new(NoPrograms),
            skills: Arc::new(OnShelf(Arc::clone(&self.shelf))),
        })
    }

    fn died(&self, _model: CrashModel) {}
}

/// Nothing starts: the script answers, or nobody does.
struct NoPrograms;

impl ProcessService for NoPrograms {
    fn run<'a>(
        &'a self,
        _: &'a CallContext,
        call: RunProgram,
    ) -> BoxFuture<'a, Result<Finished, Error>> {
        let message = format!("`{}` does not start in a scripted call", call.program);
        Box::pin(std::future::ready(Err(Error::unavailable(message))))
    }
}
