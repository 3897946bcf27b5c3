//! One call of one operation: a fresh store and instance, all limits armed.

use std::sync::Arc;

use futures_util::future::{Either, select};
use voyager_base::{
    Error, ErrorKind, Limits, Type, Value, call::Invocation, operation::Operation, value,
};
use wasmtime::{
    CallHook, Store, StoreContextMut, UpdateDeadline,
    component::{ComponentExportIndex, Val},
};

use crate::{
    ending::{Ending, explain},
    guest::Guest,
    load::Loaded,
    sandbox::Shared,
    values::{lift, lower},
};

/// What the host may use to take over a result, as a multiple of `limits.value-bytes`: a number takes
/// 40 bytes here and 1 to 9 in its canonical form.
const RESULT_ROOM: u64 = 8;

/// Runs one operation to its end.
pub(crate) async fn call(shared: &Shared, invocation: Invocation) -> Result<Value, Error> {
    let loaded = shared.loaded(invocation.component).ok_or_else(|| {
        Error::not_found(format!("the component {} is not loaded", invocation.component.short()))
    })?;
    let (operation, index) = loaded.operation(&invocation.operation).ok_or_else(|| {
        Error::not_found(format!("the skill has no operation {}", invocation.operation))
    })?;
    let arguments = arguments(operation, &invocation)?;
    let mut store = store(shared, &invocation);
    let timing = store.data().timing.clone();
    let ended = {
        let guest = std::pin::pin!(run(&mut store, &loaded, operation, index, &arguments));
        let expired = std::pin::pin!(timing.expired());
        match select(guest, expired).await {
            Either::Left((ended, _)) => Ok(ended),
            Either::Right(((), _)) => Err(timeout(&invocation.limits)),
        }
    };
    store.data_mut().end_outputs();
    let val = ended?.map_err(|error| explain(&error, &invocation.limits, &shared.shape))?;
    finish(operation, val, &invocation.limits)
}

fn arguments(operation: &Operation, invocation: &Invocation) -> Result<Vec<Val>, Error> {
    let (given, declared) = (&invocation.arguments, &operation.parameters);
    if given.len() != declared.len() {
        return Err(Error::invalid(format!(
            "{} takes {} arguments, not {}",
            operation.name,
            declared.len(),
            given.len()
        )));
    }
    if value::encode_tuple(given).len() as u64 > invocation.limits.value_bytes {
        return Err(Error::limit("value-bytes", invocation.limits.value_bytes));
    }
    given
        .iter()
        .zip(declared)
        .map(|(value, (name, ty))| {
            let misfit = || {
                Error::invalid(format!("the argument `{name}` of {} is no `{ty}`", operation.name))
            };
            if !value.is_of(ty) {
                return Err(misfit());
            }
            lower(value, ty).map_err(|_| misfit())
        })
        .collect()
}

fn store(shared: &Shared, invocation: &Invocation) -> Store<Guest> {
    let guest = Guest::new(invocation, Arc::clone(&shared.clock), shared.ticks.clone());
    let mut store = Store::new(&shared.engine, guest);
    let limits = &invocation.limits;
    store.limiter(|guest| &mut guest.memory);
    store.set_max_component_handles(limits.handles as usize);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        store.data_mut().processor.tick()?;
        // tokio's own yield: other tasks get their turn, which wasmtime's would not ensure.
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
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

async fn run(
    store: &mut Store<Guest>,
    loaded: &Loaded,
    operation: &Operation,
    index: ComponentExportIndex,
    arguments: &[Val],
) -> wasmtime::Result<Option<Val>> {
    let instance = loaded.pre.instantiate_async(&mut *store).await?;
    let function = instance.get_func(&mut *store, index).ok_or_else(|| {
        Ending::Host(Error::not_found(format!("{} is no function", operation.name)))
    })?;
    let mut results = vec![Val::Bool(false); usize::from(operation.result.is_some())];
    function.call_async(&mut *store, arguments, &mut results).await?;
    Ok(results.pop())
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
    if value::encode(&value).len() as u64 > limits.value_bytes {
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
