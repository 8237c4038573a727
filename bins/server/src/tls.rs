//! TLS: one certificate, which can be exchanged while the server runs.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::Context;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// The certificate that clients are shown at present, and the files that it is read from.
#[derive(Debug)]
pub(crate) struct Certificate {
    chain_file: PathBuf,
    key_file: PathBuf,
    provider: Arc<CryptoProvider>,
    /// Looked at once for each handshake.
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads PEM files.
    ///
    /// # Errors
    /// When a file cannot be read or understood, or the key is not that of the certificate.
    pub(crate) fn read(chain_file: &Path, key_file: &Path) -> anyhow::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let current = RwLock::new(Arc::new(certified_key(chain_file, key_file, &provider)?));
        Ok(Self { chain_file: chain_file.to_owned(), key_file: key_file.to_owned(), provider, current })
    }

    /// Reads the files again: later handshakes show what is there now. On an error the old certificate stays.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn reload(&self) -> anyhow::Result<()> {
        let new = Arc::new(certified_key(&self.chain_file, &self.key_file, &self.provider)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// TLS 1.2 and 1.3 with this certificate; actix-web adds the protocols that it speaks.
    ///
    /// # Errors
    /// None with this provider.
    pub(crate) fn server_config(self: &Arc<Self>) -> anyhow::Result<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider));
        let builder = builder.with_safe_default_protocol_versions().context("the TLS versions cannot be used")?;
        Ok(builder.with_no_client_auth().with_cert_resolver(Arc::clone(self) as _))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn certified_key(chain_file: &Path, key_file: &Path, provider: &CryptoProvider) -> anyhow::Result<CertifiedKey> {
    let chain = read(chain_file, "server.tls_certificate")?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let unusable = || format!("server.tls_certificate {} has no certificate in PEM", chain_file.display());
    let chain = chain.with_context(unusable)?;
    anyhow::ensure!(!chain.is_empty(), unusable());
    let key = read(key_file, "server.tls_key")?;
    let unusable = || format!("server.tls_key {} has no private key in PEM that can be used", key_file.display());
    // The cause may quote the key.
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_cause| anyhow::anyhow!(unusable()))?;
    let pair = CertifiedKey::from_der(chain, key, provider);
    pair.with_context(|| format!("server.tls_key {} does not fit server.tls_certificate", key_file.display()))
}

fn read(file: &Path, key: &str) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("{key} {} cannot be read", file.display()))
}
