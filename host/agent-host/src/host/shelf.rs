//! Loads components when they are first called. A run keeps the components that it began with: they are
//! pinned in the content store, so that it can go on when the skills folder has moved on.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex, PoisonError},
};

use voyager_base::{
    BoxFuture, Digest, Error, Value,
    call::{Invocation, Skills},
    record::{Content, ReadError},
};
use voyager_manifest::plan::Plan;
use voyager_sandbox::Sandbox;

use crate::{
    catalog::LiveCatalog,
    failure::{Failure, FailureKind},
};

/// The skills of a host, loaded on demand.
pub(crate) struct Shelf {
    sandbox: Sandbox,
    catalog: Arc<LiveCatalog>,
    content: Arc<dyn Content>,
    loading: Mutex<()>,
    /// How many runs use a component.
    pinned: Mutex<BTreeMap<Digest, usize>>,
}

/// Components that a run uses: they stay loaded until it ends, whatever becomes of the skills folders.
pub(crate) struct Pins {
    shelf: Arc<Shelf>,
    components: Vec<Digest>,
}

impl Shelf {
    pub(crate) fn new(
        catalog: Arc<LiveCatalog>,
        sandbox: Sandbox,
        content: Arc<dyn Content>,
    ) -> Self {
        Self { sandbox, catalog, content, loading: Mutex::new(()), pinned: Mutex::default() }
    }

    /// Pins the components of a plan. Blocks.
    pub(crate) fn pin(self: &Arc<Self>, plan: &Plan) -> Result<Pins, Failure> {
        let components: Vec<Digest> = plan.skills.iter().map(|skill| skill.component).collect();
        for component in &components {
            if !self.content.holds(*component).map_err(|error| unreadable(&error))? {
                let kept = self.content.put(&self.bytes(*component)?);
                kept.map_err(|error| Failure::environment("cannot keep a component", &error))?;
            }
        }
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        for component in &components {
            *pinned.entry(*component).or_default() += 1;
        }
        drop(pinned);
        Ok(Pins { shelf: Arc::clone(self), components })
    }

    /// Gives back the memory of components that are in no skills folder any more, and that no run uses.
    pub(crate) fn tidy(&self) {
        let pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        let catalog = self.catalog.now();
        let is_used = |it: &Digest| pinned.contains_key(it) || catalog.file(it).is_some();
        self.sandbox.unload_unless(is_used);
    }

    fn bytes(&self, component: Digest) -> Result<Vec<u8>, Failure> {
        let catalog = self.catalog.now();
        let file = catalog.file(&component).and_then(|path| fs::read(path).ok());
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

impl Drop for Pins {
    fn drop(&mut self) {
        let mut pinned = self.shelf.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        for component in &self.components {
            if let Some(uses) = pinned.get_mut(component) {
                *uses -= 1;
            }
        }
        pinned.retain(|_, uses| *uses > 0);
        drop(pinned);
        self.shelf.tidy();
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
