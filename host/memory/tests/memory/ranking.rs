//! What recall ranks by, and how it doubts.

use voyager_base::{
    chance::{Chance, Seeded},
    sim::SimDisk,
};
use voyager_memory::{BATCH_MAX, Candidate, DOUBT_FROM, Draft, Entry, Memory, Question};

use crate::support::{now, open};

#[test]
fn a_small_store_says_nothing_of_its_doubt() {
    let memory = open(&SimDisk::new(1));
    let remember = |count: u64| {
        let entry = |it: u64| Draft { text: format!("note {it}"), ..Draft::default() }.into();
        let entries: Vec<Entry> = (0..count).map(entry).collect();
        memory.remember(&entries, None, now()).unwrap();
    };
    let doubt = || {
        let question = Question { text: "which note?".to_owned(), ..Question::default() };
        memory.recall(&question, now()).unwrap().doubt
    };
    remember(DOUBT_FROM - 1);
    assert_eq!(doubt(), None);
    remember(1);
    assert!(doubt().is_some_and(|it| (0.0..=1.0).contains(&it)));
}

/// Plain notes: nobody says them to anybody.
fn noted(notes: impl IntoIterator<Item = String>) -> Memory {
    let memory = open(&SimDisk::new(1));
    let entries: Vec<Entry> =
        notes.into_iter().map(|text| Draft { text, ..Draft::default() }.into()).collect();
    for some in entries.chunks(BATCH_MAX) {
        memory.remember(some, None, now()).unwrap();
    }
    memory
}

fn doubt_of(memory: &Memory, text: &str) -> Option<f64> {
    let question = Question { text: text.to_owned(), ..Question::default() };
    memory.recall(&question, now()).unwrap().doubt
}

#[test]
fn what_a_note_answers_word_for_word_is_believed_and_what_none_does_is_not() {
    const ROOMS: [&str; 10] = [
        "attic", "kitchen", "hall", "bathroom", "garage", "nursery", "office", "bedroom", "shed",
        "pantry",
    ];
    const THINGS: [&str; 8] =
        ["lamp", "table", "curtain", "carpet", "shelf", "window", "mirror", "clock"];
    const COLOURS: [&str; 6] = ["green", "white", "grey", "black", "orange", "brown"];
    const PEOPLE: [&str; 8] = ["Hugo", "Nadia", "Selma", "Ivan", "Greta", "Oscar", "Lena", "Marco"];
    const TOWNS: [&str; 10] = [
        "Ludlow", "Bergen", "Porto", "Verona", "Graz", "Leiden", "Nantes", "Tartu", "Ghent", "Bath",
    ];
    const SHOPS: [&str; 8] =
        ["bakery", "library", "barber", "bank", "cinema", "florist", "tailor", "gym"];
    let of = |words: &[&'static str], number: usize| words[number % words.len()];
    let of_rooms = (0..80).map(|it| {
        let (thing, room, colour) = (of(&THINGS, it / 10), of(&ROOMS, it), of(&COLOURS, it * 7));
        format!("The {thing} in the {room} is {colour}.")
    });
    let of_people = (0..80).map(|it| {
        let (one, other) = (of(&PEOPLE, it / 10), of(&TOWNS, it));
        match it % 2 {
            0 => format!("{one} took the train to {other}."),
            _ => format!("{one} knows a cook in {other}."),
        }
    });
    let of_shops = (0..80).map(|it| match it % 2 {
        0 => format!("The {} in {} is shut on Mondays.", of(&SHOPS, it / 10), of(&TOWNS, it)),
        _ => format!("The {} in {} sells stamps.", of(&SHOPS, it / 10), of(&TOWNS, it)),
    });
    let asked_for = [
        "The dentist is at Mill Lane 4.",
        "Grandmother was born in Trieste.",
        "The colour of the door in the cellar is blue.",
    ];
    let notes = of_rooms.chain(of_people).chain(of_shops);
    let memory = noted(notes.chain(asked_for.map(str::to_owned)));
    let doubt = |text| doubt_of(&memory, text).unwrap();
    for text in [
        "Where is the dentist?",
        "Where was grandmother born?",
        "What colour is the door in the cellar?",
    ] {
        assert!(doubt(text) < 0.5, "{text} {}", doubt(text));
    }
    for text in [
        "Where is the optician?",
        "Where was the midwife born?",
        "Which trumpet did the pilot in Lisbon buy?",
    ] {
        assert!(doubt(text) > 0.5, "{text} {}", doubt(text));
    }
}

#[test]
fn the_only_note_that_holds_a_word_answers_it_among_thousands() {
    let chance = Seeded::new(3);
    let syllable =
        || ["ka", "lo", "mi", "ru", "te", "sa", "no", "vi"][chance.number() as usize % 8];
    let word = || (0..3).map(|_| syllable()).collect::<String>();
    let notes = (0..4_001).map(|_| (0..8).map(|_| word()).collect::<Vec<_>>().join(" "));
    let memory = noted(notes.chain(["The door is green.".to_owned()]));
    let doubt = |text| doubt_of(&memory, text).unwrap();
    assert!(doubt("door") < 0.5, "{}", doubt("door"));
    assert!(doubt("Which trumpet did the pilot buy?") > 0.8);
}

#[test]
fn a_question_for_two_things_finds_both() {
    let memory = open(&SimDisk::new(1));
    let told = |author: &str, text: String| {
        Entry::from(Draft { text, author: Some(author.to_owned()), ..Draft::default() })
    };
    // Of one there is much to tell, of the other a word, which stands with the first one too.
    let soup = |it: u64| format!("Soup number {it}, which I cook for Tom wherever we travel.");
    let mut entries: Vec<Entry> = (0..DOUBT_FROM).map(|it| told("Maria", soup(it))).collect();
    entries.push(told("Ada", "Soon we travel, by ferry.".to_owned()));
    let ids = memory.remember(&entries, None, now()).unwrap();
    let place = |text: &str| {
        let question = Question { text: text.to_owned(), limit: 100, ..Question::default() };
        let found = memory.recall(&question, now()).unwrap();
        let close = memory.consider(&question, now()).unwrap();
        let mut close: Vec<&Candidate> = close.candidates.iter().collect();
        close.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        let best = close.iter().map(|it| it.id).take(10);
        assert!(
            best.eq(found.hits.iter().map(|it| it.record.id).take(10)),
            "explain shows the same"
        );
        found.hits.iter().position(|it| it.record.id == ids[ids.len() - 1])
    };
    let both = place("What soup does Maria cook for Tom and where does Ada travel?");
    assert!(both.is_some_and(|it| it < 10), "{both:?}");
}
