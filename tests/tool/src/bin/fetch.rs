//! A client of servers for the tests of WASI's own HTTP: `fetch METHOD URL [BODY]`. It knows nothing of Voyager,
//! and nothing but `wasi:http`; what came of it is printed, and an error ends it with exit code 1.
#![allow(clippy::print_stdout, reason = "it is what the program is for")]

#[cfg(target_os = "wasi")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [method, url, body @ ..] = arguments.as_slice() else {
        eprintln!("fetch METHOD URL [BODY]");
        std::process::exit(2);
    };
    match client::fetch(method, url, body.first().map(String::as_str)) {
        Ok(answer) => println!("{answer}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

#[cfg(not(target_os = "wasi"))]
fn main() {
    println!("this is a program for WASI");
}

#[cfg(target_os = "wasi")]
mod client {
    use wasip2::{
        http::{
            outgoing_handler,
            types::{
                Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions,
                Scheme,
            },
        },
        io::streams::StreamError,
    };

    /// Asks, and gives back status, headers and body.
    pub(super) fn fetch(method: &str, url: &str, body: Option<&str>) -> Result<String, String> {
        let (scheme, rest) = url.split_once("://").ok_or("this is no URL")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let headers = Fields::new();
        headers.append("X-Own", b"own").map_err(told)?;
        if let Some(body) = body {
            headers.set("Content-Length", &[body.len().to_string().into_bytes()]).map_err(told)?;
        }
        let request = OutgoingRequest::new(headers);
        let scheme = if scheme == "http" { Scheme::Http } else { Scheme::Https };
        request.set_method(&named(method)).map_err(|()| "this is no method")?;
        request.set_scheme(Some(&scheme)).map_err(|()| "this is no scheme")?;
        request.set_authority(Some(authority)).map_err(|()| "this is no authority")?;
        request.set_path_with_query(Some(path)).map_err(|()| "this is no path")?;
        let options = RequestOptions::new();
        options.set_connect_timeout(Some(5_000_000_000)).map_err(|()| "no such timeout")?;
        // The usual order of clients: the request first, its body while it is under way.
        let outgoing = request.body().map_err(|()| "the body is taken")?;
        let future = outgoing_handler::handle(request, Some(options)).map_err(told)?;
        if let Some(body) = body {
            let stream = outgoing.write().map_err(|()| "the stream is taken")?;
            stream.blocking_write_and_flush(body.as_bytes()).map_err(told)?;
        }
        OutgoingBody::finish(outgoing, None).map_err(told)?;
        future.subscribe().block();
        let answer = future.get().ok_or("it is not there")?;
        let response = answer.map_err(|()| "it was taken")?.map_err(told)?;
        if future.get().is_some_and(|again| again.is_ok()) {
            return Err("it was there twice".to_owned());
        }
        shown(&response)
    }

    fn shown(response: &IncomingResponse) -> Result<String, String> {
        let of = response.headers().get("X-OF").pop().unwrap_or_default();
        let body = response.consume().map_err(|()| "the body was taken")?;
        let stream = body.stream().map_err(|()| "the stream was taken")?;
        let mut bytes = Vec::new();
        loop {
            match stream.blocking_read(1_000) {
                Ok(piece) => bytes.extend(piece),
                Err(StreamError::Closed) => break,
                Err(error) => return Err(told(error)),
            }
        }
        let (status, of) = (response.status(), String::from_utf8_lossy(&of));
        Ok(format!("{status} {of}\n{}", String::from_utf8_lossy(&bytes)))
    }

    fn named(method: &str) -> Method {
        match method {
            "GET" => Method::Get,
            "POST" => Method::Post,
            other => Method::Other(other.to_owned()),
        }
    }

    fn told(error: impl std::fmt::Debug) -> String {
        format!("{error:?}")
    }
}
