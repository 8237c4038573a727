//! Reads a connection URL, the `sslmode`s that tokio-postgres does not know included.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::{Config, config::SslMode};

/// Why a connection URL cannot be used. Never shows the URL: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UrlError {
    #[error("a database URL must begin with postgres:// or postgresql://")]
    Scheme,
    #[error("the database URL cannot be read")]
    Malformed(#[source] tokio_postgres::Error),
    #[error("the database URL names no host")]
    NoHost,
    #[error("the database URL has an escape sequence that is no UTF-8")]
    Escape,
    #[error("sslmode={0} is not supported; use disable, prefer, require, verify-ca or verify-full")]
    UnknownMode(String),
    #[error("sslrootcert has no effect with sslmode={0}; use require, verify-ca or verify-full")]
    RootsUnused(String),
    #[error(
        "sslmode={0} with the system's certificate authorities would trust any server; use verify-full, or name a file in sslrootcert"
    )]
    RootsTooMany(String),
}

/// Which certificate authorities count.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Those that the operating system trusts.
    System,
    /// Those in this PEM file.
    File(PathBuf),
}

/// What is checked of the server's certificate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verification {
    /// Nothing: the connection is private, but with whoever answers.
    Nothing,
    /// That one of the authorities signed it.
    Authority(Roots),
    /// That one of the authorities signed it, for the host in the URL.
    AuthorityAndName(Roots),
}

/// A connection URL, taken apart.
#[derive(Debug)]
pub(crate) struct ConnectionUrl {
    /// All but the TLS settings.
    pub(crate) config: Config,
    /// How to use TLS; `None` for not at all.
    pub(crate) tls: Option<Verification>,
}

impl ConnectionUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, UrlError> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(UrlError::Scheme);
        }
        let (url, ssl) = SslParameters::split_from(url)?;
        let mut config: Config = url.parse().map_err(UrlError::Malformed)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(UrlError::NoHost);
        }
        let (mode, tls) = ssl.resolve()?;
        config.ssl_mode(mode);
        Ok(Self { config, tls })
    }
}

/// The parameters that tokio-postgres does not know, or knows only in part.
#[derive(Debug, Default)]
struct SslParameters {
    mode: Option<String>,
    roots: Option<String>,
}

impl SslParameters {
    /// Takes the parameters out of the URL; what remains is for tokio-postgres.
    fn split_from(url: &str) -> Result<(String, Self), UrlError> {
        let mut parameters = Self::default();
        let Some((base, query)) = url.split_once('?') else { return Ok((url.to_owned(), parameters)) };
        let mut rest = Vec::new();
        for pair in query.split('&') {
            match pair.split_once('=') {
                Some(("sslmode", value)) => parameters.mode = Some(decode(value)?),
                Some(("sslrootcert", value)) => parameters.roots = Some(decode(value)?),
                _ => rest.push(pair),
            }
        }
        let separator = if rest.is_empty() { "" } else { "?" };
        Ok((format!("{base}{separator}{}", rest.join("&")), parameters))
    }

    /// What libpq makes of the two parameters.
    fn resolve(self) -> Result<(SslMode, Option<Verification>), UrlError> {
        let mode = self.mode.unwrap_or_else(|| "prefer".to_owned());
        let roots = self.roots.map(|roots| if roots == "system" { Roots::System } else { Roots::File(roots.into()) });
        let resolved = match (mode.as_str(), roots) {
            ("disable", None) => (SslMode::Disable, None),
            ("prefer", None) => (SslMode::Prefer, Some(Verification::Nothing)),
            ("require", None) => (SslMode::Require, Some(Verification::Nothing)),
            ("require" | "verify-ca", Some(roots @ Roots::File(_))) => {
                (SslMode::Require, Some(Verification::Authority(roots)))
            }
            ("verify-full", roots) => {
                (SslMode::Require, Some(Verification::AuthorityAndName(roots.unwrap_or(Roots::System))))
            }
            ("disable" | "prefer", Some(_)) => return Err(UrlError::RootsUnused(mode)),
            ("require" | "verify-ca", _) => return Err(UrlError::RootsTooMany(mode)),
            _ => return Err(UrlError::UnknownMode(mode)),
        };
        Ok(resolved)
    }
}

fn decode(value: &str) -> Result<String, UrlError> {
    match percent_decode_str(value).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_no_utf8) => Err(UrlError::Escape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<ConnectionUrl, UrlError> {
        ConnectionUrl::parse(&format!("postgres://me:p%3Fw@db.example:6432/shop{query}"))
    }

    #[test]
    fn each_mode_means_what_libpq_means_by_it() {
        let file = || Roots::File("/etc/ca 1.pem".into());
        for (query, mode, tls) in [
            ("", SslMode::Prefer, Some(Verification::Nothing)),
            ("?sslmode=disable", SslMode::Disable, None),
            ("?sslmode=prefer", SslMode::Prefer, Some(Verification::Nothing)),
            ("?sslmode=require", SslMode::Require, Some(Verification::Nothing)),
            ("?sslmode=require&sslrootcert=/etc/ca%201.pem", SslMode::Require, Some(Verification::Authority(file()))),
            ("?sslrootcert=/etc/ca%201.pem&sslmode=verify-ca", SslMode::Require, Some(Verification::Authority(file()))),
            ("?sslmode=verify-full", SslMode::Require, Some(Verification::AuthorityAndName(Roots::System))),
            (
                "?sslmode=verify-full&sslrootcert=system",
                SslMode::Require,
                Some(Verification::AuthorityAndName(Roots::System)),
            ),
            (
                "?sslmode=verify-full&sslrootcert=%2Fetc%2Fca%201.pem",
                SslMode::Require,
                Some(Verification::AuthorityAndName(file())),
            ),
        ] {
            let url = parse(query).expect(query);
            assert_eq!((url.config.get_ssl_mode(), url.tls), (mode, tls), "{query}");
        }
    }

    #[test]
    fn what_would_not_protect_as_it_says_is_refused() {
        for (query, reason) in [
            ("?sslmode=allow", "sslmode=allow is not supported"),
            ("?sslmode=", "sslmode= is not supported"),
            ("?sslmode=disable&sslrootcert=/ca.pem", "no effect"),
            ("?sslrootcert=/ca.pem", "no effect with sslmode=prefer"),
            ("?sslmode=verify-ca", "would trust any server"),
            ("?sslmode=require&sslrootcert=system", "would trust any server"),
            ("?sslmode=%ff", "no UTF-8"),
            ("?sslcert=/me.pem", "cannot be read"),
        ] {
            let error = parse(query).expect_err(query).to_string();
            assert!(error.contains(reason), "{query}: {error}");
        }
    }

    #[test]
    fn the_other_parameters_reach_the_driver() {
        let config = parse("?connect_timeout=3&sslmode=disable&application_name=me").expect("a valid URL").config;
        assert_eq!(config.get_application_name(), Some("me"));
        assert_eq!(config.get_password(), Some(b"p?w".as_slice()));
        assert_eq!((config.get_dbname(), config.get_ports()), (Some("shop"), [6432].as_slice()));
    }

    #[test]
    fn what_is_no_database_url_is_refused_without_showing_it() {
        for url in
            ["sqlite://larder.db", "host=localhost password=secret", "postgres:///db", "postgres://a:secret@h:port/"]
        {
            let error = ConnectionUrl::parse(url).expect_err(url);
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }
}
