//! What was made of answers, offered for questions that are nearly the same.
//!
//! Recall is cheap and exact, so nobody needs the answer to another question from it. What somebody made of an answer
//! may be dear: a model's words, a summary. Whether those of one question do for another one is a matter of meaning,
//! which nothing here can prove. So they are offered as what they are: of that earlier question, which is shown with
//! its cosine. What is proved is that asking the earlier question still finds what it found: no space that was
//! searched was changed since. Time alone moves scores by recency; a question that names a time is offered within its
//! minute, and none after a day.
//!
//! The same words are the same question. Near ones are found by their signs (Charikar 2002): 16 of them are a band, and
//! two questions are compared where a band is the same. With 384 dimensions, 99 of 100 pairs with a cosine of 0.95 share
//! one, and 88 with 0.9. Of each bucket the last [`WINDOW`] stay.
//!
//! What is deliberately not here: a threshold that is learned. Results end with the next write to their spaces, and
//! to know with 95 % that one result is wrong at most once in twenty times takes 59 judgements of it, all in favour.
//! Who asks sees both questions, and judges.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use voyager_base::{
    Digest,
    clock::Timestamp,
    memory::{OFFERS_MAX, Trust},
};
use zeroize::Zeroizing;

use super::Asked;
use crate::{index::Index, recall::Question, record::MemoryId, vectors::Code, when};

/// Signs of a band.
const BAND: usize = 16;

/// Most bands that are looked at.
const BANDS_MAX: usize = 24;

/// So many results stay in a bucket: the last.
const WINDOW: usize = 8;

/// A result is not offered later than this after its question.
const AGE_MICROS_MAX: u64 = 86_400_000_000;

/// Bytes that a result takes beside its texts and its vector, about: half of them in buckets.
const OVERHEAD_BYTES: usize = 2_048;

/// A band and its signs; [`WORDS`] and some bits of their hash.
type Bucket = (u8, u16);

/// The band that questions with the same words share, which have no other where there is no vector.
const WORDS: u8 = u8::MAX;

/// What was made of an answer, and by whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// What was made.
    pub text: Zeroizing<String>,
    /// All records of the answer.
    pub found: Vec<MemoryId>,
    /// The run that made it.
    pub run: String,
    /// Its skill.
    pub skill: String,
    /// As far as what that run remembers is trusted.
    pub trust: Trust,
}

/// What was made of the answer to an earlier question.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The earlier question.
    pub question: String,
    /// When it was asked.
    pub asked: Timestamp,
    /// The cosine of the angle between both questions, 1 where they have the same words.
    pub cosine: f64,
    /// What was made of its answer.
    pub made: Made,
}

/// How results do, since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResultsTold {
    /// Results that are kept; some may not hold any more.
    pub kept: usize,
    /// Bytes that they take, about.
    pub bytes: usize,
    /// How often one was offered.
    pub offered: u64,
}

struct Kept {
    /// Everything that was asked for but words and vector.
    scope: Digest,
    question: Zeroizing<String>,
    vector: Option<Code>,
    asked: Timestamp,
    /// Whether the question names a time: then it is another one in the next minute.
    is_timed: bool,
    spaces: Vec<String>,
    /// The commit that its answer was given at.
    commit: u64,
    made: Made,
    /// In how many buckets it is.
    buckets: usize,
}

impl Kept {
    fn bytes(&self) -> usize {
        let Made { text, found, run, skill, .. } = &self.made;
        let texts = self.question.len() + text.len() + run.len() + skill.len();
        let lists =
            self.vector.as_ref().map_or(0, Code::dimensions) + size_of_val(found.as_slice());
        OVERHEAD_BYTES + texts + lists + self.spaces.iter().map(|it| it.len() + 24).sum::<usize>()
    }

    /// How near a question is to its own; none where nothing can be said.
    fn likeness(&self, question: &Question, vector: Option<&Code>) -> Option<f64> {
        if *self.question == question.text {
            return Some(1.0);
        }
        let (own, other) = (self.vector.as_ref()?, vector?);
        (own.dimensions() == other.dimensions()).then(|| own.cosine(other))
    }

    /// Whether its question is still the same at `now`.
    fn lasts(&self, now: Timestamp) -> bool {
        let (asked, now) = (self.asked.as_micros(), now.as_micros());
        let minute = |it: u64| it / super::STEP_MICROS;
        let is_young = asked <= now && now - asked <= AGE_MICROS_MAX;
        is_young && (!self.is_timed || minute(asked) == minute(now))
    }
}

/// Results, by numbers in the order in which they came.
pub(crate) struct Results {
    bytes_max: usize,
    bytes: usize,
    next: u64,
    offered: u64,
    kept: BTreeMap<u64, Kept>,
    buckets: BTreeMap<Bucket, VecDeque<u64>>,
}

impl Results {
    /// Takes up to about `bytes_max`.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let (kept, buckets) = (BTreeMap::new(), BTreeMap::new());
        Self { bytes_max, bytes: 0, next: 0, offered: 0, kept, buckets }
    }

    /// Lets all go, where nothing is known any more of what changed.
    pub(crate) fn clear(&mut self) {
        *self = Self { offered: self.offered, ..Self::new(self.bytes_max) };
    }

    /// Keeps what was made of the answer that was given at `commit`. What holds no more goes, and the first ones where
    /// there is no room. False where it is not kept: its spaces changed since, or it is too large.
    pub(crate) fn keep(
        &mut self,
        (question, vector): (&Question, Option<Code>),
        (commit, index): (u64, &Index),
        made: Made,
        now: Timestamp,
    ) -> bool {
        self.sweep(index);
        let Asked { key: scope, spaces } = scope(question);
        let kept = Kept {
            scope,
            is_timed: !when::mentions(&question.text, now).is_empty(),
            question: Zeroizing::new(question.text.clone()),
            asked: now,
            spaces,
            commit,
            made,
            buckets: 0,
            vector,
        };
        let bytes = kept.bytes();
        if bytes > self.bytes_max / 4 || index.changed(&kept.spaces) > commit {
            return false;
        }
        while self.bytes + bytes > self.bytes_max
            && let Some((first, _)) = self.kept.first_key_value()
        {
            self.remove(*first);
        }
        let (number, buckets) = (self.next, buckets(&kept.question, kept.vector.as_ref()));
        self.next += 1;
        self.bytes += bytes;
        self.kept.insert(number, Kept { buckets: buckets.len(), ..kept });
        for bucket in buckets {
            let window = self.buckets.entry(bucket).or_default();
            window.push_back(number);
            if window.len() > WINDOW
                && let Some(out) = window.pop_front()
            {
                self.leave(out);
            }
        }
        true
    }

    /// The results of the questions nearest to one, from a cosine and a trust on, the nearest first; of equally near ones
    /// the last.
    pub(crate) fn near(
        &mut self,
        (question, vector): (&Question, Option<&Code>),
        (cosine_min, trust_min): (f64, Trust),
        index: &Index,
        now: Timestamp,
    ) -> Vec<Offer> {
        let Asked { key: scope, .. } = scope(question);
        let all = buckets(&question.text, vector);
        let numbers = all.into_iter().filter_map(|it| self.buckets.get(&it));
        let numbers: BTreeSet<u64> = numbers.flatten().copied().collect();
        let near = numbers.into_iter().rev().filter_map(|number| {
            let kept = self.kept.get(&number)?;
            let holds = kept.scope == scope && index.changed(&kept.spaces) <= kept.commit;
            let cosine = kept.likeness(question, vector)?;
            let fits = cosine >= cosine_min && kept.made.trust >= trust_min;
            (holds && kept.lasts(now) && fits).then_some((cosine, kept))
        });
        let mut near: Vec<(f64, &Kept)> = near.collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        near.truncate(OFFERS_MAX);
        self.offered += near.len() as u64;
        let offer = |(cosine, kept): (f64, &Kept)| {
            let (question, made) = (kept.question.to_string(), kept.made.clone());
            Offer { question, asked: kept.asked, cosine, made }
        };
        near.into_iter().map(offer).collect()
    }

    /// Lets all go that do not hold any more, and overwrites their texts.
    pub(crate) fn sweep(&mut self, index: &Index) {
        let gone = self.kept.iter().filter(|it| index.changed(&it.1.spaces) > it.1.commit);
        let gone: Vec<u64> = gone.map(|it| *it.0).collect();
        gone.into_iter().for_each(|it| self.remove(it));
    }

    /// How they do.
    pub(crate) fn told(&self) -> ResultsTold {
        ResultsTold { kept: self.kept.len(), bytes: self.bytes, offered: self.offered }
    }

    /// One left a bucket; it goes with the last.
    fn leave(&mut self, number: u64) {
        let Some(kept) = self.kept.get_mut(&number) else { return };
        kept.buckets -= 1;
        if kept.buckets == 0 {
            self.remove(number);
        }
    }

    fn remove(&mut self, number: u64) {
        let Some(kept) = self.kept.remove(&number) else { return };
        self.bytes -= kept.bytes();
        for bucket in buckets(&kept.question, kept.vector.as_ref()) {
            if let Some(window) = self.buckets.get_mut(&bucket) {
                window.retain(|it| *it != number);
                if window.is_empty() {
                    self.buckets.remove(&bucket);
                }
            }
        }
    }
}

/// What a question asks for beside its words and its vector, whenever that is.
fn scope(question: &Question) -> Asked {
    Asked::of(&question.bare(), Timestamp::default())
}

fn buckets(words: &str, vector: Option<&Code>) -> Vec<Bucket> {
    let hash = Digest::of(words.as_bytes());
    let words = (WORDS, u16::from_le_bytes([hash.0[0], hash.0[1]]));
    let Some(vector) = vector else { return vec![words] };
    let signs: Vec<bool> = vector.signs().take(BAND * BANDS_MAX).collect();
    let band = |signs: &[bool]| signs.iter().fold(0, |bits, it| bits << 1 | u16::from(*it));
    (0..).zip(signs.chunks(BAND).map(band)).chain([words]).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use voyager_base::chance::{Chance, Seeded};

    use super::*;
    use crate::{
        record::{Draft, MemoryId, Record},
        row::Standing,
    };

    fn now() -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000)
    }

    /// A direction in which none is like another: sums of even numbers are about normal.
    fn random(chance: &Seeded) -> Vec<f32> {
        let one = || (0..12).map(|_| (chance.number() >> 40) as f32 / 16_777_216.0).sum::<f32>();
        (0..384).map(|_| one() - 6.0).collect()
    }

    /// A vector at a cosine of about `cosine`.
    fn near(vector: &[f32], cosine: f32, chance: &Seeded) -> Vec<f32> {
        let share = (1.0 - cosine * cosine).sqrt();
        vector.iter().zip(random(chance)).map(|(it, other)| cosine * it + share * other).collect()
    }

    fn question(text: &str, space: &str) -> Question {
        Question { text: text.to_owned(), spaces: vec![space.to_owned()], ..Question::default() }
    }

    fn code(vector: &[f32]) -> Code {
        Code::of(vector).unwrap()
    }

    fn made(text: &str) -> Made {
        Made {
            text: Zeroizing::new(text.to_owned()),
            found: vec![MemoryId(0)],
            run: "r1".to_owned(),
            skill: "acme:painter".to_owned(),
            trust: Trust::Skill,
        }
    }

    /// The nearest text, from a cosine on.
    fn nearest(
        results: &mut Results,
        asked: (&Question, &Code),
        cosine_min: f64,
        index: &Index,
        now: Timestamp,
    ) -> Option<String> {
        let asked = (asked.0, Some(asked.1));
        let near = results.near(asked, (cosine_min, Trust::Outside), index, now);
        near.first().map(|it| it.made.text.to_string())
    }

    fn write(index: &mut Index, space: &str) {
        let standing =
            Standing { weight: 1.0, cycle: 0, pinned: false, archived: false, trust: None };
        let draft = Draft { space: space.to_owned(), text: "door".to_owned(), ..Draft::default() };
        let id = MemoryId(index.commit());
        index.add(&Record { id, written: now(), draft }, standing, None);
        index.stands_at(index.commit() + 1, 0);
    }

    #[test]
    fn a_near_question_is_offered_what_was_made_of_the_earlier_one_and_is_told_so() {
        let (mut index, mut results) = (Index::default(), Results::new(1 << 20));
        write(&mut index, "one");
        let chance = Seeded::new(1);
        let first = random(&chance);
        let asked = (&question("the colour of the door?", "one"), Some(code(&first)));
        assert!(results.keep(asked, (1, &index), made("green"), now()));
        let other = code(&near(&first, 0.97, &chance));
        let mut offer = |text: &str, space: &str, least: (f64, Trust), now| {
            results.near((&question(text, space), Some(&other)), least, &index, now)
        };
        let (any, near) = (Trust::Outside, 0.9);
        let offered = offer("which colour has the door?", "one", (near, any), now());
        let [offered] = &offered[..] else { panic!("{offered:?}") };
        assert_eq!(offered.question, "the colour of the door?");
        assert_eq!((&offered.made, offered.asked), (&made("green"), now()));
        assert!((offered.cosine - 0.97).abs() < 0.02, "{}", offered.cosine);
        let mut count = |space, least, now| offer("which colour?", space, least, now).len();
        assert_eq!(count("one", (0.995, any), now()), 0, "not near enough");
        assert_eq!(count("two", (near, any), now()), 0, "of another space");
        assert_eq!(count("one", (near, Trust::Skill), now()), 1);
        assert_eq!(count("one", (near, Trust::Imported), now()), 0, "it is trusted less");
        let later = |micros| Timestamp::from_micros(now().as_micros() + micros);
        assert_eq!(count("one", (near, any), later(AGE_MICROS_MAX)), 1);
        assert_eq!(count("one", (near, any), later(AGE_MICROS_MAX + 1)), 0);
        assert_eq!(results.told().offered, 3);
    }

    #[test]
    fn the_same_words_are_the_same_question_with_a_vector_and_without() {
        let (index, mut results) = (Index::default(), Results::new(1 << 20));
        let chance = Seeded::new(1);
        let asked = question("the colour of the door?", "one");
        assert!(results.keep((&asked, None), (0, &index), made("green"), now()));
        let (all, vector) = ((1.0, Trust::Outside), code(&random(&chance)));
        for vector in [None, Some(&vector)] {
            let offered = results.near((&asked, vector), all, &index, now());
            assert_eq!(offered.iter().map(|it| it.cosine).collect::<Vec<_>>(), [1.0]);
        }
        let other = question("The colour of the door?", "one");
        assert!(results.near((&other, None), all, &index, now()).is_empty());
        // A vector of another encoder is compared with none.
        let short = code(&[1.0, -1.0]);
        assert!(results.keep((&asked, Some(short)), (0, &index), made("red"), now()));
        let near = results.near((&other, Some(&vector)), (0.01, Trust::Outside), &index, now());
        assert!(near.is_empty(), "{near:?}");
    }

    #[test]
    fn the_nearest_come_first_and_of_equals_the_last() {
        let (index, mut results) = (Index::default(), Results::new(1 << 20));
        let chance = Seeded::new(1);
        let first = random(&chance);
        let one = question("which door?", "one");
        for number in 0..6_u8 {
            let text = format!("door {number}?");
            let cosine = 0.94 + f32::from(number % 3) / 50.0;
            let vector = Some(code(&near(&first, cosine, &chance)));
            let asked = (&question(&text, "one"), vector);
            assert!(results.keep(asked, (0, &index), made(&text), now()));
        }
        for number in 0..6_u8 {
            assert!(results.keep((&one, None), (0, &index), made(&format!("{number}")), now()));
        }
        let code = code(&first);
        let offers = results.near((&one, Some(&code)), (0.5, Trust::Outside), &index, now());
        let texts: Vec<&str> = offers.iter().map(|it| it.made.text.as_str()).collect();
        assert_eq!(texts[..6], ["5", "4", "3", "2", "1", "0"]);
        assert_eq!(offers.len(), OFFERS_MAX);
        assert!(offers.is_sorted_by(|a, b| a.cosine >= b.cosine), "{offers:?}");
    }

    #[test]
    fn a_question_that_names_a_time_is_another_one_in_the_next_minute() {
        let (index, mut results) = (Index::default(), Results::new(1 << 20));
        let vector = code(&random(&Seeded::new(1)));
        let asked = question("what happened yesterday?", "one");
        assert!(results.keep((&asked, Some(vector.clone())), (0, &index), made("rain"), now()));
        let mut offer = |now| nearest(&mut results, (&asked, &vector), 0.9, &index, now);
        assert!(offer(now()).is_some());
        assert_eq!(offer(Timestamp::from_micros(now().as_micros() + 60_000_000)), None);
    }

    #[test]
    fn a_change_of_its_spaces_ends_a_result() {
        let (mut index, mut results) = (Index::default(), Results::new(1 << 20));
        write(&mut index, "one");
        let vector = code(&random(&Seeded::new(1)));
        let asked = question("the door?", "one");
        let keep = |results: &mut Results, at: (u64, &Index), text| {
            results.keep((&asked, Some(vector.clone())), at, made(text), now())
        };
        let offer = |results: &mut Results, index: &Index| {
            nearest(results, (&asked, &vector), 0.9, index, now())
        };
        assert!(keep(&mut results, (1, &index), "green"));
        write(&mut index, "two");
        assert!(offer(&mut results, &index).is_some());
        write(&mut index, "one");
        assert_eq!(offer(&mut results, &index), None);
        let late = keep(&mut results, (2, &index), "green");
        assert!(!late, "it was made of an answer that does not hold any more");
        let room = |it: &Results| (it.told().kept, it.bytes, it.buckets.len());
        assert_eq!(room(&results), (0, 0, 0), "and the first one made room");
        assert!(keep(&mut results, (3, &index), "red"));
        index.stands_at(4, 1);
        assert_eq!(offer(&mut results, &index), None, "a cycle passed");
    }

    #[test]
    fn bands_find_what_is_near_as_often_as_they_should() {
        let (index, chance) = (Index::default(), Seeded::new(3));
        let found = |cosine: f32| {
            let hit = |_| {
                let mut results = Results::new(1 << 20);
                let first = random(&chance);
                let asked = (&question("the door?", "one"), Some(code(&first)));
                results.keep(asked, (0, &index), made("green"), now());
                let other = (&question("that door?", "one"), &code(&near(&first, cosine, &chance)));
                nearest(&mut results, other, 0.5, &index, now()).is_some()
            };
            (0..400).map(hit).filter(|it| *it).count()
        };
        let (closest, close, far) = (found(0.95), found(0.9), found(0.6));
        // 99.2, 87.9 and 9 of 100 are expected.
        assert!(
            closest > 385 && (330..375).contains(&close) && far < 80,
            "{closest} {close} {far}"
        );
    }

    #[test]
    fn windows_slide_and_room_is_bounded() {
        let (index, vector) = (Index::default(), code(&random(&Seeded::new(1))));
        let asked = question("the door?", "one");
        let mut results = Results::new(1 << 20);
        for number in 0..20_u8 {
            let made = made(&number.to_string());
            results.keep((&asked, Some(vector.clone())), (0, &index), made, now());
        }
        assert_eq!(results.told().kept, WINDOW, "the last of equal ones stay");
        let last = nearest(&mut results, (&asked, &vector), 0.9, &index, now());
        assert_eq!(last.as_deref(), Some("19"));
        let chance = Seeded::new(2);
        let mut results = Results::new(20 << 10);
        for number in 0..20_u8 {
            let asked =
                (&question(&format!("door {number}?"), "one"), Some(code(&random(&chance))));
            assert!(results.keep(asked, (0, &index), made("green"), now()));
            assert!(results.bytes <= 20 << 10);
        }
        assert!((4..20).contains(&results.told().kept), "{}", results.told().kept);
        let large = made(&"x".repeat(6 << 10));
        assert!(!results.keep((&asked, Some(vector)), (0, &index), large, now()), "too large");
    }
}
