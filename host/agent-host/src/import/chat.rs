//! Messages of chats as JSON: what Slack, OpenAI's interface and many others write, and ChatGPT's conversations.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};
use voyager_base::clock::Timestamp;
use voyager_memory::Draft;

use super::{Bad, Item, Place, name, stamp::Orders};
use crate::when;

/// Where messages have their author.
const AUTHORS: [&str; 6] = ["author", "user", "from", "sender", "role", "name"];
/// Where messages have their text.
const TEXTS: [&str; 4] = ["text", "content", "message", "body"];
/// Where messages have their time.
const TIMES: [&str; 6] = ["ts", "time", "timestamp", "date", "created_at", "create_time"];

/// Longest text that is read, told and kept where a time should be, in bytes.
const TIME_BYTES_MAX: usize = 256;

/// The messages of an element: one, or all of a conversation.
pub(super) fn items(start: Place, element: &[u8]) -> Result<Vec<Item>, Bad> {
    let value: Json =
        serde_json::from_slice(element).map_err(|it| Bad::json(start, element, &it))?;
    let Json::Object(object) = value else {
        return Err(Bad::new(start, "no message: an object with an author and a text is wanted"));
    };
    if let Some(Json::Object(nodes)) = object.get("mapping") {
        return Ok(conversation(start, &object, nodes));
    }
    message(start, &object).map(|it| vec![it]).map_err(|problem| Bad::new(start, problem))
}

fn message(start: Place, object: &Map<String, Json>) -> Result<Item, String> {
    let text = first(object, TEXTS);
    let time = first(object, TIMES);
    if text.is_none() {
        let keys: Vec<&str> = object.keys().map(String::as_str).take(8).collect();
        let (keys, wanted) = (keys.join("`, `"), TEXTS.join("`, `"));
        return Err(format!("no text: one of `{wanted}` is wanted, and `{keys}` is what is there"));
    }
    let text = text.map(text_of).unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(Item::Empty);
    }
    let draft = Draft { text, author: author_of(object), ..Draft::default() };
    Ok(told_at(start, draft, time))
}

/// A message with its time. One that nobody can read stays in a field.
fn told_at(start: Place, mut draft: Draft, time: Option<&Json>) -> Item {
    match time.map(time_of) {
        None => Item::record(draft),
        Some(Ok(at)) => {
            draft.at = Some(at);
            Item::record(draft)
        }
        Some(Err(why)) => {
            let stood = time.map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
            let fits = stood.filter(|it| !it.trim().is_empty() && it.len() <= TIME_BYTES_MAX);
            draft.fields.extend(fits.map(|it| ("time".to_owned(), it)));
            Item::timed(draft, Some(Bad::new(start, why)))
        }
    }
}

/// The first key that is there, and not null.
fn first<'a, const N: usize>(object: &'a Map<String, Json>, keys: [&str; N]) -> Option<&'a Json> {
    keys.iter().find_map(|it| object.get(*it).filter(|it| !it.is_null()))
}

/// Who a message is by: the name that people see, where the export has it.
fn author_of(object: &Map<String, Json>) -> Option<String> {
    let profile = object.get("user_profile").and_then(named);
    profile.or_else(|| first(object, AUTHORS).and_then(named))
}

fn named(author: &Json) -> Option<String> {
    match author {
        Json::String(text) => name(text),
        Json::Object(object) => {
            let keys = ["real_name", "display_name", "name", "username", "role", "id"];
            keys.iter().filter_map(|it| object.get(*it)?.as_str()).find_map(name)
        }
        _ => None,
    }
}

/// The time that a message says, or in words why nobody can tell.
fn time_of(time: &Json) -> Result<Timestamp, String> {
    let wrong = || format!("`{}` is no time since 1970; {}", shown(time), when::EXAMPLES);
    match time {
        Json::Number(number) => number.as_f64().and_then(when::of_number).ok_or_else(wrong),
        Json::String(text) if text.len() <= TIME_BYTES_MAX => {
            let number = text.trim().parse().ok().and_then(when::of_number);
            number.map_or_else(|| Orders::default().read(text), Ok)
        }
        _ => Err(wrong()),
    }
}

/// The beginning of what may be anything.
fn shown(value: &Json) -> String {
    value.to_string().chars().take(48).collect()
}

/// A text, pieces of one line, or parts that stand below each other.
fn text_of(content: &Json) -> String {
    let pieces = |all: &[Json], between: &str| {
        let all: Vec<String> = all.iter().map(text_of).filter(|it| !it.is_empty()).collect();
        all.join(between)
    };
    match content {
        Json::String(text) => text.clone(),
        // Pieces of a line are texts among others; parts have types.
        Json::Array(all) if all.iter().any(Json::is_string) => pieces(all, ""),
        Json::Array(all) => pieces(all, "\n"),
        Json::Object(object) => match object.get("parts") {
            Some(Json::Array(parts)) => pieces(parts, "\n"),
            _ => first(object, TEXTS).map(text_of).unwrap_or_default(),
        },
        _ => String::new(),
    }
}

/// A conversation of ChatGPT: a tree of messages, whose branches follow each other.
fn conversation(start: Place, object: &Map<String, Json>, nodes: &Map<String, Json>) -> Vec<Item> {
    let text = |key: &str| object.get(key).and_then(Json::as_str);
    let id = text("conversation_id").or_else(|| text("id")).unwrap_or_default();
    let short: String = id.chars().take(8).collect();
    let title = text("title").and_then(name).unwrap_or_else(|| "conversation".to_owned());
    let title: String = title.chars().take(48).collect();
    let thread = if short.is_empty() { title } else { format!("{title} ({short})") };
    let of_node = |node: &Json| -> Option<Item> {
        let message = node.get("message")?.as_object()?;
        let text = message.get("content").map(text_of).unwrap_or_default();
        if text.trim().is_empty() {
            return Some(Item::Empty);
        }
        let author = message.get("author").and_then(named);
        let time = message.get("create_time").filter(|it| !it.is_null());
        let thread = Some(thread.clone());
        Some(told_at(start, Draft { text, author, thread, ..Draft::default() }, time))
    };
    in_order(nodes).into_iter().filter_map(of_node).collect()
}

/// The nodes of a tree, each before its children; what no root leads to comes last.
fn in_order(nodes: &Map<String, Json>) -> Vec<&Json> {
    let parent = |node: &Json| node.get("parent").and_then(Json::as_str).map(str::to_owned);
    let has_parent = |node: &Json| parent(node).is_some_and(|it| nodes.contains_key(&it));
    let roots = nodes.iter().filter(|(_, node)| !has_parent(node)).map(|(id, _)| id.as_str());
    let mut open: Vec<&str> = roots.collect();
    open.reverse();
    let (mut seen, mut ordered) = (HashSet::new(), Vec::new());
    while let Some(id) = open.pop() {
        let Some(node) = nodes.get(id).filter(|_| seen.insert(id)) else { continue };
        ordered.push(node);
        let children = node.get("children").and_then(Json::as_array);
        let children = children.into_iter().flatten().filter_map(Json::as_str);
        let place = open.len();
        open.extend(children);
        open[place..].reverse();
    }
    ordered.extend(nodes.iter().filter(|(id, _)| !seen.contains(id.as_str())).map(|it| it.1));
    ordered
}
