//! The hostile suite, played by a process of its own; and its page.

use std::{collections::BTreeSet, process::Command};

use expect_test::expect_file;
use voyager_hostile::suite::{
    groups,
    matrix::{self, ROWS},
    page,
};

/// What the host's process may ever have used. It holds what attackers make, too: components of 30 MiB, and
/// texts from which they are made.
const PEAK_KIB_MAX: u64 = 512 << 10;

#[test]
fn every_attack_is_held() {
    // Two processes at a time: each waits for compilers and programs most of its time.
    let halves = ["0/2", "1/2"].map(|half| std::thread::spawn(move || play(half)));
    let held: usize = halves.map(|half| half.join().unwrap()).into_iter().sum();
    let cases: usize = groups().iter().map(|group| group.cases.len()).sum();
    assert_eq!(held, cases);
}

/// Plays one half; the number of attacks that were held.
fn play(half: &str) -> usize {
    let played = Command::new(env!("CARGO_BIN_EXE_suite")).arg(half).output().unwrap();
    let (told, errors) =
        (String::from_utf8_lossy(&played.stdout), String::from_utf8_lossy(&played.stderr));
    let broke: Vec<&str> = told.lines().filter(|line| !line.starts_with("held ")).collect();
    assert!(played.status.success(), "{}\n{errors}", broke.join("\n"));
    let peak = told.lines().find_map(|line| line.strip_prefix("peak ")?.strip_suffix(" KiB"));
    let peak: u64 = peak.unwrap().parse().unwrap();
    assert!(peak <= PEAK_KIB_MAX, "the host's process used {peak} KiB");
    told.lines().count() - broke.len()
}

#[test]
fn the_page_shows_what_is_played() {
    expect_file!["../../../../docs/reference/hostile-suite.md"].assert_eq(&page());
}

#[test]
fn every_function_that_a_skill_may_import_has_a_row() {
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.function.to_owned()).collect();
    let functions: BTreeSet<String> = matrix::functions().into_iter().collect();
    assert_eq!(rows, functions, "rows of src/suite/matrix.rs, and functions of wit/");
}

#[test]
fn each_case_has_a_name_of_its_own() {
    let groups = groups();
    let names: Vec<&str> =
        groups.iter().flat_map(|it| &it.cases).map(|case| case.name.as_str()).collect();
    assert!(names.len() >= 60, "{} cases", names.len());
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}
