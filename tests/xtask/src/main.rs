//! Voyager.

fn main() {}
