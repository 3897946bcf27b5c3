//! Stand-ins for WASI 0.2: what the standard libraries of languages import, deterministic and without
//! a way out. No environment, no network; output becomes log lines; time is that of the last record;
//! sleeping moves it and takes none; randomness grows from the task's seed. Arguments, an input and files
//! are for programs alone (`command.rs`): others see none.
//!
//! They are no capabilities: nothing here asks a service, so nothing is granted or recorded. Files alone
//! do, by the questions of `voyager:workspace` and under its grant.

mod cli;
mod clocks;
mod filesystem;
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
                import wasi:filesystem/preopens@0.2.12;
                import wasi:filesystem/types@0.2.12;
                import wasi:io/error@0.2.12;
                import wasi:io/poll@0.2.12;
                import wasi:io/streams@0.2.12;
                import wasi:random/random@0.2.12;
                import wasi:random/insecure@0.2.12;
                import wasi:random/insecure-seed@0.2.12;
            }
        "#,
        world: "voyager:stand-ins/wasi",
        imports: {
            "wasi:filesystem/types": async | trappable,
            "wasi:io/streams": async | trappable,
            default: trappable,
        },
        trappable_error_type: { "wasi:filesystem/types.error-code" => crate::files::Fault },
        with: {
            "wasi:io/error.error": crate::wasi::io::StreamFault,
            "wasi:io/poll.pollable": crate::wasi::io::Pollable,
            "wasi:io/streams.input-stream": crate::wasi::io::Input,
            "wasi:io/streams.output-stream": crate::wasi::io::Sink,
            "wasi:filesystem/types.descriptor": crate::wasi::filesystem::Descriptor,
            "wasi:filesystem/types.directory-entry-stream": crate::wasi::filesystem::Entries,
            "wasi:cli/terminal-input.terminal-input": crate::wasi::cli::Terminal,
            "wasi:cli/terminal-output.terminal-output": crate::wasi::cli::Terminal,
        },
    });
}

pub(crate) use self::wit::wasi::filesystem::types::ErrorCode;

/// Offers all of WASI 0.2 but HTTP.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wit::Wasi::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    refused::link(linker)
}
