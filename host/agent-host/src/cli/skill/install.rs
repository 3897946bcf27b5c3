//! `agent-host skill install | approve | remove`: what is in the user's own folder of skills.

use std::io::{IsTerminal as _, Write as _};

use clap::Args;
use serde_json::json;
use voyager_package::{Offer, Pin, Source};

use crate::{
    cli::Context,
    failure::{Failure, FailureKind},
    fetching,
    installing::{Installer, Outcome, Wishes, failed, store},
    interrupts, printing, report,
};

/// Installs a skill: from a component's file, a folder with components or with a skill that was built, an https address,
/// or an OCI registry.
///
/// It is validated without running it, and served within a second. An update takes the place of what was there; one
/// that asks for more is held until `agent-host skill approve NAME`.
#[derive(Args)]
pub(crate) struct Install {
    /// A file, a folder, `https://...` or `oci://registry/name:tag`.
    source: String,
    /// Ask an address or a registry of this machine itself without encryption.
    #[arg(long)]
    plain_http: bool,
    /// The content that is wanted and no other: `blake3:HEX` or `sha256:HEX`.
    #[arg(long, value_name = "HASH")]
    hash: Option<Pin>,
    /// Install nothing but what the records of installed skills name by its hash.
    #[arg(long)]
    frozen: bool,
    /// Keep other versions of it.
    #[arg(long)]
    keep: bool,
    /// Take it though it is older than what is installed.
    #[arg(long)]
    downgrade: bool,
}

/// Serves an update that is held: what it asks for was read.
#[derive(Args)]
pub(crate) struct Approve {
    /// The skill: `spelling`, `acme:spelling` or `acme:spelling@1.2.0`.
    skill: String,
}

/// Removes an installed skill, or one that is held: all versions, unless one is named.
#[derive(Args)]
pub(crate) struct Remove {
    /// The skill: `spelling`, `acme:spelling` or `acme:spelling@1.2.0`.
    skill: String,
}

impl Install {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let offers = self.offers(context)?;
        let installer = Installer::new(context)?;
        let wishes = Wishes {
            pin: self.hash,
            frozen: self.frozen,
            keep: self.keep,
            downgrade: self.downgrade,
        };
        let mut outcomes = Vec::with_capacity(offers.len());
        for offer in offers {
            let outcome = installer.install(offer, &wishes)?;
            outcomes.push(if outcome.outcome == "held" && agreed(context, &outcome)? {
                installer.approve(&outcome.record.name())?
            } else {
                outcome
            });
        }
        if let Some(held) = outcomes.iter().find(|it| it.outcome == "held") {
            return Err(is_held(held, &outcomes));
        }
        report::tell(context, &json!({ "skills": outcomes }), 0, || {
            outcomes.iter().try_for_each(|it| printing::line(printing::harmless(&told(it))))
        })
    }

    fn offers(&self, context: &Context) -> Result<Vec<Offer>, Failure> {
        let source = Source::read(&self.source, self.plain_http)
            .map_err(|error| Failure::usage(error.to_string()))?;
        let offers = fetching::fetch(context, &source, self.plain_http)?;
        if self.hash.is_some() && offers.len() > 1 {
            let count = offers.len();
            let message = format!("a hash pins one content, and {source} holds {count} components");
            return Err(Failure::usage(message));
        }
        Ok(offers)
    }
}

impl Approve {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let outcome = Installer::new(context)?.approve(&self.skill)?;
        report::tell(context, &outcome, 0, || printing::line(printing::harmless(&told(&outcome))))
    }
}

impl Remove {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let mut locked = store(context)?.lock().map_err(|error| failed(&error))?;
        let gone = locked.remove(&self.skill).map_err(|error| failed(&error))?;
        if gone.is_empty() {
            return Err(Failure::usage(format!("no skill `{}` is installed", self.skill))
                .hint("`agent-host skill list` shows what is; other files are removed by hand"));
        }
        report::tell(context, &json!({ "removed": gone }), 0, || {
            gone.iter().try_for_each(|it| printing::line(format!("{} is removed", it.name())))
        })
    }
}

/// What became of an offer, for people.
fn told(outcome: &Outcome) -> String {
    let record = &outcome.record;
    let name = record.name();
    let replaced = outcome.replaced.iter().filter(|it| **it != name);
    let replaced: Vec<&str> = replaced.map(String::as_str).collect();
    let mut lines = vec![match outcome.outcome {
        "unchanged" => format!("{name} is installed already"),
        _ if replaced.is_empty() => format!("{name} is installed"),
        _ => format!("{name} is installed in place of {}", replaced.join(", ")),
    }];
    lines.push(format!("  blake3:{}", record.component));
    if let Some(signer) = &record.signer {
        lines.push(format!("  signed by {} ({})", signer.name, signer.key));
    }
    let asks = &record.face.asks;
    lines.push(format!(
        "  asks for {}",
        if asks.is_empty() { "nothing".to_owned() } else { asks.join(", ") }
    ));
    if let Some(changes) = &outcome.changes {
        lines.extend(changes.to_string().lines().map(|line| format!("  {line}")));
    }
    lines.join("\n")
}

/// Why an offer is held, with what it changes.
fn why(outcome: &Outcome) -> String {
    let reasons = outcome.reasons.join("; ");
    match outcome.changes.as_ref().map(ToString::to_string) {
        Some(changes) if !changes.is_empty() => format!("{reasons}\n{changes}"),
        _ => reasons,
    }
}

/// Asks whoever sits at the terminal, where somebody does.
fn agreed(context: &Context, outcome: &Outcome) -> Result<bool, Failure> {
    let there = std::io::stdin().is_terminal() && printing::on_terminal();
    if context.json || context.quiet || !there {
        return Ok(false);
    }
    printing::note(printing::harmless(&format!("{}: {}", outcome.record.name(), why(outcome))));
    let _ = write!(std::io::stderr(), "serve it? [y/N] ");
    let answer = interrupts::typed_line()?;
    Ok(matches!(answer.as_deref().map(str::trim), Some("y" | "Y" | "yes")))
}

fn is_held(held: &Outcome, all: &[Outcome]) -> Failure {
    let name = held.record.name();
    let message = format!("{name} is held until it is approved: {}", why(held));
    let failure = Failure::new(FailureKind::Unapproved, message).hint(format!(
        "`agent-host skill approve {name}` serves it, `skill remove {name}` drops it"
    ));
    Failure { diagnostics: serde_json::to_value(all).ok(), ..failure }
}
