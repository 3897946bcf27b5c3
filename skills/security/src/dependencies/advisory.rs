//! Advisories, in the forms of RustSec and of OSV.

use super::lock::Ecosystem;
use super::version::{compare, covers};
use crate::model::Severity;
use serde::Deserialize;
use std::cmp::Ordering;
use std::str::FromStr;

/// What an advisory warns of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Somebody can do harm.
    Vulnerability,
    /// Safe code can break memory safety.
    Unsound,
    /// Nobody maintains it.
    Unmaintained,
}

/// One advisory about one package.
#[derive(Clone, Debug)]
pub(super) struct Advisory {
    /// Its id.
    pub(super) id: String,
    /// Where the package comes from.
    pub(super) ecosystem: Ecosystem,
    /// The package's normal name.
    pub(super) package: String,
    /// Ids of the same thing elsewhere.
    pub(super) aliases: Vec<String>,
    /// One line.
    pub(super) title: String,
    /// What it warns of.
    pub(super) sort: Sort,
    /// How bad it is.
    pub(super) severity: Severity,
    /// Versions with the fix, as requirements.
    pub(super) fixed: Vec<String>,
    affected: Affected,
}

#[derive(Clone, Debug)]
enum Affected {
    /// Every version but those that these requirements cover.
    AllBut(Vec<String>),
    /// Those listed, and those in a range.
    Listed { versions: Vec<String>, ranges: Vec<Vec<Event>> },
}

#[derive(Clone, Debug)]
enum Event {
    Introduced(String),
    Fixed(String),
    LastAffected(String),
}

impl Event {
    fn version(&self) -> &str {
        match self {
            Self::Introduced(version) | Self::Fixed(version) | Self::LastAffected(version) => {
                version
            }
        }
    }
}

impl Advisory {
    /// Whether it is about this version. A version that can't be read is not affected.
    pub(super) fn affects(&self, version: &str) -> bool {
        match &self.affected {
            Affected::AllBut(safe) => {
                compare(self.ecosystem, version, "0").is_some()
                    && !safe.iter().any(|requirement| covers(requirement, version) == Some(true))
            }
            Affected::Listed { versions, ranges } => {
                versions.iter().any(|listed| {
                    listed == version
                        || compare(self.ecosystem, listed, version) == Some(Ordering::Equal)
                }) || ranges.iter().any(|events| self.in_range(events, version))
            }
        }
    }

    /// OSV's rule: walk the events in the order of their versions and see whether the version is on
    /// the affected side of the last one before it.
    fn in_range(&self, events: &[Event], version: &str) -> bool {
        let mut affected = false;
        for event in events {
            let order = match event {
                Event::Introduced(from) if from == "0" => Ordering::Greater,
                other => match compare(self.ecosystem, version, other.version()) {
                    Some(order) => order,
                    None => return false,
                },
            };
            match (event, order) {
                (Event::Introduced(_), Ordering::Greater | Ordering::Equal) => affected = true,
                (Event::Fixed(_), Ordering::Greater | Ordering::Equal)
                | (Event::LastAffected(_), Ordering::Greater) => affected = false,
                _ => {}
            }
        }
        affected
    }
}

/// Reads an advisory file; withdrawn ones and those about other ecosystems give nothing.
///
/// # Errors
/// Why it is not understood.
pub(super) fn parse(path: &str, text: &str) -> Result<Vec<Advisory>, String> {
    if path.ends_with(".md") {
        rustsec(text).map(|one| one.into_iter().collect())
    } else {
        osv(text)
    }
}

#[derive(Deserialize)]
struct RustSec {
    advisory: RustSecAdvisory,
    versions: RustSecVersions,
}

#[derive(Deserialize)]
struct RustSecAdvisory {
    id: String,
    package: String,
    #[serde(default)]
    aliases: Vec<String>,
    cvss: Option<String>,
    informational: Option<String>,
    withdrawn: Option<toml::Value>,
}

#[derive(Deserialize)]
struct RustSecVersions {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

fn rustsec(text: &str) -> Result<Option<Advisory>, String> {
    let body = text.trim_start().strip_prefix("```toml").ok_or("no front matter")?;
    let (front, prose) = body.split_once("\n```").ok_or("its front matter does not end")?;
    let parsed: RustSec =
        toml::from_str(front).map_err(|error| format!("not understood: {}", error.message()))?;
    if parsed.advisory.withdrawn.is_some() {
        return Ok(None);
    }
    let (sort, severity) = match parsed.advisory.informational.as_deref().map(str::trim) {
        Some("unmaintained") => (Sort::Unmaintained, Severity::Info),
        Some("unsound") => (Sort::Unsound, Severity::Medium),
        Some(_) => (Sort::Unmaintained, Severity::Info),
        None => (
            Sort::Vulnerability,
            parsed.advisory.cvss.as_deref().and_then(severity_of).unwrap_or(Severity::High),
        ),
    };
    let fixed = parsed.versions.patched.clone();
    let mut safe = parsed.versions.patched;
    safe.extend(parsed.versions.unaffected);
    Ok(Some(Advisory {
        id: parsed.advisory.id,
        ecosystem: Ecosystem::Cargo,
        package: parsed.advisory.package,
        aliases: parsed.advisory.aliases,
        title: title(prose.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or("no title")),
        sort,
        severity,
        fixed,
        affected: Affected::AllBut(safe),
    }))
}

#[derive(Deserialize)]
struct Osv {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    summary: Option<String>,
    details: Option<String>,
    withdrawn: Option<String>,
    #[serde(default)]
    severity: Vec<OsvSeverity>,
    #[serde(default)]
    affected: Vec<OsvAffected>,
    #[serde(default)]
    database_specific: serde_json::Value,
}

#[derive(Deserialize)]
struct OsvSeverity {
    score: String,
}

#[derive(Deserialize)]
struct OsvAffected {
    package: Option<OsvPackage>,
    #[serde(default)]
    ranges: Vec<OsvRange>,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    severity: Vec<OsvSeverity>,
    #[serde(default)]
    database_specific: serde_json::Value,
}

#[derive(Deserialize)]
struct OsvPackage {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct OsvRange {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<OsvEvent>,
}

#[derive(Deserialize)]
struct OsvEvent {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

impl OsvEvent {
    fn read(self) -> Option<Event> {
        self.introduced
            .map(Event::Introduced)
            .or_else(|| self.fixed.map(Event::Fixed))
            .or_else(|| self.last_affected.map(Event::LastAffected))
    }
}

fn osv(text: &str) -> Result<Vec<Advisory>, String> {
    let parsed: Osv =
        serde_json::from_str(text).map_err(|error| format!("not understood: {error}"))?;
    if parsed.withdrawn.is_some() {
        return Ok(Vec::new());
    }
    let line = parsed
        .summary
        .as_deref()
        .or_else(|| parsed.details.as_deref().and_then(|text| text.lines().next()));
    let title = title(line.unwrap_or("no title"));
    let overall =
        severity_list(&parsed.severity).or_else(|| named_severity(&parsed.database_specific));
    let mut advisories = Vec::new();
    for affected in parsed.affected {
        let Some((package, ecosystem)) = affected
            .package
            .and_then(|package| Ecosystem::of(&package.ecosystem).map(|kind| (package, kind)))
        else {
            continue;
        };
        let ranges: Vec<Vec<Event>> = affected
            .ranges
            .into_iter()
            .filter(|range| range.kind != "GIT")
            .map(|range| {
                ordered(ecosystem, range.events.into_iter().filter_map(OsvEvent::read).collect())
            })
            .collect();
        let fixed = ranges.iter().flatten().filter_map(|event| match event {
            Event::Fixed(version) => Some(format!(">= {version}")),
            Event::Introduced(_) | Event::LastAffected(_) => None,
        });
        let sort = match affected
            .database_specific
            .get("informational")
            .and_then(serde_json::Value::as_str)
        {
            Some("unmaintained" | "notice") => Sort::Unmaintained,
            Some("unsound") => Sort::Unsound,
            _ => Sort::Vulnerability,
        };
        let default = match sort {
            Sort::Vulnerability => Severity::High,
            Sort::Unsound => Severity::Medium,
            Sort::Unmaintained => Severity::Info,
        };
        advisories.push(Advisory {
            id: parsed.id.clone(),
            ecosystem,
            package: ecosystem.normal(&package.name),
            aliases: parsed.aliases.clone(),
            title: title.clone(),
            sort,
            severity: severity_list(&affected.severity).or(overall).unwrap_or(default),
            fixed: fixed.collect(),
            affected: Affected::Listed { versions: affected.versions, ranges },
        });
    }
    Ok(advisories)
}

/// Events in the order of their versions; `0` is before everything.
fn ordered(ecosystem: Ecosystem, mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by(|a, b| match (a.version(), b.version()) {
        ("0", "0") => Ordering::Equal,
        ("0", _) => Ordering::Less,
        (_, "0") => Ordering::Greater,
        (a, b) => compare(ecosystem, a, b).unwrap_or(Ordering::Equal),
    });
    events
}

/// One line of text from outside, without control characters and of bounded length.
fn title(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    clean.trim().trim_matches('`').to_owned()
}

fn severity_list(list: &[OsvSeverity]) -> Option<Severity> {
    list.iter().filter_map(|one| severity_of(&one.score)).min()
}

fn named_severity(data: &serde_json::Value) -> Option<Severity> {
    match data.get("severity")?.as_str()?.to_ascii_uppercase().as_str() {
        "CRITICAL" => Some(Severity::Critical),
        "HIGH" => Some(Severity::High),
        "MODERATE" | "MEDIUM" => Some(Severity::Medium),
        "LOW" => Some(Severity::Low),
        _ => None,
    }
}

/// The severity of a CVSS vector.
fn severity_of(vector: &str) -> Option<Severity> {
    match cvss::Cvss::from_str(vector).ok()?.severity() {
        cvss::Severity::Critical => Some(Severity::Critical),
        cvss::Severity::High => Some(Severity::High),
        cvss::Severity::Medium => Some(Severity::Medium),
        cvss::Severity::Low => Some(Severity::Low),
        cvss::Severity::None => Some(Severity::Info),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUSTSEC: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2021-0003\"\npackage = \"smallvec\"\naliases = [\"CVE-2021-25900\"]\ncvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"\ndate = \"2021-01-08\"\n\n[versions]\npatched = [\">= 0.6.14, < 1.0.0\", \">= 1.6.1\"]\nunaffected = [\"< 0.6.3\"]\n```\n\n# Buffer overflow\n\nText.\n";

    #[test]
    fn an_advisory_of_rustsec_knows_which_versions_it_is_about() {
        let advisory = parse("a.md", RUSTSEC).unwrap().remove(0);
        assert_eq!(
            (advisory.title.as_str(), advisory.severity),
            ("Buffer overflow", Severity::Critical)
        );
        let affected: Vec<_> =
            ["0.6.2", "0.6.3", "0.6.14", "1.0.0", "1.6.0", "1.6.1", "2.0.0-alpha.1"]
                .map(|version| advisory.affects(version))
                .into();
        assert_eq!(affected, [false, true, false, true, true, false, false]);
        assert!(!advisory.affects("no version"));
    }

    #[test]
    fn a_withdrawn_advisory_is_none() {
        let text = RUSTSEC.replace("date =", "withdrawn = \"2022-01-01\"\ndate =");
        assert!(parse("a.md", &text).unwrap().is_empty());
    }

    #[test]
    fn an_advisory_of_osv_knows_ranges_lists_and_severity() {
        let text = r#"{"id":"GHSA-1","summary":"Bad\u0007 thing","aliases":["CVE-1"],"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"}],
            "affected":[{"package":{"ecosystem":"npm","name":"lodash"},"ranges":[{"type":"SEMVER","events":[{"fixed":"4.17.21"},{"introduced":"0"},{"introduced":"5.0.0-a"},{"last_affected":"5.1.0"}]}]},
            {"package":{"ecosystem":"PyPI","name":"Some_Thing"},"versions":["1.0"],"ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]},
            {"package":{"ecosystem":"Packagist","name":"x"}}]}"#;
        let list = parse("a.json", text).unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!((list[0].title.as_str(), list[0].severity), ("Bad thing", Severity::Medium));
        let affected: Vec<_> = ["4.17.20", "4.17.21", "5.0.0", "5.1.0", "5.1.1"]
            .map(|version| list[0].affects(version))
            .into();
        assert_eq!(affected, [true, false, true, true, false]);
        assert_eq!(list[0].fixed, [">= 4.17.21"]);
        assert!(
            list[1].package == "some-thing" && list[1].affects("1.0.0") && !list[1].affects("1.1")
        );
    }

    #[test]
    fn broken_advisories_say_why() {
        assert_eq!(parse("a.md", "text").unwrap_err(), "no front matter");
        assert!(parse("a.json", "{}").unwrap_err().starts_with("not understood"));
    }
}
