//! Questions to the memory: whatever they say, what was read of them lies in them.

use std::ops::Range;

use voyager_base::clock::Timestamp;
use voyager_memory::{entities, question::analyse, terms, when};

/// States what must hold of any bytes.
///
/// # Panics
/// Where it does not.
pub fn target(bytes: &[u8]) {
    // The time first, the text behind it.
    let Some((time, text)) = bytes.split_first_chunk() else { return };
    let (now, text) =
        (Timestamp::from_micros(u64::from_le_bytes(*time)), String::from_utf8_lossy(text));
    let lies_in = |span: &Range<usize>| {
        assert!(text.get(span.clone()).is_some_and(|it| !it.is_empty()), "{span:?} is no part");
    };
    let asked = analyse(&text, now);
    asked.names.iter().for_each(|it| lies_in(&it.span));
    asked.times.iter().for_each(|it| lies_in(&it.span));
    let window = |it: when::Interval| assert!(it.from <= it.to, "{it:?}");
    asked.window.into_iter().for_each(window);
    for mention in when::mentions(&text, now) {
        lies_in(&mention.span);
        mention.window(now).into_iter().for_each(window);
    }
    entities::extract(&text).iter().map(|it| &it.span).for_each(lies_in);
    assert!(asked.core.iter().all(|it| !it.is_empty()));
    assert_eq!(asked, analyse(&text, now));
    terms::terms(&text);
}
