//! TLS against a real server, with certificate authorities of our own.

use std::{io::Write, time::Duration};

use larder_repository::{Database, Error, ErrorKind};
use larder_repository_postgres::{PostgresDatabase, PostgresOptions};
use larder_test_support::{Postgres, PostgresOptions as ServerOptions};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::NamedTempFile;

use crate::databases::{chain, connect};

/// A certificate authority and the file that clients know it by.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: NamedTempFile,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(certificate.pem().as_bytes()).expect("written");
        Self { issuer: Issuer::new(params, key), file }
    }

    /// Certificate and key of a server that is `localhost` to its clients.
    fn server_files(&self) -> Vec<(String, Vec<u8>)> {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        vec![
            ("server.crt".to_owned(), certificate.pem().into_bytes()),
            ("server.key".to_owned(), key.serialize_pem().into_bytes()),
        ]
    }

    fn path(&self) -> &str {
        self.file.path().to_str().expect("a plain path")
    }
}

/// Connects, and answers whether the connection is encrypted.
async fn is_encrypted(server: &Postgres, host: &str, parameters: &str) -> Result<bool, Error> {
    let url = server.url().replace("127.0.0.1", host) + "?" + parameters;
    let database = PostgresDatabase::new(PostgresOptions {
        pool_size: 1,
        connect_timeout: Duration::from_secs(10),
        application_name: "tls test".to_owned(),
        ..PostgresOptions::new(url)
    })?;
    database.ping().await?;
    let query = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'tls test'";
    let row = connect(&server.url()).await.query_one(query, &[]).await.expect("the one connection");
    database.close().await;
    crate::databases::until(
        &connect(&server.url()).await,
        "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'tls test')",
    )
    .await;
    Ok(row.get(0))
}

#[tokio::test]
async fn each_sslmode_does_what_it_says_on_a_server_with_tls() {
    let (ours, foreign) = (Authority::new("ours"), Authority::new("foreign"));
    let settings = vec![("ssl".to_owned(), "on".to_owned())];
    let server = Postgres::start(ServerOptions { settings, files: ours.server_files() }).await.expect("a server");
    let (known, unknown) = (format!("sslrootcert={}", ours.path()), format!("sslrootcert={}", foreign.path()));

    for (host, parameters, encrypted) in [
        ("127.0.0.1", "sslmode=disable".to_owned(), false),
        ("127.0.0.1", "sslmode=prefer".to_owned(), true),
        ("127.0.0.1", "sslmode=require".to_owned(), true),
        ("127.0.0.1", format!("sslmode=require&{known}"), true),
        ("127.0.0.1", format!("sslmode=verify-ca&{known}"), true),
        ("localhost", format!("sslmode=verify-full&{known}"), true),
    ] {
        let seen = is_encrypted(&server, host, &parameters).await;
        assert_eq!(seen.map_err(|error| chain(&error)), Ok(encrypted), "{host} {parameters}");
    }
    for (host, parameters, reason) in [
        ("127.0.0.1", format!("sslmode=require&{unknown}"), "UnknownIssuer"),
        ("127.0.0.1", format!("sslmode=verify-ca&{unknown}"), "UnknownIssuer"),
        ("localhost", format!("sslmode=verify-full&{unknown}"), "UnknownIssuer"),
        ("127.0.0.1", format!("sslmode=verify-full&{known}"), "not valid for name"),
        ("localhost", "sslmode=verify-full".to_owned(), "UnknownIssuer"),
    ] {
        let error = is_encrypted(&server, host, &parameters).await.expect_err(&parameters);
        assert!(chain(&error).contains(reason), "{host} {parameters}: {}", chain(&error));
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_by_all_who_need_it() {
    let authority = Authority::new("ours");
    let server = Postgres::start(ServerOptions::default()).await.expect("a server");
    assert!(!is_encrypted(&server, "127.0.0.1", "sslmode=prefer").await.expect("connects"));
    for parameters in ["sslmode=require".to_owned(), format!("sslmode=verify-ca&sslrootcert={}", authority.path())] {
        let error = is_encrypted(&server, "127.0.0.1", &parameters).await.expect_err("refused");
        assert_eq!(error.kind(), &ErrorKind::Unavailable);
        assert!(chain(&error).contains("does not support TLS"), "{}", chain(&error));
    }
}

#[tokio::test]
async fn authorities_that_cannot_be_read_are_named_at_once() {
    let empty = NamedTempFile::new().expect("a file");
    for path in ["/nowhere/ca.pem", empty.path().to_str().expect("a plain path")] {
        let url = format!("postgres://larder:secret@127.0.0.1/larder?sslmode=verify-full&sslrootcert={path}");
        let error = PostgresDatabase::new(PostgresOptions::new(url)).expect_err("refused");
        assert!(chain(&error).contains(path) && !chain(&error).contains("secret"), "{}", chain(&error));
    }
}
