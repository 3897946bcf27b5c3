//! The `coder` skill: how large and how complex source code is, which symbols it declares, and the
//! renaming of identifiers over many files.
//!
//! Start with [`measure::file`], which takes a path and bytes and gives figures. [`python`],
//! [`javascript`] and [`rust`] hold what belongs to one language, [`figures`] the formulas they
//! share, [`overview`] what many files add up to. Everything of these is plain code, without a host:
//! it builds and is tested natively. `skill` (only in WebAssembly) joins it with the host.
//!
//! Deliberately not here: which files exist and what may be read (the host's workspace), parsing (a
//! kept parser for each language), and judging: the skill reports figures, people decide.
//!
//! What each figure counts, and how far it agrees with the tool it is named after, stands in
//! `DIALECTS.md` beside the source.

#[cfg(target_arch = "wasm32")]
mod change;
pub mod contract;
pub mod figures;
#[cfg(target_arch = "wasm32")]
mod folders;
mod functions;
pub mod identifier;
mod javascript;
pub mod language;
mod lexical;
pub mod measure;
pub mod outline;
pub mod overview;
mod python;
mod rust;
#[cfg(target_arch = "wasm32")]
mod skill;
pub mod spread;
pub mod text;
