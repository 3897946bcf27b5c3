//! Landlock: which files a program may read and write, kept by the kernel whatever is mounted.

use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::root::{DEVICES, SETTINGS, SYSTEM};

/// The newest set of rights that is asked for; an older kernel gives the part that it knows.
const NEWEST: ABI = ABI::V9;

/// Confines this process and all that it starts. Whether the kernel has Landlock.
///
/// # Errors
/// One sentence, where it has and did not take the rules.
pub(crate) fn restrict(readable: &[String], writable: &[String]) -> Result<bool, String> {
    apply(readable, writable).map_err(|error| format!("the kernel refused the rules: {error}"))
}

/// Takes every file, every network port and every process outside from this process and all that it
/// starts; what is open already stays. Whether the kernel has Landlock.
///
/// # Errors
/// One sentence, where it has and did not take the rules.
pub(crate) fn restrict_all() -> Result<bool, String> {
    let nothing = || {
        Ruleset::default()
            .handle_access(AccessFs::from_all(NEWEST))?
            .handle_access(AccessNet::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?
            .create()?
            .restrict_self()
    };
    let outcome = nothing().map_err(|error| format!("the kernel refused the rules: {error}"))?;
    Ok(outcome.ruleset != RulesetStatus::NotEnforced)
}

fn apply(readable: &[String], writable: &[String]) -> Result<bool, RulesetError> {
    let all = AccessFs::from_all(NEWEST);
    let read = AccessFs::from_read(NEWEST);
    let write = all & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate;
    let rules = Ruleset::default()
        .handle_access(all)?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM.into_iter().chain(SETTINGS), read))?
        .add_rules(path_beneath_rules(["/proc"], read))?
        .add_rules(path_beneath_rules(readable, read))?
        .add_rules(path_beneath_rules(writable, write))?
        .add_rules(path_beneath_rules(["/dev/shm"], write))?
        .add_rules(path_beneath_rules(DEVICES, device))?;
    // `/dev/fd/1` and its like are opened through this folder.
    let rules = match PathFd::new("/dev") {
        Ok(folder) => rules.add_rule(PathBeneath::new(folder, AccessFs::ReadDir))?,
        Err(_) => rules,
    };
    Ok(rules.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
}
