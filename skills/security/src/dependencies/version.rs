//! Order of versions, as each ecosystem defines it.

use super::lock::Ecosystem;
use semver::{Comparator, Op, Version, VersionReq};
use std::cmp::Ordering;
use std::str::FromStr;

/// Compares two versions of an ecosystem; none where one of them can't be read.
pub(super) fn compare(ecosystem: Ecosystem, left: &str, right: &str) -> Option<Ordering> {
    match ecosystem {
        Ecosystem::Python => {
            let left = pep440_rs::Version::from_str(left).ok()?;
            Some(left.cmp(&pep440_rs::Version::from_str(right).ok()?))
        }
        Ecosystem::Cargo | Ecosystem::Npm | Ecosystem::Go => {
            Some(semantic(left)?.cmp_precedence(&semantic(right)?))
        }
    }
}

/// A semantic version, also with Go's `v` and with missing parts.
fn semantic(text: &str) -> Option<Version> {
    let text = text.trim();
    let text = text.strip_prefix('v').unwrap_or(text);
    let text = text.strip_suffix("+incompatible").unwrap_or(text);
    if let Ok(version) = Version::parse(text) {
        return Some(version);
    }
    let (core, rest) = text.find(['-', '+']).map_or((text, ""), |at| text.split_at(at));
    let missing = 3usize.checked_sub(core.split('.').count())?;
    Version::parse(&format!("{core}{}{rest}", ".0".repeat(missing))).ok()
}

/// Whether a requirement of RustSec covers a version.
///
/// Unlike `VersionReq::matches` it goes by order alone: 2.0.0-rc.1 is above 1.6.1, hence fixed where
/// `>= 1.6.1` is, although Cargo would not choose it by itself.
pub(super) fn covers(requirement: &str, version: &str) -> Option<bool> {
    let version = semantic(version)?;
    let requirement = VersionReq::parse(requirement).ok()?;
    Some(requirement.comparators.iter().all(|comparator| holds(comparator, &version)))
}

fn holds(comparator: &Comparator, version: &Version) -> bool {
    let (minor, patch) = (comparator.minor.unwrap_or(0), comparator.patch.unwrap_or(0));
    let mut base = Version::new(comparator.major, minor, patch);
    base.pre = comparator.pre.clone();
    let order = version.cmp_precedence(&base);
    let below = |limit: Version| version.cmp_precedence(&limit) == Ordering::Less;
    match comparator.op {
        Op::Greater => match (comparator.minor, comparator.patch) {
            (None, _) => !below(Version::new(comparator.major.saturating_add(1), 0, 0)),
            (_, None) => !below(Version::new(comparator.major, minor.saturating_add(1), 0)),
            _ => order == Ordering::Greater,
        },
        Op::GreaterEq => order != Ordering::Less,
        Op::Less => order == Ordering::Less,
        Op::LessEq => match (comparator.minor, comparator.patch) {
            (None, _) => below(Version::new(comparator.major.saturating_add(1), 0, 0)),
            (_, None) => below(Version::new(comparator.major, minor.saturating_add(1), 0)),
            _ => order != Ordering::Greater,
        },
        Op::Tilde => order != Ordering::Less && below(next(comparator, comparator.minor.is_some())),
        Op::Caret => {
            order != Ordering::Less
                && below(next(comparator, comparator.major == 0 && comparator.minor.is_some()))
                && within_zero(comparator, version)
        }
        Op::Exact | Op::Wildcard => match (comparator.minor, comparator.patch) {
            (None, _) => version.major == comparator.major,
            (Some(minor), None) => (version.major, version.minor) == (comparator.major, minor),
            _ => order == Ordering::Equal,
        },
        _ => false,
    }
}

/// The first version that is out of reach: the next minor, or the next major one.
const fn next(comparator: &Comparator, keeps_minor: bool) -> Version {
    match (keeps_minor, comparator.minor) {
        (true, Some(minor)) => Version::new(comparator.major, minor.saturating_add(1), 0),
        _ => Version::new(comparator.major.saturating_add(1), 0, 0),
    }
}

/// `^0.0.3` allows 0.0.3 only.
fn within_zero(comparator: &Comparator, version: &Version) -> bool {
    match (comparator.major, comparator.minor, comparator.patch) {
        (0, Some(0), Some(patch)) => version.patch == patch,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_of_rustsec_are_read_by_order() {
        for (requirement, version, expected) in [
            (">= 1.6.1", "1.6.1", true),
            (">= 1.6.1", "1.6.0", false),
            (">= 1.6.1", "2.0.0-rc.1", true),
            (">= 0.6.14, < 1.0.0", "0.6.14", true),
            (">= 0.6.14, < 1.0.0", "1.0.0", false),
            ("< 0.6.3", "0.6.3-alpha", true),
            ("^0.2.3", "0.2.9", true),
            ("^0.2.3", "0.3.0", false),
            ("^0.0.3", "0.0.4", false),
            ("^1.2", "1.9.0", true),
            ("~1.2.3", "1.3.0", false),
            ("=1.2.3", "1.2.3", true),
            ("> 1", "1.5.0", false),
            ("<= 1.2", "1.2.9", true),
        ] {
            assert_eq!(covers(requirement, version), Some(expected), "{requirement} {version}");
        }
        assert_eq!(covers("nonsense", "1.0.0"), None);
    }

    #[test]
    fn each_ecosystem_has_its_own_order() {
        use Ordering::{Equal, Greater, Less};
        for (ecosystem, left, right, expected) in [
            (Ecosystem::Python, "1.0", "1.0.0", Equal),
            (Ecosystem::Python, "2.0.post1", "2.0", Greater),
            (Ecosystem::Python, "2.0rc1", "2.0", Less),
            (Ecosystem::Python, "1!0.1", "99", Greater),
            (Ecosystem::Go, "v1.2.3", "1.2.4", Less),
            (Ecosystem::Go, "v2.0.0+incompatible", "v2.0.0", Equal),
            (Ecosystem::Npm, "4.17.20", "4.17.21", Less),
            (Ecosystem::Npm, "1.2", "1.2.0", Equal),
            (Ecosystem::Cargo, "1.0.0-alpha.2", "1.0.0-alpha.10", Less),
        ] {
            assert_eq!(compare(ecosystem, left, right), Some(expected), "{left} {right}");
        }
        assert_eq!(compare(Ecosystem::Npm, "git+ssh://x", "1"), None);
    }
}
