//! Whether globs match nothing that others don't: decided by their automata, not by their texts.
//!
//! Layers are what a path has to match all of; the globs of one layer are alternatives. The product of all
//! automata is walked: a reachable state in which every new layer accepts and an old one doesn't is a
//! path that only the new ones match, and the shortest such path is the example. Where the walk would be
//! too large, the answer is that nobody knows.

use std::collections::{HashMap, HashSet};

use regex_automata::{
    Anchored, MatchKind,
    dfa::{Automaton, StartKind, dense},
    nfa::thompson,
    util::{primitives::StateID, start, syntax},
};
use voyager_base::grant::Globs;

/// Most bytes of one automaton.
const AUTOMATON_BYTES_MAX: usize = 4 << 20;
/// Most states of the product that are looked at.
const STATES_MAX: usize = 50_000;
/// What paths look like: parts of at least one character between single separators.
const PATH: &str = "^[^/]+(?:/[^/]+)*$";

/// Whether globs match nothing that others don't.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inclusion {
    /// They do not.
    Within,
    /// They match this path, which the others don't.
    Beyond(String),
    /// That takes too long to find out.
    Unknown,
}

/// Compares layers of globs. No layer at all matches nothing.
pub(crate) fn within(new: &[Globs], old: &[Globs]) -> Inclusion {
    if new.is_empty() || new == old {
        return Inclusion::Within;
    }
    let nothing = [Globs::none()];
    let old = if old.is_empty() { &nothing } else { old };
    let automata = |layers: &[Globs]| -> Option<Vec<Dfa>> {
        layers.iter().map(|layer| automaton(&layer.regexes(), false)).collect()
    };
    let all = automaton(&[PATH.to_owned()], true)
        .zip(automata(new))
        .zip(automata(old))
        .map(|((path, new), old)| (new.len() + 1, std::iter::once(path).chain(new).chain(old)));
    match all {
        Some((accepting, all)) => walk(&all.collect::<Vec<_>>(), accepting),
        None => Inclusion::Unknown,
    }
}

type Dfa = dense::DFA<Vec<u32>>;

/// The automaton of some alternatives; none where it is too large.
fn automaton(regexes: &[String], text: bool) -> Option<Dfa> {
    dense::Builder::new()
        .configure(
            dense::Config::new()
                .start_kind(StartKind::Anchored)
                .match_kind(MatchKind::All)
                .dfa_size_limit(Some(AUTOMATON_BYTES_MAX))
                .determinize_size_limit(Some(AUTOMATON_BYTES_MAX)),
        )
        .thompson(thompson::Config::new().utf8(text).nfa_size_limit(Some(AUTOMATON_BYTES_MAX)))
        .syntax(syntax::Config::new().utf8(text).dot_matches_new_line(true))
        .build_many(regexes)
        .ok()
}

/// Walks the product; the first `accepting` automata have to accept, of the others one has to refuse.
fn walk(all: &[Dfa], accepting: usize) -> Inclusion {
    let begin = start::Config::new().anchored(Anchored::Yes);
    let first: Result<Vec<StateID>, _> = all.iter().map(|dfa| dfa.start_state(&begin)).collect();
    let Ok(first) = first else { return Inclusion::Unknown };
    let bytes = bytes(all);
    let mut known: HashSet<Vec<StateID>> = HashSet::from([first.clone()]);
    // Each with the one that it was reached from, and by which byte.
    let mut reached: Vec<(Vec<StateID>, usize, u8)> = vec![(first, 0, 0)];
    let mut next = 0;
    while next < reached.len() {
        let (states, ..) = &reached[next];
        let accepts =
            |(dfa, state): (&Dfa, &StateID)| dfa.is_match_state(dfa.next_eoi_state(*state));
        let mut ends = all.iter().zip(states).map(accepts);
        let new = ends.by_ref().take(accepting).filter(|it| *it).count() == accepting;
        if new && !ends.all(|it| it) {
            return Inclusion::Beyond(path(&reached, next));
        }
        if STATES_MAX < reached.len() {
            return Inclusion::Unknown;
        }
        let states = states.clone();
        for byte in &bytes {
            let after: Vec<StateID> =
                all.iter().zip(&states).map(|(dfa, state)| dfa.next_state(*state, *byte)).collect();
            let gone = |(dfa, state): (&Dfa, &StateID)| dfa.is_dead_state(*state);
            if all.iter().zip(&after).take(accepting).any(gone) || !known.insert(after.clone()) {
                continue;
            }
            reached.push((after, next, *byte));
        }
        next += 1;
    }
    Inclusion::Within
}

/// One byte of each class of bytes that no automaton tells apart, those that read well first.
fn bytes(all: &[Dfa]) -> Vec<u8> {
    let plain = (b'a'..=b'z').chain(b'0'..=b'9').chain(*b"._-/").chain(b'A'..=b'Z');
    let mut classes: HashMap<Vec<u8>, ()> = HashMap::new();
    plain
        .chain(0..=u8::MAX)
        .filter(|byte| {
            let class = all.iter().map(|dfa| dfa.byte_classes().get(*byte)).collect();
            classes.insert(class, ()).is_none()
        })
        .collect()
}

fn path(reached: &[(Vec<StateID>, usize, u8)], mut at: usize) -> String {
    let mut bytes = Vec::new();
    while at != 0 {
        let (_, before, byte) = &reached[at];
        bytes.push(*byte);
        at = *before;
    }
    bytes.reverse();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layers(texts: &[&[&str]]) -> Vec<Globs> {
        texts.iter().map(|globs| Globs::new(globs.iter().copied()).unwrap()).collect()
    }

    fn compare(new: &[&[&str]], old: &[&[&str]]) -> Inclusion {
        within(&layers(new), &layers(old))
    }

    fn matches(layers: &[Globs], path: &str) -> bool {
        !layers.is_empty() && layers.iter().all(|layer| layer.matches(path))
    }

    #[test]
    fn globs_are_compared_by_what_they_match() {
        for (new, old) in [
            (&["src/*.rs"] as &[&str], &["src/**"] as &[&str]),
            (&["src/{a,b}/*.rs"], &["src/a/**", "src/b/**"]),
            (&["**/*.py"], &["**"]),
            (&["**"], &["**/*"]),
            (&["docs/[a-c]?.md"], &["docs/*.md"]),
            (&["a?"], &["a[!/]"]),
            (&["ä*"], &["?*"]),
        ] {
            assert_eq!(compare(&[new], &[old]), Inclusion::Within, "{new:?} {old:?}");
        }
        let beyond = |new: &[&str], old: &[&str]| match compare(&[new], &[old]) {
            Inclusion::Beyond(path) => path,
            other => panic!("{new:?} {old:?}: {other:?}"),
        };
        assert_eq!(beyond(&["src/**"], &["src/*.rs"]), "src/a");
        assert_eq!(beyond(&["src/a/**", "x"], &["src/**"]), "x");
        assert_eq!(beyond(&["*"], &["[!a]*"]), "a");
        // A folder itself is no path below it.
        assert_eq!(beyond(&["src", "src/**"], &["src/**"]), "src");
    }

    #[test]
    fn every_layer_counts() {
        assert_eq!(compare(&[&["**"], &["src/**"]], &[&["src/**"]]), Inclusion::Within);
        assert_eq!(
            compare(&[&["src/**"]], &[&["src/**"], &["**/*.rs"]]),
            Inclusion::Beyond("src/a".into())
        );
        assert_eq!(
            compare(&[&["a"], &["b"]], &[&["c"]]),
            Inclusion::Within,
            "nothing matches both"
        );
        assert_eq!(compare(&[], &[]), Inclusion::Within);
        assert_eq!(compare(&[&["a"]], &[]), Inclusion::Beyond("a".into()));
    }

    #[test]
    fn what_takes_too_long_is_unknown() {
        let wide = format!("*a{}", "?".repeat(30));
        assert_eq!(compare(&[&[&wide]], &[&["b"]]), Inclusion::Unknown);
    }

    fn glob() -> impl Strategy<Value = String> {
        let part =
            prop_oneof!["[ab]{1,2}", "\\*", "[ab]\\*", "\\?", "\\[!a\\]", "\\*\\*", "\\{a,b\\*\\}"];
        prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
    }

    fn some() -> impl Strategy<Value = Vec<Globs>> {
        let layer = prop::collection::vec(glob(), 1..3).prop_map(|it| Globs::new(it).unwrap());
        prop::collection::vec(layer, 1..3)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn the_answer_agrees_with_the_paths(
            new in some(),
            old in some(),
            paths in prop::collection::vec("[abc]{1,2}(/[abc]{1,2}){0,3}", 40),
        ) {
            match within(&new, &old) {
                Inclusion::Within => for path in &paths {
                    prop_assert!(!matches(&new, path) || matches(&old, path), "{path}");
                },
                Inclusion::Beyond(path) => {
                    prop_assert!(matches(&new, &path) && !matches(&old, &path), "{path}");
                }
                Inclusion::Unknown => prop_assert!(false, "these are small"),
            }
        }

        #[test]
        fn what_is_narrowed_is_within(old in some(), more in glob(), left in 0_usize..3) {
            let mut new = old.clone();
            new.push(Globs::new([more]).unwrap());
            prop_assert_eq!(within(&new, &old), Inclusion::Within);
            let first = old[0].patterns();
            let fewer = first.iter().enumerate().filter(|(at, _)| *at != left % first.len());
            let mut new = old.clone();
            new[0] = Globs::new(fewer.map(|(_, glob)| glob.clone())).unwrap();
            prop_assert_eq!(within(&new, &old), Inclusion::Within);
        }
    }
}
