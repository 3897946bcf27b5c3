//! What is asked of the fields of records: `invoice=INV-77231`, `amount>=1000`.

use std::{borrow::Cow, cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use voyager_base::memory::Comparison;

use crate::record::Draft;

/// Longest value that a field is found by, in bytes. A longer one is kept, and found by nothing.
pub const FOUND_BYTES_MAX: usize = 256;

/// What is asked of one field.
///
/// Values that can be read as numbers are compared as numbers of 64 bits with a point (IEEE 754), so whole ones beyond 2^53
/// may seem equal; texts are compared by their bytes, so that days like `2024-05-31` follow one another. A number is neither
/// less nor greater than a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldIs {
    /// The name of the field.
    pub name: String,
    /// How its value compares with `value`.
    pub comparison: Comparison,
    /// The value that it is compared with.
    pub value: String,
}

impl FieldIs {
    /// Whether a draft has such a field that it can be found by.
    pub fn is_of(&self, draft: &Draft) -> bool {
        let value = draft.fields.get(&self.name).filter(|it| it.len() <= FOUND_BYTES_MAX);
        value.is_some_and(|it| self.holds(&Value::of(it)))
    }

    /// Whether a value is such a one.
    pub(crate) fn holds(&self, value: &Value<'_>) -> bool {
        let asked = Value::of(&self.value);
        let is = match self.comparison {
            Comparison::Equal => return asked.text == value.text,
            Comparison::Less => Ordering::is_lt,
            Comparison::AtMost => Ordering::is_le,
            Comparison::Greater => Ordering::is_gt,
            Comparison::AtLeast => Ordering::is_ge,
        };
        match (value.number, asked.number) {
            (Some(one), Some(other)) => is(one.cmp(&other)),
            (None, None) => is(value.text.cmp(&asked.text)),
            _ => false,
        }
    }
}

impl fmt::Display for FieldIs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.comparison {
            Comparison::Equal => "=",
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::Greater => ">",
            Comparison::AtLeast => ">=",
        };
        write!(f, "{}{sign}{}", self.name, self.value)
    }
}

/// What can't be asked of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFieldIs {
    /// No name, or no sign behind it.
    #[error(
        "write NAME=VALUE, or \"NAME<VALUE\", \"NAME<=VALUE\", \"NAME>VALUE\", \"NAME>=VALUE\""
    )]
    Form,
    /// Nothing is found by such a value.
    #[error("a field is found by a value of at most {FOUND_BYTES_MAX} bytes")]
    Long,
}

impl FromStr for FieldIs {
    type Err = NoFieldIs;

    fn from_str(text: &str) -> Result<Self, NoFieldIs> {
        let at = text.find(['=', '<', '>']).filter(|it| *it > 0).ok_or(NoFieldIs::Form)?;
        let (name, rest) = text.split_at(at);
        // What looks like another comparison would find nothing, and say nothing.
        if name.ends_with([' ', '!']) || rest.starts_with("==") {
            return Err(NoFieldIs::Form);
        }
        let signs = [
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
            ("=", Comparison::Equal),
        ];
        let found = signs.into_iter().find_map(|(sign, it)| Some((it, rest.strip_prefix(sign)?)));
        let (comparison, value) = found.ok_or(NoFieldIs::Form)?;
        if value.len() > FOUND_BYTES_MAX {
            return Err(NoFieldIs::Long);
        }
        Ok(Self { name: name.to_owned(), comparison, value: value.to_owned() })
    }
}

/// A value of a field: texts before numbers, and these in their order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Value<'a> {
    number: Option<Number>,
    text: Cow<'a, str>,
}

impl<'a> Value<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self { number: Number::of(text), text: Cow::Borrowed(text) }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_owned(self) -> Value<'static> {
        Value { number: self.number, text: Cow::Owned(self.text.into_owned()) }
    }
}

/// A number that is neither infinite nor none.
#[derive(Clone, Copy, Debug)]
struct Number(f64);

impl Number {
    fn of(text: &str) -> Option<Self> {
        let number: f64 = text.parse().ok()?;
        // Minus zero is zero.
        number.is_finite().then_some(Self(number + 0.0))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use super::*;

    #[test]
    fn fields_compare_as_numbers_where_both_are() {
        for (asked, value, holds) in [
            ("n=7", "7", true),
            ("n=7", "007", false),
            ("n=", "", true),
            ("n>=7", "007", true),
            ("n<10", "9", true),
            ("n<10", "-1e3", true),
            ("n>9", "10", true),
            ("n>-0", "0", false),
            ("n>=0", "-0", true),
            ("n>9", "nan", false),
            ("n>9", "inf", false),
            ("n<=9", "nine", false),
            ("n>=2024-05-31", "2024-06-01", true),
            ("n<2024-05-31", "2024-05-31", false),
            ("n<=b", "a", true),
        ] {
            let it: FieldIs = asked.parse().unwrap();
            assert_eq!(it.holds(&Value::of(value)), holds, "{asked} {value}");
            assert_eq!(it.to_string(), asked);
        }
    }

    #[test]
    fn what_is_no_question_of_a_field_is_refused() {
        for wrong in ["", "name", "=value", "<5", ">=5", "n >= 5", "n!=5", "n==5"] {
            assert_eq!(wrong.parse::<FieldIs>(), Err(NoFieldIs::Form), "{wrong}");
        }
        let long = format!("n={}", "a".repeat(FOUND_BYTES_MAX + 1));
        assert_eq!(long.parse::<FieldIs>(), Err(NoFieldIs::Long));
        let equal: FieldIs = "a=b=c>d".parse().unwrap();
        assert_eq!((equal.name.as_str(), equal.value.as_str()), ("a", "b=c>d"));
    }
}
