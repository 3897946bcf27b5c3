//! `agent-host lock`: pins the manifests that a manifest runs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;
use voyager_base::Limits;
use voyager_manifest::Pins;

use super::{Context, run::read_manifest};
use crate::{beside, checking, failure::Failure, host, printing, report};

/// Pins the manifests that a manifest runs: writes their hashes to the lock beside it (`audit.lock` beside
/// `audit.yaml`). Without it they are not run, and neither is one that was changed since.
#[derive(Args)]
pub(crate) struct Lock {
    /// The manifests: files, or names of shipped ones.
    #[arg(required = true)]
    manifests: Vec<PathBuf>,
}

impl Lock {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let catalog = host::catalog(context)?;
        let mut written = Vec::with_capacity(self.manifests.len());
        for named in &self.manifests {
            let (file, text) = read_manifest(context, named)?;
            let place = Path::new(&file);
            let pins = Some(Pins::Ignored);
            let checked = checking::check_with(
                &catalog,
                place,
                &file,
                &text,
                false,
                pins,
                &Limits::ceiling(),
            );
            let (plan, _) = checked.into_plan(&catalog)?;
            let lock = beside::lock_of(place);
            write(&lock, Pins::lock(&plan).as_deref())?;
            written.push((lock, plan.manifests));
        }
        let answer: Vec<_> = written
            .iter()
            .map(|(lock, manifests)| json!({ "lock": lock, "manifests": manifests }))
            .collect();
        report::tell(context, &answer, 0, || {
            written.iter().try_for_each(|(lock, manifests)| {
                printing::line(match manifests.as_slice() {
                    [] => format!("{}: not needed, no other manifest is run", lock.display()),
                    [_] => format!("{}: 1 manifest", lock.display()),
                    all => format!("{}: {} manifests", lock.display(), all.len()),
                })
            })
        })
    }
}

/// Writes a lock, or removes one that is not needed any more.
fn write(lock: &Path, text: Option<&str>) -> Result<(), Failure> {
    let told = |error: std::io::Error| {
        Failure::environment(format!("cannot write {}", lock.display()), &error)
    };
    let Some(text) = text else {
        return match fs::remove_file(lock) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(told(error)),
            _ => Ok(()),
        };
    };
    // Whoever reads meanwhile sees the old one or the new one.
    let new = lock.with_extension("lock.new");
    fs::write(&new, text).and_then(|()| fs::rename(&new, lock)).map_err(told)
}
