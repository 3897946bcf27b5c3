//! The skills that the manifests of the corpus use.

use voyager_base::{
    Digest, Type,
    error::contract_type,
    operation::{Operation, OperationName, Skill},
    types::{Case, IntKind, Named},
};
use voyager_manifest::Catalog;

/// Skills of every sort: with and without capabilities, in two versions, with equal names.
pub(crate) fn catalog() -> Catalog {
    Catalog::new(vec![
        skill("voyager:coder", "0.1.0", &["workspace", "tasks"], coder()),
        skill("voyager:coder", "0.2.0", &["workspace", "tasks"], coder()),
        skill("voyager:security", "0.1.0", &["workspace"], security()),
        skill("voyager:process", "0.1.0", &["process", "workspace"], process()),
        skill("acme:web", "1.0.0", &["http"], web()),
        skill("acme:notes", "1.0.0", &["memory"], notes()),
        skill("acme:text", "1.2.0", &[], text()),
        skill("other:text", "1.0.0", &[], vec![function("words", "count", words(), Some(u32()))]),
        skill("acme:odd", "1.0.0", &[], odd()),
    ])
}

fn skill(package: &str, version: &str, capabilities: &[&str], functions: Vec<Operation>) -> Skill {
    let operations = functions.into_iter().map(|mut operation| {
        operation.name.package = package.to_owned();
        operation.name.version = version.to_owned();
        operation
    });
    Skill {
        component: Digest::of(format!("{package}@{version}").as_bytes()),
        package: package.to_owned(),
        version: version.to_owned(),
        docs: String::new(),
        operations: operations.map(Into::into).collect(),
        imports: capabilities.iter().map(|name| format!("voyager:{name}/{name}@0.1.0")).collect(),
        size: 1,
    }
}

fn function(
    interface: &str,
    name: &str,
    parameters: Vec<(&str, Type)>,
    success: Option<Type>,
) -> Operation {
    Operation {
        name: OperationName {
            package: String::new(),
            version: String::new(),
            interface: interface.to_owned(),
            function: name.to_owned(),
        },
        docs: String::new(),
        parameters: parameters.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect(),
        result: Some(Type::Result(success.map(Box::new), Some(Box::new(Type::String)))),
    }
}

fn u32() -> Type {
    Type::Int(IntKind::U32)
}

fn strings() -> Type {
    Type::list(Type::String)
}

fn words() -> Vec<(&'static str, Type)> {
    vec![("text", Type::String)]
}

fn finding() -> Type {
    let severity = vec!["low".to_owned(), "medium".to_owned(), "high".to_owned()];
    let severity = Type::Enum(Named::new(Some("severity".into()), severity));
    let record = Type::record([
        ("path", Type::String),
        ("line", u32()),
        ("severity", severity),
        ("cwe", Type::option(Type::String)),
    ]);
    match record {
        Type::Record(record) => {
            Type::Record(Named::new(Some("finding".into()), record.body.clone()))
        }
        other => other,
    }
}

fn coder() -> Vec<Operation> {
    let totals = Type::record([("files", u32()), ("worst", Type::option(Type::String))]);
    let renamed = Type::record([("files", strings()), ("diff", Type::String)]);
    let rename = vec![
        ("name", Type::String),
        ("to", Type::String),
        ("globs", strings()),
        ("diff-bytes", Type::option(Type::Int(IntKind::U64))),
    ];
    vec![
        function("metrics", "survey", vec![("globs", strings()), ("top", u32())], Some(totals)),
        function("metrics", "paths", vec![("globs", strings())], Some(strings())),
        function("change", "rename", rename, Some(renamed)),
        function("change", "clean", vec![("path", Type::String)], None),
    ]
}

fn security() -> Vec<Operation> {
    vec![
        function("scan", "file", vec![("path", Type::String)], Some(Type::list(finding()))),
        function(
            "report",
            "sarif",
            vec![("findings", Type::list(finding())), ("title", Type::option(Type::String))],
            Some(Type::String),
        ),
    ]
}

fn process() -> Vec<Operation> {
    let done = Type::record([
        ("exit-code", Type::option(Type::Int(IntKind::S32))),
        ("stdout", Type::String),
        ("seconds", Type::F64),
    ]);
    let run = function("programs", "run", vec![("command", Type::String)], Some(done.clone()));
    let result = Some(Type::Result(Some(Box::new(done)), Some(Box::new(contract_type()))));
    vec![Operation { result, ..run }]
}

fn web() -> Vec<Operation> {
    vec![function("pages", "get", vec![("url", Type::String)], Some(Type::String))]
}

fn notes() -> Vec<Operation> {
    vec![function("notes", "find", words(), Some(strings()))]
}

fn text() -> Vec<Operation> {
    let case = |name: &str, ty: Option<Type>| Case { name: name.into(), ty, docs: String::new() };
    let style = Type::Variant(Named::new(
        Some("style".into()),
        vec![case("plain", None), case("indent", Some(u32()))],
    ));
    let flags = vec!["trim".to_owned(), "fold".to_owned()];
    let flags = Type::Flags(Named::new(Some("options".into()), flags));
    let layout = Type::record([("width", Type::Int(IntKind::U8)), ("style", style)]);
    let layout = match layout {
        Type::Record(record) => {
            Type::Record(Named::new(Some("layout".into()), record.body.clone()))
        }
        other => other,
    };
    vec![
        function("words", "count", words(), Some(u32())),
        function(
            "words",
            "clip",
            vec![("text", Type::String), ("most", u32())],
            Some(Type::String),
        ),
        function(
            "layout",
            "fold",
            vec![("text", Type::String), ("layout", layout), ("options", Type::option(flags))],
            Some(Type::String),
        ),
        function(
            "layout",
            "scale",
            vec![("by", Type::F64), ("exact", Type::Bool), ("mark", Type::option(Type::Char))],
            Some(Type::F64),
        ),
        function(
            "layout",
            "encode",
            vec![
                ("data", Type::Bytes),
                ("pair", Type::option(Type::Tuple(vec![Type::String, u32()]))),
            ],
            Some(Type::Bytes),
        ),
    ]
}

fn odd() -> Vec<Operation> {
    vec![function("files", "open", words(), Some(Type::Handle("file".into())))]
}
