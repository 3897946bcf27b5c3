//! Files with settings of the operator: the same strict YAML as manifests, as data.

use serde_json::{Map, Value as Json};

use crate::{
    diagnostic::{Findings, render},
    yaml::{self, Kind, Node},
};

/// Reads the text of a file. Single values are texts, and nothing is null; an empty file is a mapping without keys. What is
/// wrong is told with its place.
///
/// # Errors
/// It is no YAML, or YAML in a form that manifests don't have either.
pub fn read(text: &str, file: &str) -> Result<Json, String> {
    let mut findings = Findings::default();
    let root = yaml::content(text, &mut findings).filter(|_| !findings.has_errors());
    let whole = root.map(|it| it.as_ref().map_or_else(|| Json::Object(Map::new()), data));
    whole.ok_or_else(|| {
        let (diagnostics, _) = findings.finish(text);
        render(&diagnostics, file, text.as_bytes(), false).trim_end().to_owned()
    })
}

fn data(node: &Node) -> Json {
    match &node.kind {
        Kind::Scalar { .. } if node.is_null() => Json::Null,
        Kind::Scalar { text, .. } => Json::String(text.clone()),
        Kind::List(items) => items.iter().map(data).collect(),
        Kind::Map(entries) => {
            let entries = entries.iter().map(|it| (it.key.clone(), data(&it.value)));
            Json::Object(entries.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn settings_are_texts_lists_and_mappings() {
        let text = "a: [x, \"y\"]\nb: { c: 1 }\nd:\n";
        let wanted = json!({ "a": ["x", "y"], "b": { "c": "1" }, "d": null });
        assert_eq!(read(text, "a.yaml").unwrap(), wanted);
        for empty in ["", "# nothing yet\n"] {
            assert_eq!(read(empty, "a.yaml").unwrap(), json!({}));
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let error = read("a: 1\na: 2\n", "trust.yaml").unwrap_err();
        assert!(error.contains("trust.yaml:2"), "{error}");
    }
}
