//! Stand-ins for WASI 0.2: what the standard libraries of languages import, deterministic and without
//! a way out of their own. No environment, no sockets; output becomes log lines; time is that of the last
//! record; sleeping moves it and takes none; randomness grows from the task's seed. Arguments, an input and
//! files are for programs alone (`command.rs`): others see none.
//!
//! They are no capabilities: nothing here asks a service, so nothing is granted or recorded. Two of them
//! do, by the questions of a capability and under its grant: files by those of `voyager:workspace`, and HTTP
//! by those of `voyager:http`.

mod cli;
mod clocks;
mod filesystem;
mod http;
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
            "wit/wasi/http.wit",
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
                import wasi:http/outgoing-handler@0.2.12;
                import wasi:http/types@0.2.12;
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
            "wasi:http/outgoing-handler": async | trappable,
            "wasi:http/types.[static]outgoing-body.finish": async | trappable,
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
            "wasi:http/types.fields": crate::wasi::http::Fields,
            "wasi:http/types.future-incoming-response": crate::wasi::http::FutureResponse,
            "wasi:http/types.future-trailers": crate::wasi::http::FutureTrailers,
            "wasi:http/types.incoming-body": crate::wasi::http::IncomingBody,
            "wasi:http/types.incoming-request": crate::wasi::http::Never,
            "wasi:http/types.incoming-response": crate::requests::Response,
            "wasi:http/types.outgoing-body": crate::wasi::http::OutgoingBody,
            "wasi:http/types.outgoing-request": crate::wasi::http::OutgoingRequest,
            "wasi:http/types.outgoing-response": crate::wasi::http::OutgoingResponse,
            "wasi:http/types.request-options": crate::wasi::http::RequestOptions,
            "wasi:http/types.response-outparam": crate::wasi::http::Never,
            "wasi:cli/terminal-input.terminal-input": crate::wasi::cli::Terminal,
            "wasi:cli/terminal-output.terminal-output": crate::wasi::cli::Terminal,
        },
    });
}

pub(crate) use self::wit::wasi::{
    filesystem::types::ErrorCode,
    http::types::{DnsErrorPayload, ErrorCode as HttpErrorCode},
};

/// Offers all of WASI 0.2 that a component may import.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    // What WASI calls unstable is left out.
    let stable = wit::LinkOptions::default();
    wit::Wasi::add_to_linker::<_, HasSelf<Guest>>(linker, &stable, |guest| guest)?;
    refused::link(linker)
}
