//! Command-line programs as skills: a component that exports `wasi:cli/run` has an operation `run`, made
//! here, which gives the program its arguments and its standard input, and takes what it printed.

use std::sync::Arc;

use voyager_base::{
    Error, Type, Value,
    call::Invocation,
    operation::{NAMELESS, Operation, OperationName},
    types::{Field, IntKind, Named},
};
use wasmtime::component::Val;

use crate::{ending::Ending, files::Files, guest::Output};

/// The interface that programs export, without the last number of its version.
const EXPORT: &str = "wasi:cli/run@0.2.";

/// By which programs use files: those that import it get the granted folders.
const FILES: &str = "wasi:filesystem/";

/// Interface of the operation.
const INTERFACE: &str = "cli";

/// Function of the operation, and of the exported interface.
pub(crate) const FUNCTION: &str = "run";

/// Whether this exported interface makes a component a program.
pub(crate) fn is_program(export: &str) -> bool {
    export.starts_with(EXPORT)
}

/// Whether a program with these imports can use files.
pub(crate) fn uses_files(imports: &[String]) -> bool {
    imports.iter().any(|import| import.starts_with(FILES))
}

/// Whether this is the operation that [`operation`] made, whatever name its skill was given.
pub(crate) fn is_operation(name: &OperationName) -> bool {
    name.interface == INTERFACE && name.function == FUNCTION
}

/// The operation by which a program is run. Its file gives it its name.
pub(crate) fn operation() -> Operation {
    let name = OperationName {
        package: NAMELESS.to_owned(),
        version: String::new(),
        interface: INTERFACE.to_owned(),
        function: FUNCTION.to_owned(),
    };
    Operation { name, docs: DOCS.to_owned(), parameters: parameters(), result: Some(outcome()) }
}

const DOCS: &str = "Runs the program with these arguments. An exit code other than 0 is a result, not a \
                    failure: what the program changed until then stays.";

fn parameters() -> Vec<(String, Type)> {
    vec![
        ("arguments".to_owned(), Type::list(Type::String)),
        ("stdin".to_owned(), Type::option(Type::String)),
    ]
}

fn outcome() -> Type {
    let field = |name: &str, ty, docs: &str| Field { name: name.into(), ty, docs: docs.into() };
    let fields = vec![
        field("exit-code", Type::Int(IntKind::U8), "0 where all went well."),
        field("stdout", Type::String, "All of its standard output."),
        field("stderr", Type::String, "Its error output; bytes that are no UTF-8 are replaced."),
    ];
    Type::Record(Named::new(Some("outcome".to_owned()), fields))
}

/// A program that runs: what it was given, and what it has printed.
pub(crate) struct Command {
    /// Its name, then its arguments.
    pub(crate) arguments: Vec<String>,
    stdin: Arc<[u8]>,
    /// How much of the standard input it has read.
    read: usize,
    outputs: [Vec<u8>; 2],
    output_bytes_max: u64,
    pub(crate) files: Files,
}

impl Command {
    /// A program that begins.
    ///
    /// # Errors
    /// `invalid` for arguments of other types than the operation takes.
    pub(crate) fn new(invocation: &Invocation, given: Vec<Value>) -> Result<Self, Error> {
        let mut given = given.into_iter();
        let (Some(Value::List(arguments)), Some(Value::Option(stdin)), None) =
            (given.next(), given.next(), given.next())
        else {
            return Err(unlike());
        };
        let package = &invocation.operation.name.package;
        let name = package.split_once(':').map_or(package.as_str(), |(_, name)| name);
        let arguments = arguments.into_iter().map(text);
        let arguments = std::iter::once(Ok(name.to_owned())).chain(arguments);
        let stdin = stdin.map_or_else(|| Ok(String::new()), |it| text(*it))?;
        Ok(Self {
            arguments: arguments.collect::<Result<_, _>>()?,
            stdin: stdin.into_bytes().into(),
            read: 0,
            outputs: [Vec::new(), Vec::new()],
            output_bytes_max: invocation.limits.value_bytes,
            files: Files::new(invocation.limits.memory),
        })
    }

    /// The next bytes of the standard input, at most so many; none at its end.
    pub(crate) fn read(&mut self, most: usize) -> &[u8] {
        let rest = self.stdin.get(self.read..).unwrap_or_default();
        let part = &rest[..rest.len().min(most)];
        self.read += part.len();
        part
    }

    /// Takes what the program printed.
    ///
    /// # Errors
    /// Ends the guest where it has printed more than a result may hold.
    pub(crate) fn print(&mut self, output: Output, bytes: &[u8]) -> wasmtime::Result<()> {
        let printed: usize = self.outputs.iter().map(Vec::len).sum();
        if printed.saturating_add(bytes.len()) as u64 > self.output_bytes_max {
            return Err(Ending::limit("value-bytes", self.output_bytes_max));
        }
        self.outputs[output as usize].extend_from_slice(bytes);
        Ok(())
    }

    /// What it has printed and nobody has taken.
    pub(crate) fn take_outputs(&mut self) -> [Vec<u8>; 2] {
        std::mem::take(&mut self.outputs)
    }

    /// The operation's result.
    ///
    /// # Errors
    /// `invalid` for output that is no text.
    pub(crate) fn outcome(&mut self, exit_code: u8) -> Result<Val, Error> {
        let [stdout, stderr] = self.take_outputs();
        let stdout = String::from_utf8(stdout).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Error::invalid(format!(
                "the standard output is no text (no UTF-8 at byte {at}); have the program write it to a \
                 file"
            ))
        })?;
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        Ok(Val::Record(vec![
            ("exit-code".to_owned(), Val::U8(exit_code)),
            ("stdout".to_owned(), Val::String(stdout)),
            ("stderr".to_owned(), Val::String(stderr)),
        ]))
    }
}

/// How a program that ran to an end of its own choosing exits; an error where something else ended it.
pub(crate) fn exit_code(ended: wasmtime::Result<[Val; 1]>) -> wasmtime::Result<u8> {
    match ended {
        Ok([Val::Result(Ok(_))]) => Ok(0),
        Ok(_) => Ok(1),
        Err(error) => match error.downcast_ref::<Ending>() {
            Some(Ending::Exit(code)) => Ok(*code),
            _ => Err(error),
        },
    }
}

fn text(value: Value) -> Result<String, Error> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(unlike()),
    }
}

fn unlike() -> Error {
    Error::invalid("a program takes `arguments: list<string>` and `stdin: option<string>`")
}
