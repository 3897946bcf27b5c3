//! The figures of Python against what ruff 0.17.5 and radon 6.0.1 said about the same file: a small
//! stand-in for the comparison over CPython's test library that `DIALECTS.md` describes.

use std::fmt::Write as _;

use voyager_skill_coder::measure;

#[test]
fn python_counts_as_ruff_and_radon_do() {
    let metrics = measure::file("constructs.py", include_bytes!("golden/constructs.py"));
    assert_eq!(metrics.problem, None);
    let reference = include_str!("golden/constructs.tsv");
    let mut ours = String::new();
    let mut functions = metrics.functions.iter();
    for line in reference.lines() {
        let columns: Vec<_> = line.split('\t').collect();
        match columns[0] {
            "function" => {
                let function = functions.next().expect("as many functions as ruff reports");
                // radon does not look into classes within functions.
                let radon = if columns[4] == "-" {
                    "-".to_owned()
                } else {
                    function.cyclomatic_extended.to_string()
                };
                let name = function.name.rsplit('.').next().unwrap_or_default();
                writeln!(
                    ours,
                    "function\t{}\t{name}\t{}\t{radon}",
                    function.line, function.cyclomatic
                )
                .unwrap();
            }
            "lines" => {
                let of = &metrics.lines;
                let counts = [
                    of.total,
                    of.logical,
                    of.source,
                    of.comments,
                    of.documentation,
                    of.blank,
                    of.comment,
                ];
                writeln!(ours, "lines\t{}", counts.map(|count| count.to_string()).join("\t"))
                    .unwrap();
            }
            "halstead" => {
                let of = &metrics.halstead;
                let counts =
                    [of.operators_distinct, of.operands_distinct, of.operators, of.operands];
                let counts = counts.map(|count| count.to_string()).join("\t");
                writeln!(
                    ours,
                    "halstead\t{counts}\t{:.6}\t{:.6}\t{:.6}",
                    of.volume, of.difficulty, of.effort
                )
                .unwrap();
            }
            _ => writeln!(ours, "file\t{}\t{:.6}", metrics.cyclomatic, metrics.maintainability)
                .unwrap(),
        }
    }
    assert_eq!(ours, reference);
    assert_eq!(functions.next(), None);
}
