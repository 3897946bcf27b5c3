//! Turns text into a checked plan, or into all its errors with places.
//!
//! [`check()`] is the way in: text, the skills that are there, and the host's limits give a
//! [`Plan`] or [`Diagnostic`]s. On the way:
//!
//! ```text
//! bytes ─▶ yaml (tree with places) ─▶ shape (forms, by the tables of language) ─▶ check (meaning) ─▶ plan
//!                                                                                 └ expr, convert, catalog
//! ```
//! Beside it: [`explain`] for each code, [`schema`] and [`editor`] for editors, [`graph`] and [`summary`]
//! of a plan, its [`power`] for comparisons, its [`risks`], its [`outlook`] under a policy, the [`prefix`] that a later run may keep, [`input`] for what a run is given. [`expr`] and
//! [`convert`] are used again when a run computes
//! arguments.
//!
//! [`check_scenario`] is the other way in: the test of a manifest, checked against its plan by the same
//! parser. [`check_script`] reads what stands in for the host in one call of a skill, with the words of scenarios.
//!
//! [`check_policy`] is the third: what the operator of a host allows above every manifest.
//!
//! No clock, no disk, no WebAssembly: whoever calls has read the file and the skills. Whatever the bytes,
//! the answer comes in bounded time, memory and depth.

pub mod catalog;
pub mod check;
pub mod code;
pub mod convert;
pub mod diagnostic;
pub mod editor;
pub mod expr;
pub mod graph;
pub mod input;
mod language;
pub mod library;
mod nearest;
pub mod outlook;
pub mod plan;
pub mod power;
pub mod prefix;
pub mod risks;
pub mod sarif;
mod scalar;
pub mod scenario;
pub mod schema;
pub mod settings;
mod shape;
pub mod shell;
pub mod summary;
pub mod template;
mod type_text;
mod yaml;

pub use self::{
    catalog::Catalog,
    check::{
        Checked, CheckedPolicy, CheckedScenario, HostPolicy, check, check_among, check_policy,
        check_scenario, check_script, manifest_of,
    },
    code::{Code, Severity, explain},
    diagnostic::{Diagnostic, Place, render},
    expr::Expr,
    library::{Files, Library, Pins},
    nearest::nearest,
    plan::Plan,
    scalar::{duration as read_duration, size as read_size},
    scenario::Scenario,
};
