//! Reads LoCoMo, a benchmark of long conversations between two people.
//!
//! A. Maharana et al., *Evaluating Very Long-Term Conversational Memory of LLM Agents* (ACL 2024). The data are
//! licensed CC BY-NC 4.0: they measure, nothing is trained on them that ships, and no text of them is here.
//!
//! The file also carries summaries and observations that were made from the answers' point of view: nothing
//! of those is read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;
use voyager_base::clock::Timestamp;

use super::{
    Category, Conversation, Gold, Seen, Turn,
    date::{Date, MONTHS},
};

/// Largest file that is read: ten times the published one.
const BYTES_MAX: u64 = 32 << 20;

/// Highest number of a session.
const SESSION_MAX: u32 = 10_000;

/// A file that can't be read as LoCoMo.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file can't be opened or read.
    #[error("`{path}` can't be read", path = path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is larger than any data set of this kind.
    #[error("`{path}` has more than {BYTES_MAX} bytes: it is no file of LoCoMo", path = path.display())]
    Large {
        /// Which one.
        path: PathBuf,
    },
    /// The file is not what it should be.
    #[error("`{path}`: {place}: {problem}; is it a file of LoCoMo?", path = path.display())]
    Malformed {
        /// Which one.
        path: PathBuf,
        /// Where in it.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

/// What is wrong, and where in the file.
type Problem = (String, String);

/// Reads the conversations of `data`. Of questions whose evidence an audit found wrong, `corrections` has the
/// right one: a list of objects with `sample_id`, `question` and `correct_evidence`.
///
/// Questions without evidence that exists are left out, as nothing can be found for them.
///
/// # Errors
/// When a file can't be read, or is not what it should be.
pub fn read(data: &Path, corrections: Option<&Path>) -> Result<Vec<Conversation>, Unreadable> {
    let malformed = |path: &Path| {
        let path = path.to_owned();
        move |(place, problem)| Unreadable::Malformed { path, place, problem }
    };
    let corrected = match corrections {
        None => BTreeMap::new(),
        Some(path) => corrections_of(&bytes(path)?).map_err(malformed(path))?,
    };
    conversations_of(&bytes(data)?, &corrected).map_err(malformed(data))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::new();
    let read = |bytes| File::open(path)?.take(BYTES_MAX + 1).read_to_end(bytes);
    let fail = |source| Unreadable::File { path: path.to_owned(), source };
    if read(&mut bytes).map_err(fail)? as u64 > BYTES_MAX {
        return Err(Unreadable::Large { path: path.to_owned() });
    }
    Ok(bytes)
}

/// A conversation as it stands in the file. What is not named here is not read.
#[derive(Deserialize)]
struct Sample {
    sample_id: String,
    /// Sessions and their dates by name, and the speakers.
    conversation: BTreeMap<String, Value>,
    qa: Vec<Asked>,
}

#[derive(Deserialize)]
struct Said {
    speaker: String,
    dia_id: String,
    text: String,
    blip_caption: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    question: String,
    category: u8,
    #[serde(default)]
    evidence: Vec<String>,
    /// A text, or a number.
    answer: Option<Value>,
}

#[derive(Deserialize)]
struct Correction {
    sample_id: String,
    question: String,
    correct_evidence: Vec<String>,
}

/// Right evidence by conversation and question.
type Corrections = BTreeMap<(String, String), Vec<String>>;

fn corrections_of(json: &[u8]) -> Result<Corrections, Problem> {
    let list: Vec<Correction> = serde_json::from_slice(json).map_err(at_line)?;
    Ok(list.into_iter().map(|it| ((it.sample_id, it.question), it.correct_evidence)).collect())
}

fn at_line(error: serde_json::Error) -> Problem {
    let text = error.to_string();
    // The place stands before it.
    let problem = text.split(" at line ").next().unwrap_or(&text);
    (format!("line {}, column {}", error.line(), error.column()), problem.to_owned())
}

fn conversations_of(json: &[u8], corrected: &Corrections) -> Result<Vec<Conversation>, Problem> {
    let samples: Vec<Sample> = serde_json::from_slice(json).map_err(at_line)?;
    let mut names = BTreeSet::new();
    if let Some(twice) = samples.iter().find(|it| !names.insert(it.sample_id.as_str())) {
        let problem = "two conversations have this name".to_owned();
        return Err((twice.sample_id.clone(), problem));
    }
    samples.into_iter().map(|sample| conversation(sample, corrected)).collect()
}

fn conversation(sample: Sample, corrected: &Corrections) -> Result<Conversation, Problem> {
    let name = sample.sample_id;
    let mut turns = Vec::new();
    for session in sessions(&sample.conversation) {
        let place = format!("{name}: session_{session}");
        let fail = |problem: String| (place.clone(), problem);
        let date = sample.conversation.get(&format!("session_{session}_date_time"));
        let date = date.and_then(Value::as_str).unwrap_or_default();
        let at = parse_date(date).ok_or_else(|| {
            fail(format!("its date is {date:?}, not like `1:56 pm on 8 May, 2023`"))
        })?;
        let said = sample.conversation[&session_key(session)].clone();
        let said: Vec<Said> = serde_json::from_value(said).map_err(|it| fail(it.to_string()))?;
        turns.extend(said.into_iter().map(|it| Turn {
            speaker: it.speaker,
            id: it.dia_id,
            text: it.text,
            caption: it.blip_caption.filter(|it| !it.is_empty()),
            session,
            at,
        }));
    }
    let places: BTreeMap<&str, usize> =
        turns.iter().enumerate().map(|(place, it)| (it.id.as_str(), place)).collect();
    let (mut questions, mut gold) = (Vec::new(), Vec::new());
    for (number, asked) in sample.qa.into_iter().enumerate() {
        let category = category(asked.category).ok_or_else(|| {
            let problem = format!("its category is {}, not one of 1 to 5", asked.category);
            (format!("{name}: question {number}"), problem)
        })?;
        let key = (name.clone(), asked.question);
        let evidence = corrected.get(&key).filter(|it| !it.is_empty()).unwrap_or(&asked.evidence);
        let evidence = evidence.iter().flat_map(|it| ids(it)).filter_map(|it| places.get(it));
        let mut evidence: Vec<usize> = evidence.copied().collect();
        evidence.sort_unstable();
        evidence.dedup();
        if evidence.is_empty() {
            continue;
        }
        let answer =
            asked.answer.map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
        gold.push(Gold { number, category, evidence, answer });
        questions.push(key.1);
    }
    Ok(Conversation { seen: Seen { name, turns, questions }, gold })
}

/// The key of a session's turns.
fn session_key(session: u32) -> String {
    format!("session_{session}")
}

/// Numbers of the sessions that have turns.
fn sessions(conversation: &BTreeMap<String, Value>) -> Vec<u32> {
    let number = |key: &String| {
        let number = key.strip_prefix("session_")?.parse().ok()?;
        // `session_01` is another key than the one that is read.
        (*key == session_key(number)).then_some(number)
    };
    let mut numbers: Vec<u32> =
        conversation.keys().filter_map(number).filter(|it| *it <= SESSION_MAX).collect();
    numbers.sort_unstable();
    numbers
}

/// The file's numbers, which follow the official evaluation and not the paper's text.
fn category(number: u8) -> Option<Category> {
    Some(match number {
        1 => Category::MultiHop,
        2 => Category::Temporal,
        3 => Category::Open,
        4 => Category::SingleHop,
        5 => Category::Adversarial,
        _ => return None,
    })
}

/// All ids in a text. Most evidence is one; some is a list with blanks or semicolons between, and what is
/// misspelt (`D:11:26`) names nothing.
fn ids(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|it| it.is_ascii_digit()).count();
    let (mut ids, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let first = if bytes[at] == b'D' { digits(at + 1) } else { 0 };
        let colon = at + 1 + first;
        let second =
            if first > 0 && bytes.get(colon) == Some(&b':') { digits(colon + 1) } else { 0 };
        if second > 0 {
            let end = colon + 1 + second;
            ids.push(&text[at..end]);
            at = end;
        } else {
            at += 1;
        }
    }
    ids
}

/// A time like `1:56 pm on 8 May, 2023`. It has no zone: it counts as UTC.
fn parse_date(text: &str) -> Option<Timestamp> {
    let (time, date) = text.split_once(" on ")?;
    let (clock, half) = time.split_once(' ')?;
    let (hour, minute) = clock.split_once(':')?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let noon = match half {
        "am" => 0,
        "pm" => 12,
        _ => return None,
    };
    let (date, year) = date.split_once(", ")?;
    let (day, month) = date.split_once(' ')?;
    let month = MONTHS.iter().position(|it| *it == month)? + 1;
    let date = Date::new(year.parse().ok()?, month as u32, day.parse().ok()?)?;
    ((1..=12).contains(&hour) && minute < 60).then(|| date.at(hour % 12 + noon, minute))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TINY: &str = r#"[{
        "sample_id": "tiny",
        "observation": {"session_1_observation": 7},
        "session_summary": ["never read"],
        "event_summary": null,
        "conversation": {
            "speaker_a": "Ann", "speaker_b": "Bo",
            "session_10": [{"speaker": "Bo", "dia_id": "D10:1", "text": "Bye."}],
            "session_10_date_time": "12:05 am on 1 March, 2024",
            "session_2": [
                {"speaker": "Ann", "dia_id": "D2:1", "text": "Look!", "blip_caption": "a red kite",
                 "img_url": ["x"], "re-download": true, "query": "kite"},
                {"speaker": "Bo", "dia_id": "D2:2", "text": "Nice."}
            ],
            "session_2_date_time": "12:30 pm on 29 February, 2024",
            "session_3_date_time": "1:00 pm on 30 February, 2024"
        },
        "qa": [
            {"question": "Gone?", "category": 1, "evidence": ["D9:9", "D:2:1"], "answer": 1},
            {"question": "What?", "category": 4, "evidence": ["D10:1; D2:1", "D2:1"], "answer": "a kite"},
            {"question": "When?", "category": 2, "evidence": ["D2:2"], "answer": 2024},
            {"question": "Why?", "category": 5, "evidence": ["D2:2"], "adversarial_answer": "so"}
        ]
    }]"#;

    fn tiny(corrected: &Corrections) -> Conversation {
        conversations_of(TINY.as_bytes(), corrected).unwrap().remove(0)
    }

    #[test]
    fn turns_come_in_the_order_of_their_sessions() {
        let seen = tiny(&Corrections::new()).seen;
        let turns: Vec<_> = seen.turns.iter().map(|it| (it.session, it.full())).collect();
        let expected = [(2, "Ann: Look! [shares a red kite]"), (2, "Bo: Nice."), (10, "Bo: Bye.")];
        assert_eq!(turns, expected.map(|(session, text)| (session, text.to_owned())));
        assert_eq!(seen.turns[0].at.to_string(), "2024-02-29T12:30:00.000Z");
        assert_eq!(seen.turns[2].at.to_string(), "2024-03-01T00:05:00.000Z");
    }

    #[test]
    fn keys_that_are_only_like_those_of_sessions_are_none() {
        for key in ["session_02", "session_+2", "session_ 2", "session_-0"] {
            let text = TINY.replace("\"session_2\"", &format!("\"{key}\""));
            let read = conversations_of(text.as_bytes(), &Corrections::new()).unwrap().remove(0);
            assert_eq!(read.seen.turns.len(), 1, "{key}");
        }
    }

    #[test]
    fn evidence_is_found_in_untidy_lists_and_questions_without_any_are_left_out() {
        let read = tiny(&Corrections::new());
        assert_eq!(read.seen.questions, ["What?", "When?", "Why?"]);
        let gold: Vec<_> =
            read.gold.iter().map(|it| (it.number, it.category, &it.evidence[..])).collect();
        let expected: [(usize, Category, &[usize]); 3] = [
            (1, Category::SingleHop, &[0, 2]),
            (2, Category::Temporal, &[1]),
            (3, Category::Adversarial, &[1]),
        ];
        assert_eq!(gold, expected);
        let answers: Vec<_> = read.gold.iter().map(|it| it.answer.as_deref()).collect();
        assert_eq!(answers, [Some("a kite"), Some("2024"), None]);
        assert_eq!(ids("D1:2D3:4 xD5:6, D:7:8 D9: DD10:11"), ["D1:2", "D3:4", "D5:6", "D10:11"]);
    }

    #[test]
    fn a_correction_replaces_the_evidence_of_its_question() {
        let list = br#"[
            {"sample_id": "tiny", "question": "Gone?", "correct_evidence": ["D2:2"]},
            {"sample_id": "tiny", "question": "What?", "correct_evidence": []},
            {"sample_id": "other", "question": "When?", "correct_evidence": ["D2:1"]}
        ]"#;
        let read = tiny(&corrections_of(list).unwrap());
        let evidence: Vec<_> = read.gold.iter().map(|it| &it.evidence[..]).collect();
        assert_eq!(evidence, [&[1][..], &[0, 2], &[1], &[1]]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let fails = |from: &str, to: &str| {
            let text = TINY.replace(from, to);
            conversations_of(text.as_bytes(), &Corrections::new()).unwrap_err()
        };
        let (place, problem) = fails("12:05 am", "13:05 am");
        assert_eq!(place, "tiny: session_10");
        assert!(problem.starts_with("its date is \"13:05 am on 1 March, 2024\""), "{problem}");
        let (place, problem) = fails(r#""text": "Bye.""#, r#""words": "Bye.""#);
        assert_eq!((&place[..], &problem[..]), ("tiny: session_10", "missing field `text`"));
        let (place, problem) = fails(r#""category": 2"#, r#""category": 6"#);
        assert_eq!((&place[..], &problem[..18]), ("tiny: question 2", "its category is 6,"));
        assert!(fails("[{", "[{{").0.starts_with("line 1, column "));
        let twice = format!("[{0},{0}]", &TINY[1..TINY.len() - 1]);
        let error = conversations_of(twice.as_bytes(), &Corrections::new()).unwrap_err();
        assert_eq!(error, ("tiny".to_owned(), "two conversations have this name".to_owned()));
        let missing = read(Path::new("/nowhere/locomo.json"), None).unwrap_err();
        assert_eq!(missing.to_string(), "`/nowhere/locomo.json` can't be read");
    }

    #[test]
    fn the_published_file_has_the_questions_that_it_is_known_for() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/locomo");
        let (data, corrections) = (folder.join("locomo-5.json"), folder.join("label-errors.json"));
        if !data.exists() {
            eprintln!("skipped: no conversations of LoCoMo at {}", data.display());
            return;
        }
        let plain = read(&data, None).unwrap();
        let sizes = plain.iter().map(|it| (&it.seen.name[..], it.seen.turns.len(), it.gold.len()));
        let expected = [
            ("conv-26", 419, 197),
            ("conv-41", 663, 193),
            ("conv-43", 680, 242),
            ("conv-47", 689, 190),
            ("conv-49", 509, 196),
        ];
        assert!(sizes.eq(expected));
        let corrected = read(&data, Some(&corrections)).unwrap();
        let gold = |read: &[Conversation]| -> BTreeMap<(String, usize), Vec<usize>> {
            let all = read.iter().flat_map(|it| it.gold.iter().map(|gold| (&it.seen.name, gold)));
            all.map(|(name, it)| ((name.clone(), it.number), it.evidence.clone())).collect()
        };
        let (plain, corrected) = (gold(&plain), gold(&corrected));
        let changed = corrected.iter().filter(|(key, it)| plain.get(key) != Some(it)).count();
        assert!((40..=87).contains(&changed), "{changed} questions have other evidence");
    }
}
