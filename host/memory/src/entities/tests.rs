//! Names and identifiers in texts, by example.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn shown(entities: &[Entity]) -> String {
    let shown: Vec<_> =
        entities.iter().map(|it| format!("{:?} {} = {}", it.kind, it.name, it.normal)).collect();
    if shown.is_empty() { "-".to_owned() } else { shown.join("; ") }
}

#[track_caller]
fn check(texts: &[&str], expected: Expect) {
    let lines: Vec<_> =
        texts.iter().map(|it| format!("{it}\n    {}\n", shown(&extract(it)))).collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn names_inside_of_sentences() {
    let texts = [
        "I met Maria yesterday.",
        "We went with Maria Lopez and Tom to New York.",
        "Yesterday Caroline's sister called Dr. Müller.",
        "Great talk! Thanks, Mel. Hope you are well.",
        "Maria's dog ran away",
        "Maria Lopez left early.",
        "Driving Maria home took long.",
        "She works at the Bank of America, he reads Lord of the Rings.",
        "He likes Vincent van Gogh and J. R. Tolkien.",
        "Jean-Luc O'Brien was there",
        "On Friday we meet in May.",
        "I think I'm late, and I've lost my keys.",
        "THIS IS SO COOL that NASA replied",
        "The Doctor said no.",
        "James' house and Jess’s car",
        "Hey Tom! How is Tom?",
        "Tom is here. I like Tom.",
        "Lunch was good. Dinner was better.",
        "",
        "Zoë, Ångström and Łukasz came",
        "She said: Paris is nice",
    ];
    check(
        &texts,
        expect![[r#"
            I met Maria yesterday.
                Name Maria = maria
            We went with Maria Lopez and Tom to New York.
                Name Maria Lopez = maria lopez; Name Tom = tom; Name New York = new york
            Yesterday Caroline's sister called Dr. Müller.
                Name Caroline = caroline; Name Dr. Müller = muller
            Great talk! Thanks, Mel. Hope you are well.
                Name Mel = mel
            Maria's dog ran away
                Name Maria = maria
            Maria Lopez left early.
                Name Maria Lopez = maria lopez
            Driving Maria home took long.
                Name Maria = maria
            She works at the Bank of America, he reads Lord of the Rings.
                Name Bank of America = bank of america; Name Lord of the Rings = lord of the rings
            He likes Vincent van Gogh and J. R. Tolkien.
                Name Vincent van Gogh = vincent van gogh; Name J. R. Tolkien = j r tolkien
            Jean-Luc O'Brien was there
                Name Jean-Luc O'Brien = jean luc obrien
            On Friday we meet in May.
                -
            I think I'm late, and I've lost my keys.
                -
            THIS IS SO COOL that NASA replied
                Name NASA = nasa
            The Doctor said no.
                -
            James' house and Jess’s car
                Name James = james; Name Jess = jess
            Hey Tom! How is Tom?
                Name Tom = tom; Name Tom = tom
            Tom is here. I like Tom.
                Name Tom = tom; Name Tom = tom
            Lunch was good. Dinner was better.
                -

                -
            Zoë, Ångström and Łukasz came
                Name Ångström = angstrom; Name Łukasz = lukasz
            She said: Paris is nice
                -
        "#]],
    );
}

#[test]
fn identifiers_by_their_shape() {
    let texts = [
        "See ABC-123 and #42, not A-1.",
        "Open src/main.rs, /etc/hosts and notes.txt (see docs/).",
        "and/or, he/she, 24/7, 1/2",
        "https://example.com/a?b=c, www.example.org. and mailto:x",
        "Write to ann.smith@example.com!",
        "call parse_date() or Reader::period, set maxLength and `some code here`",
        "version 1.2.3, v2, v1.4-rc1, 3.5 and 7.5.2023",
        "commit 9f8e7d6c5b, 1234567, deadbee, 550e8400-e29b-41d4-a716-446655440000",
        "#release-notes #Fun",
        "I read \"Nothing is Impossible\" and “The Hobbit”. She said \"I will come tomorrow, maybe.\"",
        "an open \"quote that never ends",
        "C:\\temp\\x.txt",
        "the U.S. and e.g. this etc.",
        "COVID-19",
        "Cargo.toml's first line",
        "@anna wrote",
    ];
    check(
        &texts,
        expect![[r#"
            See ABC-123 and #42, not A-1.
                Issue ABC-123 = abc-123; Issue #42 = #42; Name A-1 = a 1
            Open src/main.rs, /etc/hosts and notes.txt (see docs/).
                Path src/main.rs = src/main.rs; Path /etc/hosts = /etc/hosts; Path notes.txt = notes.txt; Path docs/ = docs/
            and/or, he/she, 24/7, 1/2
                -
            https://example.com/a?b=c, www.example.org. and mailto:x
                Url https://example.com/a?b=c = https://example.com/a?b=c; Url www.example.org = www.example.org
            Write to ann.smith@example.com!
                Email ann.smith@example.com = ann.smith@example.com
            call parse_date() or Reader::period, set maxLength and `some code here`
                Code parse_date() = parse_date(); Code Reader::period = reader::period; Code maxLength = maxlength; Code some code here = some code here
            version 1.2.3, v2, v1.4-rc1, 3.5 and 7.5.2023
                Version 1.2.3 = 1.2.3; Version v2 = v2; Version v1.4-rc1 = v1.4-rc1
            commit 9f8e7d6c5b, 1234567, deadbee, 550e8400-e29b-41d4-a716-446655440000
                Hash 9f8e7d6c5b = 9f8e7d6c5b; Hash 550e8400-e29b-41d4-a716-446655440000 = 550e8400-e29b-41d4-a716-446655440000
            #release-notes #Fun
                Tag #release-notes = release notes; Tag #Fun = fun
            I read "Nothing is Impossible" and “The Hobbit”. She said "I will come tomorrow, maybe."
                Title Nothing is Impossible = nothing is impossible; Title The Hobbit = the hobbit
            an open "quote that never ends
                -
            C:\temp\x.txt
                Path C:\temp\x.txt = c:\temp\x.txt
            the U.S. and e.g. this etc.
                -
            COVID-19
                Issue COVID-19 = covid-19
            Cargo.toml's first line
                Path Cargo.toml = cargo.toml
            @anna wrote
                Name @anna = anna
        "#]],
    );
}

#[test]
fn spellings_of_one_name_have_one_normal_form() {
    let same = [
        ("Dr. Smith", "smith"),
        ("SMITH's", "Smith"),
        ("Zoë", "Zoe"),
        ("O'Brien", "O’Brien"),
        ("Jean-Luc", "jean luc"),
        ("Prof. Dr. Anna Müller", "anna muller"),
        ("James'", "James"),
        ("U.S.", "u s"),
    ];
    for (one, other) in same {
        assert_eq!(normal(one), normal(other), "{one} and {other}");
    }
    assert_ne!(normal("Ann"), normal("Anna"));
    assert_eq!(normal("Dr."), "dr", "a title alone stays what it is");
    assert_eq!(normal("--"), "");
}

#[test]
fn a_short_name_is_the_long_one_where_only_one_fits() {
    let long = |short: &str, names: &[&str]| {
        let all: Vec<_> = names.iter().map(|it| (*it, crate::terms::words(it).collect())).collect();
        long_form(short, &all).map(|(name, word)| format!("{name}: {word}"))
    };
    assert_eq!(long("mel", &["Tom", "Melanie"]).as_deref(), Some("Melanie: melanie"));
    assert_eq!(long("lop", &["Maria Lopez"]).as_deref(), Some("Maria Lopez: lopez"));
    assert_eq!(long("mel", &["Melissa", "Melanie"]), None, "two fit");
    assert_eq!(long("mel", &["Mel Melville"]), None, "two words of one");
    assert_eq!(long("tom", &["Tom", "Tomas"]), None, "one is called just so");
    assert_eq!(long("me", &["Melanie"]), None, "too short");
    assert_eq!(long("ann", &["Melanie"]), None, "it ends so");
    assert_eq!(long("zoë", &["Zoëlle"]).as_deref(), Some("Zoëlle: zoëlle"));
}

/// Texts of names, marks and small words.
fn texts() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "Maria", "maria", "Lopez", "Tom", "the", "The", "of", "met", "Dr.", ". ", "! ", "\"", "`",
        "a_b", "X-1", "'s", "é", "É", "\u{301}", "Friday", "I", "\n", "😀", "’", "van", "/a/b",
        "#t", "(", ")",
    ]);
    let spaced = (words, prop::sample::select(vec!["", " ", " "]))
        .prop_map(|(word, space)| format!("{word}{space}"));
    prop_oneof![prop::collection::vec(spaced, 0..30).prop_map(|it| it.concat()), "\\PC{0,80}"]
}

proptest! {
    #[test]
    fn entities_lie_in_their_order_where_they_say(text in texts()) {
        let mut end = 0;
        for Entity { name, span, .. } in extract(&text) {
            prop_assert!(end <= span.start && span.start < span.end, "{:?}", text);
            end = span.end;
            prop_assert_eq!(&text[span], name);
        }
    }
}

#[test]
fn long_hostile_texts_are_read_in_one_pass() {
    for part in ["A", "\"", "A of ", "Maria ", "a'", ")", "(", "x-", "A. "] {
        let text = part.repeat((1 << 17) / part.len());
        extract(&text);
    }
}
