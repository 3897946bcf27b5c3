//! Admission of a task's questions: a machine that only counts and compares.
//!
//! Questions of an attempt are numbered. A number that the record knows must bring the same question
//! again, and gets the same answer; a new one is checked against the grants and the counted limits.

use std::collections::BTreeMap;

use voyager_base::{
    Error, Limits, Usage,
    call::{Charge, Remaining, Report},
};

use crate::{book::Recorded, event::Asked};

/// What a task has used, and what the record knows of it.
#[derive(Debug)]
pub(crate) struct Account {
    limits: Limits,
    depth: u32,
    ordinal: u32,
    host_calls: u64,
    children: u32,
    log_bytes: u64,
    log_lines: u64,
    bytes_in: u64,
    bytes_out: u64,
    recorded: BTreeMap<u32, Recorded>,
}

/// What to do about a question.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// A counted limit bit. The count repeats by itself, so it needs no record, and a guest can't
    /// flood the journal by asking on.
    Spent(Error),
    /// The record knows the question.
    Known(Box<Recorded>),
    /// The record knows another question under this number.
    Other(Box<Recorded>),
    /// The record ends before this question.
    New,
}

impl Account {
    /// An account of a task at `depth` below the root, with what the record knows of its attempt.
    pub(crate) fn new(limits: Limits, depth: u32, recorded: BTreeMap<u32, Recorded>) -> Self {
        Self {
            limits,
            depth,
            ordinal: 0,
            host_calls: 0,
            children: 0,
            log_bytes: 0,
            log_lines: 0,
            bytes_in: 0,
            bytes_out: 0,
            recorded,
        }
    }

    /// Takes a question of so many bytes: its number, and what to do about it.
    pub(crate) fn ask(&mut self, asked: &Asked, bytes: usize) -> (u32, Verdict) {
        let ordinal = self.ordinal;
        self.bytes_out = self.bytes_out.saturating_add(bytes as u64);
        if self.limits.host_calls <= self.host_calls {
            return (ordinal, Verdict::Spent(Error::limit("host-calls", self.limits.host_calls)));
        }
        self.host_calls += 1;
        self.ordinal += 1;
        let verdict = match self.recorded.remove(&ordinal) {
            None => Verdict::New,
            Some(known) if known.asked.name == asked.name && known.asked.digest == asked.digest => {
                Verdict::Known(Box::new(known))
            }
            Some(other) => Verdict::Other(Box::new(other)),
        };
        (ordinal, verdict)
    }

    /// Charges an answer of so many bytes, and what it used.
    pub(crate) fn charge(&mut self, charge: Charge, bytes: usize) {
        self.bytes_in = self.bytes_in.saturating_add(bytes as u64);
        self.children = self.children.saturating_add(charge.children);
    }

    /// Whether the task may have `more` children now.
    pub(crate) fn children(&self, more: usize) -> Result<(), Error> {
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        if self.limits.children < self.children.saturating_add(more) {
            return Err(Error::limit("children", self.limits.children));
        }
        if self.limits.depth <= self.depth {
            return Err(Error::limit("depth", self.limits.depth));
        }
        Ok(())
    }

    /// Whether a report is within the limits of the log.
    pub(crate) fn report(&mut self, report: &Report) -> bool {
        let bytes = match report {
            Report::Progress { note, .. } => note.len(),
            Report::Log { message, .. } => message.len(),
        };
        self.log_bytes = self.log_bytes.saturating_add(bytes as u64);
        // Progress is drawn over itself, so only its text counts.
        if matches!(report, Report::Log { .. }) {
            self.log_lines = self.log_lines.saturating_add(1);
        }
        self.log_lines <= self.limits.log_lines && self.log_bytes <= self.limits.log_bytes
    }

    /// What is left.
    pub(crate) fn remaining(&self) -> Remaining {
        Remaining {
            host_calls: self.limits.host_calls - self.host_calls,
            log_bytes: self.limits.log_bytes.saturating_sub(self.log_bytes),
            children: self.limits.children.saturating_sub(self.children),
            depth: self.limits.depth.saturating_sub(self.depth),
        }
    }

    /// What was used of it, beside what the guest used by itself.
    pub(crate) fn usage(&self) -> Usage {
        Usage {
            host_calls: self.host_calls,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            ..Usage::default()
        }
    }

    /// The first recorded question that was not asked again.
    pub(crate) fn left_over(&self) -> Option<&Recorded> {
        self.recorded.values().next()
    }
}
