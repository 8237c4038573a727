//! Who asks: the address of the peer, or what a proxy of one's own says of it.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::{
    dev::RequestHead,
    http::header::{FORWARDED, HeaderMap, HeaderName},
};

use crate::config::{ForwardedHeader, TrustedProxies};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Reads addresses of clients as the configuration says.
#[derive(Debug, Clone)]
pub(crate) struct ClientAddresses {
    proxies: TrustedProxies,
    header: ForwardedHeader,
}

impl ClientAddresses {
    pub(crate) fn new(proxies: TrustedProxies, header: ForwardedHeader) -> Self {
        Self { proxies, header }
    }

    /// The address of the client behind `head`.
    ///
    /// Each proxy appends whom it was asked by, so the list is read from its end, and as far as those who wrote it are trusted: the first
    /// address that is no proxy of ours is the client. What stands before it anybody may have made up.
    pub(crate) fn of(&self, head: &RequestHead) -> IpAddr {
        // Without a peer there is no network in between, as in a test that calls handlers.
        let peer = head.peer_addr.map_or(Ipv6Addr::LOCALHOST.into(), |peer| peer.ip().to_canonical());
        if !self.proxies.contains(peer) {
            return peer;
        }
        match self.header {
            ForwardedHeader::XForwardedFor => self.walk(peer, from_the_end(&head.headers, &X_FORWARDED_FOR), address),
            ForwardedHeader::Forwarded => self.walk(peer, from_the_end(&head.headers, &FORWARDED), for_of),
        }
    }

    fn walk<'a>(
        &self,
        peer: IpAddr,
        hops: impl Iterator<Item = &'a str>,
        read: impl Fn(&str) -> Option<IpAddr>,
    ) -> IpAddr {
        let mut nearest = peer;
        for hop in hops {
            // A hop that hides its name: the last one that is known stands for it.
            let Some(address) = read(hop) else { return nearest };
            nearest = address;
            if !self.proxies.contains(address) {
                break;
            }
        }
        nearest
    }
}

/// What limits count by: an IPv4 address, or the /64 of an IPv6 address, of which whoever has one has all.
pub(crate) fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// The elements of a list header, which may be given several times, the last one first.
fn from_the_end<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines: Vec<&str> = headers.get_all(name).map(|value| value.to_str().unwrap_or_default()).collect();
    lines.into_iter().rev().flat_map(|line| line.rsplit(',')).map(str::trim)
}

/// The address of one hop (RFC 7239 §4): `for="[2001:db8::1]:80";proto=https`.
fn for_of(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(node.trim().trim_matches('"'))
}

/// An address, perhaps with a port; IPv6 with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(address, _port)| address);
    let alone = bracketed.unwrap_or(text);
    let parsed = alone.parse::<IpAddr>().ok();
    let without_port = || alone.split_once(':').and_then(|(address, _port)| address.parse().ok());
    parsed.or_else(without_port).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn client(peer: &str, header: ForwardedHeader, lines: &[(&str, &str)]) -> String {
        let proxies: TrustedProxies = serde_json::from_str(r#""10.0.0.0/8, 2001:db8:1::/48""#).expect("valid");
        let request = TestRequest::default().peer_addr(format!("{peer}:1234").parse().expect("an address"));
        let request = lines.iter().fold(request, |request, line| request.append_header(*line)).to_http_request();
        ClientAddresses::new(proxies, header).of(request.head()).to_string()
    }

    #[test]
    fn only_a_trusted_peer_is_believed_and_only_to_the_first_stranger() {
        let xff = "x-forwarded-for";
        for (peer, lines, expected) in [
            ("7.7.7.7", &[(xff, "1.1.1.1")][..], "7.7.7.7"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &[(xff, "1.1.1.1")], "1.1.1.1"),
            ("[::ffff:10.0.0.1]", &[(xff, "::ffff:1.1.1.1")], "1.1.1.1"),
            // Forged by the client, before what the proxies wrote.
            ("10.0.0.1", &[(xff, "9.9.9.9, 10.0.0.9, 1.1.1.1, 10.0.0.2")], "1.1.1.1"),
            ("10.0.0.1", &[(xff, "9.9.9.9"), (xff, "1.1.1.1"), (xff, "10.0.0.2")], "1.1.1.1"),
            // All are ours: the farthest one asked.
            ("10.0.0.1", &[(xff, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            ("10.0.0.1", &[(xff, "9.9.9.9, unknown, 10.0.0.2")], "10.0.0.2"),
            ("10.0.0.1", &[(xff, "9.9.9.9, , ")], "10.0.0.1"),
            ("10.0.0.1", &[(xff, "1.1.1.1:4711")], "1.1.1.1"),
            ("10.0.0.1", &[(xff, "[2001:db8:2::1]:4711")], "2001:db8:2::1"),
            ("[2001:db8:1::1]", &[(xff, "2001:db8:2::1")], "2001:db8:2::1"),
            // The other header is the client's own.
            ("10.0.0.1", &[("forwarded", "for=9.9.9.9")], "10.0.0.1"),
        ] {
            assert_eq!(client(peer, ForwardedHeader::XForwardedFor, lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn forwarded_is_read_as_its_rfc_has_it() {
        for (value, expected) in [
            ("for=1.1.1.1", "1.1.1.1"),
            ("For=\"1.1.1.1:80\"; proto=https;by=10.0.0.1", "1.1.1.1"),
            ("for=9.9.9.9, for=\"[2001:db8:2::1]:80\", for=10.0.0.2", "2001:db8:2::1"),
            ("for=9.9.9.9, for=_hidden", "10.0.0.1"),
            ("for=9.9.9.9, by=10.0.0.3", "10.0.0.1"),
        ] {
            let lines = [("forwarded", value), ("x-forwarded-for", "9.9.9.9")];
            assert_eq!(client("10.0.0.1", ForwardedHeader::Forwarded, &lines), expected, "{value}");
        }
    }

    #[test]
    fn who_has_one_ipv6_address_has_its_network() {
        for (address, expected) in
            [("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("2001:db8:1:2::", "2001:db8:1:2::"), ("1.2.3.4", "1.2.3.4")]
        {
            assert_eq!(counted(address.parse().expect("an address")).to_string(), expected);
        }
    }
}
