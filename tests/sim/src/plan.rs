//! Plans for simulated guests, made without the text of a manifest.

use std::{collections::BTreeMap, sync::Arc};

use voyager_base::{
    Digest, Limits, Type,
    grant::{Globs, ProgramGrant},
    memory::MemoryGrant,
    operation::{Operation, Skill},
};
use voyager_manifest::{
    Catalog, Files, Library, Pins, diagnostic,
    expr::Expr,
    plan::{
        Action, Argument, Bounds, Call, Changes, Expectation, FailMode, FolderPlan, ForEach,
        GrantPlan, Input, InputKind, Output, Part, PinnedSkill, Plan, Priority, Step,
    },
};

/// An expression.
///
/// # Panics
/// Where it is none.
pub fn expr(text: &str) -> Expr {
    Expr::parse(text).unwrap_or_else(|problems| panic!("`{text}`: {problems:?}"))
}

/// An operation `sim:guests/guests.<function>` with text parameters.
pub fn operation(function: &str, parameters: usize, result: Type) -> Operation {
    operation_of("guests", function, parameters, result)
}

fn operation_of(skill: &str, function: &str, parameters: usize, result: Type) -> Operation {
    let name = format!("sim:{skill}@1.0.0/{skill}.{function}");
    let parameter = |place| (format!("p{place}"), Type::String);
    let failure = Some(Box::new(Type::String));
    Operation {
        name: name.parse().expect("it is an operation's name"),
        docs: String::new(),
        parameters: (0..parameters).map(parameter).collect(),
        result: Some(Type::Result(Some(Box::new(result)), failure)),
    }
}

/// A step that calls `function`, whose arguments are expressions and whose result is text.
pub fn step(id: &str, function: &str, arguments: &[&str]) -> Step {
    step_of(id, operation(function, arguments.len(), Type::String), arguments)
}

/// A step that calls an operation, whose arguments are expressions.
pub fn step_of(id: &str, operation: Operation, arguments: &[&str]) -> Step {
    let result = operation.success().cloned();
    let arguments = arguments.iter().map(|text| Argument::Computed(expr(text))).collect();
    let call = Call { operation: operation.into(), component: component(), arguments, cache: None };
    Step {
        id: id.to_owned(),
        line: 0,
        within: None,
        part: Part::Body,
        needs: Vec::new(),
        when: None,
        for_each: None,
        repeat: None,
        action: Action::Call(call),
        changes: Changes::Commit,
        retry: None,
        timeout: None,
        expect: Vec::new(),
        on_error: Vec::new(),
        grants: GrantPlan::default(),
        limits: Limits::default(),
        priority: None,
        concurrency: None,
        resources: None,
        result,
    }
}

/// Makes `step` run once for each of some items.
#[must_use]
pub fn for_each(step: Step, items: &str, parallel: u32, fail: FailMode) -> Step {
    let items = ForEach { items: expr(items), variable: "item".to_owned(), parallel, fail };
    let element = step.result.clone().map(|ty| match fail {
        FailMode::Fast => ty,
        FailMode::Collect => Type::option(ty),
    });
    Step { for_each: Some(items), result: element.map(Type::list), ..step }
}

/// Demands something of the result of `step`.
#[must_use]
pub fn expect(mut step: Step, that: &str, message: &str) -> Step {
    step.expect.push(Expectation { that: expr(that), message: message.to_owned() });
    step
}

/// The plan of a manifest whose head and folder are given, for the operations `guests/NAME` of
/// [`catalog`].
///
/// # Panics
/// Where the manifest is wrong.
pub fn checked(body: &str) -> Plan {
    checked_among(body, &[])
}

/// The same, where its steps may run other manifests: their paths and texts.
///
/// # Panics
/// Where the manifest or another one is wrong.
pub fn checked_among(body: &str, others: &[(&str, &str)]) -> Plan {
    let head = "voyager: manifest/v1\nname: simulated\nversion: 1.0.0\n\
                inputs:\n  repo: { type: path, default: /repo }\n";
    let grants = "grants:\n  workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**\"] } ]\n  \
                tasks: [\"**\"]\n  process:\n    - { run: make }\n";
    // Only what uses it has a secret.
    let (secret, program) = match body.contains("guests/deploy") {
        true => (
            "  token: { type: secret }\n",
            "    - { run: deploy, env: { TOKEN: { secret: inputs.token } } }\n",
        ),
        false => ("", ""),
    };
    let text = format!("{head}{secret}{grants}{program}{body}");
    let file = "simulated.yaml";
    let library = Library { files: &Others(others), pins: &Pins::Ignored };
    let (catalog, policy) = (catalog(), Limits::ceiling());
    let checked = voyager_manifest::check_among(text.as_bytes(), file, &catalog, &policy, library);
    let shown = diagnostic::render(&checked.diagnostics, file, text.as_bytes(), false);
    checked.plan.unwrap_or_else(|| panic!("{shown}"))
}

struct Others<'t>(&'t [(&'t str, &'t str)]);

impl Files for Others<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let text = self.0.iter().find(|(known, _)| *known == path).map(|(_, text)| text);
        text.map(|it| it.as_bytes().to_vec()).ok_or_else(|| "there is no such file".to_owned())
    }
}

/// The guests as skills, `guests` and `words`: text in, text out, but for `list`, which lists texts. What
/// `words` gives depends on its arguments alone.
pub fn catalog() -> Catalog {
    let texts = || Type::list(Type::String);
    let mut operations: Vec<Operation> = vec![operation("list", 0, texts())];
    let text = [("one", 1), ("upper", 1), ("shout", 1), ("copy", 1), ("make", 1), ("count", 0)];
    let text = text.into_iter().chain([("append", 1), ("edit", 0), ("deploy", 1)]);
    operations.extend(text.map(|(name, parameters)| operation(name, parameters, Type::String)));
    operations.push(operation("rename", 2, Type::String));
    operations.push(operation("note", 2, Type::String));
    operations.push(operation("map", 1, texts()));
    operations.sort_by(|a, b| a.name.cmp(&b.name));
    let imports = ["workspace/files", "process/process", "tasks/tasks"];
    let skill = Skill {
        component: component(),
        package: "sim:guests".to_owned(),
        version: "1.0.0".to_owned(),
        docs: String::new(),
        operations: operations.into_iter().map(Arc::new).collect(),
        imports: imports.map(|name| format!("voyager:{name}@0.1.0")).to_vec(),
        size: 0,
    };
    let words = Skill {
        component: Digest::of(b"words"),
        package: "sim:words".to_owned(),
        operations: vec![operation_of("words", "double", 1, Type::String).into()],
        imports: Vec::new(),
        ..skill.clone()
    };
    Catalog::new(vec![skill, words])
}

/// The component of all simulated guests.
pub fn component() -> Digest {
    Digest::of(b"guests")
}

/// A plan of `steps`, each after the one before it where it does not say otherwise, that gives back
/// `outputs`: names, types and expressions.
pub fn plan(steps: Vec<Step>, outputs: &[(&str, Type, &str)]) -> Plan {
    let mut steps = steps;
    for (place, step) in steps.iter_mut().enumerate() {
        step.line = u32::try_from(place).unwrap_or(u32::MAX) + 1;
        if step.needs.is_empty() && place > 0 {
            step.needs.push(place - 1);
        }
    }
    let all = || Globs::new(["**"]).expect("it is a glob");
    let folder = FolderPlan {
        root: "repo".to_owned(),
        input: "repo".to_owned(),
        read: all(),
        write: all(),
        write_bytes_max: None,
    };
    let program = ProgramGrant {
        run: vec!["make".to_owned()],
        network: false,
        time_max: None,
        output_bytes_max: None,
        memory_bytes_max: None,
        processes_max: None,
        cpus_max: None,
        demand: Vec::new(),
        secrets: BTreeMap::new(),
    };
    let output = |(name, ty, from): &(&str, Type, &str)| Output {
        name: (*name).to_owned(),
        ty: ty.clone(),
        from: expr(from),
        file: None,
    };
    Plan {
        name: "simulated".to_owned(),
        version: "1.0.0".to_owned(),
        description: String::new(),
        file: "simulated.yaml".to_owned(),
        source: Digest::of(b"simulated"),
        secrets: Vec::new(),
        inputs: vec![Input {
            name: "repo".to_owned(),
            description: String::new(),
            kind: InputKind::Path,
            ty: Type::String,
            default: Some(voyager_base::Value::String("/repo".to_owned())),
        }],
        bounds: Bounds::default(),
        priority: Priority::Standard,
        fair_by: None,
        concurrency: None,
        grants: GrantPlan {
            workspace: Some(vec![folder]),
            process: Some(vec![program]),
            http: None,
            memory: Some(MemoryGrant { read: all(), write: all(), trust: None }),
            tasks: Some(all()),
            ..GrantPlan::default()
        },
        outputs: outputs.iter().map(output).collect(),
        skills: vec![PinnedSkill {
            package: "sim:guests".to_owned(),
            version: "1.0.0".to_owned(),
            component: component(),
            operations: operations(&steps),
            others: Vec::new(),
        }],
        manifests: Vec::new(),
        steps,
    }
}

fn operations(steps: &[Step]) -> Vec<Arc<Operation>> {
    let calls = steps.iter().filter_map(Step::call);
    let mut all: Vec<Arc<Operation>> = calls.map(|call| call.operation.clone()).collect();
    all.push(operation("upper", 1, Type::String).into());
    all.push(operation("shout", 1, Type::String).into());
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.dedup_by(|a, b| a.name == b.name);
    all
}
