//! Turns text into a checked plan, or into all its errors with places.

pub mod code;
pub mod convert;
pub mod expr;
mod nearest;
pub mod plan;
