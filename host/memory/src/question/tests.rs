//! Questions taken apart, by example.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

/// 2023-05-17T10:00Z, a Wednesday.
const NOW: Timestamp = Timestamp::from_millis(1_684_317_600_000);

fn shown(question: &Question) -> String {
    let mut lines = vec![format!("{:?}: {}", question.cue, question.core.join(" "))];
    let names: Vec<_> = question.names.iter().map(|it| it.name.as_str()).collect();
    if !names.is_empty() {
        lines.push(format!("names {}", names.join(", ")));
    }
    for time in &question.times {
        let window = if question.window.is_some() { "" } else { " (no window)" };
        lines.push(format!("time {:?} {:?}{window}", time.bound, time.span));
    }
    if let Some(related) = &question.related {
        lines.push(format!("{:?} [{}] rest [{}]", related.bound, related.event, related.rest));
    }
    lines.extend(question.parts.iter().map(|it| format!("part [{it}]")));
    lines.extend(question.exact.iter().map(|it| format!("exact {:?} [{}]", it.kind, it.text)));
    lines.iter().map(|it| format!("    {it}\n")).collect()
}

#[track_caller]
fn check(texts: &[&str], expected: Expect) {
    let lines: Vec<_> =
        texts.iter().map(|it| format!("{it}\n{}", shown(&analyse(it, NOW)))).collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn kinds_of_answers() {
    let cues = [
        ("When did Maria move?", Cue::When),
        ("In which year did Maria move?", Cue::When),
        ("What time is the meeting?", Cue::When),
        ("How long ago did she call?", Cue::When),
        ("When's the deadline?", Cue::When),
        ("Who called?", Cue::Who),
        ("With whom did Tom travel?", Cue::Who),
        ("Whose idea was it?", Cue::Who),
        ("Where does Maria live?", Cue::Where),
        ("Which city did Tom visit?", Cue::Where),
        ("In what country is the office?", Cue::Where),
        ("How many children does Tom have?", Cue::HowMany),
        ("How much did it cost?", Cue::HowMany),
        ("How often does she run?", Cue::HowMany),
        ("How long has Maria worked here?", Cue::HowLong),
        ("For how long did they talk?", Cue::HowLong),
        ("How did the release go?", Cue::How),
        ("How come the build failed?", Cue::Why),
        ("Why did the build fail?", Cue::Why),
        ("For what reason did she quit?", Cue::Why),
        ("Which book did Tom read?", Cue::Which),
        ("What did Maria paint?", Cue::What),
        ("What kind of car is it?", Cue::What),
        ("When she left, what did Tom do?", Cue::What),
        ("What did Tom do when Maria left?", Cue::What),
        ("After moving, where did Tom work?", Cue::Where),
        ("Did Maria call?", Cue::YesNo),
        ("Is the office open?", Cue::YesNo),
        ("Hasn't Tom answered?", Cue::YesNo),
        ("Would Maria enjoy a concert?", Cue::Hypothetical),
        ("What job would Tom likely pursue?", Cue::Hypothetical),
        ("Which city might Tom move to?", Cue::Hypothetical),
        ("What is probably the reason?", Cue::Hypothetical),
        ("What would you like?", Cue::What),
        ("List the books Tom read.", Cue::What),
        ("Tell me who wrote it", Cue::Who),
        ("Maria's favourite colour", Cue::Open),
        ("the person who called", Cue::Open),
        ("", Cue::Open),
        ("???", Cue::Open),
    ];
    for (text, cue) in cues {
        assert_eq!(analyse(text, NOW).cue, cue, "{text}");
    }
}

#[test]
fn names_times_and_what_it_is_about() {
    let texts = [
        "When did Maria Lopez sign the contract?",
        "what did maria's sister paint last week?",
        "What did Mel buy in June 2022?",
        "Which milestones did Project Apollo reach before 2021?",
        "How long has Dr. Weber worked at Siemens?",
        "Did Tom see a rose or did Rose see Tom?",
        "Who fixed ABC-123 in src/main.rs?",
        "What does \"Moby Dick\" say about parse_date()?",
        "What happened on Friday?",
        "Where was Tom between August 11 and August 15 2022?",
        "What has Maria done since 2019?",
        "Which team won the match every Friday?",
        "How many people came to the party?",
        "Where in Zürich did Melanie stay?",
    ];
    check(
        &texts,
        expect![[r#"
            When did Maria Lopez sign the contract?
                When: sign contract
                names Maria Lopez
            what did maria's sister paint last week?
                What: maria sister paint
                time Within 30..39
            What did Mel buy in June 2022?
                What: buy
                names Mel
                time Within 20..29
            Which milestones did Project Apollo reach before 2021?
                Which: milestones reach
                names Project Apollo
                time Before 42..53
            How long has Dr. Weber worked at Siemens?
                HowLong: worked
                names Dr. Weber, Siemens
            Did Tom see a rose or did Rose see Tom?
                YesNo: see rose
                names Tom, Rose, Tom
            Who fixed ABC-123 in src/main.rs?
                Who: fixed
                exact Issue [ABC-123]
                exact Path [src/main.rs]
            What does "Moby Dick" say about parse_date()?
                What: moby dick say
                exact Title [Moby Dick]
                exact Code [parse_date()]
            What happened on Friday?
                What: happened
                time Within 17..23
            Where was Tom between August 11 and August 15 2022?
                Where: 
                names Tom
                time Within 14..50
            What has Maria done since 2019?
                What: done
                names Maria
                time Since 20..30
            Which team won the match every Friday?
                Which: team won match
                time Within 25..37 (no window)
            How many people came to the party?
                HowMany: people came party
            Where in Zürich did Melanie stay?
                Where: stay
                names Zürich, Melanie
        "#]],
    );
}

#[test]
fn events_before_and_after() {
    let texts = [
        "What did Maria do after the trip to Spain?",
        "After moving to Berlin, where did Tom work?",
        "Who did Tom meet before he left the company?",
        "What has changed since the merger?",
        "What did Tom do when Maria left?",
        "When Maria left, what did Tom do?",
        "Have we met before?",
        "Who was the ship named after?",
        "Whom does Maria look after today?",
        "What did she say after all?",
        "How did Maria feel during the interview?",
        "What did Tom buy after May 2022?",
        "How many weeks passed until the release of version 1.2.3?",
        "How many boats has Maria built till date?",
    ];
    check(
        &texts,
        expect![[r#"
            What did Maria do after the trip to Spain?
                What: trip
                names Maria, Spain
                After [the trip to Spain] rest [What did Maria do]
                part [What did Maria do]
                part [the trip to Spain]
            After moving to Berlin, where did Tom work?
                Where: moving work
                names Berlin, Tom
                After [moving to Berlin] rest [where did Tom work?]
                part [where did Tom work?]
                part [moving to Berlin]
            Who did Tom meet before he left the company?
                Who: meet left company
                names Tom
                Before [he left the company] rest [Who did Tom meet]
                part [Who did Tom meet]
                part [he left the company]
            What has changed since the merger?
                What: changed merger
                Since [the merger] rest [What has changed]
                part [What has changed]
                part [the merger]
            What did Tom do when Maria left?
                What: left
                names Tom, Maria
                Within [Maria left] rest [What did Tom do]
                part [What did Tom do]
                part [Maria left]
            When Maria left, what did Tom do?
                What: left
                names Maria, Tom
                Within [Maria left] rest [what did Tom do?]
                part [what did Tom do?]
                part [Maria left]
            Have we met before?
                YesNo: met
            Who was the ship named after?
                Who: ship named
            Whom does Maria look after today?
                Who: look
                names Maria
                time Within 27..32
            What did she say after all?
                What: say
            How did Maria feel during the interview?
                How: feel interview
                names Maria
                Within [the interview] rest [How did Maria feel]
                part [How did Maria feel]
                part [the interview]
            What did Tom buy after May 2022?
                What: buy
                names Tom
                time After 17..31
            How many weeks passed until the release of version 1.2.3?
                HowMany: weeks passed release version
                Until [the release of version 1.2.3] rest [How many weeks passed]
                part [How many weeks passed]
                part [the release of version 1.2.3]
                exact Version [1.2.3]
            How many boats has Maria built till date?
                HowMany: boats built date
                names Maria
        "#]],
    );
}

#[test]
fn parts_of_questions() {
    let texts = [
        "What do both Maria and Tom like?",
        "Did Maria or Tom call first?",
        "Where have Maria, Tom and Melanie been?",
        "What did Maria cook and where did Tom go?",
        "What are Maria's hobbies and favourite books?",
        "What is the name of Tom's dog?",
        "Where does the person who gave Tom the book live?",
        "Which company that Maria worked for was sold?",
        "Where did Maria live and work?",
        "What did Maria and her sister cook?",
        "Who is Maria? Where does she live?",
        "What do Maria's and Tom's teams have in common?",
        "What is new?",
        "What did Maria buy and why?",
        "What was the quarrel between Maria and Tom about?",
    ];
    check(
        &texts,
        expect![[r#"
            What do both Maria and Tom like?
                What: like
                names Maria, Tom
                part [What do Maria like?]
                part [What do Tom like?]
            Did Maria or Tom call first?
                YesNo: call first
                names Maria, Tom
                part [Did Maria call first?]
                part [Did Tom call first?]
            Where have Maria, Tom and Melanie been?
                Where: 
                names Maria, Tom, Melanie
                part [Where have Maria been?]
                part [Where have Tom been?]
                part [Where have Melanie been?]
            What did Maria cook and where did Tom go?
                What: cook go
                names Maria, Tom
                part [What did Maria cook]
                part [where did Tom go]
            What are Maria's hobbies and favourite books?
                What: hobbies favourite books
                names Maria
                part [Maria's hobbies]
                part [Maria's favourite books]
            What is the name of Tom's dog?
                What: dog
                names Tom
            Where does the person who gave Tom the book live?
                Where: person gave book live
                names Tom
            Which company that Maria worked for was sold?
                Which: company worked sold
                names Maria
            Where did Maria live and work?
                Where: live work
                names Maria
            What did Maria and her sister cook?
                What: sister cook
                names Maria
            Who is Maria? Where does she live?
                Who: live
                names Maria
                part [Who is Maria]
                part [Where does she live]
            What do Maria's and Tom's teams have in common?
                What: teams common
                names Maria, Tom
                part [What do Maria's teams have in common?]
                part [What do Tom's teams have in common?]
            What is new?
                What: new
            What did Maria buy and why?
                What: buy
                names Maria
                part [What did Maria buy]
            What was the quarrel between Maria and Tom about?
                What: quarrel between
                names Maria, Tom
        "#]],
    );
}

#[test]
fn an_analysis_can_be_shown_and_read_back() {
    let question =
        analyse("What did both Maria and Tom do in \"Moby Dick\" after the trip in May 2022?", NOW);
    let shown = serde_json::to_string(&question).unwrap();
    assert_eq!(serde_json::from_str::<Question>(&shown).unwrap(), question);
    assert!(shown.contains(r#""cue":"what""#), "{shown}");
}

proptest! {
    #[test]
    fn any_text_is_a_question(text in "\\PC{0,200}", told: u64) {
        let found = analyse(&text, Timestamp::from_micros(told));
        prop_assert!(found.parts.len() <= parts::PARTS_MAX);
        for name in &found.names {
            prop_assert_eq!(&text[name.span.clone()], &name.name);
        }
    }

    #[test]
    fn any_words_of_asking_are_a_question(words in prop::collection::vec(prop::sample::select(vec![
        "who", "What", "when", "did", "and", "Maria", "Maria's", "Tom", "both", "after", "before", ",", "?", "the",
        "person", "that", "since", "2019", "or", "'s", "sister", "\"", ".", "how", "long", "é", "ends",
    ]), 0..30)) {
        for separator in [" ", ""] {
            let text = words.join(separator);
            analyse(&text, NOW);
        }
    }
}
