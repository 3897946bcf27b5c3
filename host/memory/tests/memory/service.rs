//! What skills ask of the memory, and what the host does for it.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use voyager_base::{
    BoxFuture, ErrorKind,
    grant::Grants,
    memory::{KeepResult, MemoryService as _, RecallMemory, SeekResults},
    sim::{SimClock, SimDisk, asking},
};
use voyager_memory::{Encodes, Meaning, QUESTION_BYTES_MAX, Service};

use crate::support::open;

/// Counts the questions that it is given, and those of which only a vector is wanted.
#[derive(Default)]
struct Counting {
    whole: AtomicUsize,
    vectors: AtomicUsize,
}

impl Counting {
    fn counted(&self) -> (usize, usize) {
        (self.whole.load(Ordering::Relaxed), self.vectors.load(Ordering::Relaxed))
    }
}

impl Encodes for Counting {
    fn question<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Meaning> {
        self.whole.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Meaning::default() })
    }

    fn vector<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<Vec<f32>>> {
        self.vectors.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { None })
    }

    fn written(&self) {}
}

/// What a call gives that waits for nobody.
fn now_or_never<T>(call: BoxFuture<'_, T>) -> T {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn a_question_that_is_too_long_is_refused_before_it_is_encoded() {
    let memory = Arc::new(open(&SimDisk::new(1)));
    let encoder = Arc::new(Counting::default());
    let service = Service::new(
        Arc::new(move || Ok(Arc::clone(&memory))),
        Arc::new(|work| work()),
        Arc::new(SimClock::default()),
    )
    .with_encoder(Arc::clone(&encoder) as _);
    let context = asking(Grants::default());
    // Whether each call that holds a question takes one of so many bytes.
    let takes = |bytes: usize| {
        let question = RecallMemory { text: "a".repeat(bytes), limit: 1, ..Default::default() };
        let keep =
            KeepResult { question: question.clone(), found: Vec::new(), text: String::new() };
        let seek = SeekResults { question: question.clone(), likeness: 0.9 };
        [
            now_or_never(service.recall(&context, question)).map(drop),
            now_or_never(service.keep_result(&context, keep)).map(drop),
            now_or_never(service.offers(&context, seek)).map(drop),
        ]
        .map(|it| it.map_err(|it| it.kind))
    };
    assert_eq!(takes(QUESTION_BYTES_MAX + 1), [const { Err(ErrorKind::Invalid) }; 3]);
    assert_eq!(encoder.counted(), (0, 0));
    assert_eq!(takes(QUESTION_BYTES_MAX), [const { Ok(()) }; 3]);
    assert_eq!(encoder.counted(), (2, 1), "what is offered needs the vector alone");
}
