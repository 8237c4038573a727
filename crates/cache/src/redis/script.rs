//! Scripts of others over the same connections: rate limits, counters, leases of a service that has the cache's Redis anyway.

use bytes::Bytes;
use redis::{Cmd, Script, Value};

use super::{RedisRemote, unknown};
use crate::RemoteError;

/// What stands before the name of each place; no kind of key of the caches begins so.
const PLACES: &str = "x";

/// A Lua script for [`RedisRemote::run_scripts`].
///
/// It may touch what it is given in `KEYS`, and nothing else. One that must work when Redis has no memory left begins with
/// `#!lua flags=allow-oom` and a line break.
pub struct RedisScript(pub(super) Script);

impl RedisScript {
    /// A script of this source; nothing is sent yet.
    pub fn new(source: &str) -> Self {
        Self(Script::new(source))
    }
}

impl std::fmt::Debug for RedisScript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RedisScript").field(&self.0.get_hash()).finish()
    }
}

/// One run of a script.
#[derive(Debug, Clone, Copy)]
pub struct ScriptCall<'a> {
    /// The script.
    pub script: &'a RedisScript,
    /// `KEYS`, as names within the place.
    pub keys: &'a [&'a str],
    /// `ARGV`.
    pub arguments: &'a [&'a [u8]],
}

impl ScriptCall<'_> {
    /// The command, for keys that begin so.
    pub(super) fn command(&self, prefix: &str) -> Cmd {
        let size = self.keys.iter().map(|key| prefix.len() + key.len()).sum::<usize>()
            + self.arguments.iter().map(|argument| argument.len()).sum::<usize>();
        let mut command = Cmd::with_capacity(3 + self.keys.len() + self.arguments.len(), size + 64);
        command.arg("EVALSHA").arg(self.script.0.get_hash()).arg(self.keys.len());
        for key in self.keys {
            command.arg([prefix, key].concat());
        }
        command.arg(self.arguments);
        command
    }
}

/// What a script returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptReply {
    /// `nil` or `false`.
    Nil,
    /// A number; Redis cuts off what is behind the point.
    Integer(i64),
    /// A text, or a status such as `OK`.
    Bytes(Bytes),
    /// A table.
    List(Vec<Self>),
}

impl ScriptReply {
    fn read(value: Value) -> Result<Self, RemoteError> {
        Ok(match value {
            Value::Nil => Self::Nil,
            Value::Int(number) => Self::Integer(number),
            Value::BulkString(bytes) => Self::Bytes(bytes.into()),
            Value::SimpleString(text) => Self::Bytes(text.into()),
            Value::Okay => Self::Bytes(Bytes::from_static(b"OK")),
            Value::Array(values) => Self::List(values.into_iter().map(Self::read).collect::<Result<_, _>>()?),
            _ => return Err(unknown("a script")),
        })
    }

    /// The number, if it is one.
    pub fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// The text, if it is one.
    pub fn bytes(&self) -> Option<&Bytes> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The table, if it is one; empty if not.
    pub fn list(&self) -> &[Self] {
        if let Self::List(replies) = self { replies } else { &[] }
    }
}

impl RedisRemote {
    /// Runs scripts of the caller's own, in one round trip, over the connection that the cache has: in its namespace, with its
    /// Sentinel, Cluster and TLS. Answers what each returned, in order.
    ///
    /// `place` is a name of the caller's choice, such as `views` or `limit-42`. All keys of one place are in one hash slot, in a
    /// Cluster as well, so that one script may touch several; different places spread over the servers. No key of a place is one of
    /// a cache, nor of another place that is not this one with `:` and more behind it.
    ///
    /// ```no_run
    /// # use larder_cache::{RedisRemote, RedisScript, RemoteError, ScriptCall};
    /// # async fn count(redis: &RedisRemote) -> Result<(), RemoteError> {
    /// let add = RedisScript::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    /// let call = ScriptCall { script: &add, keys: &["visits"], arguments: &[b"2"] };
    /// let counted = redis.run_scripts("counters", &[call]).await?;
    /// assert!(counted[0].integer().is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Consistency
    /// Each call is atomic; others may come between two of them. They run in the order of `calls`, but those whose script the server
    /// does not know run in a second trip, after it was told it. No call runs twice.
    ///
    /// # Cancellation
    /// It has no deadline of its own. A dropped call may or may not have happened.
    ///
    /// # Errors
    /// When Redis cannot be asked or a script fails; some or all of the calls may have happened.
    pub async fn run_scripts(&self, place: &str, calls: &[ScriptCall<'_>]) -> Result<Vec<ScriptReply>, RemoteError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let shard = self.shards.of(PLACES, place);
        let prefix = [self.shards.prefix(shard), PLACES, ":", place, ":"].concat();
        let link = self.shards.link(shard).await?;
        link.invoke(calls, &prefix).await?.into_iter().map(ScriptReply::read).collect()
    }
}
