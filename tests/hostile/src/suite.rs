//! The hostile suite: what attackers try, what bounds each attack, and what must come of it.
//!
//! [`groups`] is the whole list. Each case is played in one [`Arena`], one after the other: after each the
//! host must still do its work, nothing that was not granted may have changed, and the journal must tell
//! what happened. `docs/reference/hostile-suite.md` shows the same list, kept equal by a test.

mod answers;
mod cache;
mod cancel;
mod compile;
mod computing;
mod files;
mod handles;
mod memory;
mod output;
mod page;
mod paths;
mod programs;
mod recalling;
mod requests;
mod servers;
mod shape;
mod tasks;
mod together;
mod values;
mod wasi;

pub mod matrix;

pub use self::page::page;

use std::sync::Arc;

use voyager_base::BoxFuture;

use crate::{Arena, Call, Ground, component};

/// One attack.
pub struct Case {
    /// Its name.
    pub name: String,
    /// What it tries.
    pub tries: String,
    /// What bounds it: a limit with its value here, or the rule that it runs into.
    pub bound: &'static str,
    /// What must come of it. Where it ends with `…`, what comes of it begins so.
    pub outcome: &'static str,
    attack: Attack,
}

enum Attack {
    Call(Call),
    Load(Make),
    Scene(Scene),
}

type Make = Box<dyn Fn() -> Vec<u8> + Send + Sync>;
type Scene = fn(Arc<Arena>) -> BoxFuture<'static, String>;

/// Cases about one thing.
pub struct Group {
    /// What they are about.
    pub title: &'static str,
    /// The cases.
    pub cases: Vec<Case>,
}

/// All cases.
pub fn groups() -> Vec<Group> {
    let group = |title, cases| Group { title, cases };
    vec![
        group("Processor and stack", computing::cases()),
        group("Memory", memory::cases()),
        group("Handles", handles::cases()),
        group("Values and the component ABI", values::cases()),
        group("What the host answers", answers::cases()),
        group("Log and output", output::cases()),
        group("Child tasks", tasks::cases()),
        group("Paths", paths::cases()),
        group("Files of command-line programs", files::cases()),
        group("Programs", programs::cases()),
        group("Servers", servers::cases()),
        group("The memory of the host", recalling::cases()),
        group("Servers, by WASI's own HTTP", requests::cases()),
        group("Stand-ins for WASI", wasi::cases()),
        group("Malformed and foreign components", shape::cases()),
        group("Compile bombs", compile::cases()),
        group("The cache of compiled code", cache::cases()),
        group("Several skills and runs", together::cases()),
        group("Cancellation", cancel::cases()),
        group(matrix::TITLE, matrix::cases()),
    ]
}

impl Case {
    /// A component that is called once.
    fn call(
        name: impl Into<String>,
        tries: impl Into<String>,
        bound: &'static str,
        outcome: &'static str,
        component: impl Fn() -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let attack = Attack::Call(Call { component: Box::new(component), ..Call::default() });
        Self { name: name.into(), tries: tries.into(), bound, outcome, attack }
    }

    /// A component that is loaded.
    fn load(
        name: impl Into<String>,
        tries: impl Into<String>,
        bound: &'static str,
        outcome: &'static str,
        component: impl Fn() -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            tries: tries.into(),
            bound,
            outcome,
            attack: Attack::Load(Box::new(component)),
        }
    }

    /// Something else.
    fn scene(
        name: impl Into<String>,
        tries: impl Into<String>,
        bound: &'static str,
        outcome: &'static str,
        scene: Scene,
    ) -> Self {
        Self {
            name: name.into(),
            tries: tries.into(),
            bound,
            outcome,
            attack: Attack::Scene(scene),
        }
    }

    fn changed(mut self, change: impl FnOnce(&mut Call)) -> Self {
        if let Attack::Call(call) = &mut self.attack {
            change(call);
        }
        self
    }

    /// With these limits.
    fn limits(self, limits: &str) -> Self {
        self.changed(|call| call.limits = limits.to_owned())
    }

    /// With these grants.
    fn grants(self, grants: &str) -> Self {
        self.changed(|call| call.grants = grants.to_owned())
    }

    /// With these arguments.
    fn with(self, with: impl Into<String>) -> Self {
        self.changed(|call| call.with = with.into())
    }

    /// With more keys of the step.
    fn more(self, more: &str) -> Self {
        self.changed(|call| call.more = more.to_owned())
    }

    /// In folders that `prepare` makes ready.
    fn prepare(self, prepare: fn(&Ground)) -> Self {
        self.changed(|call| call.prepare = prepare)
    }

    /// Plays it, and says what came of it.
    pub async fn play(&self, arena: &Arc<Arena>) -> String {
        match &self.attack {
            Attack::Call(call) => arena.call(call).await,
            Attack::Load(make) => arena.load(&make()),
            Attack::Scene(scene) => scene(Arc::clone(arena)).await,
        }
    }

    /// Whether that is what must come of it.
    pub fn holds(&self, ended: &str) -> bool {
        match self.outcome.strip_suffix('…') {
            Some(beginning) => ended.starts_with(beginning),
            None => ended == self.outcome,
        }
    }
}

/// The grant that attacks on files have: `src/**` of the folder, for reading and writing.
const FILES: &str = "workspace: [ { root: inputs.repo, read: [\"src/**\"], write: [\"src/**\"] } ]";

/// An operation `f` without parameters and result, of this body.
fn body(body: &str) -> Vec<u8> {
    component("f: func();", "", &format!(r#"(func (export "test:hostile/api@0.1.0#f") {body})"#))
}

/// One that gives back a number.
fn number(world: &str, core: &str) -> Vec<u8> {
    component("f: func() -> u32;", world, core)
}
