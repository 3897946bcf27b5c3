//! Which of the times in a text answers a question.

use std::{collections::BTreeSet, ops::Range};

use voyager_base::clock::Timestamp;

use super::{
    Bound, Granularity, Interval, Mention, Time,
    calendar::{self, Unit},
    mentions, words,
};
use crate::terms;

/// How far a sentence is followed to each side.
const SENTENCE_CHARS_MAX: usize = 500;

/// What kind of time a question asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// How exactly: "which month" asks for a month. Nothing where the question says only "when".
    pub granularity: Option<Granularity>,
    /// Whether it asks when something began, which a length tells as well: "for seven years now".
    pub start: bool,
    /// Whether its verb begins what has lasted since: who got a dog has had it "for seven years now".
    pub lasts: bool,
    /// Whether it asks for what is to come, of what has been, or leaves it open.
    pub future: Option<bool>,
}

/// What kind of time `question` asks for.
pub fn wanted(question: &str) -> Wanted {
    let words: Vec<String> = terms::words(question).collect();
    let has = |any: &[&str]| words.iter().any(|it| any.contains(&it.as_str()));
    let asked = words.windows(2).find_map(|pair| {
        let cue = matches!(pair[0].as_str(), "what" | "which");
        cue.then(|| granularity(&pair[1])).flatten()
    });
    let began = has(&["start", "started", "begin", "began", "resume", "resumed", "since"]);
    let long = words
        .windows(3)
        .any(|it| it[0] == "how" && it[1] == "long" && matches!(it[2].as_str(), "has" | "have"));
    let lasts = has(&[
        "get", "got", "adopt", "adopted", "buy", "bought", "join", "joined", "become", "became",
        "meet", "met", "move", "moved", "marry", "married", "retire", "retired", "quit", "take",
        "took", "pick",
    ]);
    let past = has(&["did", "was", "were", "had", "has", "have", "since"]);
    let future = has(&["will", "going", "planning", "plan", "plans", "planned", "upcoming"]);
    let future = match (past, future) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => None,
    };
    Wanted { granularity: asked, start: began || long, lasts, future }
}

/// Whether `question` asks for what has been, by its words. So do words that are no sentence, as far as that can be seen: "Ana's
/// jobs", "list the jobs".
pub fn asks_of_the_past(question: &str) -> bool {
    let words: Vec<String> = terms::words(question).collect();
    // "What does she have" and "what have we to do" ask for no past, "where has she been" does.
    let has_been = |at: usize, it: &String| {
        let after = &words[at + 1..];
        matches!(it.as_str(), "have" | "has" | "ve")
            && after.first().is_some_and(|it| it != "to")
            && after.iter().any(|it| words::is_participle(it))
    };
    let is_past = words.iter().enumerate().any(|(at, it)| words::is_past(it) || has_been(at, it));
    let is_future = wanted(question).future == Some(true);
    let is_sentence = || words.iter().any(|it| words::asks_or_helps(it));
    !is_future && (is_past || !is_sentence())
}

fn granularity(word: &str) -> Option<Granularity> {
    Some(match word {
        "time" | "hour" => Granularity::Instant,
        "day" | "date" => Granularity::Day,
        "weekend" => Granularity::Weekend,
        "week" => Granularity::Week,
        "month" => Granularity::Month,
        "season" => Granularity::Season,
        "year" => Granularity::Year,
        "decade" => Granularity::Decade,
        _ => return None,
    })
}

/// When that happened which `question` asks about, as far as `text`, told at `told`, names a time.
///
/// Of several times the one is taken whose sentence shares most words with the question, that lies on the
/// side of the telling that the question speaks of, and that stands nearest to the shared words. Of what is planned
/// none is taken that was over when it was told.
pub fn date_of(question: &str, text: &str, told: Timestamp) -> Option<(Interval, Granularity)> {
    let places = shared_words(text, question);
    best_date(question, (text, told), &places, mentions(text, told))
}

/// When `event` was, as far as `text`, told at `told`, says a time of it: within a sentence that holds all of the event's words
/// that the text holds, where those are not what something else came before or after ("since the move I sleep badly").
pub fn date_of_event(event: &str, text: &str, told: Timestamp) -> Option<(Interval, Granularity)> {
    let places = shared_words(text, event);
    let all: BTreeSet<&str> = places.iter().map(|it| it.1.as_str()).collect();
    let mentions = mentions(text, told);
    let tells = |mention: &Mention| {
        let sentence = sentence(text, &mention.span);
        let held = places.iter().filter(|it| sentence.contains(&it.0));
        let held: BTreeSet<&str> = held.map(|it| it.1.as_str()).collect();
        let is_of_it = !held.is_empty() && held == all;
        let is_then = matches!(mention.bound, Bound::Within | Bound::Since);
        // "A month since the move" tells when that was.
        let is_length = mention.at().is_none();
        is_of_it && is_then && (is_length || !is_other(text, &sentence, &places, &mentions))
    };
    let of_it = mentions.iter().filter(|it| tells(it)).cloned().collect();
    best_date(event, (text, told), &places, of_it)
}

/// Whether a sentence ties something else to an event whose words stand at `places`: "since", "after", "before" or "until" stands before
/// one of them in a clause, and before no time.
fn is_other(
    text: &str,
    sentence: &Range<usize>,
    places: &[(usize, String)],
    mentions: &[Mention],
) -> bool {
    let is_of_time = |end: usize| {
        let next = text[end..].find(char::is_alphanumeric).map_or(end, |it| end + it);
        mentions.iter().any(|it| it.at().is_some() && it.span.contains(&next))
    };
    let (mut at, mut is_tied) = (sentence.start, false);
    for piece in text[sentence.clone()].split_inclusive(|it: char| !it.is_alphanumeric()) {
        let word = piece.trim_end_matches(|it: char| !it.is_alphanumeric());
        if is_tied && places.iter().any(|it| it.0 == at) {
            return true;
        }
        let ties = TIES.iter().any(|it| word.eq_ignore_ascii_case(it));
        is_tied |= ties && !is_of_time(at + word.len());
        is_tied &= !piece.ends_with([',', ';', ':']);
        at += piece.len();
    }
    false
}

/// Words that tie something to an event.
const TIES: [&str; 5] = ["after", "before", "since", "till", "until"];

/// The best of some mentions of a text that was told then, for a question whose words stand at `places` in it.
fn best_date(
    question: &str,
    (text, told): (&str, Timestamp),
    places: &[(usize, String)],
    mentions: Vec<Mention>,
) -> Option<(Interval, Granularity)> {
    let wanted = wanted(question);
    let today = Interval::day_of(told);
    let candidates = mentions.into_iter().filter_map(|mention| {
        let sentence = sentence(text, &mention.span);
        let (interval, granularity) = match mention.at().filter(|_| !wanted.start) {
            Some(at) => at,
            None => {
                begun(text, &sentence, &mention, wanted, places, told).or_else(|| mention.at())?
            }
        };
        let over = wanted.future == Some(true) && interval.to <= today.from;
        let score = score(&mention, interval, granularity, wanted, told);
        let nearness = nearness(&mention.span, &sentence, places);
        (!over).then_some((score + nearness.0, nearness.1, interval, granularity))
    });
    // The first of equals: what comes later in a text is more often an aside.
    let best =
        candidates.reduce(|best, it| if (it.0, -it.1) > (best.0, -best.1) { it } else { best })?;
    Some(widened(best.2, best.3, wanted.granularity))
}

/// Where the time of what a record tells stands, if not there: in those beside it, so far away, the likeliest first.
pub const BESIDE: [i32; 4] = [-1, 1, -2, 2];

/// Or in so many of the next best answers.
pub const NEXT: usize = 3;

/// When that happened which `question`, asked at `now`, asks about, by the first of some texts that tells it: the number of that text
/// too. Each has the time at which it was told. The best answer comes first, then those [`BESIDE`] it, then the [`NEXT`].
/// What has been does not begin after `now`, though it may have been to come when it was told.
pub fn date_among<'a>(
    (question, now): (&str, Timestamp),
    texts: impl IntoIterator<Item = (&'a str, Timestamp)>,
) -> Option<(usize, Interval, Granularity)> {
    let is_past = wanted(question).future == Some(false);
    let today = Interval::day_of(now);
    let mut dates = texts.into_iter().enumerate().filter_map(|(number, (text, told))| {
        let (interval, granularity) = date_of(question, text, told)?;
        let may_be = !is_past || interval.from < today.to;
        may_be.then_some((number, interval, granularity))
    });
    dates.next()
}

/// When that began which a mention says the length of, if it has lasted until it was told.
fn begun(
    text: &str,
    sentence: &Range<usize>,
    mention: &Mention,
    wanted: Wanted,
    places: &[(usize, String)],
    told: Timestamp,
) -> Option<(Interval, Granularity)> {
    let (span, past) = (&mention.span, mention.at().is_some());
    let time = if past { length_of(&text[span.clone()], told)? } else { mention.time.clone() };
    let Time::Lasting { least, most, unit } = time else { return None };
    let after = || terms::words(&text[span.end..sentence.end]);
    let since = after().next().is_some_and(|it| it == "since");
    // "It's been a month since I joined" tells when that was, and nothing of what else is said.
    let next = places.partition_point(|it| it.0 < span.end);
    let told_of = places.get(next).is_some_and(|it| it.0 < sentence.end);
    let asked = match since {
        true => told_of,
        false if unit == Unit::Day => false,
        false => {
            wanted.start || (wanted.lasts && lasts(&text[sentence.start..span.start], after()))
        }
    };
    let day = calendar::day_of(told);
    let (days, granularity) = asked.then(|| calendar::ago(day, (least, most), unit)).flatten()?;
    Some((days.interval(), granularity))
}

/// The length that "the past three years" have.
fn length_of(stretch: &str, told: Timestamp) -> Option<Time> {
    let (way, length) = stretch.split_once(' ')?;
    let up_to_now = way.eq_ignore_ascii_case("past") || way.eq_ignore_ascii_case("last");
    up_to_now.then(|| mentions(length, told).pop()).flatten().map(|it| it.time)
}

/// Whether what a length is said of has not ended: "we've had her for two years", "two years now".
fn lasts(before: &str, mut after: impl Iterator<Item = String>) -> bool {
    let perfect = |it: String| matches!(it.as_str(), "have" | "has" | "ve" | "been");
    after.next().is_some_and(|it| matches!(it.as_str(), "now" | "already"))
        || terms::words(before).any(perfect)
}

/// Points for what does not depend on the words around: the right side of the telling, and no bare time of day.
fn score(
    mention: &Mention,
    interval: Interval,
    granularity: Granularity,
    wanted: Wanted,
    told: Timestamp,
) -> i64 {
    let now = Interval::day_of(told);
    let side = match wanted.future {
        Some(true) => interval.to > now.from,
        Some(false) => interval.from < now.to,
        None => true,
    };
    let hour =
        granularity == Granularity::Instant && wanted.granularity != Some(Granularity::Instant);
    let outside = matches!(mention.bound, Bound::Before | Bound::After | Bound::Until);
    let began = wanted.start && (mention.bound == Bound::Since || mention.at().is_none());
    4 * i64::from(side) - 2 * i64::from(hour) - 2 * i64::from(outside) + 2 * i64::from(began)
}

/// Where in `text` words of `question` stand, in any form, with their stems.
fn shared_words(text: &str, question: &str) -> Vec<(usize, String)> {
    let about: BTreeSet<String> = terms::terms(question).into_iter().collect();
    let mut found = Vec::new();
    let mut start = None;
    for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
        match (letter.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                start = None;
                let stems = terms::terms(&text[from..at]);
                found
                    .extend(stems.into_iter().filter(|it| about.contains(it)).map(|it| (from, it)));
            }
            _ => {}
        }
    }
    found
}

/// How many different shared words stand in the sentence, and how far the nearest is from the mention.
fn nearness(
    span: &Range<usize>,
    sentence: &Range<usize>,
    places: &[(usize, String)],
) -> (i64, i64) {
    let first = places.partition_point(|it| it.0 < sentence.start);
    let within = places[first..].iter().take_while(|it| it.0 < sentence.end).take(64);
    let outside = |at: usize| at < span.start || at >= span.end;
    let shared: Vec<_> = within.filter(|it| outside(it.0)).collect();
    let different: BTreeSet<&str> = shared.iter().map(|it| it.1.as_str()).collect();
    let distance =
        shared.iter().map(|it| it.0.abs_diff(span.start)).min().unwrap_or_else(|| sentence.len());
    (2 * i64::try_from(different.len()).unwrap_or(0), i64::try_from(distance).unwrap_or(i64::MAX))
}

/// The sentence around `span`, as far as it is no longer than a sentence is: without that bound a text of
/// many times and no sentences would take time in proportion to the square of its length.
fn sentence(text: &str, span: &Range<usize>) -> Range<usize> {
    let ends = |it: &char| matches!(it, '.' | '!' | '?' | '\n');
    let before =
        text[..span.start].chars().rev().take(SENTENCE_CHARS_MAX).take_while(|it| !ends(it));
    let after = text[span.end..].chars().take(SENTENCE_CHARS_MAX).take_while(|it| !ends(it));
    let length = |chars: &mut dyn Iterator<Item = char>| chars.map(char::len_utf8).sum::<usize>();
    span.start - length(&mut before.into_iter())..span.end + length(&mut after.into_iter())
}

/// The month, week, ... in which the time lies, where the question asks for one.
fn widened(
    interval: Interval,
    granularity: Granularity,
    wanted: Option<Granularity>,
) -> (Interval, Granularity) {
    let coarser = wanted.filter(|it| *it > granularity);
    let wide = coarser.zip(calendar::day_at(interval.from)).and_then(|(wanted, day)| {
        let year = i64::from(day.year());
        let days = match wanted {
            Granularity::Day => Some(calendar::Days::one(day)),
            Granularity::Weekend => calendar::weekend_of(day),
            Granularity::Week => calendar::week_of(day),
            Granularity::Month => calendar::month(year, i64::from(day.month())),
            Granularity::Season => calendar::season_of(day),
            Granularity::Year => calendar::year(year),
            Granularity::Decade => calendar::decade(year / 10 * 10),
            Granularity::Instant | Granularity::Range => None,
        };
        Some((days?.interval(), wanted))
    });
    wide.unwrap_or((interval, granularity))
}
