//! What a power failure leaves: at every I/O call of a small workload, and at random calls of random
//! ones, under every model of what happens to unsynced writes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::support::*;
use proptest::prelude::*;
use voyager_base::{
    Digest, RunId,
    chain::Head,
    record::{Content, Durability, Journal},
    sim::{CrashModel, SimDisk},
};
use voyager_journal::{Options, Store};

/// One step of a workload.
#[derive(Clone, Debug)]
enum Step {
    Claim(u64),
    /// A run, a number of records, whether to wait for the disk.
    Append(u64, u64, bool),
    /// A run: puts content, and appends a record that names it.
    Name(u64, usize),
    Checkpoint(u64),
    /// Nothing happens for a while.
    Settle,
    /// Packs what one commit takes.
    Compact,
    /// Gives room back.
    Shrink,
    Reopen,
}

/// What a run was told.
#[derive(Clone, Default)]
struct Told {
    epoch: u64,
    /// The head after each record, durable or not.
    heads: Vec<Head>,
    /// Number of records that were acknowledged as synced, or came before such ones.
    synced: usize,
    /// The newest checkpoint that was acknowledged.
    checkpoint: Option<(Head, Vec<u8>)>,
}

/// What all were told: the model.
#[derive(Clone, Default)]
struct Model {
    runs: BTreeMap<RunId, Told>,
    /// Number of claims that were tried, acknowledged or not.
    tried: BTreeMap<RunId, u64>,
}

impl Told {
    fn head(&self) -> Head {
        self.heads.last().copied().unwrap_or(Head::START)
    }
}

/// Small limits, so that small workloads reach them.
fn options() -> Options {
    Options {
        log_batches_max: 5,
        buffered_bytes_max: 2_000,
        pack_bytes_max: 600,
        segment_bytes_max: 700,
        segment_bytes_min: 1,
        compaction_bytes_max: 1_500,
        ..Options::default()
    }
}

fn reopen(disk: &SimDisk) -> Option<Store> {
    Store::open(Arc::new(disk.clone()), options()).ok()
}

/// Does the steps until the disk fails.
fn work(disk: &SimDisk, steps: &[Step]) -> Model {
    let mut model = Model::default();
    let Some(mut store) = reopen(disk) else { return model };
    for (number, step) in steps.iter().enumerate() {
        if let Step::Reopen = step {
            drop(store);
            // Closing in order makes everything durable, if the disk let it.
            if !disk.is_down() {
                model.synced();
            }
            match reopen(disk) {
                Some(opened) => store = opened,
                None => break,
            }
        } else if model.step(&store, number as u64, step).is_none() {
            break;
        }
    }
    if !disk.is_down() {
        // As in a crash: nothing is closed in order.
        disk.crash_at(disk.calls() + 1);
    }
    model
}

impl Model {
    /// Does one step; none once the disk fails.
    fn step(&mut self, store: &Store, number: u64, step: &Step) -> Option<()> {
        match step {
            Step::Claim(of) => {
                *self.tried.entry(run(*of)).or_default() += 1;
                let (head, epoch) = wait(store.claim(run(*of))).ok()?;
                let told = self.runs.entry(run(*of)).or_default();
                assert_eq!(head, told.head());
                told.epoch = epoch;
                self.synced();
            }
            Step::Append(of, count, synced) => {
                let texts: Vec<String> = (0..*count).map(|it| format!("{number} {it}")).collect();
                self.append(store, run(*of), &texts, *synced)?;
            }
            Step::Name(of, length) => {
                let digest = store.put(&content(number, *length)).ok()?;
                self.append(store, run(*of), &[format!("content {digest} {length}")], true)?;
            }
            Step::Checkpoint(of) => {
                let told = self.runs.entry(run(*of)).or_default();
                let (at, state) = (told.head(), number.to_le_bytes().to_vec());
                wait(store.checkpoint(run(*of), at, state.clone())).ok()?;
                told.checkpoint = Some((at, state));
            }
            Step::Settle => {
                // The first only sees that something was written.
                wait(store.settle()).ok()?;
                wait(store.settle()).ok()?;
            }
            Step::Compact => {
                let packed = store.compact(&BTreeSet::new()).ok()?;
                let packed = wait(packed).ok()?;
                assert_eq!(packed.damaged, 0);
            }
            Step::Shrink => store.shrink().ok()?,
            Step::Reopen => {}
        }
        Some(())
    }

    fn append(&mut self, store: &Store, run: RunId, texts: &[String], synced: bool) -> Option<()> {
        let told = self.runs.entry(run).or_default();
        let durability = if synced { Durability::Synced } else { Durability::Buffered };
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let batch = batch(run, told.epoch, told.head(), &texts, durability);
        if told.epoch == 0 {
            assert!(wait(store.append(batch)).is_err(), "nobody owns the run");
            return Some(());
        }
        for entry in &batch.entries {
            told.heads.push(told.head().after(&entry.salt, &entry.payload));
        }
        let head = told.head();
        let outcome = wait(store.append(batch));
        assert!(outcome.as_ref().is_ok_and(|it| *it == head) || outcome.is_err());
        outcome.ok()?;
        if synced {
            self.synced();
        }
        Some(())
    }

    /// Everything that was accepted is durable now.
    fn synced(&mut self) {
        self.runs.values_mut().for_each(|told| told.synced = told.heads.len());
    }

    /// Checks what is left.
    fn check(&self, store: &Store) {
        for run in store.runs().unwrap() {
            assert!(self.tried.contains_key(&run), "{run} was never claimed");
        }
        for (run, told) in &self.runs {
            let head = store.verify(*run).unwrap();
            let length = usize::try_from(head.sequence).unwrap();
            assert!(length >= told.synced, "{length} records of {run} left of {}", told.synced);
            let wanted = if length == 0 { Head::START } else { told.heads[length - 1] };
            assert_eq!(head, wanted, "not a beginning of what {run} wrote");
            for text in payloads(store, *run) {
                check_content(store, &text);
            }
            if let Some((at, _)) = store.last_checkpoint(*run).unwrap() {
                assert!(at.sequence <= head.sequence);
            }
            if told.epoch > 0 {
                let (again, epoch) = wait(store.claim(*run)).unwrap();
                assert_eq!(again, head);
                assert!(epoch > told.epoch, "an ownership number was given twice");
                append(store, *run, epoch, head, &["goes on"], Durability::Synced).unwrap();
            }
        }
    }
}

fn content(number: u64, length: usize) -> Vec<u8> {
    number.to_le_bytes().iter().copied().cycle().take(length).collect()
}

/// A record that names content promises that it is there.
fn check_content(store: &Store, text: &str) {
    if let Some(named) = text.strip_prefix("content ") {
        let (digest, length) = named.split_once(' ').unwrap();
        let digest: Digest = digest.parse().unwrap();
        let bytes = store.get(digest).unwrap().expect("the record that names it is there");
        assert_eq!(bytes.len().to_string(), length);
        assert_eq!(Digest::of(&bytes), digest);
    }
}

/// Crashes at call `call` of the steps, and looks at what is left under each model.
fn crash(steps: &[Step], call: u64, draws: u64) {
    let disk = SimDisk::new(call);
    disk.crash_at(call);
    let model = work(&disk, steps);
    for crash in CrashModel::ALL {
        for draw in 0..draws {
            let left = disk.after_crash(crash, draw);
            let opened = Store::open(Arc::new(left.clone()), options());
            let store = opened.unwrap_or_else(|error| {
                panic!("call {call}, {crash:?}, draw {draw}: {error}");
            });
            model.check(&store);
            drop(store);
            // What was repaired is whole when it is opened again.
            drop(Store::open(Arc::new(left), options()).unwrap());
        }
    }
}

#[test]
fn a_crash_at_any_call_loses_nothing_that_was_acknowledged() {
    use Step::{Append, Checkpoint, Claim, Name, Reopen, Settle};
    let steps = [
        Claim(1),
        Append(1, 2, true),
        Claim(2),
        Append(2, 1, false),
        Append(1, 3, false),
        Name(2, 300),
        Checkpoint(1),
        Append(1, 1, true),
        Settle,
        Name(1, 400),
        Claim(1),
        Append(1, 1, true),
        Reopen,
        Name(2, 10),
        Append(2, 40, false),
        Append(2, 60, false),
        Append(1, 1, true),
        Settle,
    ];
    let disk = SimDisk::new(0);
    disk.crash_at(u64::MAX);
    work(&disk, &steps);
    let calls = disk.calls();
    println!("{calls} calls");
    assert!(calls > 100);
    for call in 1..=calls {
        crash(&steps, call, 1);
    }
}

#[test]
fn a_crash_at_any_call_of_a_compaction_leaves_each_record_as_row_or_packed() {
    use Step::{Append, Checkpoint, Claim, Compact, Name, Reopen, Shrink};
    let steps = [
        Claim(1),
        Append(1, 3, true),
        Claim(2),
        Append(2, 12, true),
        Append(1, 9, true),
        Name(1, 300),
        Append(2, 1, false),
        Compact,
        Append(1, 4, true),
        Compact,
        Checkpoint(2),
        Append(2, 40, false),
        Append(2, 2, true),
        Compact,
        Compact,
        Reopen,
        Append(1, 2, true),
        Append(1, 2, false),
        Compact,
        Shrink,
        Append(1, 1, true),
    ];
    let disk = SimDisk::new(0);
    disk.crash_at(u64::MAX);
    work(&disk, &steps);
    let calls = disk.calls();
    println!("{calls} calls");
    for call in 1..=calls {
        crash(&steps, call, 1);
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let of = 0_u64..4;
    let step = prop_oneof![
        2 => of.clone().prop_map(Step::Claim),
        6 => (of.clone(), 1_u64..8, any::<bool>()).prop_map(|(of, count, it)| Step::Append(of, count, it)),
        3 => (of.clone(), 0_usize..900).prop_map(|(of, length)| Step::Name(of, length)),
        1 => of.prop_map(Step::Checkpoint),
        1 => Just(Step::Settle),
        2 => Just(Step::Compact),
        1 => Just(Step::Shrink),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_crash_anywhere_leaves_a_beginning_of_every_run(steps in steps(), at in 0.0..1.0_f64) {
        let disk = SimDisk::new(0);
        work(&disk, &steps);
        let call = (disk.calls() as f64 * at) as u64 + 1;
        crash(&steps, call, 1);
    }
}
