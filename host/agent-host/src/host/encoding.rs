//! Vectors for records and questions, beside everything else: nothing waits for them, and nothing fails without.

mod nearest;

use std::{
    collections::{BTreeSet, VecDeque},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;
use voyager_base::{
    BoxFuture,
    call::Cancellation,
    clock::{Clock, Timestamp},
};
use voyager_memory::{
    Counts, Encoder as Known, Encodes, Meaning, Memory, MemoryId, OpenError, terms,
};

use super::{
    Host, Updates,
    memory::{LazyMemory, keep_index, unusable},
};
use crate::{
    answer::memory::EncodeAnswer,
    encoding::{Encoder, Patience, Trouble},
    failure::{Failure, FailureKind},
    protocol::{Event, Update},
};

/// Texts that are encoded at once.
const BATCH: usize = 32;
/// A batch also ends where its texts have so many bytes.
const BATCH_BYTES: usize = 256 << 10;
/// So many ids are looked up at once: looking costs the same for any number of them.
const AHEAD: usize = 4_096;
/// So long a process that is about to end lends to the batch that is under way.
const LAST: Duration = Duration::from_secs(2);
/// After so long an encoder that could not be reached is tried again.
const AGAIN: Duration = Duration::from_secs(60);
/// How often is told how far it is.
const TOLD: Duration = Duration::from_secs(1);
/// What every encoder can encode.
const PROBE: &str = "a word";
/// Why an encoder is of no use that has no vector for it.
const ZEROS: &str = "its vectors have no direction";

/// What encodes in this process.
pub(super) struct Encoding {
    memory: Arc<LazyMemory>,
    encoder: Arc<Encoder>,
    clock: Arc<dyn Clock>,
    /// There may be records without a vector.
    behind: Notify,
    /// A question has its vector.
    asked: Notify,
    /// Records of which the encoder makes no vector: they are tried again in this process only where somebody asks.
    refused: Mutex<BTreeSet<MemoryId>>,
    /// Held while a batch is made, so that no text is encoded twice.
    alone: tokio::sync::Mutex<VecDeque<MemoryId>>,
}

/// What one batch did.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    encoded: usize,
    more: bool,
}

impl Encoding {
    pub(super) fn new(
        memory: Arc<LazyMemory>,
        encoder: Arc<Encoder>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            memory,
            encoder,
            clock,
            behind: Notify::new(),
            asked: Notify::new(),
            refused: Mutex::default(),
            alone: tokio::sync::Mutex::default(),
        }
    }

    /// The memory, opened beside the threads that drive runs.
    async fn opened(&self) -> Result<Arc<Memory>, OpenError> {
        let lazy = Arc::clone(&self.memory);
        let opened = tokio::task::spawn_blocking(move || lazy.open()).await;
        opened.map_err(|it| OpenError::Disk { reason: it.to_string() })?
    }

    /// What the encoder knows of a question, or why nothing; neither where it needs nothing.
    pub(super) async fn meaning(&self, text: &str) -> Result<Meaning, Trouble> {
        let texts = Meaning::texts(text, self.clock.now());
        let vectors = self.vectors(texts.clone()).await?;
        if vectors.is_empty() {
            return Ok(Meaning::default());
        }
        Ok(Meaning::of(texts, vectors, self.encoder.kindred(text).await))
    }

    /// The vector of a question alone, likewise.
    async fn vector(&self, text: &str) -> Result<Option<Vec<f32>>, Trouble> {
        let vectors = self.vectors(vec![text.to_owned()]).await?;
        Ok(vectors.into_iter().next().flatten())
    }

    /// The vectors of a question and of its parts, or why there are none; neither where it needs none.
    async fn vectors(&self, texts: Vec<String>) -> Result<Vec<Option<Vec<f32>>>, Trouble> {
        // A question without a word that tells what to look for is refused, with a vector too.
        if !self.encoder.is_wanted() || terms::terms(&texts[0]).is_empty() {
            return Ok(Vec::new());
        }
        // Whoever asks is told why it can't be opened.
        let Ok(memory) = self.opened().await else { return Ok(Vec::new()) };
        self.written();
        let dimensions = memory.encoder().map(|it| it.dimensions);
        // Where no record has a vector yet, it is asked too: whoever asks is told why there are none.
        let vectors = self.encoder.encode(texts, dimensions, Patience::Question).await?;
        if memory.encoder().is_none() {
            return Ok(Vec::new());
        }
        self.asked.notify_one();
        Ok(vectors)
    }

    /// Why the encoder gives no vectors now; none where it does, or there is none.
    pub(super) async fn trouble(&self, memory: &Memory) -> Option<String> {
        if !self.encoder.is_wanted() {
            return None;
        }
        let dimensions = memory.encoder().map(|it| it.dimensions);
        let probe = vec![PROBE.to_owned()];
        let asked = self.encoder.encode(probe, dimensions, Patience::Question).await;
        asked.err().map(Trouble::into_why)
    }

    /// Lets an encoder that could not be made be tried again at once.
    pub(super) fn try_again(&self) {
        self.encoder.try_again();
    }

    /// Encodes one batch of what has no vector yet.
    async fn batch(&self, memory: &Arc<Memory>) -> Result<Done, Trouble> {
        let mut waiting = self.alone.lock().await;
        let (ids, texts) = self.read(memory, &mut waiting).await?;
        if ids.is_empty() {
            return Ok(Done { more: !waiting.is_empty(), ..Done::default() });
        }
        let vectors = match self.encode(memory, texts.clone()).await {
            Err(Trouble::Refused(why)) => self.singly(memory, texts, &why).await,
            Ok(vectors) if vectors.iter().all(Option::is_none) => {
                self.probe(memory, ZEROS).await.map(|()| vectors)
            }
            vectors => vectors,
        };
        let vectors = match vectors {
            Ok(vectors) => vectors,
            Err(trouble) => {
                ids.into_iter().rev().for_each(|it| waiting.push_front(it));
                return Err(trouble);
            }
        };
        let (mut rows, mut refused) = (Vec::new(), Vec::new());
        for (id, vector) in ids.into_iter().zip(vectors) {
            match vector {
                Some(vector) => rows.push((id, vector)),
                None => refused.push(id),
            }
        }
        self.refused().extend(refused);
        let encoded = self.store(memory, rows).await?;
        Ok(Done { encoded, more: true })
    }

    /// The next texts that have no vector.
    async fn read(
        &self,
        memory: &Arc<Memory>,
        waiting: &mut VecDeque<MemoryId>,
    ) -> Result<(Vec<MemoryId>, Vec<String>), Trouble> {
        let refused = self.refused().clone();
        let (memory, mut ids) = (Arc::clone(memory), std::mem::take(waiting));
        let read = tokio::task::spawn_blocking(move || {
            if ids.is_empty() {
                let mut bare = match memory.encoder() {
                    Some(_) => memory.unencoded(AHEAD + refused.len()),
                    None => memory.ids(),
                };
                bare.retain(|it| !refused.contains(it));
                bare.truncate(AHEAD);
                ids = bare.into();
            }
            let (mut taken, mut texts, mut unread, mut bytes) = (vec![], vec![], vec![], 0);
            while taken.len() < BATCH
                && bytes < BATCH_BYTES
                && let Some(id) = ids.pop_front()
            {
                match memory.record(id) {
                    Ok(record) => {
                        bytes += record.draft.text.len();
                        texts.push(record.draft.text);
                        taken.push(id);
                    }
                    // Forgotten since, or damaged.
                    Err(_) => unread.push(id),
                }
            }
            (ids, taken, texts, unread)
        });
        let read = read.await.map_err(|it| Trouble::Down(it.to_string()))?;
        let (ids, taken, texts, unread) = read;
        *waiting = ids;
        self.refused().extend(unread);
        Ok((taken, texts))
    }

    async fn encode(
        &self,
        memory: &Memory,
        texts: Vec<String>,
    ) -> Result<Vec<Option<Vec<f32>>>, Trouble> {
        let dimensions = memory.encoder().map(|it| it.dimensions);
        self.encoder.encode(texts, dimensions, Patience::Work).await
    }

    /// Fails, with `why`, where [`PROBE`] has no vector either: then it is the encoder and not the texts.
    async fn probe(&self, memory: &Memory, why: &str) -> Result<(), Trouble> {
        match self.encode(memory, vec![PROBE.to_owned()]).await {
            Ok(vectors) if vectors.iter().all(Option::is_some) => Ok(()),
            Err(Trouble::Down(other)) => Err(Trouble::Down(other)),
            Ok(_) | Err(Trouble::Refused(_)) => Err(Trouble::Down(why.to_owned())),
        }
    }

    /// Each text for itself, where all together were refused.
    async fn singly(
        &self,
        memory: &Memory,
        texts: Vec<String>,
        why: &str,
    ) -> Result<Vec<Option<Vec<f32>>>, Trouble> {
        self.probe(memory, why).await?;
        let mut vectors = Vec::with_capacity(texts.len());
        for text in texts {
            match self.encode(memory, vec![text]).await {
                Ok(one) => vectors.extend(one),
                Err(Trouble::Refused(_)) => vectors.push(None),
                Err(down) => return Err(down),
            }
        }
        Ok(vectors)
    }

    /// Keeps vectors. A first one settles how many dimensions they have.
    async fn store(
        &self,
        memory: &Arc<Memory>,
        rows: Vec<(MemoryId, Vec<f32>)>,
    ) -> Result<usize, Trouble> {
        let (memory, encoder, now) =
            (Arc::clone(memory), Arc::clone(&self.encoder), self.clock.now());
        let stored = tokio::task::spawn_blocking(move || {
            if memory.encoder().is_none()
                && let Some((_, vector)) = rows.first()
                && let Some(name) = encoder.name().map_err(Trouble::Down)?
            {
                let settled = memory.settle_encoder(Known { name, dimensions: vector.len() });
                settled.map_err(|it| Trouble::Down(it.to_string()))?;
            }
            memory.encode(&rows, now).map_err(|it| Trouble::Down(it.to_string()))
        });
        stored.await.map_err(|it| Trouble::Down(it.to_string()))?
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, BTreeSet<MemoryId>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Encodes what has no vector, whenever there may be something, until it is to end. Then the batch under way
    /// gets a moment: what a short command wrote has its vector mostly when it ends. Nothing that is written or asked
    /// meanwhile makes an encoder be tried again that could not be reached.
    pub(super) async fn follow(&self, stop: &Cancellation) {
        let mut unreached: Option<Timestamp> = None;
        loop {
            let due = async {
                match unreached {
                    Some(at) => self.clock.wait_until(at).await,
                    None => self.behind.notified().await,
                }
            };
            tokio::select! {
                biased;
                () = due => {}
                () = stop.cancelled() => return,
            }
            let caught_up = self.catch_up(stop);
            tokio::pin!(caught_up);
            let ended = tokio::select! {
                ended = &mut caught_up => ended,
                () = stop.cancelled() => {
                    // What is not done then is done by the next process.
                    let _ = tokio::time::timeout(LAST, &mut caught_up).await;
                    return;
                }
            };
            unreached = ended.err().map(|error| {
                tracing::warn!(%error, "records wait for their vectors");
                self.clock.now().after(AGAIN)
            });
        }
    }

    /// Encodes all that has no vector, and makes the words of the encoder. A process that is about to end, and encoded
    /// nothing, does not stay for those.
    async fn catch_up(&self, stop: &Cancellation) -> Result<(), Trouble> {
        let Ok(memory) = self.opened().await else { return Ok(()) };
        let mut encoded = 0;
        loop {
            let done = self.batch(&memory).await?;
            encoded += done.encoded;
            if !done.more {
                break;
            }
        }
        // Nobody uses it while the words are made.
        let kept = tokio::task::spawn_blocking(move || {
            if 0 < encoded {
                keep_index(&memory);
            }
        });
        kept.await.map_err(|it| Trouble::Down(it.to_string()))?;
        while (0 < encoded || !stop.is_cancelled()) && self.encoder.make_words().await {}
        Ok(())
    }
}

/// What is known of a question without an encoder.
fn words_alone<T: Default>(error: Trouble) -> T {
    tracing::warn!(%error, "a question is answered from its words alone");
    T::default()
}

impl Encodes for Encoding {
    fn question<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Meaning> {
        Box::pin(async move { self.meaning(text).await.unwrap_or_else(words_alone) })
    }

    fn vector<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Option<Vec<f32>>> {
        Box::pin(async move { self.vector(text).await.unwrap_or_else(words_alone) })
    }

    fn written(&self) {
        if self.encoder.is_wanted() {
            self.behind.notify_one();
        }
    }
}

impl Host {
    /// Answers `memory encode`. Whoever asks may have an encoder in vain: this process was begun without.
    pub(super) async fn encode(
        &self,
        has_encoder: bool,
        cancellation: &Cancellation,
        updates: &Updates,
    ) -> Result<EncodeAnswer, Failure> {
        let encoding = &self.encoding;
        if !encoding.encoder.is_wanted() {
            let hint = match has_encoder {
                true => {
                    "the process that has the state was begun without one: end it, or begin it with `--encoder`"
                }
                false => {
                    "`--encoder hashed`, a folder or an address names one; docs/guide/memory.md"
                }
            };
            return Err(Failure::usage("this host has no encoder").hint(hint));
        }
        let memory = encoding.opened().await.map_err(|it| unusable(&it))?;
        encoding.refused().clear();
        let mut encoded = 0;
        let stopped = |encoded: usize, kind, why: String| {
            let hint = format!("{encoded} record(s) got a vector; the same command goes on");
            Failure::new(kind, why).hint(hint)
        };
        // Whoever asked may have left, or is slow; another one follows.
        let tell = |event| drop(updates.try_send(Update::Event(event)));
        let mut failed = encoding.encoder.failed_attempts();
        let so_far = |it: Counts| {
            let (vectors, records) = (it.vectors as u64, it.records as u64);
            tell(Event::Encoding { vectors, records });
        };
        let before = memory.counts();
        if before.vectors < before.records {
            so_far(before);
        }
        let mut told: Option<Timestamp> = None;
        loop {
            let mut batch = pin!(encoding.batch(&memory));
            let done = loop {
                tokio::select! {
                    // First: what is known to be cancelled begins nothing.
                    biased;
                    () = cancellation.cancelled() => {
                        return Err(stopped(encoded, FailureKind::Cancelled, "stopped".to_owned()));
                    }
                    done = &mut batch => break done,
                    Ok(()) = failed.changed() => {
                        let reason = failed.borrow_and_update().clone();
                        tell(Event::EncoderFailed { reason });
                    }
                }
            };
            let done =
                done.map_err(|it| stopped(encoded, FailureKind::Environment, it.to_string()))?;
            encoded += done.encoded;
            if !done.more {
                break;
            }
            let now = self.world.clock.now();
            if told.is_none_or(|it| it.after(TOLD) <= now) {
                told = Some(now);
                so_far(memory.counts());
            }
        }
        let kept = Arc::clone(&memory);
        let kept = tokio::task::spawn_blocking(move || keep_index(&kept));
        kept.await.map_err(|it| Failure::new(FailureKind::Bug, it.to_string()))?;
        while encoding.encoder.make_words().await {
            if cancellation.is_cancelled() {
                return Err(stopped(encoded, FailureKind::Cancelled, "stopped".to_owned()));
            }
        }
        let Counts { vectors, records } = memory.counts();
        let encoder = memory.encoder().map(|it| it.name.clone());
        let refused = records.saturating_sub(vectors);
        Ok(EncodeAnswer { encoder, encoded, refused, vectors, records })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        path::Path,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use voyager_base::{
        chance::Seeded,
        sim::{SimClock, SimDisk},
    };
    use voyager_memory::Draft;

    use super::*;
    use crate::encoding::Setting;

    /// Waits for what another task does; a minute is more than any machine needs.
    pub(in crate::host) async fn until(is_done: impl Fn() -> bool) {
        let wait = async {
            while !is_done() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it comes");
    }

    /// An encoder that gives `answer`, which is told how often it was asked before, and how often it was.
    fn answering(answer: impl Fn(usize) -> String + Send + 'static) -> (Setting, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let count = Arc::new(AtomicUsize::new(0));
        let asked = Arc::clone(&count);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let before = asked.fetch_add(1, Ordering::SeqCst);
                let (mut read, mut some) = (Vec::new(), [0; 1_024]);
                // The JSON of what is asked ends so, and its head has none.
                while !read.ends_with(b"}")
                    && let Ok(bytes @ 1..) = stream.read(&mut some)
                {
                    read.extend_from_slice(&some[..bytes]);
                }
                let _ = stream.write_all(answer(before).as_bytes());
            }
        });
        (Setting::of(&format!("http://{address}/api/embed#m")), count)
    }

    fn response(status: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
    }

    /// An encoder that refuses whoever asks, and how often it did.
    fn refusing() -> (Setting, Arc<AtomicUsize>) {
        answering(|_| response("401 Unauthorized", ""))
    }

    /// A memory of one record without a vector, and what encodes it.
    fn encoding(setting: Setting, clock: &SimClock) -> (Arc<Encoding>, Arc<Memory>) {
        let clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let words = Path::new("/nowhere/words").to_owned();
        let encoder = Arc::new(Encoder::new(setting, Arc::clone(&clock), words));
        let disk = Arc::new(SimDisk::new(1));
        let memory = Memory::open(disk, encoder.options(), Arc::new(Seeded::new(1)));
        let memory = Arc::new(memory.expect("it opens"));
        let draft = Draft { text: "The door is green.".to_owned(), ..Draft::default() };
        memory.remember(&[draft.into()], None, Timestamp::default()).expect("it is written");
        let lazy = Arc::new(LazyMemory::with(Arc::clone(&memory), Arc::clone(&encoder)));
        (Arc::new(Encoding::new(lazy, encoder, clock)), memory)
    }

    #[tokio::test]
    async fn an_endpoint_that_never_answered_is_told_to_who_asks() {
        let clock = SimClock::new(Timestamp::from_millis(1_000));
        let (encoding, memory) = encoding(refusing().0, &clock);
        let told = encoding.meaning("door").await.expect_err("it has no vector").to_string();
        assert!(told.contains("it answers with status 401"), "{told}");
        let why = encoding.trouble(&memory).await.expect("it has one");
        assert!(why.contains("it answers with status 401"), "{why}");
        let (encoding, memory) = self::encoding(Setting::of("hashed"), &clock);
        assert_eq!(encoding.trouble(&memory).await, None);
    }

    #[tokio::test]
    async fn nothing_is_passed_over_while_an_encoder_answers_with_zeros() {
        let clock = SimClock::new(Timestamp::from_millis(1_000));
        let (setting, _) = answering(|before| {
            // What is to be encoded, then what every encoder can encode.
            let number = if before < 2 { "0.0" } else { "1.0" };
            response("200 OK", &format!("{{\"embeddings\":[[{number},{number}]]}}"))
        });
        let (encoding, memory) = encoding(setting, &clock);
        let down = encoding.batch(&memory).await.expect_err("all is zero");
        assert_eq!(down, Trouble::Down(ZEROS.to_owned()));
        assert_eq!(encoding.batch(&memory).await.expect("it answers").encoded, 1);
    }

    #[tokio::test]
    async fn nothing_wakes_the_work_while_its_encoder_is_left_alone() {
        let clock = SimClock::new(Timestamp::from_millis(1_000));
        let (setting, asked) = refusing();
        let (encoding, _) = encoding(setting, &clock);
        let stop = Cancellation::default();
        let beside = tokio::spawn({
            let (encoding, stop) = (Arc::clone(&encoding), stop.clone());
            async move { encoding.follow(&stop).await }
        });
        encoding.written();
        until(|| clock.next_deadline().is_some()).await;
        for _ in 0..5 {
            clock.advance(Duration::from_secs(1));
            encoding.written();
            assert!(encoding.meaning("door").await.is_err());
        }
        stop.cancel();
        beside.await.expect("it ends");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_could_not_be_opened_is_tried_again_after_a_rest() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let setting = Setting::of(&folder.path().display().to_string());
        let clock = SimClock::new(Timestamp::from_millis(1_000));
        let (encoding, memory) = encoding(setting, &clock);
        let missing = encoding.trouble(&memory).await.expect("it is empty");
        assert!(missing.contains("config.json: No such file"), "{missing}");
        std::fs::write(folder.path().join("config.json"), "{}").expect("it is writable");
        assert_eq!(encoding.trouble(&memory).await, Some(missing.clone()), "it rests");
        clock.advance(Duration::from_secs(10));
        let malformed = encoding.trouble(&memory).await.expect("it is empty");
        assert!(malformed.contains("missing field"), "{malformed}");
    }
}
