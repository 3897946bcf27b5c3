//! Turns text into a checked plan, or into all its errors with places.

pub mod catalog;
pub mod check;
pub mod code;
pub mod convert;
pub mod diagnostic;
pub mod expr;
pub mod input;
mod language;
mod nearest;
pub mod plan;
mod scalar;
mod shape;
mod type_text;
mod yaml;

pub use self::{
    catalog::Catalog,
    check::{Checked, check},
    code::{Code, Severity, explain},
    diagnostic::{Diagnostic, Place, render},
    expr::Expr,
    plan::Plan,
};
