//! A table says what the lines say, files of other writers are read, and no bytes break a reader.

use proptest::prelude::*;
use voyager_base::{clock::Timestamp, memory::Trust};
use voyager_memory::{Draft, Edge, MemoryId};

use super::{
    super::{
        Bad, Format, Found, Item, Place, Stop,
        files::read,
        lines::{RecordLine, RelationLine},
    },
    TableError, TableWriter,
};

/// Written by pyarrow 26.0.1 with `write_table(..., data_page_version="2.0", use_dictionary=["author"])`: ids as
/// `uint32`, texts as `large_string`, `at` in nanoseconds without a zone, lists as `large_list`, fields as a struct,
/// relations without a weight.
const PYARROW: &[u8] = include_bytes!("samples/pyarrow.parquet");

/// Written by pyarrow 26.0.1 with `compression="none"`: lists and fields as texts of JSON, `at` as `date32`.
const FLAT: &[u8] = include_bytes!("samples/flat.parquet");

/// Written by pyarrow 26.0.1 with `compression="none"`: fields as lists of lists of two, as pandas has them.
const PAIRS: &[u8] = include_bytes!("samples/pairs.parquet");

/// The lines of an export as a table with groups of so many rows.
fn table(lines: &[String], rows_max: usize) -> Vec<u8> {
    let mut table = TableWriter::new(Vec::new()).unwrap();
    table.rows_max = rows_max;
    lines.iter().for_each(|it| table.line(it).unwrap());
    table.finish().unwrap()
}

/// What a table holds, where nothing is wrong with it.
fn items(table: &[u8]) -> Vec<Item> {
    let (found, stop) = read("a.parquet", Format::Auto, table);
    assert!(stop.is_none(), "{stop:?}");
    found.into_iter().map(|it| it.unwrap().1).collect()
}

fn line(line: &impl serde::Serialize) -> String {
    serde_json::to_string(line).unwrap()
}

fn drafts() -> impl Strategy<Value = Draft> {
    let name = || "[a-z\u{e9}\u{1f6aa}]{1,6}";
    (
        ("\\PC{0,40}x", name(), name(), prop::option::of(name()), prop::option::of(name())),
        prop::option::of(0..=4_102_444_800_000_000_u64),
        prop::collection::vec(name(), 0..4),
        prop::collection::btree_map(name(), ".{0,8}", 0..3),
        (0.0..=1.0_f32, 0.0..=1.0_f32, any::<bool>()),
    )
        .prop_map(|((text, space, kind, author, thread), at, tags, fields, (a, b, pinned))| {
            Draft {
                space,
                text,
                author,
                thread,
                at: at.map(Timestamp::from_micros),
                kind,
                tags,
                fields,
                importance: a,
                confidence: b,
                pinned,
            }
        })
}

/// A record, whether it is archived, what it supersedes, and how it is related.
type Made = (Draft, bool, Vec<usize>, Vec<(usize, f32)>);

fn stores() -> impl Strategy<Value = Vec<Made>> {
    let older = prop::collection::vec(0..20_usize, 0..3);
    let related = prop::collection::vec((0..20_usize, 0.0..=1.0_f32), 0..3);
    prop::collection::vec((drafts(), any::<bool>(), older, related), 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_table_says_what_the_lines_say(store in stores(), rows_max in 1..30_usize) {
        let (mut records, mut relations, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        let count = store.len();
        for (id, (draft, archived, older, related)) in store.into_iter().enumerate() {
            let name = |it: usize| MemoryId(it as u64 * 3);
            let older: Vec<MemoryId> = older.into_iter().filter(|it| *it < id).map(name).collect();
            let record = RecordLine::of(Some(name(id)), draft).archived(archived);
            let record = record.trust(Trust::ALL[id % Trust::ALL.len()]);
            records.push(line(&record.supersedes(&older)));
            rows.push(records[id].clone());
            for (to, weight) in related.into_iter().filter(|it| it.0 < count && it.0 != id) {
                let kind = "near".to_owned();
                let edge = Edge { from: name(id), kind, to: name(to), weight };
                relations.push(line(&RelationLine::of(edge)));
                rows.push(relations[relations.len() - 1].clone());
            }
        }
        let lines = [records, relations].concat().join("\n");
        let (found, stop) = read("a.jsonl", Format::Auto, lines.as_bytes());
        prop_assert!(stop.is_none());
        let expected: Vec<Item> = found.into_iter().map(|it| it.unwrap().1).collect();
        let table = table(&rows, rows_max);
        prop_assert_eq!(items(&table), expected);
        // The same lines are the same bytes.
        prop_assert_eq!(self::table(&rows, rows_max), table);
    }

    #[test]
    fn no_bytes_break_a_reader(changes in prop::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
        for file in [PYARROW, FLAT, PAIRS, &ours()] {
            let mut bytes = file.to_vec();
            for (at, byte) in &changes {
                let at = usize::from(*at) % bytes.len();
                bytes[at] = *byte;
            }
            let (found, _) = read("a.parquet", Format::Parquet, &bytes);
            for (_, item) in found.into_iter().flatten() {
                if let Item::Record { draft, .. } = item {
                    prop_assert_eq!(draft.check(), Ok(()));
                }
            }
        }
    }
}

/// A small table.
fn ours() -> Vec<u8> {
    let draft = |text: &str| Draft {
        text: text.to_owned(),
        tags: vec!["x".to_owned(), "y".to_owned()],
        fields: [("a".to_owned(), "b".to_owned())].into(),
        ..Draft::default()
    };
    let id = |it| Some(MemoryId(it));
    let edge = Edge { from: MemoryId(1), kind: "near".to_owned(), to: MemoryId(2), weight: 0.5 };
    let lines = [
        line(&RecordLine::of(id(1), draft("one"))),
        line(&RelationLine::of(edge)),
        line(&RecordLine::of(id(2), draft("two")).supersedes(&[MemoryId(1)])),
    ];
    table(&lines, 16)
}

#[test]
fn a_table_of_another_writer_is_read() {
    let draft = |text: &str| Draft { text: text.to_owned(), ..Draft::default() };
    let record = |id, draft, supersedes: &[u64]| Item::Record {
        id,
        draft: Box::new(draft),
        supersedes: supersedes.to_vec(),
        trust: None,
        untimed: None,
    };
    let ada = Some("Ada".to_owned());
    let door = Draft {
        author: ada.clone(),
        at: Some(Timestamp::from_micros(1_704_190_272_123_456)),
        tags: vec!["house".to_owned(), "door".to_owned()],
        fields: [("a".to_owned(), "b".to_owned())].into(),
        importance: 0.1,
        pinned: true,
        ..draft("The door is green.")
    };
    let roof = Draft { importance: 0.9, confidence: 0.0, ..draft("The roof leaks.") };
    let mended =
        Draft { author: ada, at: Some(Timestamp::from_micros(0)), ..draft("It was mended.") };
    let near = Item::Relation { from: 7, kind: "near".to_owned(), to: 9, weight: 1.0 };
    let expected = [
        record(Some(7), door, &[]),
        record(Some(8), roof, &[]),
        record(Some(9), mended, &[7, 8]),
        near,
    ];
    assert_eq!(items(PYARROW), expected);
    // Whatever it is called.
    assert_eq!(read("a.txt", Format::Auto, PYARROW).0.len(), 4);

    let one = Draft {
        at: Some(Timestamp::from_micros(1_704_153_600_000_000)),
        tags: vec!["x".to_owned(), "y".to_owned()],
        fields: [("a".to_owned(), "b".to_owned())].into(),
        ..draft("one")
    };
    assert_eq!(items(FLAT), [record(None, one, &[]), record(None, draft("two"), &[])]);
}

#[test]
fn fields_are_read_as_pandas_writes_them_back() {
    let fields: Vec<String> = items(PAIRS)
        .into_iter()
        .map(|it| match it {
            Item::Record { draft, .. } => format!("{:?}", draft.fields),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(fields, ["{\"a\": \"b\", \"c\": \"d\"}", "{}", "{}"]);
}

/// A sample with one place changed, and what is told of it then.
fn changed(sample: &[u8], from: &[u8], to: &[u8]) -> String {
    let mut bytes = sample.to_vec();
    let at = bytes.windows(from.len()).position(|it| it == from).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
    wrong(&bytes).1
}

/// Found by changing bytes: what decodes values takes for granted that they are there.
#[test]
fn pages_with_less_than_they_say_are_refused() {
    // A text that is longer than its page.
    let told = changed(FLAT, b"\x03\0\0\0two", b"\x40");
    assert_eq!(told, "text: a page has fewer values than it says");
    // A dictionary that says it is an index, which is passed over.
    let told = changed(FLAT, b"PAR1\x15\x04", b"PAR1\x15\x02");
    assert_eq!(told, "text: its dictionary is missing");
}

/// A table of one column of texts, as the schema says.
fn of_texts(schema: &str, values: &[&str]) -> Vec<u8> {
    use parquet::{
        data_type::{ByteArray, ByteArrayType},
        file::writer::SerializedFileWriter,
        schema::parser::parse_message_type,
    };
    let schema = parse_message_type(schema).unwrap().into();
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Default::default()).unwrap();
    let mut group = file.next_row_group().unwrap();
    while let Some(mut column) = group.next_column().unwrap() {
        let values: Vec<ByteArray> = values.iter().map(|it| ByteArray::from(*it)).collect();
        column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    file.into_inner().unwrap()
}

/// A table of two rows, of which the first is near the second, with ids of this type.
fn with_ids<T: parquet::data_type::DataType>(of: &str, ids: [T::T; 2]) -> Vec<u8> {
    use parquet::{
        data_type::ByteArrayType, file::writer::SerializedFileWriter,
        schema::parser::parse_message_type,
    };
    let (kind, to) = ("required binary kind (STRING)", of.replace("id", "to"));
    let schema = format!(
        "message m {{ {of}; required binary text (STRING); repeated group relations {{ {kind}; {to}; }} }}"
    );
    let schema = parse_message_type(&schema).unwrap().into();
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Default::default()).unwrap();
    let mut group = file.next_row_group().unwrap();
    let levels = (Some(&[1, 0][..]), Some(&[0, 0][..]));
    for place in 0..4 {
        let mut column = group.next_column().unwrap().unwrap();
        let written = match place {
            0 => column.typed::<T>().write_batch(&ids, None, None),
            1 => column.typed::<ByteArrayType>().write_batch(&["a".into(), "b".into()], None, None),
            2 => column.typed::<ByteArrayType>().write_batch(&["near".into()], levels.0, levels.1),
            _ => column.typed::<T>().write_batch(&ids[1..], levels.0, levels.1),
        };
        written.unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    file.into_inner().unwrap()
}

#[test]
fn ids_without_a_sign_are_read_whole() {
    use parquet::data_type::{Int32Type, Int64Type};
    let ids = |table: &[u8]| {
        let ids = items(table).into_iter().map(|it| match it {
            Item::Record { id, .. } => (id.unwrap(), None),
            Item::Relation { from, to, .. } => (from, Some(to)),
            Item::Empty => panic!("it has a text"),
        });
        ids.collect::<Vec<_>>()
    };
    let small = 3_000_000_000;
    for of in ["required int32 id (INTEGER(32,false))", "required int32 id (UINT_32)"] {
        let table = with_ids::<Int32Type>(of, [5, (small as u32).cast_signed()]);
        assert_eq!(ids(&table), [(5, None), (small, None), (5, Some(small))]);
    }
    let table = with_ids::<Int64Type>("required int64 id (INTEGER(64,false))", [5, i64::MIN]);
    assert_eq!(ids(&table), [(5, None), (1 << 63, None), (5, Some(1 << 63))]);
    let problem = wrong(&with_ids::<Int32Type>("required int32 id", [5, -1])).1;
    assert!(problem.contains("`-1` is no id"), "{problem}");
}

/// What is wrong first with a table.
fn wrong(table: &[u8]) -> (Place, String) {
    let (found, stop) = read("a.parquet", Format::Auto, table);
    let first = found.into_iter().find_map(Result::err);
    let stop = stop.map(|it| match it {
        Stop::Bad(bad) => bad,
        Stop::Disk(error) => panic!("{error}"),
    });
    let Bad { place, problem } = first.or(stop).unwrap();
    (place, problem)
}

#[test]
fn what_is_wrong_with_a_table_is_told_with_its_row_and_column() {
    let place = |line, column| Place { line, column };
    let text = "message m { required binary text (STRING); required binary kind (STRING); }";
    let (at, problem) = wrong(&of_texts(text, &["a", ""]));
    assert_eq!((at, &*problem), (place(2, 1), "text: is empty"));
    let long = "x".repeat(300);
    let (at, problem) = wrong(&of_texts(text, &["a", &long]));
    assert_eq!((at, &*problem), (place(2, 2), "kind: has 300 bytes, and 256 are the most"));
    let unknown = "message m { required binary text (STRING); required binary autor (STRING); }";
    let (at, problem) = wrong(&of_texts(unknown, &["a"]));
    assert_eq!(at, place(1, 2));
    assert!(problem.starts_with("unknown column `autor`, expected one of `id`"), "{problem}");
    let (_, problem) = wrong(&of_texts("message m { required binary kind (STRING); }", &["a"]));
    assert_eq!(problem, "there is no column `text`");
    let other = "message m { required binary text (STRING); required binary pinned (STRING); }";
    let (at, problem) = wrong(&of_texts(other, &["a"]));
    assert!(at == place(1, 2) && problem.starts_with("pinned: a boolean is wanted"), "{problem}");
    let tags = "message m { required binary text (STRING); required binary tags (STRING); }";
    let (at, problem) = wrong(&of_texts(tags, &["a"]));
    assert!(at == place(1, 2) && problem.starts_with("tags: this is no list"), "{problem}");
    let at_ = "message m { required binary text (STRING); required binary at (STRING); }";
    assert!(wrong(&of_texts(at_, &["soon"])).1.starts_with("at: `soon` is no time since 1970"));
    // What is wrong with one row does not keep the others away.
    assert_eq!(read("a.parquet", Format::Auto, &of_texts(tags, &["a", "[]", "b"])).0.len(), 3);

    let whole = ours();
    assert!(wrong(&whole[..whole.len() - 9]).1.contains("it is cut off"));
    assert!(wrong(b"{\"text\":\"a text\"}").1.contains("it begins otherwise"));
    assert!(wrong(b"PAR1").1.contains("it is too short"));
    let mut long = whole.clone();
    let at = long.len() - 8;
    long[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(wrong(&long).1.contains("more than 4194304 bytes of itself"));
}

#[test]
fn a_schema_that_is_too_deep_is_refused_before_it_is_read() {
    let group = |depth: usize| {
        let groups: String = (0..depth).map(|it| format!("required group g{it} {{ ")).collect();
        let ends = "} ".repeat(depth);
        format!("message m {{ {groups} required binary text (STRING); {ends} }}")
    };
    let problem = |depth| wrong(&of_texts(&group(depth), &["a"])).1;
    assert!(problem(3).starts_with("unknown column `g0`"), "{}", problem(3));
    assert_eq!(problem(40), "the file has too many columns, or too deep ones");
}

#[test]
fn a_relation_far_from_its_record_is_no_row() {
    let mut table = TableWriter::new(Vec::new()).unwrap();
    let relation = "{\"from\":\"m1\",\"kind\":\"near\",\"to\":\"m2\"}";
    assert!(matches!(table.line(relation), Err(TableError::Order)));
    table.line("{\"id\":\"m2\",\"text\":\"a\"}").unwrap();
    assert!(matches!(table.line(relation), Err(TableError::Order)));
    assert!(matches!(table.line("nonsense"), Err(TableError::Line(_))));
}

#[test]
fn a_table_without_rows_says_nothing() {
    assert_eq!(read("a.parquet", Format::Auto, &table(&[], 16)).0, Vec::<Found>::new());
}
