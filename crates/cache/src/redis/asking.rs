//! What one shard is asked, and how its answers are read.

use std::time::{Duration, Instant};

use bytes::Bytes;
use redis::{Cmd, Value};

use super::{RedisRemote, backplane::believed, clock::Clock, pipeline, shards::Part, stored, unknown};
use crate::{
    FillReply, FillRequest, Held, Identity, Invalidation, LeaseReply, LeaseRequest, Nonce, RemoteError, TagGeneration,
};

/// Length of most names without their key, for room that need not grow.
const NAME: usize = 64;

/// Kind, value and what is left of it in milliseconds, as the script answers.
type Leased = (u8, Vec<u8>, i64);

impl RedisRemote {
    /// Some values of one shard; `keys` in order.
    pub(super) async fn fetch_in(
        &self,
        cache: &str,
        shard: usize,
        keys: impl ExactSizeIterator<Item = &str> + Clone,
    ) -> Result<Vec<Option<Held>>, RemoteError> {
        let (names, count) = (self.shards.keys(shard, cache), keys.len());
        let values: usize = keys.clone().map(|key| key.len() + NAME).sum();
        let mut command = Cmd::with_capacity(count + 2, values + 2 * NAME);
        command.arg("MGET").arg(names.era());
        for key in keys {
            command.arg(names.value(key));
        }
        let (reply, clock, server) = self.shards.link(shard).await?.ask(command).await?;
        held(reply, count, &clock, server)
    }

    pub(super) async fn lease_in(
        &self,
        cache: &str,
        part: &Part,
        requests: &[LeaseRequest],
        life: Duration,
    ) -> Result<Vec<LeaseReply>, RemoteError> {
        let names = self.shards.keys(part.shard, cache);
        let asked = || part.places.iter().map(|place| &requests[*place]);
        let build = |server| pipeline([self.scripts.lease(names, server, asked(), life)]);
        let ((replies,), server): ((Vec<Leased>,), _) = self.run(part.shard, build).await?;
        replies.into_iter().map(|reply| lease_reply(reply, server)).collect()
    }

    pub(super) async fn fill_in(
        &self,
        cache: &str,
        part: &Part,
        requests: &[FillRequest],
    ) -> Result<Vec<FillReply>, RemoteError> {
        let names = self.shards.keys(part.shard, cache);
        let asked = || part.places.iter().map(|place| &requests[*place]);
        let build = |server| pipeline(asked().map(|request| self.scripts.fill(names, server, request)));
        let (replies, _server): (Vec<(u8, Vec<u8>)>, _) = self.run(part.shard, build).await?;
        Ok(replies.into_iter().map(fill_reply).collect())
    }

    pub(super) async fn invalidate_in(
        &self,
        cache: &str,
        by: Nonce,
        part: &Part,
        invalidations: &[Invalidation],
    ) -> Result<(usize, Identity), RemoteError> {
        let names = self.shards.keys(part.shard, cache);
        let told = || part.places.iter().map(|place| &invalidations[*place]);
        let build = |server| pipeline(told().map(|one| self.scripts.invalidate(names, server, by, one)));
        self.run::<Value>(part.shard, build).await.map(|(_done, server)| (part.shard, server))
    }

    pub(super) async fn generations_in(
        &self,
        cache: &str,
        part: &Part,
        tags: &[(usize, &str)],
    ) -> Result<Vec<TagGeneration>, RemoteError> {
        let names = self.shards.keys(part.shard, cache);
        let build = |_server| {
            let asked = part.places.iter().map(|place| names.generation(tags[*place].1));
            let mut pipeline = redis::pipe();
            pipeline.cmd("MGET").arg(asked.collect::<Vec<_>>());
            pipeline
        };
        let ((replies,), server): ((Vec<Option<Vec<u8>>>,), _) = self.run(part.shard, build).await?;
        let nonce = |bytes: Option<Vec<u8>>| bytes?.try_into().ok().map(Nonce);
        Ok(replies.into_iter().map(|bytes| TagGeneration { nonce: nonce(bytes), server }).collect())
    }

    pub(super) async fn release_in(
        &self,
        cache: &str,
        part: &Part,
        leases: &[(&str, Nonce)],
    ) -> Result<(), RemoteError> {
        let names = self.shards.keys(part.shard, cache);
        let given_back = || part.places.iter().map(|place| leases[*place]);
        let build = |_server| pipeline(given_back().map(|(key, token)| self.scripts.release(names, key, token)));
        self.run::<Value>(part.shard, build).await.map(drop)
    }
}

/// Reads the answer to `MGET`, of which the era is the first.
fn held(reply: Value, keys: usize, clock: &Clock, server: Identity) -> Result<Vec<Option<Held>>, RemoteError> {
    let Value::Array(values) = reply else { return Err(unknown("fetch")) };
    if values.len() != keys + 1 {
        return Err(unknown("fetch"));
    }
    let mut values = values.into_iter();
    let era = values.next();
    let era = if let Some(Value::BulkString(era)) = &era { believed(era, server) } else { None };
    let Some(era) = era else { return Ok(vec![None; keys]) };
    let now = Instant::now();
    let read = |value| match value {
        Value::BulkString(value) => stored::read(value.into(), era, server, |end| clock.until(end, now)),
        _ => None,
    };
    Ok(values.map(read).collect())
}

fn lease_reply((kind, value, remaining): Leased, server: Identity) -> Result<LeaseReply, RemoteError> {
    let value = Bytes::from(value);
    match kind {
        // The script has compared the era.
        0 => {
            let era = value.slice(..value.len().min(size_of::<Nonce>()));
            stored::read(value, &era, server, |_end| Some(stored::life(remaining)))
                .map(LeaseReply::Held)
                .ok_or_else(|| unknown("lease"))
        }
        1 => Ok(LeaseReply::Granted),
        3 => Ok(LeaseReply::Untrusted),
        _ => Ok(LeaseReply::Busy { remaining: stored::life(remaining) }),
    }
}

pub(super) fn fill_reply((kind, generations): (u8, Vec<u8>)) -> FillReply {
    match kind {
        0 => FillReply::Stored(stored::nonces(&generations)),
        1 => FillReply::Refused,
        _ => FillReply::Old,
    }
}
