//! What is known of a candidate for a question, as numbers: what a ranker learns from, and what `explain`
//! shows.

use crate::{
    arm::{Arm, Session, Spot},
    asking::Asking,
    search::{Search, SessionArm, Words},
    shard::{Doc, Shard},
};

/// The arms, by their order in a row of features.
const ARMS: [&str; 9] = [
    "keyword",
    "window1",
    "window2",
    "core_window4",
    "core_keyword",
    "core_window2",
    "feedback",
    "vector",
    "vector_feedback",
];

/// What is said of each arm.
const OF_ARM: [&str; 6] =
    ["z", "reciprocal_rank", "ratio", "neighbour1_z", "neighbour2_z", "session_z"];

/// What is said beside the arms.
const BESIDE: [&str; 31] = [
    "session_keyword_z",
    "session_keyword_reciprocal_rank",
    "coverage",
    "window_coverage",
    "author_asked_for",
    "other_author_asked_for",
    "month_asked_for",
    "tokens",
    "asks",
    "number",
    "time",
    "answers",
    "is_answered",
    "terms",
    "position",
    "when",
    "who",
    "where",
    "how_many",
    "how_long",
    "why",
    "which",
    "what",
    "how",
    "yes_or_no",
    "hypothetical",
    "core_words",
    "authors_named",
    "window2_best",
    "vector_best",
    "importance",
];

/// Names of all features, in their order.
pub fn names() -> Vec<String> {
    let arms = ARMS.iter().flat_map(|arm| OF_ARM.iter().map(move |of| format!("{arm}.{of}")));
    arms.chain(BESIDE.iter().map(|it| (*it).to_owned())).collect()
}

/// All arms for one question.
pub(crate) struct Arms {
    pub(crate) keyword: Arm,
    pub(crate) window1: Arm,
    pub(crate) window2: Arm,
    pub(crate) core_window4: Arm,
    pub(crate) core_keyword: Arm,
    pub(crate) core_window2: Arm,
    pub(crate) feedback: Arm,
    pub(crate) vector: Option<Arm>,
    pub(crate) vector_feedback: Option<Arm>,
    pub(crate) sessions: SessionArm,
}

impl Arms {
    /// Asks all arms.
    pub(crate) fn of(search: &Search<'_>, asking: &Asking) -> Self {
        let (all, core) = (&asking.words, &asking.core);
        let window2 = search.keyword(all, 2);
        let feedback = search.keyword(&search.feedback(&window2, all), 1);
        let vector = asking.vector.as_ref().map(|it| search.vector(it));
        let direction = vector.as_ref().and_then(|it| search.direction(&window2, it));
        Self {
            keyword: search.keyword(all, 0),
            window1: search.keyword(all, 1),
            core_window4: search.keyword(core, 3),
            core_keyword: search.keyword(core, 0),
            core_window2: search.keyword(core, 2),
            feedback,
            vector,
            vector_feedback: direction.map(|it| search.vector(&it)),
            sessions: search.sessions(core),
            window2,
        }
    }

    /// The arms in the order of the features.
    fn all(&self) -> [Option<&Arm>; ARMS.len()] {
        [
            Some(&self.keyword),
            Some(&self.window1),
            Some(&self.window2),
            Some(&self.core_window4),
            Some(&self.core_keyword),
            Some(&self.core_window2),
            Some(&self.feedback),
            self.vector.as_ref(),
            self.vector_feedback.as_ref(),
        ]
    }

    /// The best of each arm, in the order of their places.
    pub(crate) fn candidates(&self) -> Vec<Spot> {
        let mut spots: Vec<Spot> =
            self.all().into_iter().flatten().flat_map(|it| it.top.iter().copied()).collect();
        spots.sort_unstable();
        spots.dedup();
        spots
    }

    /// The features of a candidate, in the order of [`names`].
    pub(crate) fn row(&self, search: &Search<'_>, asking: &Asking, spot: Spot) -> Vec<f32> {
        let shard = search.shard(spot);
        let Some(doc) = shard.doc(spot.place) else { return Vec::new() };
        let session = Session::of(&search.shards, spot);
        let mut row = Vec::with_capacity(ARMS.len() * OF_ARM.len() + BESIDE.len());
        for arm in self.all() {
            match arm {
                Some(arm) => row.extend(of_arm(arm, shard, doc, spot, session)),
                None => row.extend([0.0; OF_ARM.len()]),
            }
        }
        row.extend(self.beside(search, asking, spot, doc, session));
        row.into_iter().map(|it| it as f32).collect()
    }

    fn beside(
        &self,
        search: &Search<'_>,
        asking: &Asking,
        spot: Spot,
        doc: &Doc,
        session: Session,
    ) -> [f64; BESIDE.len()] {
        let shard = search.shard(spot);
        let flag = |it: bool| f64::from(u8::from(it));
        let author = asking.authors.iter().any(|it| {
            doc.author != crate::shard::NONE && shard.authors().name(doc.author) == it.as_str()
        });
        let named = !asking.authors.is_empty();
        let asks = |distance| {
            let neighbour = shard.neighbour(doc, distance).and_then(|it| shard.doc(it));
            flag(neighbour.is_some_and(|it| it.look.asks))
        };
        let different = crate::shard::counted(&doc.terms).len();
        let cues = asking.cues.map(flag);
        let [when, who, r#where, many, long, why, which, what, how, yes, hypothetical] = cues;
        [
            self.sessions.z(session),
            self.sessions.reciprocal_rank(session),
            coverage(search, shard, &asking.core, &[spot.place]),
            coverage(search, shard, &asking.core, shard.window(&spot.place, 2)),
            flag(author),
            flag(named && !author),
            flag(asking.months.contains(&month_of(doc.at))),
            f64::from(doc.tokens),
            flag(doc.look.asks),
            flag(doc.look.number),
            flag(doc.look.time),
            asks(-1),
            asks(1),
            different as f64,
            f64::from(doc.position),
            when,
            who,
            r#where,
            many,
            long,
            why,
            which,
            what,
            how,
            yes,
            hypothetical,
            asking.core.len() as f64,
            asking.authors.len() as f64,
            self.window2.best(),
            self.vector.as_ref().map_or(0.0, Arm::best),
            f64::from(doc.importance),
        ]
    }
}

fn of_arm(
    arm: &Arm,
    shard: &Shard,
    doc: &Doc,
    spot: Spot,
    session: Session,
) -> [f64; OF_ARM.len()] {
    let neighbours = |radius: i32| {
        let places = (-radius..=radius).filter(|it| *it != 0);
        let places = places.filter_map(|it| shard.neighbour(doc, it));
        let best = places.map(|place| arm.z(Spot { place, ..spot })).fold(f64::MIN, f64::max);
        if best == f64::MIN { -9.0 } else { best }
    };
    [
        arm.z(spot),
        arm.reciprocal_rank(spot),
        arm.ratio(spot),
        neighbours(1),
        neighbours(2),
        arm.session_z(session),
    ]
}

/// The share of what is asked for that some records hold together, by how rare it is.
fn coverage(search: &Search<'_>, shard: &Shard, words: &Words, places: &[u32]) -> f64 {
    let (mut held, mut all) = (0.0, 0.0);
    for word in words.keys() {
        let rarity = search.rarity(word);
        all += rarity;
        let term = shard.term(word);
        let holds = |it: &u32| {
            term.is_some_and(|term| shard.doc(*it).is_some_and(|doc| doc.terms.contains(&term)))
        };
        if places.iter().any(holds) {
            held += rarity;
        }
    }
    if all <= 0.0 { 0.0 } else { held / all }
}

/// The month of a time in microseconds since 1970, from 1 (Howard Hinnant's `civil_from_days`).
fn month_of(micros: u64) -> u8 {
    let shifted = micros / 86_400_000_000 + 719_468;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    (if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 }) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        assert_eq!(month_of(0), 1);
        assert_eq!(month_of(951_782_400_000_000), 2);
        assert_eq!(month_of(1_795_219_199_999_000), 11);
    }
}
