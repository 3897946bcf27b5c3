//! Which crate may name which.

use crate::{Package, assert_none, metadata, sources};

/// Crates of the middle row and the row below it, with those they may name beside `voyager-base`.
const HOST: [(&str, &[&str]); 13] = [
    ("voyager-base", &[]),
    ("voyager-manifest", &[]),
    ("voyager-agent", &["voyager-manifest"]),
    ("voyager-disk", &[]),
    ("voyager-journal", &["voyager-disk"]),
    ("voyager-sandbox", &[]),
    ("voyager-workspace", &[]),
    ("voyager-process", &[]),
    ("voyager-egress", &[]),
    ("voyager-memory", &["voyager-disk"]),
    ("voyager-encoder", &[]),
    ("voyager-package", &[]),
    (
        "agent-host",
        &[
            "voyager-manifest",
            "voyager-agent",
            "voyager-disk",
            "voyager-journal",
            "voyager-memory",
            "voyager-encoder",
            "voyager-sandbox",
            "voyager-workspace",
            "voyager-process",
            "voyager-egress",
            "voyager-package",
        ],
    ),
];

/// Outside crates that only some may name.
const RESERVED: [(&str, &[&str], &str); 6] = [
    ("wasmtime", &["voyager-sandbox", "voyager-hostile"], "only `sandbox` names wasmtime"),
    ("redb", &["voyager-disk", "voyager-journal", "voyager-memory"], "only a store names redb"),
    (
        "tokio",
        &[
            "agent-host",
            "voyager-sandbox",
            "voyager-process",
            "voyager-egress",
            "voyager-package",
            "voyager-hostile",
        ],
        "`base`, `manifest`, `agent` and stores know no tokio",
    ),
    ("hyper", &["voyager-egress"], "only `egress` asks servers for skills"),
    ("cap-std", &["voyager-workspace"], "only `workspace` opens folders of users"),
    ("landlock", &["voyager-process", "voyager-sandbox"], "only launchers confine themselves"),
];

fn normal(package: &Package) -> impl Iterator<Item = &str> {
    let normal = package.dependencies.iter().filter(|it| it.kind.as_deref() != Some("dev"));
    normal.map(|it| it.name.as_str())
}

fn ours() -> impl Iterator<Item = &'static Package> {
    metadata().packages.iter().filter(|package| package.source.is_none())
}

#[test]
fn arrows_of_the_layer_picture_point_down() {
    let mut findings = Vec::new();
    for package in ours() {
        let Some((_, allowed)) = HOST.iter().find(|(name, _)| *name == package.name) else {
            continue;
        };
        for named in normal(package).filter(|it| HOST.iter().any(|(name, _)| name == it)) {
            if named != "voyager-base" && !allowed.contains(&named) {
                findings.push(format!("{} names {named}", package.name));
            }
        }
    }
    assert_none(
        "Siblings never name each other: every trait through which they meet is in base.",
        &findings,
    );
}

#[test]
fn skills_and_sdk_name_nothing_of_the_host() {
    let mut findings = Vec::new();
    for package in
        ours().filter(|it| it.name.starts_with("voyager-skill-") || it.name == "voyager-sdk")
    {
        for named in normal(package).filter(|it| HOST.iter().any(|(name, _)| name == it)) {
            findings.push(format!("{} names {named}", package.name));
        }
    }
    assert_none("A skill meets the host through WIT only.", &findings);
}

#[test]
fn reserved_crates_stay_where_they_belong() {
    let mut findings = Vec::new();
    for (reserved, allowed, sentence) in RESERVED {
        for package in ours().filter(|it| !allowed.contains(&it.name.as_str())) {
            if normal(package).any(|named| named == reserved) {
                findings.push(format!("{} names {reserved}: {sentence}", package.name));
            }
        }
    }
    assert_none("Some crates are named in one place only.", &findings);
}

#[test]
fn pure_crates_open_no_files_and_no_sockets() {
    const FORBIDDEN: [&str; 6] =
        ["std::fs", "std::net", "std::process", "std::thread", "std::env", "tokio::"];
    let mut findings = Vec::new();
    for folder in ["host/base/src", "host/manifest/src", "host/agent/src"] {
        for (path, text) in sources(folder, ".rs") {
            for (number, line) in text.lines().enumerate() {
                // `std::fs` in a comment is a word, and tests at the bottom may use what they like.
                if line.trim() == "#[cfg(test)]" {
                    break;
                }
                let code = line.split("//").next().unwrap_or_default();
                if FORBIDDEN.iter().any(|it| code.contains(it)) {
                    findings.push(format!("{path}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    assert_none(
        "base, manifest and agent know no clock, no disk, no network, no threads.",
        &findings,
    );
}

#[test]
fn the_systems_clock_is_read_in_one_file_of_the_program() {
    let mut findings = Vec::new();
    for (path, text) in sources("host", ".rs") {
        let reads = text.contains("clippy::disallowed_methods");
        let allowed = path == "host/agent-host/src/system.rs"
            || path.contains("/tests/")
            || path.contains("/examples/");
        if reads && !allowed {
            findings.push(path);
        }
    }
    assert_none(
        "Clock, randomness and environment are inputs; agent-host/src/system.rs reads them.",
        &findings,
    );
}
