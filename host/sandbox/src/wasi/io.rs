//! `wasi:io`: an input that is at its end, outputs that become log lines, and waiting that takes no
//! time.

use wasmtime::component::Resource;

use super::wit::wasi::io::{error, poll, streams};
use crate::guest::{Guest, Output};

/// Most bytes that one write may carry, told by `check-write`. A write that carries more breaks the
/// contract of streams, and would have the host cut lines while nothing else gets its turn.
const WRITE_BYTES_MAX: u64 = 64 << 10;

/// Why a stream failed. No stream here fails, so there is no value of this type.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub enum StreamFault {}

/// The standard input: at its end.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct Nothing;

/// Something to wait for.
#[derive(Clone, Copy)]
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub enum Pollable {
    /// It is there.
    Ready,
    /// It comes at this monotonic time, in nanoseconds.
    At(u64),
}

impl Guest {
    fn is_ready(&self, pollable: Pollable) -> bool {
        match pollable {
            Pollable::Ready => true,
            Pollable::At(instant) => instant <= self.monotonic_nanos(),
        }
    }
}

impl error::Host for Guest {}

impl error::HostError for Guest {
    fn to_debug_string(&mut self, fault: Resource<StreamFault>) -> wasmtime::Result<String> {
        match *self.handles.get(&fault)? {}
    }

    fn drop(&mut self, fault: Resource<StreamFault>) -> wasmtime::Result<()> {
        self.handles.delete(fault)?;
        Ok(())
    }
}

impl poll::Host for Guest {
    fn poll(&mut self, pollables: Vec<Resource<Pollable>>) -> wasmtime::Result<Vec<u32>> {
        let mut waiting = Vec::with_capacity(pollables.len());
        for pollable in &pollables {
            waiting.push(*self.handles.get(pollable)?);
        }
        let Some(earliest) = waiting.iter().map(|it| it.instant()).min() else {
            return Err(wasmtime::Error::msg("`poll` without anything to wait for"));
        };
        self.sleep_until(earliest);
        let ready = (0_u32..).zip(&waiting).filter(|(_, it)| self.is_ready(**it));
        Ok(ready.map(|(place, _)| place).collect())
    }
}

impl Pollable {
    fn instant(self) -> u64 {
        match self {
            Self::Ready => 0,
            Self::At(instant) => instant,
        }
    }
}

impl poll::HostPollable for Guest {
    fn ready(&mut self, pollable: Resource<Pollable>) -> wasmtime::Result<bool> {
        Ok(self.is_ready(*self.handles.get(&pollable)?))
    }

    fn block(&mut self, pollable: Resource<Pollable>) -> wasmtime::Result<()> {
        let instant = self.handles.get(&pollable)?.instant();
        self.sleep_until(instant);
        Ok(())
    }

    fn drop(&mut self, pollable: Resource<Pollable>) -> wasmtime::Result<()> {
        self.handles.delete(pollable)?;
        Ok(())
    }
}

impl streams::Host for Guest {}

type Streamed<T> = wasmtime::Result<Result<T, streams::StreamError>>;

impl streams::HostInputStream for Guest {
    fn read(&mut self, _: Resource<Nothing>, _: u64) -> Streamed<Vec<u8>> {
        Ok(Err(streams::StreamError::Closed))
    }

    fn blocking_read(&mut self, _: Resource<Nothing>, _: u64) -> Streamed<Vec<u8>> {
        Ok(Err(streams::StreamError::Closed))
    }

    fn skip(&mut self, _: Resource<Nothing>, _: u64) -> Streamed<u64> {
        Ok(Err(streams::StreamError::Closed))
    }

    fn blocking_skip(&mut self, _: Resource<Nothing>, _: u64) -> Streamed<u64> {
        Ok(Err(streams::StreamError::Closed))
    }

    fn subscribe(&mut self, _: Resource<Nothing>) -> wasmtime::Result<Resource<Pollable>> {
        self.open(Pollable::Ready)
    }

    fn drop(&mut self, stream: Resource<Nothing>) -> wasmtime::Result<()> {
        self.handles.delete(stream)?;
        Ok(())
    }
}

impl streams::HostOutputStream for Guest {
    fn check_write(&mut self, _: Resource<Output>) -> Streamed<u64> {
        Ok(Ok(WRITE_BYTES_MAX))
    }

    fn write(&mut self, stream: Resource<Output>, contents: Vec<u8>) -> Streamed<()> {
        let output = *self.handles.get(&stream)?;
        if contents.len() as u64 > WRITE_BYTES_MAX {
            let length = contents.len();
            return Err(wasmtime::Error::msg(format!(
                "a write of {length} bytes; `check-write` allows {WRITE_BYTES_MAX}"
            )));
        }
        self.output(output, &contents);
        Ok(Ok(()))
    }

    fn blocking_write_and_flush(
        &mut self,
        stream: Resource<Output>,
        contents: Vec<u8>,
    ) -> Streamed<()> {
        streams::HostOutputStream::write(self, stream, contents)
    }

    fn flush(&mut self, _: Resource<Output>) -> Streamed<()> {
        Ok(Ok(()))
    }

    fn blocking_flush(&mut self, _: Resource<Output>) -> Streamed<()> {
        Ok(Ok(()))
    }

    fn subscribe(&mut self, _: Resource<Output>) -> wasmtime::Result<Resource<Pollable>> {
        self.open(Pollable::Ready)
    }

    /// Zeroes are no text, so they make no line.
    fn write_zeroes(&mut self, _: Resource<Output>, _: u64) -> Streamed<()> {
        Ok(Ok(()))
    }

    fn blocking_write_zeroes_and_flush(&mut self, _: Resource<Output>, _: u64) -> Streamed<()> {
        Ok(Ok(()))
    }

    fn splice(&mut self, _: Resource<Output>, _: Resource<Nothing>, _: u64) -> Streamed<u64> {
        Ok(Err(streams::StreamError::Closed))
    }

    fn blocking_splice(
        &mut self,
        _: Resource<Output>,
        _: Resource<Nothing>,
        _: u64,
    ) -> Streamed<u64> {
        Ok(Err(streams::StreamError::Closed))
    }

    fn drop(&mut self, stream: Resource<Output>) -> wasmtime::Result<()> {
        self.handles.delete(stream)?;
        Ok(())
    }
}
