//! The policy of a host while runs go on: it may only take away, and what it took away stays in the record.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_bytes::ByteBuf;
use sim::{
    guests::Guests,
    host::{Host, Life, request},
    machine::Machine,
    plan::{plan, step},
};
use voyager_agent::World;
use voyager_base::{
    Type, Value,
    grant::{Globs, GrantLayer, ProgramGrant},
    policy::{HostPolicy, Rule, Rules, Verdict, What},
    process::RunProgram,
    sim::SimDisk,
};

/// A policy that a test changes.
#[derive(Clone, Default)]
struct Changing(Arc<Mutex<Arc<GrantLayer>>>);

impl Changing {
    fn set(&self, layer: GrantLayer) {
        *self.0.lock().unwrap() = Arc::new(layer);
    }
}

impl HostPolicy for Changing {
    fn today(&self) -> Arc<GrantLayer> {
        Arc::clone(&self.0.lock().unwrap())
    }
}

fn under(policy: &Changing, guests: &Guests) -> Host {
    let mut host = Host::start(&SimDisk::new(1), &Machine::default(), guests, 1).unwrap();
    let mut world = World::clone(&host.world);
    world.policy = Arc::new(policy.clone());
    host.world = Arc::new(world);
    host
}

fn layer(verdict: Verdict, packages: Option<&str>) -> GrantLayer {
    let program = ProgramGrant {
        run: vec!["make".to_owned()],
        network: false,
        time_max: None,
        output_bytes_max: None,
        memory_bytes_max: None,
        processes_max: None,
        cpus_max: None,
        demand: vec![],
        secrets: BTreeMap::new(),
    };
    let packages = packages.map(|it| Globs::new([it]).unwrap());
    let rule = Rule { line: 7, verdict, packages, what: What::Program(program) };
    let file = "policy.yaml".to_owned();
    let rules = Rules { file, rules: vec![rule], ..Rules::default() };
    GrantLayer { rules: Some(rules.into()), ..GrantLayer::default() }
}

fn make() -> RunProgram {
    RunProgram {
        program: "make".to_owned(),
        arguments: vec!["x".to_owned()],
        folder: None,
        directory: None,
        environment: vec![],
        stdin: ByteBuf::new(),
        time_max: None,
    }
}

/// A guest that starts a program, lets `between` happen, and starts it again: `yes`, or why not, of each.
fn twice(between: impl Fn() + Clone + Send + Sync + 'static) -> Guests {
    Guests::default().with("upper", move |guest| {
        let between = between.clone();
        async move {
            let first = guest.ask(make()).await.map_or_else(|it| it.message, |_| "yes".to_owned());
            between();
            let second = guest.ask(make()).await.map_or_else(|it| it.message, |_| "yes".to_owned());
            Ok(Value::String(format!("{first} | {second}")))
        }
    })
}

fn told(life: Life) -> String {
    let Life::Ended(Ok(outputs)) = life else { panic!("{life:?}") };
    let Value::String(text) = &outputs[0].1 else { panic!("{outputs:?}") };
    text.clone()
}

fn differs(host: &Host) -> Option<String> {
    let (world, run) = (Arc::clone(&host.world), host.only_run().unwrap());
    let verified = host.block_on(async move { voyager_agent::replay_verify(&world, run).await });
    verified.unwrap().unwrap().difference.map(|difference| difference.to_string())
}

fn one_step() -> voyager_manifest::Plan {
    plan(vec![step("a", "upper", &["\"\""])], &[("a", Type::String, "steps.a")])
}

#[test]
fn a_policy_that_changes_takes_from_a_run_that_goes_on() {
    let policy = Changing::default();
    let changes = policy.clone();
    let guests = twice(move || changes.set(layer(Verdict::Deny, None)));
    let host = under(&policy, &guests);
    let told = told(host.run(&one_step()));
    let (first, second) = told.split_once(" | ").unwrap();
    assert_eq!(first, "yes");
    assert!(second.contains("denies this task to start `make`: policy.yaml:7"), "{second}");
    // Whatever the policy says when somebody replays it.
    assert_eq!(differs(&host), None);
    policy.set(GrantLayer::default());
    assert_eq!(differs(&host), None);
}

#[test]
fn a_policy_that_changes_gives_a_run_nothing() {
    let policy = Changing::default();
    policy.set(layer(Verdict::Deny, None));
    let changes = policy.clone();
    let host = under(&policy, &twice(move || changes.set(GrantLayer::default())));
    let asked =
        voyager_agent::Request { policy: layer(Verdict::Deny, None), ..request(&one_step()) };
    let told = told(host.start_with(asked));
    assert!(!told.contains("yes"), "{told}");
    assert_eq!(differs(&host), None);
}

#[test]
fn a_rule_for_other_packages_takes_nothing() {
    let policy = Changing::default();
    let changes = policy.clone();
    let guests = twice(move || changes.set(layer(Verdict::Deny, Some("acme:*"))));
    assert_eq!(told(under(&policy, &guests).run(&one_step())), "yes | yes");
    let changes = policy.clone();
    policy.set(GrantLayer::default());
    let guests = twice(move || changes.set(layer(Verdict::Deny, Some("sim:*"))));
    assert!(told(under(&policy, &guests).run(&one_step())).contains("policy.yaml:7"));
}

#[test]
fn what_was_allowed_for_a_run_holds_while_the_policy_asks() {
    use voyager_base::policy::Allowed;
    let policy = Changing::default();
    policy.set(layer(Verdict::Ask, None));
    let host = under(&policy, &twice(|| {}));
    let mut begun = layer(Verdict::Ask, None);
    let rules = begun.rules.as_mut().map(Arc::make_mut).unwrap();
    let what = rules.rules[0].what.clone();
    let [package, by, at, scope] = ["sim:guests", "ann", "today", "run"].map(str::to_owned);
    rules.allowed.push(Allowed { package, what, by, at, scope });
    let asked = voyager_agent::Request { policy: begun, ..request(&one_step()) };
    assert_eq!(told(host.start_with(asked)), "yes | yes");
    // A question that nobody was asked is a denial.
    let host = under(&policy, &twice(|| {}));
    let asked =
        voyager_agent::Request { policy: layer(Verdict::Ask, None), ..request(&one_step()) };
    assert!(told(host.start_with(asked)).contains("nobody allowed it"));
}
