//! What comes back: a future, the response in it, its body. All of it is there when the future is.

use wasmtime::component::Resource;

use super::{Fields, OutgoingResponse};
use crate::{
    capability::http::Body,
    guest::Guest,
    requests::{Answer, Exchange, Response},
    wasi::{
        io::{Input, Pollable},
        wit::wasi::http::types::{
            ErrorCode, HostFutureIncomingResponse, HostFutureTrailers, HostIncomingBody,
            HostIncomingRequest, HostIncomingResponse, HostResponseOutparam, Method, Scheme,
        },
    },
};

/// A response that will come.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct FutureResponse(pub(super) Exchange);

impl HostFutureIncomingResponse for Guest {
    fn subscribe(
        &mut self,
        future: Resource<FutureResponse>,
    ) -> wasmtime::Result<Resource<Pollable>> {
        let exchange = self.handles.get(&future)?.0.clone();
        self.open(Pollable::Answer(exchange))
    }

    fn get(
        &mut self,
        future: Resource<FutureResponse>,
    ) -> wasmtime::Result<Option<Result<Result<Resource<Response>, ErrorCode>, ()>>> {
        Ok(match self.handles.get(&future)?.0.take() {
            Answer::Awaited => None,
            Answer::Taken => Some(Err(())),
            Answer::Here(Err(code)) => Some(Ok(Err(code))),
            Answer::Here(Ok(response)) => Some(Ok(Ok(self.open(response)?))),
        })
    }

    fn drop(&mut self, future: Resource<FutureResponse>) -> wasmtime::Result<()> {
        self.handles.delete(future)?.0.forget();
        Ok(())
    }
}

impl HostIncomingResponse for Guest {
    fn status(&mut self, response: Resource<Response>) -> wasmtime::Result<u16> {
        Ok(self.handles.get(&response)?.status)
    }

    fn headers(&mut self, response: Resource<Response>) -> wasmtime::Result<Resource<Fields>> {
        let headers = self.handles.get(&response)?.headers.clone();
        self.show_fields(headers)
    }

    fn consume(
        &mut self,
        response: Resource<Response>,
    ) -> wasmtime::Result<Result<Resource<IncomingBody>, ()>> {
        match self.handles.get_mut(&response)?.body.take() {
            Some(body) => self.open(IncomingBody(Some(body))).map(Ok),
            None => Ok(Err(())),
        }
    }

    fn drop(&mut self, response: Resource<Response>) -> wasmtime::Result<()> {
        self.handles.delete(response)?;
        Ok(())
    }
}

/// The body of a response, until its stream was taken.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct IncomingBody(Option<Body>);

impl HostIncomingBody for Guest {
    fn stream(
        &mut self,
        body: Resource<IncomingBody>,
    ) -> wasmtime::Result<Result<Resource<Input>, ()>> {
        match self.handles.get_mut(&body)?.0.take() {
            Some(bytes) => self.open_below(Input::Body(bytes), &body).map(Ok),
            None => Ok(Err(())),
        }
    }

    fn finish(
        &mut self,
        body: Resource<IncomingBody>,
    ) -> wasmtime::Result<Resource<FutureTrailers>> {
        self.handles.delete(body)?;
        self.open(FutureTrailers { is_taken: false })
    }

    fn drop(&mut self, body: Resource<IncomingBody>) -> wasmtime::Result<()> {
        self.handles.delete(body)?;
        Ok(())
    }
}

/// Trailers: there are none, since nobody has checked them.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct FutureTrailers {
    is_taken: bool,
}

impl HostFutureTrailers for Guest {
    fn subscribe(&mut self, _: Resource<FutureTrailers>) -> wasmtime::Result<Resource<Pollable>> {
        self.open(Pollable::Ready)
    }

    fn get(
        &mut self,
        trailers: Resource<FutureTrailers>,
    ) -> wasmtime::Result<Option<Result<Result<Option<Resource<Fields>>, ErrorCode>, ()>>> {
        let is_taken = &mut self.handles.get_mut(&trailers)?.is_taken;
        Ok(Some(match std::mem::replace(is_taken, true) {
            true => Err(()),
            false => Ok(Ok(None)),
        }))
    }

    fn drop(&mut self, trailers: Resource<FutureTrailers>) -> wasmtime::Result<()> {
        self.handles.delete(trailers)?;
        Ok(())
    }
}

/// A request to a skill, and where its answer goes: nobody sends any, so there is no value of this type.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub enum Never {}

impl Guest {
    fn never<T>(&self, handle: &Resource<Never>) -> wasmtime::Result<T> {
        match *self.handles.get(handle)? {}
    }
}

impl HostIncomingRequest for Guest {
    fn method(&mut self, request: Resource<Never>) -> wasmtime::Result<Method> {
        self.never(&request)
    }

    fn path_with_query(&mut self, request: Resource<Never>) -> wasmtime::Result<Option<String>> {
        self.never(&request)
    }

    fn scheme(&mut self, request: Resource<Never>) -> wasmtime::Result<Option<Scheme>> {
        self.never(&request)
    }

    fn authority(&mut self, request: Resource<Never>) -> wasmtime::Result<Option<String>> {
        self.never(&request)
    }

    fn headers(&mut self, request: Resource<Never>) -> wasmtime::Result<Resource<Fields>> {
        self.never(&request)
    }

    fn consume(
        &mut self,
        request: Resource<Never>,
    ) -> wasmtime::Result<Result<Resource<IncomingBody>, ()>> {
        self.never(&request)
    }

    fn drop(&mut self, request: Resource<Never>) -> wasmtime::Result<()> {
        self.never(&request)
    }
}

impl HostResponseOutparam for Guest {
    fn send_informational(
        &mut self,
        outparam: Resource<Never>,
        _: u16,
        _: Resource<Fields>,
    ) -> wasmtime::Result<Result<(), ErrorCode>> {
        self.never(&outparam)
    }

    fn set(
        &mut self,
        outparam: Resource<Never>,
        _: Result<Resource<OutgoingResponse>, ErrorCode>,
    ) -> wasmtime::Result<()> {
        self.never(&outparam)
    }

    fn drop(&mut self, outparam: Resource<Never>) -> wasmtime::Result<()> {
        self.never(&outparam)
    }
}
