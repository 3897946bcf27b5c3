//! What a run takes over from an earlier one, as its first record holds it.

use serde::{Deserialize, Serialize};
use voyager_base::{Digest, RunId, Value, workspace::Change};

use crate::interpreter::Pending;

/// What a run takes over from an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
pub struct Inherited {
    /// The earlier run.
    pub run: RunId,
    /// Hash over the records that it had then.
    pub chain: Digest,
    /// What it keeps of the manifest's own steps.
    pub steps: KeptSteps,
}

/// What is kept of the steps of a manifest, or of one execution of those within a block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeptSteps {
    /// Positions of the steps that ended well, with what they gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<(usize, Option<Value>)>,
    /// Steps that did not end well, with what did within them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<KeptPart>,
    /// What takes all of that back, should what comes after it fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compensations: Vec<Pending>,
}

/// What is kept of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeptPart {
    /// Its position.
    pub step: usize,
    /// Its items of which something is kept; the only one where it is no `for-each`.
    pub items: Vec<KeptItem>,
}

/// What is kept of an item of a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeptItem {
    /// Number of the item, from 0.
    pub item: u64,
    /// Hash of its value; none where the step is no `for-each`. An item that is another one keeps nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Digest>,
    /// How it ended, where it ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<KeptEnd>,
    /// Rounds of it that ended well.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rounds: u32,
    /// Values that go from the last of them to the next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<Value>,
    /// Their results, where all are wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collected: Vec<Value>,
    /// What is kept of the steps within it, in its last round.
    #[serde(default, skip_serializing_if = "KeptSteps::is_empty")]
    pub steps: KeptSteps,
}

/// How an item of a step ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeptEnd {
    /// What it gave.
    pub value: Option<Value>,
    /// What it staged. It becomes real with what the other items of the step stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl KeptSteps {
    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.parts.is_empty() && self.compensations.is_empty()
    }

    /// What items staged that is not real yet.
    pub fn changes(&self) -> Vec<&Change> {
        self.parts.iter().flat_map(|part| &part.items).flat_map(KeptItem::changes).collect()
    }

    /// Tells of each step which is kept as a whole, and of each item that ended well, with the numbers of the
    /// items that it stands in, from the outside to the inside.
    pub fn each(&self, tell: &mut dyn FnMut(usize, &[u64])) {
        self.each_below(&mut Vec::new(), tell);
    }

    fn each_below(&self, path: &mut Vec<u64>, tell: &mut dyn FnMut(usize, &[u64])) {
        self.kept.iter().for_each(|(step, _)| tell(*step, path));
        for KeptPart { step, items } in &self.parts {
            for item in items {
                // One that stands alone has no number that tells anything.
                let is_numbered = item.of.is_some();
                path.extend(is_numbered.then_some(item.item));
                match item.ended {
                    Some(_) => tell(*step, path),
                    None => item.steps.each_below(path, tell),
                }
                path.truncate(path.len() - usize::from(is_numbered));
            }
        }
    }
}

impl KeptItem {
    /// Whether nothing is kept of it.
    pub fn is_empty(&self) -> bool {
        self.ended.is_none() && self.rounds == 0 && self.steps.is_empty()
    }

    fn changes(&self) -> Vec<&Change> {
        let own = self.ended.iter().flat_map(|ended| &ended.changes);
        own.chain(self.steps.changes()).collect()
    }
}

/// How it stands in the record: since before parts of steps could be kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Form {
    run: RunId,
    chain: Digest,
    kept: Vec<(usize, Option<Value>)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parts: Vec<KeptPart>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    compensations: Vec<Pending>,
}

impl From<Form> for Inherited {
    fn from(form: Form) -> Self {
        let Form { run, chain, kept, parts, compensations } = form;
        Self { run, chain, steps: KeptSteps { kept, parts, compensations } }
    }
}

impl From<Inherited> for Form {
    fn from(inherited: Inherited) -> Self {
        let Inherited { run, chain, steps: KeptSteps { kept, parts, compensations } } = inherited;
        Self { run, chain, kept, parts, compensations }
    }
}

#[cfg(test)]
mod tests {
    use voyager_base::Digest;

    use super::*;
    use crate::event::{pack, unpack};

    #[test]
    fn what_was_written_before_parts_could_be_kept_is_read() {
        #[derive(Serialize)]
        #[serde(rename_all = "kebab-case")]
        struct Before {
            run: RunId,
            chain: Digest,
            kept: Vec<(usize, Option<Value>)>,
        }
        let (run, chain) = (RunId([7; 16]), Digest::of(b"chain"));
        let kept = vec![(0, None), (2, Some(Value::Int(i128::from(u64::MAX))))];
        let before = pack(&Before { run, chain, kept: kept.clone() });
        let steps = KeptSteps { kept, ..KeptSteps::default() };
        let inherited = Inherited { run, chain, steps };
        assert_eq!(unpack::<Inherited>("it", &before).ok().as_ref(), Some(&inherited));
        assert_eq!(pack(&inherited), before, "nor is it written otherwise");
    }

    #[test]
    fn items_are_told_with_those_that_they_stand_in() {
        let ended = KeptEnd { value: None, changes: Vec::new() };
        let of = Some(Digest::of(b"item"));
        let item = |item, ended, steps| KeptItem { item, of, ended, steps, ..KeptItem::default() };
        let inner =
            KeptPart { step: 2, items: vec![item(4, Some(ended.clone()), KeptSteps::default())] };
        let within =
            KeptSteps { kept: vec![(1, None)], parts: vec![inner], ..KeptSteps::default() };
        let items = vec![item(0, Some(ended), KeptSteps::default()), item(3, None, within)];
        let parts = vec![KeptPart { step: 0, items }];
        let mut told = Vec::new();
        KeptSteps { kept: vec![(5, None)], parts, ..KeptSteps::default() }
            .each(&mut |step, items| told.push((step, items.to_vec())));
        assert_eq!(told, [(5, vec![]), (0, vec![0]), (1, vec![3]), (2, vec![3, 4])]);
    }
}
