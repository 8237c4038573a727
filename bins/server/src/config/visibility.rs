//! What the configuration means for who sees what, and what is exported.

use std::net::IpAddr;

use super::{CacheLevels, Config, PageAudience};
use crate::request_trace::Export;

impl Config {
    /// Whether everyone may see the live state.
    pub(crate) fn live_is_public(&self) -> bool {
        match self.page.audience {
            PageAudience::Everyone => true,
            PageAudience::Admin => false,
            PageAudience::Auto => is_loopback(&self.server.bind),
        }
    }

    /// Which requests are exported.
    pub(crate) fn export(&self) -> Export {
        let telemetry = &self.telemetry;
        if telemetry.otlp_endpoint.is_empty() { Export::Off } else { Export::Share(telemetry.sample_ratio) }
    }
}

impl CacheLevels {
    /// As the configuration spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::None => "none",
            Self::L1 => "l1",
            Self::L2 => "l2",
            Self::TwoLevel => "two-level",
        }
    }
}

/// Whether only this machine reaches `bind`, an address and a port.
fn is_loopback(bind: &str) -> bool {
    let host = bind.rsplit_once(':').map_or(bind, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_this_machine_alone_reaches_is_a_loopback_address() {
        for (bind, expected) in [
            ("127.0.0.1:8080", true),
            ("127.1.2.3:0", true),
            ("[::1]:80", true),
            ("localhost:80", true),
            ("0.0.0.0:8080", false),
            ("[::]:80", false),
            ("10.0.0.1:80", false),
            ("example.org:80", false),
            ("localhost.example.org:80", false),
        ] {
            assert_eq!(is_loopback(bind), expected, "{bind}");
        }
    }
}
