//! `memory bench`: how well recall finds what answers questions, measured where nothing else is touched.

use std::{
    io::BufWriter,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::{Args, Subcommand};
use tokio::{runtime::Handle, sync::mpsc};
use voyager_base::{
    call::Cancellation,
    clock::{Clock, Timestamp},
};
use voyager_memory::{
    Kindred,
    evaluate::{
        Conversation, RESAMPLES, Reader, Scored, Unasked, ask_all, check_fair, locomo, summarise,
        untrained, write_lines,
    },
};

use super::{Context, Out, current_folder};
use crate::{
    answer::memory::bench::{BenchAnswer, Ranking},
    encoding::{Encoder, Patience, Setting},
    failure::{Failure, FailureKind},
    interrupts::Interrupts,
    progress::Progress,
    protocol::{Event, Update},
    report::memory::bench as told,
    system::SystemClock,
};

/// What to do about a file that is something else.
const FORMAT: &str =
    "docs/guide/memory.md says what such a file has; the published one is `locomo10.json`";

/// How often is told how far it is.
const TOLD: Duration = Duration::from_secs(1);

/// Draws of the intervals begin with it: the same file has the same ones.
const SEED: u64 = 1;

/// Measures how well recall finds what answers questions.
///
/// Nothing is trained, asked of a language model, or written to the memory of this machine: each conversation is
/// remembered in a memory of its own that is gone afterwards.
#[derive(Args)]
pub(super) struct Bench {
    #[command(subcommand)]
    of: Of,
}

#[derive(Subcommand)]
enum Of {
    Locomo(Locomo),
}

/// Asks the questions of long conversations, in the format of LoCoMo, and says how much of their evidence is found.
///
/// Two rankings that know less stand beside that of recall. The vectors are of the encoder that this host has, or
/// that `--encoder` names. Intervals are of 10,000 draws of conversations.
#[derive(Args)]
struct Locomo {
    /// The file.
    file: PathBuf,
    /// Writes what every question was worth, a line of JSON each: the places of its evidence, and all measures.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Bench {
    pub(super) fn run(self, context: &Context) -> Result<u8, Failure> {
        let Of::Locomo(locomo) = self.of;
        locomo.run(context)
    }
}

impl Locomo {
    fn run(self, context: &Context) -> Result<u8, Failure> {
        let current = current_folder()?;
        let conversations = conversations(&self.file)?;
        let setting = Setting::find(&context.encoder, &context.places, &current)?;
        // What can't be written is told before somebody waits for it.
        if self.out.as_deref() == Some(Path::new("-")) {
            return Err(Failure::usage("standard output is for the measures")
                .hint("write a file with --out FILE"));
        }
        let out = self.out.as_deref().map(Out::begin).transpose()?;
        // What is known of an encoder's words is kept with what the host knows, where there is a host.
        let aside = tempfile::tempdir()
            .map_err(|error| Failure::environment("cannot make a folder for the bench", &error))?;
        let state = &context.places.state;
        let words = if state.is_dir() { state.as_path() } else { aside.path() }.join("words");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let encoder = Arc::new(Encoder::new(setting, Arc::clone(&clock), words));
        let (answer, scored) = beside(context, Work { conversations, encoder, clock })?;
        let answer = BenchAnswer {
            file: self.file.display().to_string(),
            out: self.out.as_ref().map(|it| it.display().to_string()),
            ..answer
        };
        if let (Some(mut out), Some(name)) = (out, &self.out) {
            let written = write_lines(&scored, BufWriter::new(&mut out));
            written.map_err(|it| Failure::environment(name.display(), &it))?;
            out.end()?;
        }
        told::measured(context, &answer)
    }
}

/// Reads a file of conversations that can be measured.
fn conversations(file: &Path) -> Result<Vec<Conversation>, Failure> {
    use locomo::Unreadable;
    let read = locomo::read(file, None).map_err(|error| match &error {
        Unreadable::File { source, .. } => Failure::environment(&error, source),
        Unreadable::Large { .. } | Unreadable::Malformed { .. } => {
            Failure::usage(error.to_string()).hint(FORMAT)
        }
    });
    let conversations = read?;
    if conversations.iter().all(|it| it.gold.is_empty()) {
        let message = format!("`{}` has no question whose evidence is there", file.display());
        return Err(Failure::usage(message).hint(FORMAT));
    }
    check_fair(&conversations).map_err(|it| Failure::usage(it.to_string()))?;
    Ok(conversations)
}

/// Does the work beside whoever shows how far it is, and listens for Ctrl-C.
fn beside(context: &Context, work: Work) -> Result<(BenchAnswer, Vec<Scored>), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::environment("cannot start threads", &error))?;
    let outcome = runtime.block_on(async {
        let mut interrupts = Interrupts::of_people()?;
        let cancellation = Cancellation::default();
        let (sender, mut updates) = mpsc::unbounded_channel();
        let (handle, wish) = (Handle::current(), cancellation.clone());
        // Whoever shows them is there as long as the work is waited for.
        let tell = move |update| drop(sender.send(update));
        let work = tokio::task::spawn_blocking(move || work.done(handle, &wish, &tell));
        tokio::pin!(work);
        let mut progress = Progress::new(context);
        loop {
            tokio::select! {
                biased;
                () = interrupts.next() => {
                    cancellation.cancel();
                    return Err(stopped());
                }
                Some(update) = updates.recv() => progress.show(&update)?,
                ended = &mut work => {
                    return ended.map_err(|it| Failure::new(FailureKind::Bug, it.to_string()))?;
                }
            }
        }
    });
    // What was stopped left nothing behind, and nobody waits for it.
    runtime.shutdown_background();
    outcome
}

fn stopped() -> Failure {
    Failure::new(FailureKind::Cancelled, "stopped: nothing was measured")
}

/// What is to be measured.
struct Work {
    conversations: Vec<Conversation>,
    encoder: Arc<Encoder>,
    clock: Arc<dyn Clock>,
}

impl Work {
    fn done(
        self,
        handle: Handle,
        cancellation: &Cancellation,
        tell: &dyn Fn(Update),
    ) -> Result<(BenchAnswer, Vec<Scored>), Failure> {
        let Self { conversations, encoder, clock } = self;
        let down = |why: String| Failure::new(FailureKind::Environment, why);
        let name = encoder.name().map_err(|it| down(format!("the encoder can't be used: {it}")))?;
        let reader = OfHost { encoder, handle };
        if reader.make_words() {
            tell(Update::Note { text: "finding out which words mean something alike".to_owned() });
            while reader.make_words() {
                if cancellation.is_cancelled() {
                    return Err(stopped());
                }
            }
        }
        let mut last: Option<Timestamp> = None;
        let mut see = |done, total| {
            let now = clock.now();
            if last.is_none_or(|it| it.after(TOLD) <= now) {
                last = Some(now);
                tell(Update::Event(Event::Going { doing: "asked".to_owned(), done, total }));
            }
            !cancellation.is_cancelled()
        };
        let trials = ask_all(&conversations, &reader, &mut see).map_err(|error| match error {
            Unasked::Stopped => stopped(),
            Unasked::Vectors { reason } => down(reason),
            Unasked::Refused { .. } => Failure::usage(error.to_string()),
        })?;
        let rankings = untrained(&conversations, &trials, &reader);
        let rankings = rankings.map_err(|it| Failure::usage(it.to_string()))?;
        let ranking = |(name, scored): &(&'static str, Vec<Scored>)| Ranking {
            name,
            summary: summarise(scored, RESAMPLES, SEED),
        };
        let answer = BenchAnswer {
            file: String::new(),
            encoder: name,
            conversations: conversations.len(),
            turns: conversations.iter().map(|it| it.seen.turns.len()).sum(),
            questions: conversations.iter().map(|it| it.gold.len()).sum(),
            rankings: rankings.iter().map(ranking).collect(),
            out: None,
        };
        let [.., (_, recalled)] = rankings;
        Ok((answer, recalled))
    }
}

/// The encoder of this host, for whoever may block.
struct OfHost {
    encoder: Arc<Encoder>,
    handle: Handle,
}

impl OfHost {
    /// Makes some more of what it knows of words; says whether there is more.
    fn make_words(&self) -> bool {
        self.handle.block_on(self.encoder.make_words())
    }
}

impl Reader for OfHost {
    fn name(&self) -> Option<String> {
        self.encoder.name().ok().flatten()
    }

    fn vectors(&self, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>, String> {
        if !self.encoder.is_wanted() {
            return Ok(vec![None; texts.len()]);
        }
        let texts = texts.iter().map(|it| (*it).to_owned()).collect();
        let vectors = self.handle.block_on(self.encoder.encode(texts, None, Patience::Work));
        vectors.map_err(|it| it.to_string())
    }

    fn kindred(&self, text: &str) -> Result<Vec<Kindred>, String> {
        Ok(self.handle.block_on(self.encoder.kindred(text)))
    }

    fn tokens(&self, text: &str) -> usize {
        self.encoder.tokens(text)
    }
}
