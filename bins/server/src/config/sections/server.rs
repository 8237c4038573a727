//! The listening socket and its limits.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::config::{TrustedProxies, cores};

/// Which header tells the client behind a trusted proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// `[server]`: the listening socket and its limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port to listen on; port 0 takes a free one, which the log names. Default `127.0.0.1:8080`.
    pub bind: String,
    /// Threads that serve HTTP, 1 to 1024. Default: one per core.
    pub workers: usize,
    /// How long one request may take, its body included. Default 30,000.
    pub request_timeout_ms: u64,
    /// How long the head of a request may take to arrive, and a TLS handshake. Default 5,000.
    pub head_timeout_ms: u64,
    /// How long an idle connection is kept. Default 75,000.
    pub keep_alive_ms: u64,
    /// Largest body of a request. Default 1,048,576.
    pub body_limit_bytes: usize,
    /// How long the server goes on accepting after it has become not ready, so that a balancer notices. Default 0.
    pub drain_delay_ms: u64,
    /// Deadline of each step of a stop: requests in flight, writes, database. Default 10,000.
    pub shutdown_timeout_ms: u64,
    /// How long a client may leave what was sent to it unread before its connection is closed. Default 30,000.
    pub send_timeout_ms: u64,
    /// Most connections at once; further ones wait to be accepted. Each worker takes its share. Default 25,000.
    pub max_connections: usize,
    /// Most TLS handshakes at once; further ones wait. Each worker takes its share. Default 256.
    pub max_tls_handshakes: usize,
    /// Most requests at once on one connection of HTTP/2; further ones are refused with 503. Default 128.
    pub max_streams: usize,
    /// Whether bodies of 1 KiB and more are compressed for clients that accept that. Default `true`.
    pub compression: bool,
    /// The longest that clients are allowed to reuse an answer without asking, up to 3,600,000; 0: they always ask. Default 60,000.
    pub client_max_age_ms: u64,
    /// For how long after that they may show it while they ask again, up to 86,400,000. Default 30,000.
    pub stale_while_revalidate_ms: u64,
    /// PEM file of the certificate and those that vouch for it; with it and its key the server speaks TLS only. Default empty.
    pub tls_certificate: PathBuf,
    /// PEM file of the certificate's private key. Default empty.
    pub tls_key: PathBuf,
    /// Addresses and networks of one's own proxies, as `["10.0.0.0/8", "::1"]`: only these are believed when they say for whom they ask.
    /// Default none.
    pub trusted_proxies: TrustedProxies,
    /// The header in which they say it, `x-forwarded-for` or `forwarded`; the other one is not read, as a proxy may pass it on as the
    /// client wrote it. Default `x-forwarded-for`.
    pub forwarded_header: ForwardedHeader,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8080".into(),
            workers: cores(),
            request_timeout_ms: 30_000,
            head_timeout_ms: 5_000,
            keep_alive_ms: 75_000,
            body_limit_bytes: 1 << 20,
            drain_delay_ms: 0,
            shutdown_timeout_ms: 10_000,
            send_timeout_ms: 30_000,
            max_connections: 25_000,
            max_tls_handshakes: 256,
            max_streams: 128,
            compression: true,
            client_max_age_ms: 60_000,
            stale_while_revalidate_ms: 30_000,
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
            trusted_proxies: TrustedProxies::default(),
            forwarded_header: ForwardedHeader::XForwardedFor,
        }
    }
}

impl ServerConfig {
    /// [`Self::request_timeout_ms`] as a duration.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// [`Self::send_timeout_ms`] as a duration.
    pub fn send_timeout(&self) -> Duration {
        Duration::from_millis(self.send_timeout_ms)
    }

    /// Whether the server speaks TLS.
    pub fn uses_tls(&self) -> bool {
        !self.tls_certificate.as_os_str().is_empty()
    }

    /// [`Self::shutdown_timeout_ms`] as a duration.
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_millis(self.shutdown_timeout_ms)
    }
}
