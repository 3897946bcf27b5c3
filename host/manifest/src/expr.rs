//! Expressions: a subset of CEL with static types. Total, bounded, without side effects.

use serde::{Deserialize, Serialize};
use voyager_base::Value;

/// A checked expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// As it stands in the manifest.
    pub text: String,
}

/// Names that an expression may use: `inputs`, `steps`, `result`, the item.
pub trait Scope {
    /// The value of a name.
    fn lookup(&self, name: &str) -> Option<Value>;
}
