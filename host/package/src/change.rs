//! What another version of a skill changes for those who use it.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use voyager_base::operation::Skill;

/// What users of a skill see of it: what it asks for, and what it can do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Face {
    /// Interfaces with an effect that it imports.
    pub asks: Vec<String>,
    /// Its operations by name, each on one line.
    pub operations: BTreeMap<String, String>,
}

/// How one face differs from another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Changes {
    /// What it asks for now and did not before.
    pub asks: Vec<String>,
    /// What it does not ask for any more.
    pub asks_no_more: Vec<String>,
    /// Operations that were not there before.
    pub new: Vec<String>,
    /// Operations with other types: before and now.
    pub changed: Vec<(String, String)>,
    /// Operations that are gone.
    pub gone: Vec<String>,
}

impl Face {
    /// Of a skill.
    pub fn of(skill: &Skill) -> Self {
        let name = |it: &voyager_base::operation::OperationName| {
            format!("{}.{}", it.interface, it.function)
        };
        let operations = skill.operations.iter().map(|it| (name(&it.name), it.signature()));
        Self {
            asks: skill.effects().map(str::to_owned).collect(),
            operations: operations.collect(),
        }
    }

    /// What is different in `after`.
    pub fn changes(&self, after: &Self) -> Changes {
        let only = |of: &Self, other: &Self| -> Vec<String> {
            of.asks.iter().filter(|it| !other.asks.contains(it)).cloned().collect()
        };
        let lacking = |of: &Self, other: &Self| -> Vec<String> {
            let of = of.operations.iter();
            of.filter(|(name, _)| !other.operations.contains_key(*name))
                .map(|(_, signature)| signature.clone())
                .collect()
        };
        let changed = self.operations.iter().filter_map(|(name, was)| {
            let is = after.operations.get(name)?;
            (is != was).then(|| (was.clone(), is.clone()))
        });
        Changes {
            asks: only(after, self),
            asks_no_more: only(self, after),
            new: lacking(after, self),
            changed: changed.collect(),
            gone: lacking(self, after),
        }
    }
}

impl Changes {
    /// Whether it asks for something that it did not ask for before.
    pub fn asks_for_more(&self) -> bool {
        !self.asks.is_empty()
    }
}

impl fmt::Display for Changes {
    /// A line each: `+` is new, `-` is gone, `~` is another.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asks = self.asks.iter().map(|it| format!("+ asks for {it}"));
        let asks_no_more = self.asks_no_more.iter().map(|it| format!("- asks no more for {it}"));
        let gone = self.gone.iter().map(|it| format!("- operation {it}"));
        let changed = self.changed.iter().map(|(was, is)| format!("~ operation {is}, was {was}"));
        let new = self.new.iter().map(|it| format!("+ operation {it}"));
        let lines: Vec<String> =
            asks.chain(asks_no_more).chain(gone).chain(changed).chain(new).collect();
        f.write_str(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn face(asks: &[&str], operations: &[(&str, &str)]) -> Face {
        Face {
            asks: asks.iter().map(|&it| it.to_owned()).collect(),
            operations: operations
                .iter()
                .map(|&(name, line)| (name.to_owned(), line.to_owned()))
                .collect(),
        }
    }

    #[test]
    fn what_is_new_gone_and_another_is_told_apart() {
        let before = face(
            &["voyager:workspace/files@0.1.0"],
            &[("a.x", "a.x()"), ("a.y", "a.y(n: u32)"), ("a.z", "a.z()")],
        );
        let after = face(
            &["voyager:process/programs@0.1.0"],
            &[("a.x", "a.x()"), ("a.y", "a.y(n: u64)"), ("b.x", "b.x()")],
        );
        let changes = before.changes(&after);
        assert!(changes.asks_for_more());
        expect![[r#"
            + asks for voyager:process/programs@0.1.0
            - asks no more for voyager:workspace/files@0.1.0
            - operation a.z()
            ~ operation a.y(n: u64), was a.y(n: u32)
            + operation b.x()"#]]
        .assert_eq(&changes.to_string());
        assert_eq!(before.changes(&before), Changes::default());
    }

    #[test]
    fn asking_for_less_is_not_asking_for_more() {
        let (more, less) = (face(&["a:b/c", "a:b/d"], &[]), face(&["a:b/d"], &[]));
        assert!(!more.changes(&less).asks_for_more());
        assert!(less.changes(&more).asks_for_more());
    }
}
