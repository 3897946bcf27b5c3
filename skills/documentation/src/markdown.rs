//! Markdown that shows foreign text and is never shaped by it.
//!
//! File names, identifiers and program output come from whoever wrote the audited repository. Shown
//! as code they read well; what code can't hold safely is written as character references, which no
//! Markdown or HTML parser takes for structure.

/// A name as inline code, for running text and lists. Control characters and those that turn the
/// direction of writing are shown as `�`, a name without anything else as the plain word `(empty)`.
pub fn code(name: &str) -> String {
    quoted(name, &['`'])
}

/// A name as inline code, for cells of tables, which a `|` would end.
pub fn cell(name: &str) -> String {
    quoted(name, &['`', '|'])
}

fn quoted(name: &str, ends: &[char]) -> String {
    let name: String = name.chars().map(visible).collect();
    if name.trim().is_empty() {
        return "(empty)".to_owned();
    }
    if !name.contains(ends) && name.trim() == name {
        return format!("`{name}`");
    }
    let reference = |character: char| format!("&#{};", u32::from(character));
    let inert = |character: char| {
        if character.is_ascii_punctuation() { reference(character) } else { character.into() }
    };
    format!("<code>{}</code>", name.chars().map(inert).collect::<String>())
}

/// A sentence as plain text on one line: every character with a meaning in Markdown is escaped.
pub fn text(sentence: &str) -> String {
    let mut escaped = String::with_capacity(sentence.len());
    let mut words = sentence.split_whitespace().peekable();
    while let Some(word) = words.next() {
        for character in word.chars().map(visible) {
            if matches!(
                character,
                '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#' | '!' | '$'
            ) {
                escaped.push('\\');
            }
            escaped.push(character);
        }
        if words.peek().is_some() {
            escaped.push(' ');
        }
    }
    // At the beginning of a line these would start a list.
    if escaped.starts_with(['-', '+', '=']) {
        escaped.insert(0, '\\');
    }
    escaped
}

/// Text of several lines as a block of code, with a fence that the text does not contain. Escape
/// sequences of terminals are taken out.
pub fn block(content: &str) -> String {
    let content = without_escapes(content);
    let longest = content.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", content.trim_end_matches('\n'))
}

/// A number with commas between groups of three digits.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with its noun, in the plural where there is not just one.
pub fn counted(value: u64, noun: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(value))
}

/// A table. Columns whose head begins with `>` stand to the right. Cells have to be escaped.
pub fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut table =
        line(heads.iter().map(|head| head.trim_start_matches('>').to_owned()).collect());
    table += &line(
        heads
            .iter()
            .map(|head| if head.starts_with('>') { "---:" } else { "---" }.to_owned())
            .collect(),
    );
    rows.into_iter().for_each(|row| table += &line(row));
    table
}

/// What a character is shown as. Characters that hide or reorder others are the means of attacks on
/// readers of code (CVE-2021-42574).
fn visible(character: char) -> char {
    match character {
        '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{200b}'..='\u{200f}'
        | '\u{feff}'
        | '\u{2028}'
        | '\u{2029}' => '\u{fffd}',
        character if character.is_control() => '\u{fffd}',
        character => character,
    }
}

fn without_escapes(content: &str) -> String {
    let mut clean = String::with_capacity(content.len());
    let mut characters = content.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_escape(&mut characters),
            '\r' => {}
            '\n' | '\t' => clean.push(character),
            character => clean.push(visible(character)),
        }
    }
    clean
}

/// Skips what follows an escape character: a control sequence up to its final letter, a system command
/// up to its end, or a single character.
fn skip_escape(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.next() {
        Some('[') => {
            characters.by_ref().find(|character| matches!(character, '@'..='~' | '\n'));
        }
        Some(']') => {
            characters.by_ref().find(|character| matches!(character, '\u{7}' | '\u{1b}' | '\n'));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    use super::*;

    /// The kinds of elements in a rendered text, and the text that a reader sees.
    fn rendered(markdown: &str) -> (usize, String) {
        let mut seen = String::new();
        let mut elements = 0;
        for event in
            Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
        {
            match event {
                Event::Text(text) | Event::Code(text) => seen += &text,
                Event::InlineHtml(html) => {
                    assert!(matches!(&*html, "<code>" | "</code>"), "{html}")
                }
                Event::Html(html) => panic!("{html}"),
                Event::Start(Tag::TableCell) => elements += 1,
                Event::Start(Tag::Table(_) | Tag::TableHead | Tag::TableRow | Tag::Paragraph) => {}
                Event::Start(other) => panic!("{other:?} in {markdown}"),
                _ => {}
            }
        }
        (elements, seen)
    }

    #[test]
    fn plain_names_stay_readable() {
        assert_eq!(code("src/a_b.rs"), "`src/a_b.rs`");
        assert_eq!(text("Use a list, not a shell."), "Use a list, not a shell.");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(
            (number(0), number(999), number(1_000)),
            ("0".into(), "999".into(), "1,000".into())
        );
        assert_eq!((counted(1, "file"), counted(0, "file")), ("1 file".into(), "0 files".into()));
    }

    #[test]
    fn hostile_names_are_shown_and_do_nothing() {
        for name in [
            "a|b`c`.py",
            "<img src=x onerror=y>",
            "\\|",
            "`",
            "``|``",
            "![x](http://y)",
            "a&lt;b",
            "</code><b>",
        ] {
            let (cells, seen) =
                rendered(&table(&["name", "next"], [vec![cell(name), "x".to_owned()]]));
            assert_eq!((cells, seen), (4, format!("namenext{name}x")));
        }
        assert_eq!(code("a\u{202e}b\n\u{1b}[31m"), "`a\u{fffd}b\u{fffd}\u{fffd}[31m`");
    }

    #[test]
    fn blocks_can_not_be_left() {
        let content = "a\n```\n# x\n````\n\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}end\r\n";
        let block = block(content);
        assert_eq!(block, "`````text\na\n```\n# x\n````\nredend\n`````\n");
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_item(name in "[ -~\\n\u{e9}]{1,30}", sentence in "[ -~\\n]{1,40}") {
            let markdown = format!("x {} {}", code(&name), text(&sentence));
            prop_assert_eq!(rendered(&markdown).0, 0, "{}", markdown);
        }

        #[test]
        fn no_text_leaves_its_cell(name in "[ -~\\n\u{e9}]{1,30}", sentence in "[ -~\\n]{1,40}") {
            let markdown = table(&["name", "sentence"], [vec![cell(&name), text(&sentence)]]);
            prop_assert_eq!(rendered(&markdown).0, 4, "{}", markdown);
        }
    }
}
