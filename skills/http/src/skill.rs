//! The skill as a component.

#![expect(
    unsafe_code,
    clippy::allow_attributes_without_reason,
    clippy::use_self,
    reason = "the bindings are generated"
)]

wit_bindgen::generate!({
    path: ["../../wit/types.wit", "../../wit/http.wit", "wit"],
    world: "voyager-skills:http/skill",
    with: {
        "voyager:types/types@0.1.0": voyager_sdk::bindings::voyager::types::types,
        "voyager:http/http@0.1.0": voyager_sdk::bindings::voyager::http::http,
    },
});

use exports::voyager_skills::http::requests::{Answer, Guest, Header};
use voyager_sdk::{Error, http};

struct Skill;

export!(Skill);

impl Guest for Skill {
    fn get(url: String, headers: Option<Vec<Header>>) -> Result<Answer, Error> {
        answer(with(http::Request::new("GET", url), headers))
    }

    fn send(
        method: String,
        url: String,
        headers: Option<Vec<Header>>,
        body: Option<String>,
    ) -> Result<Answer, Error> {
        answer(with(http::Request::new(method, url), headers).body(body.unwrap_or_default()))
    }
}

fn with(request: http::Request, headers: Option<Vec<Header>>) -> http::Request {
    headers.into_iter().flatten().fold(request, |request, it| request.header(it.name, it.value))
}

fn answer(request: http::Request) -> Result<Answer, Error> {
    let response = request.send()?;
    let (status, url) = (response.status, response.url.clone());
    let headers = response.headers.iter().cloned();
    let headers = headers.map(|(name, value)| Header { name, value }).collect();
    let body = String::from_utf8_lossy(&http::bytes(&response)).into_owned();
    Ok(Answer { status, ok: (200..300).contains(&status), url, headers, body })
}
