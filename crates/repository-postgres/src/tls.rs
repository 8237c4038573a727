//! TLS for connections: what of the server's certificate is checked.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{
        CertificateDer, ServerName, UnixTime,
        pem::{self, PemObject},
    },
    server::ParsedCertificate,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::connection_url::{Roots, Verification};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("cannot read the certificate authorities in {0}")]
    Unreadable(PathBuf, #[source] pem::Error),
    #[error("there is no certificate in {0}")]
    Empty(PathBuf),
    #[error("the system has no certificate authorities; name a file in sslrootcert")]
    NoSystemRoots(#[source] Option<rustls_native_certs::Error>),
    #[error("cannot use a certificate authority")]
    Rustls(#[from] rustls::Error),
}

/// Makes TLS connections that check what `verification` asks for.
pub(crate) fn connector(verification: Verification) -> Result<MakeRustlsConnect, TlsError> {
    let provider = ring::default_provider();
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions()?;
    let partial = |roots| Arc::new(PartialVerifier { roots, algorithms });
    let mut config = match verification {
        Verification::AuthorityAndName(roots) => builder.with_root_certificates(load(roots)?).with_no_client_auth(),
        Verification::Authority(roots) => {
            let verifier = partial(Some(load(roots)?));
            builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        }
        Verification::Nothing => {
            builder.dangerous().with_custom_certificate_verifier(partial(None)).with_no_client_auth()
        }
    };
    // What `sslnegotiation=direct` demands; servers that do not know it pay no attention.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

fn load(roots: Roots) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::System => {
            let mut found = rustls_native_certs::load_native_certs();
            if store.add_parsable_certificates(found.certs).0 == 0 {
                return Err(TlsError::NoSystemRoots(found.errors.pop()));
            }
        }
        Roots::File(path) => {
            let unreadable = |source| TlsError::Unreadable(path.clone(), source);
            for certificate in CertificateDer::pem_file_iter(&path).map_err(unreadable)? {
                store.add(certificate.map_err(unreadable)?)?;
            }
            if store.is_empty() {
                return Err(TlsError::Empty(path));
            }
        }
    }
    Ok(store)
}

/// Checks less than rustls does: not the name, and without roots not the signer either. That the server holds the certificate's
/// key is always checked.
#[derive(Debug)]
struct PartialVerifier {
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for PartialVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, self.algorithms.all)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
