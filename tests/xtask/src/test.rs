//! All tests, and the long suites.

use anyhow::Result;

use crate::{
    bench_memory_peers,
    build::{agent_host, cargo, run, skills, test_tools},
};

/// Builds the skills and the program, and runs every test of the workspace; properties with values drawn
/// from `seed`, where one is given.
pub(crate) fn test(rest: &[String], seed: Option<u64>) -> Result<()> {
    let program = agent_host(false)?;
    let skills = skills(&program)?;
    test_tools()?;
    let mut command = cargo(&["test", "--workspace"]);
    command.env("VOYAGER_TEST_PROGRAM", program).env("VOYAGER_TEST_SKILLS", skills);
    command.envs(seed.map(|seed| ("PROPTEST_RNG_SEED", seed.to_string())));
    command.args(rest);
    run(command)
}

/// The suites that take long: every crash point of the simulated host, random plans by the thousand,
/// a million operations of the memory and its cache, ten thousand hours of the schedule, hundreds of kills of the real program.
/// What the memory is measured beside is compiled here, too: it brings C++, which takes too long for each change.
pub(crate) fn storm() -> Result<()> {
    let program = agent_host(true)?;
    let skills = skills(&program)?;
    let suites: [&[&str]; 3] = [
        &[
            "--package=sim",
            "--test=sim",
            "--",
            "crash::",
            "random::",
            "random_blocks::",
            "schedule::",
        ],
        &["--package=voyager-memory", "--test=memory", "--", "crash::", "cache::"],
        &["--package=e2e", "--test=e2e", "--", "crash::"],
    ];
    for suite in suites {
        let mut command = cargo(&["test", "--release"]);
        command.env("VOYAGER_TEST_PROGRAM", &program).env("VOYAGER_TEST_SKILLS", &skills);
        command.env("VOYAGER_STORM", "1").args(suite).arg("--nocapture");
        run(command)?;
    }
    bench_memory_peers::check()
}
