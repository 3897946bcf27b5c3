//! What is learned from.

/// The candidates of one question.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// The rows, one after the other.
    pub features: &'a [f32],
    /// For each row whether it is an answer.
    pub relevant: &'a [bool],
}
