//! Counts words in the files of the granted folder.

use std::collections::BTreeMap;

use exports::my::{{crate}}::words::{Guest, Occurrences};
use voyager_sdk::{Error, Level, files, log};

wit_bindgen::generate!({
    path: "wit",
    world: "skill",
    with: {
        "voyager:types/types@0.1.0": voyager_sdk::bindings::voyager::types::types,
        "voyager:run/run@0.1.0": voyager_sdk::bindings::voyager::run::run,
        "voyager:workspace/files@0.1.0": voyager_sdk::bindings::voyager::workspace::files,
    },
});

struct Skill;

export!(Skill);

impl Guest for Skill {
    fn count(globs: Vec<String>, most: u32) -> Result<Vec<Occurrences>, Error> {
        if most == 0 {
            return Err(Error::invalid("`most` is 0; ask for at least one word"));
        }
        let globs: Vec<&str> = globs.iter().map(String::as_str).collect();
        let folder = files::only_folder()?;
        let mut counts = BTreeMap::new();
        for entry in folder.files(&globs)? {
            let path = entry?.path;
            match folder.read_to_string(&path) {
                Ok(text) => count_words(&text, &mut counts),
                Err(error) => log(Level::Warn, &format!("{path} is left out: {}", String::from(error))),
            }
        }
        Ok(most_frequent(counts, most))
    }
}

fn count_words(text: &str, counts: &mut BTreeMap<String, u32>) {
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
}

fn most_frequent(counts: BTreeMap<String, u32>, most: u32) -> Vec<Occurrences> {
    let mut all: Vec<Occurrences> =
        counts.into_iter().map(|(word, count)| Occurrences { word, count }).collect();
    all.sort_by_key(|it| std::cmp::Reverse(it.count));
    all.truncate(most as usize);
    all
}
