//! What expressions of the plan give in a run: conditions, items, arguments, results.

use std::collections::BTreeMap;

use voyager_base::{Error, ErrorKind, TaskId, Type, Value, value};
use voyager_manifest::{
    convert::convert,
    expr::Expr,
    plan::{
        Argument, Call, Concurrency, FailMode, Handling, Output, Part, Repeat, Step, SubManifest,
    },
    template::TemplateError,
};

use super::{
    ITEMS_MAX, Interpreter, Outcome,
    scope::{StepScope, optional},
    state::{Place, StepState, UnitState},
};
use crate::event::{Failure, Origin};

/// What follows a round of a repeated step.
pub(super) enum Round {
    /// There is another one, with these carried values.
    Next(Vec<Value>),
    /// It was the last; this is what the item gives.
    Last(Option<Value>),
}

impl Interpreter {
    pub(super) fn decode(&self, step: usize, bytes: &[u8]) -> Result<Option<Value>, String> {
        let call = self.plan().steps[step].call();
        let Some(ty) = call.and_then(|call| call.operation.success()) else { return Ok(None) };
        value::decode(ty, bytes).map(Some).map_err(|error| error.to_string())
    }

    /// Whether a step is to run.
    pub(super) fn holds(&mut self, frame: TaskId, step: usize) -> Result<bool, Error> {
        self.with_scope(frame, step, None, None, |plan, scope| match &plan.when {
            None => Ok(true),
            Some(condition) => truth(condition, scope, "when"),
        })?
    }

    /// Whether what is expected of the result of an item is so.
    pub(super) fn expected(&mut self, place: Place, result: Option<&Value>) -> Result<(), Error> {
        if self.plan().steps[place.step].expect.is_empty() {
            return Ok(());
        }
        self.with_scope(place.frame, place.step, Some(place.item), result, |plan, scope| {
            for expectation in &plan.expect {
                if !truth(&expectation.that, scope, "expect")? {
                    let message = expectation.message.clone();
                    return Err(Error::new(ErrorKind::Expectation, message));
                }
            }
            Ok(())
        })?
    }

    /// What follows a round that ended well with `value`.
    pub(super) fn after_round(
        &mut self,
        place: Place,
        value: Option<Value>,
    ) -> Result<Round, Error> {
        let Some(repeat) = self.plan().steps[place.step].repeat.clone() else {
            return Ok(Round::Last(value));
        };
        let unit = self.state.look(place);
        let round = unit.map_or(0, |unit| unit.rounds) + 1;
        let holds = match &repeat.until {
            None => round == repeat.max,
            Some(until) => {
                let (frame, step, item) = (place.frame, place.step, Some(place.item));
                self.with_scope(frame, step, item, value.as_ref(), |_, scope| {
                    truth(until, scope, "repeat.until")
                })??
            }
        };
        if holds || (round == repeat.max && repeat.exhausted == Handling::Continue) {
            return self.last_round(place, &repeat, value).map(Round::Last);
        }
        if round == repeat.max {
            let message = format!(
                "`repeat.until` held in none of {round} rounds; raise `repeat.max`, or write \
                 `exhausted: continue` to go on with the last result"
            );
            let bound = format!("repeat.max: {round}");
            return Err(Error::new(ErrorKind::Limit, message).bound(bound));
        }
        let (frame, step, item) = (place.frame, place.step, Some(place.item));
        let next = self.with_scope(frame, step, item, value.as_ref(), |_, scope| {
            let next = repeat.carry.iter().map(|carry| {
                let wrong = |error: &dyn std::fmt::Display| {
                    Error::invalid(format!("repeat.carry.{}: {error}", carry.name))
                };
                let value = carry.next.evaluate(scope).map_err(|error| wrong(&error))?;
                convert(value, &carry.ty).map_err(|error| wrong(&error))
            });
            next.collect::<Result<Vec<Value>, Error>>()
        })??;
        if let (true, Some(value)) = (repeat.collect, value) {
            let unit = self.state.unit(place).map_err(Error::invalid)?;
            unit.collected.push(value);
        }
        Ok(Round::Next(next))
    }

    /// What an item gives whose last round gave `value`.
    fn last_round(
        &self,
        place: Place,
        repeat: &Repeat,
        value: Option<Value>,
    ) -> Result<Option<Value>, Error> {
        let (true, Some(last)) = (repeat.collect, &value) else { return Ok(value) };
        let unit =
            self.state.look(place).ok_or_else(|| Error::invalid("an item that does not run"))?;
        // They stay: where the last round fails what is expected of it, that round alone is tried again.
        let all = unit.collected.iter().chain([last]).cloned().collect();
        let of_round = self.plan().steps[place.step].of_round().cloned();
        Ok(of_round.map(|ty| list(all, &ty)))
    }

    /// The value of a step that did not run, or failed and was passed over.
    pub(super) fn none(&self, step: usize) -> Option<Value> {
        self.plan().steps.get(step)?.result.as_ref().map(|_| Value::NONE)
    }

    /// The value of a step all of whose items have ended well.
    pub(super) fn result(&self, frame: TaskId, step: usize) -> Result<Option<Value>, String> {
        let plan = self.plan().steps.get(step).ok_or_else(|| format!("there is no step {step}"))?;
        let (Some(ty), Some(of_item)) = (&plan.result, plan.of_item()) else {
            return Ok(None);
        };
        let Some(StepState::Running(running)) = self.state.step(frame, step) else {
            return Err(format!("step number {step} does not run"));
        };
        let Some(each) = &plan.for_each else {
            let Some(UnitState::Done(Ok(Some(value)))) = running.units.first().map(|it| &it.state)
            else {
                return Err(format!("step number {step} has no result"));
            };
            return Ok(Some(wrap(value.clone(), ty, &of_item)));
        };
        let collects = each.fail == FailMode::Collect;
        let mut values = Vec::with_capacity(running.units.len());
        for unit in &running.units {
            match &unit.state {
                UnitState::Done(Ok(Some(value))) if collects => {
                    values.push(Value::some(value.clone()));
                }
                UnitState::Done(Ok(Some(value))) => values.push(value.clone()),
                UnitState::Done(Err(_)) if collects => values.push(Value::NONE),
                _ => return Err(format!("an item of step number {step} has no result")),
            }
        }
        let element = if collects { Type::option(of_item) } else { of_item };
        Ok(Some(wrap(list(values, &element), ty, &Type::list(element))))
    }

    /// The results of the steps of a frame, by their ids: what a round of a block gives.
    pub(super) fn record(&self, frame: TaskId) -> Option<Value> {
        let frame = self.state.frames.get(&frame)?;
        let fields = frame.steps.iter().filter_map(|(position, state)| {
            let step = self.plan().steps.get(*position)?;
            step.result.as_ref().filter(|_| step.part == Part::Body)?;
            let value = match state {
                StepState::Done(Some(value)) => value.clone(),
                StepState::Done(None) | StepState::Waiting | StepState::Running(_) => Value::NONE,
            };
            Some((step.local_id().to_owned(), value))
        });
        let fields: Vec<(String, Value)> = fields.collect();
        (!fields.is_empty()).then_some(Value::Record(fields))
    }

    /// Number of items, whose values are computed where that was not done before.
    pub(super) fn items_of(&mut self, frame: TaskId, step: usize) -> Result<Option<u64>, Error> {
        if self.plan().steps[step].for_each.is_none() {
            return Ok(None);
        }
        if !self.items.contains_key(&(frame, step)) {
            let items = self.with_scope(frame, step, None, None, |plan, scope| {
                let each = plan.for_each.as_ref().expect("asked above");
                each.items.evaluate(scope)
            })?;
            let values = match items {
                Ok(Value::List(values)) => values,
                Ok(Value::Bytes(bytes)) => {
                    bytes.into_iter().map(|byte| Value::Int(byte.into())).collect()
                }
                Ok(_) => return Err(Error::invalid("for-each.in: gives no list")),
                Err(error) => return Err(Error::invalid(format!("for-each.in: {error}"))),
            };
            if ITEMS_MAX < values.len() {
                return Err(Error::limit("items", ITEMS_MAX));
            }
            self.items.insert((frame, step), values);
        }
        Ok(self.items.get(&(frame, step)).map(|values| values.len() as u64))
    }

    /// The canonical bytes of the arguments of a call.
    pub(super) fn arguments(&mut self, place: Place) -> Result<Vec<u8>, Error> {
        let own = self.state.frames.get(&place.frame).and_then(|it| it.compensation.as_ref());
        if let Some(own) = own {
            return Ok(own.arguments.to_vec());
        }
        let (frame, step, item) = (place.frame, place.step, Some(place.item));
        self.with_scope(frame, step, item, None, |plan, scope| match plan.call() {
            Some(call) => encoded(call, scope, "with"),
            None => Ok(Vec::new()),
        })?
    }

    /// The key that a task of a step needs before it begins, and how many may have it.
    pub(crate) fn concurrency(&mut self, origin: &Origin) -> Result<Option<(String, u32)>, Error> {
        let Origin::Step { frame, step, item } = *origin else { return Ok(None) };
        self.with_scope(frame, step, Some(item), None, |plan, scope| key(&plan.concurrency, scope))?
    }

    /// The key that the run needs before its first task begins, and how many may have it.
    pub(crate) fn run_concurrency(&self) -> Result<Option<(String, u32)>, Error> {
        key(&self.plan().concurrency, &self.outermost())
    }

    /// The key of the runs with which it takes turns together; none where it has turns of its own.
    pub(crate) fn fair_by(&self) -> Result<Option<String>, Error> {
        let Some(key) = &self.plan().fair_by else { return Ok(None) };
        match compute(key, &Type::option(Type::String), &self.outermost()) {
            Ok(Value::Option(None)) => Ok(None),
            Ok(Value::Option(Some(key))) => match *key {
                Value::String(key) => Ok(Some(key)),
                _ => Err(Error::invalid("fair-by: gives no text")),
            },
            Ok(_) => Err(Error::invalid("fair-by: gives no text")),
            Err(error) => Err(Error::invalid(format!("fair-by: {error}"))),
        }
    }

    /// What a manifest gives back whose steps ran in a frame.
    pub(super) fn outputs(&self, frame: TaskId, outputs: &[Output]) -> Outcome {
        let scope = self.beside(frame);
        let failure = |name: &str, reason: String| Failure {
            step: None,
            error: Error::invalid(format!("outputs.{name}: {reason}")),
        };
        let output = |output: &Output| {
            let value = output.from.evaluate(&scope);
            let value = value.map_err(|error| failure(&output.name, error.to_string()))?;
            let value = convert(value, &output.ty);
            let value = value.map_err(|error| failure(&output.name, error.to_string()))?;
            Ok((output.name.clone(), value))
        };
        outputs.iter().map(output).collect()
    }

    /// What the item of a block gives whose steps ran in a frame and ended well.
    pub(super) fn gives(&self, frame: TaskId) -> Result<Option<Value>, Error> {
        match self.sub_of(frame) {
            None => Ok(self.record(frame)),
            Some((_, sub)) if sub.outputs.is_empty() => Ok(None),
            Some((_, sub)) => {
                let outputs = self.outputs(frame, &sub.outputs);
                outputs.map(|all| Some(Value::Record(all))).map_err(|failure| failure.error)
            }
        }
    }

    /// What the manifest is given that an item of a step runs; none where it runs none.
    pub(super) fn given(&mut self, place: Place) -> Result<Option<BTreeMap<String, Value>>, Error> {
        if self.plan().steps[place.step].manifest().is_none() {
            return Ok(None);
        }
        let (frame, step, item) = (place.frame, place.step, Some(place.item));
        self.with_scope(frame, step, item, None, |plan, scope| {
            let Some(sub) = plan.manifest() else { return Ok(None) };
            let given = sub.inputs.iter().zip(&sub.arguments).map(|(input, argument)| {
                let name = &input.name;
                let value = compute(argument, &input.ty, scope);
                let wrong =
                    |error: Error| Error { message: format!("with.{name}: {error}"), ..error };
                let value = value.map_err(wrong)?;
                let refused = |error| Error::invalid(format!("with.{name}: {error}"));
                input.accepts(&value).map_err(refused)?;
                Ok((name.clone(), value))
            });
            given.collect::<Result<_, Error>>().map(Some)
        })?
    }

    /// The step that runs the manifest whose steps run in a frame, and that manifest; none where they are
    /// those of a block, or of the run's own.
    fn sub_of(&self, frame: TaskId) -> Option<(&Step, &SubManifest)> {
        let place = self.state.frames.get(&frame)?.of?;
        let step = self.plan().steps.get(place.step)?;
        Some((step, step.manifest()?))
    }

    /// What is seen beside all steps.
    fn outermost(&self) -> StepScope<'_> {
        self.beside(self.root)
    }

    /// What is seen beside the steps that run in a frame.
    fn beside(&self, frame: TaskId) -> StepScope<'_> {
        // The nearest manifest is the one whose names are meant.
        let around = std::iter::once(frame).chain(self.holders(frame).map(|place| place.frame));
        let sub = around.into_iter().find_map(|frame| {
            let (step, _) = self.sub_of(frame)?;
            Some((step, self.state.frames.get(&frame)?.inputs.as_ref()?))
        });
        StepScope {
            inputs: sub.map_or(&self.inputs, |(_, inputs)| inputs),
            prefix: sub.map(|(step, _)| format!("{}/", step.id)).unwrap_or_default(),
            ids: &self.ids,
            plan: &self.started.plan,
            state: &self.state,
            frame,
            optional: BTreeMap::new(),
            locals: Vec::new(),
            result: None,
        }
    }

    /// Gives `with` the names that expressions of a step see, of one item where one is named.
    pub(super) fn with_scope<T>(
        &mut self,
        frame: TaskId,
        step: usize,
        item: Option<u64>,
        result: Option<&Value>,
        with: impl FnOnce(&Step, &StepScope<'_>) -> T,
    ) -> Result<T, Error> {
        let own = item.map(|item| Place { frame, step, item });
        let places: Vec<Place> = own.into_iter().chain(self.holders(frame)).collect();
        // Items and carried values of what is outside come first: what is inside may use them.
        for place in places.iter().rev() {
            self.items_of(place.frame, place.step)?;
            self.carried(*place)?;
        }
        Ok(self.scoped(frame, step, &places, result, with))
    }

    /// The same, where all that the names stand for is computed already. `places` are the items whose
    /// names are seen, from the inside to the outside.
    fn scoped<T>(
        &self,
        frame: TaskId,
        step: usize,
        places: &[Place],
        result: Option<&Value>,
        with: impl FnOnce(&Step, &StepScope<'_>) -> T,
    ) -> T {
        let plan = &self.started.plan;
        let mut optionals = BTreeMap::new();
        let levels = std::iter::once((frame, step));
        for (frame, step) in levels.chain(self.holders(frame).map(|it| (it.frame, it.step))) {
            if plan.steps[step].part == Part::Finally {
                optionals.extend(optional(plan, &self.state, frame));
            }
        }
        let scope = StepScope {
            optional: optionals,
            locals: places.iter().flat_map(|place| self.locals(*place)).collect(),
            result,
            ..self.beside(frame)
        };
        with(&plan.steps[step], &scope)
    }

    /// The items of blocks that a frame serves, from the inside to the outside.
    pub(super) fn holders(&self, frame: TaskId) -> impl Iterator<Item = Place> {
        let of = |frame: TaskId| self.state.frames.get(&frame).and_then(|it| it.of);
        std::iter::successors(of(frame), move |place| of(place.frame))
    }

    /// The names that an item has of its own.
    fn locals(&self, place: Place) -> Vec<(&str, Value)> {
        let plan = &self.started.plan.steps[place.step];
        let mut locals = Vec::new();
        if let Some(each) = &plan.for_each {
            let values = self.items.get(&(place.frame, place.step));
            let position = usize::try_from(place.item).unwrap_or(usize::MAX);
            let value = values.and_then(|values| values.get(position));
            locals.extend(value.map(|value| (each.variable.as_str(), value.clone())));
        }
        if let (Some(repeat), Some(unit)) = (&plan.repeat, self.state.look(place)) {
            locals.push(("round", Value::Int((unit.rounds + 1).into())));
            let carried = repeat.carry.iter().zip(&unit.carried);
            locals.extend(carried.map(|(carry, value)| (carry.name.as_str(), value.clone())));
        }
        locals
    }

    /// Computes what an item carries into its first round, where that was not done before.
    fn carried(&mut self, place: Place) -> Result<(), Error> {
        let carry = match &self.plan().steps[place.step].repeat {
            Some(repeat) if !repeat.carry.is_empty() => repeat.carry.clone(),
            _ => return Ok(()),
        };
        if self.state.look(place).is_none_or(|unit| !unit.carried.is_empty()) {
            return Ok(());
        }
        let places: Vec<Place> = std::iter::once(place).chain(self.holders(place.frame)).collect();
        let start = self.scoped(place.frame, place.step, &places, None, |_, scope| {
            let start = carry.iter().map(|it| {
                compute(&it.start, &it.ty, scope)
                    .map_err(|error| Error::invalid(format!("repeat.carry.{}: {error}", it.name)))
            });
            start.collect::<Result<Vec<Value>, Error>>()
        })?;
        self.state.unit(place).map_err(Error::invalid)?.carried = start;
        Ok(())
    }
}

fn key(
    concurrency: &Option<Concurrency>,
    scope: &StepScope<'_>,
) -> Result<Option<(String, u32)>, Error> {
    let Some(Concurrency { key, max, .. }) = concurrency else { return Ok(None) };
    match compute(key, &Type::String, scope) {
        Ok(Value::String(key)) => Ok(Some((key, *max))),
        Ok(_) => Err(Error::invalid("concurrency.key: gives no text")),
        Err(error) => Err(Error::invalid(format!("concurrency.key: {error}"))),
    }
}

/// The canonical bytes of the arguments of a call; `place` is where they stand in the step.
pub(super) fn encoded(call: &Call, scope: &StepScope<'_>, place: &str) -> Result<Vec<u8>, Error> {
    let parameters = call.operation.parameters.iter();
    let values = parameters.zip(&call.arguments).map(|((name, ty), argument)| {
        let wrong = |error: Error| Error { message: format!("{place}.{name}: {error}"), ..error };
        compute(argument, ty, scope).map_err(wrong)
    });
    let values = values.collect::<Result<Vec<Value>, Error>>()?;
    Ok(value::encode_tuple(&values))
}

fn truth(condition: &Expr, scope: &StepScope<'_>, what: &str) -> Result<bool, Error> {
    match condition.evaluate(scope) {
        Ok(Value::Bool(holds)) => Ok(holds),
        Ok(_) => Err(Error::invalid(format!("{what}: gives neither true nor false"))),
        Err(error) => Err(Error::invalid(format!("{what}: {error}"))),
    }
}

pub(super) fn compute(
    argument: &Argument,
    ty: &Type,
    scope: &StepScope<'_>,
) -> Result<Value, Error> {
    let invalid = |error: &dyn std::fmt::Display| Error::invalid(error.to_string());
    match (argument, ty) {
        (Argument::Literal(value), _) => Ok(value.clone()),
        (Argument::Computed(expression), _) => {
            let value = expression.evaluate(scope).map_err(|error| invalid(&error))?;
            convert(value, ty).map_err(|error| invalid(&error))
        }
        (argument, Type::Option(ty)) => compute(argument, ty, scope).map(Value::some),
        (Argument::Template(template), _) => match template.render(scope) {
            Ok(text) => Ok(Value::String(text)),
            Err(TemplateError::TooLong | TemplateError::TooMuch) => {
                Err(Error::new(ErrorKind::Limit, "the template gives more than a text may be"))
            }
            Err(error) => Err(invalid(&error)),
        },
        (Argument::Record(fields), ty) => {
            let field = |(name, argument): &(String, Argument)| {
                let ty = ty.field(name);
                let ty = ty.ok_or_else(|| Error::invalid(format!("there is no field `{name}`")))?;
                Ok((name.clone(), compute(argument, ty, scope)?))
            };
            fields.iter().map(field).collect::<Result<_, Error>>().map(Value::Record)
        }
        (Argument::List(arguments), Type::Tuple(types)) => {
            let values = arguments.iter().zip(types).map(|(it, ty)| compute(it, ty, scope));
            values.collect::<Result<_, Error>>().map(Value::Tuple)
        }
        (Argument::List(arguments), Type::List(ty)) => {
            let values = arguments.iter().map(|it| compute(it, ty, scope));
            values.collect::<Result<_, Error>>().map(Value::List)
        }
        (Argument::List(arguments), Type::Bytes) => {
            let element = Type::Int(voyager_base::types::IntKind::U8);
            let values = arguments.iter().map(|it| compute(it, &element, scope));
            values.collect::<Result<_, Error>>().map(|values| list(values, &element))
        }
        (Argument::List(_), _) => Err(Error::invalid(format!("a list is no {ty}"))),
    }
}

/// A list of values of one type; of `u8`, bytes.
fn list(values: Vec<Value>, element: &Type) -> Value {
    if Type::list(element.clone()) != Type::Bytes {
        return Value::List(values);
    }
    let byte = |value: &Value| match value {
        Value::Int(byte) => u8::try_from(*byte).unwrap_or_default(),
        _ => 0,
    };
    Value::Bytes(values.iter().map(byte).collect())
}

/// `value` as a present option where `ty` is an option of `inner`, the type of `value`.
fn wrap(value: Value, ty: &Type, inner: &Type) -> Value {
    if matches!(ty, Type::Option(_)) && !ty.same(inner) { Value::some(value) } else { value }
}
