//! The compiler's process: takes a component from its input, bounds itself, and answers with the
//! compiled component or with the reason why there is none.

use std::io::{self, Read, Write};

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use wasmparser::Parser;

use super::{Code, CompileBounds, Compiled};
use crate::{
    decode::{self, Undecodable},
    engine::{self, EngineShape},
    lines,
};

/// Longest request: a component and a little around it.
const REQUEST_BYTES_MAX: u64 = 256 << 20;

/// What the child is asked, in front of the component.
#[derive(Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) bounds: CompileBounds,
    pub(super) shape: Shape,
}

/// [`EngineShape`] on its way to the child.
#[derive(Serialize, Deserialize)]
pub(super) struct Shape {
    instances_max: u32,
    memory_bytes_max: u64,
    table_elements_max: u64,
    stack_bytes: u64,
}

/// Why there is no compiled component.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Refusal {
    NoComponent(String),
    Invalid(String),
    NoSkill(Undecodable),
}

impl Request {
    pub(super) fn frame(&self, component: &[u8]) -> io::Result<Vec<u8>> {
        let head = rmp_serde::to_vec_named(self).map_err(io::Error::other)?;
        let mut out = Vec::with_capacity(8 + head.len() + component.len());
        out.extend_from_slice(&(head.len() as u64).to_le_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(component);
        Ok(out)
    }
}

/// What a child process of [`CompilerCommand::Child`](super::CompilerCommand::Child) does: reads a
/// request from `input`, sets its own limits before it looks at the component, and writes the answer to
/// `output`.
///
/// # Errors
/// Where the streams fail or the request is none; an unusable component is an answer, not an error.
pub fn compile_child_main(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let mut head = Vec::new();
    (&mut *input).take(u64::from_le_bytes(length).min(1 << 20)).read_to_end(&mut head)?;
    let request: Request = rmp_serde::from_slice(&head).map_err(io::Error::other)?;
    confine(&request.bounds)?;
    end_with_memory();
    let mut component = Vec::new();
    input.take(REQUEST_BYTES_MAX).read_to_end(&mut component)?;
    let mut answer = Vec::new();
    match compile(&component, &request.shape.into()) {
        Ok(compiled) => {
            answer.push(0);
            compiled.write(&mut answer)?;
        }
        Err(refusal) => {
            answer.push(1);
            answer.extend(rmp_serde::to_vec_named(&refusal).map_err(io::Error::other)?);
        }
    }
    output.write_all(&answer)?;
    output.flush()
}

/// Lets a panic end this process as the allocator does, where its memory has ended: then not even a thread can be
/// started, and a library that needs one panics.
fn end_with_memory() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::Builder::new().spawn(|| ()).is_err() {
            std::process::abort();
        }
        tell(panic);
    }));
}

/// Bounds this process: memory, processor time, no file grows, no core dump.
fn confine(bounds: &CompileBounds) -> io::Result<()> {
    let limit = |resource, value: u64| {
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })
    };
    limit(Resource::As, bounds.memory_bytes)?;
    limit(Resource::Cpu, bounds.cpu.as_secs().max(1))?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Core, 0)?;
    Ok(())
}

/// Validates, describes and compiles a component, here and now.
pub(super) fn compile(component: &[u8], shape: &EngineShape) -> Result<Compiled, Refusal> {
    if Parser::is_core_wasm(component) {
        return Err(Refusal::NoComponent(
            "it is a core module; build it for the target wasm32-wasip2, or wrap it with \
             `wasm-tools component new`"
                .to_owned(),
        ));
    }
    if !Parser::is_component(component) {
        return Err(Refusal::NoComponent("it does not begin as WebAssembly does".to_owned()));
    }
    let invalid = |error: wasmtime::Error| Refusal::Invalid(format!("{error:#}"));
    let engine = engine::compiling(shape).map_err(invalid)?;
    // The validator of the engine comes before all else that reads the bytes.
    let code = engine.precompile_component(component).map_err(invalid)?;
    let mut decoded = decode::decode(component).map_err(Refusal::NoSkill)?;
    decoded.lines = lines::table(component);
    Ok(Compiled { decoded, code: Code::at(code, 0) })
}

impl From<&EngineShape> for Shape {
    fn from(shape: &EngineShape) -> Self {
        Self {
            instances_max: shape.instances_max,
            memory_bytes_max: shape.memory_bytes_max as u64,
            table_elements_max: shape.table_elements_max as u64,
            stack_bytes: shape.stack_bytes as u64,
        }
    }
}

impl From<Shape> for EngineShape {
    fn from(shape: Shape) -> Self {
        Self {
            instances_max: shape.instances_max,
            memory_bytes_max: shape.memory_bytes_max as usize,
            table_elements_max: shape.table_elements_max as usize,
            stack_bytes: shape.stack_bytes as usize,
        }
    }
}
