//! Which operation a name means: in full, without its version, or in short as in manifests.

use voyager_base::{Error, operation::OperationName};
use voyager_manifest::plan::PinnedSkill;

/// The operation that `name` means among `skills`.
///
/// # Errors
/// `not-found` where none fits, `invalid` where several do.
pub(crate) fn resolve<'a>(
    skills: &'a [PinnedSkill],
    name: &str,
) -> Result<(&'a PinnedSkill, &'a OperationName), Error> {
    let all = || {
        skills.iter().flat_map(|skill| {
            let names = skill.operations.iter().map(|it| &it.name);
            names.chain(&skill.others).map(move |it| (skill, it))
        })
    };
    let mut fitting = all().filter(|(_, full)| fits(full, name));
    let Some(found) = fitting.next() else {
        let known: Vec<String> = all().map(|(_, it)| it.unversioned()).take(8).collect();
        return Err(Error::not_found(format!(
            "the plan pins no operation `{name}`; it knows {}",
            known.join(", ")
        )));
    };
    match fitting.next() {
        None => Ok(found),
        Some((_, other)) => Err(Error::invalid(format!(
            "`{name}` means both `{}` and `{}`; write the whole name",
            found.1, other
        ))),
    }
}

fn fits(full: &OperationName, name: &str) -> bool {
    let Some((left, right)) = name.split_once('/') else { return false };
    let (package, version) = left.split_once('@').unwrap_or((left, ""));
    let short = full.package.split_once(':').map_or(full.package.as_str(), |(_, name)| name);
    let version_fits = version.is_empty()
        || full.version == version
        || full.version.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'));
    let function_fits = match right.split_once('.') {
        Some((interface, function)) => full.interface == interface && full.function == function,
        None => full.function == right,
    };
    (package == full.package || package == short) && version_fits && function_fits
}

#[cfg(test)]
mod tests {
    use voyager_base::{Digest, operation::Operation};

    use super::*;

    #[test]
    fn names_may_be_full_or_short_but_not_ambiguous() {
        let mut skills = [skill("a:one", &["x.run", "y.walk"]), skill("b:one", &["x.run"])];
        skills[0].others = vec!["a:one@1.2.3/y.rest".parse().unwrap()];
        let found = |name| resolve(&skills, name).map(|it| it.1.to_string());
        assert_eq!(found("a:one/x.run").unwrap(), "a:one@1.2.3/x.run");
        assert_eq!(found("a:one@1.2/x.run").unwrap(), "a:one@1.2.3/x.run");
        assert_eq!(found("one/walk").unwrap(), "a:one@1.2.3/y.walk");
        assert_eq!(found("one/rest").unwrap(), "a:one@1.2.3/y.rest", "one that nobody is granted");
        assert!(found("one/run").unwrap_err().message.contains("means both"));
        assert!(found("a:one@2/x.run").is_err());
        assert!(found("nonsense").is_err());
    }

    fn skill(package: &str, operations: &[&str]) -> PinnedSkill {
        let operation = |name: &&str| Operation {
            name: format!("{package}@1.2.3/{name}").parse().unwrap(),
            docs: String::new(),
            parameters: Vec::new(),
            result: None,
        };
        PinnedSkill {
            package: package.to_owned(),
            version: "1.2.3".to_owned(),
            component: Digest::of(package.as_bytes()),
            operations: operations.iter().map(operation).map(Into::into).collect(),
            others: Vec::new(),
        }
    }
}
