//! `wasi:io`: an input that is at its end but for programs, outputs that become log lines or a program's
//! result, and waiting that takes no time.

use wasmtime::component::Resource;

use super::{
    ErrorCode,
    wit::wasi::io::{error, poll, streams},
};
use crate::{
    files::{Fault, FileId},
    guest::{Guest, Output},
};

/// Most bytes that one write may carry, told by `check-write`. A write that carries more breaks the
/// contract of streams, and would have the host cut lines while nothing else gets its turn.
const WRITE_BYTES_MAX: u64 = 64 << 10;

/// Most bytes that one read gives, whatever was asked for; what was read can be written at once.
const READ_BYTES_MAX: u64 = WRITE_BYTES_MAX;

/// Why a stream failed. Only those of files do.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct StreamFault(pub(super) ErrorCode);

/// Where bytes come from.
#[derive(Clone, Copy)]
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub enum Input {
    /// The standard input: at its end, but for a program that was given one.
    Standard,
    /// A file, read from here on.
    File { id: FileId, offset: u64 },
}

/// Where bytes go.
#[derive(Clone, Copy)]
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub enum Sink {
    /// A standard output.
    Standard(Output),
    /// A file, written from here on, or at its end.
    File { id: FileId, offset: Option<u64> },
}

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
        Ok(self.handles.get(&fault)?.0.name().to_owned())
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

impl Guest {
    /// The next bytes of an input, at most so many; none at its end.
    async fn read_on(&mut self, stream: &Resource<Input>, most: u64) -> Streamed<Vec<u8>> {
        let most = usize::try_from(most.min(READ_BYTES_MAX)).unwrap_or(0);
        let bytes = match *self.handles.get(stream)? {
            Input::Standard => match &mut self.command {
                Some(command) => command.read(most).to_vec(),
                None => Vec::new(),
            },
            Input::File { id, offset } => match self.read_file(id, offset, most).await {
                Ok(bytes) => {
                    let offset = offset.saturating_add(bytes.len() as u64);
                    *self.handles.get_mut(stream)? = Input::File { id, offset };
                    bytes
                }
                Err(fault) => return self.stream_fault(fault).map(Err),
            },
        };
        match bytes.is_empty() && most > 0 {
            true => Ok(Err(streams::StreamError::Closed)),
            false => Ok(Ok(bytes)),
        }
    }
}

impl Guest {
    /// What a stream says of a file that failed.
    fn stream_fault(&mut self, fault: Fault) -> wasmtime::Result<streams::StreamError> {
        match fault {
            Fault::End(error) => Err(error),
            Fault::Code(code) => {
                Ok(streams::StreamError::LastOperationFailed(self.open(StreamFault(code))?))
            }
        }
    }

    /// Writes to where bytes go.
    async fn write_on(&mut self, stream: &Resource<Sink>, bytes: &[u8]) -> Streamed<()> {
        match *self.handles.get(stream)? {
            Sink::Standard(output) => self.output(output, bytes)?,
            Sink::File { id, offset } => match self.write_file(id, offset, bytes).await {
                Ok(end) => {
                    *self.handles.get_mut(stream)? = Sink::File { id, offset: offset.map(|_| end) };
                }
                Err(fault) => return self.stream_fault(fault).map(Err),
            },
        }
        Ok(Ok(()))
    }
}

impl streams::HostInputStream for Guest {
    async fn read(&mut self, stream: Resource<Input>, most: u64) -> Streamed<Vec<u8>> {
        self.read_on(&stream, most).await
    }

    async fn blocking_read(&mut self, stream: Resource<Input>, most: u64) -> Streamed<Vec<u8>> {
        self.read_on(&stream, most).await
    }

    async fn skip(&mut self, stream: Resource<Input>, most: u64) -> Streamed<u64> {
        let skipped = self.read_on(&stream, most).await?;
        Ok(skipped.map(|bytes| bytes.len() as u64))
    }

    async fn blocking_skip(&mut self, stream: Resource<Input>, most: u64) -> Streamed<u64> {
        streams::HostInputStream::skip(self, stream, most).await
    }

    async fn subscribe(&mut self, _: Resource<Input>) -> wasmtime::Result<Resource<Pollable>> {
        self.open(Pollable::Ready)
    }

    async fn drop(&mut self, stream: Resource<Input>) -> wasmtime::Result<()> {
        match self.handles.delete(stream)? {
            Input::Standard => Ok(()),
            Input::File { id, .. } => self.close_file(id).await,
        }
    }
}

impl streams::HostOutputStream for Guest {
    async fn check_write(&mut self, _: Resource<Sink>) -> Streamed<u64> {
        Ok(Ok(WRITE_BYTES_MAX))
    }

    async fn write(&mut self, stream: Resource<Sink>, contents: Vec<u8>) -> Streamed<()> {
        if contents.len() as u64 > WRITE_BYTES_MAX {
            let length = contents.len();
            return Err(wasmtime::Error::msg(format!(
                "a write of {length} bytes; `check-write` allows {WRITE_BYTES_MAX}"
            )));
        }
        self.write_on(&stream, &contents).await
    }

    async fn blocking_write_and_flush(
        &mut self,
        stream: Resource<Sink>,
        contents: Vec<u8>,
    ) -> Streamed<()> {
        streams::HostOutputStream::write(self, stream, contents).await
    }

    async fn flush(&mut self, _: Resource<Sink>) -> Streamed<()> {
        Ok(Ok(()))
    }

    async fn blocking_flush(&mut self, _: Resource<Sink>) -> Streamed<()> {
        Ok(Ok(()))
    }

    async fn subscribe(&mut self, _: Resource<Sink>) -> wasmtime::Result<Resource<Pollable>> {
        self.open(Pollable::Ready)
    }

    async fn write_zeroes(&mut self, stream: Resource<Sink>, length: u64) -> Streamed<()> {
        // Zeroes are no text, so they make no line of a log.
        if self.command.is_none() {
            return Ok(Ok(()));
        }
        let length = usize::try_from(length.min(WRITE_BYTES_MAX + 1)).unwrap_or(0);
        streams::HostOutputStream::write(self, stream, vec![0; length]).await
    }

    async fn blocking_write_zeroes_and_flush(
        &mut self,
        stream: Resource<Sink>,
        length: u64,
    ) -> Streamed<()> {
        streams::HostOutputStream::write_zeroes(self, stream, length).await
    }

    async fn splice(
        &mut self,
        stream: Resource<Sink>,
        from: Resource<Input>,
        most: u64,
    ) -> Streamed<u64> {
        match self.read_on(&from, most).await? {
            Ok(bytes) => {
                let length = bytes.len() as u64;
                let written = streams::HostOutputStream::write(self, stream, bytes).await?;
                Ok(written.map(|()| length))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    async fn blocking_splice(
        &mut self,
        stream: Resource<Sink>,
        from: Resource<Input>,
        most: u64,
    ) -> Streamed<u64> {
        streams::HostOutputStream::splice(self, stream, from, most).await
    }

    async fn drop(&mut self, stream: Resource<Sink>) -> wasmtime::Result<()> {
        match self.handles.delete(stream)? {
            Sink::Standard(_) => Ok(()),
            Sink::File { id, .. } => self.close_file(id).await,
        }
    }
}
