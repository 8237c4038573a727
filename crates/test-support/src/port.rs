//! Free ports that stay free while a server is down.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
};

use anyhow::{Result, bail};
use uuid::Uuid;

const TRIES: usize = 200;

/// A port of the loopback address that nobody listens on.
///
/// Taken from below the range that the kernel gives out by itself: a server that is killed and restarted on its port would
/// otherwise find it taken by a passing connection, or by a client that reconnects to itself. Somebody may still be
/// faster; who binds the port has to try again with another.
pub(crate) fn free_port() -> Result<u16> {
    let range = range_below(ephemeral_start());
    for _ in 0..TRIES {
        let (_, random) = Uuid::now_v7().as_u64_pair();
        let port = u16::try_from(u64::from(range.start) + random % u64::from(range.end - range.start))?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("find a free port between {} and {}", range.start, range.end)
}

fn ephemeral_start() -> u16 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok();
    range.and_then(|range| range.split_whitespace().next()?.parse().ok()).unwrap_or(32_768)
}

fn range_below(ephemeral_start: u16) -> Range<u16> {
    if ephemeral_start > 20_000 { 10_000..ephemeral_start } else { 20_000..u16::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_stay_clear_of_those_that_the_kernel_gives_out() {
        assert_eq!(range_below(32_768), 10_000..32_768);
        assert_eq!(range_below(1_024), 20_000..u16::MAX);
    }

    #[test]
    fn a_free_port_can_be_bound() {
        let port = free_port().unwrap();
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}
