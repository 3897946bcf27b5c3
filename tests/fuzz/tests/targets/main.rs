//! Each target takes its seeds, and some bytes beside: a fuzzer looks further, and only where somebody starts it.

mod seeds;

use std::{
    fs,
    path::{Path, PathBuf},
};

use proptest::{collection::vec, prelude::*};
use voyager_fuzz::targets;

use self::seeds::SEEDS;

/// Longest input that is drawn: enough for what takes its choices from it.
const BYTES_MAX: usize = 400;

/// Panics where something that must hold of any bytes does not hold of these.
type Target = fn(&[u8]);

/// Every target, by its name.
const TARGETS: [(&str, Target); 12] = [
    ("analyse", targets::analyse::target),
    ("editor", targets::editor::target),
    ("expression", targets::expression::target),
    ("grant", targets::grant::target),
    ("import", targets::import::target),
    ("manifest", targets::manifest::target),
    ("path", targets::path::target),
    ("question", targets::question::target),
    ("run", targets::run::target),
    ("scenario", targets::scenario::target),
    ("table", targets::table::target),
    ("value", targets::value::target),
];

/// The files in `folder`, at any depth.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|it| panic!("{}: {it}", folder.display()));
    let paths = entries.map(|entry| entry.expect("it is listed").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn what_must_hold_holds_of_every_seed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    for (name, folders) in SEEDS {
        let (_, target) = TARGETS.iter().find(|it| it.0 == name).expect("seeds are of a target");
        let seeds: Vec<PathBuf> = folders.iter().flat_map(|it| files(&root.join(it))).collect();
        assert!(!seeds.is_empty(), "`{name}` has seeds");
        for seed in seeds {
            // Shown beside a panic.
            println!("{name}: {}", seed.display());
            target(&fs::read(&seed).unwrap());
        }
    }
}

proptest! {
    #[test]
    fn what_must_hold_holds_of_any_bytes(bytes in vec(any::<u8>(), 0..BYTES_MAX)) {
        for (name, target) in TARGETS {
            println!("{name}");
            target(&bytes);
        }
    }
}
