//! The life of records as a naive model has it: it sweeps all of them in every cycle.

use std::collections::BTreeMap;

/// The threshold of the stores of these tests.
pub(crate) const BELOW: f64 = 0.05;

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Being {
    pub(crate) weight: f64,
    pub(crate) pinned: bool,
    pub(crate) archived: bool,
    /// When what it tells was told, in microseconds.
    pub(crate) told: u64,
    /// The last cycle in which it had not faded.
    pub(crate) alive: u64,
}

/// All records, and what cites what.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    pub(crate) cycle: u64,
    pub(crate) beings: BTreeMap<u64, Being>,
    pub(crate) edges: Vec<(u64, u64)>,
}

impl Model {
    pub(crate) fn add(&mut self, id: u64, told: u64, pinned: bool) {
        let alive = self.cycle;
        self.beings.insert(id, Being { weight: 1.0, pinned, archived: false, told, alive });
    }

    pub(crate) fn used(&mut self, id: u64) {
        if let Some(it) = self.beings.get_mut(&id) {
            it.weight += 0.1 * (1.0 - it.weight);
            it.alive = self.cycle;
        }
    }

    pub(crate) fn forget(&mut self, id: u64) {
        self.beings.remove(&id);
        self.edges.retain(|it| it.0 != id && it.1 != id);
    }

    pub(crate) fn restore(&mut self, id: u64, weight: f64) {
        if let Some(it) = self.beings.get_mut(&id).filter(|it| it.archived) {
            (it.archived, it.weight, it.alive) = (false, weight, self.cycle);
        }
    }

    pub(crate) fn tick(&mut self, cycles: u64, now: u64) {
        for _ in 0..cycles {
            self.cycle += 1;
            let fading = self.beings.values_mut().filter(|it| !it.pinned || it.archived);
            fading.for_each(|it| it.weight *= 0.5_f64.powf(1.0 / 50.0));
            let strong: Vec<u64> =
                self.beings.iter().filter(|it| strong(it.1)).map(|it| *it.0).collect();
            for (id, being) in &mut self.beings {
                let cited = self.edges.iter().any(|it| it.1 == *id && strong.contains(&it.0));
                let kept = being.pinned || being.weight >= BELOW || being.told > now || cited;
                being.archived |= !kept;
                if !being.archived || being.weight >= BELOW {
                    being.alive = self.cycle;
                }
            }
        }
    }

    pub(crate) fn archived(&self) -> Vec<u64> {
        self.beings.iter().filter(|it| it.1.archived).map(|it| *it.0).collect()
    }

    /// Those that faded so many cycles ago or earlier.
    pub(crate) fn faded(&self, cycles: u64) -> Vec<u64> {
        let is_old = |it: &Being| cycles == 0 || it.alive + cycles < self.cycle;
        let faded = self.beings.iter().filter(|it| it.1.archived && is_old(it.1));
        faded.map(|it| *it.0).collect()
    }
}

/// Whether what it cites lives on.
fn strong(it: &Being) -> bool {
    !it.archived && (it.pinned || it.weight >= BELOW)
}
