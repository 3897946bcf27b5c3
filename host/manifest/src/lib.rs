//! Turns text into a checked plan, or into all its errors with places.

pub mod expr;
pub mod plan;
