//! `agent-host skill dev`: builds a skill whenever one saves.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use serde_json::json;
use voyager_base::{clock::Clock as _, operation::Skill};
use voyager_package::Face;

use super::author::{build, test};
use crate::{
    cli::Context,
    failure::{Failure, FailureKind},
    host,
    interrupts::Interrupts,
    printing,
    protocol::{Event, Update},
    report,
    system::SystemClock,
};

/// How often the sources are looked at. They are built when two looks found them the same.
const LOOK: Duration = Duration::from_millis(200);
/// Most files that are looked at: more is no folder of a skill.
const FILES_MAX: usize = 20_000;
/// What builds write, and nobody edits.
const NOT_SOURCES: [&str; 4] = ["target", "skills", "node_modules", "__pycache__"];

/// Builds the skill in a folder, and again whenever one of its files is saved, until Ctrl-C.
///
/// What it builds lies in `skills/` there. A host that stays, `agent-host --skills skills serve`, serves new runs with it
/// at once. What does not build, or is no skill, is said, and the last good component stays.
#[derive(Args)]
pub(crate) struct Dev {
    /// The folder.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Run the skill's tests after each build.
    #[arg(long)]
    test: bool,
    /// Keep where in the sources its functions are, so that a trap and a profile show it.
    #[arg(long)]
    debug: bool,
}

/// Files by path, with what tells that they were written.
type Files = BTreeMap<PathBuf, (std::time::SystemTime, u64)>;

impl Dev {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::environment("cannot start a timer", &error))?;
        let entered = runtime.enter();
        let mut interrupts = Interrupts::of_people()?;
        drop(entered);
        let mut seen = files(&self.folder)?;
        let mut last = None;
        loop {
            self.once(context, &mut last)?;
            let stopped = runtime.block_on(async {
                tokio::select! {
                    saved = saved(&self.folder, &mut seen) => saved.map(|()| false),
                    () = interrupts.next() => Ok(true),
                }
            })?;
            if stopped {
                return report::tell(
                    context,
                    &json!({ "folder": self.folder.display().to_string() }),
                    0,
                    || Ok(()),
                );
            }
        }
    }

    /// Builds once, and says what came of it.
    fn once(&self, context: &Context, last: &mut Option<Skill>) -> Result<(), Failure> {
        let clock = SystemClock::new();
        let began = clock.now();
        let built = build(&self.folder, self.debug).and_then(|component| {
            let skill = described(context, &component)?;
            if self.test {
                test(context, &self.folder, &component)?;
            }
            Ok((component, skill))
        });
        let millis = u64::try_from(clock.now().since(began).as_millis()).unwrap_or(u64::MAX);
        let event = match built {
            Ok((component, skill)) => {
                let changes = changes(last.as_ref(), &skill);
                *last = Some(skill);
                Event::SkillBuilt { component, millis, changes }
            }
            // Without the toolchain saving again helps nobody.
            Err(failure) if failure.kind == FailureKind::Environment && last.is_none() => {
                return Err(failure);
            }
            Err(failure) => Event::SkillNotBuilt { error: failure },
        };
        if context.json {
            return printing::json(&Update::Event(event));
        }
        match event {
            Event::SkillBuilt { component, millis, changes } => {
                let took = printing::duration(millis);
                printing::line(format!("built {} in {took}", component.display()))?;
                changes.iter().try_for_each(|it| printing::line(format!("  {it}")))
            }
            Event::SkillNotBuilt { error } => {
                printing::note(format!("{}; waiting for the next save", error.message));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// What the component is. Nothing runs of it.
fn described(context: &Context, component: &Path) -> Result<Skill, Failure> {
    let bytes = fs::read(component).map_err(|error| {
        Failure::environment(format!("cannot read {}", component.display()), &error)
    })?;
    let skill = host::sandbox(context)?.load(&bytes);
    let skill = skill.map_err(|error| Failure::new(FailureKind::Run, error.to_string()))?;
    Ok((*skill).clone())
}

/// What users of the skill notice of a build: operations and imports that are new, changed or gone.
fn changes(before: Option<&Skill>, after: &Skill) -> Vec<String> {
    let before = before.map(Face::of).unwrap_or_default();
    let changes = before.changes(&Face::of(after)).to_string();
    changes.lines().map(str::to_owned).collect()
}

/// Waits until files were saved, and are not being saved any more.
async fn saved(folder: &Path, seen: &mut Files) -> Result<(), Failure> {
    let clock = SystemClock::new();
    let mut before = seen.clone();
    loop {
        clock.wait_until(clock.now().after(LOOK)).await;
        let now = files(folder)?;
        if now != *seen && now == before {
            *seen = now;
            return Ok(());
        }
        before = now;
    }
}

/// The sources of a skill.
fn files(folder: &Path) -> Result<Files, Failure> {
    let mut found = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        // One that vanishes meanwhile has no sources any more.
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_source = |name: &str| !name.starts_with('.') && !NOT_SOURCES.contains(&name);
            let Ok(about) = entry.metadata() else { continue };
            if !name.to_str().is_some_and(is_source) {
                continue;
            }
            if about.is_dir() {
                folders.push(entry.path());
            } else if let Ok(modified) = about.modified() {
                found.insert(entry.path(), (modified, about.len()));
            }
            if FILES_MAX < found.len() {
                return Err(Failure::usage(format!(
                    "{} holds more than {FILES_MAX} files",
                    folder.display()
                ))
                .hint("name the folder of one skill"));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use voyager_base::{Digest, Type, operation::Operation};

    use super::*;

    fn skill(operations: &[(&str, Type)], imports: &[&str]) -> Skill {
        let operation = |(name, result): &(&str, Type)| {
            Arc::new(Operation {
                name: format!("my:skill/work.{name}").parse().expect("a name"),
                docs: String::new(),
                parameters: Vec::new(),
                result: Some(result.clone()),
            })
        };
        Skill {
            component: Digest::of(b"component"),
            package: "my:skill".into(),
            version: "0.1.0".into(),
            docs: String::new(),
            operations: operations.iter().map(operation).collect(),
            imports: imports.iter().map(|it| (*it).to_owned()).collect(),
            size: 9,
        }
    }

    #[test]
    fn a_build_tells_what_users_of_the_skill_notice() {
        let before = skill(&[("a", Type::Bool), ("b", Type::Bool)], &["voyager:run/run@0.1.0"]);
        let after =
            skill(&[("a", Type::String), ("c", Type::Bool)], &["voyager:tasks/tasks@0.1.0"]);
        assert_eq!(changes(None, &before).len(), 2);
        assert_eq!(changes(Some(&before), &before), Vec::<String>::new());
        let told = changes(Some(&before), &after).join("\n");
        for part in
            ["~ operation work.a", "+ operation", "- operation work.b", "+ asks for voyager:tasks"]
        {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(
            changes(Some(&after), &before).join("\n").contains("asks no more for voyager:tasks")
        );
    }

    #[test]
    fn what_builds_write_is_no_source() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["src/lib.rs", "target/a", "skills/b.wasm", ".git/c", "wit/deps/d.wit"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
            fs::write(path, "x").expect("files can be written");
        }
        let found = files(folder.path()).expect("it can be read");
        let names: Vec<_> =
            found.keys().filter_map(|it| it.strip_prefix(folder.path()).ok()).collect();
        assert_eq!(names, [Path::new("src/lib.rs"), Path::new("wit/deps/d.wit")]);
    }
}
