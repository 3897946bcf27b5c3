//! Whether this host has what a component imports, and what to say where it does not.

use crate::{load::LoadError, text::plain};

/// Interfaces that this host offers, with their versions. A test compares the list with `wit/` and
/// with what is linked.
pub(crate) const OFFERED: &[&str] = &[
    "voyager:http/http@0.1.0",
    "voyager:memory/evidence@0.1.0",
    "voyager:memory/memory@0.1.0",
    "voyager:memory/results@0.1.0",
    "voyager:process/process@0.1.0",
    "voyager:run/run@0.1.0",
    "voyager:tasks/tasks@0.1.0",
    "voyager:types/types@0.1.0",
    "voyager:workspace/files@0.1.0",
    "wasi:cli/environment@0.2.12",
    "wasi:cli/exit@0.2.12",
    "wasi:cli/stderr@0.2.12",
    "wasi:cli/stdin@0.2.12",
    "wasi:cli/stdout@0.2.12",
    "wasi:cli/terminal-input@0.2.12",
    "wasi:cli/terminal-output@0.2.12",
    "wasi:cli/terminal-stderr@0.2.12",
    "wasi:cli/terminal-stdin@0.2.12",
    "wasi:cli/terminal-stdout@0.2.12",
    "wasi:clocks/monotonic-clock@0.2.12",
    "wasi:clocks/wall-clock@0.2.12",
    "wasi:filesystem/preopens@0.2.12",
    "wasi:filesystem/types@0.2.12",
    "wasi:http/outgoing-handler@0.2.12",
    "wasi:http/types@0.2.12",
    "wasi:io/error@0.2.12",
    "wasi:io/poll@0.2.12",
    "wasi:io/streams@0.2.12",
    "wasi:random/insecure-seed@0.2.12",
    "wasi:random/insecure@0.2.12",
    "wasi:random/random@0.2.12",
    "wasi:sockets/instance-network@0.2.12",
    "wasi:sockets/ip-name-lookup@0.2.12",
    "wasi:sockets/network@0.2.12",
    "wasi:sockets/tcp-create-socket@0.2.12",
    "wasi:sockets/tcp@0.2.12",
    "wasi:sockets/udp-create-socket@0.2.12",
    "wasi:sockets/udp@0.2.12",
];

/// Longest name of an import that is shown, or compared with what is offered: names come from the component,
/// and may have 100,000 bytes.
const NAME_BYTES_MAX: usize = 200;

/// Checks what a component imports.
///
/// # Errors
/// [`LoadError::UnknownImport`] for the first interface that this host does not offer.
pub(crate) fn check(imports: &[String]) -> Result<(), LoadError> {
    match imports.iter().find(|import| !OFFERED.iter().any(|offer| serves(offer, import))) {
        None => Ok(()),
        Some(import) => {
            let import = plain(import, NAME_BYTES_MAX);
            let (hint, remedy) = hint(&import);
            Err(LoadError::UnknownImport { import, hint, remedy })
        }
    }
}

/// Whether an offered interface serves an import: the same name, and a version of the same track
/// (equal major number, below 1 equal minor number).
fn serves(offer: &str, import: &str) -> bool {
    let ((name, version), (wanted, wanted_version)) = (parts(offer), parts(import));
    name == wanted && track(version) == track(wanted_version)
}

fn parts(interface: &str) -> (&str, &str) {
    interface.split_once('@').unwrap_or((interface, ""))
}

fn track(version: &str) -> (&str, &str) {
    let mut numbers = version.split('.');
    match (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()) {
        ("0", minor) => ("0", minor),
        (major, _) => (major, ""),
    }
}

fn hint(import: &str) -> (String, &'static str) {
    let (wanted, _) = parts(import);
    if let Some(offer) = OFFERED.iter().find(|offer| parts(offer).0 == wanted) {
        let remedy = "rebuild the skill against this host's WIT with `agent-host skill build`";
        return (format!("this host offers `{offer}`"), remedy);
    }
    let remedy = "remove the import, or use a host that offers it";
    let near = OFFERED
        .iter()
        .map(|offer| (strsim::damerau_levenshtein(parts(offer).0, wanted), offer))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 4);
    match near {
        Some((_, offer)) => (format!("the nearest that this host offers is `{offer}`"), remedy),
        None => {
            let own: Vec<&str> =
                OFFERED.iter().copied().filter(|offer| offer.starts_with("voyager:")).collect();
            (format!("this host offers {} and WASI 0.2", own.join(", ")), remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(import: &str) -> String {
        check(&[import.to_owned()]).unwrap_err().to_string()
    }

    #[test]
    fn any_patch_of_an_offered_track_is_served() {
        for import in ["wasi:io/streams@0.2.0", "wasi:cli/exit@0.2.99", "voyager:run/run@0.1.7"] {
            check(&[import.to_owned()]).unwrap();
        }
    }

    #[test]
    fn a_refusal_names_the_import_the_offer_and_the_way_out() {
        assert_eq!(
            refusal("voyager:workspace/files@0.2.0"),
            "the skill imports `voyager:workspace/files@0.2.0`; this host offers \
             `voyager:workspace/files@0.1.0`; rebuild the skill against this host's WIT with \
             `agent-host skill build`"
        );
        assert_eq!(
            refusal("voyager:workspace/file@0.1.0"),
            "the skill imports `voyager:workspace/file@0.1.0`; the nearest that this host offers is \
             `voyager:workspace/files@0.1.0`; remove the import, or use a host that offers it"
        );
        assert!(refusal("wasi:keyvalue/store@0.2.0").contains(" and WASI 0.2; remove the import"));
    }
}
