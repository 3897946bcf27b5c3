//! Every rule of every scanner, and the page that lists them.

use crate::model::RuleInfo;
use crate::{code, dependencies, secrets};

/// Every rule, ordered by kind and id.
#[must_use]
pub fn all() -> Vec<RuleInfo> {
    let mut rules: Vec<RuleInfo> =
        [code::catalogue(), dependencies::catalogue(), secrets::catalogue()].concat();
    rules.sort_by_key(|rule| (rule.kind, rule.id));
    rules
}

/// The page `RULES.md`.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(INTRODUCTION);
    for (kind, heading) in
        [("secret", "Secrets"), ("code", "Dangerous calls"), ("dependency", "Dependencies")]
    {
        let rules: Vec<RuleInfo> = all().into_iter().filter(|rule| rule.kind == kind).collect();
        page += &format!(
            "\n## {heading}: {} rules\n\n| rule | severity | weakness | what it finds | what to do |\n|---|---|---|---|---|\n",
            rules.len()
        );
        for rule in rules {
            let title = if kind == "code" {
                format!("a construct that {}", rule.title)
            } else {
                rule.title.to_owned()
            };
            page += &format!(
                "| `{}` | {} | {} | {} | {} |\n",
                rule.id,
                rule.severity.name(),
                rule.cwe.unwrap_or(""),
                cell(&title),
                cell(&rule.help)
            );
        }
    }
    page
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const INTRODUCTION: &str = "# What the security skill looks for

This page is written from the rules; a test keeps it true (`UPDATE_EXPECT=1 cargo test -p voyager-skill-security` rewrites it).

- A finding never holds the secret that it is about: at most four characters of a long token, its length, and a short hash. Passwords that people choose are not even hashed.
- A comment `voyager: allow RULE` on the line of a finding takes it out; several rules are separated by commas. What was taken out is counted.
- In tests, examples, and fixtures findings weigh one step less, and guesses at secrets are reported only where a machine drew the value.
- Dangerous calls are found by name, through imports and their aliases, and by what stands in their arguments. Data is not followed through variables, and what stands inside a Rust macro is not seen.
- Files with NUL bytes and UTF-16 text are skipped, 64 MiB of a file are searched for secrets, source files up to 4 MiB are parsed. All that is reported as skipped, with the reason.
- Dependencies are checked against advisories in a granted folder named `advisories`; nothing is fetched.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_tell_their_kind() {
        let rules = all();
        let mut ids: Vec<_> = rules.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), rules.len());
        assert!(rules.iter().all(
            |rule| !rule.help.is_empty() && rule.cwe.is_some_and(|cwe| cwe.starts_with("CWE-"))
        ));
    }

    #[test]
    fn the_page_lists_every_rule() {
        expect_test::expect_file!["../RULES.md"].assert_eq(&page());
    }
}
