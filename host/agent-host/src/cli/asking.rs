//! Questions of the policy, asked on the terminal of whoever starts a run.
//!
//! They are asked before anything begins, all at once: nobody has to sit and wait for the next one, and no output
//! of a skill can stand between a question and its answer. What is shown are names and globs of the manifest,
//! without anything that steers a terminal, and cut.

use std::io::IsTerminal as _;

use serde_json::Value as Json;

use super::Context;
use crate::{
    failure::{Failure, FailureKind},
    host::Ask,
    interrupts, printing,
    protocol::{Request, RunRequest, Yes},
    session,
};

/// Most characters that are shown of one thing.
const SHOWN_MAX: usize = 200;

/// Has a run started, and asks what the policy asks before it where somebody is there to answer.
pub(super) fn run(context: &Context, request: RunRequest) -> Result<Json, Failure> {
    match session::ask(context, Request::Run(request.clone())) {
        Err(refused) if !request.unattended => {
            let allows = answered(context, refused)?;
            session::ask(context, Request::Run(RunRequest { allows, ..request }))
        }
        answer => answer,
    }
}

/// The answers to what a run was refused for; the refusal itself where nobody is there, or where they say no.
fn answered(context: &Context, refused: Failure) -> Result<Vec<Yes>, Failure> {
    let there = std::io::stdin().is_terminal() && printing::on_terminal() && !context.json;
    if refused.kind != FailureKind::Asked || !there {
        return Err(refused);
    }
    let asks: Option<Vec<Ask>> =
        refused.diagnostics.clone().and_then(|it| serde_json::from_value(it).ok());
    let Some(asks) = asks.filter(|it| !it.is_empty()) else { return Err(refused) };
    printing::note("The policy of this host asks before this run:");
    for ask in &asks {
        let (capability, package) = (&ask.capability, plain(&ask.package));
        printing::note(format!("  {capability} of {package}: {}", plain(&ask.grant)));
        let (steps, from, rule) =
            (plain(&ask.steps.join(", ")), plain(&ask.from), plain(&ask.rule));
        printing::note(format!("    in {steps}; granted at {from}, asked for at {rule}"));
    }
    let always = loop {
        printing::note("Allow all of it? [r]un: this time, [a]lways for this manifest, [n]o");
        let line = interrupts::typed_line()?;
        match line.as_deref().map(str::trim) {
            Some("r" | "run") => break false,
            Some("a" | "always") => break true,
            Some(word) if !matches!(word, "n" | "no") => {}
            _ => {
                let failure = Failure::new(FailureKind::Asked, "not allowed; nothing was run");
                return Err(failure.hint("narrow the manifest, or change the policy"));
            }
        }
    };
    let by = context.user();
    let yes = |ask: Ask| Yes { package: ask.package, what: ask.what, always, by: by.clone() };
    Ok(asks.into_iter().map(yes).collect())
}

/// One line that steers nothing: no control characters, none that turn the direction of a text or have no width.
fn plain(text: &str) -> String {
    let unseen = |it: char| {
        matches!(it, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let mut shown: String = text
        .chars()
        .map(|it| if it.is_control() || unseen(it) { '\u{fffd}' } else { it })
        .collect();
    if let Some((cut, _)) = shown.char_indices().nth(SHOWN_MAX) {
        shown.truncate(cut);
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_can_not_be_drawn_over() {
        assert_eq!(
            plain("rm\u{1b}[2K\r\n[r]un\u{202e}x"),
            "rm\u{fffd}[2K\u{fffd}\u{fffd}[r]un\u{fffd}x"
        );
        assert_eq!(plain(&"x".repeat(1_000)).chars().count(), SHOWN_MAX + 1);
        assert_eq!(plain("git push (with the network)"), "git push (with the network)");
    }
}
