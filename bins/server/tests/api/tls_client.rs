//! A client of a server that speaks TLS, close to the wire, and certificates for it.

use std::{fs, path::Path, sync::Arc};

use h2::client::SendRequest;
use http::Request;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};
use tokio::{net::TcpStream, runtime::Handle, task::JoinHandle};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::larder::Larder;

pub(crate) type Stream = TlsStream<TcpStream>;

/// The settings of a server with the files of [`Identity::write`].
pub(crate) const TLS: [(&str, &str); 2] =
    [("LARDER__SERVER__TLS_CERTIFICATE", "server.pem"), ("LARDER__SERVER__TLS_KEY", "server.key")];

/// A certificate for `localhost` and its key.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
    der: CertificateDer<'static>,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".into()]).expect("a certificate");
        Self { certificate: cert.pem(), key: signing_key.serialize_pem(), der: cert.der().clone() }
    }

    /// Writes the files that [`TLS`] names.
    pub(crate) fn write(&self, folder: &Path) {
        fs::write(folder.join("server.pem"), &self.certificate).expect("written");
        fs::write(folder.join("server.key"), &self.key).expect("written");
    }

    /// Starts a server that has it.
    pub(crate) fn serve(&self, settings: &[(&str, &str)]) -> Larder {
        let folder = tempfile::tempdir().expect("a folder");
        self.write(folder.path());
        Larder::start_in(folder, &[&TLS, settings].concat())
    }

    /// A connection that trusts only this certificate and speaks only `protocol`.
    pub(crate) async fn connect(&self, larder: &Larder, protocol: &str) -> std::io::Result<Stream> {
        self.connect_with(larder, protocol, &TLS13).await
    }

    pub(crate) async fn connect_with(
        &self,
        larder: &Larder,
        protocol: &str,
        version: &'static SupportedProtocolVersion,
    ) -> std::io::Result<Stream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("a certificate");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_protocol_versions(&[version]).expect("a version that there is");
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.into()];
        let socket = TcpStream::connect(larder.address()).await.expect("connects");
        let name = ServerName::try_from("localhost").expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, socket).await
    }
}

/// Both versions that the server speaks.
pub(crate) fn versions() -> [(&'static SupportedProtocolVersion, ProtocolVersion); 2] {
    [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)]
}

/// One connection of HTTP/2, and the task that drives it.
pub(crate) struct Http2 {
    pub(crate) requests: SendRequest<bytes::Bytes>,
    pub(crate) driver: JoinHandle<Result<(), h2::Error>>,
}

impl Http2 {
    /// `window` is how many bytes of each answer are taken before the client says that it has read some.
    pub(crate) async fn over(stream: Stream, window: u32) -> Self {
        let mut builder = h2::client::Builder::new();
        let handshake = builder.initial_window_size(window).handshake(stream).await;
        let (requests, connection) = handshake.expect("a connection");
        Self { requests, driver: Handle::current().spawn(connection) }
    }

    /// Status, headers and body of a GET.
    pub(crate) async fn get(&self, path: &str) -> Result<(u16, http::HeaderMap, Vec<u8>), h2::Error> {
        let (parts, mut body) = self.send(path).await?.await?.into_parts();
        let mut bytes = Vec::new();
        while let Some(chunk) = body.data().await {
            let chunk = chunk?;
            bytes.extend_from_slice(&chunk);
            body.flow_control().release_capacity(chunk.len())?;
        }
        Ok((parts.status.as_u16(), parts.headers, bytes))
    }

    /// Sends the head of a GET.
    pub(crate) async fn send(&self, path: &str) -> Result<h2::client::ResponseFuture, h2::Error> {
        let mut ready = self.requests.clone().ready().await?;
        let request = Request::get(format!("https://localhost{path}")).body(()).expect("a request");
        ready.send_request(request, true).map(|(answer, _)| answer)
    }
}
