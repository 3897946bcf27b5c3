//! What is known of a candidate for a question, as numbers: what a ranker learns from, and what `explain`
//! shows.

use std::collections::HashMap;

use voyager_base::clock::Timestamp;

use crate::{
    arm::{Arm, Session, Spot},
    asking::Asking,
    search::{Search, SessionArm},
    shard::{Doc, Place, Shard, Term},
    when,
};

/// The arms, by their order in a row of features.
const ARMS: [&str; 8] = [
    "keyword",
    "window1",
    "window2",
    "core_window4",
    "core_keyword",
    "core_window2",
    "feedback",
    "vector",
];

/// What is said of each arm.
const OF_ARM: [&str; 6] =
    ["z", "reciprocal_rank", "ratio", "neighbour1_z", "neighbour2_z", "session_z"];

/// What is said beside the arms.
const BESIDE: [&str; 44] = [
    "session_keyword_z",
    "session_keyword_reciprocal_rank",
    "session_hits",
    "session_share",
    "coverage",
    "window_coverage",
    "session_coverage",
    "rarest",
    "window_rarest",
    "session_rarest",
    "phrases",
    "window_phrases",
    "author_asked_for",
    "other_author_asked_for",
    "month_asked_for",
    "in_time_asked_for",
    "soon_after_time_asked_for",
    "tokens",
    "asks",
    "number",
    "time",
    "of_me",
    "of_you",
    "answers",
    "is_answered",
    "terms",
    "position",
    "place_in_thread",
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

/// The arms that the untrained ranking needs. The others only say more of what these found, and are asked
/// where somebody wants to know it.
pub(crate) struct FirstArms {
    pub(crate) keyword: Arm,
    pub(crate) window2: Arm,
    pub(crate) vector: Option<Arm>,
}

impl FirstArms {
    /// Asks them.
    pub(crate) fn of(search: &Search<'_>, asking: &Asking) -> Self {
        Self {
            keyword: search.keyword(&asking.words, 0),
            window2: search.keyword(&asking.words, 2),
            vector: asking.vector.as_ref().map(|it| search.vector(it)),
        }
    }

    /// The best of each, in the order of their places.
    pub(crate) fn best(&self) -> Vec<Spot> {
        let all = [Some(&self.keyword), Some(&self.window2), self.vector.as_ref()];
        best_of(all.into_iter().flatten())
    }
}

/// The best of some arms, in the order of their places.
fn best_of<'a>(arms: impl Iterator<Item = &'a Arm>) -> Vec<Spot> {
    let mut spots: Vec<Spot> = arms.flat_map(|it| it.top.iter().copied()).collect();
    spots.sort_unstable();
    spots.dedup();
    spots
}

/// All arms for one question.
pub(crate) struct Arms<'a> {
    first: &'a FirstArms,
    window1: Arm,
    core_window4: Arm,
    core_keyword: Arm,
    core_window2: Arm,
    feedback: Arm,
    sessions: SessionArm,
    /// How many of the best of the window arm lie in each session.
    hits: HashMap<Session, u32>,
    /// The best of the sessions of the candidates, by arm.
    bests: HashMap<Session, [f64; ARMS.len()]>,
    wanted: Wanted,
}

/// What happened is told within this time: 31 days.
const SOON_MICROS: i64 = 31 * 86_400_000_000;

/// So many of the best are counted by session.
const COUNTED: usize = 50;

/// The words that are asked for, beside names, as each shard knows them.
struct Wanted {
    /// How rare each is.
    rarities: Vec<f64>,
    /// Their sum.
    all: f64,
    /// By shard: the number of each word, where it is known there.
    terms: Vec<Vec<Option<Term>>>,
    /// Which of them stand next to each other in the question.
    pairs: Vec<(usize, usize)>,
    /// The sum of how rare those are.
    all_pairs: f64,
    /// What the sessions of the candidates hold.
    sessions: HashMap<Session, Held>,
}

/// Which share of what is asked for something holds, by how rare it is; and how rare the rarest is that it holds,
/// against the rarest that is asked for.
#[derive(Clone, Copy, Default)]
struct Held {
    share: f64,
    rarest: f64,
}

impl Wanted {
    fn of(search: &Search<'_>, asking: &Asking) -> Self {
        let words: Vec<&String> = asking.core.keys().collect();
        let rarities: Vec<f64> = words.iter().map(|it| search.rarity(it)).collect();
        let terms =
            search.shards.iter().map(|shard| words.iter().map(|it| shard.term(it)).collect());
        let place = |word: &String| words.iter().position(|it| *it == word);
        let pairs: Vec<(usize, usize)> = asking
            .sequence
            .windows(2)
            .filter_map(|it| Some((place(&it[0])?, place(&it[1])?)))
            .collect();
        Self {
            all: rarities.iter().sum(),
            all_pairs: pairs.iter().map(|it| rarities[it.0] + rarities[it.1]).sum(),
            terms: terms.collect(),
            rarities,
            pairs,
            sessions: HashMap::new(),
        }
    }

    fn held(&self, holds: impl Fn(usize) -> bool) -> Held {
        let (mut sum, mut rarest, mut best) = (0.0, 0.0_f64, 0.0_f64);
        for (number, rarity) in self.rarities.iter().enumerate() {
            best = best.max(*rarity);
            if holds(number) {
                sum += rarity;
                rarest = rarest.max(*rarity);
            }
        }
        let of = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        Held { share: of(sum, self.all), rarest: of(rarest, best) }
    }

    /// What some records of a shard hold together.
    fn in_records(&self, search: &Search<'_>, shard: u32, places: &[Place]) -> Held {
        let (terms, of) = (&self.terms[shard as usize], search.shards[shard as usize]);
        self.held(|number| {
            let Some(term) = terms[number] else { return false };
            places.iter().any(|it| of.terms(*it).any(|other| other == term))
        })
    }

    /// Looks at the sessions of candidates.
    fn look_at(&mut self, search: &Search<'_>, spots: &[Spot]) {
        for spot in spots {
            let session = Session::of(&search.shards, *spot);
            if self.sessions.contains_key(&session) {
                continue;
            }
            let (shard, places) = session.records(&search.shards);
            self.sessions.insert(session, self.in_records(search, shard, places));
        }
    }

    /// The share of pairs of words that some records of a shard hold side by side.
    fn phrases(&self, search: &Search<'_>, shard: u32, places: &[Place]) -> f64 {
        let (terms, of) = (&self.terms[shard as usize], search.shards[shard as usize]);
        let side_by_side = |(one, other): &(usize, usize)| {
            let (Some(one), Some(other)) = (terms[*one], terms[*other]) else { return false };
            places.iter().any(|it| {
                let terms: Vec<Term> = of.terms(*it).collect();
                terms.windows(2).any(|it| it == [one, other])
            })
        };
        let held = self.pairs.iter().filter(|it| side_by_side(it));
        let held: f64 = held.map(|it| self.rarities[it.0] + self.rarities[it.1]).sum();
        if self.all_pairs > 0.0 { held / self.all_pairs } else { 0.0 }
    }
}

impl<'a> Arms<'a> {
    /// Asks the others too.
    pub(crate) fn of(first: &'a FirstArms, search: &Search<'_>, asking: &Asking) -> Self {
        let (all, core) = (&asking.words, &asking.core);
        let feedback = search.keyword(&search.feedback(&first.window2, all), 1);
        Self {
            window1: search.keyword(all, 1),
            core_window4: search.keyword(core, 3),
            core_keyword: search.keyword(core, 0),
            core_window2: search.keyword(core, 2),
            feedback,
            sessions: search.sessions(core),
            hits: hits_by_session(search, &first.window2),
            bests: HashMap::new(),
            wanted: Wanted::of(search, asking),
            first,
        }
    }

    /// The arms in the order of the features.
    fn all(&self) -> [Option<&Arm>; ARMS.len()] {
        [
            Some(&self.first.keyword),
            Some(&self.window1),
            Some(&self.first.window2),
            Some(&self.core_window4),
            Some(&self.core_keyword),
            Some(&self.core_window2),
            Some(&self.feedback),
            self.first.vector.as_ref(),
        ]
    }

    /// The best of each arm, in the order of their places.
    pub(crate) fn candidates(&self) -> Vec<Spot> {
        best_of(self.all().into_iter().flatten())
    }

    /// Looks at what the candidates have around them, before their features are asked for.
    pub(crate) fn look_at(&mut self, search: &Search<'_>, spots: &[Spot]) {
        self.wanted.look_at(search, spots);
        for spot in spots {
            let session = Session::of(&search.shards, *spot);
            if self.bests.contains_key(&session) {
                continue;
            }
            let (shard, places) = session.records(&search.shards);
            let bests = self.all().map(|it| it.map_or(0.0, |arm| arm.best_z(shard, places)));
            self.bests.insert(session, bests);
        }
    }

    /// The features of a candidate, in the order of [`names`].
    pub(crate) fn row(&self, search: &Search<'_>, asking: &Asking, spot: Spot) -> Vec<f32> {
        let shard = search.shard(spot);
        let Some(doc) = shard.doc(spot.place) else { return Vec::new() };
        let session = Session::of(&search.shards, spot);
        let mut row = Vec::with_capacity(ARMS.len() * OF_ARM.len() + BESIDE.len());
        let bests = self.bests.get(&session).copied().unwrap_or_default();
        for (arm, best) in self.all().into_iter().zip(bests) {
            match arm {
                Some(arm) => row.extend(of_arm(arm, shard, &doc, spot, best)),
                None => row.extend([0.0; OF_ARM.len()]),
            }
        }
        row.extend(self.beside(search, asking, spot, &doc, session));
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
        let told_in = |later: i64| {
            let at = doc.at as i64;
            asking.window.is_some_and(|it| it.from <= at && at < it.to.saturating_add(later))
        };
        let window = shard.window(&spot.place, 2);
        let alone = self.wanted.in_records(search, spot.shard, &[spot.place]);
        let around = self.wanted.in_records(search, spot.shard, window);
        let all = self.wanted.sessions.get(&session).copied().unwrap_or_default();
        let hits = self.hits.get(&session).copied().unwrap_or_default();
        let thread_length = shard.thread(doc.thread).map_or(1, |it| it.docs.len());
        let different = crate::shard::counted(&shard.terms(doc.place).collect::<Vec<_>>()).len();
        let cues = asking.cues.map(flag);
        let [when, who, r#where, many, long, why, which, what, how, yes, hypothetical] = cues;
        [
            self.sessions.z(session),
            self.sessions.reciprocal_rank(session),
            f64::from(hits),
            f64::from(hits) / thread_length.max(1) as f64,
            alone.share,
            around.share,
            all.share,
            alone.rarest,
            around.rarest,
            all.rarest,
            self.wanted.phrases(search, spot.shard, &[spot.place]),
            self.wanted.phrases(search, spot.shard, window),
            flag(author),
            flag(named && !author),
            flag(asking.months.contains(&when::month_of(Timestamp::from_micros(doc.at)))),
            flag(told_in(0)),
            flag(told_in(SOON_MICROS)),
            f64::from(doc.tokens),
            flag(doc.look.asks),
            flag(doc.look.number),
            flag(doc.look.time),
            flag(doc.look.of_me),
            flag(doc.look.of_you),
            asks(-1),
            asks(1),
            different as f64,
            f64::from(doc.position),
            f64::from(doc.position + 1) / thread_length.max(1) as f64,
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
            self.first.window2.best(),
            self.first.vector.as_ref().map_or(0.0, Arm::best),
            f64::from(doc.importance),
        ]
    }
}

fn of_arm(
    arm: &Arm,
    shard: &Shard,
    doc: &Doc,
    spot: Spot,
    best_of_session: f64,
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
        best_of_session,
    ]
}

/// How many of the best of an arm lie in each session.
fn hits_by_session(search: &Search<'_>, arm: &Arm) -> HashMap<Session, u32> {
    let mut hits = HashMap::new();
    for spot in arm.top.iter().take(COUNTED) {
        *hits.entry(Session::of(&search.shards, *spot)).or_default() += 1;
    }
    hits
}
