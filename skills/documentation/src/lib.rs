//! The `documentation` skill: Markdown reports and outlines from what other steps found.
//!
//! [`audit`] writes the report of an audit, [`api`] the outline of an interface. [`markdown`] holds
//! what both use to write text that can't be broken by what it shows. All of it is pure: the skill
//! has no imports, so its results depend on its arguments alone and may be cached.
//!
//! Deliberately not here: analysis of any kind (the steps before do that), files (the host writes the
//! report where the operator wants it), and HTML.

pub mod api;
pub mod audit;
pub mod contract;
pub mod markdown;
#[cfg(target_arch = "wasm32")]
mod skill;
