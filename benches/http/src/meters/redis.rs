//! Commands that a Redis executed, and which process it is.

use anyhow::{Context, Result};
use larder_test_support::Redis;

/// What the meter's own connections send.
const OWN: [&str; 4] = ["info", "auth", "hello", "client|setinfo"];

/// What was read of one Redis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RedisMeter {
    pub(crate) pid: i32,
    /// Since its start; those that scripts call count as well.
    pub(crate) commands: u64,
}

impl RedisMeter {
    /// # Errors
    /// When the server does not answer.
    pub(crate) async fn read(redis: &Redis) -> Result<Self> {
        let counts = redis.command_counts().await?;
        let commands = counts.iter().filter(|(name, _)| !OWN.contains(&name.as_str())).map(|(_, count)| count).sum();
        let pid = info(redis, "process_id").await?.parse().context("read Redis's pid")?;
        Ok(Self { pid, commands })
    }

    /// The version of the server, as `7.0.15`.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(crate) async fn version(redis: &Redis) -> Result<String> {
        info(redis, "redis_version").await
    }
}

async fn info(redis: &Redis, name: &str) -> Result<String> {
    let text: String = redis.command(&["INFO", "server"]).await?;
    field(&text, name).map(str::to_owned).with_context(|| format!("no {name} in Redis's description of itself"))
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "# Server\r\nredis_version_of:9\r\nredis_version:7.0.15\r\nprocess_id:41\r\n";
        assert_eq!((field(text, "redis_version"), field(text, "process_id")), (Some("7.0.15"), Some("41")));
        assert_eq!(field(text, "pid"), None);
    }
}
