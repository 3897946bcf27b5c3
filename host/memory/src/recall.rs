//! Recall: a question, its candidates, their signals, and what is given back.

use std::{
    collections::{
        BTreeMap, HashMap, HashSet,
        hash_map::Entry::{Occupied, Vacant},
    },
    iter,
};

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};
use voyager_base::{Digest, clock::Timestamp, memory::Trust};

use crate::{
    arm::{Arm, BySpot, CANDIDATES, Session, Spot, Spread},
    asking::{Asking, Kindred},
    features::{Arms, FirstArms, Near},
    fields::FieldIs,
    index::Index,
    question, rank,
    record::{MemoryId, Record},
    search::Search,
    shard::{Doc, NONE, Shard, Term, tokens_of},
    terms,
    walk::{HUB, walk},
    when::{Bound, Granularity, Interval},
};

/// Most records that one question gives back.
pub const LIMIT_MAX: usize = 1_000;

/// Most of those that say the same which a hit names.
pub const SAME_MAX: usize = 100;

/// Longest question, in bytes.
pub const QUESTION_BYTES_MAX: usize = 64 << 10;

/// Of fewer records it can't be said whether one stands out; nor is what was learned from long conversations asked how to
/// rank so few.
pub const DOUBT_FROM: u64 = 100;

/// A part of a question, and what it means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubQuery {
    /// The part, as [`crate::question::analyse`] gives it.
    pub text: String,
    /// Its vector, made by the encoder of the store.
    pub vector: Vec<f32>,
}

/// What is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    /// The question, in words.
    pub text: String,
    /// Its vector, made by the encoder of the store.
    pub vector: Option<Vec<f32>>,
    /// Words that mean something like those of the text; of what is not among those nothing counts.
    pub kindred: Vec<Kindred>,
    /// The vectors of its parts. A part that has none here is looked for by its words; what is no part counts nothing.
    pub parts: Vec<SubQuery>,
    /// The spaces to look in; all where none is named.
    pub spaces: Vec<String>,
    /// Most records that are given back, up to [`LIMIT_MAX`].
    pub limit: usize,
    /// Most tokens that they take together, about; none for no such bound.
    pub budget_tokens: Option<u32>,
    /// Only records by this author.
    pub author: Option<String>,
    /// Only records of this thread.
    pub thread: Option<String>,
    /// Only records of this kind.
    pub kind: Option<String>,
    /// Only records with all of these tags.
    pub tags: Vec<String>,
    /// Only records with fields like all of these.
    pub fields: Vec<FieldIs>,
    /// Only records told at this time or later.
    pub since: Option<Timestamp>,
    /// Only records told before this time.
    pub until: Option<Timestamp>,
    /// Also records that were archived.
    pub archived: bool,
    /// Also records that a newer one supersedes.
    pub history: bool,
    /// Also records that say the same as a better one, or as one that stands for them.
    pub copies: bool,
    /// Only records that are trusted so far, with all that they descend from.
    pub trust: Option<Trust>,
    /// Of what is here, what was there at this commit, as it stood then.
    pub as_of: Option<u64>,
}

impl Default for Question {
    fn default() -> Self {
        Self {
            text: String::new(),
            vector: None,
            kindred: Vec::new(),
            parts: Vec::new(),
            spaces: Vec::new(),
            limit: 10,
            budget_tokens: None,
            author: None,
            thread: None,
            kind: None,
            tags: Vec::new(),
            fields: Vec::new(),
            since: None,
            until: None,
            archived: false,
            history: false,
            copies: false,
            trust: None,
            as_of: None,
        }
    }
}

impl Question {
    /// A part of it, as a question of its own within the same bounds.
    pub(crate) fn part(&self, text: &str) -> Self {
        let known = self.parts.iter().find(|it| it.text == text);
        let vector = known.map(|it| it.vector.clone());
        Self { text: text.to_owned(), vector, parts: Vec::new(), ..self.clone() }
    }

    /// Without its words and what an encoder made of them: what it asks for beside these.
    pub(crate) fn bare(&self) -> Self {
        let (text, vector) = (String::new(), None);
        Self { text, vector, kindred: Vec::new(), parts: Vec::new(), ..self.clone() }
    }

    /// Whether it asks for some records only.
    pub(crate) fn is_selective(&self) -> bool {
        let names = [&self.author, &self.thread, &self.kind];
        names.iter().any(|it| it.is_some())
            || !self.tags.is_empty()
            || !self.fields.is_empty()
            || self.since.is_some()
            || self.until.is_some()
            || self.trust.is_some_and(|it| it > Trust::Outside)
    }
}

/// Why a record was given back: ten signals, each from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signals {
    /// How near its vector lies to that of the question: the cosine.
    pub vector: f64,
    /// How well its words and those around it answer the question, against the best.
    pub keyword: f64,
    /// How strongly relations lead to it from what answers the question.
    pub relation: f64,
    /// Which share of the question's words is among its tags.
    pub tag: f64,
    /// Which share of what the question quotes it holds word for word.
    pub exact: f64,
    /// How much it matters, as its author said.
    pub importance: f64,
    /// How new it is: halves with each 30 days.
    pub recency: f64,
    /// How sure its author was.
    pub confidence: f64,
    /// What decay left of it.
    pub relevance: f64,
    /// How well it fits the time that the question names, told then or telling of then, and how few records do.
    #[serde(default)]
    pub time: f64,
}

impl Signals {
    /// All of them by name.
    pub fn named(&self) -> [(&'static str, f64); 10] {
        [
            ("vector", self.vector),
            ("keyword", self.keyword),
            ("relation", self.relation),
            ("tag", self.tag),
            ("exact", self.exact),
            ("importance", self.importance),
            ("recency", self.recency),
            ("confidence", self.confidence),
            ("relevance", self.relevance),
            ("time", self.time),
        ]
    }

    /// What relations and tags are worth, beside what the arms say.
    fn beside(&self) -> f64 {
        RELATION_WEIGHT * self.relation + self.tag
    }

    /// What its time is worth, where the best that words found is worth `best` more than what holds none.
    fn in_time(&self, asking: &Asking, best: f64) -> f64 {
        TIME_WEIGHT * self.time * best / (1 + asking.beside_time) as f64
    }

    /// Whether anything in the question speaks for the record but the time that it names.
    fn speak_beside_time(&self) -> bool {
        let spoken = [self.keyword, self.relation, self.tag, self.exact];
        spoken.iter().any(|it| *it > 0.0) || self.vector >= NEAR
    }
}

/// A cosine from which on a vector speaks for a record by itself.
const NEAR: f64 = 0.3;

/// A record that was given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// How well it answers, against the others of this answer only.
    pub score: f64,
    /// How many tokens its text takes, about.
    pub tokens: u32,
    /// Why.
    pub signals: Signals,
    /// The record.
    pub record: Record,
    /// Others that say the same, as a consolidation found, in the order of writing, the first [`SAME_MAX`] of them: the
    /// question allows them too.
    #[serde(default)]
    pub same: Vec<MemoryId>,
    /// How many more there are.
    #[serde(default)]
    pub same_more: usize,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recall {
    /// The records, the best first.
    pub hits: Vec<Hit>,
    /// How many records were looked at closely.
    pub candidates: usize,
    /// For how many of these something in the question speaks.
    pub answering: usize,
    /// How many were left out because another one says the same.
    pub duplicates: usize,
    /// How many would be among the hits, were they not superseded.
    pub superseded: usize,
    /// How probable it is that nothing in the store answers the question, from 0 to 1; none where the store is too
    /// small to tell, or notes are asked for nothing but a time.
    pub doubt: Option<f64>,
    /// The state of the store that was asked: the number of its last commit.
    pub commit: u64,
}

/// When that happened which a question asks about, or is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dated {
    /// The time.
    pub interval: Interval,
    /// How exactly.
    pub granularity: Granularity,
    /// The record that says so.
    pub by: MemoryId,
    /// Whether it says so: else nothing that was found tells a time, and this is the day on which the best was told, of an
    /// event the first.
    pub is_said: bool,
}

impl Dated {
    /// The time that is tied so to an event of that time, at `now`.
    pub(crate) fn window(&self, bound: Bound, now: Timestamp) -> Interval {
        // It may have been over when it was told of: what was told on that day may follow it.
        let after_told = !self.is_said && bound == Bound::After;
        let bound = if after_told { Bound::Since } else { bound };
        bound.window(self.interval, now)
    }
}

/// A record that was looked at closely.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Which one.
    pub id: MemoryId,
    /// Its features, named by [`crate::features::names`]; nothing where nobody asked for them.
    pub features: Vec<f32>,
    /// How well it answers, against the others of this answer only: what recall goes by.
    pub score: f64,
    /// What it is worth without a learned ranker.
    pub untrained: f64,
    /// What the ranker read of it, named by [`crate::features::ranking_names`]; nothing where it is not among
    /// the best of the untrained ranking, or nobody asked for features.
    pub ranking: Vec<f32>,
    /// Why.
    pub signals: Signals,
    /// Whether anything in the question speaks for it: its time alone only where that says enough.
    pub speaks: bool,
    /// How many tokens its text takes, about.
    pub tokens: u32,
    /// Whether it was looked at for its features alone: what recall looks at is nearer to the question.
    pub is_behind: bool,
}

/// What was looked at closely for a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Considered {
    /// The records, in the order of their ids.
    pub candidates: Vec<Candidate>,
    /// How probable it is that none of them answers the question; none where fewer than [`DOUBT_FROM`] records were
    /// asked, or notes for nothing but a time.
    pub doubt: Option<f64>,
    /// Which share of the words that tell what is asked for some record holds, by how rare they are; none where the
    /// question has no such words.
    pub known: Option<f64>,
    /// When the event was that the question is tied to; none where it is tied to none, or that was not found.
    pub event: Option<Dated>,
}

/// Recency halves in this time.
const RECENCY_HALF_LIFE_MICROS: f64 = 30.0 * 86_400e6;

/// Signals that do not depend on the question move a score by at most this share.
const BOOST_MAX: f64 = 0.1;

/// What a quotation is worth, in standard deviations of the arms: more than any of them gives.
const EXACT_WEIGHT: f64 = 10.0;

/// So many phrases of a question are looked for.
const PHRASES_MAX: usize = 16;

/// Quotation marks that may open a phrase.
const MARKS_MAX: usize = 4 * PHRASES_MAX;

/// What the strongest relation is worth.
const RELATION_WEIGHT: f64 = 2.0;

/// What the time is worth of a question that asks for nothing else, against what its best words are: somewhat more, for
/// those name the time, and a record of another time answers something else. Against them, and not as a number of its
/// own, since what a rare word is worth grows with the memory. Where a question asks for more, its time is one thing of
/// several: most of what was told on that day is about others.
const TIME_WEIGHT: f64 = 1.5;

/// What the best of few records is worth by its words, against one that holds none of them: about the standard deviations
/// that lie between both where there are many.
const SHARE_WEIGHT: f64 = 3.0;

/// So many of the best of the untrained ranking are ranked by what was learned. The others stay behind them.
const RANKED: usize = 300;

/// Walks along relations start at so many of the best.
const SEEDS: usize = 20;

/// How closely candidates are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// As far as the ranking needs it: candidates have no features.
    Ranking,
    /// By all arms, with all features.
    Features,
}

/// The first of a ranking is worth `1 / RANKS_FROM`, the next one less. The smaller, the more the first few count: 60 is
/// common where many rankings of hundreds are fused (Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion", 2009), and here it
/// is the first few of a part that answer it.
const RANKS_FROM: f64 = 3.0;

/// Records of a question that were ranked, in the order of what they are worth without training.
pub(crate) type Ranked = Vec<(Spot, Candidate)>;

/// Looks at what may answer a question. Where it asks for several things, each of the `parts` was ranked for itself too.
pub(crate) fn consider(
    index: &Index,
    whole: (&Question, &Asking),
    parts: Vec<Ranked>,
    search: &Search<'_>,
    now: Timestamp,
    look: Look,
) -> Considered {
    let asking = whole.1;
    let first = FirstArms::of(search, asking);
    let (seeing, mut spots) = Seeing::of(index, search, whole, &first, now);
    let see = |it: &(Spot, Doc, f64)| seeing.candidate(it);
    let mut seen: Vec<(Spot, Candidate)> = known(index, search, &spots).iter().map(see).collect();
    let mut near = Near::of(&first, search, asking);
    let (learned, behind) = ranked(search, asking, &first, &mut near, &mut seen);
    let ranked = learned.into_iter().zip(seen.iter().map(|it| it.1.ranking.as_slice()));
    let known_words = near.known();
    let is_talk = seen.iter().take(TALKING).any(|it| is_said_to_another(search, it.0));
    let doubter = rank::doubter(!asking.kindred.is_empty());
    let doubt = (search.totals.docs >= DOUBT_FROM)
        .then(|| doubter.doubt(ranked.collect(), known_words, is_talk))
        .flatten();
    lead(search, &mut seen);
    let lowered = fuse(&mut seen, parts);
    seen.iter_mut().for_each(|it| seeing.see_time(it));
    if look == Look::Ranking {
        seen.iter_mut().for_each(|it| it.1.ranking = Vec::new());
    } else {
        spots = seen.iter().map(|it| it.0).collect();
        spots.sort_unstable();
        let mut all = Arms::of(near, search, asking);
        let others = all.candidates().into_iter().filter(|it| spots.binary_search(it).is_err());
        let others: Vec<Spot> = others.collect();
        seen.extend(known(index, search, &others).iter().map(see).map(|(spot, mut it)| {
            it.score = behind(it.untrained) - lowered;
            it.is_behind = true;
            (spot, it)
        }));
        spots.extend(others);
        all.look_at(search, &spots);
        seen.iter_mut().for_each(|(spot, it)| it.features = all.row(search, asking, *spot));
    }
    let mut candidates: Vec<Candidate> = seen.into_iter().map(|it| it.1).collect();
    candidates.sort_by_key(|it| it.id);
    Considered { candidates, doubt, known: known_words, event: None }
}

/// So many of the best of the untrained ranking tell whether it is talk that is asked about.
const TALKING: usize = 10;

/// So near to a record stands what was said to it.
const SAID_BESIDE: u32 = 2;

/// Whether a record stands beside one by somebody else in its thread, as what people say to each other does.
fn is_said_to_another(search: &Search<'_>, spot: Spot) -> bool {
    let shard = search.shard(spot);
    let author = |place| shard.doc(place).map_or(NONE, |it| it.author);
    let own = author(spot.place);
    let mut beside = shard.window(&spot.place, SAID_BESIDE).iter().map(|it| author(*it));
    own != NONE && beside.any(|it| it != NONE && it != own)
}

/// What tells why a record answers a question.
struct Seeing<'a> {
    search: &'a Search<'a>,
    asking: &'a Asking,
    first: &'a FirstArms<'a>,
    /// Where relations lead from the best.
    led: BySpot<f64>,
    /// What the best is worth that words found, and 1 at least.
    best: f64,
    quoted: Quoted,
    words: HashSet<String>,
    now: Timestamp,
}

impl<'a> Seeing<'a> {
    /// Gives back also what is to be looked at: what the arms found, and where relations lead from there.
    fn of(
        index: &Index,
        search: &'a Search<'a>,
        (question, asking): (&Question, &'a Asking),
        first: &'a FirstArms<'a>,
        now: Timestamp,
    ) -> (Self, Vec<Spot>) {
        let mut spots = first.best();
        let mut seeds: Vec<(f64, Spot)> =
            spots.iter().map(|it| (fused(search, first, *it), *it)).collect();
        let id = |it: Spot| search.shard(it).doc(it.place).map(|it| it.id);
        seeds.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| id(a.1).cmp(&id(b.1))));
        let led = led_to(index, search, &seeds);
        let best = seeds.first().map_or(0.0, |it| it.0).max(1.0);
        spots.extend(led.keys());
        spots.sort_unstable();
        spots.dedup();
        let quoted = Quoted::of(&question.text, &search.shards);
        let mut words: HashSet<String> = terms::terms(&question.text).into_iter().collect();
        words.extend(asking.added.iter().cloned());
        (Self { search, asking, first, led, best, quoted, words, now }, spots)
    }

    fn candidate(&self, (spot, doc, relevance): &(Spot, Doc, f64)) -> (Spot, Candidate) {
        let (first, shard) = (self.first, self.search.shard(*spot));
        let age = self.now.as_micros().saturating_sub(doc.at) as f64;
        let signals = Signals {
            vector: first
                .vector
                .as_ref()
                .and_then(|it| it.value(*spot))
                .unwrap_or(0.0)
                .clamp(0.0, 1.0),
            keyword: first.window2.share(*spot),
            relation: self.led.get(spot).copied().unwrap_or(0.0),
            tag: share_of_tags(shard, doc, &self.words),
            exact: self.quoted.share(self.search, *spot, doc),
            importance: f64::from(doc.importance),
            recency: (-age / RECENCY_HALF_LIFE_MICROS).exp2(),
            confidence: f64::from(doc.confidence),
            relevance: *relevance,
            time: self.time(*spot),
        };
        let beside = signals.beside() + signals.in_time(self.asking, self.best);
        let value = fused(self.search, first, *spot) + EXACT_WEIGHT * signals.exact + beside;
        let candidate = Candidate {
            id: doc.id,
            features: Vec::new(),
            score: 0.0,
            untrained: boosted(value, &signals),
            ranking: Vec::new(),
            speaks: signals.speak_beside_time() || self.time_speaks(signals.time),
            signals,
            tokens: doc.tokens,
            is_behind: false,
        };
        (*spot, candidate)
    }

    /// How well a record fits the time that is asked about, by how much that says.
    fn time(&self, spot: Spot) -> f64 {
        let shard = self.search.shard(spot);
        self.first.time.as_ref().map_or(0.0, |it| it.value(shard, spot.place))
    }

    /// Whether such a time alone speaks for a record.
    fn time_speaks(&self, time: f64) -> bool {
        time > 0.0 && self.first.time.as_ref().is_some_and(|it| it.speaks)
    }

    /// A part of the question may have found a record, and not asked about its time.
    fn see_time(&self, (spot, it): &mut (Spot, Candidate)) {
        let time = self.time(*spot);
        it.signals.time = it.signals.time.max(time);
        it.speaks |= self.time_speaks(time);
    }
}

/// Has the second lead that it should, by [`rank::is_led_by_the_second`], where there are records enough for that.
fn lead(search: &Search<'_>, candidates: &mut [(Spot, Candidate)]) {
    if search.totals.docs < DOUBT_FROM {
        return;
    }
    let best = candidates.iter().take(RANKED).enumerate();
    let mut order: Vec<(f64, MemoryId, usize)> =
        best.map(|(at, (_, it))| (it.score, it.id, at)).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let session = |at: usize| Session::of(&search.shards, candidates[at].0);
    let ranked: Vec<(f64, Session)> = order.iter().map(|it| (it.0, session(it.2))).collect();
    if rank::is_led_by_the_second(&ranked) {
        (candidates[order[0].2].1.score, candidates[order[1].2].1.score) = (order[1].0, order[0].0);
    }
}

/// What answers a part of a question, as [`ranked`] leaves it: nothing is told of why.
pub(crate) fn apart(
    index: &Index,
    search: &Search<'_>,
    part: (&Question, &Asking),
    now: Timestamp,
) -> Ranked {
    let first = FirstArms::of(search, part.1);
    let (seeing, spots) = Seeing::of(index, search, part, &first, now);
    let known = known(index, search, &spots);
    let mut seen: Vec<(Spot, Candidate)> = known.iter().map(|it| seeing.candidate(it)).collect();
    let mut near = Near::of(&first, search, part.1);
    let _ = ranked(search, part.1, &first, &mut near, &mut seen);
    // It was read for another question than the one that is asked.
    seen.iter_mut().for_each(|it| it.1.ranking = Vec::new());
    seen
}

/// Those of a ranking that hold every word of what was asked for, the best first, and when each was told: of an author who is
/// named one word is enough. The author, the tags and the fields of a record count as its words.
pub(crate) fn holding_all(
    search: &Search<'_>,
    asking: &Asking,
    ranking: &Ranked,
) -> Vec<(MemoryId, Timestamp)> {
    // What is asked for, each with what will do, of which all terms have to be held: nothing of a shard that knows none of these.
    let wanted = |shard: &&Shard| -> Option<Vec<Vec<Vec<Term>>>> {
        let known = |all: &Vec<String>| -> Option<Vec<Term>> {
            all.iter().map(|it| shard.term(it)).collect()
        };
        let also = |it: &String| asking.also.get(it).into_iter().flatten().cloned();
        let words =
            asking.said_core().map(|it| iter::once(vec![it.clone()]).chain(also(it)).collect());
        let word = |it: &String| terms::terms(it).into_iter().map(|it| vec![it]).collect();
        let any = words.chain(asking.authors.iter().map(word));
        any.map(|any: Vec<Vec<String>>| {
            let known: Vec<Vec<Term>> = any.iter().filter_map(known).collect();
            (!known.is_empty()).then_some(known)
        })
        .collect()
    };
    let wanted: Vec<Option<Vec<Vec<Vec<Term>>>>> = search.shards.iter().map(wanted).collect();
    let holds_all = |spot: &Spot| {
        let held: HashSet<Term> = search.shard(*spot).terms(spot.place).collect();
        let holds = |all: &Vec<Term>| all.iter().all(|it| held.contains(it));
        let wanted = wanted[spot.shard as usize].as_ref();
        wanted.is_some_and(|all| all.iter().all(|any| any.iter().any(holds)))
    };
    let whole = ranking.iter().filter(|it| holds_all(&it.0));
    let at = |spot: &Spot| search.shard(*spot).doc(spot.place).map(|it| it.at);
    let of = |(spot, it): &(Spot, Candidate)| Some((it.score, it.id, at(spot)?));
    let mut order: Vec<(f64, MemoryId, u64)> = whole.filter_map(of).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    order.into_iter().map(|(_, id, at)| (id, Timestamp::from_micros(at))).collect()
}

/// Fuses what [`ranked`] made of a whole question with what it made of each of its parts, by ranks: scores of different questions do not
/// compare. All parts together count as much as the whole. Gives back by how much everything was lowered that is among the best of none.
fn fuse(seen: &mut Ranked, parts: Vec<Ranked>) -> f64 {
    if parts.is_empty() {
        return 0.0;
    }
    let share = 1.0 / parts.len() as f64;
    let mut worth = BySpot::default();
    let lowered = count_ranks(seen, 1.0, &mut worth);
    let mut known: BySpot<usize> = seen.iter().zip(0..).map(|(it, at)| (it.0, at)).collect();
    for mut part in parts {
        count_ranks(&mut part, share, &mut worth);
        for (spot, it) in part {
            match known.entry(spot) {
                Vacant(place) => {
                    place.insert(seen.len());
                    seen.push((spot, it));
                }
                Occupied(place) => {
                    let known = &mut seen[*place.get()].1;
                    // What speaks for it speaks of the part alone.
                    if !known.speaks {
                        (known.signals, known.speaks) = (it.signals, it.speaks);
                    }
                }
            }
        }
    }
    for (spot, it) in seen {
        it.score = worth.get(spot).copied().unwrap_or(it.score);
    }
    lowered
}

/// Counts the ranks of the best of a ranking, and lowers all scores so that no other one lies above 0. Gives back by how much.
fn count_ranks(ranking: &mut [(Spot, Candidate)], weight: f64, worth: &mut BySpot<f64>) -> f64 {
    let best = &ranking[..ranking.len().min(RANKED)];
    let mut order: Vec<(f64, MemoryId, Spot)> =
        best.iter().map(|(spot, it)| (it.score, it.id, *spot)).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    for (rank, (_, _, spot)) in order.iter().enumerate() {
        *worth.entry(*spot).or_default() += weight / (RANKS_FROM + rank as f64);
    }
    let lowest = order.last().map_or(0.0, |it| it.0);
    ranking.iter_mut().for_each(|it| it.1.score -= lowest);
    lowest
}

/// Records that are there, and what decay left of them: in steps of their own, which wait for many places in memory at
/// once.
fn known(index: &Index, search: &Search<'_>, spots: &[Spot]) -> Vec<(Spot, Doc, f64)> {
    let docs: Vec<(Spot, Doc)> =
        spots.iter().filter_map(|it| Some((*it, search.shard(*it).doc(it.place)?))).collect();
    let relevance = |it: &Doc| Some(index.standing(it.id)?.relevance_at(index.cycle()));
    docs.into_iter().filter_map(|(spot, doc)| Some((spot, doc, relevance(&doc)?))).collect()
}

/// Ranks candidates, and sorts them by what they are worth without training: the best of the untrained ranking by what
/// was learned, where there are [`DOUBT_FROM`] records or more, the others behind them. Gives back what the ranker gave those best, in their order, and what ranks
/// others behind them too, by what they are worth without training.
fn ranked(
    search: &Search<'_>,
    asking: &Asking,
    first: &FirstArms<'_>,
    near: &mut Near<'_>,
    candidates: &mut [(Spot, Candidate)],
) -> (Vec<f64>, impl Fn(f64) -> f64 + use<>) {
    let order = |(_, it): &(Spot, Candidate), (_, other): &(Spot, Candidate)| {
        other.untrained.total_cmp(&it.untrained).then_with(|| it.id.cmp(&other.id))
    };
    candidates.sort_unstable_by(order);
    let (best, others) = candidates.split_at_mut(candidates.len().min(RANKED));
    let spots: Vec<Spot> = best.iter().map(|it| it.0).collect();
    near.look_at(search, &spots);
    let said: Vec<f64> = spots.iter().map(|it| fused(search, first, *it)).collect();
    let most = said.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    for ((spot, it), said) in best.iter_mut().zip(&said) {
        it.ranking = near.row(search, asking, *spot, said / most);
    }
    let rows: Vec<&[f32]> = best.iter().map(|it| it.1.ranking.as_slice()).collect();
    let learned = rank::ranker(!asking.kindred.is_empty()).scores(&rows);
    let count = best.len() as u64;
    let (of_learned, of_said) =
        (Spread::of(learned.iter().copied(), count), Spread::of(said.iter().copied(), count));
    let is_large = search.totals.docs >= DOUBT_FROM;
    let zs = learned.iter().map(|it| of_learned.z(*it));
    let (least, most) = zs.fold((0.0_f64, 0.0_f64), |it, z| (it.0.min(z), it.1.max(z)));
    for ((_, it), learned) in best.iter_mut().zip(&learned) {
        if !is_large {
            it.score = it.untrained;
            continue;
        }
        // What the ranker knows nothing of counts as much beside it as beside the fusion.
        let beside = of_said.z(it.signals.beside()) - of_said.z(0.0);
        // It learned to tell records apart that words found: what it says of others must not count against those.
        let is_found = it.signals.time == 0.0 || it.signals.speak_beside_time();
        let said = if is_found { of_learned.z(*learned) } else { least };
        let time = it.signals.in_time(asking, (most - least).max(1.0));
        it.score = boosted(said + EXACT_WEIGHT * it.signals.exact + beside + time, &it.signals);
    }
    let lowest = best.iter().map(|it| it.1.score).reduce(f64::min).unwrap_or_default();
    let last = best.last().map_or(0.0, |it| it.1.untrained);
    let behind = move |untrained: f64| lowest - (last - untrained).max(0.0);
    others.iter_mut().for_each(|(_, it)| it.score = behind(it.untrained));
    (learned, behind)
}

/// The sum of what the arms say, each in its own standard deviations: what holds without any training. Of a handful of
/// records that all hold the word these would make the shortest the answer, whatever else is asked; there words count
/// by their share of the best.
fn fused(search: &Search<'_>, arms: &FirstArms<'_>, spot: Spot) -> f64 {
    let is_large = search.totals.docs >= DOUBT_FROM;
    let words = |it: &Arm<'_>| if is_large { it.z(spot) } else { SHARE_WEIGHT * it.share(spot) };
    let vector = arms.vector.as_ref().map_or(0.0, |it| it.z(spot));
    0.5 * words(&arms.keyword) + words(&arms.window2) + 0.5 * vector
}

/// Moves a score by what does not depend on the question, a little, and only where something in the question
/// speaks for the record.
fn boosted(value: f64, signals: &Signals) -> f64 {
    if value <= 0.0 {
        return value;
    }
    let mean =
        (signals.importance + signals.recency + signals.confidence + signals.relevance) / 4.0;
    value * (1.0 + BOOST_MAX * (2.0 * mean - 1.0))
}

/// Where relations lead from the best: the records, and how strongly. Walks come by those alone that the question allows.
fn led_to(index: &Index, search: &Search<'_>, seeds: &[(f64, Spot)]) -> BySpot<f64> {
    let best = seeds.first().map_or(0.0, |it| it.0);
    let seeds = seeds.iter().take(SEEDS).filter(|it| it.0 > 0.0);
    let seeds: Vec<(MemoryId, f64)> = seeds
        .filter_map(|it| Some((search.shard(it.1).doc(it.1.place)?.id, it.0 / best)))
        .collect();
    let spot = |id: MemoryId| {
        let found = search.shards.iter().enumerate().find_map(|(number, shard)| {
            Some(Spot { shard: number as u32, place: shard.place(id)? })
        });
        found.filter(|it| search.allows(*it))
    };
    let mut spots = BTreeMap::new();
    let came = walk(&seeds, |id| {
        let mut related: Vec<(MemoryId, f32)> = index.related(id).take(HUB + 1).collect();
        // Of a record with more nobody has to know which are allowed.
        if related.len() <= HUB {
            related.retain(|it| spots.entry(it.0).or_insert_with(|| spot(it.0)).is_some());
        }
        related
    });
    let mut led: Vec<(MemoryId, f64)> = came.into_iter().collect();
    led.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    led.truncate(CANDIDATES);
    led.into_iter().filter_map(|(id, came)| Some((spots.get(&id).copied()??, came))).collect()
}

/// What a question quotes, in each shard.
struct Quoted {
    /// By shard: how each phrase is found there; none where no record of the shard holds all of its words.
    by_shard: Vec<Vec<Option<Finder<'static>>>>,
}

impl Quoted {
    /// The first [`PHRASES_MAX`] of them. What is read of a question is bounded, and so is what is looked for.
    fn of(text: &str, shards: &[&Shard]) -> Self {
        let phrases = quotations(question::clipped(text)).into_iter().map(terms::terms);
        let phrases = phrases.filter(|it| !it.is_empty());
        let phrases: Vec<Vec<String>> = phrases.take(PHRASES_MAX).collect();
        let by_shard = |shard: &&Shard| {
            let finder = |phrase: &Vec<String>| {
                let terms: Option<Vec<Term>> = phrase.iter().map(|it| shard.term(it)).collect();
                Some(Finder::new(&as_bytes(terms?)).into_owned())
            };
            phrases.iter().map(finder).collect()
        };
        Self { by_shard: shards.iter().map(by_shard).collect() }
    }

    /// Which share of them a record holds.
    fn share(&self, search: &Search<'_>, spot: Spot, doc: &Doc) -> f64 {
        let phrases = &self.by_shard[spot.shard as usize];
        if phrases.iter().all(Option::is_none) {
            return 0.0;
        }
        let shard = search.shard(spot);
        // What is said of a record stands before its text, and is no part of it.
        let mut text = shard.terms(doc.place);
        let labels = labels(shard, doc).into_iter();
        let mut held: Vec<_> = labels.map(|it| as_bytes(text.by_ref().take(it))).collect();
        held.push(as_bytes(text));
        let is_held = |it: &&Finder<'_>| held.iter().any(|held| it.find(held).is_some());
        phrases.iter().flatten().filter(is_held).count() as f64 / phrases.len() as f64
    }
}

/// How many terms the author, each tag and each field of a record have, in the order in which they stand.
fn labels(shard: &Shard, doc: &Doc) -> Vec<usize> {
    let author = (doc.author != NONE).then(|| shard.authors().name(doc.author));
    let tags = shard.tags_of(doc.place).map(|it| shard.tags().name(it));
    let all = author.into_iter().chain(tags).chain(shard.field_words(doc.place));
    all.map(|it| terms::terms(it).len()).collect()
}

/// What a text quotes, within double quotation marks of any kind. A mark that nothing closes quotes nothing; of so many
/// as [`MARKS_MAX`] each may be searched for to the end of the text.
fn quotations(text: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), text);
    for _ in 0..MARKS_MAX {
        let Some(from) = rest.find(['"', '“', '„', '”', '«', '»']) else { break };
        let mut behind = rest[from..].chars();
        let closes: &[char] = match behind.next() {
            Some('„') => &['“', '”', '"'],
            Some('“') => &['”', '"'],
            Some('”') => &['”'],
            Some('«') => &['»'],
            Some('»') => &['«', '»'],
            _ => &['"'],
        };
        rest = behind.as_str();
        let Some((inner, behind)) = rest.split_once(closes) else { continue };
        found.push(inner);
        rest = behind;
    }
    found
}

/// Terms as bytes, five each: no other byte than the first of a term has the highest bit, so a run of terms is found
/// where it begins, in time that grows with the text and not with the phrase.
fn as_bytes(terms: impl IntoIterator<Item = Term>) -> Vec<u8> {
    let bytes = |it: Term| [28, 21, 14, 7, 0].map(|shift| (it >> shift) as u8 & 0x7f);
    let first_marked = |it: [u8; 5]| [it[0] | 0x80, it[1], it[2], it[3], it[4]];
    terms.into_iter().flat_map(|it| first_marked(bytes(it))).collect()
}

fn share_of_tags(shard: &Shard, doc: &Doc, words: &HashSet<String>) -> f64 {
    if words.is_empty() || !doc.tagged {
        return 0.0;
    }
    let tags = shard.tags_of(doc.place);
    let tags: HashSet<String> = tags.flat_map(|it| terms::terms(shard.tags().name(it))).collect();
    words.intersection(&tags).count() as f64 / words.len() as f64
}

/// Why a record is recalled only where somebody asks for such.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aside {
    /// It faded.
    pub(crate) archived: bool,
    /// A newer one supersedes it.
    pub(crate) superseded: bool,
    /// How far it is trusted.
    pub(crate) trust: Trust,
}

/// Which records a question allows.
pub(crate) fn allows(question: &Question, shard: &Shard, doc: &Doc, aside: Aside) -> bool {
    let same = |wanted: &Option<String>, names: &crate::shard::Names, number: u32| {
        wanted.as_ref().is_none_or(|it| names.find(it) == Some(number))
    };
    let tagged = |tag: &String| {
        let number = shard.tags().find(tag);
        number.is_some_and(|it| shard.tags_of(doc.place).any(|other| other == it))
    };
    (question.archived || !aside.archived)
        && (question.history || !aside.superseded)
        && question.trust.is_none_or(|it| it <= aside.trust)
        && same(&question.author, shard.authors(), doc.author)
        && same(&question.thread, shard.thread_names(), doc.thread)
        && same(&question.kind, shard.kinds(), doc.kind)
        && question.tags.iter().all(tagged)
        && question.fields.iter().all(|it| shard.has_field(doc.place, it))
        && question.since.is_none_or(|it| it.as_micros() <= doc.at)
        && question.until.is_none_or(|it| doc.at < it.as_micros())
}

/// The best candidates within the bounds of a question, without those that say the same as a better one. Gives
/// back also how many those were. Of those that one stands for, as `stands` says, that one is packed in the place of the
/// best, where it was found too. `says` is asked for what a record says, order and small words included, where another
/// one has the same words; none where it can't be read.
pub(crate) fn pack<E>(
    index: &Index,
    mut candidates: Vec<(f64, Candidate)>,
    question: &Question,
    stands: impl Fn(MemoryId) -> Option<MemoryId>,
    says: impl Fn(MemoryId) -> Result<Option<Digest>, E>,
) -> Result<(Vec<(f64, Candidate)>, usize), E> {
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    // What stands for one that was found, and was found itself.
    let mut standing: HashMap<MemoryId, Candidate> = HashMap::new();
    if !index.groups().is_empty() {
        let wanted: HashSet<MemoryId> =
            candidates.iter().filter_map(|it| stands(it.1.id)).collect();
        let found = candidates.iter().filter(|it| wanted.contains(&it.1.id));
        standing.extend(found.map(|it| (it.1.id, it.1.clone())));
    }
    // By its words: what was said with them, once another one has the same.
    let mut said: HashMap<Option<Digest>, Said> = HashMap::new();
    let mut groups = HashSet::new();
    let mut left = question.budget_tokens.map_or(u64::MAX, u64::from);
    let (mut packed, mut duplicates) = (Vec::new(), 0);
    for (score, candidate) in candidates {
        if packed.len() >= question.limit.min(LIMIT_MAX) {
            break;
        }
        if !candidate.speaks {
            continue;
        }
        let group = stands(candidate.id).unwrap_or(candidate.id);
        if groups.contains(&group) {
            duplicates += 1;
            continue;
        }
        let fits = |it: &Candidate| u64::from(it.tokens) <= left && it.speaks;
        let candidate = match standing.get(&group) {
            Some(it) if it.id != candidate.id && fits(it) => it.clone(),
            _ => candidate,
        };
        if u64::from(candidate.tokens) > left {
            continue;
        }
        let is_said = match said.entry(index.saying(candidate.id)) {
            _ if question.copies => false,
            Vacant(it) => {
                it.insert(Said::Once(candidate.id));
                false
            }
            Occupied(it) => it.into_mut().again(candidate.id, |it| index.trust(it), &says)?,
        };
        if is_said {
            duplicates += 1;
            continue;
        }
        left -= u64::from(candidate.tokens);
        groups.insert(group);
        packed.push((score, candidate));
    }
    Ok((packed, duplicates))
}

/// What was said with the same words.
enum Said {
    Once(MemoryId),
    /// With how far the most trusted one is that says it.
    Often(HashMap<Digest, Option<Trust>>),
}

impl Said {
    /// Whether another record with these words says what one before it says that is trusted as much.
    fn again<E>(
        &mut self,
        id: MemoryId,
        trust: impl Fn(MemoryId) -> Option<Trust>,
        says: impl Fn(MemoryId) -> Result<Option<Digest>, E>,
    ) -> Result<bool, E> {
        if let Self::Once(first) = self {
            let first = says(*first)?.map(|it| (it, trust(*first)));
            *self = Self::Often(first.into_iter().collect());
        }
        let (Self::Often(all), Some(said)) = (self, says(id)?) else { return Ok(false) };
        let trust = trust(id);
        let is_said = all.get(&said).is_some_and(|it| *it >= trust);
        if !is_said {
            all.insert(said, trust);
        }
        Ok(is_said)
    }
}

/// Those that say the same as a hit: the first of them, and how many more.
pub(crate) type Same = (Vec<MemoryId>, usize);

/// A hit from a packed candidate.
pub(crate) fn hit(
    score: f64,
    candidate: Candidate,
    record: Record,
    (same, same_more): Same,
) -> Hit {
    let tokens = tokens_of(&record.draft.text);
    Hit { score, tokens, signals: candidate.signals, record, same, same_more }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        record::Draft,
        row::Standing,
        vectors::{Code, Query},
    };

    const STANDING: Standing =
        Standing { weight: 1.0, cycle: 0, pinned: false, archived: false, trust: None };

    proptest! {
        #[test]
        fn a_run_of_terms_is_found_where_it_stands(
            held in prop::collection::vec(prop_oneof![0_u32..3, Just(0x80), Just(u32::MAX)], 0..12),
            phrase in prop::collection::vec(prop_oneof![0_u32..3, Just(0x80), Just(u32::MAX)], 1..4),
        ) {
            let finder = Finder::new(&as_bytes(phrase.clone())).into_owned();
            let is_held = held.windows(phrase.len()).any(|it| it == phrase);
            prop_assert_eq!(finder.find(&as_bytes(held)).is_some(), is_held);
        }
    }

    /// Words without terms: whom texts speak of differs.
    const SPOKEN: [&str; 3] = ["", " I", " you. My"];

    /// An index of records, each in the space that `space` says.
    fn index(texts: &[(u8, u8, String)], space: impl Fn(u8) -> String) -> Index {
        let mut index = Index::default();
        for ((thread, author, text), id) in texts.iter().zip(0..) {
            let draft = Draft {
                space: space(*thread),
                text: format!("{text}{}", SPOKEN[usize::from(*author) % SPOKEN.len()]),
                thread: Some(format!("t{thread}")),
                author: Some(format!("author{author}")),
                ..Draft::default()
            };
            let record = Record { id: MemoryId(id), written: Timestamp::from_millis(id), draft };
            index.add(&record, STANDING, Code::of(&vector(text)));
        }
        index
    }

    fn vector(text: &str) -> Vec<f32> {
        (0..8).map(|it| 0.1 + text.bytes().filter(|byte| byte % 8 == it).count() as f32).collect()
    }

    fn answer(
        index: &Index,
        question: &Question,
        touched_max: u64,
        exact_max: usize,
    ) -> Considered {
        let shards = index.shards(&question.spaces);
        let vector = Query::of(&vector(&question.text));
        let now = Timestamp::from_millis(1_000_000);
        let asking = Asking::of(question, vector, &shards, &[], now);
        let part = |it: &String| {
            let part = question.part(it);
            let asking = Asking::of(&part, None, &shards, &[], now);
            (part, asking)
        };
        let parts: Vec<(Question, Asking)> = asking.parts.iter().map(part).collect();
        let mut search = Search::new(shards);
        search.touched_max = touched_max;
        (search.exact_max, search.reranked) = (exact_max, 5);
        let ranked = parts.iter().map(|it| apart(index, &search, (&it.0, &it.1), now)).collect();
        consider(index, (question, &asking), ranked, &search, now, Look::Features)
    }

    #[test]
    fn what_is_quoted_stands_between_marks_of_any_kind() {
        for (text, expected) in [
            ("say \"a b\" and \"c\"", vec!["a b", "c"]),
            ("“a b” „c“ „d” «e» »f« ”g”", vec!["a b", "c", "d", "e", "f", "g"]),
            ("“a b\"", vec!["a b"]),
            ("a » b \"c\"", vec!["c"]),
            ("6\" wide", vec![]),
            ("it's 'so'", vec![]),
        ] {
            assert_eq!(quotations(text), expected, "{text}");
        }
        assert_eq!(quotations(&"\"a\" ".repeat(1_000)).len(), MARKS_MAX);
        assert_eq!(quotations(&"«".repeat(1_000)), Vec::<&str>::new());
    }

    /// Where several sentences of a record speak of several people, that counts which is asked about.
    #[test]
    fn whom_a_record_speaks_of_is_told_by_what_is_asked_for() {
        let told = [
            (0, 0, "That's great about your kitchen! I had a setback at the museum.".to_owned()),
            (0, 3, "The museum was closed.".to_owned()),
            (0, 0, "I saw you. The weather was fine.".to_owned()),
        ];
        let index = index(&told, |_| "all".to_owned());
        let speaks = |text: &str| -> Vec<[f32; 2]> {
            let question = Question { text: text.to_owned(), ..Question::default() };
            let names = crate::features::names();
            let column = |name: &str| names.iter().position(|it| it == name).unwrap();
            let (me, you) = (column("of_me"), column("of_you"));
            let all = answer(&index, &question, u64::MAX, usize::MAX).candidates;
            all.iter().map(|it| [it.features[me], it.features[you]]).collect()
        };
        // Where a record holds nothing of it, all that it says counts.
        assert_eq!(speaks("Who has a new kitchen?"), [[0.0, 1.0], [0.0, 0.0], [1.0, 1.0]]);
        assert_eq!(speaks("What happened at the museum?"), [[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]);
    }

    #[test]
    fn the_first_of_each_part_come_before_the_tenth_of_the_whole() {
        let ranking = |ids: std::ops::Range<u64>| -> Vec<(Spot, Candidate)> {
            let candidate = |it: u64| Candidate {
                id: MemoryId(it),
                features: Vec::new(),
                score: -(it as f64),
                untrained: 0.0,
                ranking: Vec::new(),
                signals: Signals::default(),
                speaks: false,
                tokens: 1,
                is_behind: false,
            };
            ids.map(|it| (Spot { shard: 0, place: it as u32 }, candidate(it))).collect()
        };
        let order = |mut seen: Vec<(Spot, Candidate)>| -> Vec<u64> {
            seen.sort_by(|a, b| b.1.score.total_cmp(&a.1.score));
            seen.into_iter().map(|it| it.1.id.0).collect()
        };
        let mut seen = ranking(0..1_000);
        assert_eq!(fuse(&mut seen, Vec::new()), 0.0);
        assert_eq!(order(seen.clone()), (0..1_000).collect::<Vec<u64>>());
        let lowered = fuse(&mut seen, vec![ranking(500..900), ranking(2_000..2_010)]);
        assert_eq!(lowered, -299.0, "the score of the last that counts");
        assert_eq!(seen.len(), 1_010, "each once");
        let order = order(seen);
        let place = |id| order.iter().position(|it| *it == id).unwrap();
        assert_eq!(place(0), 0);
        assert!(place(500) < 20 && place(2_000) < 20, "{:?}", &order[..20]);
        // Why it is among them is told by the part that found it.
        let spoken = Signals { keyword: 0.5, ..Signals::default() };
        let mut part = ranking(1..3);
        (part[0].1.signals, part[0].1.speaks) = (spoken, true);
        let mut seen = ranking(0..3);
        seen[2].1.signals = Signals { tag: 1.0, ..Signals::default() };
        seen[2].1.speaks = true;
        fuse(&mut seen, vec![ranking(0..3), part]);
        assert_eq!((seen[1].1.signals, seen[2].1.signals.tag), (spoken, 1.0));
        // Those that count nowhere stay behind, in their order.
        assert_eq!(order[1_009], 999);
        assert!(place(950) < place(951) && place(299) < place(300));
    }

    proptest! {
        /// Scores are made of whole numbers that add up, so it does not matter how records are spread.
        #[test]
        fn eight_shards_answer_as_one_bit_for_bit(
            texts in proptest::collection::vec((0_u8..16, 0_u8..3, "[a-f]x( [a-f]x){0,5}"), 1..40),
            text in "(Both Ax and Bx |What [a-c]x and what )?[a-f]x( [a-f]x){0,3}( author[0-2])?",
        ) {
            let question = Question { text, ..Question::default() };
            let one = index(&texts, |_| "all".to_owned());
            let eight = index(&texts, |thread| format!("shard {}", thread % 8));
            for (touched_max, exact_max) in [(1, 1_000), (20, 0), (u64::MAX, 1_000)] {
                let of_one = answer(&one, &question, touched_max, exact_max);
                let of_eight = answer(&eight, &question, touched_max, exact_max);
                prop_assert_eq!(of_one, of_eight, "{} {}", touched_max, exact_max);
            }
        }

        /// Nor does what a time finds: what was told then, and what tells of then.
        #[test]
        fn eight_shards_find_a_time_as_one_bit_for_bit(
            told in proptest::collection::vec(
                (0_u8..16, 0_u64..9, 0_usize..5, "[a-c]x( [a-c]x){0,2}"),
                1..60,
            ),
            asked in 0_usize..4,
            touched_max in prop_oneof![Just(5_u64), Just(u64::MAX)],
        ) {
            const NAMED: [&str; 5] = ["", "yesterday", "on 3 May 2023", "last week", "in May 2023"];
            const ASKED: [&str; 4] =
                ["ax on 3 May 2023", "What was on 4 May 2023?", "bx last week", "cx in May 2023"];
            let at = |day: u64| Timestamp::from_millis((19_478 + day) * 86_400_000);
            let told_in = |space: &dyn Fn(u8) -> String| {
                let mut index = Index::default();
                for ((thread, day, named, text), id) in told.iter().zip(0..) {
                    let draft = Draft {
                        space: space(*thread),
                        text: format!("{text} {}", NAMED[*named]),
                        thread: Some(format!("t{thread}")),
                        at: Some(at(*day)),
                        importance: (id % 3) as f32 / 2.0,
                        ..Draft::default()
                    };
                    let record = Record { id: MemoryId(id), written: at(*day), draft };
                    index.add(&record, STANDING, None);
                }
                let question = Question { text: ASKED[asked].to_owned(), ..Question::default() };
                let shards = index.shards(&[]);
                let asking = Asking::of(&question, None, &shards, &[], at(12));
                let mut search = Search::new(shards);
                search.touched_max = touched_max;
                search.only(|_, doc| doc.id.0 % 7 != 3);
                let days = asking.days.as_ref().unwrap();
                let (time, common) = (search.time(days, asking.beside_time == 0), search.common_time(days));
                let shards = index.shards(&[]).into_iter();
                let fit: usize = shards.map(|it| it.in_time(days, u64::MAX).1.len()).sum();
                let fit = fit as u64;
                assert_eq!(common, (fit > touched_max).then_some(fit));
                assert!(common.is_none() || time.top.is_empty());
                let ids = time.top.iter().map(|it| search.shard(*it).doc(it.place).unwrap().id);
                let ids: Vec<MemoryId> = ids.collect();
                let all = consider(&index, (&question, &asking), Vec::new(), &search, at(12), Look::Features);
                (ids, all)
            };
            let (of_one, one) = told_in(&|_| "all".to_owned());
            let (of_eight, eight) = told_in(&|thread| format!("shard {}", thread % 8));
            prop_assert!(of_one.iter().all(|it| it.0 % 7 != 3));
            prop_assert!(of_one.iter().all(|it| one.candidates.iter().any(|of| of.id == *it)));
            prop_assert!(one.candidates.iter().all(|it| (0.0..=1.0).contains(&it.signals.time)));
            prop_assert_eq!((of_one, one), (of_eight, eight));
        }

        /// Which records are superseded does not depend on how they are spread either.
        #[test]
        fn eight_shards_leave_out_what_is_superseded_as_one(
            texts in proptest::collection::vec((0_u8..16, 0_u8..3, "[a-c]x( [a-c]x){0,3}"), 2..40),
            claims in proptest::collection::vec((0_usize..40, 0_usize..40), 0..20),
            text in "[a-c]x( [a-c]x){0,2}",
        ) {
            let question = Question { text, trust: Some(Trust::Skill), ..Question::default() };
            let told = |space: &dyn Fn(u8) -> String| {
                let mut index = index(&texts, space);
                for id in 0..texts.len() {
                    let standing = Standing { trust: Some(Trust::ALL[id % 4]), ..STANDING };
                    index.set_standing(MemoryId(id as u64), standing);
                }
                for ((from, to), number) in claims.iter().zip(0..) {
                    let (newer, older) = (from % texts.len(), to % texts.len());
                    let (from, to) = (MemoryId(newer as u64), MemoryId(older as u64));
                    // One space has room for claims that eight don't.
                    if texts[newer].0 % 8 == texts[older].0 % 8 && newer > older {
                        let kind = crate::succession::SUPERSEDES.to_owned();
                        index.relate(number, &crate::row::Edge { from, kind, to, weight: 1.0 });
                    } else if newer != older {
                        // What is derived may lie in another space.
                        let kind = crate::lineage::DERIVED_FROM.to_owned();
                        index.relate(number, &crate::row::Edge { from, kind, to, weight: 1.0 });
                    }
                }
                let shards = index.shards(&[]);
                let now = Timestamp::from_millis(1_000_000);
                let asking = Asking::of(&question, None, &shards, &[], now);
                let mut search = Search::new(shards);
                search.only(|shard, doc| {
                    let superseded = index.succession().holds(doc.id);
                    let trust = index.trust(doc.id).unwrap();
                    let aside = Aside { archived: false, superseded, trust };
                    allows(&question, shard, doc, aside)
                });
                let superseded = index.succession().superseded().clone();
                let trust: Vec<_> =
                    (0..texts.len()).map(|it| index.trust(MemoryId(it as u64))).collect();
                let all = consider(&index, (&question, &asking), Vec::new(), &search, now, Look::Features);
                (superseded, (trust, all))
            };
            let (of_one, one) = told(&|_| "all".to_owned());
            let (of_eight, eight) = told(&|thread| format!("shard {}", thread % 8));
            let (trust, candidates) = (&one.0, &one.1.candidates);
            prop_assert!(candidates.iter().all(|it| !of_one.contains(&it.id)));
            let is_trusted = |it: &Candidate| trust[it.id.0 as usize] >= Some(Trust::Skill);
            prop_assert!(candidates.iter().all(is_trusted));
            prop_assert_eq!((of_one, one), (of_eight, eight));
        }

        /// Common words that find nothing by themselves count as much, where rarer ones found something.
        #[test]
        fn common_words_add_to_what_rare_ones_found(
            texts in proptest::collection::vec((0_u8..4, 0_u8..1, "[a-d]x( [a-d]x){0,5}"), 1..40),
        ) {
            let index = index(&texts, |_| "all".to_owned());
            let shards = index.shards(&[]);
            let words = ["ax", "bx", "cx"].map(|it| (it.to_owned(), 1.0)).into();
            for reach in 0..4 {
                let all = Search::new(shards.clone()).keyword(&words, reach);
                let mut search = Search::new(shards.clone());
                search.touched_max = 1;
                let some = search.keyword(&words, reach);
                for spot in &some.top {
                    prop_assert!(all.value(*spot) > Some(0.0));
                    // How rare a common word is was estimated, and nothing else.
                    prop_assert!(some.value(*spot) > Some(0.0));
                }
                prop_assert!(some.top.len() <= all.top.len());
                prop_assert_eq!(some.top.is_empty(), all.top.is_empty());
                if reach == 0 {
                    // A record's own words are counted, not estimated.
                    for spot in &some.top {
                        let (some, all) = (some.value(*spot).unwrap(), all.value(*spot).unwrap());
                        prop_assert!((some - all).abs() < 1e-9, "{} {}", some, all);
                    }
                }
            }
        }
    }
}
