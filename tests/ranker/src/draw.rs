//! Drawing by lot, and filling in.

use voyager_base::chance::{Chance, Seeded};

/// Draws by lot.
pub(crate) struct Draw(Seeded);

impl Draw {
    /// Draws for a conversation of a setting.
    pub(crate) fn new(setting: &str, seed: u64, number: u64) -> Self {
        let numbers = [seed.to_le_bytes(), number.to_le_bytes()].concat();
        let bytes = [setting.as_bytes(), b" ", &numbers].concat();
        Self(Seeded::from_bytes(&bytes))
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: usize) -> usize {
        assert!(end > 0, "there is something to draw from");
        // The bias of a remainder of 64 bits is far below noise.
        (self.0.number() % end as u64) as usize
    }

    /// A number from `first` to `last`.
    pub(crate) fn between(&self, first: usize, last: usize) -> usize {
        first + self.below(last - first + 1)
    }

    /// True in `percent` of 100.
    pub(crate) fn chance(&self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub(crate) fn word<'a>(&self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// `count` different places of a list, or all of them, in an order by lot.
    pub(crate) fn some<T: Copy>(&self, from: &[T], count: usize) -> Vec<T> {
        let mut all = from.to_vec();
        self.shuffle(&mut all);
        all.truncate(count);
        all
    }

    pub(crate) fn shuffle<T>(&self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

/// A template with its slots filled, and a capital at the beginning of every sentence. A slot that is not
/// given stays for later.
pub(crate) fn fill(template: &str, slots: &[(&str, &str)]) -> String {
    with_capitals(&filled(template, slots))
}

/// A template with its slots filled, and nothing else.
pub(crate) fn filled(template: &str, slots: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}').expect("a slot of a template is closed");
        text.push_str(before);
        match slots.iter().find(|(slot, _)| *slot == name) {
            Some((_, value)) => text.push_str(value),
            None => text.extend(["{", name, "}"]),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

fn with_capitals(text: &str) -> String {
    let mut ended = true;
    let mut before = ' ';
    let capital = |it: char| {
        // A full stop within a word (`1.8 seconds`) ends nothing, and neither does `Mr.`.
        let begins = ended && it != '"' && !it.is_whitespace();
        if it.is_whitespace() && matches!(before, '.' | '?' | '!') {
            ended = true;
        } else if begins {
            ended = false;
        }
        before = it;
        if begins { it.to_uppercase().next().unwrap_or(it) } else { it }
    };
    text.chars().map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_and_sentences_begin_with_capitals() {
        let slots = [("topic", "the parser"), ("value", "an index")];
        assert_eq!(
            fill("{topic} is slow. {value}, {who}? {topic}: {value}!", &slots),
            "The parser is slow. An index, {who}? The parser: an index!"
        );
        assert_eq!(fill("it takes 1.8 seconds.", &[]), "It takes 1.8 seconds.");
    }

    #[test]
    fn a_draw_of_some_has_no_one_twice() {
        let draw = Draw::new("test", 1, 2);
        let mut some = draw.some(&[1, 2, 3, 4, 5], 4);
        some.sort_unstable();
        some.dedup();
        assert_eq!(some.len(), 4);
        assert_eq!(draw.some(&[1, 2], 4).len(), 2);
    }
}
