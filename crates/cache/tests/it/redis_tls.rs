//! Redis over TLS, and the addresses that are refused.

use larder_cache::{RedisOptions, RedisRemote, Remote};
use larder_test_support::{Redis, RedisOptions as ServerOptions};
use rcgen::{CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};

use crate::redis::{BY, CACHE, a_fill};

/// An authority in PEM, and what a server for `name` needs of it: certificate and key in files of a folder.
fn certified(folder: &std::path::Path, name: &str) -> anyhow::Result<String> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let mut server = CertificateParams::new(vec![name.to_owned()])?;
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    std::fs::write(folder.join("server.crt"), server.signed_by(&key, &authority)?.pem())?;
    std::fs::write(folder.join("server.key"), key.serialize_pem())?;
    Ok(authority.pem())
}

/// A server that speaks TLS on the port that its URL names, and the authority of its certificate.
struct Secure {
    server: Redis,
    port: String,
    authority: String,
}

impl Secure {
    async fn start() -> anyhow::Result<Self> {
        let server = Redis::start(ServerOptions::default()).await?;
        let authority = certified(server.folder(), "localhost")?;
        let file = |name: &str| server.folder().join(name).display().to_string();
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let (certificate, key) = (file("server.crt"), file("server.key"));
        let set = ["CONFIG", "SET", "tls-cert-file", &certificate, "tls-key-file", &key, "tls-ca-cert-file"];
        let more = [&certificate, "tls-auth-clients", "no", "tls-port", &port];
        server.command::<()>(&[&set[..], &more[..]].concat()).await?;
        Ok(Self { server, port, authority })
    }

    fn remote(&self, host: &str, authority: &str) -> RedisRemote {
        let password = self.server.url().trim_start_matches("redis://:").split('@').next().unwrap_or("").to_owned();
        let url = format!("rediss://default:{password}@{host}:{}/", self.port);
        let ca_certificate = Some(authority.as_bytes().to_vec());
        let options = RedisOptions { url, namespace: "shop".into(), ca_certificate, ..RedisOptions::default() };
        RedisRemote::new(&options).expect("the options work")
    }
}

#[tokio::test]
async fn a_server_is_believed_if_the_authority_signed_for_its_name() -> anyhow::Result<()> {
    let secure = Secure::start().await?;
    let remote = secure.remote("localhost", &secure.authority);
    remote.insert(CACHE, BY, &a_fill("a", 1, "one")).await?;
    assert_eq!(remote.fetch(CACHE, &["a"]).await?[0].as_ref().expect("stored").frame, "one");
    secure.remote("127.0.0.1", &secure.authority).ping().await.unwrap_err();
    let folder = secure.server.folder().join("other");
    std::fs::create_dir(&folder)?;
    secure.remote("localhost", &certified(&folder, "localhost")?).ping().await.unwrap_err();
    Ok(())
}

#[tokio::test]
async fn addresses_and_certificates_that_cannot_work_are_refused() {
    let refused = |url: &str, authority: Option<&str>| {
        let ca_certificate = authority.map(|authority| authority.as_bytes().to_vec());
        let options =
            RedisOptions { url: url.into(), namespace: "shop".into(), ca_certificate, ..RedisOptions::default() };
        RedisRemote::new(&options).expect_err("refused").option
    };
    for url in ["", "http://cache", "redis+sentinel://cache", "redis+cluster://cache/1", "rediss://cache/#insecure"] {
        assert_eq!(refused(url, None), "url", "{url}");
    }
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for authority in ["", "no certificate", damaged] {
        assert_eq!(refused("rediss://cache", Some(authority)), "ca_certificate", "{authority}");
    }
    assert_eq!(refused("redis://cache", Some(damaged)), "ca_certificate");
}
