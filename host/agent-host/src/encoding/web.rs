//! Vectors from an endpoint: OpenAI's `POST /v1/embeddings`, which many servers speak, or Ollama's `POST /api/embed`.
//!
//! Nothing of an answer is believed: its size, how many vectors it has, their dimensions and numbers are checked. What
//! a server says about an error is not told further, since it may repeat the key or the texts.

use std::time::Duration;

use reqwest::{Client, StatusCode, Url, header, redirect};
use serde::Deserialize;
use serde_json::json;
use voyager_base::secret::Secret;
use voyager_memory::DIMENSIONS_MAX;

use super::Trouble;
use crate::{failure::with_causes, secret_source::SecretSource};

const CONNECT: Duration = Duration::from_secs(3);

/// Bytes that each text may add to an answer: so many numbers, written out at length.
const TEXT_ANSWER_BYTES_MAX: usize = DIMENSIONS_MAX * 32;
/// Bytes of an answer beside that.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Where a key is named.
const KEY_HERE: &str = "`key` in encoder.yaml, or --encoder-key of the command that the process with the state began with";

/// Pauses before another attempt, where that may help.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// How long somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// For an answer: not long, and once.
    Question,
    /// For the work behind: a model may have to be loaded first.
    Work,
}

impl Patience {
    fn limit(self) -> Duration {
        match self {
            Self::Question => Duration::from_secs(5),
            Self::Work => Duration::from_secs(60),
        }
    }

    fn pauses(self) -> &'static [Duration] {
        match self {
            Self::Question => &[],
            Self::Work => &PAUSES,
        }
    }
}

/// How an endpoint is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    OpenAi,
    Ollama,
}

/// Where the vectors come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) url: Url,
    pub(super) dialect: Dialect,
    pub(super) model: String,
}

/// An endpoint that is asked.
pub(super) struct Web {
    endpoint: Endpoint,
    client: Client,
    key: Option<Secret>,
}

/// An answer of OpenAI's kind.
#[derive(Deserialize)]
struct Listed {
    data: Vec<Numbered>,
}

#[derive(Deserialize)]
struct Numbered {
    index: usize,
    embedding: Vec<f32>,
}

/// An answer of Ollama's kind.
#[derive(Deserialize)]
struct Embedded {
    embeddings: Vec<Vec<f32>>,
}

impl Web {
    pub(super) fn new(endpoint: Endpoint, key: Option<&SecretSource>) -> Result<Self, String> {
        voyager_package::ready_tls();
        let client = Client::builder()
            .connect_timeout(CONNECT)
            // The texts are for this address and no other.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("agent-host/", env!("CARGO_PKG_VERSION")));
        // A proxy would read what is not encrypted, the key with it.
        let client = if endpoint.url.scheme() == "https" { client } else { client.no_proxy() };
        let client = client.build().map_err(|error| with_causes(&error))?;
        let key = key.map(|it| it.read().map_err(|why| format!("its key: {why}"))).transpose()?;
        Ok(Self { endpoint, client, key })
    }

    /// The address with the model: what makes other vectors has another one.
    pub(super) fn name(&self) -> String {
        format!("{}#{}", self.endpoint.url, self.endpoint.model)
    }

    /// A vector for each text. Why an attempt gave none is told to `failed` where another one follows.
    pub(super) async fn encode(
        &self,
        texts: &[String],
        patience: Patience,
        failed: impl Fn(String),
    ) -> Result<Vec<Vec<f32>>, Trouble> {
        let mut pauses = patience.pauses().iter();
        loop {
            let once = tokio::time::timeout(patience.limit(), self.once(texts)).await;
            let late = || Attempt::Later(format!("no answer in {} s", patience.limit().as_secs()));
            match once.unwrap_or_else(|_| Err(late())) {
                Ok(vectors) => return Ok(vectors),
                Err(Attempt::Ended(trouble)) => return Err(trouble),
                Err(Attempt::Later(why)) => {
                    let why = format!("{}: {why}", self.endpoint.url);
                    let Some(pause) = pauses.next() else { return Err(Trouble::Down(why)) };
                    failed(why);
                    tokio::time::sleep(*pause).await;
                }
            }
        }
    }

    async fn once(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Attempt> {
        let Endpoint { url, dialect, model } = &self.endpoint;
        let body = match dialect {
            Dialect::OpenAi => {
                json!({ "model": model, "input": texts, "encoding_format": "float" })
            }
            Dialect::Ollama => json!({ "model": model, "input": texts, "truncate": true }),
        };
        let mut request = self.client.post(url.clone()).body(body.to_string());
        request = request.header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            let value = format!("Bearer {}", key.reveal());
            let value = header::HeaderValue::try_from(value);
            // What is wrong with it is not told: it is the key.
            let unfit = |_| down(url, "the key can't stand in a header");
            let mut value = value.map_err(unfit)?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let later = |error: reqwest::Error| Attempt::Later(with_causes(&error.without_url()));
        let mut response = request.send().await.map_err(later)?;
        let status = response.status();
        if !status.is_success() {
            return Err(refused(&self.endpoint, self.key.is_some(), status));
        }
        let most = ANSWER_BYTES_MAX + texts.len() * TEXT_ANSWER_BYTES_MAX;
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(later)? {
            if answer.len() + chunk.len() > most {
                return Err(down(url, "its answer is larger than vectors are"));
            }
            answer.extend_from_slice(&chunk);
        }
        let vectors = match dialect {
            Dialect::OpenAi => of_openai(&answer, texts.len()),
            Dialect::Ollama => of_ollama(&answer),
        };
        let vectors = vectors.and_then(|it| checked(it, texts.len()));
        vectors.map_err(|why| Attempt::Ended(Trouble::Refused(format!("{url}: {why}"))))
    }
}

/// Why an attempt gave nothing.
enum Attempt {
    /// Another one may.
    Later(String),
    /// No other one will.
    Ended(Trouble),
}

fn down(url: &Url, why: &str) -> Attempt {
    Attempt::Ended(Trouble::Down(format!("{url}: {why}")))
}

/// What a status means: the texts are refused, the endpoint is, or another time helps.
fn refused(
    Endpoint { url, dialect, model }: &Endpoint,
    has_key: bool,
    status: StatusCode,
) -> Attempt {
    let why = format!("it answers with status {}", status.as_u16());
    match status.as_u16() {
        // Servers answer so where one text leads to numbers out of range.
        400 | 413 | 422 | 500 => Attempt::Ended(Trouble::Refused(format!("{url}: {why}"))),
        408 | 425 | 429 | 502..=504 => Attempt::Later(why),
        401 | 403 if has_key => down(url, &format!("{why}: it does not take this key")),
        401 | 403 => down(url, &format!("{why}: it wants a key, {KEY_HERE}")),
        404 => {
            let pull = match dialect {
                Dialect::OpenAi => String::new(),
                Dialect::Ollama => format!(" (`ollama pull {model}` fetches it)"),
            };
            down(url, &format!("{why}: it has no model `{model}`{pull}, or nothing at this path"))
        }
        _ => down(url, &why),
    }
}

fn of_openai(answer: &[u8], count: usize) -> Result<Vec<Vec<f32>>, String> {
    let Listed { data } = serde_json::from_slice(answer).map_err(unreadable)?;
    if data.len() != count {
        return Err(miscounted(data.len(), count));
    }
    let mut vectors = vec![Vec::new(); count];
    for Numbered { index, embedding } in data {
        match vectors.get_mut(index) {
            Some(place) if place.is_empty() => *place = embedding,
            _ => return Err("its answer numbers a vector wrongly".to_owned()),
        }
    }
    Ok(vectors)
}

fn of_ollama(answer: &[u8]) -> Result<Vec<Vec<f32>>, String> {
    let Embedded { embeddings } = serde_json::from_slice(answer).map_err(unreadable)?;
    Ok(embeddings)
}

/// Where an answer can't be read; not what stands there.
fn unreadable(error: serde_json::Error) -> String {
    format!("its answer can't be read at column {}", error.column())
}

fn miscounted(vectors: usize, texts: usize) -> String {
    format!("it answers {texts} text(s) with {vectors} vector(s)")
}

/// As many vectors as texts, all of the same dimensions, of numbers.
fn checked(vectors: Vec<Vec<f32>>, count: usize) -> Result<Vec<Vec<f32>>, String> {
    let dimensions = vectors.first().map_or(0, Vec::len);
    if vectors.len() != count {
        return Err(miscounted(vectors.len(), count));
    }
    if !(1..=DIMENSIONS_MAX).contains(&dimensions)
        || vectors.iter().any(|it| it.len() != dimensions)
    {
        return Err(format!("its vectors have not all the same 1 to {DIMENSIONS_MAX} dimensions"));
    }
    if vectors.iter().flatten().any(|it| !it.is_finite()) {
        return Err("its vectors hold something that is no number".to_owned());
    }
    Ok(vectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_in_the_order_of_the_texts() {
        let answer = br#"{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}]}"#;
        assert_eq!(of_openai(answer, 2), Ok(vec![vec![1.0], vec![2.0]]));
        for count in [1, 3] {
            let told = format!("it answers {count} text(s) with 2 vector(s)");
            assert_eq!(of_openai(answer, count), Err(told));
        }
        let twice = br#"{"data":[{"index":0,"embedding":[2]},{"index":0,"embedding":[1]}]}"#;
        assert!(of_openai(twice, 2).is_err());
        assert_eq!(of_ollama(br#"{"embeddings":[[1,2]]}"#), Ok(vec![vec![1.0, 2.0]]));
        assert!(of_ollama(br#"{"embeddings":[[NaN]]}"#).is_err());
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let why = |dialect, has_key, status| {
            let url = "https://example.org/v1/embeddings".parse().unwrap();
            let endpoint = Endpoint { url, dialect, model: "e5".to_owned() };
            match refused(&endpoint, has_key, StatusCode::from_u16(status).unwrap()) {
                Attempt::Ended(Trouble::Down(why) | Trouble::Refused(why)) => why,
                Attempt::Later(why) => why,
            }
        };
        for (dialect, has_key, status, told) in [
            (Dialect::OpenAi, false, 401, "status 401: it wants a key, `key` in encoder.yaml"),
            (Dialect::OpenAi, true, 403, "status 403: it does not take this key"),
            (Dialect::OpenAi, true, 404, "no model `e5`, or nothing at this path"),
            (Dialect::Ollama, false, 404, "no model `e5` (`ollama pull e5` fetches it), or"),
            (Dialect::Ollama, false, 418, "it answers with status 418"),
        ] {
            let why = why(dialect, has_key, status);
            assert!(why.contains(told), "{why}");
        }
    }

    #[test]
    fn vectors_that_are_none_are_refused() {
        assert!(checked(vec![vec![1.0], vec![2.0]], 2).is_ok());
        for wrong in [
            vec![vec![1.0]],
            vec![vec![], vec![]],
            vec![vec![1.0], vec![1.0, 2.0]],
            vec![vec![1.0], vec![f32::INFINITY]],
            vec![vec![1.0], vec![f32::NAN]],
            vec![vec![1.0; DIMENSIONS_MAX + 1], vec![1.0; DIMENSIONS_MAX + 1]],
        ] {
            assert!(checked(wrong, 2).is_err());
        }
    }
}
