//! Keeps what agents learned, finds what matters, forgets for certain.
//!
//! One [`Memory`] is a folder: a database that is the only durable truth, the keys of its records, and what opens those,
//! which an owner can lock. What recall searches follows from the records: it lives in memory and in an index that is
//! kept beside them, so that the next opening reads little, and that can always be made anew.
//!
//! What is deliberately not here: who may read or write which space (grants), what makes vectors of texts
//! (an encoder hands them in), language models, and a second process on one store (the disk takes a lock).
//!
//! [`Service`] is what skills see of it: spaces that their grants name, and idempotency keys in the commit.
//!
//! Start reading at [`Memory`] in `store.rs`; then `recall.rs` for how a question is answered, and `shard.rs` for
//! what it searches.

mod alias;
mod arm;
mod asking;
mod cache;
mod decay;
pub mod entities;
mod error;
pub mod evaluate;
pub mod features;
mod fields;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod groups;
mod horizon;
mod index;
mod kept;
mod keys;
mod known;
mod lexicon;
mod lineage;
mod loading;
mod owner;
mod pack;
mod pages;
mod passages;
mod past;
mod pool;
pub mod question;
mod queue;
pub mod rank;
mod recall;
mod record;
mod row;
mod search;
mod service;
mod shard;
mod snapshot;
mod store;
mod succession;
mod tables;
pub mod terms;
pub mod vectors;
mod verify;
mod walk;
mod watch;
pub mod when;

pub use self::{
    alias::{ALIAS_NAMES_MAX, OtherName},
    asking::{KINDRED_FROM, Kindred},
    cache::{Answers, Made, Offer, ResultsTold},
    decay::{HALF_LIFE_CYCLES, death_of, weight_after, weight_used},
    error::{LockError, OpenError, ReadError, WriteError},
    fields::{FOUND_BYTES_MAX, FieldIs, NoFieldIs},
    lineage::DERIVED_FROM,
    owner::{
        Cost, KEY_FILE_BYTES_MAX, KEY_FILE_BYTES_MIN, OwnerKey, OwnerKind, PASSPHRASE_BYTES_MAX,
        PASSPHRASE_BYTES_MIN, is_locked,
    },
    passages::{Passage, Turn},
    past::{Blame, Difference, Happened, Happening, Past, Touch, runs},
    recall::{
        Candidate, Considered, DOUBT_FROM, Dated, Hit, LIMIT_MAX, QUESTION_BYTES_MAX, Question,
        Recall, SAME_MAX, Signals, SubQuery,
    },
    record::{
        Draft, FIELDS_OF_HOST, Invalid, LABELS_MAX, MemoryId, NAME_BYTES_MAX, Record,
        TEXT_BYTES_MAX,
    },
    row::Edge,
    service::{Encodes, Meaning, MemoryOf, Service},
    shard::tokens_of,
    snapshot::{
        Checked, Listed, Places, Restored, Restoring, SnapshotError, Snapshots, Taken, Thinned,
        Which, check_snapshots, is_snapshot_file, restore, snapshots,
    },
    store::{
        BATCH_MAX, COPIES_MAX, Consolidated, Counts, Encoder, Entry, Forgotten, Group, KEPT_FROM,
        Memory, Options, Reached, SOURCES_MAX, SUPERSEDES_MAX, Stats, Ticked, check_question,
    },
    succession::SUPERSEDES,
    tables::{AuditLine, Deed},
    vectors::DIMENSIONS_MAX,
    verify::{FAULTS_MAX, Fault, Part, Verified},
    watch::Watched,
};
