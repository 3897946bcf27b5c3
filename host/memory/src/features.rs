//! What is known of a candidate for a question, as numbers: what a ranker learns from, and what `explain`
//! shows.

use std::collections::HashMap;

use voyager_base::clock::Timestamp;

use crate::{
    arm::{Arm, BySpot, Session, Spot},
    asking::Asking,
    search::{Search, SessionArm, TimeArm},
    shard::{
        Doc, Place, Shard, Term,
        sentences::{self, Speaks},
    },
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

/// What is said of each arm: the first [`OF_RECORD`] of the record alone, the last of its whole session.
const OF_ARM: [&str; 6] =
    ["z", "reciprocal_rank", "ratio", "neighbour1_z", "neighbour2_z", "session_z"];

/// So much of [`OF_ARM`] needs no look at the session.
const OF_RECORD: usize = 5;

/// What is said beside the arms, and needs a look at nothing but a record and those next to it.
const NEAR: [&str; 20] = [
    "session_share",
    "coverage",
    "window_coverage",
    "rarest",
    "window_rarest",
    "author_asked_for",
    "other_author_asked_for",
    "month_asked_for",
    "in_time_asked_for",
    "soon_after_time_asked_for",
    "asks",
    "of_me",
    "of_you",
    "answers",
    "is_answered",
    "place_in_thread",
    "kindred_coverage",
    "kindred_window_coverage",
    "kindred_neighbour_coverage",
    "kindred_ratio",
];

/// What else is said.
const BESIDE: [&str; 28] = [
    "session_keyword_z",
    "session_keyword_reciprocal_rank",
    "session_hits",
    "session_coverage",
    "session_rarest",
    "phrases",
    "window_phrases",
    "tokens",
    "number",
    "time",
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
    arms.chain(NEAR.iter().chain(&BESIDE).map(|it| (*it).to_owned())).collect()
}

/// Arms that the ranking of recall asks, in the order of [`FirstArms::all`].
const FIRST: [&str; 3] = ["keyword", "window2", "vector"];

/// How many features the ranking of recall reads.
pub(crate) const RANKING: usize = FIRST.len() * OF_RECORD + NEAR.len() + 1;

/// Names of the features that the ranking of recall reads, in their order: few enough, and near enough to a
/// record, to be asked for in a store of any size.
pub fn ranking_names() -> Vec<String> {
    let of = &OF_ARM[..OF_RECORD];
    let arms = FIRST.iter().flat_map(|arm| of.iter().map(move |of| format!("{arm}.{of}")));
    arms.chain(NEAR.iter().map(|it| (*it).to_owned()))
        .chain(["untrained.ratio".to_owned()])
        .collect()
}

/// The arms that the untrained ranking needs. The others only say more of what these found, and are asked
/// where somebody wants to know it.
pub(crate) struct FirstArms<'a> {
    pub(crate) keyword: Arm<'a>,
    pub(crate) window2: Arm<'a>,
    pub(crate) vector: Option<Arm<'a>>,
    /// Where the question names a time. What the ranker learned knows nothing of it.
    pub(crate) time: Option<TimeArm>,
}

impl<'a> FirstArms<'a> {
    /// Asks them.
    pub(crate) fn of(search: &Search<'a>, asking: &Asking) -> Self {
        Self {
            keyword: search.keyword(&asking.words, 0),
            window2: search.keyword(&asking.words, 2),
            vector: asking.vector.as_ref().map(|it| search.vector(it)),
            time: asking.days.as_ref().map(|it| search.time(it, asking.beside_time == 0)),
        }
    }

    /// The best of each, in the order of their places.
    pub(crate) fn best(&self) -> Vec<Spot> {
        let arms = self.all().into_iter().flatten().map(|it| &it.top);
        best_of(arms.chain(self.time.as_ref().map(|it| &it.top)))
    }

    fn all(&self) -> [Option<&Arm<'a>>; FIRST.len()] {
        [Some(&self.keyword), Some(&self.window2), self.vector.as_ref()]
    }
}

/// The best of arms, in the order of their places.
fn best_of<'a>(tops: impl Iterator<Item = &'a Vec<Spot>>) -> Vec<Spot> {
    let mut spots: Vec<Spot> = tops.flatten().copied().collect();
    spots.sort_unstable();
    spots.dedup();
    spots
}

/// What lies around candidates.
pub(crate) struct Near<'a> {
    first: &'a FirstArms<'a>,
    /// How many of the best of the window arm lie in each session.
    hits: HashMap<Session, u32>,
    wanted: Wanted,
}

/// All arms for one question.
pub(crate) struct Arms<'a> {
    near: Near<'a>,
    window1: Arm<'a>,
    core_window4: Arm<'a>,
    core_keyword: Arm<'a>,
    core_window2: Arm<'a>,
    feedback: Arm<'a>,
    sessions: SessionArm,
    /// The best of the sessions of the candidates, by arm.
    bests: HashMap<Session, [f64; ARMS.len()]>,
    phrases: Phrases,
}

/// What happened is told within this time: 31 days.
const SOON_MICROS: i64 = 31 * 86_400_000_000;

/// So many of the best are counted by session.
const COUNTED: usize = 50;

/// How far a window reaches to either side.
const RADIUS: u32 = 2;

/// The words that are asked for, beside names.
struct Wanted {
    words: Vec<String>,
    /// How rare each is.
    rarities: Vec<f64>,
    /// Their sum.
    all: f64,
    /// The rarest of them.
    rarest: f64,
    /// Which share of them some record holds, by how rare they are; none where there are none.
    known: Option<f64>,
    /// Words that mean something like those: the number of the word, and how near each is to it.
    kindred: Vec<(String, u32, f32)>,
    /// Other names of what those name, by their terms: the number of a word of the name. What holds one holds the word.
    names: Vec<(Vec<String>, u32)>,
    /// The records that were looked at: where in `numbers` stands which of the words they hold, and whom that sentence
    /// speaks of which holds most of them.
    held: BySpot<(u32, u32, Option<Speaks>)>,
    /// Numbers of words, and how nearly they are held.
    numbers: Vec<(u32, f32)>,
    /// The largest share of one record that holds words like those.
    best: f64,
}

/// How nearly a word is held that is held itself.
const ITSELF: f32 = 1.0;

/// Which share of what is asked for something holds, by how rare it is; and how rare the rarest is that it holds,
/// against the rarest that is asked for.
#[derive(Clone, Copy, Default)]
struct Held {
    share: f64,
    rarest: f64,
    /// The share, where a word that means something like one counts by how near it is.
    kindred: f64,
}

impl Wanted {
    fn of(search: &Search<'_>, asking: &Asking) -> Self {
        let words: Vec<String> = asking.said_core().cloned().collect();
        // A word of a name is as rare, and as known, as it is with other names of the same: of those the rarest word tells.
        let also = |word: &String| asking.also.get(word).into_iter().flatten();
        let holders = |word: &String| {
            let of_name = |it: &Vec<String>| it.iter().map(|it| search.holders(it)).min();
            search.holders(word) + also(word).filter_map(of_name).sum::<u64>()
        };
        let rarity = |it| search.rarity_of(holders(it));
        let rarities: Vec<f64> = words.iter().map(rarity).collect();
        let kindred = words.iter().zip(0_u32..).filter_map(|(word, number)| {
            let near = asking.kindred.get(word)?.iter();
            Some(near.map(move |(term, strength)| (term.clone(), number, *strength)))
        });
        let names = words.iter().zip(0_u32..);
        let names = names.flat_map(|(word, number)| also(word).map(move |it| (it.clone(), number)));
        let all: f64 = rarities.iter().sum();
        let known = words.iter().zip(&rarities).filter(|it| holders(it.0) > 0);
        let known: f64 = known.map(|it| it.1).sum();
        Self {
            all,
            known: (all > 0.0).then(|| known / all),
            rarest: rarities.iter().copied().fold(0.0, f64::max),
            kindred: kindred.flatten().collect(),
            names: names.collect(),
            words,
            rarities,
            held: BySpot::default(),
            numbers: Vec::new(),
            best: 0.0,
        }
    }

    /// Looks which words some records of a shard hold.
    fn look_at(&mut self, search: &Search<'_>, shard: u32, mut places: Vec<Place>) {
        places.sort_unstable();
        places.dedup();
        places.retain(|it| !self.held.contains_key(&Spot { shard, place: *it }));
        let of = search.shards[shard as usize];
        let words = self.words.iter().zip(0_u32..).map(|(word, number)| (word, number, ITSELF));
        let kindred = self.kindred.iter().map(|(word, number, near)| (word, *number, *near));
        let words = words.chain(kindred);
        let words = words.filter_map(|(word, number, near)| Some((of.term(word)?, number, near)));
        let mut wanted: Vec<(Term, u32, f32)> = words.collect();
        wanted.sort_unstable_by_key(|it| (it.0, it.1));
        let terms =
            |name: &[String]| name.iter().map(|it| of.term(it)).collect::<Option<Vec<Term>>>();
        let names = self.names.iter().filter_map(|(it, number)| Some((terms(it)?, *number)));
        let names: Vec<(Vec<Term>, u32)> = names.collect();
        // Most terms are not asked for, which these bits tell of all but a few.
        let bit = |term: Term| 1_u64 << (term % 64);
        let some = wanted.iter().fold(0, |bits, it| bits | bit(it.0));
        for place in places {
            let start = self.numbers.len();
            let (mut all, mut found) = (0, Vec::new());
            for term in of.terms(place) {
                all += 1;
                if some & bit(term) == 0 {
                    continue;
                }
                let at = wanted.partition_point(|it| it.0 < term);
                for (_, number, near) in wanted[at..].iter().take_while(|it| it.0 == term) {
                    self.numbers.push((*number, *near));
                    let weight = self.rarities[*number as usize] * f64::from(*near);
                    found.push((all - 1, *number, weight));
                }
            }
            if !names.is_empty() {
                // By term: where it stands first.
                let mut held: HashMap<Term, usize> = HashMap::new();
                of.terms(place).zip(0..).for_each(|(term, at)| _ = held.entry(term).or_insert(at));
                for (name, number) in &names {
                    let at: Option<Vec<usize>> =
                        name.iter().map(|it| held.get(it).copied()).collect();
                    if let Some(at) = at.and_then(|it| it.into_iter().min()) {
                        self.numbers.push((*number, ITSELF));
                        found.push((at, *number, self.rarities[*number as usize]));
                    }
                }
                found.sort_unstable_by_key(|it| (it.0, it.1));
            }
            // Most hold nothing of it.
            let speaks = if found.is_empty() {
                None
            } else {
                sentences::heaviest(of.sentences(place), all, &found)
            };
            let range = (start as u32, self.numbers.len() as u32, speaks);
            self.held.insert(Spot { shard, place }, range);
        }
    }

    /// Whom a record speaks of where it holds most of what is asked for.
    fn speaks(&self, spot: Spot) -> Option<Speaks> {
        self.held.get(&spot)?.2
    }

    /// What some records of a shard hold together, of those that were looked at.
    fn in_records(&self, shard: u32, places: &[Place]) -> Held {
        let of = |place: &Place| self.held.get(&Spot { shard, place: *place });
        let ranges = places.iter().filter_map(of);
        let held = ranges.flat_map(|(from, to, _)| &self.numbers[*from as usize..*to as usize]);
        let mut held: Vec<(u32, f32)> = held.copied().collect();
        held.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(other.1.total_cmp(&one.1)));
        held.dedup_by_key(|it| it.0);
        let rarity = |it: &(u32, f32)| self.rarities[it.0 as usize];
        let rarities = held.iter().filter(|it| it.1 == ITSELF).map(rarity);
        let near = held.iter().map(|it| rarity(it) * f64::from(it.1));
        let of = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        Held {
            share: of(rarities.clone().sum(), self.all),
            rarest: of(rarities.fold(0.0, f64::max), self.rarest),
            kindred: of(near.sum(), self.all),
        }
    }
}

/// Words that stand next to each other in the question.
struct Phrases {
    /// By shard: the numbers of the two, where both are known there.
    pairs: Vec<Vec<Option<[Term; 2]>>>,
    /// How rare they are together.
    rarities: Vec<f64>,
}

impl Phrases {
    fn of(search: &Search<'_>, asking: &Asking) -> Self {
        let pairs = asking.sequence.windows(2);
        let of = |shard: &&Shard| {
            let known = |it: &[String]| Some([shard.term(&it[0])?, shard.term(&it[1])?]);
            pairs.clone().map(known).collect()
        };
        let rarity = |it: &[String]| search.rarity(&it[0]) + search.rarity(&it[1]);
        Self {
            pairs: search.shards.iter().map(of).collect(),
            rarities: pairs.clone().map(rarity).collect(),
        }
    }

    /// The share of them that some records of a shard hold side by side.
    fn in_records(&self, search: &Search<'_>, shard: u32, places: &[Place]) -> f64 {
        let of = search.shards[shard as usize];
        let terms = |it: &Place| of.terms(*it).collect::<Vec<Term>>();
        let texts: Vec<Vec<Term>> = places.iter().map(terms).collect();
        let side_by_side =
            |pair: &[Term; 2]| texts.iter().any(|it| it.windows(2).any(|two| two == pair));
        let pairs = self.pairs[shard as usize].iter().zip(&self.rarities);
        let held = pairs.filter(|it| it.0.as_ref().is_some_and(side_by_side));
        let held: f64 = held.map(|it| it.1).sum();
        let all: f64 = self.rarities.iter().sum();
        if all > 0.0 { held / all } else { 0.0 }
    }
}

impl<'a> Near<'a> {
    /// Counts what the first arms found.
    pub(crate) fn of(first: &'a FirstArms<'a>, search: &Search<'_>, asking: &Asking) -> Self {
        let hits = hits_by_session(search, &first.window2);
        Self { first, hits, wanted: Wanted::of(search, asking) }
    }

    /// Which share of the words that tell what is asked for some record holds, by how rare they are; none where the
    /// question has no such words.
    pub(crate) fn known(&self) -> Option<f64> {
        self.wanted.known
    }

    /// Looks at records and those next to them, before what is near is asked for.
    pub(crate) fn look_at(&mut self, search: &Search<'_>, spots: &[Spot]) {
        for (number, of) in search.shards.iter().enumerate() {
            let of_shard = spots.iter().filter(|it| it.shard as usize == number);
            let windows = of_shard.flat_map(|it| of.window(&it.place, RADIUS));
            self.wanted.look_at(search, number as u32, windows.copied().collect());
        }
        let of = spots.iter().map(|it| self.wanted.in_records(it.shard, &[it.place]).kindred);
        self.wanted.best = of.fold(self.wanted.best, f64::max);
    }

    /// What the ranking of recall reads of a record, in the order of [`ranking_names`]: `ratio` is what the
    /// untrained fusion says of it, against the best.
    pub(crate) fn row(
        &self,
        search: &Search<'_>,
        asking: &Asking,
        spot: Spot,
        ratio: f64,
    ) -> Vec<f32> {
        let shard = search.shard(spot);
        let Some(doc) = shard.doc(spot.place) else { return Vec::new() };
        let mut row = Vec::with_capacity(RANKING);
        let neighbours = Neighbours::of(shard, &doc);
        for arm in self.first.all() {
            row.extend(arm.map_or([0.0; OF_RECORD], |it| of_record(it, &neighbours, spot)));
        }
        row.extend(self.near(search, asking, spot, &doc));
        row.push(ratio);
        row.into_iter().map(|it| it as f32).collect()
    }

    fn near(
        &self,
        search: &Search<'_>,
        asking: &Asking,
        spot: Spot,
        doc: &Doc,
    ) -> [f64; NEAR.len()] {
        let shard = search.shard(spot);
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
        let month = || when::month_of(Timestamp::from_micros(doc.at));
        let in_month = !asking.months.is_empty() && asking.months.contains(&month());
        let alone = self.wanted.in_records(spot.shard, &[spot.place]);
        let speaks = self.wanted.speaks(spot).unwrap_or(doc.look.speaks);
        let around = self.wanted.in_records(spot.shard, shard.window(&spot.place, RADIUS));
        let beside = [-1, 1].map(|it| {
            let place = shard.neighbour(doc, it);
            place.map_or(0.0, |it| self.wanted.in_records(spot.shard, &[it]).kindred)
        });
        let best = self.wanted.best;
        let hits = self.hits_of(search, spot);
        let thread_length = shard.thread(doc.thread).map_or(1, |it| it.docs.len()).max(1) as f64;
        [
            f64::from(hits) / thread_length,
            alone.share,
            around.share,
            alone.rarest,
            around.rarest,
            flag(author),
            flag(named && !author),
            flag(in_month),
            flag(told_in(0)),
            flag(told_in(SOON_MICROS)),
            flag(doc.look.asks),
            flag(speaks.of_me),
            flag(speaks.of_you),
            asks(-1),
            asks(1),
            f64::from(doc.position + 1) / thread_length,
            alone.kindred,
            around.kindred,
            beside.into_iter().fold(alone.kindred, f64::max),
            if best > 0.0 { alone.kindred / best } else { 0.0 },
        ]
    }

    fn hits_of(&self, search: &Search<'_>, spot: Spot) -> u32 {
        self.hits.get(&Session::of(&search.shards, spot)).copied().unwrap_or_default()
    }
}

fn flag(it: bool) -> f64 {
    f64::from(u8::from(it))
}

impl<'a> Arms<'a> {
    /// Asks the others too.
    pub(crate) fn of(near: Near<'a>, search: &Search<'a>, asking: &Asking) -> Self {
        let (all, core) = (&asking.words, &asking.core);
        let feedback = search.keyword(&search.feedback(&near.first.window2, all), 1);
        Self {
            window1: search.keyword(all, 1),
            core_window4: search.keyword(core, 3),
            core_keyword: search.keyword(core, 0),
            core_window2: search.keyword(core, 2),
            feedback,
            sessions: search.sessions(core),
            bests: HashMap::new(),
            phrases: Phrases::of(search, asking),
            near,
        }
    }

    /// The arms in the order of the features.
    fn all(&self) -> [Option<&Arm<'a>>; ARMS.len()] {
        [
            Some(&self.near.first.keyword),
            Some(&self.window1),
            Some(&self.near.first.window2),
            Some(&self.core_window4),
            Some(&self.core_keyword),
            Some(&self.core_window2),
            Some(&self.feedback),
            self.near.first.vector.as_ref(),
        ]
    }

    /// The best of each arm, in the order of their places.
    pub(crate) fn candidates(&self) -> Vec<Spot> {
        best_of(self.all().into_iter().flatten().map(|it| &it.top))
    }

    /// Looks at the sessions of candidates, before their features are asked for.
    pub(crate) fn look_at(&mut self, search: &Search<'_>, spots: &[Spot]) {
        self.near.look_at(search, spots);
        for spot in spots {
            let session = Session::of(&search.shards, *spot);
            if self.bests.contains_key(&session) {
                continue;
            }
            let (shard, places) = session.records(&search.shards);
            self.near.wanted.look_at(search, shard, places.to_vec());
            let bests = self.all().map(|it| it.map_or(0.0, |arm| arm.best_z(shard, places)));
            self.bests.insert(session, bests);
        }
    }

    /// The features of a candidate, in the order of [`names`].
    pub(crate) fn row(&self, search: &Search<'_>, asking: &Asking, spot: Spot) -> Vec<f32> {
        let shard = search.shard(spot);
        let Some(doc) = shard.doc(spot.place) else { return Vec::new() };
        let session = Session::of(&search.shards, spot);
        let mut row = Vec::with_capacity(ARMS.len() * OF_ARM.len() + NEAR.len() + BESIDE.len());
        let bests = self.bests.get(&session).copied().unwrap_or_default();
        let neighbours = Neighbours::of(shard, &doc);
        for (arm, best) in self.all().into_iter().zip(bests) {
            row.extend(arm.map_or([0.0; OF_RECORD], |it| of_record(it, &neighbours, spot)));
            row.push(arm.map_or(0.0, |_| best));
        }
        row.extend(self.near.near(search, asking, spot, &doc));
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
        let window = shard.window(&spot.place, RADIUS);
        let (number, places) = session.records(&search.shards);
        let all = self.near.wanted.in_records(number, places);
        let different = crate::shard::counted(&shard.terms(spot.place).collect::<Vec<_>>()).len();
        let cues = asking.cues.map(flag);
        let [when, who, r#where, many, long, why, which, what, how, yes, hypothetical] = cues;
        [
            self.sessions.z(session),
            self.sessions.reciprocal_rank(session),
            f64::from(self.near.hits_of(search, spot)),
            all.share,
            all.rarest,
            self.phrases.in_records(search, spot.shard, &[spot.place]),
            self.phrases.in_records(search, spot.shard, window),
            f64::from(doc.tokens),
            flag(doc.look.number),
            flag(doc.look.time),
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
            self.near.first.window2.best(),
            self.near.first.vector.as_ref().map_or(0.0, Arm::best),
            f64::from(doc.importance),
        ]
    }
}

/// The records next to one in its thread, where there are some: two before and two behind, in their order.
struct Neighbours([Option<Place>; 4]);

impl Neighbours {
    fn of(shard: &Shard, doc: &Doc) -> Self {
        Self([-2, -1, 1, 2].map(|it| shard.neighbour(doc, it)))
    }
}

fn of_record(arm: &Arm<'_>, neighbours: &Neighbours, spot: Spot) -> [f64; OF_RECORD] {
    let near = neighbours.0.map(|it| it.map_or(f64::MIN, |place| arm.z(Spot { place, ..spot })));
    let best = |of: &[f64]| {
        let best = of.iter().copied().fold(f64::MIN, f64::max);
        if best == f64::MIN { -9.0 } else { best }
    };
    [arm.z(spot), arm.reciprocal_rank(spot), arm.ratio(spot), best(&near[1..3]), best(&near)]
}

/// How many of the best of an arm lie in each session.
fn hits_by_session(search: &Search<'_>, arm: &Arm<'_>) -> HashMap<Session, u32> {
    let mut hits = HashMap::new();
    for spot in arm.top.iter().take(COUNTED) {
        *hits.entry(Session::of(&search.shards, *spot)).or_default() += 1;
    }
    hits
}
