//! The skills that a manifest can use, and how its short names find their operations.

use std::{collections::BTreeMap, sync::Arc};

use semver::Version;
use voyager_base::operation::{Operation, Skill};

use crate::nearest::nearest;

/// The skills that are there.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    skills: Arc<Vec<Skill>>,
    /// `name/function` to the operations that end so, as (skill, operation).
    short: Arc<BTreeMap<String, Vec<(usize, usize)>>>,
    /// What other manifests take and give, by what `use` calls them. Only editors ask so.
    manifests: BTreeMap<String, Arc<Operation>>,
}

/// An operation of a skill of the catalog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'c> {
    pub(crate) skill: &'c Skill,
    pub(crate) operation: &'c Arc<Operation>,
}

/// Why a name has no operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotFound {
    /// It is not the name of an operation at all.
    Malformed,
    /// No skill has the name; the nearest.
    Skill { name: String, near: Option<String> },
    /// The skill is there in other versions only.
    Version { name: String, wanted: String, there: Vec<String> },
    /// The skill has no such operation; the nearest, or all.
    Operation { skill: String, near: Option<String>, all: Vec<String> },
    /// Several fit; their full names.
    Ambiguous(Vec<String>),
}

/// The parts of an operation's name in a manifest.
struct Parts<'n> {
    skill: &'n str,
    version: Option<&'n str>,
    interface: Option<&'n str>,
    function: &'n str,
}

impl Catalog {
    /// A catalog of these skills. Of two components with the same package and version the first
    /// counts.
    pub fn new(skills: Vec<Skill>) -> Self {
        let mut short: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
        for (s, skill) in skills.iter().enumerate() {
            for (o, operation) in skill.operations.iter().enumerate() {
                let name = format!("{}/{}", skill.short_name(), operation.name.function);
                short.entry(name).or_default().push((s, o));
            }
        }
        Self { skills: skills.into(), short: short.into(), manifests: BTreeMap::new() }
    }

    /// The same with other manifests, by what `use` calls them.
    pub(crate) fn with_manifests(&self, manifests: BTreeMap<String, Arc<Operation>>) -> Self {
        Self { manifests, ..self.clone() }
    }

    /// The operation that `use` names, which may be another manifest.
    pub(crate) fn used(&self, name: &str) -> Option<&Operation> {
        match self.manifests.get(name) {
            Some(manifest) => Some(manifest),
            None => Some(self.find(name).ok()?.operation),
        }
    }

    /// All skills.
    pub fn skills(&self) -> &[Skill] {
        &self.skills
    }

    /// The operation that a manifest calls `name`, where exactly one fits.
    pub fn operation(&self, name: &str) -> Option<&Arc<Operation>> {
        self.find(name).ok().map(|found| found.operation)
    }

    /// The operation that a manifest calls `name`: in full `package:skill@1.2/interface.function`,
    /// or shorter where only one fits. Without a version, or with a part of one, the highest that
    /// fits counts.
    pub(crate) fn find(&self, name: &str) -> Result<Found<'_>, NotFound> {
        let parts = parts(name).ok_or(NotFound::Malformed)?;
        let fits = |found: &Found<'_>| {
            (!parts.skill.contains(':') || found.skill.package == parts.skill)
                && parts.interface.is_none_or(|name| found.operation.name.interface == name)
        };
        let short_skill = parts.skill.split_once(':').map_or(parts.skill, |(_, short)| short);
        let short = format!("{short_skill}/{}", parts.function);
        let named: Vec<Found<'_>> = self
            .short
            .get(&short)
            .into_iter()
            .flatten()
            .map(|(s, o)| self.at(*s, *o))
            .filter(fits)
            .collect();
        let mut candidates: Vec<Found<'_>> = named
            .iter()
            .copied()
            .filter(|found| version_fits(found.skill, parts.version))
            .collect();
        // The highest version of each operation.
        candidates.sort_by(|a, b| {
            let name = |found: &Found<'_>| found.operation.name.unversioned();
            name(a).cmp(&name(b)).then_with(|| version(b.skill).cmp(&version(a.skill)))
        });
        candidates
            .dedup_by(|a, b| a.operation.name.unversioned() == b.operation.name.unversioned());
        match candidates.as_slice() {
            [found] => Ok(*found),
            [] => Err(self.why_not(&parts, &named)),
            several => {
                let names = several.iter().map(|found| found.operation.name.unversioned());
                Err(NotFound::Ambiguous(names.collect()))
            }
        }
    }

    fn why_not(&self, parts: &Parts<'_>, named: &[Found<'_>]) -> NotFound {
        let is_meant = |skill: &&Skill| match parts.skill.contains(':') {
            true => skill.package == parts.skill,
            false => skill.short_name() == parts.skill,
        };
        let meant: Vec<&Skill> = self.skills.iter().filter(is_meant).collect();
        if meant.is_empty() {
            let packages = self.skills.iter().map(|skill| skill.package.as_str());
            let shorts = self.skills.iter().map(Skill::short_name);
            let near = match parts.skill.contains(':') {
                true => nearest(parts.skill, packages),
                false => nearest(parts.skill, shorts),
            };
            let near = near.map(|near| match parts.interface {
                Some(interface) => format!("{near}/{interface}.{}", parts.function),
                None => format!("{near}/{}", parts.function),
            });
            return NotFound::Skill { name: parts.skill.to_owned(), near };
        }
        if let (false, Some(wanted)) = (named.is_empty(), parts.version) {
            let mut there: Vec<String> =
                named.iter().map(|found| found.skill.version.clone()).collect();
            there.dedup();
            return NotFound::Version {
                name: parts.skill.to_owned(),
                wanted: wanted.to_owned(),
                there,
            };
        }
        let mut all: Vec<String> = Vec::new();
        for operation in meant.iter().flat_map(|skill| &skill.operations) {
            let name = match parts.interface {
                Some(_) => format!("{}.{}", operation.name.interface, operation.name.function),
                None => operation.name.function.clone(),
            };
            if !all.contains(&name) {
                all.push(name);
            }
        }
        let wanted = match parts.interface {
            Some(interface) => format!("{interface}.{}", parts.function),
            None => parts.function.to_owned(),
        };
        let near = nearest(&wanted, all.iter().map(String::as_str)).map(str::to_owned);
        NotFound::Operation { skill: parts.skill.to_owned(), near, all }
    }

    fn at(&self, skill: usize, operation: usize) -> Found<'_> {
        let skill = &self.skills[skill];
        Found { skill, operation: &skill.operations[operation] }
    }

    /// Of each package the skill with the highest version.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Skill> {
        let mut newest: BTreeMap<&str, &Skill> = BTreeMap::new();
        for skill in self.skills.iter() {
            let known = newest.entry(&skill.package).or_insert(skill);
            if version(skill) > version(known) {
                *known = skill;
            }
        }
        newest.into_values()
    }
}

fn version(skill: &Skill) -> Option<Version> {
    Version::parse(&skill.version).ok()
}

/// Whether `wanted` is the skill's version, or the first numbers of it.
fn version_fits(skill: &Skill, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted else { return true };
    let rest = skill.version.strip_prefix(wanted);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn parts(name: &str) -> Option<Parts<'_>> {
    let (skill, rest) = name.split_once('/')?;
    let (skill, version) = match skill.split_once('@') {
        Some((skill, version)) => (skill, Some(version)),
        None => (skill, None),
    };
    let (interface, function) = match rest.split_once('.') {
        Some((interface, function)) => (Some(interface), function),
        None => (None, rest),
    };
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let skill_words = skill.split(':').count() <= 2 && skill.split(':').all(word);
    let version_words = version.is_none_or(|version| {
        !version.is_empty()
            && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte))
    });
    let words = word(function) && interface.is_none_or(word);
    (skill_words && version_words && words).then_some(Parts { skill, version, interface, function })
}
