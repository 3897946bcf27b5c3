//! A report as SARIF 2.1.0 (OASIS, 2020), as code hosts and editors read it.

use crate::catalogue;
use crate::model::{Finding, Report, RuleInfo, Severity};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Skipped files that are told as notifications.
const NOTIFICATIONS_MAX: usize = 1_000;

/// Renders a report.
///
/// # Errors
/// None is known; the type leaves room for a report that the format can't hold.
pub fn render(report: &Report) -> Result<String, String> {
    let catalogue: BTreeMap<&str, RuleInfo> =
        catalogue::all().into_iter().map(|rule| (rule.id, rule)).collect();
    let mut indexes: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &report.findings {
        indexes.entry(&finding.rule).or_default();
    }
    for (index, slot) in indexes.values_mut().enumerate() {
        *slot = index;
    }
    let rules: Vec<Value> =
        indexes.keys().map(|id| rule(id, catalogue.get(id), &report.findings)).collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| result(finding, indexes[finding.rule.as_str()]))
        .collect();
    let skipped = report.skipped.iter().take(NOTIFICATIONS_MAX).map(|(path, reason)| {
        json!({
            "level": "note",
            "message": { "text": format!("{path}: {reason}") },
            "locations": [{ "physicalLocation": { "artifactLocation": location(path) } }],
        })
    });
    let notes =
        report.notes.iter().map(|note| json!({ "level": "warning", "message": { "text": note } }));
    let notifications: Vec<Value> = notes.chain(skipped).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "voyager-security",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {
                "filesScanned": report.files_scanned,
                "bytesScanned": report.bytes_scanned,
                "packages": report.packages,
                "advisories": report.advisories,
                "suppressed": report.suppressed,
                "dropped": report.dropped,
            },
        }],
    });
    serde_json::to_string_pretty(&document)
        .map(|text| text + "\n")
        .map_err(|error| error.to_string())
}

/// A rule that results refer to. One that the catalogue does not know is described by its first finding.
fn rule(id: &str, known: Option<&RuleInfo>, findings: &[Finding]) -> Value {
    let first = findings.iter().find(|finding| finding.rule == id);
    let severity = known
        .map(|rule| rule.severity)
        .or_else(|| first.map(|finding| Severity::of(&finding.severity)));
    let severity = severity.unwrap_or(Severity::Info);
    let help = known
        .map(|rule| rule.help.clone())
        .or_else(|| first.map(|finding| finding.help.clone()))
        .unwrap_or_default();
    let title = known.map_or_else(|| id.to_owned(), |rule| rule.title.to_owned());
    let cwe = known
        .and_then(|rule| rule.cwe.map(str::to_owned))
        .or_else(|| first.and_then(|finding| finding.cwe.clone()));
    let mut tags = vec!["security".to_owned()];
    tags.extend(cwe.iter().map(|cwe| format!("external/cwe/{}", cwe.to_ascii_lowercase())));
    json!({
        "id": id,
        "shortDescription": { "text": title },
        "help": { "text": help },
        "defaultConfiguration": { "level": level(severity) },
        "properties": {
            "tags": tags,
            "security-severity": score(severity),
        },
    })
}

fn result(finding: &Finding, index: usize) -> Value {
    let start = finding.column.max(1);
    let end = finding.end_column.max(start.saturating_add(1));
    json!({
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": level(Severity::of(&finding.severity)),
        "message": { "text": format!("{}. {}", finding.message, finding.help) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": location(&finding.path),
            "region": { "startLine": finding.line.max(1), "startColumn": start, "endColumn": end },
        } }],
        "partialFingerprints": { "voyager/v1": finding.fingerprint },
        "properties": { "severity": finding.severity, "confidence": finding.confidence, "kind": finding.kind },
    })
}

fn location(path: &str) -> Value {
    json!({ "uri": encode(path), "uriBaseId": "%SRCROOT%" })
}

/// A path as a relative URI: everything but unreserved characters and `/` is escaped (RFC 3986).
fn encode(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            other => uri += &format!("%{other:02X}"),
        }
    }
    uri
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The number that GitHub sorts by: in the middle of CVSS's band of the same name.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Info => "0.5",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            findings: vec![
                Finding {
                    rule: "py-eval".into(),
                    kind: "code".into(),
                    severity: "high".into(),
                    confidence: "medium".into(),
                    path: "src/a b/ü#1.py".into(),
                    line: 3,
                    column: 5,
                    end_column: 9,
                    message: "`eval` runs text as code".into(),
                    help: "Don't.".into(),
                    cwe: Some("CWE-95".into()),
                    fingerprint: "0123456789abcdef".into(),
                },
                Finding {
                    rule: "of-tomorrow".into(),
                    kind: "new".into(),
                    severity: "unheard".into(),
                    confidence: "high".into(),
                    path: "b".into(),
                    line: 0,
                    column: 0,
                    end_column: 0,
                    message: "m".into(),
                    help: "h".into(),
                    cwe: None,
                    fingerprint: "f".into(),
                },
            ],
            files_scanned: 2,
            skipped: vec![("c.bin".into(), "binary file".into())],
            notes: vec!["no advisory database".into()],
            ..Report::default()
        }
    }

    #[test]
    fn a_report_becomes_this_document() {
        expect_test::expect_file!["golden/report.sarif"].assert_eq(&render(&report()).unwrap());
    }

    #[test]
    fn results_refer_to_their_rules_and_places_are_valid() {
        let document: Value = serde_json::from_str(&render(&report()).unwrap()).unwrap();
        let run = &document["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
            let region = &result["locations"][0]["physicalLocation"]["region"];
            assert!(
                region["startLine"].as_u64() >= Some(1)
                    && region["startColumn"].as_u64() >= Some(1)
            );
            assert!(region["endColumn"].as_u64() > region["startColumn"].as_u64());
        }
        assert_eq!(
            run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "src/a%20b/%C3%BC%231.py"
        );
    }
}
