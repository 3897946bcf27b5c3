//! `agent-host skill`: what there is, what it can do, trying it out, writing one's own, installing others.

mod author;
mod bench;
mod dev;
mod flags;
mod inspect;
mod install;
mod language;
mod list;
mod profile;
mod provenance;
mod push;
mod run;
mod script;
mod trust;

use clap::{Args, Subcommand};

use super::Context;
use crate::failure::Failure;

/// Lists, inspects, tries out, builds and installs skills.
#[derive(Args)]
pub(crate) struct Skill {
    #[command(subcommand)]
    command: SkillCommand,
}

#[derive(Subcommand)]
enum SkillCommand {
    List(list::List),
    Inspect(inspect::Inspect),
    Run(run::Run),
    Bench(bench::Bench),
    Profile(profile::Profile),
    New(author::New),
    Build(author::Build),
    Test(author::Test),
    Dev(dev::Dev),
    Document(author::Document),
    Install(install::Install),
    Approve(install::Approve),
    Remove(install::Remove),
    Push(push::Push),
    Keygen(trust::Keygen),
    Sign(trust::Sign),
    Trust(trust::Trust),
}

impl Skill {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        match self.command {
            SkillCommand::List(it) => it.run(context),
            SkillCommand::Inspect(it) => it.run(context),
            SkillCommand::Run(it) => it.run(context),
            SkillCommand::Bench(it) => it.run(context),
            SkillCommand::Profile(it) => it.run(context),
            SkillCommand::New(it) => it.run(context),
            SkillCommand::Build(it) => it.run(context),
            SkillCommand::Test(it) => it.run(context),
            SkillCommand::Dev(it) => it.run(context),
            SkillCommand::Document(it) => it.run(context),
            SkillCommand::Install(it) => it.run(context),
            SkillCommand::Approve(it) => it.run(context),
            SkillCommand::Remove(it) => it.run(context),
            SkillCommand::Push(it) => it.run(context),
            SkillCommand::Keygen(it) => it.run(context),
            SkillCommand::Sign(it) => it.run(context),
            SkillCommand::Trust(it) => it.run(context),
        }
    }
}
