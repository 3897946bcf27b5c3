//! Inputs to begin with: a fuzzer changes them, a test takes them as they are.

/// Targets, and the folders of their seeds below the workspace's. The others begin with nothing.
pub(crate) const SEEDS: [(&str, &[&str]); 5] = [
    (
        "manifest",
        &["host/manifest/tests/corpus/good", "host/manifest/tests/corpus/bad", "manifests"],
    ),
    ("scenario", &["manifests/scenarios"]),
    ("editor", &["host/manifest/tests/corpus/good", "manifests/scenarios"]),
    ("import", &["tests/fuzz/seeds/import", "docs/guide"]),
    ("table", &["host/agent-host/src/import/table/samples"]),
];
