//! The targets: one for each thing that reads bytes from outside.
//!
//! Those of what is private to a crate stand there, in its `fuzz.rs`.

pub mod analyse;
pub mod editor;
pub mod expression;
pub mod grant;
pub mod import;
mod imported;
pub mod manifest;
pub mod path;
pub mod question;
pub mod run;
pub mod scenario;
pub mod table;
pub mod value;
