//! What a person sees on standard output when the server is ready: where it is, and three commands to try.

use std::{
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

/// Writes the banner. `url` is where the server is, `admin_token_file` is where the admin token is, if a file has it.
///
/// # Errors
/// When nothing can be written.
pub(crate) fn write(out: &mut impl Write, url: &str, admin_token_file: Option<&Path>) -> io::Result<()> {
    writeln!(out, "\nLarder is ready at {url}. Try:\n")?;
    writeln!(out, "  curl -s {url}/api/v1/products/122")?;
    writeln!(out, "  curl -s '{url}/api/v1/products?page=1&size=5'")?;
    let token = match admin_token_file {
        Some(path) => format!("$(cat '{}')", path.display().to_string().replace('\'', r"'\''")),
        None => "$TOKEN".into(),
    };
    writeln!(
        out,
        "  curl -s -X PATCH {url}/api/v1/products/122 -H \"Authorization: Bearer {token}\" -H 'Content-Type: application/json' -d \
         '{{\"price\": 99.90}}'"
    )?;
    match admin_token_file {
        Some(path) => writeln!(out, "\nThe admin token is in {}\n", path.display())?,
        None => writeln!(out, "\nMake a token with: larder token new --name NAME --role writer\n")?,
    }
    out.flush()
}

/// Where a server that listens on an address is reached from this machine.
pub(crate) fn url(listening: SocketAddr, uses_tls: bool) -> String {
    format!("{}://{}", if uses_tls { "https" } else { "http" }, reachable(listening))
}

/// An address that answers on this machine, if the server listens on all.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_reach_a_server_that_listens_on_all_addresses() {
        let mut out = Vec::new();
        let listening = "0.0.0.0:8080".parse().expect("an address");
        write(&mut out, &url(listening, false), Some(Path::new("it's/admin-token"))).expect("written");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("curl -s http://127.0.0.1:8080/api/v1/products/122\n"), "{text}");
        assert!(text.contains(r"$(cat 'it'\''s/admin-token')"), "{text}");
    }
}
