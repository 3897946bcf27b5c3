//! One call of one operation: a fresh store and instance, or one that has waited, all limits armed.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll};

use tracing::{Span, debug_span, field::Empty};
use voyager_base::{
    Error, ErrorKind, Limits, Type, Value, call::Invocation, operation::Operation, value,
};
use wasmtime::{
    CallHook, Store, StoreContextMut, UpdateDeadline,
    component::{ComponentExportIndex, Func, Val},
};

use crate::{
    command::{self, Command},
    ending::{Ending, core, explain, trace},
    guest::Guest,
    idle::{Kind, Live},
    load::Loaded,
    sandbox::Shared,
    values::{each, lift, lower},
};

/// What the host may use to take over a result, as a multiple of `limits.value-bytes`: a number takes
/// 40 bytes here and 1 to 9 in its canonical form.
const RESULT_ROOM: u64 = 8;

/// Runs one operation to its end. The future is made for every call, and boxed. It holds the invocation
/// once, which an `async fn` would hold twice, and stays small: glibc's `malloc` keeps blocks of up to 1,032
/// bytes at hand, and for a larger one sorts all that was freed before.
#[expect(clippy::manual_async_fn, reason = "an `async fn` moves its arguments within its future")]
pub(crate) fn call(
    shared: Arc<Shared>,
    mut invocation: Invocation,
) -> impl Future<Output = Result<Value, Error>> + Send {
    async move {
        let loaded = shared.loaded(invocation.component).ok_or_else(|| {
            Error::not_found(format!(
                "the component {} is not loaded",
                invocation.component.short()
            ))
        })?;
        let (operation, index) = loaded.operation(&invocation.operation.name).ok_or_else(|| {
            let name = &invocation.operation.name;
            Error::not_found(format!("the skill has no operation {name}"))
        })?;
        let given = std::mem::take(&mut invocation.arguments);
        check(operation, &given, &invocation.limits)?;
        let given = match loaded.is_program(index) {
            true => Given::Program(Some(Box::new(Command::new(&invocation, given)?))),
            false => Given::Arguments(lowered(operation, given)?),
        };
        let span = span(operation);
        let mut call = Call {
            shared: &shared,
            loaded: &loaded,
            operation,
            index,
            given,
            invocation: &invocation,
            span,
        };
        let ended = call.run().await;
        if let Some(span) = &call.span {
            let outcome = ended.as_ref().map_or_else(|error| error.kind.name(), |_| "done");
            span.record("outcome", outcome);
        }
        let (val, mut live, kind) = ended?;
        // Through the call, so that nothing is held twice.
        let value = finish(call.operation, val, &call.invocation.limits)?;
        if let Some(kind) = kind
            && live.leave()
        {
            call.shared.idle.keep(kind, live, call.shared.ticks.count());
        }
        Ok(value)
    }
}

/// What tells of the call, where somebody listens.
fn span(operation: &Operation) -> Option<Box<Span>> {
    let span = debug_span!("sandbox-call", operation = %operation.name, reused = Empty, memory_bytes = Empty, outcome = Empty);
    (!span.is_disabled()).then(|| Box::new(span))
}

/// A call whose arguments fit.
struct Call<'a> {
    shared: &'a Shared,
    loaded: &'a Loaded,
    operation: &'a Operation,
    index: ComponentExportIndex,
    given: Given,
    invocation: &'a Invocation,
    span: Option<Box<Span>>,
}

/// What is called.
enum Given {
    /// A function with these arguments.
    Arguments(Vec<Val>),
    /// A program, until it runs.
    Program(Option<Box<Command>>),
}

impl Call<'_> {
    /// Whether it may be served by an instance that has served another call.
    fn may_reuse(&self) -> bool {
        let program = self.loaded.is_program(self.index);
        self.loaded.reusable && !program && !self.invocation.fresh
    }

    /// Runs it in an instance that waits for such calls, or in a new one; says which calls that may serve
    /// then.
    async fn run(&mut self) -> Result<(Option<Val>, Box<Live>, Option<Box<Kind>>), Error> {
        let serves = |kind: &Kind| kind.serves(self.invocation);
        let waiting = self.may_reuse().then(|| self.shared.idle.take(serves)).flatten();
        if let Some((kind, mut live)) = waiting {
            live.store.data_mut().begin(self.invocation);
            live.store.set_epoch_deadline(1);
            let ended = self.run_in(&mut live).await;
            self.told(&live, true);
            match ended {
                // What the instance kept may be the reason, and must not be: a reusable skill has no
                // effects, so nothing happens twice.
                Err(error) if error.kind != ErrorKind::Timeout => {}
                ended => return ended.map(|val| (val, live, Some(kind))),
            }
        }
        let share = self.shared.shares.take(self.invocation.ledger.run())?;
        let mut store = store(self.shared, self.loaded, self.invocation);
        if let Given::Program(command) = &mut self.given {
            store.data_mut().command = command.take();
        }
        let (instance, called) = (None, None);
        let mut live = Box::new(Live { store, instance, called, calls: 0, _share: share });
        let ended = self.run_in(&mut live).await;
        self.told(&live, false);
        let val = ended?;
        let kind = self.may_reuse().then(|| Kind::of(self.invocation));
        Ok((val, live, kind))
    }

    async fn run_in(&self, live: &mut Live) -> Result<Option<Val>, Error> {
        let limits = &self.invocation.limits;
        let timing = live.store.data().timing.clone();
        let ended = {
            let mut guest = pin!(self.invoke(live));
            let mut expired = pin!(timing.expired());
            poll_fn(|context| match timing.count(|| guest.as_mut().poll(context)) {
                Poll::Ready(ended) => Poll::Ready(Ok(ended)),
                Poll::Pending => expired.as_mut().poll(context).map(|()| Err(timeout(limits))),
            })
            .await
        };
        live.store.data_mut().end_outputs();
        ended?.map_err(|error| self.broken(live, &error))
    }

    /// Why it ended other than by returning; where it broke is told those who watch, and who wants its core gets it.
    fn broken(&self, live: &mut Live, error: &wasmtime::Error) -> Error {
        let trace = trace(error, &self.loaded.lines);
        trace.iter().for_each(|line| live.store.data().log("error", line));
        if let Some(core) = core(error) {
            let name = format!("{} of {}", self.operation.name, self.invocation.component);
            self.invocation.ledger.core(&mut || core.serialize(&mut live.store, &name));
        }
        explain(error, &self.invocation.limits, &self.shared.shape)
    }

    async fn invoke(&self, live: &mut Live) -> wasmtime::Result<Option<Val>> {
        live.calls += 1;
        let instance = match live.instance {
            Some(instance) => instance,
            None => {
                // Boxed: a call in an instance that lives has no use for the room that this takes.
                let instance = Box::pin(self.loaded.pre.instantiate_async(&mut live.store)).await?;
                // What passed while the host made it was not the guest's.
                live.store.data_mut().processor.resume();
                *live.instance.insert(instance)
            }
        };
        let function = match live.called {
            Some((index, function)) if index == self.index => function,
            _ => instance.get_func(&mut live.store, self.index).ok_or_else(|| {
                let name = &self.operation.name;
                Ending::Host(Error::not_found(format!("{name} is no function")))
            })?,
        };
        live.called = Some((self.index, function));
        let Given::Arguments(arguments) = &self.given else {
            // Boxed: calls of other skills have no use for the room that this takes.
            return Box::pin(run_program(live, function)).await.map(Some);
        };
        let mut result = self.operation.result.is_some().then_some(Val::Bool(false));
        function.call_async(&mut live.store, arguments, result.as_mut_slice()).await?;
        Ok(result)
    }

    /// Tells what the call took.
    fn told(&self, live: &Live, reused: bool) {
        if let Some(span) = &self.span {
            span.record("reused", reused);
            span.record("memory_bytes", live.store.data().memory.held());
        }
    }
}

/// Runs a program until it returns or exits.
async fn run_program(live: &mut Live, function: Func) -> wasmtime::Result<Val> {
    let mut result = [Val::Bool(false)];
    let ended = function.call_async(&mut live.store, &[], &mut result).await;
    let exit_code = command::exit_code(ended.map(|()| result))?;
    live.store.data_mut().end_program(exit_code).await
}

fn check(operation: &Operation, given: &[Value], limits: &Limits) -> Result<(), Error> {
    let declared = &operation.parameters;
    if given.len() != declared.len() {
        return Err(Error::invalid(format!(
            "{} takes {} arguments, not {}",
            operation.name,
            declared.len(),
            given.len()
        )));
    }
    if value::encoded_tuple_length(given) > limits.value_bytes {
        return Err(Error::limit("value-bytes", limits.value_bytes));
    }
    Ok(())
}

fn lowered(operation: &Operation, given: Vec<Value>) -> Result<Vec<Val>, Error> {
    each(given.into_iter().zip(&operation.parameters), |(value, (name, ty))| {
        lower(value, ty).map_err(|_| {
            Error::invalid(format!("the argument `{name}` of {} is no `{ty}`", operation.name))
        })
    })
}

fn store(shared: &Shared, loaded: &Loaded, invocation: &Invocation) -> Store<Guest> {
    let guest = Guest::new(invocation, Arc::clone(&shared.clock), shared.ticks.clone());
    let mut store = Store::new(&shared.engine, guest);
    let limits = &invocation.limits;
    store.limiter(|guest| &mut guest.memory);
    store.set_max_component_handles(limits.handles as usize);
    store.set_epoch_deadline(1);
    let profiler = shared.profiler.as_ref();
    let sampler = profiler.map(|it| it.sampler(&shared.clock, loaded));
    store.epoch_deadline_callback(move |mut store| {
        let ran = store.data_mut().processor.tick()?;
        if let Some(sampler) = sampler.as_ref().filter(|_| ran) {
            sampler.sample(&store);
        }
        Ok(UpdateDeadline::YieldCustom(
            1,
            match store.data().pause() {
                // tokio's own yield: other tasks get their turn, which wasmtime's would not ensure.
                None => Box::pin(tokio::task::yield_now()),
                // The guest keeps its memory, and is not polled until it has a slot again.
                Some(pause) => Box::pin(pause),
            },
        ))
    });
    let result_bytes = clamp(limits.value_bytes.saturating_mul(RESULT_ROOM));
    store.call_hook(move |store, hook| {
        meter(store, hook, result_bytes);
        Ok(())
    });
    store
}

/// Arms the bound on what the host copies out of the guest: within the outermost call the guest asks
/// the host, behind it the result is taken over.
fn meter(mut store: StoreContextMut<'_, Guest>, hook: CallHook, result_bytes: usize) {
    let guest = store.data_mut();
    match hook {
        CallHook::CallingWasm => guest.depth += 1,
        CallHook::ReturningFromWasm => guest.depth = guest.depth.saturating_sub(1),
        CallHook::CallingHost | CallHook::ReturningFromHost => return,
    }
    let bytes = if guest.depth == 0 { result_bytes } else { clamp(guest.call_bytes_max) };
    store.set_hostcall_fuel(bytes);
}

fn clamp(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The success of a result; its failure as the task's error.
fn finish(operation: &Operation, val: Option<Val>, limits: &Limits) -> Result<Value, Error> {
    let (Some(val), Some(ty)) = (val, &operation.result) else {
        return Ok(Value::Tuple(Vec::new()));
    };
    let value = lift(val, ty).map_err(|error| Error::new(ErrorKind::Trapped, error.to_string()))?;
    let value = match (value, ty) {
        (Value::Result(result), Type::Result(..)) => {
            let failed = |failure: Option<Box<Value>>| failed(operation, failure.map(|it| *it));
            result.map_err(failed)?.map_or(NOTHING, |value| *value)
        }
        (value, _) => value,
    };
    if value::encoded_length(&value) > limits.value_bytes {
        return Err(Error::limit("value-bytes", limits.value_bytes));
    }
    Ok(value)
}

const NOTHING: Value = Value::Tuple(Vec::new());

/// The failure that the skill gave back: an `error` of the contract as that error, whoever found it;
/// anything else as the operation's own.
fn failed(operation: &Operation, failure: Option<Value>) -> Error {
    let by_kind = failure.as_ref().filter(|_| operation.fails_by_kind());
    if let Some(error) = by_kind.and_then(Error::from_contract) {
        return error;
    }
    let message = match &failure {
        None => "the operation failed".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_json().to_string(),
    };
    Error { detail: failure, ..Error::new(ErrorKind::Failed, message) }
}

fn timeout(limits: &Limits) -> Error {
    let message = format!(
        "the limit `time` of {:?} is used up; raise `limits.time` in the manifest",
        limits.time
    );
    Error::new(ErrorKind::Timeout, message).bound(format!("time: {:?}", limits.time))
}

#[cfg(test)]
mod tests {
    use voyager_base::{error::contract_type, operation::OperationName};

    use super::*;

    fn operation(failure: Type) -> Operation {
        let name: OperationName = "a:b/c.d".parse().unwrap();
        let result = Some(Type::Result(None, Some(Box::new(failure))));
        Operation { name, docs: String::new(), parameters: Vec::new(), result }
    }

    fn denied() -> Val {
        let retry = Val::Variant("never".to_owned(), None);
        let fault = Val::Record(vec![
            ("message".to_owned(), Val::String("no grant".to_owned())),
            ("bound".to_owned(), Val::Option(Some(Box::new(Val::String("a line".to_owned()))))),
            ("retry".to_owned(), retry),
        ]);
        Val::Variant("denied".to_owned(), Some(Box::new(fault)))
    }

    /// Of what `make` gives.
    fn size<A, B, F>(_: impl Fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_call_fits_a_block_that_the_allocator_keeps_at_hand() {
        assert!(size(call) <= 1_032, "{} bytes", size(call));
    }

    #[test]
    fn an_error_of_the_contract_keeps_its_kind() {
        let val = Val::Result(Err(Some(Box::new(denied()))));
        let ended = finish(&operation(contract_type()), Some(val), &Limits::default());
        assert_eq!(ended, Err(Error::denied("no grant", "a line")));
    }

    #[test]
    fn a_failure_of_another_type_is_the_operations_own() {
        let text = "denied: no grant".to_owned();
        let val = Val::Result(Err(Some(Box::new(Val::String(text.clone())))));
        let error = finish(&operation(Type::String), Some(val), &Limits::default()).unwrap_err();
        assert_eq!((error.kind, &error.message), (ErrorKind::Failed, &text));
        assert_eq!(error.detail, Some(Value::String(text)));
    }
}
