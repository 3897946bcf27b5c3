//! Components in OCI registries, in the layout that the WebAssembly working group of the CNCF wrote down: a
//! configuration `application/vnd.wasm.config.v0+json`, and one layer `application/wasm` with the component as it is.
//! The signature is an annotation of the manifest, so that other tools find the one layer that they expect.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use docker_credential::DockerCredential;
use oci_client::{
    Client, Reference,
    client::{ClientConfig, ClientProtocol, Config, ImageLayer},
    manifest::{OciDescriptor, OciImageManifest},
    secrets::RegistryAuth,
};
use serde_json::json;
use tokio::io::AsyncWrite;
use voyager_base::operation::Skill;

use crate::{
    COMPONENT_BYTES_MAX, FetchError, Offer,
    hash::sha256,
    web::{Progress, is_loopback, ready_tls},
};

const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";
/// What tools wrote before the layout was agreed upon.
const LAYER_BEFORE: &str = "application/vnd.wasm.content.layer.v1+wasm";
/// The annotation that holds minisign's signature of the layer: its file in base64, since the client writes line ends as
/// they are, and a registry takes that for broken JSON.
const SIGNATURE: &str = "dev.voyager.minisig";
const VERSION: &str = "org.opencontainers.image.version";

/// What is pushed.
#[derive(Clone, Debug)]
pub struct Publication<'a> {
    /// What the component is.
    pub skill: &'a Skill,
    /// The component.
    pub bytes: Vec<u8>,
    /// Its signature, where it has one.
    pub signature: Option<String>,
    /// Now, as RFC 3339.
    pub created: String,
}

/// Reads what follows `oci://`.
pub(crate) fn reference(text: &str, plain_http: bool) -> Result<Reference, FetchError> {
    let malformed = |why: String| FetchError::Address(format!("oci://{text}"), why);
    let reference: Reference = text.parse().map_err(|error| malformed(format!("{error}")))?;
    let registry = reference.resolve_registry();
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    if plain_http && !is_loopback(host) {
        return Err(malformed("--plain-http is for registries of this machine itself".to_owned()));
    }
    Ok(reference)
}

fn client(plain_http: bool) -> Client {
    ready_tls();
    Client::new(ClientConfig {
        protocol: if plain_http { ClientProtocol::Http } else { ClientProtocol::Https },
        // A component is the same on every machine: an index of images is none.
        platform_resolver: None,
        connect_timeout: Some(Duration::from_secs(10)),
        read_timeout: Some(Duration::from_secs(30)),
        user_agent: concat!("agent-host/", env!("CARGO_PKG_VERSION")),
        // What is not encrypted, credentials too, leaves this machine by no proxy: one that is named here stands in for
        // those of the environment, and nobody is reached through it.
        http_proxy: plain_http.then(|| "http://localhost".to_owned()),
        no_proxy: plain_http.then(|| "*, 0.0.0.0/0, ::/0".to_owned()),
        ..ClientConfig::default()
    })
}

/// What `docker login` left, or nothing.
fn credentials(registry: &str) -> RegistryAuth {
    match docker_credential::get_credential(registry) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            RegistryAuth::Basic(user, password)
        }
        Ok(DockerCredential::IdentityToken(token)) => RegistryAuth::Bearer(token),
        Err(_) => RegistryAuth::Anonymous,
    }
}

/// Pulls the component that a reference names.
pub(crate) async fn pull(
    image: &Reference,
    plain_http: bool,
    progress: Progress<'_>,
) -> Result<Offer, FetchError> {
    let source = format!("oci://{image}");
    let failed = |error| FetchError::Registry { address: source.clone(), source: Box::new(error) };
    let client = client(plain_http);
    let auth = credentials(image.resolve_registry());
    let (manifest, digest) = client.pull_image_manifest(image, &auth).await.map_err(failed)?;
    let layer = layer(&manifest).map_err(|why| FetchError::Layout(source.clone(), why))?;
    if layer.size < 0 || layer.size as u64 > COMPONENT_BYTES_MAX {
        return Err(FetchError::TooLarge(source));
    }
    let total = layer.size as u64;
    let mut bytes = Bounded { bytes: Vec::new(), total, progress };
    client.pull_blob(image, layer, &mut bytes).await.map_err(failed)?;
    let signature = manifest.annotations.as_ref().and_then(|it| it.get(SIGNATURE));
    let (bytes, signature) = (bytes.bytes, signature.map(|it| annotated(it)));
    let last = image.repository().rsplit('/').next().unwrap_or_default();
    let name = image.tag().map_or_else(|| last.to_owned(), |tag| format!("{last}@{tag}"));
    Ok(Offer { bytes, source, name, signature, manifest: Some(digest), is_local: false })
}

/// The signature that an annotation holds. What is no base64 stays as it is, and is refused as no signature.
fn annotated(text: &str) -> String {
    let bytes = BASE64.decode(text).ok().and_then(|it| String::from_utf8(it).ok());
    bytes.unwrap_or_else(|| text.to_owned())
}

/// The one layer with a component.
fn layer(manifest: &OciImageManifest) -> Result<&OciDescriptor, String> {
    let is_component = |it: &&OciDescriptor| [LAYER, LAYER_BEFORE].contains(&&*it.media_type);
    match manifest.layers.iter().filter(is_component).collect::<Vec<_>>().as_slice() {
        [one] => Ok(*one),
        [] => Err(format!("it holds no layer of the type {LAYER}")),
        several => Err(format!("it holds {} layers with components", several.len())),
    }
}

/// Pushes a component; gives back the digest of its manifest.
pub(crate) async fn push(
    image: &Reference,
    plain_http: bool,
    publication: Publication<'_>,
) -> Result<String, FetchError> {
    let source = format!("oci://{image}");
    let failed = |error| FetchError::Registry { address: source.clone(), source: Box::new(error) };
    let client = client(plain_http);
    let auth = credentials(image.resolve_registry());
    let config = Config::new(configuration(&publication), CONFIG.to_owned(), None);
    let mut annotations = BTreeMap::new();
    if !publication.skill.version.is_empty() {
        annotations.insert(VERSION.to_owned(), publication.skill.version.clone());
    }
    let signature = publication.signature.map(|it| BASE64.encode(it));
    annotations.extend(signature.map(|it| (SIGNATURE.to_owned(), it)));
    let layers = [ImageLayer::new(publication.bytes, LAYER.to_owned(), None)];
    let manifest = OciImageManifest::build(&layers, &config, Some(annotations));
    client.push(image, &layers, config, &auth, Some(manifest)).await.map_err(failed)?;
    client.fetch_manifest_digest(image, &auth).await.map_err(failed)
}

/// What a registry may know of a component without reading it.
fn configuration(publication: &Publication<'_>) -> Vec<u8> {
    let skill = publication.skill;
    let version =
        if skill.version.is_empty() { String::new() } else { format!("@{}", skill.version) };
    let interface = |it: &str| format!("{}/{it}{version}", skill.package);
    let exports: BTreeSet<String> =
        skill.operations.iter().map(|it| interface(&it.name.interface)).collect();
    let configuration = json!({
        "created": publication.created,
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [format!("sha256:{}", sha256(&publication.bytes))],
        "component": { "exports": exports, "imports": skill.imports, "target": null },
    });
    configuration.to_string().into_bytes()
}

/// Takes what was announced and no more, so that a registry can't fill memory.
struct Bounded<'a> {
    bytes: Vec<u8>,
    total: u64,
    progress: Progress<'a>,
}

impl AsyncWrite for Bounded<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        chunk: &[u8],
    ) -> Poll<io::Result<usize>> {
        if (self.bytes.len() + chunk.len()) as u64 > self.total {
            return Poll::Ready(Err(io::Error::other(
                "the layer is larger than its manifest says",
            )));
        }
        self.bytes.extend_from_slice(chunk);
        (self.progress)(self.bytes.len() as u64, Some(self.total));
        Poll::Ready(Ok(chunk.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
