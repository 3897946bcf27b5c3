//! Text as tokens of the vocabulary.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use serde::Deserialize;
use serde_json::{Value, json};
use tokenizers::{Encoding, Tokenizer};

/// What cuts a text, and what stands around it.
#[derive(Debug)]
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    /// Before and after every text, such as `[CLS]` and `[SEP]`.
    before: Vec<u32>,
    after: Vec<u32>,
    /// With those around.
    max: usize,
}

impl Tokens {
    /// From the text of a `tokenizer.json`, for a vocabulary of `vocabulary` tokens of which at most
    /// `max` are taken. Says what is wrong.
    pub(super) fn of(file: &[u8], vocabulary: usize, max: usize) -> Result<Self, String> {
        let mut file: Value = serde_json::from_slice(file).map_err(|it| it.to_string())?;
        check_kinds(&file)?;
        check_added(&file["added_tokens"])?;
        let around = file["post_processor"].take();
        let (before, after) =
            if around.is_null() { Default::default() } else { read_around(around)? };
        let tokenizer = tokenizer(&file)?;
        if let Some((token, id)) =
            tokenizer.get_vocab(true).into_iter().find(|(_, id)| *id as usize >= vocabulary)
        {
            return Err(format!(
                "token {token:?} is number {id}, but the weights know {vocabulary} tokens: the files are \
                 of different encoders"
            ));
        }
        if before.iter().chain(&after).any(|id| *id as usize >= vocabulary) {
            return Err("the tokens around a text are not of the vocabulary".to_owned());
        }
        if before.len() + after.len() >= max {
            return Err(format!(
                "{} tokens stand around a text, which leaves none of {max} for it",
                before.len() + after.len()
            ));
        }
        Ok(Self { tokenizer, before, after, max })
    }

    pub(super) fn max(&self) -> usize {
        self.max
    }

    /// All that there are, with their numbers, in no order.
    pub(super) fn vocabulary(&self) -> Vec<(u32, String)> {
        self.tokenizer.get_vocab(false).into_iter().map(|(token, id)| (id, token)).collect()
    }

    /// Tokens of `text` alone, all of them.
    pub(super) fn count(&self, text: &str) -> usize {
        self.cut(text).map_or(0, |tokens| tokens.len())
    }

    /// The library asserts what a file says of its tokens, and of one that contradicts itself it may find out with some
    /// text only: that must not end who asks. Nothing changes in it, so that there is nothing half done.
    fn cut(&self, text: &str) -> Result<Encoding, String> {
        let cut = || self.tokenizer.encode_fast(text, false).map_err(|it| it.to_string());
        let panicked = "the tokens of the vocabulary contradict each other";
        catch_unwind(AssertUnwindSafe(cut)).unwrap_or_else(|_| Err(panicked.to_owned()))
    }

    /// Puts the tokens of `text` and those around it behind `into`, the end of the text cut off where
    /// there are too many. Says why there are none.
    pub(super) fn write(&self, text: &str, into: &mut Vec<u32>) -> Result<(), String> {
        let tokens = self.cut(text)?;
        let most = self.max - self.before.len() - self.after.len();
        let tokens = &tokens.get_ids()[..tokens.len().min(most)];
        if self.before.is_empty() && tokens.is_empty() && self.after.is_empty() {
            return Err("it has none, and none stand around it".to_owned());
        }
        into.extend(self.before.iter().chain(tokens).chain(&self.after));
        Ok(())
    }
}

/// Only what encoders of this family use: the library that reads the rest panics on some hostile files.
fn check_kinds(file: &Value) -> Result<(), String> {
    const KINDS: [(&str, &[&str]); 4] = [
        ("model", &["WordPiece"]),
        ("normalizer", &["BertNormalizer", "Lowercase", "NFD", "NFC", "NFKD", "NFKC"]),
        ("pre_tokenizer", &["BertPreTokenizer", "Whitespace", "WhitespaceSplit"]),
        ("post_processor", &["TemplateProcessing", "BertProcessing"]),
    ];
    for (part, kinds) in KINDS {
        let kind = &file[part]["type"];
        let absent = file[part].is_null() && part != "model";
        if !absent && !kinds.iter().any(|it| kind == *it) {
            return Err(format!("{part} is of type {kind}; known here: {}", kinds.join(", ")));
        }
    }
    Ok(())
}

/// Refuses what the library takes for part of two tokens: white space that one begins with, where another takes all that
/// follows it.
fn check_added(tokens: &Value) -> Result<(), String> {
    let all = || tokens.as_array().into_iter().flatten();
    let content = |it: &Value| it["content"].as_str().unwrap_or_default().to_owned();
    let begins = |it: &&Value| content(it).starts_with(char::is_whitespace);
    // Those that are looked for before a text is normalised, and those behind it, do not meet.
    let meets = |one: &Value, other: &Value| one["normalized"] == other["normalized"];
    let pairs = all().filter(|it| it["rstrip"] == true).flat_map(|takes| {
        all().filter(begins).filter(move |it| meets(it, takes)).map(move |it| (takes, it))
    });
    let Some((takes, begins)) = pairs.into_iter().next() else { return Ok(()) };
    Err(format!(
        "added token {:?} begins with white space, and {:?} takes what follows it: a text with one right behind the other can't be cut",
        content(begins),
        content(takes)
    ))
}

fn tokenizer(file: &Value) -> Result<Tokenizer, String> {
    // Cutting off, filling up and what stands around a text are done here.
    let mut known = json!({ "version": "1.0" });
    for part in ["added_tokens", "normalizer", "pre_tokenizer", "model"] {
        known[part] = file[part].clone();
    }
    if known["added_tokens"].is_null() {
        known["added_tokens"] = json!([]);
    }
    serde_json::from_value(known).map_err(|it| it.to_string())
}

/// What the file puts before and after a text.
fn read_around(file: Value) -> Result<(Vec<u32>, Vec<u32>), String> {
    let around: Around =
        serde_json::from_value(file).map_err(|it| format!("post_processor: {it}"))?;
    let (mut before, mut after, mut passed) = (Vec::new(), Vec::new(), false);
    match around {
        Around::BertProcessing { cls, sep } => return Ok((vec![cls.1], vec![sep.1])),
        Around::TemplateProcessing { single, special_tokens } => {
            for piece in single {
                match piece {
                    Piece::Sequence { .. } if passed => {
                        return Err("post_processor puts the text in twice".to_owned());
                    }
                    Piece::Sequence { .. } => passed = true,
                    Piece::SpecialToken { id } => {
                        let token = special_tokens
                            .get(&id)
                            .ok_or_else(|| format!("post_processor does not say what {id:?} is"))?;
                        if passed { &mut after } else { &mut before }.extend(&token.ids);
                    }
                }
            }
        }
    }
    if !passed {
        return Err("post_processor leaves the text out".to_owned());
    }
    Ok((before, after))
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Around {
    BertProcessing { cls: (String, u32), sep: (String, u32) },
    TemplateProcessing { single: Vec<Piece>, special_tokens: BTreeMap<String, Special> },
}

#[derive(Deserialize)]
enum Piece {
    SpecialToken { id: String },
    Sequence {},
}

#[derive(Deserialize)]
struct Special {
    ids: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_what_stands_around_are_read() {
        let bert =
            json!({ "type": "BertProcessing", "sep": ["[SEP]", 102], "cls": ["[CLS]", 101] });
        let template = json!({
            "type": "TemplateProcessing",
            "single": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } },
                { "Sequence": { "id": "A", "type_id": 0 } },
                { "SpecialToken": { "id": "[SEP]", "type_id": 0 } }],
            "special_tokens": { "[CLS]": { "id": "[CLS]", "ids": [101], "tokens": ["[CLS]"] },
                "[SEP]": { "id": "[SEP]", "ids": [102], "tokens": ["[SEP]"] } },
        });
        for file in [bert, template] {
            assert_eq!(read_around(file), Ok((vec![101], vec![102])));
        }
    }

    #[test]
    fn what_stands_around_must_be_explained_and_leave_the_text_in() {
        let text = json!({ "Sequence": { "id": "A" } });
        for (single, problem) in [
            (
                json!([{ "SpecialToken": { "id": "[X]" } }, text]),
                "post_processor does not say what \"[X]\" is",
            ),
            (json!([]), "post_processor leaves the text out"),
            (json!([text, text]), "post_processor puts the text in twice"),
        ] {
            let file =
                json!({ "type": "TemplateProcessing", "single": single, "special_tokens": {} });
            assert_eq!(read_around(file), Err(problem.to_owned()));
        }
    }
}
