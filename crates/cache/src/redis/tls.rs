//! One server's address as the client takes it, and what of its certificate is checked.

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, TlsCertificates};
use rustls::{
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::ConfigError;

/// The answer to an address that cannot be read.
pub(super) const BAD_URL: ConfigError = ConfigError {
    option: "url",
    rule: "must be redis://[user:password@]host:port[/database], \
           redis+sentinel://[user:password@]host:port[,host:port…]/MASTER_NAME[/database][?sentinel_user=…&sentinel_password=…] \
           or redis+cluster://[user:password@]host:port[,host:port…], and rediss in place of redis for TLS",
};

/// Reads the address of one server, with TLS set up if it asks for it.
pub(super) fn server(url: &str, ca_certificate: Option<&[u8]>) -> Result<ConnectionInfo, ConfigError> {
    let server = url.into_connection_info().map_err(|_cause| BAD_URL)?;
    match (server.addr(), ca_certificate) {
        (ConnectionAddr::TcpTls { insecure: true, .. }, _) => {
            Err(ConfigError { option: "url", rule: "must not say #insecure: name the authority in ca_certificate" })
        }
        (ConnectionAddr::TcpTls { .. }, authority) => {
            provide_cryptography();
            authority.map_or(Ok(server.clone()), |authority| trusting(server.clone(), authority))
        }
        (_, Some(_)) => Err(ConfigError { option: "ca_certificate", rule: "needs a rediss:// url" }),
        (_, None) => Ok(server),
    }
}

fn trusting(server: ConnectionInfo, authority: &[u8]) -> Result<ConnectionInfo, ConfigError> {
    let unreadable = ConfigError { option: "ca_certificate", rule: "must be one or more certificates in PEM" };
    if CertificateDer::pem_slice_iter(authority).next().is_none() {
        return Err(unreadable);
    }
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(authority.to_vec()) };
    let client = Client::build_with_tls(server, certificates).map_err(|_cause| unreadable)?;
    Ok(client.get_connection_info().clone())
}

/// The client takes the process's default provider, and can be given no other. rustls makes the only compiled one the default,
/// and panics where there are two and the program has named none: then it is ring.
fn provide_cryptography() {
    if CryptoProvider::get_default().is_none() {
        // An error says that another thread was quicker, and then there is one.
        let _there_is_one = ring::default_provider().install_default();
    }
}
