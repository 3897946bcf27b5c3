//! All tests, and the long suites.

use anyhow::Result;

use crate::build::{agent_host, cargo, run, skills};

/// Builds the skills and the program, and runs every test of the workspace.
pub(crate) fn test(rest: &[String]) -> Result<()> {
    let program = agent_host(false)?;
    let skills = skills(&program)?;
    let mut command = cargo(&["test", "--workspace"]);
    command.env("VOYAGER_TEST_PROGRAM", program).env("VOYAGER_TEST_SKILLS", skills);
    command.args(rest);
    run(command)
}

/// The suites that take long: every crash point, hundreds of kills.
pub(crate) fn storm() -> Result<()> {
    let program = agent_host(false)?;
    let skills = skills(&program)?;
    let mut command = cargo(&["test", "--workspace", "--release"]);
    command.env("VOYAGER_TEST_PROGRAM", program).env("VOYAGER_TEST_SKILLS", skills);
    command.env("VOYAGER_STORM", "1").args(["storm", "--", "--nocapture"]);
    run(command)
}
