//! What a ranking is worth to whoever reads it from the front.
//!
//! All measures lie between 0 and 1, and ask whether the *evidence* of a question is found: the turns that
//! people marked as what answers it.
//!
//! | name | what |
//! |---|---|
//! | `R@k` | share of the evidence among the first k turns; the data set's own `recall_acc` |
//! | `All@k` | 1 where all of it is among the first k turns |
//! | `ER@b` | share of the evidence in the longest beginning of the ranking that has at most b tokens |
//! | `EAll@b` | 1 where all of it is in there |
//! | `nDCG@10` | evidence counts 1/log2(place + 1), as a share of the best order |
//! | `MRR` | 1/place of the first evidence |
//! | `session Hit@1`, `R@k`, `nDCG@5`, `MRR` | the same for sessions: one stands where its best turn stands, and is evidence where a turn of it is |

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

use serde::Serialize;

use super::{
    Category, Conversation, Gold, Seen, Turn,
    dates::{self, Agreement},
};

/// Numbers of turns at which recall is measured.
pub const CUTS: [usize; 5] = [5, 10, 20, 25, 50];

/// Numbers of tokens at which recall is measured.
pub const BUDGETS: [usize; 5] = [500, 1_000, 2_000, 4_000, 7_000];

const RECALL_AT: [&str; 5] = ["R@5", "R@10", "R@20", "R@25", "R@50"];
const RECALL_WITHIN: [&str; 5] = ["ER@500", "ER@1000", "ER@2000", "ER@4000", "ER@7000"];
const ALL_WITHIN: [&str; 5] = ["EAll@500", "EAll@1000", "EAll@2000", "EAll@4000", "EAll@7000"];

/// What a ranker says to a question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// Places of turns, best first, none twice; it may end early.
    pub order: Vec<usize>,
    /// How sure it is that nothing answers the question, on a scale of its own.
    pub doubt: Option<f64>,
}

/// What one question was worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scored {
    /// The conversation.
    pub conversation: String,
    /// The number of the question there.
    pub question: usize,
    /// What makes it hard.
    pub category: Category,
    /// How many turns there were to rank.
    pub candidates: usize,
    /// For each turn of the evidence its place in the ranking, from one.
    pub ranks: Vec<Option<usize>>,
    /// How sure the ranker was that nothing answers it.
    pub doubt: Option<f64>,
    /// How the date that was found compares with the right one; none where the answer is no date.
    pub date: Option<Agreement>,
    /// The measures by name.
    pub measures: BTreeMap<&'static str, f64>,
}

/// A conversation in which finding is no feat.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{conversation}` has {turns} turns, and recall is measured at {k} of them: that must be less than a \
     quarter, or a ranking by chance looks good; measure a longer conversation"
)]
pub struct Unfair {
    /// Which one.
    pub conversation: String,
    /// How many turns it has.
    pub turns: usize,
    /// At how many of them recall is measured.
    pub k: usize,
}

/// Asks `rank` every question of every conversation, and compares with the gold that it did not see. A turn
/// costs as many tokens as `tokens` counts for it (with what it takes to separate it from the next).
///
/// Sessions are few, and measured at 5 and 10 as others do: those figures compare, and say little alone.
///
/// # Errors
/// When a conversation has so few turns that recall at the largest cut says nothing.
///
/// # Panics
/// When a ranking names a turn twice, or one that is not there.
pub fn measure(
    conversations: &[Conversation],
    mut tokens: impl FnMut(&Turn) -> usize,
    mut rank: impl FnMut(&Seen, usize) -> Ranking,
) -> Result<Vec<Scored>, Unfair> {
    check_fair(conversations)?;
    let mut scored = Vec::new();
    for Conversation { seen, gold } in conversations {
        let costs: Vec<usize> = seen.turns.iter().map(&mut tokens).collect();
        for (question, gold) in gold.iter().enumerate() {
            scored.push(score(seen, (question, gold), &costs, &rank(seen, question)));
        }
    }
    Ok(scored)
}

/// Whether finding is a feat in all of these: before somebody asks them all.
///
/// # Errors
/// As [`measure`].
pub fn check_fair(conversations: &[Conversation]) -> Result<(), Unfair> {
    let k = CUTS[CUTS.len() - 1];
    let unfair = conversations.iter().map(|it| &it.seen).find(|it| k * 4 >= it.turns.len());
    match unfair {
        Some(seen) => Err(Unfair { conversation: seen.name.clone(), turns: seen.turns.len(), k }),
        None => Ok(()),
    }
}

/// Writes what each question was worth: one line of JSON for each.
///
/// # Errors
/// What `to` fails with.
pub fn write_lines(scored: &[Scored], mut to: impl Write) -> std::io::Result<()> {
    for it in scored {
        serde_json::to_writer(&mut to, it)?;
        to.write_all(b"\n")?;
    }
    // What a buffer could not write is told by this alone.
    to.flush()
}

fn score(
    seen: &Seen,
    (question, gold): (usize, &Gold),
    costs: &[usize],
    ranking: &Ranking,
) -> Scored {
    let order = &ranking.order;
    let mut places: Vec<Option<usize>> = vec![None; seen.turns.len()];
    for (place, turn) in order.iter().enumerate() {
        let before = places[*turn].replace(place);
        assert_eq!(before, None, "a ranking names a turn once");
    }
    let found: Vec<Option<usize>> = gold.evidence.iter().map(|turn| places[*turn]).collect();
    let mut measures = BTreeMap::new();
    for (k, name) in CUTS.into_iter().zip(RECALL_AT) {
        measures.insert(name, share_before(&found, k));
    }
    measures.insert("All@10", share_before(&found, 10).floor());
    measures.insert("All@20", share_before(&found, 20).floor());
    for (at, budget) in BUDGETS.into_iter().enumerate() {
        let share = share_before(&found, affordable(order, costs, budget));
        measures.insert(RECALL_WITHIN[at], share);
        measures.insert(ALL_WITHIN[at], share.floor());
    }
    measures.insert("nDCG@10", ndcg(&found, 10));
    measures.insert("MRR", reciprocal(&found));
    let sessions = session_places(seen, gold, order);
    measures.insert("session Hit@1", f64::from(u8::from(sessions.contains(&Some(0)))));
    measures.insert("session R@5", share_before(&sessions, 5));
    measures.insert("session R@10", share_before(&sessions, 10));
    measures.insert("session nDCG@5", ndcg(&sessions, 5));
    measures.insert("session MRR", reciprocal(&sessions));
    Scored {
        conversation: seen.name.clone(),
        question: gold.number,
        category: gold.category,
        candidates: seen.turns.len(),
        ranks: found.into_iter().map(|place| Some(place? + 1)).collect(),
        doubt: ranking.doubt,
        date: dates::of_ranking(seen, (question, gold), order),
        measures,
    }
}

/// How many turns from the front cost at most `budget` together. What does not fit ends it: nothing cheaper
/// from behind is drawn forward.
fn affordable(order: &[usize], costs: &[usize], budget: usize) -> usize {
    let mut left = budget;
    let fits = |turn: &&usize| {
        let rest = left.checked_sub(costs[**turn]);
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    order.iter().take_while(fits).count()
}

/// Share of `found` whose place is before `end`.
fn share_before(found: &[Option<usize>], end: usize) -> f64 {
    let before = found.iter().flatten().filter(|place| **place < end).count();
    before as f64 / found.len() as f64
}

/// Evidence by place, as a share of the best order, with places from `k` on counting nothing.
fn ndcg(found: &[Option<usize>], k: usize) -> f64 {
    let value = |place: usize| (place as f64 + 2.0).log2().recip();
    let got: f64 = found.iter().flatten().filter(|it| **it < k).map(|it| value(*it)).sum();
    got / (0..found.len().min(k)).map(value).sum::<f64>()
}

/// 1/place of the first, from one.
fn reciprocal(found: &[Option<usize>]) -> f64 {
    found.iter().flatten().min().map_or(0.0, |place| 1.0 / (*place as f64 + 1.0))
}

/// For each session with evidence its place among the sessions, where each stands by its best turn.
fn session_places(seen: &Seen, gold: &Gold, order: &[usize]) -> Vec<Option<usize>> {
    let session = |turn: &usize| seen.turns[*turn].session;
    let mut sessions = Vec::new();
    let mut met = BTreeSet::new();
    for number in order.iter().map(session) {
        if met.insert(number) {
            sessions.push(number);
        }
    }
    let evidence: BTreeSet<u32> = gold.evidence.iter().map(session).collect();
    evidence.iter().map(|number| sessions.iter().position(|it| it == number)).collect()
}

#[cfg(test)]
mod tests {
    use voyager_base::clock::Timestamp;

    use super::*;

    /// A conversation of 240 turns in 24 sessions of 10, turn n with n % 3 letters.
    pub(super) fn conversation(name: &str, gold: Vec<(Category, Vec<usize>)>) -> Conversation {
        let turn = |place: usize| Turn {
            speaker: "A".to_owned(),
            id: format!("D{}:{}", place / 10 + 1, place % 10 + 1),
            text: "x".repeat(place % 3),
            caption: None,
            session: (place / 10 + 1) as u32,
            at: Timestamp::default(),
        };
        let questions = vec!["?".to_owned(); gold.len()];
        let gold = gold.into_iter().enumerate().map(|(number, (category, evidence))| Gold {
            number,
            category,
            evidence,
            answer: None,
        });
        let seen = Seen { name: name.to_owned(), turns: (0..240).map(turn).collect(), questions };
        Conversation { seen, gold: gold.collect() }
    }

    /// Everything, with `first` in front.
    fn order(first: &[usize]) -> Vec<usize> {
        let rest = (0..240).filter(|it| !first.contains(it));
        first.iter().copied().chain(rest).collect()
    }

    fn one(evidence: &[usize], order: Vec<usize>, tokens: usize) -> Scored {
        let asked = [conversation("c", vec![(Category::MultiHop, evidence.to_vec())])];
        let ranking = Ranking { order, doubt: None };
        measure(&asked, |_| tokens, |_, _| ranking.clone()).unwrap().remove(0)
    }

    #[track_caller]
    fn is(scored: &Scored, name: &str, expected: f64) {
        let found = scored.measures[name];
        assert!((found - expected).abs() < 1e-9, "{name} is {found}, not {expected}");
    }

    #[test]
    fn recall_counts_the_evidence_in_front() {
        // Evidence at places 1, 6 and 21 (from one), and a fourth that is not ranked at all.
        let mut ranked =
            order(&[100, 0, 1, 2, 3, 110, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 120]);
        ranked.retain(|it| *it != 130);
        let scored = one(&[100, 110, 120, 130], ranked, 1);
        assert_eq!(scored.ranks, [Some(1), Some(6), Some(21), None]);
        is(&scored, "R@5", 0.25);
        is(&scored, "R@10", 0.5);
        is(&scored, "R@20", 0.5);
        is(&scored, "R@25", 0.75);
        is(&scored, "R@50", 0.75);
        is(&scored, "All@10", 0.0);
        is(&scored, "MRR", 1.0);
        // (1 + 1/log2 7) / (1 + 1/log2 3 + 1/2 + 1/log2 5) = 1.356207 / 2.561606.
        assert!((scored.measures["nDCG@10"] - 0.529436).abs() < 1e-6, "{scored:?}");
    }

    #[test]
    fn all_needs_every_turn() {
        let scored = one(&[100, 110], order(&[0, 110, 1, 2, 3, 4, 5, 6, 7, 8, 100]), 1);
        is(&scored, "All@10", 0.0);
        is(&scored, "All@20", 1.0);
        is(&scored, "MRR", 0.5);
    }

    #[test]
    fn a_budget_ends_at_the_first_turn_that_does_not_fit() {
        // 100 tokens each: five within 500, ten within 1 000.
        let scored = one(&[100, 110], order(&[0, 1, 2, 3, 100, 110]), 100);
        is(&scored, "ER@500", 0.5);
        is(&scored, "EAll@500", 0.0);
        is(&scored, "ER@1000", 1.0);
        is(&scored, "EAll@1000", 1.0);
        // 501 tokens: not even one within 500.
        is(&one(&[100], order(&[100]), 501), "ER@500", 0.0);
        assert_eq!(affordable(&[0, 1, 2], &[300, 300, 100], 500), 1);
        assert_eq!(affordable(&[0, 2, 1], &[300, 300, 200], 500), 2);
        assert_eq!(affordable(&[0], &[1], 500), 1);
    }

    #[test]
    fn tokens_are_those_of_the_turn() {
        let asked = [conversation("c", vec![(Category::Open, vec![2])])];
        // Turns 0, 1, 2 cost 0, 200, 400: 600 in all.
        let ranking = |_: &Seen, _| Ranking { order: order(&[0, 1, 2]), doubt: None };
        let scored = measure(&asked, |turn| turn.text.len() * 200, ranking).unwrap();
        is(&scored[0], "ER@500", 0.0);
        is(&scored[0], "ER@1000", 1.0);
    }

    #[test]
    fn a_session_stands_where_its_best_turn_stands() {
        // Sessions in their order: 11, 1, 12. Evidence in 12 (two turns), and in 24, which is behind 21 others.
        let scored = one(&[110, 119, 239], order(&[105, 3, 104, 7, 119]), 1);
        is(&scored, "session Hit@1", 0.0);
        is(&scored, "session R@5", 0.5);
        is(&scored, "session R@10", 0.5);
        is(&scored, "session MRR", 1.0 / 3.0);
        // 1/log2 4 = 0.5 of 1 + 1/log2 3 = 1.630930.
        assert!((scored.measures["session nDCG@5"] - 0.306574).abs() < 1e-6);
        is(&one(&[100], order(&[105]), 1), "session Hit@1", 1.0);
    }

    #[test]
    fn too_few_turns_are_refused() {
        let mut short = conversation("short", vec![(Category::Open, vec![0])]);
        short.seen.turns.truncate(200);
        let error = measure(&[short], |_| 1, |_, _| Ranking::default()).unwrap_err();
        assert_eq!((error.turns, error.k), (200, 50));
    }

    #[test]
    #[should_panic(expected = "a ranking names a turn once")]
    fn a_turn_that_is_ranked_twice_is_no_ranking() {
        one(&[0], vec![0, 0], 1);
    }

    #[test]
    fn a_question_is_one_line() {
        let scored =
            Scored { measures: BTreeMap::from([("R@5", 0.5)]), ..one(&[7, 239], vec![7], 1) };
        let mut lines = Vec::new();
        write_lines(&[scored], &mut lines).unwrap();
        assert_eq!(
            String::from_utf8(lines).unwrap(),
            concat!(
                r#"{"conversation":"c","question":0,"category":"multi-hop","candidates":240,"#,
                r#""ranks":[1,null],"doubt":null,"date":null,"measures":{"R@5":0.5}}"#,
                "\n"
            )
        );
    }
}
