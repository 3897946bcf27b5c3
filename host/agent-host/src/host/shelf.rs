//! Loads components when they are first called. A run keeps the components that it began with: they are
//! pinned in the content store, so that it can go on when the skills folder has moved on.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use voyager_base::{
    BoxFuture, Digest, Error, Value,
    call::{Invocation, Skills},
    record::{Content, ReadError},
};
use voyager_manifest::plan::Plan;
use voyager_sandbox::Sandbox;

use crate::failure::{Failure, FailureKind};

/// The skills of a host, loaded on demand.
pub(crate) struct Shelf {
    sandbox: Sandbox,
    files: BTreeMap<Digest, PathBuf>,
    content: Arc<dyn Content>,
    loading: Mutex<()>,
}

impl Shelf {
    pub(crate) fn new(
        files: BTreeMap<Digest, PathBuf>,
        sandbox: Sandbox,
        content: Arc<dyn Content>,
    ) -> Self {
        Self { sandbox, files, content, loading: Mutex::new(()) }
    }

    /// Pins the components of a plan. Blocks.
    pub(crate) fn pin(&self, plan: &Plan) -> Result<(), Failure> {
        for skill in &plan.skills {
            if !self.content.holds(skill.component).map_err(|error| unreadable(&error))? {
                let kept = self.content.put(&self.bytes(skill.component)?);
                kept.map_err(|error| Failure::environment("cannot keep a component", &error))?;
            }
        }
        Ok(())
    }

    fn bytes(&self, component: Digest) -> Result<Vec<u8>, Failure> {
        let file = self.files.get(&component).and_then(|path| fs::read(path).ok());
        if let Some(bytes) = file.filter(|bytes| Digest::of(bytes) == component) {
            return Ok(bytes);
        }
        let kept = self.content.get(component).map_err(|error| unreadable(&error))?;
        kept.ok_or_else(|| {
            let message = format!("the component {} is in no skills folder", component.short());
            Failure::new(FailureKind::Environment, message).hint(
                "put the skill back that the run began with, or name its folder with --skills DIR",
            )
        })
    }

    /// Loads a component, if it is not loaded already. Blocks.
    pub(crate) fn load(&self, component: Digest) -> Result<(), Failure> {
        // One at a time: a second call of the same operation would compile it again.
        let _turn = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if self.sandbox.load_compiled(component).is_some() {
            return Ok(());
        }
        let loaded = self.sandbox.load(&self.bytes(component)?);
        loaded.map(drop).map_err(|error| Failure::environment("cannot load a skill", &error))
    }

    /// Calls an operation of a component that is loaded.
    pub(crate) fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Error>> {
        self.sandbox.call(invocation)
    }
}

fn unreadable(error: &ReadError) -> Failure {
    Failure::environment("cannot read a component", error)
}

/// The shelf as what runs skills.
pub(crate) struct Loading(pub(crate) Arc<Shelf>);

impl Skills for Loading {
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Error>> {
        let shelf = Arc::clone(&self.0);
        if shelf.sandbox.skill(invocation.component).is_some() {
            return shelf.sandbox.call(invocation);
        }
        Box::pin(async move {
            let (loading, component) = (Arc::clone(&shelf), invocation.component);
            let loaded = tokio::task::spawn_blocking(move || loading.load(component)).await;
            let gone =
                |error: tokio::task::JoinError| Failure::environment("loading a skill", &error);
            loaded.map_err(gone).and_then(|it| it).map_err(|it| Error::unavailable(it.message))?;
            shelf.sandbox.call(invocation).await
        })
    }
}
