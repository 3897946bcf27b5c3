//! `agent-host lsp`: the language server of manifests and scenarios, for editors.
//!
//! The protocol (Language Server Protocol 3.17 over standard input and output) is written out here: the
//! few messages that are spoken are plain JSON, and a frame that is malformed or too large must end in an
//! answer and not in the end of the server. What is said about a text comes from the checker and from
//! [`voyager_manifest::editor`].

mod documents;
mod server;
mod wire;

use std::sync::mpsc;

use clap::Args;

use self::{
    server::{After, Server},
    wire::Incoming,
};
use super::Context;
use crate::{checking, failure::Failure, host, printing};

/// Serves editors: findings while one types, what stands at a place, what may stand there.
///
/// Speaks the Language Server Protocol on standard input and output. An editor starts it; see the guide
/// for editors.
#[derive(Args)]
pub(crate) struct Lsp {}

impl Lsp {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        /// Messages that wait while one is answered; then the editor waits.
        const WAITING_MAX: usize = 64;
        if context.json {
            return Err(
                Failure::usage("`lsp` speaks JSON-RPC with an editor").hint("leave `--json` out")
            );
        }
        let sandbox = host::sandbox(context)?;
        let skills = move || checking::names(&host::catalog_of(context, &sandbox));
        let mut server = Server::new(Box::new(skills));
        let (sender, receiver) = mpsc::sync_channel(WAITING_MAX);
        std::thread::spawn(move || {
            let mut input = std::io::stdin().lock();
            loop {
                let incoming = wire::read(&mut input);
                let is_end = matches!(incoming, Incoming::End);
                if sender.send(incoming).is_err() || is_end {
                    return;
                }
            }
        });
        serve(&mut server, &receiver)
    }
}

/// Answers until the editor says that it is enough, or is gone.
fn serve(server: &mut Server<'_>, incoming: &mpsc::Receiver<Incoming>) -> Result<u8, Failure> {
    loop {
        let next = match incoming.try_recv() {
            Ok(next) => next,
            // Whoever types fast is answered first, and sees findings of the newest text only.
            Err(_) => {
                server.publish();
                send(server)?;
                incoming.recv().unwrap_or(Incoming::End)
            }
        };
        let after = server.receive(next);
        send(server)?;
        if let After::End(code) = after {
            return Ok(code);
        }
    }
}

fn send(server: &mut Server<'_>) -> Result<(), Failure> {
    server.take_outgoing().iter().try_for_each(|message| printing::bytes(&wire::frame(message)))
}
