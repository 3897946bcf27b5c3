//! `wasi:io`: an input that is at its end but for programs, outputs that become log lines or a program's
//! result, bodies of requests and answers, and waiting that takes no time.

use wasmtime::component::Resource;

use super::{
    ErrorCode, HttpErrorCode,
    wit::wasi::io::{error, poll, streams},
};
use crate::{
    capability::http::Body,
    files::{Fault, FileId},
    guest::{Guest, Output},
    requests::Exchange,
};

/// Most bytes that one write may carry, told by `check-write`. A write that carries more breaks the
/// contract of streams, and would have the host cut lines while nothing else gets its turn.
const WRITE_BYTES_MAX: u64 = 64 << 10;

/// Most bytes that one read gives, whatever was asked for; what was read can be written at once.
const READ_BYTES_MAX: u64 = WRITE_BYTES_MAX;

/// Why a stream failed.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub enum StreamFault {
    File(ErrorCode),
    Http(HttpErrorCode),
}

/// Where bytes come from.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub enum Input {
    /// The standard input: at its end, but for a program that was given one.
    Standard,
    /// A file, read from here on.
    File { id: FileId, offset: u64 },
    /// The body of an answer.
    Body(Body),
}

/// Where bytes go.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub enum Sink {
    /// A standard output.
    Standard(Output),
    /// A file, written from here on, or at its end.
    File { id: FileId, offset: Option<u64> },
    /// The body of a request.
    Body(Exchange),
}

/// Something to wait for.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub enum Pollable {
    /// It is there.
    Ready,
    /// It comes at this monotonic time, in nanoseconds.
    At(u64),
    /// The answer to a request. It comes by what the guest does, and never by waiting.
    Answer(Exchange),
}

impl Pollable {
    /// When it is there; none where waiting does not bring it.
    fn instant(&self) -> Option<u64> {
        match self {
            Self::Ready => Some(0),
            Self::At(instant) => Some(*instant),
            Self::Answer(exchange) => exchange.is_answered().then_some(0),
        }
    }
}

impl Guest {
    fn is_ready(&self, pollable: &Pollable) -> bool {
        pollable.instant().is_some_and(|instant| instant <= self.monotonic_nanos())
    }

    /// Waits until one of them is there.
    fn wait(&mut self, pollables: &[Pollable]) -> wasmtime::Result<()> {
        match pollables.iter().filter_map(Pollable::instant).min() {
            Some(earliest) => {
                self.sleep_until(earliest);
                Ok(())
            }
            None if pollables.is_empty() => {
                Err(wasmtime::Error::msg("`poll` without anything to wait for"))
            }
            None => Err(wasmtime::Error::msg(
                "it waits for the answer to a request whose body is not finished; a request is sent when \
                 `outgoing-body.finish` says that its body is whole",
            )),
        }
    }
}

impl error::Host for Guest {}

impl error::HostError for Guest {
    fn to_debug_string(&mut self, fault: Resource<StreamFault>) -> wasmtime::Result<String> {
        Ok(match self.handles.get(&fault)? {
            StreamFault::File(code) => code.name().to_owned(),
            StreamFault::Http(code) => code.to_string(),
        })
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
            waiting.push(self.handles.get(pollable)?.clone());
        }
        self.wait(&waiting)?;
        let ready = (0_u32..).zip(&waiting).filter(|(_, it)| self.is_ready(it));
        Ok(ready.map(|(place, _)| place).collect())
    }
}

impl poll::HostPollable for Guest {
    fn ready(&mut self, pollable: Resource<Pollable>) -> wasmtime::Result<bool> {
        Ok(self.is_ready(self.handles.get(&pollable)?))
    }

    fn block(&mut self, pollable: Resource<Pollable>) -> wasmtime::Result<()> {
        let pollable = self.handles.get(&pollable)?.clone();
        self.wait(&[pollable])
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
        let bytes = match self.handles.get_mut(stream)? {
            Input::Body(body) => body.take(most),
            Input::Standard => match &mut self.command {
                Some(command) => command.read(most).to_vec(),
                None => Vec::new(),
            },
            &mut Input::File { id, offset } => match self.read_file(id, offset, most).await {
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
            Fault::Code(code) => self.failed(StreamFault::File(code)),
        }
    }

    fn failed(&mut self, fault: StreamFault) -> wasmtime::Result<streams::StreamError> {
        Ok(streams::StreamError::LastOperationFailed(self.open(fault)?))
    }

    /// Writes to where bytes go.
    async fn write_on(&mut self, stream: &Resource<Sink>, bytes: &[u8]) -> Streamed<()> {
        match self.handles.get(stream)?.clone() {
            Sink::Body(exchange) => {
                if let Err(code) = self.write_body(&exchange, bytes)? {
                    return self.failed(StreamFault::Http(code)).map(Err);
                }
            }
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
            Input::Standard | Input::Body(_) => Ok(()),
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
        let is_log =
            self.command.is_none() && matches!(self.handles.get(&stream)?, Sink::Standard(_));
        // Zeroes are no text, so they make no line of a log.
        if is_log {
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
            Sink::Standard(_) | Sink::Body(_) => Ok(()),
            Sink::File { id, .. } => self.close_file(id).await,
        }
    }
}
