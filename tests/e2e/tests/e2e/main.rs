//! The real program as a user meets it. What the README shows is here too.

mod approve;
mod audit;
mod bad_files;
mod blocks;
mod cache;
mod collector;
mod crash;
mod docs;
mod editor;
mod error_kinds;
mod first_skill;
mod input;
mod json;
mod lending;
mod live;
mod metrics;
mod priority;
mod rename;
mod resources;
mod retry;
mod scenarios;
mod secrets;
mod serve;
mod state;
mod telemetry;
mod transactions;
