//! Findings as SARIF 2.1.0 (OASIS, 2020), as code hosts and editors read them.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::{
    code::{Code, Severity},
    diagnostic::{Diagnostic, Place, end_of},
};

/// What was found in one file.
pub struct Findings<'a> {
    /// Its name, relative to the folder that whoever reads the log stands in.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The findings in it.
    pub diagnostics: &'a [Diagnostic],
}

/// One log with the findings of all files. Each code that was found is a rule, with its page as help.
pub fn render(files: &[Findings<'_>]) -> Json {
    let found = files.iter().flat_map(|file| file.diagnostics);
    let rules: BTreeSet<Code> = found.map(|diagnostic| diagnostic.code).collect();
    let results = files.iter().flat_map(|file| {
        file.diagnostics.iter().map(|diagnostic| result(file, diagnostic, &rules))
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "agent-host validate",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn rule(code: Code) -> Json {
    json!({
        "id": code.text(),
        "shortDescription": { "text": code.title() },
        "help": { "text": code.page() },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn result(file: &Findings<'_>, diagnostic: &Diagnostic, rules: &BTreeSet<Code>) -> Json {
    let help = diagnostic.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    let related = diagnostic.related.iter().map(|related| {
        let mut location = location(file, &related.place);
        location["message"] = json!({ "text": related.message });
        location
    });
    json!({
        "ruleId": diagnostic.code.text(),
        "ruleIndex": rules.range(..diagnostic.code).count(),
        "level": level(diagnostic.severity),
        "message": { "text": format!("{}{help}", diagnostic.message) },
        "locations": [location(file, &diagnostic.place)],
        "relatedLocations": related.collect::<Vec<_>>(),
    })
}

fn location(file: &Findings<'_>, place: &Place) -> Json {
    let (end_line, end_column) = end_of(place, file.text);
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(file.file) },
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": end_line,
                "endColumn": end_column,
            },
        },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// A path as a URI reference (RFC 3986): what is no plain character of a path is escaped.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use voyager_base::Limits;

    use super::*;
    use crate::{Catalog, check};

    #[test]
    fn findings_name_their_rule_and_their_place() {
        let text = "voyager: manifest/v1\nname: a b\nversion: 1.0.0\nsteps: []\nodd: 1\n";
        let checked = check(text.as_bytes(), "a b.yaml", &Catalog::new(vec![]), &Limits::default());
        let diagnostics = &checked.diagnostics;
        assert!(diagnostics.len() > 1, "{diagnostics:?}");
        let log = render(&[Findings { file: "a b.yaml", text, diagnostics }]);
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), diagnostics.len());
        for (result, diagnostic) in results.iter().zip(diagnostics) {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], diagnostic.code.text());
            assert_eq!(result["ruleId"], diagnostic.code.text());
            let location = &result["locations"][0]["physicalLocation"];
            assert_eq!(location["artifactLocation"]["uri"], "a%20b.yaml");
            assert_eq!(location["region"]["startLine"], diagnostic.place.line);
        }
        let unknown =
            results.iter().find(|it| it["message"]["text"].as_str().unwrap().contains("odd"));
        let region = &unknown.unwrap()["locations"][0]["physicalLocation"]["region"];
        assert_eq!((&region["endLine"], &region["endColumn"]), (&json!(5), &json!(4)));
    }

    #[test]
    fn an_end_in_another_line_is_counted_from_there() {
        let place = Place { line: 1, column: 3, span: 2..9 };
        assert_eq!(end_of(&place, "ab\u{fc}cd\nefgh"), (2, 3));
    }
}
