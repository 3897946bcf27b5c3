//! Installing a skill: validated in the bounded child, compared with what was there, and served, held or refused.

use std::sync::Arc;

use serde::Serialize;
use voyager_base::{clock::Clock as _, operation::Skill};
use voyager_package::{
    Changes, Face, Held, Locked, Offer, Package, Pin, Policy, Record, Signer, Standing, Store,
    StoreError, Unsigned,
};
use voyager_sandbox::Sandbox;

use crate::{
    catalog::Catalog,
    cli::Context,
    failure::{Failure, FailureKind},
    host,
    system::SystemClock,
    trusting,
};

/// What the operator says of an installation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    /// The content that is wanted and no other.
    pub(crate) pin: Option<Pin>,
    /// Only what is installed already may be installed again.
    pub(crate) frozen: bool,
    /// Other versions stay beside it.
    pub(crate) keep: bool,
    /// It may be older than what is installed.
    pub(crate) downgrade: bool,
}

/// What became of an offer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Outcome {
    /// `installed`, `unchanged` or `held`.
    pub(crate) outcome: &'static str,
    /// What was installed.
    #[serde(flatten)]
    pub(crate) record: Record,
    /// Names of what it took the place of.
    pub(crate) replaced: Vec<String>,
    /// How it differs from what was there before; none where there was nothing.
    pub(crate) changes: Option<Changes>,
    /// Why it is held.
    pub(crate) reasons: Vec<String>,
}

/// What an offer is compared with.
struct Before {
    name: String,
    version: String,
    component: String,
    face: Face,
    signer: Option<Signer>,
    /// Whether the new one would take the place of a skill that was not installed.
    hides: Option<String>,
}

/// Installs skills into the user's own folder.
pub(crate) struct Installer<'a> {
    context: &'a Context,
    sandbox: Sandbox,
    catalog: Catalog,
    store: Store,
    policy: Policy,
}

impl<'a> Installer<'a> {
    pub(crate) fn new(context: &'a Context) -> Result<Self, Failure> {
        let sandbox = host::sandbox(context)?;
        let catalog = host::catalog_of(context, &sandbox);
        let policy = trusting::policy(&context.places)?;
        Ok(Self { context, sandbox, catalog, store: store(context)?, policy })
    }

    /// Installs an offer, or holds it.
    pub(crate) fn install(&self, offer: Offer, wishes: &Wishes) -> Result<Outcome, Failure> {
        if let Some(pin) = wishes.pin.as_ref().filter(|it| !it.fits(&offer.bytes)) {
            let sha256 = voyager_package::sha256(&offer.bytes);
            let message = format!("{} is not the content {pin}", offer.source);
            return Err(Failure::new(FailureKind::Denied, message)
                .hint(format!("it is sha256:{sha256}; nothing is installed")));
        }
        let skill = self.sandbox.load(&offer.bytes).map_err(|error| {
            Failure::environment(format!("{} is no skill", offer.source), &error)
        })?;
        let skill = Arc::new((*skill).clone().named_after(&offer.name));
        let mut record = self.record(&skill, &offer)?;
        record.manifest = offer.manifest;
        let doubts = match self.standing(&record, &offer.bytes, offer.signature.as_deref())? {
            Standing::Signed(signer) => {
                record.signer = Some(signer);
                None
            }
            // A content that the operator pinned is one that the operator knows.
            Standing::Unsigned(why) => self.doubts(why, offer.is_local || wishes.pin.is_some())?,
        };
        let mut locked = self.store.lock().map_err(|error| failed(&error))?;
        let package = Package { record, bytes: offer.bytes, signature: offer.signature };
        self.settle(&mut locked, package, doubts, offer.is_local, wishes)
    }

    /// What its signature is worth.
    fn standing(
        &self,
        record: &Record,
        bytes: &[u8],
        signature: Option<&str>,
    ) -> Result<Standing, Failure> {
        self.policy.judge(&record.package, bytes, signature).map_err(|error| {
            Failure::new(FailureKind::Denied, format!("{}: {error}", record.source))
                .hint("nothing is installed; ask who gave it to you")
        })
    }

    /// Why something that nobody signed whom the operator trusts is held.
    fn doubts(&self, why: String, is_known: bool) -> Result<Option<String>, Failure> {
        match self.policy.unsigned {
            Unsigned::Deny => {
                let message = format!("{why}, and the policy of trust denies that");
                Err(Failure::new(FailureKind::Denied, message).hint(
                    "`agent-host skill trust add` trusts a key, `skill trust unsigned ask` asks each time",
                ))
            }
            Unsigned::Ask if !is_known => Ok(Some(why)),
            _ => Ok(None),
        }
    }

    fn record(&self, skill: &Arc<Skill>, offer: &Offer) -> Result<Record, Failure> {
        let now = SystemClock::new().now().to_string();
        Record::new(skill, &offer.bytes, &offer.source, now)
            .map_err(|error| Failure::environment(format!("{} has no name", offer.source), &error))
    }

    /// Decides between serving, holding and refusing.
    fn settle(
        &self,
        locked: &mut Locked,
        package: Package,
        doubts: Option<String>,
        is_local: bool,
        wishes: &Wishes,
    ) -> Result<Outcome, Failure> {
        let record = package.record.clone();
        let before = self.before(locked, &record);
        let changes = before.as_ref().map(|it| it.face.changes(&record.face));
        let outcome = |outcome, replaced: Vec<String>, reasons| Outcome {
            outcome,
            record: record.clone(),
            replaced,
            changes: changes.clone(),
            reasons,
        };
        if locked.has(&record) {
            return Ok(outcome("unchanged", Vec::new(), Vec::new()));
        }
        if wishes.frozen
            && !locked.records().installed.iter().any(|it| it.component == record.component)
        {
            let message = format!("{} ({}) is not what is installed", record.name(), record.source);
            return Err(Failure::new(FailureKind::Denied, message)
                .hint("`agent-host skill list` shows what is; without --frozen it is updated"));
        }
        if let Some(before) = before.as_ref().filter(|_| !wishes.downgrade && !wishes.keep) {
            refuse_older(before, &record)?;
        }
        let mut reasons = before
            .as_ref()
            .map(|before| reasons(before, &record, changes.as_ref(), is_local))
            .unwrap_or_default();
        reasons.extend(doubts);
        if reasons.is_empty() {
            let replaced = locked.install(package, wishes.keep).map_err(|error| failed(&error))?;
            return Ok(outcome("installed", names(&replaced), reasons));
        }
        locked.hold(package, reasons.clone(), wishes.keep).map_err(|error| failed(&error))?;
        Ok(outcome("held", Vec::new(), reasons))
    }

    /// Serves what was held under a name.
    pub(crate) fn approve(&self, named: &str) -> Result<Outcome, Failure> {
        let mut locked = self.store.lock().map_err(|error| failed(&error))?;
        let held: Vec<Held> = locked.held(named).into_iter().cloned().collect();
        let [held] = held.as_slice() else {
            let names: Vec<String> = held.iter().map(|it| it.record.name()).collect();
            return Err(if names.is_empty() {
                Failure::usage(StoreError::NotHeld(named.to_owned()).to_string())
                    .hint("`agent-host skill list` shows what does")
            } else {
                Failure::usage(format!("`{named}` names several: {}", names.join(", ")))
            });
        };
        let package = locked.take_held(held).map_err(|error| failed(&error))?;
        let before = self.before(&locked, &held.record);
        let changes = before.map(|it| it.face.changes(&held.record.face));
        let replaced = locked.install(package, held.keep).map_err(|error| failed(&error))?;
        let (record, replaced) = (held.record.clone(), names(&replaced));
        Ok(Outcome { outcome: "installed", record, replaced, changes, reasons: Vec::new() })
    }

    /// What users of the package have now: the newest that is installed, else one that is served otherwise.
    fn before(&self, locked: &Locked, record: &Record) -> Option<Before> {
        let installed = locked.records().installed.iter().filter(|it| it.package == record.package);
        if let Some(newest) = installed.max_by_key(|it| semver::Version::parse(&it.version).ok()) {
            return Some(Before {
                name: newest.name(),
                version: newest.version.clone(),
                component: newest.component.clone(),
                face: newest.face.clone(),
                signer: newest.signer.clone(),
                hides: None,
            });
        }
        let own = self.context.places.own.as_deref();
        let other = self.catalog.skills().iter().find(|it| it.skill.package == record.package)?;
        let is_own = other.path.parent() == own;
        Some(Before {
            name: format!("{}@{}", other.skill.package, other.skill.version),
            version: other.skill.version.clone(),
            component: other.skill.component.to_string(),
            face: Face::of(&other.skill),
            signer: None,
            hides: (!is_own && other.skill.component.to_string() != record.component)
                .then(|| other.path.display().to_string()),
        })
    }
}

/// The store beside the user's own folder of skills.
pub(crate) fn store(context: &Context) -> Result<Store, Failure> {
    let own = context.places.own.as_deref().ok_or_else(|| {
        Failure::usage("there is no place for skills: neither HOME nor XDG_DATA_HOME is set")
    })?;
    Ok(Store::beside(own))
}

/// The store refuses.
pub(crate) fn failed(error: &StoreError) -> Failure {
    Failure::environment("cannot install", error)
}

fn names(records: &[Record]) -> Vec<String> {
    records.iter().map(Record::name).collect()
}

/// An older version is no update: somebody may offer it for its faults.
fn refuse_older(before: &Before, record: &Record) -> Result<(), Failure> {
    let version = |text: &str| semver::Version::parse(text).ok();
    if version(&record.version) >= version(&before.version) {
        return Ok(());
    }
    let message = format!("{} is older than {}, which is installed", record.name(), before.name);
    Err(Failure::new(FailureKind::Denied, message)
        .hint("--downgrade takes it nevertheless, --keep has both"))
}

/// Why somebody has to approve it first.
fn reasons(
    before: &Before,
    record: &Record,
    changes: Option<&Changes>,
    is_local: bool,
) -> Vec<String> {
    let mut reasons = Vec::new();
    if changes.is_some_and(Changes::asks_for_more) {
        reasons.push(format!("it asks for more than {}", before.name));
    }
    if let Some(was) = before.signer.as_ref().filter(|it| record.signer.as_ref() != Some(it)) {
        let now = record
            .signer
            .as_ref()
            .map_or_else(|| "no trusted key".to_owned(), |it| format!("{} ({})", it.name, it.key));
        let before = &before.name;
        reasons.push(format!("{before} was signed by {} ({}), this by {now}", was.name, was.key));
    }
    if let Some(file) = &before.hides {
        reasons.push(format!("it would be used in place of {file}, which nobody installed"));
    }
    let same_version = before.version == record.version && before.component != record.component;
    if same_version && !is_local {
        reasons.push(format!("it is another content under the name of {}", before.name));
    }
    reasons
}
