//! The report of an audit: what matters first, everything with its place, nothing without its
//! definition.

use crate::contract::exports::voyager::documentation::report::{
    Finding, Overview, SecurityReport, Skipped, TestResult,
};
use crate::markdown::{block, cell, code, counted, number, table, text};

/// The most findings of one severity and the most unread files that are listed.
const LISTED_MAX: usize = 200;
/// How much of a program's output is shown.
const OUTPUT_LINES_MAX: usize = 200;
const OUTPUT_BYTES_MAX: usize = 16 << 10;
/// Severities, the worst first. The set is open: others come behind.
const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];

/// Writes the report.
pub fn report(
    title: &str,
    metrics: Option<&Overview>,
    tests: Option<&TestResult>,
    security: Option<&SecurityReport>,
) -> String {
    let title = if title.trim().is_empty() { "Audit".to_owned() } else { text(title) };
    let mut report = format!("# {title}\n\n");
    report += &summary(metrics, tests, security);
    if let Some(metrics) = metrics {
        report += &code_section(metrics);
    }
    if let Some(tests) = tests {
        report += &tests_section(tests);
    }
    if let Some(security) = security {
        report += &findings_section(security);
    }
    report += &unread_section(metrics, security);
    if let Some(metrics) = metrics {
        report += &definitions_section(metrics);
    }
    report
}

fn summary(
    metrics: Option<&Overview>,
    tests: Option<&TestResult>,
    security: Option<&SecurityReport>,
) -> String {
    let mut lines = Vec::new();
    lines.push(match metrics {
        Some(metrics) => format!("**Code:** {}", size(metrics)),
        None => "**Code:** not measured.".to_owned(),
    });
    if let Some(spot) = metrics.and_then(|metrics| metrics.hot_spots.first()) {
        lines.push(format!(
            "**Worst hot spot:** {} in {}: cognitive complexity {} in {}.",
            code(&spot.name),
            place(&spot.path, spot.line),
            spot.cognitive,
            counted(u64::from(spot.lines), "line"),
        ));
    }
    lines.push(match tests {
        Some(tests) => format!(
            "**Tests:** {} ({}).",
            if tests.passed { "passed" } else { "**failed**" },
            code(&tests.command)
        ),
        None => "**Tests:** not run.".to_owned(),
    });
    lines.push(match security {
        Some(security) => format!("**Security:** {}", findings_line(security)),
        None => "**Security:** not looked at.".to_owned(),
    });
    let unread = unread(metrics, security).1;
    if unread > 0 {
        lines.push(format!(
            "**Not read:** {}, listed below with the reason.",
            counted(unread, "file")
        ));
    }
    let list: String = lines.iter().map(|line| format!("- {line}\n")).collect();
    format!("## Summary\n\n{list}\n")
}

fn size(metrics: &Overview) -> String {
    let sum = |of: fn(
        &crate::contract::exports::voyager::documentation::report::LanguageTotals,
    ) -> u64| { metrics.languages.iter().map(of).sum::<u64>() };
    let (files, lines, functions) =
        (sum(|of| u64::from(of.files)), sum(|of| of.lines), sum(|of| u64::from(of.functions)));
    let weighted: f64 =
        metrics.languages.iter().map(|of| of.maintainability * f64::from(of.files)).sum();
    if files == 0 {
        return "no file of a known language.".to_owned();
    }
    #[expect(clippy::cast_precision_loss, reason = "files are far fewer than 2^52")]
    let mean = weighted / files as f64;
    format!(
        "{} with {} and {}; mean maintainability {mean:.0} of 100.",
        counted(files, "file"),
        counted(lines, "line"),
        counted(functions, "function"),
    )
}

fn findings_line(security: &SecurityReport) -> String {
    let groups = by_severity(security);
    let scanned = format!("{} scanned", counted(security.files_scanned, "file"));
    if groups.is_empty() {
        return format!("nothing found; {scanned}.");
    }
    let counts: Vec<_> = groups
        .iter()
        .map(|(severity, found)| format!("{} {}", number(found.len() as u64), text(severity)))
        .collect();
    format!("{}; {scanned}.", counts.join(", "))
}

fn code_section(metrics: &Overview) -> String {
    let mut section = String::from("## Code\n\n");
    section += &table(
        &[
            "Language",
            ">Files",
            ">Lines",
            ">Source",
            ">Comment",
            ">Functions",
            ">Cyclomatic, mean",
            ">most",
            ">Cognitive, mean",
            ">most",
            ">Maintainability",
        ],
        metrics.languages.iter().map(|of| {
            let mean = |total: u64| {
                #[expect(clippy::cast_precision_loss, reason = "complexities are far below 2^52")]
                let mean = total as f64 / f64::from(of.functions.max(1));
                format!("{mean:.1}")
            };
            vec![
                text(&of.language),
                number(u64::from(of.files)),
                number(of.lines),
                number(of.source),
                number(of.comment),
                number(u64::from(of.functions)),
                mean(of.cyclomatic),
                number(u64::from(of.cyclomatic_max)),
                mean(of.cognitive),
                number(u64::from(of.cognitive_max)),
                format!("{:.0}", of.maintainability),
            ]
        }),
    );
    if !metrics.hot_spots.is_empty() {
        section += "\n### Hot spots\n\nComplex and long: the functions that most deserve to be simplified.\n\n";
        section += &table(
            &["Function", "Place", ">Cyclomatic", ">with expressions", ">Cognitive", ">Lines"],
            metrics.hot_spots.iter().map(|spot| {
                vec![
                    cell(&spot.name),
                    cell(&format!("{}:{}", spot.path, spot.line)),
                    number(u64::from(spot.cyclomatic)),
                    number(u64::from(spot.cyclomatic_extended)),
                    number(u64::from(spot.cognitive)),
                    number(u64::from(spot.lines)),
                ]
            }),
        );
    }
    if !metrics.hard_files.is_empty() {
        section += "\n### Files that are hard to maintain\n\n";
        section += &table(
            &["File", ">Lines", ">Maintainability, of 100"],
            metrics.hard_files.iter().map(|file| {
                vec![
                    cell(&file.path),
                    number(u64::from(file.lines)),
                    format!("{:.1}", file.maintainability),
                ]
            }),
        );
    }
    section + "\n"
}

fn tests_section(tests: &TestResult) -> String {
    let how = match tests.exit_code {
        Some(exit_code) => format!("exit code {exit_code}"),
        None => "ended by a signal".to_owned(),
    };
    let verdict = if tests.passed { "Passed" } else { "**Failed**" };
    let mut section = format!("## Tests\n\n{verdict}: {} ({how}).\n\n", code(&tests.command));
    let tail = tail(&tests.output_tail);
    if !tail.trim().is_empty() {
        section += &block(tail);
        section.push('\n');
    }
    section
}

/// The last lines of an output.
fn tail(output: &str) -> &str {
    let from = output.len().saturating_sub(OUTPUT_BYTES_MAX);
    let from =
        (from..=output.len()).find(|at| output.is_char_boundary(*at)).unwrap_or(output.len());
    let output = &output[from..];
    let lines = output.trim_end_matches('\n').rmatch_indices('\n').nth(OUTPUT_LINES_MAX - 1);
    lines.map_or(output, |(at, _)| &output[at + 1..])
}

/// Findings grouped by severity, the worst first.
fn by_severity(security: &SecurityReport) -> Vec<(&str, Vec<&Finding>)> {
    let mut groups: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in &security.findings {
        match groups.iter_mut().find(|(severity, _)| *severity == finding.severity) {
            Some((_, group)) => group.push(finding),
            None => groups.push((&finding.severity, vec![finding])),
        }
    }
    let rank = |severity: &str| {
        SEVERITIES.iter().position(|known| *known == severity).unwrap_or(SEVERITIES.len())
    };
    groups.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    groups
}

fn findings_section(security: &SecurityReport) -> String {
    let mut section = String::from("## Security\n\n");
    section += &format!("- {}\n", capitalised(&findings_line(security)));
    let advisories = match security.advisories {
        Some(advisories) => format!(
            "{} read for them",
            counted(advisories, "advisory").replace("advisorys", "advisories")
        ),
        None => "no advisory database was granted, so they were not checked".to_owned(),
    };
    section += &format!(
        "- Dependencies: {} with an exact version; {advisories}.\n",
        counted(security.packages, "package")
    );
    if security.suppressed > 0 {
        section += &format!(
            "- Taken out by comments in the code: {}.\n",
            counted(security.suppressed, "finding")
        );
    }
    if security.dropped > 0 {
        section +=
            &format!("- Not listed, the least severe: {}.\n", counted(security.dropped, "finding"));
    }
    section.push('\n');
    for note in &security.notes {
        section += &format!("> {}\n\n", text(note));
    }
    for (severity, findings) in by_severity(security) {
        section += &format!(
            "### {} ({})\n\n",
            capitalised(&text(severity)),
            number(findings.len() as u64)
        );
        findings.iter().take(LISTED_MAX).for_each(|finding| section += &finding_item(finding));
        if findings.len() > LISTED_MAX {
            let more = counted((findings.len() - LISTED_MAX) as u64, "more finding");
            section += &format!("- … and {more} of this severity.\n");
        }
        section.push('\n');
    }
    section
}

fn finding_item(finding: &Finding) -> String {
    let weakness = finding.cwe.as_ref().map_or_else(String::new, |cwe| format!(", {}", text(cwe)));
    let help = if finding.help.trim().is_empty() {
        String::new()
    } else {
        format!("  \n  *{}*", text(&finding.help))
    };
    format!(
        "- {}: {} ({}{weakness}, confidence {}){help}\n",
        place(&finding.path, finding.line),
        text(&finding.message),
        code(&finding.rule),
        text(&finding.confidence),
    )
}

/// The files that were not read, with the reason, and their number.
fn unread(
    metrics: Option<&Overview>,
    security: Option<&SecurityReport>,
) -> (Vec<(String, String)>, u64) {
    let mut files: Vec<(String, String)> = Vec::new();
    let measured = metrics.map_or(&[] as &[Skipped], |metrics| &metrics.skipped);
    let reason = |skipped: &Skipped| match skipped.problem.line {
        Some(line) => format!("{} (line {line})", skipped.problem.message),
        None => skipped.problem.message.clone(),
    };
    files.extend(measured.iter().map(|skipped| (skipped.path.clone(), reason(skipped))));
    files.extend(security.iter().flat_map(|security| security.skipped.iter().cloned()));
    files.sort();
    // A file that two skills could not read is one file.
    files.dedup_by(|later, earlier| later.0 == earlier.0);
    let beyond = metrics.map_or(0, |metrics| {
        u64::from(metrics.skipped_total).saturating_sub(metrics.skipped.len() as u64)
    });
    let total = files.len() as u64 + beyond;
    (files, total)
}

fn unread_section(metrics: Option<&Overview>, security: Option<&SecurityReport>) -> String {
    let (files, total) = unread(metrics, security);
    if total == 0 {
        return String::new();
    }
    let listed = files.len().min(LISTED_MAX);
    let rows = files.iter().take(listed).map(|(path, reason)| vec![cell(path), text(reason)]);
    let mut section = format!("## Files not read\n\n{}", table(&["File", "Reason"], rows));
    if total > listed as u64 {
        section += &format!("\n… and {}.\n", counted(total - listed as u64, "more file"));
    }
    section + "\n"
}

fn definitions_section(metrics: &Overview) -> String {
    if metrics.dialects.is_empty() {
        return String::new();
    }
    let rows = metrics
        .dialects
        .iter()
        .map(|dialect| vec![text(&dialect.language), text(&dialect.measure), cell(&dialect.name)]);
    format!(
        "## Definitions\n\nTools disagree about what they count; these figures follow the definitions named here.\n\n{}",
        table(&["Language", "Measure", "Definition"], rows)
    )
}

fn place(path: &str, line: u32) -> String {
    code(&format!("{path}:{line}"))
}

fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + characters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::contract::exports::voyager::documentation::report::{
        Dialect, HardFile, HotSpot, LanguageTotals, Problem,
    };

    fn metrics() -> Overview {
        Overview {
            languages: vec![LanguageTotals {
                language: "python".to_owned(),
                files: 12,
                bytes: 99_000,
                lines: 3_400,
                source: 2_000,
                comment: 700,
                functions: 210,
                cyclomatic: 630,
                cyclomatic_max: 31,
                cognitive: 420,
                cognitive_max: 77,
                maintainability: 54.3,
            }],
            hot_spots: vec![HotSpot {
                path: "src/a|b.py".to_owned(),
                name: "Server.run".to_owned(),
                line: 12,
                lines: 100,
                cyclomatic: 31,
                cyclomatic_extended: 44,
                cognitive: 77,
                score: 12_100,
            }],
            hard_files: vec![HardFile {
                path: "src/a|b.py".to_owned(),
                lines: 900,
                maintainability: 11.25,
            }],
            skipped: vec![Skipped {
                path: "bad.py".to_owned(),
                problem: Problem {
                    kind: "unparsable".to_owned(),
                    message: "Expected `)`".to_owned(),
                    line: Some(2),
                },
            }],
            skipped_total: 1,
            dialects: vec![Dialect {
                language: "python".to_owned(),
                measure: "cyclomatic".to_owned(),
                name: "ruff-c901".to_owned(),
            }],
        }
    }

    fn finding(severity: &str, rule: &str) -> Finding {
        Finding {
            rule: rule.to_owned(),
            kind: "code".to_owned(),
            severity: severity.to_owned(),
            confidence: "medium".to_owned(),
            path: "src/run.py".to_owned(),
            line: 7,
            column: 5,
            end_column: 9,
            message: "A shell gets *text* from outside.".to_owned(),
            help: "Use a list of arguments.".to_owned(),
            cwe: Some("CWE-78".to_owned()),
            fingerprint: "0123456789abcdef".to_owned(),
        }
    }

    fn security() -> SecurityReport {
        SecurityReport {
            findings: vec![
                finding("low", "py-assert"),
                finding("critical", "py-shell"),
                finding("odd", "x"),
            ],
            counts: Vec::new(),
            files_scanned: 1_234,
            bytes_scanned: 1,
            packages: 3,
            advisories: None,
            suppressed: 1,
            dropped: 0,
            skipped: vec![
                ("bad.py".to_owned(), "binary".to_owned()),
                ("z.bin".to_owned(), "binary".to_owned()),
            ],
            notes: vec!["No advisory database is granted.".to_owned()],
        }
    }

    #[test]
    fn the_summary_comes_first_and_everything_follows() {
        let tests = TestResult {
            command: "cargo test".to_owned(),
            passed: false,
            exit_code: Some(101),
            output_tail: "\u{1b}[31mFAILED\u{1b}[0m\n```\n".to_owned(),
        };
        let report = report("Audit of <b>x</b>", Some(&metrics()), Some(&tests), Some(&security()));
        expect![[r#"
            # Audit of \<b\>x\</b\>

            ## Summary

            - **Code:** 12 files with 3,400 lines and 210 functions; mean maintainability 54 of 100.
            - **Worst hot spot:** `Server.run` in `src/a|b.py:12`: cognitive complexity 77 in 100 lines.
            - **Tests:** **failed** (`cargo test`).
            - **Security:** 1 critical, 1 low, 1 odd; 1,234 files scanned.
            - **Not read:** 2 files, listed below with the reason.

            ## Code

            | Language | Files | Lines | Source | Comment | Functions | Cyclomatic, mean | most | Cognitive, mean | most | Maintainability |
            | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
            | python | 12 | 3,400 | 2,000 | 700 | 210 | 3.0 | 31 | 2.0 | 77 | 54 |

            ### Hot spots

            Complex and long: the functions that most deserve to be simplified.

            | Function | Place | Cyclomatic | with expressions | Cognitive | Lines |
            | --- | --- | ---: | ---: | ---: | ---: |
            | `Server.run` | <code>src&#47;a&#124;b&#46;py&#58;12</code> | 31 | 44 | 77 | 100 |

            ### Files that are hard to maintain

            | File | Lines | Maintainability, of 100 |
            | --- | ---: | ---: |
            | <code>src&#47;a&#124;b&#46;py</code> | 900 | 11.2 |

            ## Tests

            **Failed**: `cargo test` (exit code 101).

            ````text
            FAILED
            ```
            ````

            ## Security

            - 1 critical, 1 low, 1 odd; 1,234 files scanned.
            - Dependencies: 3 packages with an exact version; no advisory database was granted, so they were not checked.
            - Taken out by comments in the code: 1 finding.

            > No advisory database is granted.

            ### Critical (1)

            - `src/run.py:7`: A shell gets \*text\* from outside. (`py-shell`, CWE-78, confidence medium)  
              *Use a list of arguments.*

            ### Low (1)

            - `src/run.py:7`: A shell gets \*text\* from outside. (`py-assert`, CWE-78, confidence medium)  
              *Use a list of arguments.*

            ### Odd (1)

            - `src/run.py:7`: A shell gets \*text\* from outside. (`x`, CWE-78, confidence medium)  
              *Use a list of arguments.*

            ## Files not read

            | File | Reason |
            | --- | --- |
            | `bad.py` | Expected \`)\` (line 2) |
            | `z.bin` | binary |

            ## Definitions

            Tools disagree about what they count; these figures follow the definitions named here.

            | Language | Measure | Definition |
            | --- | --- | --- |
            | python | cyclomatic | `ruff-c901` |
        "#]].assert_eq(&report);
    }

    #[test]
    fn what_was_not_looked_at_is_said() {
        expect![[r#"
            # Audit

            ## Summary

            - **Code:** not measured.
            - **Tests:** not run.
            - **Security:** not looked at.

        "#]]
        .assert_eq(&report("", None, None, None));
    }

    #[test]
    fn only_the_end_of_an_output_is_shown() {
        let long: String = (0..1_000).map(|line| format!("line {line}\n")).collect();
        let shown = tail(&long);
        assert_eq!((shown.lines().count(), shown.lines().last()), (200, Some("line 999")));
        assert_eq!(tail("a\nb"), "a\nb");
        assert!(tail(&"é".repeat(20_000)).len() <= OUTPUT_BYTES_MAX);
    }

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let mut security = security();
        security.findings = (0..500).map(|_| finding("high", "r")).collect();
        let report = report("", None, None, Some(&security));
        assert!(report.contains("… and 300 more findings of this severity."));
    }
}
