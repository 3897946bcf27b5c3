//! Scenarios in which what has no answer is missing instead of real: what tests of skills are played as.

use std::{collections::BTreeMap, sync::Arc};

use serde_bytes::ByteBuf;
use sim::{machine::Machine as Files, plan, workspace::SimWorkspace};
use voyager_agent::scenario::{Hosted, Machine, Play, Played, Rest};
use voyager_base::{
    BoxFuture, Error, Type, Value,
    call::{Invocation, Skills, ask},
    grant::GrantLayer,
    process::{ProcessService, RunProgram},
    record::Content,
    sim::{CrashModel, Executor, MemoryJournal},
    tasks::MapTasks,
    value,
};
use voyager_manifest::{check_script, plan::Plan};

/// A machine on which a program would start and every skill would answer, in capitals.
#[derive(Clone, Default)]
struct Real(Arc<MemoryJournal>);

impl Machine for Real {
    fn host(&self, _executor: &Executor) -> Result<Hosted, String> {
        let files = Files::with_files([]);
        let content: Arc<dyn Content> = self.0.clone();
        Ok(Hosted {
            journal: self.0.clone(),
            content: Arc::clone(&content),
            workspace: Arc::new(SimWorkspace::new(files.clone(), content)),
            process: Arc::new(files) as Arc<dyn ProcessService>,
            skills: Arc::new(self.clone()),
        })
    }

    fn died(&self, _model: CrashModel) {}
}

impl Skills for Real {
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Error>> {
        Box::pin(async move {
            let first = invocation.arguments[0].as_str().unwrap_or_default().to_owned();
            match invocation.operation.name.function.as_str() {
                "map" => child(&invocation, &first).await,
                "make" => program(&invocation).await,
                _ => Ok(Value::String(first.to_uppercase())),
            }
        })
    }
}

/// Calls an operation as a child task; what becomes of it is the result.
async fn child(invocation: &Invocation, operation: &str) -> Result<Value, Error> {
    let arguments = vec![ByteBuf::from(value::encode_tuple(&[Value::String("two".into())]))];
    let call = MapTasks { operation: operation.to_owned(), arguments, parallel: 0 };
    let outcomes = ask(&*invocation.ledger, &invocation.services, call).await;
    let outcomes = outcomes.map_err(|stop| Error::invalid(stop.to_string()))??;
    let read = |bytes: ByteBuf| value::decode(&Type::String, &bytes).expect("it is a text");
    Ok(Value::List(outcomes.into_iter().map(|it| it.map(read)).collect::<Result<_, _>>()?))
}

async fn program(invocation: &Invocation) -> Result<Value, Error> {
    let call = RunProgram {
        program: "make".to_owned(),
        arguments: vec!["all".to_owned()],
        folder: None,
        directory: None,
        environment: Vec::new(),
        stdin: ByteBuf::new(),
        time_max: None,
    };
    let finished = ask(&*invocation.ledger, &invocation.services, call).await;
    let finished = finished.map_err(|stop| Error::invalid(stop.to_string()))??;
    Ok(Value::String(String::from_utf8_lossy(&finished.stdout).into_owned()))
}

/// Plays a call of `guests/FUNCTION` among the answers of a script.
fn played(function: &str, argument: &str, script: &str) -> Played {
    let step = format!("  - {{ id: call, use: guests/{function}, with: {{ p0: {argument} }} }}\n");
    let outputs = "outputs: { result: { from: steps.call } }\n";
    let plan: Arc<Plan> = Arc::new(plan::checked(&format!("steps:\n{step}{outputs}")));
    let text = format!("voyager: script/v1\n{script}");
    let checked = check_script(text.as_bytes(), &plan, &plan::catalog());
    let script = checked.scenario.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    let play = Play {
        scenario: Arc::new(script),
        plan: &plan,
        inputs: BTreeMap::new(),
        folders: BTreeMap::new(),
        workspace: "/repo".to_owned(),
        policy: GrantLayer { source: "this host".to_owned(), ..GrantLayer::default() },
        rest: Rest::Missing,
        machine: &Real::default(),
        given_up: &|| false,
    };
    play.play().unwrap_or_else(|error| panic!("{error}"))
}

/// The result, or the kind of the error; what is missing; how many answers nothing took.
fn told(played: &Played) -> (String, &[String], usize) {
    let end = match &played.outcome {
        Ok(outputs) => outputs[0].1.to_json().to_string(),
        Err(failure) => failure.error.kind.to_string(),
    };
    (end, &played.missing, played.idle.len())
}

#[test]
fn a_child_of_another_skill_is_answered_for_or_missing() {
    let answer = "answers: [ { operation: words/double, result: four } ]\n";
    let answered = played("map", "sim:words/words.double", answer);
    assert_eq!(told(&answered), ("[\"four\"]".to_owned(), [].as_slice(), 0));
    let missing = played("map", "sim:words/words.double", "");
    let line = "there is no answer to the child task `sim:words/words.double`; add to `answers`: \
                { operation: \"sim:words/words.double\", result: ... }";
    assert_eq!(told(&missing), ("unavailable".to_owned(), [line.to_owned()].as_slice(), 0));
    let fails = "answers: [ { operation: words/double, fails: timeout } ]\n";
    assert_eq!(told(&played("map", "sim:words/words.double", fails)).0, "timeout");
}

#[test]
fn a_child_of_the_skill_itself_runs_where_no_answer_fits() {
    let real = played("map", "sim:guests/guests.upper", "");
    assert_eq!(told(&real), ("[\"TWO\"]".to_owned(), [].as_slice(), 0));
    let answer = "answers: [ { operation: guests/upper, result: four } ]\n";
    let answered = played("map", "sim:guests/guests.upper", answer);
    assert_eq!(told(&answered), ("[\"four\"]".to_owned(), [].as_slice(), 0));
    // The call that is tested is not answered for.
    let tested = played("upper", "one", answer);
    assert_eq!(told(&tested), ("\"ONE\"".to_owned(), [].as_slice(), 1));
}

#[test]
fn no_program_starts() {
    let answered = played("make", "x", "programs: [ { run: make all, stdout: made } ]\n");
    assert_eq!(told(&answered), ("\"made\"".to_owned(), [].as_slice(), 0));
    let missing = played("make", "x", "programs: [ { run: make none } ]\n");
    let line = "there is no answer to the program [\"make\", \"all\"]; add to `programs`: \
                { run: [\"make\", \"all\"], stdout: ... }";
    assert_eq!(told(&missing), ("unavailable".to_owned(), [line.to_owned()].as_slice(), 1));
}
