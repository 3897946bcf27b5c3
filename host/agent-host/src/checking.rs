//! Manifests, checked against the skills that there are: in one place for `run`, `plan`, `graph`,
//! `validate` and `lsp`, so that they find the same and say it alike.

use std::path::Path;

use voyager_base::Limits;
use voyager_manifest::{
    Catalog as Names, Diagnostic, Files, Library, Pins, check_among, diagnostic, plan::Plan,
};

use crate::{
    beside::{self, Beside},
    catalog::Catalog,
    failure::{Failure, FailureKind},
};

/// What was found.
pub(crate) struct Checked {
    /// The plan; none where the manifest is wrong.
    pub(crate) plan: Option<Plan>,
    /// All findings, errors and warnings.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The same for people; empty where there are none.
    pub(crate) shown: String,
}

/// Checks the text of the manifest `file`, whose path may begin at `directory`; limits may be raised up to
/// `ceiling`.
pub(crate) fn check(
    catalog: &Catalog,
    directory: &Path,
    file: &str,
    text: &str,
    color: bool,
    ceiling: &Limits,
) -> Checked {
    check_with(catalog, &directory.join(file), file, text, color, None, ceiling)
}

/// The same; `pins` are taken instead of those of the lock.
pub(crate) fn check_with(
    catalog: &Catalog,
    place: &Path,
    file: &str,
    text: &str,
    color: bool,
    pins: Option<Pins>,
    ceiling: &Limits,
) -> Checked {
    check_with_names(&names(catalog), place, file, text, color, pins, ceiling)
}

/// The same with skills that the checker knows already.
pub(crate) fn check_with_names(
    names: &Names,
    place: &Path,
    file: &str,
    text: &str,
    color: bool,
    pins: Option<Pins>,
    ceiling: &Limits,
) -> Checked {
    let pins = pins.unwrap_or_else(|| beside::pins(place));
    let checked = find(names, file, text, &Beside::of(place), &pins, ceiling);
    let shown = diagnostic::render(&checked.diagnostics, file, text.as_bytes(), color);
    Checked {
        plan: checked.plan,
        diagnostics: checked.diagnostics,
        shown: shown.trim_end().to_owned(),
    }
}

/// The skills as the checker knows them.
pub(crate) fn names(catalog: &Catalog) -> Names {
    Names::new(catalog.skills().iter().map(|it| (*it.skill).clone()).collect())
}

/// Checks the text of the manifest `file` among others, and shows nothing.
pub(crate) fn find(
    names: &Names,
    file: &str,
    text: &str,
    files: &dyn Files,
    pins: &Pins,
    ceiling: &Limits,
) -> voyager_manifest::Checked {
    check_among(text.as_bytes(), file, names, ceiling, Library { files, pins })
}

impl Checked {
    /// The plan with the warnings for people; what is wrong is the failure.
    pub(crate) fn into_plan(self, catalog: &Catalog) -> Result<(Plan, Option<String>), Failure> {
        let Self { plan, diagnostics, shown } = self;
        if let Some(plan) = plan {
            return Ok((plan, Some(shown).filter(|it| !it.is_empty())));
        }
        let message = format!("the manifest is wrong\n{shown}");
        let failure = Failure::new(FailureKind::Manifest, message).hint(hint(catalog));
        Err(Failure { diagnostics: Some(diagnostic::to_json(&diagnostics)), ..failure })
    }
}

/// What helps with a wrong manifest. A file that is no skill may be why a name is not known.
pub(crate) fn hint(catalog: &Catalog) -> String {
    let explain = "`agent-host explain CODE` says more about an error";
    match catalog.quarantined().first() {
        Some((path, reason)) => format!("{explain}; {} is no skill: {reason}", path.display()),
        None => explain.to_owned(),
    }
}
