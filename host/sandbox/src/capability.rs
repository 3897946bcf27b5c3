//! What skills may ask for. Each module here translates one WIT package to the questions of
//! `voyager-base` and back, and does nothing else: there is no place for a check, a charge or a record
//! that an author could forget.

pub(crate) mod http;
mod memory;
mod process;
mod run;
mod tasks;
mod workspace;

use voyager_base::{Error, ErrorKind, Retry};
use wasmtime::component::{HasSelf, Linker};

use self::wit::voyager::types::types;
use crate::guest::Guest;

/// Bindings of the WIT packages in `wit/` of the repository.
#[allow(missing_docs, clippy::all, unused_qualifications, unnameable_types, reason = "generated")]
mod wit {
    wasmtime::component::bindgen!({
        path: [
            "../../wit/types.wit",
            "../../wit/run.wit",
            "../../wit/workspace.wit",
            "../../wit/tasks.wit",
            "../../wit/process.wit",
            "../../wit/http.wit",
            "../../wit/memory.wit",
        ],
        inline: r#"
            package voyager:host;

            world offered {
                import voyager:types/types@0.1.0;
                import voyager:run/run@0.1.0;
                import voyager:workspace/files@0.1.0;
                import voyager:tasks/tasks@0.1.0;
                import voyager:process/process@0.1.0;
                import voyager:http/http@0.1.0;
                import voyager:memory/memory@0.1.0;
                import voyager:memory/results@0.1.0;
                import voyager:memory/evidence@0.1.0;
            }
        "#,
        world: "voyager:host/offered",
        imports: { default: async | trappable },
        with: {
            "voyager:http/http.body": crate::capability::http::Body,
            "voyager:workspace/files.folder": crate::capability::workspace::Folder,
            "voyager:workspace/files.listing": crate::capability::workspace::Listing,
        },
    });
}

/// Offers all of them.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wit::Offered::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)
}

impl types::Host for Guest {}

impl From<Error> for types::Error {
    fn from(error: Error) -> Self {
        let Error { kind, message, bound, retry, code, .. } = error;
        let fault = types::Fault { message, bound, retry: retry.into() };
        match kind {
            ErrorKind::Denied => Self::Denied(fault),
            ErrorKind::NotFound => Self::NotFound(fault),
            ErrorKind::Invalid => Self::Invalid(fault),
            ErrorKind::Conflict => Self::Conflict(fault),
            ErrorKind::Limit => Self::Limit(fault),
            ErrorKind::Timeout => Self::Timeout(fault),
            ErrorKind::Unavailable => Self::Unavailable(fault),
            ErrorKind::UnknownEffect => Self::UnknownEffect(fault),
            ErrorKind::Cancelled => Self::Cancelled(fault),
            ErrorKind::Failed
            | ErrorKind::Trapped
            | ErrorKind::Expectation
            | ErrorKind::Refused
            | ErrorKind::Other => {
                let code = code.unwrap_or_else(|| kind.name().to_owned());
                Self::Other(types::OtherFault { code, fault })
            }
        }
    }
}

impl From<Retry> for types::Retry {
    fn from(retry: Retry) -> Self {
        match retry {
            Retry::Never => Self::Never,
            Retry::After(millis) => Self::After(millis),
            Retry::AsIs => Self::AsIs,
        }
    }
}
