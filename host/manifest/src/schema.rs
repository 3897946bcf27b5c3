//! JSON Schema of the manifest language, for editors: made from the tables that the parser uses.
//!
//! It knows forms, not meaning: types, references and grants only the checker knows. What the schema
//! refuses, the checker refuses too; where an editor would read a bare scalar as a number and a text
//! is wanted, the schema takes both, as the checker does.

use serde_json::{Map, Value, json};
use voyager_base::ErrorKind;

use crate::language::{HOST_POLICY, MANIFEST, Object, SCENARIO, SCRIPT, STEP, Shape};

/// The schema of manifests (draft 2020-12).
pub fn schema() -> Value {
    let what = "A typed recipe of steps that sandboxed skills carry out.";
    whole(&MANIFEST, "Logic Manifest", what)
}

/// The schema of scenarios.
pub fn scenario_schema() -> Value {
    let what = "A test of a Logic Manifest: fixtures, answers, faults, expectations.";
    whole(&SCENARIO, "Scenario", what)
}

/// The schema of scripts.
pub fn script_schema() -> Value {
    let what = "Answers of the host to one call of a skill in its tests.";
    whole(&SCRIPT, "Script", what)
}

/// The schema of policies.
pub fn policy_schema() -> Value {
    let what = "What the operator of a host allows, asks and denies above every manifest.";
    whole(&HOST_POLICY, "Policy", what)
}

fn whole(of: &Object, title: &str, description: &str) -> Value {
    let mut definitions = Map::new();
    let mut schema = object(of, &mut definitions);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": description,
    });
    if let (Value::Object(schema), Value::Object(head)) = (&mut schema, head) {
        let body = std::mem::take(schema);
        schema.extend(head);
        schema.extend(body);
        schema.insert("$defs".to_owned(), Value::Object(definitions));
    }
    schema
}

fn object(object: &Object, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in object.keys {
        let mut property = shape(&key.shape, definitions);
        if let Value::Object(property) = &mut property {
            property.insert("description".to_owned(), key.docs.into());
        }
        properties.insert(key.name.to_owned(), property);
    }
    let required: Vec<&str> =
        object.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "patternProperties": { "^x-": {} },
        "additionalProperties": false,
        "required": required,
    })
}

fn shape(of: &Shape, definitions: &mut Map<String, Value>) -> Value {
    match of {
        Shape::Text { chars_max } => {
            json!({ "type": ["string", "number", "boolean"], "maxLength": chars_max })
        }
        Shape::Name | Shape::Policy => {
            json!({ "type": "string", "pattern": NAME, "maxLength": 64 })
        }
        Shape::Version => {
            json!({ "type": "string", "pattern": r"^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$" })
        }
        Shape::Day => json!({ "type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        Shape::StepName => json!({ "type": "string", "pattern": STEP_NAME }),
        Shape::StepNames(of) => json!({
            "type": "object",
            "propertyNames": { "pattern": STEP_NAME },
            "additionalProperties": shape(of, definitions),
        }),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Int { least, most } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Shape::Number { least, most } => {
            json!({ "type": "number", "minimum": least, "maximum": most })
        }
        Shape::Duration { .. } => {
            json!({ "type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$" })
        }
        Shape::Size { .. } => json!({ "type": "string", "pattern": r"^[0-9]+ *(B|[KMGT]iB)$" }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::ErrorKind => json!({ "enum": kinds() }),
        Shape::Expression => json!({ "type": ["string", "number", "boolean"] }),
        Shape::Type
        | Shape::Operation
        | Shape::Root
        | Shape::Secret
        | Shape::File
        | Shape::Path => {
            json!({ "type": "string" })
        }
        Shape::Glob => json!({ "type": ["string", "number"], "minLength": 1 }),
        Shape::Words => json!({
            "oneOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": ["string", "number", "boolean"] }, "minItems": 1 },
            ],
        }),
        Shape::List { of, least } => {
            json!({ "type": "array", "items": shape(of, definitions), "minItems": least })
        }
        Shape::Map { of, .. } => json!({
            "type": "object",
            "propertyNames": { "pattern": NAME },
            "additionalProperties": shape(of, definitions),
        }),
        Shape::Paths(of) => json!({
            "type": "object",
            "additionalProperties": shape(of, definitions),
        }),
        Shape::Variables(of) => json!({
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
            "additionalProperties": shape(of, definitions),
        }),
        Shape::Kinds(of) => json!({
            "type": "object",
            "propertyNames": { "enum": kinds().into_iter().chain(["any"]).collect::<Vec<_>>() },
            "additionalProperties": shape(of, definitions),
            "minProperties": 1,
        }),
        Shape::Object(inner) => {
            let name = inner.what.trim_start_matches("a ").trim_start_matches("an ");
            let name = name.replace(' ', "-");
            if !definitions.contains_key(&name) {
                // Known before it is made, should it ever hold itself.
                definitions.insert(name.clone(), Value::Null);
                let made = object(inner, definitions);
                definitions.insert(name.clone(), made);
            }
            json!({ "$ref": format!("#/$defs/{name}") })
        }
        Shape::Steps => {
            let step = shape(&Shape::Object(&STEP), definitions);
            json!({ "type": "array", "items": step, "minItems": 1 })
        }
        Shape::Argument | Shape::Literal | Shape::Result => json!({}),
    }
}

const NAME: &str = "^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$";
/// The id of a step, behind those of the steps that run its manifest.
const STEP_NAME: &str = "^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*(/[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*)*$";

fn kinds() -> Vec<&'static str> {
    ErrorKind::ALL.iter().map(|kind| kind.name()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every object of the schema with its path, following references.
    fn walk<'s>(at: &'s Value, root: &'s Value, path: &str, seen: &mut Vec<(String, &'s Value)>) {
        // Steps hold steps.
        if path.matches('/').count() > 4 {
            return;
        }
        if let Some(reference) = at.get("$ref").and_then(Value::as_str) {
            let target = root.pointer(reference.trim_start_matches('#')).unwrap();
            return walk(target, root, path, seen);
        }
        for (name, property) in
            at.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            let path = format!("{path}/{name}");
            seen.push((path.clone(), property));
            walk(property, root, &path, seen);
        }
        for inside in ["items", "additionalProperties"] {
            if let Some(inner) = at.get(inside) {
                walk(inner, root, path, seen);
            }
        }
    }

    #[test]
    fn the_schemas_of_scenarios_and_scripts_say_what_every_key_is_for() {
        let of_scenarios =
            ["/answers/fails", "/faults/kill", "/expect/files/equals", "/expect/that/that"];
        let of_scripts = ["/answers/operation", "/programs/exit-code", "/servers/headers", "/seed"];
        let all = [(scenario_schema(), of_scenarios), (script_schema(), of_scripts)];
        for (schema, known) in all {
            let mut seen = Vec::new();
            walk(&schema, &schema, "", &mut seen);
            let paths: Vec<&str> = seen.iter().map(|(path, _)| path.as_str()).collect();
            for path in known {
                assert!(paths.contains(&path), "{path} is not in {paths:#?}");
            }
            for (path, property) in &seen {
                let docs = property["description"].as_str().unwrap_or_default();
                assert!(docs.ends_with('.'), "{path} has no docs: {docs:?}");
            }
        }
    }

    #[test]
    fn the_schema_knows_every_key_and_says_what_it_is_for() {
        let schema = schema();
        let mut seen = Vec::new();
        walk(&schema, &schema, "", &mut seen);
        let paths: Vec<&str> = seen.iter().map(|(path, _)| path.as_str()).collect();
        for path in [
            "/steps/for-each/in",
            "/steps/steps/switch/id",
            "/steps/repeat/carry/next",
            "/grants/process/demand",
            "/limits/memory",
            "/inputs/choices",
        ] {
            assert!(paths.contains(&path), "{path} is not in {paths:#?}");
        }
        for (path, property) in &seen {
            let docs = property["description"].as_str().unwrap_or_default();
            assert!(docs.ends_with('.'), "{path} has no docs: {docs:?}");
        }
    }
}
