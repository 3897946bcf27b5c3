//! Where things are: the state folder, the skills folders, the policy, what is shared with an installation.

use std::path::{Path, PathBuf};

use crate::{failure::Failure, system::Environment};

/// Where things are.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Journal, content, socket.
    pub(crate) state: PathBuf,
    /// Compiled skills: in the state folder, unless a command has a state of its own for a while.
    pub(crate) compiled: PathBuf,
    /// Folders with components; of two with the same package and version the one in the earlier
    /// folder counts.
    pub(crate) skills: Vec<PathBuf>,
    /// The one of them that skills are installed into: the user's own.
    pub(crate) own: Option<PathBuf>,
    /// The one of them that came with the program.
    pub(crate) shipped: Option<PathBuf>,
    /// What the operator decides: the policy of trust.
    pub(crate) configuration: Option<PathBuf>,
    /// Folder with `wit`, `sdk`, `manifests`: of the repository, or of an installation.
    pub(crate) share: Option<PathBuf>,
    /// The policy of this host, whether or not it is there.
    pub(crate) policy: Option<PathBuf>,
    /// Whether somebody named it: then it has to be there.
    pub(crate) policy_is_named: bool,
    /// The user's own folder.
    pub(crate) home: Option<PathBuf>,
}

impl Places {
    /// Finds them: what the command line says, else what the environment says, else beside the
    /// program.
    ///
    /// # Errors
    /// Where there is no place for the state.
    pub(crate) fn find(
        state: Option<&Path>,
        skills: &[PathBuf],
        program: &Path,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let home = |below: &str| environment.home.as_ref().map(|home| home.join(below));
        let state = state
            .map(Path::to_owned)
            .or_else(|| environment.state_home.as_ref().map(|it| it.join("voyager")))
            .or_else(|| home(".local/state/voyager"))
            .ok_or_else(|| {
                Failure::usage(
                    "there is no place for the state: neither HOME nor XDG_STATE_HOME is a path from the root",
                )
                .hint("name one with --state DIR")
            })?;
        let own = environment.data_home.clone().or_else(|| home(".local/share"));
        let own = own.map(|it| it.join("voyager/skills"));
        let mut folders = skills.to_vec();
        folders.extend(own.clone());
        let shipped = beside(program);
        folders.extend(shipped.clone());
        let configuration = environment.config_home.clone().or_else(|| home(".config"));
        let configuration = configuration.map(|it| it.join("voyager"));
        Ok(Self {
            compiled: state.join("compiled"),
            state,
            skills: folders,
            own,
            shipped,
            policy: configuration.as_ref().map(|it| it.join("policy.yaml")),
            policy_is_named: false,
            configuration,
            share: share(program),
            home: environment.home.clone(),
        })
    }
}

/// Shipped skills: `PREFIX/bin/agent-host` has them in `PREFIX/lib/voyager/skills`, a program that
/// cargo built has them in `target/skills`.
fn beside(program: &Path) -> Option<PathBuf> {
    let above = program.parent()?.parent()?;
    let candidates = [above.join("lib/voyager/skills"), above.join("skills")];
    candidates.into_iter().find(|it| it.is_dir())
}

/// Shared files: `PREFIX/share/voyager`, or the repository above `target`.
fn share(program: &Path) -> Option<PathBuf> {
    let above = program.parent()?.parent()?;
    let installed = above.join("share/voyager");
    if installed.is_dir() {
        return Some(installed);
    }
    above.parent().filter(|it| it.join("wit/types.wit").is_file()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        Environment { home: Some("/home/a".into()), ..Environment::default() }
    }

    #[test]
    fn state_lies_below_home_unless_told_otherwise() {
        let find = |state: Option<&Path>, environment: &Environment| {
            Places::find(state, &[], Path::new("/x/bin/agent-host"), environment).map(|it| it.state)
        };
        assert_eq!(find(None, &environment()).unwrap(), Path::new("/home/a/.local/state/voyager"));
        assert_eq!(find(Some(Path::new("/s")), &environment()).unwrap(), Path::new("/s"));
        assert!(find(None, &Environment::default()).is_err());
    }

    #[test]
    fn named_skills_folders_come_before_the_users_own() {
        let places =
            Places::find(None, &["/mine".into()], Path::new("/x/bin/agent-host"), &environment())
                .unwrap();
        let own = PathBuf::from("/home/a/.local/share/voyager/skills");
        assert_eq!(places.skills, [PathBuf::from("/mine"), own]);
    }
}
