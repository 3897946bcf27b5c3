//! Random plans from all constructs: they run, replay to the same chain, and survive the death of their
//! host at random points.
//!
//! Some plans always, always the same ones. Many: `VOYAGER_STORM=1 cargo test -p sim storm`. A failure
//! prints the smallest sketch of a plan that fails, and its deaths.

use std::time::Duration;

use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{RngSeed, TestRunner},
};
use serde_bytes::ByteBuf;
use sim::{
    guests::{Guest, Guests},
    machine::STUMBLE,
    manifests::Manifest,
    plan::{expect, expr, for_each, operation, plan, step},
    storm::{Death, calm, is_storm, outlive},
};
use voyager_base::{
    Error, ErrorKind, Type, Value,
    process::{Finished, RunProgram},
    sim::CrashModel,
    tasks::MapTasks,
    value,
    workspace::{ReadFile, WriteFile},
};
use voyager_manifest::plan::{Changes, FailMode, Handler, Handling, Plan, RetryPlan, Step};

const SEED: u64 = 20_261_126;

/// Plans that are always tried, and of a storm.
const CASES: u32 = 150;
const STORM_CASES: u32 = 4_000;

/// Attempts after which a task that stumbles has ended well.
const ATTEMPTS_ENOUGH: u32 = 4;

#[test]
fn random_plans_survive_the_storm() {
    let cases = if is_storm() { STORM_CASES } else { CASES };
    println!("{cases} random plans, seed {SEED}");
    let config = ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(SEED),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    };
    let deaths = prop::collection::vec((any::<Index>(), 0..CrashModel::ALL.len()), 1..3);
    let outcome = TestRunner::new(config).run(&(sketch(), deaths), |(sketch, deaths)| {
        survives(&sketch, &deaths).map_err(TestCaseError::fail)
    });
    if let Err(failure) = outcome {
        panic!("seed {SEED}: {failure}");
    }
}

/// What a step is about.
#[derive(Clone, Debug)]
struct Sketch {
    act: Act,
    /// How many steps before it are needed: those right before; none where it runs beside them.
    needs: usize,
    /// Number of items, most at a time, and what a failed one does.
    items: Option<(usize, u32, bool)>,
    when: Option<bool>,
    expects: Option<bool>,
    /// A failure is passed over.
    passes: bool,
    attempts: u32,
    discards: bool,
    /// Nothing is granted to it.
    refused: bool,
}

/// What the guest of a step does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    /// Gives back its text.
    Say,
    /// Stages a file.
    Put,
    /// Reads the file that its text names.
    Look,
    /// Starts a program, and stages a file before and after.
    Make,
    /// Has children.
    Crowd,
    /// Fails in its first attempts.
    Stumble,
    /// Never ends in its first attempts.
    Dawdle,
    /// Never ends.
    Hang,
    /// Fails always.
    Fail,
}

const ACTS: [Act; 9] = [
    Act::Say,
    Act::Put,
    Act::Look,
    Act::Make,
    Act::Crowd,
    Act::Stumble,
    Act::Dawdle,
    Act::Hang,
    Act::Fail,
];

impl Act {
    fn function(self) -> &'static str {
        match self {
            Self::Say => "say",
            Self::Put => "put",
            Self::Look => "look",
            Self::Make => "make",
            Self::Crowd => "crowd",
            Self::Stumble => "stumble",
            Self::Dawdle => "dawdle",
            Self::Hang => "hang",
            Self::Fail => "fail",
        }
    }
}

fn sketch() -> impl Strategy<Value = Vec<Sketch>> {
    let act = prop_oneof![
        8 => prop::sample::select(ACTS[..7].to_vec()),
        1 => prop::sample::select(ACTS[7..].to_vec()),
    ];
    let items = prop::option::weighted(0.35, (0..4_usize, 0..3_u32, any::<bool>()));
    let rarely = |yes: f64| prop::option::weighted(yes, any::<bool>());
    let one = (
        (
            act,
            0..4_usize,
            items,
            rarely(0.3),
            prop::option::weighted(0.3, prop::bool::weighted(0.8)),
        ),
        (
            prop::bool::weighted(0.6),
            1..4_u32,
            prop::bool::weighted(0.2),
            prop::bool::weighted(0.15),
        ),
    );
    let one = one.prop_map(|((act, needs, items, when, expects), rest)| {
        let (passes, attempts, discards, refused) = rest;
        Sketch { act, needs, items, when, expects, passes, attempts, discards, refused }
    });
    prop::collection::vec(one, 1..7)
}

impl Sketch {
    /// The type of its result.
    fn result(&self) -> Type {
        let ty = match self.items {
            None => Type::String,
            Some((.., true)) => Type::list(Type::option(Type::String)),
            Some((.., false)) => Type::list(Type::String),
        };
        if self.when.is_some() || self.passes { Type::option(ty) } else { ty }
    }

    /// An expression that gives its result as text.
    fn text(&self, place: usize) -> String {
        let result = format!("steps.s{place}");
        let optional = self.when.is_some() || self.passes;
        match (self.items, optional) {
            (None, false) => result,
            (None, true) => format!("default({result}, \"none\")"),
            (Some(_), false) => format!("string(size({result}))"),
            (Some(_), true) => format!("string(size(default({result}, [])))"),
        }
    }

    /// Step number `place` of the plan of `all`.
    fn step(&self, place: usize, all: &[Self]) -> Step {
        let needs: Vec<usize> = (place.saturating_sub(self.needs)..place).collect();
        let name = match self.items {
            None => format!("\"s{place}\""),
            Some(_) => format!("\"s{place}-\" + item"),
        };
        let texts: Vec<String> = needs.iter().map(|need| all[*need].text(*need)).collect();
        let text = if texts.is_empty() { "\"a.txt\"".to_owned() } else { texts.join(" + ") };
        let mut made = step(&format!("s{place}"), self.act.function(), &[&name, &text]);
        made.needs = needs;
        if let Some((count, parallel, collects)) = self.items {
            let items: Vec<String> = (0..count).map(|item| format!("\"{item}\"")).collect();
            let fail = if collects { FailMode::Collect } else { FailMode::Fast };
            // A list of none has no type of its own.
            let items = match count {
                0 => "[\"x\"].filter(i, i == \"y\")".to_owned(),
                _ => format!("[{}]", items.join(", ")),
            };
            made = for_each(made, &items, parallel, fail);
        }
        made.when = self.when.map(|holds| expr(if holds { "1 < 2" } else { "1 > 2" }));
        if let Some(holds) = self.expects {
            let that = if holds { "size(result) > 0" } else { "result == \"never\"" };
            made = expect(made, that, "it is not as expected");
        }
        if self.passes {
            made.on_error = vec![Handler { kinds: Vec::new(), then: Handling::Continue }];
        }
        made.retry = Some(self.retry());
        if matches!(self.act, Act::Dawdle | Act::Hang) {
            made.timeout = Some(Duration::from_secs(5));
        }
        if self.discards {
            made.changes = Changes::Discard;
        }
        if self.refused {
            made.grants.workspace = Some(Vec::new());
            made.grants.process = Some(Vec::new());
        }
        made.result = Some(self.result());
        made
    }

    fn retry(&self) -> RetryPlan {
        let (attempts, on) = match self.act {
            Act::Stumble | Act::Dawdle => {
                (ATTEMPTS_ENOUGH, vec![ErrorKind::Unavailable, ErrorKind::Timeout])
            }
            _ => (self.attempts, vec![ErrorKind::Failed, ErrorKind::Timeout]),
        };
        let wait = Duration::from_millis(100);
        RetryPlan { attempts, wait, factor: 2.0, wait_max: Duration::from_secs(1), on }
    }
}

fn planned(sketches: &[Sketch]) -> Plan {
    let steps: Vec<Step> =
        sketches.iter().enumerate().map(|(place, it)| it.step(place, sketches)).collect();
    let needs: Vec<Vec<usize>> = steps.iter().map(|step| step.needs.clone()).collect();
    let names: Vec<(String, String)> =
        (0..steps.len()).map(|place| (format!("o{place}"), format!("steps.s{place}"))).collect();
    let outputs: Vec<(&str, Type, &str)> = names
        .iter()
        .zip(sketches)
        .map(|((name, from), sketch)| (name.as_str(), sketch.result(), from.as_str()))
        .collect();
    let mut plan = plan(steps, &outputs);
    // Steps without needs run beside the others.
    plan.steps.iter_mut().zip(needs).for_each(|(step, needs)| step.needs = needs);
    let operations = &mut plan.skills[0].operations;
    // Children of a crowd.
    operations.push(operation("put", 2, Type::String).into());
    operations.sort_by(|a, b| a.name.cmp(&b.name));
    operations.dedup_by(|a, b| a.name == b.name);
    plan
}

fn survives(sketches: &[Sketch], deaths: &[(Index, usize)]) -> Result<(), String> {
    let manifest = Manifest {
        name: "random".to_owned(),
        plan: planned(sketches),
        files: vec![("a.txt", "one")],
        fails_with: None,
        may_be_unknown: true,
        mended_by: None,
    };
    let guests = guests();
    let calm = calm(&manifest, &guests, SEED)?;
    let deaths: Vec<Death> =
        deaths.iter().map(|(at, model)| calm.death(at.index(calm.points()), *model)).collect();
    let survived = outlive(&manifest, &guests, &deaths, SEED)
        .map_err(|problem| format!("{deaths:?}: {problem}"))?;
    // An item starts each of its programs once; one that stumbles once more.
    let most = |program: &[String]| if program[0] == STUMBLE { 2 } else { 1 };
    let starts = survived.machine.starts();
    if let Some((program, times)) = starts.iter().find(|(program, times)| **times > most(program)) {
        return Err(format!("{deaths:?}: {program:?} was started {times} times"));
    }
    if survived.has_unknown_effect() {
        // Nobody knows whether a program ran: its step fails, and what follows differs.
        return Ok(());
    }
    let (outcome, files) = (&survived.outcome, survived.machine.files());
    let same = match (&calm.outcome, outcome) {
        (Ok(_), _) => *outcome == calm.outcome && files == calm.files,
        // Which of several steps fails first, and what others have done by then, is a matter of time.
        (Err(_), Err(_)) => !is_sequence(sketches) || *outcome == calm.outcome,
        (Err(_), Ok(_)) => false,
    };
    if same {
        return Ok(());
    }
    Err(format!(
        "{deaths:?}: {outcome:?} with {files:?}, and without a death {:?} with {:?}",
        calm.outcome, calm.files
    ))
}

/// Whether nothing in the plan happens beside something else.
fn is_sequence(sketches: &[Sketch]) -> bool {
    let alone =
        |it: &Sketch| it.items.is_none_or(|(count, parallel, _)| count < 2 || parallel == 1);
    sketches.iter().skip(1).all(|it| it.needs > 0) && sketches.iter().all(alone)
}

fn guests() -> Guests {
    Guests::default()
        .with("say", |guest| async move { Ok(guest.argument(1).clone()) })
        .with("put", put)
        .with("look", look)
        .with("make", make)
        .with("crowd", crowd)
        .with("stumble", |guest| async move {
            match start(&guest, STUMBLE).await?.exit_code {
                Some(0) => put(guest).await,
                _ => Err(Error::unavailable("it stumbled")),
            }
        })
        .with("dawdle", |guest| async move {
            match start(&guest, STUMBLE).await?.exit_code {
                Some(0) => put(guest).await,
                _ => std::future::pending().await,
            }
        })
        .with("hang", |_| std::future::pending())
        .with("fail", |guest| async move {
            write(&guest, "lost", "it").await?;
            Err(Error::new(ErrorKind::Failed, "it always fails"))
        })
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// Stages a file of its own; gives back its path.
async fn put(guest: Guest) -> Result<Value, Error> {
    write(&guest, "put", guest.text(1)).await.map(|path| text(&path))
}

async fn write(guest: &Guest, what: &str, content: &str) -> Result<String, Error> {
    let (root, path) = ("repo".to_owned(), format!("{}.{what}", guest.text(0)));
    let content = ByteBuf::from(content.as_bytes());
    guest.ask(WriteFile { root, path: path.clone(), content }).await.map(|()| path)
}

/// Reads the file that its text names. That there is none is an answer too.
async fn look(guest: Guest) -> Result<Value, Error> {
    let (root, path) = ("repo".to_owned(), guest.text(1).to_owned());
    match guest.ask(ReadFile { root, path, offset: 0, length: 1 << 20 }).await {
        Ok(bytes) => Ok(text(&String::from_utf8_lossy(&bytes))),
        Err(error) => Ok(text(error.kind.name())),
    }
}

async fn start(guest: &Guest, what: &str) -> Result<Finished, Error> {
    guest
        .ask(RunProgram {
            program: "make".to_owned(),
            arguments: vec![what.to_owned(), guest.text(0).to_owned()],
            folder: None,
            directory: None,
            environment: Vec::new(),
            stdin: ByteBuf::new(),
            time_max: None,
        })
        .await
}

/// Starts two programs, and stages files around them.
async fn make(guest: Guest) -> Result<Value, Error> {
    write(&guest, "before", guest.text(1)).await?;
    let first = start(&guest, "first").await?;
    write(&guest, "between", &String::from_utf8_lossy(&first.stdout)).await?;
    let second = start(&guest, "second").await?;
    write(&guest, "after", &String::from_utf8_lossy(&second.stdout)).await?;
    put(guest).await
}

/// Has two children, each of which stages a file.
async fn crowd(guest: Guest) -> Result<Value, Error> {
    let child = |number| {
        let name = format!("{}-child-{number}", guest.text(0));
        ByteBuf::from(value::encode_tuple(&[text(&name), guest.argument(1).clone()]))
    };
    let call = MapTasks {
        operation: "sim:guests/guests.put".to_owned(),
        arguments: (0..2).map(child).collect(),
        parallel: 0,
    };
    let mut paths = String::new();
    for outcome in guest.ask(call).await? {
        let path = value::decode(&Type::String, &outcome?);
        paths.push_str(path.map_err(|error| Error::invalid(error.to_string()))?.as_str().unwrap());
    }
    Ok(text(&paths))
}
