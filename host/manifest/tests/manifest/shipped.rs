//! The manifests that ship with Voyager, checked against the WIT of the skills that ship with it.

use std::{fs, path::PathBuf, sync::Arc};

use voyager_base::{
    Digest, Limits, Type,
    operation::{Operation, OperationName, Skill},
    types::{Case, Field, IntKind, Named},
};
use voyager_manifest::{Catalog, Files, Library, Pins, check_among, render};
use wit_parser::{Resolve, TypeDefKind, WorldItem};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder of the manifests.
struct Shipped;

impl Files for Shipped {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        fs::read(root().join("manifests").join(path)).map_err(|error| error.to_string())
    }
}

#[test]
fn every_shipped_manifest_has_a_plan_and_no_findings() {
    let skills = ["coder", "security", "documentation", "memory", "process"].map(skill).to_vec();
    let catalog = Catalog::new(skills);
    // That the locks are right, the real program says when it plays the scenarios.
    let library = Library { files: &Shipped, pins: &Pins::Ignored };
    for name in ["audit.yaml", "release-check.yaml", "rename.yaml", "test-as-learned.yaml"] {
        let text = fs::read(root().join("manifests").join(name)).unwrap();
        let checked = check_among(&text, name, &catalog, &Limits::ceiling(), library);
        assert!(checked.is_clean(), "{}", render(&checked.diagnostics, name, &text, false));
        assert!(checked.plan.is_some());
    }
}

/// WIT has no import of types without an import of the skill, so `documentation` declares again what it
/// is handed.
#[test]
fn what_documentation_mirrors_is_as_coder_and_security_declare_it() {
    let documentation = skill("documentation");
    let parameter = |function: &str, name: &str| {
        let operation = documentation.operations.iter().find(|it| it.name.function == function);
        let parameters = &operation.unwrap().parameters;
        match parameters.iter().find(|it| it.0 == name).unwrap().1.clone() {
            Type::Option(inner) => *inner,
            other => other,
        }
    };
    let mirrored = [
        ("coder", "metrics", "survey", parameter("audit", "metrics")),
        ("coder", "outline", "tree", parameter("api", "outlines")),
        ("security", "audit", "audit", parameter("audit", "security")),
    ];
    for (name, interface, function, mirror) in mirrored {
        let original = skill(name);
        let named =
            |it: &&Arc<Operation>| it.name.interface == interface && it.name.function == function;
        let original = original.operations.iter().find(named).unwrap().success().unwrap().clone();
        assert!(
            mirror.same(&original),
            "skills/documentation/wit/skill.wit mirrors what `{interface}.{function}` of \
             skills/{name}/wit/skill.wit gives back, and the two differ: change both\n\
             original: {}\nmirror:   {}",
            nameless(&original),
            nameless(&mirror),
        );
    }
}

/// A type with all that is in it.
fn nameless(ty: &Type) -> String {
    match ty {
        Type::List(inner) => format!("list<{}>", nameless(inner)),
        Type::Option(inner) => format!("option<{}>", nameless(inner)),
        Type::Record(record) => {
            let field = |field: &Field| format!("{}: {}", field.name, nameless(&field.ty));
            format!("{{ {} }}", record.body.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// The skill as its WIT says.
fn skill(name: &str) -> Skill {
    let mut resolve = Resolve::default();
    for package in ["types", "run", "workspace", "tasks", "process", "memory"] {
        let path = root().join(format!("wit/{package}.wit"));
        resolve.push_source(package, &fs::read_to_string(path).unwrap()).unwrap();
    }
    let path = root().join(format!("skills/{name}/wit/skill.wit"));
    let id = resolve.push_source(name, &fs::read_to_string(path).unwrap()).unwrap();
    let package = &resolve.packages[id];
    let (package_name, version) = (
        format!("{}:{}", package.name.namespace, package.name.name),
        package.name.version.as_ref().unwrap().to_string(),
    );
    let world = &resolve.worlds[*package.worlds.values().next().unwrap()];
    let interfaces = |items: &mut dyn Iterator<Item = &WorldItem>| {
        items
            .filter_map(|item| match item {
                WorldItem::Interface { id, .. } => Some(*id),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    let mut operations = Vec::new();
    for id in interfaces(&mut world.exports.values()) {
        let interface = &resolve.interfaces[id];
        for function in interface.functions.values() {
            operations.push(Arc::new(Operation {
                name: OperationName {
                    package: package_name.clone(),
                    version: version.clone(),
                    interface: interface.name.clone().unwrap(),
                    function: function.name.clone(),
                },
                docs: String::new(),
                parameters: function
                    .params
                    .iter()
                    .map(|parameter| (parameter.name.clone(), ty(&resolve, &parameter.ty)))
                    .collect(),
                result: function.result.as_ref().map(|result| ty(&resolve, result)),
            }));
        }
    }
    let imports = interfaces(&mut world.imports.values());
    Skill {
        component: Digest::of(name.as_bytes()),
        package: package_name,
        version,
        docs: String::new(),
        operations,
        imports: imports.into_iter().filter_map(|id| resolve.id_of(id)).collect(),
        size: 0,
    }
}

fn ty(resolve: &Resolve, of: &wit_parser::Type) -> Type {
    use wit_parser::Type as Wit;
    let id = match of {
        Wit::Bool => return Type::Bool,
        Wit::S8 => return Type::Int(IntKind::S8),
        Wit::U8 => return Type::Int(IntKind::U8),
        Wit::S16 => return Type::Int(IntKind::S16),
        Wit::U16 => return Type::Int(IntKind::U16),
        Wit::S32 => return Type::Int(IntKind::S32),
        Wit::U32 => return Type::Int(IntKind::U32),
        Wit::S64 => return Type::Int(IntKind::S64),
        Wit::U64 => return Type::Int(IntKind::U64),
        Wit::F32 => return Type::F32,
        Wit::F64 => return Type::F64,
        Wit::Char => return Type::Char,
        Wit::String => return Type::String,
        Wit::ErrorContext => return Type::Handle("error-context".to_owned()),
        Wit::Id(id) => *id,
    };
    let definition = &resolve.types[id];
    let name = definition.name.clone();
    let boxed = |ty_of: &Option<Wit>| ty_of.as_ref().map(|of| Box::new(ty(resolve, of)));
    match &definition.kind {
        TypeDefKind::Type(of) => ty(resolve, of),
        TypeDefKind::List(of) => Type::list(ty(resolve, of)),
        TypeDefKind::Option(of) => Type::option(ty(resolve, of)),
        TypeDefKind::Result(of) => Type::Result(boxed(&of.ok), boxed(&of.err)),
        TypeDefKind::Tuple(of) => Type::Tuple(of.types.iter().map(|of| ty(resolve, of)).collect()),
        TypeDefKind::Record(of) => {
            let field = |field: &wit_parser::Field| Field {
                name: field.name.clone(),
                ty: ty(resolve, &field.ty),
                docs: String::new(),
            };
            Type::Record(Named::new(name, of.fields.iter().map(field).collect()))
        }
        TypeDefKind::Variant(of) => {
            let case = |case: &wit_parser::Case| Case {
                name: case.name.clone(),
                ty: case.ty.as_ref().map(|of| ty(resolve, of)),
                docs: String::new(),
            };
            Type::Variant(Named::new(name, of.cases.iter().map(case).collect()))
        }
        TypeDefKind::Enum(of) => {
            let body = of.cases.iter().map(|case| case.name.clone()).collect();
            Type::Enum(Named::new(name, body))
        }
        TypeDefKind::Flags(of) => {
            let body = of.flags.iter().map(|flag| flag.name.clone()).collect();
            Type::Flags(Named::new(name, body))
        }
        other => Type::Handle(other.as_str().to_owned()),
    }
}
