//! Stand-ins for WASI 0.2: what the standard libraries of languages import, deterministic and without
//! a way out. No environment, no arguments, no files, no network; output becomes log lines; time is that
//! of the last record; sleeping moves it and takes none; randomness grows from the task's seed.
//!
//! They are no capabilities: nothing here asks a service, so nothing is granted or recorded.

mod cli;
mod clocks;
mod io;
mod random;
mod refused;

use wasmtime::component::{HasSelf, Linker};

use crate::guest::Guest;

/// Bindings of the parts of WASI that answer.
#[allow(missing_docs, clippy::all, unused_qualifications, unnameable_types, reason = "generated")]
mod wit {
    wasmtime::component::bindgen!({
        path: [
            "wit/wasi/io.wit",
            "wit/wasi/clocks.wit",
            "wit/wasi/random.wit",
            "wit/wasi/filesystem.wit",
            "wit/wasi/sockets.wit",
            "wit/wasi/cli.wit",
        ],
        inline: r#"
            package voyager:stand-ins;

            world wasi {
                import wasi:cli/environment@0.2.12;
                import wasi:cli/exit@0.2.12;
                import wasi:cli/stdin@0.2.12;
                import wasi:cli/stdout@0.2.12;
                import wasi:cli/stderr@0.2.12;
                import wasi:cli/terminal-input@0.2.12;
                import wasi:cli/terminal-output@0.2.12;
                import wasi:cli/terminal-stdin@0.2.12;
                import wasi:cli/terminal-stdout@0.2.12;
                import wasi:cli/terminal-stderr@0.2.12;
                import wasi:clocks/monotonic-clock@0.2.12;
                import wasi:clocks/wall-clock@0.2.12;
                import wasi:io/error@0.2.12;
                import wasi:io/poll@0.2.12;
                import wasi:io/streams@0.2.12;
                import wasi:random/random@0.2.12;
                import wasi:random/insecure@0.2.12;
                import wasi:random/insecure-seed@0.2.12;
            }
        "#,
        world: "voyager:stand-ins/wasi",
        imports: { default: trappable },
        with: {
            "wasi:io/error.error": crate::wasi::io::StreamFault,
            "wasi:io/poll.pollable": crate::wasi::io::Pollable,
            "wasi:io/streams.input-stream": crate::wasi::io::Nothing,
            "wasi:io/streams.output-stream": crate::guest::Output,
            "wasi:cli/terminal-input.terminal-input": crate::wasi::cli::Terminal,
            "wasi:cli/terminal-output.terminal-output": crate::wasi::cli::Terminal,
        },
    });
}

/// Offers all of WASI 0.2 but HTTP.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wit::Wasi::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    refused::link(linker)
}
