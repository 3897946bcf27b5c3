//! Tests of the store as callers see it.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod cache;
mod consolidate;
mod crash;
mod forget;
mod kept;
mod life;
mod model;
mod naming;
mod owner;
mod passages;
mod past;
mod ranking;
mod recall;
mod routes;
mod service;
mod snapshot;
mod store;
mod succession;
mod support;
mod trust;
mod watch;
