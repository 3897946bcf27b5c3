//! Which encoder this host has: what the command line says, else the environment, else `encoder.yaml` beside the
//! policy, else none.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use reqwest::Url;
use voyager_manifest::settings;

use super::web::{Dialect, Endpoint};
use crate::{
    failure::{Failure, FailureKind},
    places::Places,
    secret_source::SecretSource,
};

/// The name of the file.
const FILE: &str = "encoder.yaml";

/// What the command line or the environment says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// Which encoder.
    pub(crate) encoder: Option<String>,
    /// Where the key of an endpoint comes from.
    pub(crate) key: Option<String>,
}

/// Which encoder, and the key that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(super) what: What,
    pub(super) key: Option<SecretSource>,
}

/// Which encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    None,
    Hashed,
    Folder(PathBuf),
    Web(Endpoint),
}

impl Setting {
    /// The setting of this host. Folders are relative to `current` where somebody typed them, else to the file.
    ///
    /// # Errors
    /// It can't be read, or says what there is not.
    pub(crate) fn find(said: &Said, places: &Places, current: &Path) -> Result<Self, Failure> {
        if let Some(encoder) = &said.encoder {
            let setting = read(encoder, said.key.as_deref(), current);
            return setting.map_err(|it| Failure::usage(format!("--encoder: {it}")));
        }
        let Some(file) = Self::file(places) else { return Ok(Self::none()) };
        let folder = file.parent().unwrap_or_else(|| Path::new("/"));
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::none()),
            Err(error) => {
                let what = format!("cannot read {}", file.display());
                return Err(Failure::environment(what, &error));
            }
        };
        of_file(&text, said.key.as_deref(), folder).map_err(|why| {
            let message = format!("{} is wrong: {why}", file.display());
            Failure::new(FailureKind::Environment, message)
                .hint("write `encoder: none`, or see docs/guide/memory.md")
        })
    }

    /// The file that says it, whether or not it is there.
    pub(crate) fn file(places: &Places) -> Option<PathBuf> {
        places.configuration.as_ref().map(|it| it.join(FILE))
    }

    /// Whether it names an encoder.
    pub(crate) fn is_some(&self) -> bool {
        !matches!(self.what, What::None)
    }

    /// That of an encoder which needs no key.
    #[cfg(test)]
    pub(crate) fn of(encoder: &str) -> Self {
        read(encoder, None, Path::new("/")).expect("it is one")
    }

    /// No encoder.
    fn none() -> Self {
        Self { what: What::None, key: None }
    }
}

fn of_file(text: &str, key: Option<&str>, folder: &Path) -> Result<Setting, String> {
    let data = settings::read(text, FILE)?;
    let entries = data.as_object().ok_or("it has keys with values: `encoder: hashed`")?;
    if let Some(other) = entries.keys().find(|it| !["encoder", "key"].contains(&it.as_str())) {
        return Err(format!("there is no key `{other}`; there are `encoder` and `key`"));
    }
    let value = |name: &str| match entries.get(name) {
        None => Ok(None),
        Some(it) => it.as_str().map(Some).ok_or_else(|| format!("`{name}` is a text")),
    };
    let encoder = value("encoder")?.ok_or("it lacks `encoder`")?;
    let own = value("key")?;
    read(encoder, key.or(own), folder)
}

fn read(encoder: &str, key: Option<&str>, folder: &Path) -> Result<Setting, String> {
    let key: Option<SecretSource> = key.map(str::parse).transpose()?;
    let what = match encoder {
        "none" => What::None,
        "hashed" => What::Hashed,
        "" => return Err("`none`, `hashed`, a folder or an address is wanted".to_owned()),
        _ if encoder.contains("://") => What::Web(endpoint(encoder)?),
        path => What::Folder(folder.join(path)),
    };
    Ok(Setting { what, key: key.map(|it| it.absolute(folder)) })
}

/// An address whose path says the dialect, and whose end behind `#` names the model.
fn endpoint(text: &str) -> Result<Endpoint, String> {
    // Not repeated: it may hold a password.
    let mut url: Url = text.parse().map_err(|it| format!("the address can't be read: {it}"))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err("an address has no password and no `?`; a key comes with --encoder-key".into());
    }
    let is_local = url.host_str().is_some_and(voyager_package::is_loopback);
    if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
        return Err("texts go to https only, or by http to this machine itself".to_owned());
    }
    let dialect = if url.path().ends_with("/api/embed") {
        Dialect::Ollama
    } else if url.path().ends_with("/embeddings") {
        Dialect::OpenAi
    } else {
        return Err("an address ends with `/v1/embeddings` or `/api/embed`".to_owned());
    };
    let model = url.fragment().filter(|it| !it.is_empty()).map(str::to_owned);
    let model = model.ok_or("an address names the model behind `#`: `...#nomic-embed-text`")?;
    url.set_fragment(None);
    Ok(Endpoint { url, dialect, model })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(encoder: &str) -> Result<Setting, String> {
        read(encoder, None, Path::new("/here"))
    }

    #[test]
    fn an_encoder_is_a_word_a_folder_or_an_address() {
        assert_eq!(setting("none").unwrap().what, What::None);
        assert_eq!(setting("hashed").unwrap().what, What::Hashed);
        assert_eq!(setting("e5").unwrap().what, What::Folder("/here/e5".into()));
        let What::Web(it) = setting("http://127.0.0.1:11434/api/embed#nomic").unwrap().what else {
            panic!("no address");
        };
        assert_eq!((it.dialect, it.model.as_str()), (Dialect::Ollama, "nomic"));
        assert_eq!(it.url.as_str(), "http://127.0.0.1:11434/api/embed");
        for (wrong, why) in [
            ("http://example.org/v1/embeddings#m", "https only"),
            ("ftp://localhost/v1/embeddings#m", "https only"),
            ("https://example.org/v1/chat#m", "ends with"),
            ("https://example.org/v1/embeddings", "names the model"),
            ("https://a:hush@example.org/v1/embeddings#m", "no password"),
            ("https://example.org/v1/embeddings?key=hush#m", "no password"),
        ] {
            let error = setting(wrong).unwrap_err();
            assert!(error.contains(why) && !error.contains("hush"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_file_says_the_encoder_and_where_its_key_is() {
        let read = |text: &str| of_file(text, None, Path::new("/conf"));
        let setting = read("encoder: model\nkey: file:key\n").unwrap();
        assert_eq!(setting.what, What::Folder("/conf/model".into()));
        assert_eq!(setting.key, Some(SecretSource::File("/conf/key".into())));
        for (wrong, why) in [
            ("", "lacks"),
            ("key: env:A\n", "lacks"),
            ("encoder: none\nmodel: a\n", "no key `model`"),
        ] {
            let error = read(wrong).unwrap_err();
            assert!(error.contains(why), "{wrong}: {error}");
        }
        let error = read("encoder: none\nkey: sk-hush-hush\n").unwrap_err();
        assert!(!error.contains("hush"), "{error}");
    }
}
