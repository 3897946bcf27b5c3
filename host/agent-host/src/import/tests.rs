//! What files say, as text; and that no bytes break a reader.

use proptest::prelude::*;
use voyager_base::clock::Timestamp;

use super::{files::read, *};

/// What a file says, a line each: place, author, time, thread, tags, text; or what is wrong.
fn told(name: &str, format: Format, content: &str) -> Vec<String> {
    let (found, stop) = read(name, format, content.as_bytes());
    let optional = |it: &Option<String>| it.clone().unwrap_or_else(|| "-".to_owned());
    let mut lines: Vec<String> = found
        .into_iter()
        .map(|it| match it {
            Ok((place, Item::Record { draft, .. })) => format!(
                "{}: {} {} {} {:?}{}",
                place.line,
                optional(&draft.author),
                draft.at.map_or_else(|| "-".to_owned(), crate::when::short),
                draft.tags.join(","),
                draft.text,
                draft.fields.iter().map(|it| format!(" {}={}", it.0, it.1)).collect::<String>(),
            ),
            Ok((place, Item::Relation { from, kind, to, weight })) => {
                format!("{}: m{from} {kind} m{to} {weight}", place.line)
            }
            Ok((place, Item::Empty)) => format!("{}: empty", place.line),
            Err(bad) => format!("{}:{}: {}", bad.place.line, bad.place.column, bad.problem),
        })
        .collect();
    lines.extend(stop.map(|it| match it {
        Stop::Bad(bad) => format!("stop {}:{}: {}", bad.place.line, bad.place.column, bad.problem),
        Stop::Disk(error) => error.to_string(),
    }));
    lines
}

#[test]
fn lines_are_drafts_and_relations() {
    let text = "\u{feff}{\"text\":\"one\",\"author\":\"Ada\",\"at\":\"2024-01-02\",\"id\":\"m7\"}\r\n\n\
                {\"text\":\"two\",\"at\":1704153600,\"tags\":[\"x\"],\"fields\":{\"a\":\"b\"},\"id\":8}\n\
                {\"from\":\"m7\",\"kind\":\"causes\",\"to\":8}";
    assert_eq!(
        told("a.jsonl", Format::Auto, text),
        [
            "1: Ada 2024-01-02 00:00  \"one\"",
            "3: - 2024-01-02 00:00 x \"two\" a=b",
            "4: m7 causes m8 1",
        ]
    );
    let (found, _) = read("a.jsonl", Format::Auto, text.as_bytes());
    let Some(Ok((_, Item::Record { id, draft, .. }))) = found.first() else { panic!("{found:?}") };
    assert_eq!((*id, draft.thread.as_deref(), draft.space.as_str()), (Some(7), None, "default"));
}

#[test]
fn what_is_wrong_with_a_line_is_told_with_its_place() {
    let wrong = |line: &str| {
        let told = told("a.jsonl", Format::Auto, &format!("{{\"text\":\"ok\"}}\n{line}\n"));
        assert_eq!(told.len(), 2, "{told:?}");
        told[1].clone()
    };
    assert_eq!(wrong("{\"text\":"), "2:8: the JSON ends here, before it is whole");
    assert_eq!(
        wrong(" not json"),
        "2:2: `not json` stands here, and an object such as `{\"text\": \"The door is green.\"}` is expected"
    );
    assert!(wrong("null").starts_with("2:1: `null` stands here, and an object"));
    assert_eq!(
        wrong("{\"text\":\"a\",\"importance\":\"0.5\"}"),
        "2:30: the text \"0.5\" stands here, and a number is expected"
    );
    assert_eq!(wrong("{\"text\":5}"), "2:9: the number `5` stands here, and a text is expected");
    assert_eq!(
        wrong("{\"text\":\"a\",\"tags\":null}"),
        "2:23: `null` stands here, and a list is expected"
    );
    assert!(wrong("{\"text\": nope}").contains("`nope` stands here, and a value of JSON is"));
    assert!(wrong("{\"text\":\"a\"} b").contains("`b` stands behind the end of the JSON"));
    assert!(wrong("{text:\"a\"}").contains("`text` stands here, and a key in quotation marks"));
    assert!(wrong("{\"from\":1,\"to\":2}").contains("the key `kind` is missing"));
    assert!(wrong("{\"txt\":\"a\"}").starts_with("2:6: unknown field `txt`, expected one of"));
    assert_eq!(wrong("{\"text\":\" \"}"), "2:1: text: is empty");
    assert!(wrong("{\"text\":\"a\",\"at\":\"soon\"}").contains("`soon` is no time since 1970"));
    assert!(wrong("{\"text\":\"a\",\"importance\":2}").contains("importance: is 2"));
    assert!(wrong("{\"from\":1,\"to\":1,\"kind\":\"is\"}").contains("to: is the record"));
    assert!(wrong("{\"from\":1,\"to\":2,\"text\":\"a\"}").contains("unknown field `text`"));
    let deep = format!("{{\"text\":{}", "[".repeat(100_000));
    assert!(wrong(&deep).contains("a list stands here, and a text is expected"));
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(LINE_BYTES_MAX));
    assert_eq!(wrong(&long), "2:1: the line has more than 33554432 bytes");
    let (found, _) = read("a.jsonl", Format::Auto, b"{\"text\":\"a\xff\"}\n{\"text\":\"b\"}");
    let Some(Err(bad)) = found.first() else { panic!("{found:?}") };
    assert_eq!((bad.place, found.len()), (Place { line: 1, column: 11 }, 2));
}

#[test]
fn what_export_writes_reads_back() {
    let draft = Draft {
        text: "a\n\"b\"".to_owned(),
        at: Some(Timestamp::from_micros(1_795_219_199_999_123)),
        importance: 0.1,
        pinned: true,
        tags: vec!["x".to_owned()],
        ..Draft::default()
    };
    let id = Some(voyager_memory::MemoryId(3));
    let older = [1, 2].map(voyager_memory::MemoryId);
    let line = lines::RecordLine::of(id, draft.clone()).supersedes(&older);
    let line = serde_json::to_string(&line).unwrap();
    assert_eq!(
        line,
        "{\"id\":\"m3\",\"space\":\"default\",\"text\":\"a\\n\\\"b\\\"\",\"at\":\"2026-11-20T23:59:59.999123Z\",\
         \"kind\":\"note\",\"tags\":[\"x\"],\"importance\":0.1,\"confidence\":1.0,\"pinned\":true,\"supersedes\":[\"m1\",\"m2\"]}"
    );
    let (found, _) = read("a.jsonl", Format::Auto, line.as_bytes());
    let place = Place { line: 1, column: 1 };
    let record = Item::Record {
        id: Some(3),
        draft: Box::new(draft),
        supersedes: vec![1, 2],
        trust: None,
        untimed: None,
    };
    assert_eq!(found, [Ok((place, record))]);
}

#[test]
fn chats_of_many_kinds_are_read() {
    let slack = "[\n {\"type\":\"message\",\"user\":\"U1\",\"user_profile\":{\"real_name\":\"Ada\"},\
                 \"text\":\"hi, [there]\",\"ts\":\"1704153600.000200\"},\n {\"from\":\"Bob\",\"text\":\"\"},\n\
                 {\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]},\
                 {\"author\":{\"name\":\"Eve\"},\"text\":[\"see \",{\"type\":\"link\",\"text\":\"this\"}]}\n]\n";
    assert_eq!(
        told("a.json", Format::Auto, slack),
        [
            "2: Ada 2024-01-02 00:00  \"hi, [there]\"",
            "3: empty",
            "4: user -  \"a\\nb\"",
            "4: Eve -  \"see this\"",
        ]
    );
    let lines = "{\"role\":\"user\",\"content\":\"a\"}\n{\"role\":\"user\",\"content\":\"b\"}\n";
    assert_eq!(told("a.jsonl", Format::Chat, lines), ["1: user -  \"a\"", "2: user -  \"b\""]);
}

#[test]
fn conversations_are_read_branch_after_branch() {
    let node = |id: &str, parent: &str, children: &str, text: &str| {
        format!(
            "\"{id}\":{{\"parent\":{parent},\"children\":[{children}],\"message\":{{\"author\":{{\"role\":\"user\"}},\
             \"create_time\":1704153600.5,\"content\":{{\"content_type\":\"text\",\"parts\":[\"{text}\"]}}}}}}"
        )
    };
    // A circle is no reason to go on for ever.
    let nodes = [
        node("z", "null", "\"b\",\"a\"", "root"),
        node("a", "\"z\"", "", "other branch"),
        node("b", "\"z\"", "\"c\"", "branch"),
        node("c", "\"b\"", "\"b\"", "leaf"),
        node("p", "\"q\"", "\"q\"", "lost"),
        node("q", "\"p\"", "\"p\"", "lost too"),
    ];
    let text = format!(
        "[{{\"title\":\"Doors\",\"id\":\"0123456789\",\"mapping\":{{{}}}}}]",
        nodes.join(",")
    );
    let texts: Vec<String> = told("conversations.json", Format::Auto, &text);
    let texts: Vec<&str> = texts.iter().filter_map(|it| it.split('"').nth(1)).collect();
    assert_eq!(texts, ["root", "branch", "leaf", "other branch", "lost", "lost too"]);
    let (found, _) = read("conversations.json", Format::Auto, text.as_bytes());
    let Some(Ok((_, Item::Record { draft, .. }))) = found.first() else { panic!("{found:?}") };
    assert_eq!(draft.thread.as_deref(), Some("Doors (01234567)"));
}

#[test]
fn what_is_wrong_with_an_array_is_told_with_its_place() {
    let chat = |text: &str| told("a.json", Format::Chat, text);
    let ok = "1: - -  \"a\"";
    let a = "{\"text\":\"a\"}";
    assert_eq!(chat(&format!("[{a},\n{{\"txt\":1}}]"))[0], ok);
    assert!(chat(&format!("[{a},\n{{\"txt\":1}}]"))[1].starts_with("2:1: no text: one of"));
    assert_eq!(
        chat(&format!("[{a},\n {{\"text\" 1}}]"))[1],
        "2:10: `1` stands here, and `:` is expected"
    );
    assert_eq!(
        chat(&format!("[{a},\n{{\"text\":\"b"))[1],
        "stop 2:11: the file ends within its array: it is cut off"
    );
    assert_eq!(
        chat(&format!("[{a}] x"))[1],
        "stop 1:16: something stands behind the end of the array"
    );
    assert_eq!(chat(&format!("[{a},]"))[1], "1:15: an element of the array is missing");
    let deep = format!("[{{\"text\":{}", "[".repeat(1_000)) + &"]".repeat(1_000) + "}]";
    assert!(chat(&deep)[0].contains("recursion limit exceeded"), "{:?}", chat(&deep));
    // A line end within a text is told where the next line begins: no line has a column 0.
    assert!(
        chat("[{\"text\":\"a\nb\"}]")[0].starts_with("2:1: "),
        "{:?}",
        chat("[{\"text\":\"a\nb\"}]")
    );
    assert_eq!(chat("[]"), [""; 0]);
}

#[test]
fn times_of_messages_that_nobody_can_read_are_told_and_kept() {
    let text = r#"[{"text":"a","ts":"soon"},{"text":"b","date":"02/01/2024"},{"text":"c","ts":-1},
        {"text":"d","ts":"31/01/2024"},{"text":"e","time":[1]},{"text":"f","ts":"1704153600"}]"#;
    assert_eq!(
        told("a.json", Format::Auto, text),
        [
            "1: - -  \"a\" time=soon",
            "1: - -  \"b\" time=02/01/2024",
            "1: - -  \"c\" time=-1",
            "2: - 2024-01-31 00:00  \"d\"",
            "2: - -  \"e\" time=[1]",
            "2: - 2024-01-02 00:00  \"f\"",
        ]
    );
    let wrong = untimed("a.json", text);
    assert_eq!(wrong[0], "1: `soon` says no day that can be read");
    assert_eq!(wrong[1], "1: `02/01/2024` may be 2024-01-02 or 2024-02-01");
    assert!(wrong[2].starts_with("1: `-1` is no time since 1970"), "{wrong:?}");
    assert!(wrong[3].starts_with("2: `[1]` is no time since 1970"), "{wrong:?}");
    assert_eq!(wrong.len(), 4);
    let long = format!("[{{\"text\":\"a\",\"ts\":\"{}\"}}]", "soon".repeat(1_000));
    let told_long = untimed("a.json", &long);
    assert!(told_long[0].len() < 300, "{told_long:?}");
    let node = r#"[{"mapping":{"x":{"message":{"content":{"parts":["a"]},"create_time":"yesterday"}},
        "y":{"message":{"content":{"parts":["b"]},"create_time":null}}}}]"#;
    assert_eq!(untimed("a.json", node), ["1: `yesterday` says no day that can be read"]);
}

/// What gives one byte at a time, as a pipe may.
struct Trickle(io::Cursor<Vec<u8>>);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}

impl Seek for Trickle {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn how_a_file_begins_is_seen_however_it_comes() {
    let space = " ".repeat(70_000);
    for text in [
        "\n \n{\"text\":\"a\"}\n",
        "\u{feff}[\n\n{\"text\":\"a\"}\n]\n",
        "\u{feff}\nAda: a\nBob: b\n",
        &format!("{space}\n[{space}{{\"text\":\"a\"}}]"),
        "\u{feff}",
        "[",
        " [ x",
        "",
    ] {
        let whole = read("a.txt", Format::Auto, text.as_bytes());
        let came = files::read_from(
            "a.txt",
            Format::Auto,
            Box::new(Trickle(io::Cursor::new(text.into()))),
        );
        assert_eq!(format!("{came:?}"), format!("{whole:?}"), "{text:?}");
    }
    let text = format!("\n{space}\n{{\"text\":\"a\"}}");
    assert_eq!(told("a.txt", Format::Auto, &text), ["3: - -  \"a\""]);
    let text = format!("{}{{}}", " ".repeat(2 << 20));
    assert_eq!(
        told("a.txt", Format::Auto, &text),
        ["stop 1:1: 1048576 bytes of white space begin here: remove them"]
    );
}

#[test]
fn lines_of_a_telephone_begin_with_its_time() {
    let text = "31/12/2023, 10:11 - Ada: Recipe\nIngredients:\nNote: the oven is broken\n\
                31/12/2023, 10:12 - Bob: ok\n";
    assert_eq!(
        told("a.txt", Format::Auto, text),
        [
            "1: Ada 2023-12-31 10:11  \"Recipe\\nIngredients:\\nNote: the oven is broken\"",
            "4: Bob 2023-12-31 10:12  \"ok\"",
        ]
    );
    let text = "[31/12/2023, 10:11:13] Bob left\n[31/12/2023, 10:11:14] Ada: one\n\
                [31/12/2023, 10:11:15] Ada Lovelace From The Office: two\n[note] three\n";
    assert_eq!(
        told("a.txt", Format::Auto, text),
        [
            "1: - 2023-12-31 10:11  \"Bob left\"",
            "2: Ada 2023-12-31 10:11  \"one\"",
            "3: - 2023-12-31 10:11  \"Ada Lovelace From The Office: two\\n[note] three\"",
        ]
    );
}

#[test]
fn what_follows_a_broken_line_is_passed_over_up_to_the_next_message() {
    let (found, stop) = read("a.txt", Format::Auto, b"Ada: hello\n\xff bad\nmore\nBob: hi\n");
    assert!(stop.is_none(), "{stop:?}");
    let said = found.iter().map(|it| match it {
        Ok((_, Item::Record { draft, .. })) => draft.text.as_str(),
        _ => "bad",
    });
    assert_eq!(said.collect::<Vec<_>>(), ["hello", "bad", "hi"]);
}

#[test]
fn lines_with_names_are_messages() {
    let text = "[2024-01-02 10:11] Ada Lovelace: hello\nhow are you?\n\nBob: fine: thanks\n\
                [10:12] Ada Lovelace: http://example.org\nThis is a sentence, and no name: really\nBob:\n";
    assert_eq!(
        told("a.txt", Format::Auto, text),
        [
            "1: Ada Lovelace 2024-01-02 10:11  \"hello\\nhow are you?\"",
            "4: Bob -  \"fine: thanks\"",
            "5: Ada Lovelace -  \"http://example.org\\nThis is a sentence, and no name: really\" time=10:12",
            "7: empty",
        ]
    );
    let (found, _) = read("a.txt", Format::Auto, text.as_bytes());
    let Some(Ok((_, Item::Record { draft, .. }))) = found.first() else { panic!("{found:?}") };
    assert_eq!(draft.thread.as_deref(), Some("a.txt"));
    let prose = told("a.txt", Format::Auto, "\nOnce upon a time\n");
    assert!(prose[0].starts_with("stop 2:1: no message begins here"), "{prose:?}");
    assert!(prose[0].contains("`--format markdown`"), "{prose:?}");
}

/// The times of a file that nobody can read.
fn untimed(name: &str, content: &str) -> Vec<String> {
    let (found, _) = read(name, Format::Auto, content.as_bytes());
    let bad = found.into_iter().filter_map(|it| match it {
        Ok((_, Item::Record { untimed, .. })) => untimed,
        _ => None,
    });
    bad.map(|it| format!("{}: {}", it.place.line, it.problem)).collect()
}

#[test]
fn messages_have_the_times_of_their_telephones() {
    let text = "\u{feff}\u{200e}[02/01/2024, 10:11:12] Ada: one\nand more\n\
                [31/12/2023, 10:11:12 PM] \u{202a}+49 170 1234567\u{202c}: \u{200e}two\n\
                [17.05.2024, 10:11] ~ Bob: three\n[2024/01/02 10:11] Ada: four\n";
    assert_eq!(
        told("a.txt", Format::Auto, text),
        [
            "1: Ada 2024-01-02 10:11  \"one\\nand more\"",
            "3: +49 170 1234567 2023-12-31 22:11  \"two\"",
            "4: ~ Bob 2024-05-17 10:11  \"three\"",
            "5: Ada 2024-01-02 10:11  \"four\"",
        ]
    );
    assert_eq!(untimed("a.txt", text), [""; 0]);
    let text = "1/2/24, 10:11\u{202f}PM - Messages are end-to-end encrypted.\n\
                1/31/24, 9:05\u{202f}AM - Bob: five: six\n10:12 was late, they said\n";
    assert_eq!(
        told("a.txt", Format::Auto, text),
        [
            "1: - 2024-01-02 22:11  \"Messages are end-to-end encrypted.\"",
            "2: Bob 2024-01-31 09:05  \"five: six\\n10:12 was late, they said\"",
        ]
    );
}

#[test]
fn times_that_nobody_can_read_are_told() {
    let text = "[02/01/2024, 10:11] Ada: one\n03/04/2024, 10:12 - Bob: two\n[10:13] Ada: three\nBob: four\n";
    assert_eq!(
        untimed("a.txt", text),
        [
            "1: `02/01/2024, 10:11` may be 2024-01-02 or 2024-02-01",
            "2: `03/04/2024, 10:12` may be 2024-04-03 or 2024-03-04",
            "3: `10:13` says no day that can be read",
        ]
    );
    assert_eq!(told("a.txt", Format::Auto, text)[1], "2: Bob -  \"two\" time=03/04/2024, 10:12");
    let note = "---\ndate: 05/03/2024\n---\n# A\none\n# B\ntwo\n";
    assert_eq!(untimed("a.md", note), ["2: `05/03/2024` may be 2024-03-05 or 2024-05-03"]);
    let shown = "---\ndate: 05/03/2024\ndue: 31/12/2024\n---\none\n";
    assert_eq!(untimed("a.md", shown), [""; 0]);
    assert!(told("a.md", Format::Auto, shown)[0].contains("- 2024-03-05 00:00"));
    assert_eq!(untimed("a.md", "---\ndate:\ncreated: 17.05.2024\n---\none\n"), [""; 0]);
}

#[test]
fn tags_of_a_note_need_no_brackets() {
    let tags = |front: &str| {
        let note = told("a.md", Format::Auto, &format!("---\n{front}\n---\none\n"));
        note[0].split_whitespace().nth(3).map(str::to_owned).unwrap_or_default()
    };
    for front in ["tags: home, #garden", "tags: [home, garden]", "tags:\n  - home\n  - garden"] {
        assert_eq!(tags(front), "home,garden", "{front}");
    }
}

#[test]
fn notes_are_sections_and_paragraphs() {
    let long = "word ".repeat(500);
    let text = format!(
        "---\ntags: [house, \"#door\"]\nauthor: Ada\ndate: 2024-01-02\nstatus: open\nalso:\n  - a\n  - b\n---\n\
         Before.\n\n# House\n## Door\nGreen, see [[Paint|the paint]].\n\nNew.\n```\n# no heading\n\n```\n\
         ## Roof\n{long}\n\nSecond.\n\n### Empty\n"
    );
    let told = told("a.md", Format::Auto, &text);
    assert_eq!(
        told[..2],
        [
            "10: Ada 2024-01-02 00:00 house,door \"Before.\" also=a, b status=open",
            "14: Ada 2024-01-02 00:00 house,door,House,Door,Paint \"Green, see [[Paint|the paint]].\\n\\nNew.\\n\
             ```\\n# no heading\\n\\n```\" also=a, b section=House > Door status=open",
        ]
    );
    assert!(told[2].starts_with("22: Ada"), "{told:?}");
    let paragraphs = [&told[3], &told[4]].map(|it| it.split('"').nth(1).unwrap_or_default());
    assert_eq!(paragraphs, ["Second.", "Empty"]);
    assert_eq!(told.len(), 5);
}

#[test]
fn a_note_without_anything_says_nothing() {
    assert_eq!(told("a.md", Format::Auto, "\n\n---\n").len(), 1);
    assert_eq!(told("a.md", Format::Auto, "").len(), 0);
    assert_eq!(told("a.md", Format::Auto, "```\nnever closed\n\n\nend").len(), 1);
    // What begins like front matter and never ends is text.
    assert_eq!(told("a.md", Format::Auto, "---\na: b\n"), ["1: - -  \"---\\na: b\""]);
}

/// What is said of a whole note is in each of its records: one of a megabyte took seven gigabytes.
#[test]
fn what_each_record_of_a_note_has_is_bounded() {
    let records = |front: &str| told("a.md", Format::Auto, &format!("---\n{front}---\none\n"));
    let rows = |count: usize| (0..count).map(|it| format!("k{it}: v\n")).collect::<String>();
    let tags = |count: usize| (0..count).map(|it| format!("t{it},")).collect::<String>();
    for front in [rows(64), format!("tags: {}\n", tags(65)), format!("a: {}\n", "x".repeat(4_092))]
    {
        let found = records(&front);
        assert!(found.len() == 1 && found[0].contains("\"one\""), "{found:?}");
    }
    let many = records(&rows(65));
    let said = "stop 66:1: the front matter has more than 64 fields, which no record can have: ";
    assert!(many.len() == 1 && many[0].starts_with(said), "{many:?}");
    // A heading adds a tag and a field, where there is room.
    let below = told("a.md", Format::Auto, &format!("---\n{}---\n# Title\none\n", rows(64)));
    assert!(below.len() == 1 && below[0].contains("\"one\""), "{below:?}");
    let front = format!("a: b\nsummary: {}\n", "x".repeat(4_096));
    let long = records(&front);
    let said = "stop 3:1: the front matter has more than 4096 bytes, and each record of the note has all of it: ";
    assert!(long.len() == 1 && long[0].starts_with(said), "{long:?}");
    // Of a heading there is no more in what stands below it.
    let below = told("a.md", Format::Auto, &format!("# {}\none\n", "x".repeat(60_000)));
    assert!(below.len() == 1 && below[0].len() < 1_000, "{}", below[0].len());
}

fn formats() -> impl Strategy<Value = (&'static str, Format)> {
    prop::sample::select(vec![
        ("a.jsonl", Format::Auto),
        ("a.json", Format::Chat),
        ("a.txt", Format::Auto),
        ("a.md", Format::Auto),
        ("a", Format::Auto),
    ])
}

/// Bytes, mostly of what the formats are made of.
fn contents() -> impl Strategy<Value = Vec<u8>> {
    let words = vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "\\",
        "\n",
        "\r\n",
        " ",
        "# ",
        "---\n",
        "```\n",
        "[[",
        "]]",
        "|",
        "text",
        "author",
        "at",
        "id",
        "mapping",
        "message",
        "children",
        "parent",
        "Ada: ",
        "[2024-01-02 10:11] ",
        "[31/12/2023, 10:11 PM] ",
        "1/2/24, 10:11 - ",
        "date: 1.2.2024\n",
        "\u{200e}",
        "1704153600",
        "m1",
        "from",
        "to",
        "kind",
        "é",
        "\u{feff}",
        "\0",
        "1e999",
        "-",
    ];
    let word = prop::sample::select(words).prop_map(|it| it.as_bytes().to_vec());
    let bytes = prop::collection::vec(any::<u8>(), 0..8);
    let pieces = prop::collection::vec(prop_oneof![8 => word, 1 => bytes], 0..80);
    pieces.prop_map(|it| it.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_break_a_reader((name, format) in formats(), content in contents()) {
        let (found, _) = read(name, format, &content);
        for (_, item) in found.into_iter().flatten() {
            if let Item::Record { draft, .. } = item {
                prop_assert_eq!(draft.check(), Ok(()));
            }
        }
    }
}
