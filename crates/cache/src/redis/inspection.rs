//! What a server says of itself, and what is unwise about it.

use std::collections::HashMap;

use crate::Finding;

/// The oldest release that has all that the scripts need.
const OLDEST: u64 = 7;

/// From this share of its memory on, in percent, a server that may not evict is about to refuse.
const NEARLY_FULL: u128 = 95;

/// What is unwise about the server that answers so to `INFO`.
pub(super) fn findings(info: &str) -> Vec<Finding> {
    let told: HashMap<&str, &str> = info.lines().filter_map(|line| line.trim_end().split_once(':')).collect();
    let text = |name| told.get(name).copied().unwrap_or_default();
    let number = |name| text(name).parse::<u64>().unwrap_or(0);
    let mut findings = Vec::new();
    if text("role") == "slave" {
        findings.push(Finding::ReadOnly);
    }
    let version = text("redis_version");
    if version.split('.').next().and_then(|major| major.parse::<u64>().ok()).is_some_and(|major| major < OLDEST) {
        findings.push(Finding::TooOld { version: version.to_owned() });
    }
    let (used, limit) = (number("used_memory"), number("maxmemory"));
    let is_full = limit > 0 && u128::from(used) * 100 >= u128::from(limit) * NEARLY_FULL;
    if is_full && text("maxmemory_policy") == "noeviction" {
        findings.push(Finding::NoMemory { used, limit });
    }
    findings
}

/// Whether a server that fails so takes no writes: a replica, one that lost its replicas or its disk, or a user who may not write.
pub(super) fn refuses_writes(cause: &str) -> bool {
    ["READONLY", "NOREPLICAS", "MISCONF", "NOPERM", "user executing the script can't"]
        .iter()
        .any(|code| cause.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_well_is_not_found_fault_with() {
        let well = "# Server\r\nredis_version:7.0.15\r\nrole:master\r\nused_memory:94\r\nmaxmemory:100\r\nmaxmemory_policy:noeviction\r\n";
        assert_eq!(findings(well), []);
        assert_eq!(findings("used_memory:94\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n"), []);
        assert_eq!(findings("used_memory:100\r\nmaxmemory:100\r\nmaxmemory_policy:allkeys-lru\r\n"), []);
        assert_eq!(findings(""), []);
    }

    #[test]
    fn replicas_old_releases_and_full_memories_are_found() {
        let ill =
            "redis_version:6.2.14\r\nrole:slave\r\nused_memory:95\r\nmaxmemory:100\r\nmaxmemory_policy:noeviction\r\n";
        let version = "6.2.14".to_owned();
        let full = Finding::NoMemory { used: 95, limit: 100 };
        assert_eq!(findings(ill), [Finding::ReadOnly, Finding::TooOld { version }, full]);
    }
}
