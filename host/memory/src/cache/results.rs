//! What was made of answers, offered for questions that are nearly the same.
//!
//! Recall is cheap and exact, so nobody needs the answer to another question from it. What somebody made of an answer
//! may be dear: a model's words, a summary. Whether those of one question do for another one is a matter of meaning,
//! which nothing here can prove. So they are offered as what they are: of that earlier question, which is shown with
//! its cosine. What is proved is that asking the earlier question still finds what it found: no space that was
//! searched was changed since. Time alone moves scores by recency; a question that names a time is offered within its
//! minute, and none after a day.
//!
//! Near questions are found by their signs (Charikar 2002): 16 of them are a band, and two questions are compared where
//! a band is the same. With 384 dimensions, 99 of 100 pairs with a cosine of 0.95 share one, and 88 with 0.9. Of each
//! bucket the last [`WINDOW`] stay.
//!
//! What is deliberately not here: a threshold that is learned. Results end with the next write to their spaces, and
//! to know with 95 % that one result is wrong at most once in twenty times takes 59 judgements of it, all in favour.
//! Who asks sees both questions, and judges.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use voyager_base::{Digest, clock::Timestamp};
use zeroize::Zeroizing;

use super::Asked;
use crate::{index::Index, recall::Question, vectors::Code, when};

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

/// A band and its signs.
type Bucket = (u8, u16);

/// What was made of the answer to an earlier question.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The earlier question.
    pub question: String,
    /// When it was asked.
    pub asked: Timestamp,
    /// The cosine of the angle between both questions.
    pub cosine: f64,
    /// What was made of its answer.
    pub result: Vec<u8>,
}

struct Kept {
    /// Everything that was asked for but words and vector.
    scope: Digest,
    question: Zeroizing<String>,
    vector: Code,
    asked: Timestamp,
    /// Whether the question names a time: then it is another one in the next minute.
    is_timed: bool,
    spaces: Vec<String>,
    /// The commit that its answer was given at.
    commit: u64,
    result: Zeroizing<Vec<u8>>,
    /// In how many buckets it is.
    buckets: usize,
}

impl Kept {
    fn bytes(&self) -> usize {
        let texts = self.question.len() + self.result.len() + self.vector.dimensions();
        OVERHEAD_BYTES + texts + self.spaces.iter().map(|it| it.len() + 24).sum::<usize>()
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
    kept: BTreeMap<u64, Kept>,
    buckets: BTreeMap<Bucket, VecDeque<u64>>,
}

impl Results {
    /// Takes up to about `bytes_max`.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let (kept, buckets) = (BTreeMap::new(), BTreeMap::new());
        Self { bytes_max, bytes: 0, next: 0, kept, buckets }
    }

    /// Lets all go, where nothing is known any more of what changed.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.bytes_max);
    }

    /// Keeps what was made of the answer that was given at `commit`. What holds no more goes, and the first ones where
    /// there is no room. False where it is not kept: its spaces changed since, or it is too large.
    pub(crate) fn keep(
        &mut self,
        (question, vector): (&Question, Code),
        (commit, index): (u64, &Index),
        result: &[u8],
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
            result: Zeroizing::new(result.to_vec()),
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
        let (number, buckets) = (self.next, buckets(&kept.vector));
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

    /// The result of the question nearest to one, from a cosine on; of equally near ones the last.
    pub(crate) fn near(
        &self,
        (question, vector): (&Question, &Code),
        cosine_min: f64,
        index: &Index,
        now: Timestamp,
    ) -> Option<Offer> {
        let Asked { key: scope, .. } = scope(question);
        let numbers = buckets(vector).into_iter().filter_map(|it| self.buckets.get(&it));
        let numbers: BTreeSet<u64> = numbers.flatten().copied().collect();
        let offered = numbers.into_iter().filter_map(|number| {
            let kept = self.kept.get(&number)?;
            let holds = kept.scope == scope && index.changed(&kept.spaces) <= kept.commit;
            let cosine = kept.vector.cosine(vector);
            (holds && kept.lasts(now) && cosine >= cosine_min).then_some((cosine, kept))
        });
        // The last of those that are equal.
        let (cosine, kept) = offered.max_by(|a, b| a.0.total_cmp(&b.0))?;
        let (question, result) = (kept.question.to_string(), kept.result.to_vec());
        Some(Offer { question, asked: kept.asked, cosine, result })
    }

    /// Lets all go that do not hold any more, and overwrites their texts.
    pub(crate) fn sweep(&mut self, index: &Index) {
        let gone = self.kept.iter().filter(|it| index.changed(&it.1.spaces) > it.1.commit);
        let gone: Vec<u64> = gone.map(|it| *it.0).collect();
        gone.into_iter().for_each(|it| self.remove(it));
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
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
        for bucket in buckets(&kept.vector) {
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
    let (text, kindred) = (String::new(), Vec::new());
    let bare = Question { text, kindred, vector: None, ..question.clone() };
    Asked::of(&bare, Timestamp::default())
}

fn buckets(vector: &Code) -> Vec<Bucket> {
    let signs: Vec<bool> = vector.signs().take(BAND * BANDS_MAX).collect();
    let band = |signs: &[bool]| signs.iter().fold(0, |bits, it| bits << 1 | u16::from(*it));
    (0..).zip(signs.chunks(BAND).map(band)).collect()
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
        let asked = (&question("the colour of the door?", "one"), code(&first));
        assert!(results.keep(asked, (1, &index), b"green", now()));
        let other = code(&near(&first, 0.97, &chance));
        let offer = |text: &str, space: &str, cosine_min: f64, now| {
            results.near((&question(text, space), &other), cosine_min, &index, now)
        };
        let offered = offer("which colour has the door?", "one", 0.9, now()).unwrap();
        assert_eq!(offered.question, "the colour of the door?");
        assert_eq!((offered.result.as_slice(), offered.asked), (b"green".as_slice(), now()));
        assert!((offered.cosine - 0.97).abs() < 0.02, "{}", offered.cosine);
        assert_eq!(offer("which colour?", "one", 0.995, now()), None, "not near enough");
        assert_eq!(offer("which colour?", "two", 0.9, now()), None, "of another space");
        let later = |micros| Timestamp::from_micros(now().as_micros() + micros);
        assert!(offer("which colour?", "one", 0.9, later(AGE_MICROS_MAX)).is_some());
        assert_eq!(offer("which colour?", "one", 0.9, later(AGE_MICROS_MAX + 1)), None);
    }

    #[test]
    fn a_question_that_names_a_time_is_another_one_in_the_next_minute() {
        let (index, mut results) = (Index::default(), Results::new(1 << 20));
        let vector = code(&random(&Seeded::new(1)));
        let asked = question("what happened yesterday?", "one");
        assert!(results.keep((&asked, vector.clone()), (0, &index), b"rain", now()));
        let offer = |now| results.near((&asked, &vector), 0.9, &index, now);
        assert!(offer(now()).is_some());
        assert_eq!(offer(Timestamp::from_micros(now().as_micros() + 60_000_000)), None);
    }

    #[test]
    fn a_change_of_its_spaces_ends_a_result() {
        let (mut index, mut results) = (Index::default(), Results::new(1 << 20));
        write(&mut index, "one");
        let vector = code(&random(&Seeded::new(1)));
        let asked = question("the door?", "one");
        assert!(results.keep((&asked, vector.clone()), (1, &index), b"green", now()));
        write(&mut index, "two");
        assert!(results.near((&asked, &vector), 0.9, &index, now()).is_some());
        write(&mut index, "one");
        assert_eq!(results.near((&asked, &vector), 0.9, &index, now()), None);
        let late = results.keep((&asked, vector.clone()), (2, &index), b"green", now());
        assert!(!late, "it was made of an answer that does not hold any more");
        let room = |it: &Results| (it.len(), it.bytes, it.buckets.len());
        assert_eq!(room(&results), (0, 0, 0), "and the first one made room");
        assert!(results.keep((&asked, vector.clone()), (3, &index), b"red", now()));
        index.stands_at(4, 1);
        assert_eq!(results.near((&asked, &vector), 0.9, &index, now()), None, "a cycle passed");
    }

    #[test]
    fn bands_find_what_is_near_as_often_as_they_should() {
        let (index, chance) = (Index::default(), Seeded::new(3));
        let found = |cosine: f32| {
            let hit = |_| {
                let mut results = Results::new(1 << 20);
                let first = random(&chance);
                let asked = question("the door?", "one");
                results.keep((&asked, code(&first)), (0, &index), b"green", now());
                let other = code(&near(&first, cosine, &chance));
                results.near((&asked, &other), 0.5, &index, now()).is_some()
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
            results.keep((&asked, vector.clone()), (0, &index), &[number], now());
        }
        assert_eq!(results.len(), WINDOW, "the last of equal ones stay");
        assert_eq!(results.near((&asked, &vector), 0.9, &index, now()).unwrap().result, [19]);
        let chance = Seeded::new(2);
        let mut results = Results::new(20 << 10);
        for number in 0..20_u8 {
            let vector = code(&random(&chance));
            assert!(results.keep((&asked, vector), (0, &index), &[number], now()));
            assert!(results.bytes <= 20 << 10);
        }
        assert!((4..20).contains(&results.len()), "{}", results.len());
        assert!(!results.keep((&asked, vector), (0, &index), &[0; 6 << 10], now()), "too large");
    }
}
