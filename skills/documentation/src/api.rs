//! The outline of an interface: what files offer, with signatures and the first words of their
//! documentation.

use crate::contract::exports::voyager::documentation::report::{FileOutline, Symbol};
use crate::markdown::{code, counted, text};

/// The longest outline, in bytes.
const BYTES_MAX: usize = 4 << 20;

/// Writes the outline.
pub fn outline(title: &str, outlines: &[FileOutline], public_only: bool) -> String {
    let title = if title.trim().is_empty() { "Interface".to_owned() } else { text(title) };
    let mut document = format!("# {title}\n\n");
    let (mut shown, mut left_out) = (0u64, 0u64);
    for file in outlines.iter().filter(|file| file.problem.is_none()) {
        let symbols =
            if public_only { public(&file.symbols) } else { file.symbols.iter().collect() };
        if symbols.is_empty() {
            continue;
        }
        let section = section(file, &symbols);
        if document.len() + section.len() > BYTES_MAX {
            left_out += 1;
        } else {
            shown += symbols.len() as u64;
            document += &section;
        }
    }
    document += &format!("{} shown.\n", counted(shown, "symbol"));
    if left_out > 0 {
        document += &format!("\nLeft out for their length: {}.\n", counted(left_out, "file"));
    }
    document + &unread(outlines)
}

/// What is meant for others, all the way up: a public method of a hidden class is hidden.
fn public(symbols: &[Symbol]) -> Vec<&Symbol> {
    let mut hidden_at: Option<u32> = None;
    let mut shown = Vec::new();
    for symbol in symbols {
        if hidden_at.is_some_and(|depth| symbol.depth > depth) {
            continue;
        }
        hidden_at = None;
        // Methods implemented on a type stand at depth 1 behind whatever comes before them.
        if symbol.public {
            shown.push(symbol);
        } else {
            hidden_at = Some(symbol.depth);
        }
    }
    shown
}

fn section(file: &FileOutline, symbols: &[&Symbol]) -> String {
    let mut section = format!("## {}\n\n", code(&file.path));
    if let Some(doc) = &file.doc {
        section += &format!("{}\n\n", text(doc));
    }
    for symbol in symbols {
        let indent = "  ".repeat(symbol.depth.min(8) as usize);
        section += &format!("{indent}- {}", code(&symbol.signature));
        if let Some(doc) = &symbol.doc {
            section += &format!(": {}", text(doc));
        }
        section.push('\n');
    }
    section + "\n"
}

fn unread(outlines: &[FileOutline]) -> String {
    let problems = outlines
        .iter()
        .filter_map(|file| file.problem.as_ref().map(|problem| (&file.path, problem)));
    let items: String = problems
        .map(|(path, problem)| format!("- {}: {}\n", code(path), text(&problem.message)))
        .collect();
    if items.is_empty() { items } else { format!("\n## Files not read\n\n{items}") }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::contract::exports::voyager::documentation::report::Problem;

    fn symbol(depth: u32, signature: &str, doc: Option<&str>, public: bool) -> Symbol {
        Symbol {
            kind: "function".to_owned(),
            name: signature.to_owned(),
            depth,
            line: 1,
            end_line: 1,
            signature: signature.to_owned(),
            doc: doc.map(ToOwned::to_owned),
            public,
        }
    }

    fn outlines() -> Vec<FileOutline> {
        let symbols = vec![
            symbol(0, "class Shape", Some("A shape_of things."), true),
            symbol(1, "def area(self) -> float", None, true),
            symbol(1, "def _hide(self)", None, false),
            symbol(0, "class _Hidden", None, false),
            symbol(1, "def seen(self)", None, true),
        ];
        let file = |path: &str, symbols, problem| FileOutline {
            path: path.to_owned(),
            language: "python".to_owned(),
            doc: Some("A module.".to_owned()),
            symbols,
            problem,
        };
        let problem = Problem {
            kind: "unparsable".to_owned(),
            message: "Expected `)`".to_owned(),
            line: Some(2),
        };
        vec![
            file("a.py", symbols, None),
            file("empty.py", Vec::new(), None),
            file("bad`|.py", Vec::new(), Some(problem)),
        ]
    }

    #[test]
    fn what_is_public_is_shown_with_its_documentation() {
        expect![[r#"
            # Shapes

            ## `a.py`

            A module.

            - `class Shape`: A shape\_of things.
              - `def area(self) -> float`

            2 symbols shown.

            ## Files not read

            - <code>bad&#96;&#124;&#46;py</code>: Expected \`)\`
        "#]]
        .assert_eq(&outline("Shapes", &outlines(), true));
    }

    #[test]
    fn everything_is_shown_on_request() {
        let all = outline("Shapes", &outlines(), false);
        assert!(all.contains("_hide") && all.contains("seen") && all.contains("5 symbols shown"));
    }
}
