//! A run, its journal and its replay.

use sim::{
    guests::Guests,
    host::{Host, Life},
    machine::Machine,
    plan,
};
use voyager_base::{Type, Value, sim::SimDisk};

#[test]
fn a_sequence_runs_and_replays_to_the_same_chain() {
    let guests = Guests::default()
        .with("upper", |guest| async move { Ok(Value::String(guest.text(0).to_uppercase())) });
    let plan = plan::plan(
        vec![
            plan::step("a", "upper", &["\"hello\""]),
            plan::step("b", "upper", &["steps.a + \"x\""]),
        ],
        &[("all", Type::String, "steps.b")],
    );
    let machine = Machine::default();
    let host = Host::start(&SimDisk::new(1), &machine, &guests, 1).unwrap();
    let life = host.run(&plan);
    assert_eq!(
        life,
        Life::Ended(Ok(vec![("all".to_owned(), Value::String("HELLOX".to_owned()))])),
        "{:?}",
        host.log.lines()
    );
    let run = host.only_run().unwrap();
    let replayed = voyager_agent::replay(&*host.world.journal, &*host.world.content, run).unwrap();
    let Life::Ended(outcome) = life else { unreachable!("asserted above") };
    assert_eq!(replayed.outcome, Some(outcome.clone()));
    assert_eq!(host.resume(run), Life::Ended(outcome));
}
