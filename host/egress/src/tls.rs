//! Who is trusted to say who a server is.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, pem::PemObject},
    },
};

/// The authorities whose certificates are believed.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    /// Whether those of the machine are: what its other programs trust, a company's own among them.
    pub machine: bool,
    /// Files in PEM with further ones.
    pub files: Vec<PathBuf>,
}

impl Roots {
    /// Those of the machine.
    pub fn machine() -> Self {
        Self { machine: true, files: Vec::new() }
    }
}

/// Makes connections private. The authorities are read at the first one: most runs ask nobody.
pub(crate) struct Tls {
    roots: Roots,
    connector: OnceLock<Result<TlsConnector, String>>,
}

impl Tls {
    pub(crate) fn new(roots: Roots) -> Self {
        Self { roots, connector: OnceLock::new() }
    }

    /// The connector, or why there is none.
    pub(crate) fn connector(&self) -> Result<&TlsConnector, String> {
        self.connector.get_or_init(|| connector(&self.roots)).as_ref().map_err(Clone::clone)
    }
}

fn connector(roots: &Roots) -> Result<TlsConnector, String> {
    let mut store = RootCertStore::empty();
    if roots.machine {
        let found = rustls_native_certs::load_native_certs();
        // An authority that can't be read is one that is not trusted.
        store.add_parsable_certificates(found.certs);
    }
    for file in &roots.files {
        let unreadable = |error: &dyn std::fmt::Display| {
            format!("the certificates in {} can't be read: {error}", file.display())
        };
        let all = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))?;
        for one in all {
            let one = one.map_err(|error| unreadable(&error))?;
            store.add(one).map_err(|error| unreadable(&error))?;
        }
    }
    if store.is_empty() {
        return Err("this machine has no certificates of authorities, so that no server can be \
                    recognised; install them (the package `ca-certificates`)"
            .to_owned());
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|it| it.to_string())?;
    let mut config = builder.with_root_certificates(store).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
