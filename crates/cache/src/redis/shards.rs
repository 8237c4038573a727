//! Which shard a key is in, and how the answers of several shards become one.

use std::sync::Arc;

use futures_util::future::join_all;
use xxhash_rust::xxh3::Xxh3;

use super::{RedisOptions, connection::Link, keys::Keys, links::Links};
use crate::{ConfigError, Identity, Invalidation, RemoteError};

/// The shards, and the way to each.
pub(super) struct Shards {
    links: Links,
    /// `{namespace.shard}`: what stands in braces decides upon the slot.
    prefixes: Box<[String]>,
}

/// Those of a call's questions that concern one shard, as places in the order of the call.
pub(super) struct Part {
    pub(super) shard: usize,
    pub(super) places: Vec<usize>,
}

impl Shards {
    pub(super) fn new(options: &RedisOptions) -> Result<Self, ConfigError> {
        let links = Links::new(options)?;
        let prefixes = (0..links.shards()).map(|shard| format!("{{{}.{shard}}}", options.namespace)).collect();
        Ok(Self { links, prefixes })
    }

    pub(super) fn count(&self) -> usize {
        self.prefixes.len()
    }

    /// The shard of a key: always the same, on every node and in every release.
    pub(super) fn of(&self, cache: &str, key: &str) -> usize {
        shard_of(cache, key, self.count())
    }

    pub(super) fn prefix(&self, shard: usize) -> &str {
        &self.prefixes[shard]
    }

    pub(super) fn keys<'a>(&'a self, shard: usize, cache: &'a str) -> Keys<'a> {
        Keys { prefix: self.prefix(shard), cache }
    }

    pub(super) async fn link(&self, shard: usize) -> Result<Arc<Link>, RemoteError> {
        self.links.of(shard).await
    }

    pub(super) fn rediscover(&self) {
        self.links.rediscover();
    }

    /// Sorts keys by shard.
    pub(super) fn split<'a>(&self, cache: &str, keys: impl Iterator<Item = &'a str>) -> Vec<Part> {
        self.parts(keys.map(|key| Some(self.of(cache, key))))
    }

    /// Sorts invalidations by shard: tags and clears concern all of them.
    pub(super) fn split_invalidations(&self, cache: &str, invalidations: &[Invalidation]) -> Vec<Part> {
        self.parts(invalidations.iter().map(|one| match one {
            Invalidation::Key { key, .. } => Some(self.of(cache, key)),
            Invalidation::Tag { .. } | Invalidation::Everything => None,
        }))
    }

    /// One part for each shard that is asked for; `None` asks for all.
    pub(super) fn parts(&self, shards: impl Iterator<Item = Option<usize>>) -> Vec<Part> {
        let mut parts: Vec<Part> = (0..self.count()).map(|shard| Part { shard, places: Vec::new() }).collect();
        for (place, shard) in shards.enumerate() {
            match shard {
                Some(shard) => parts[shard].places.push(place),
                None => parts.iter_mut().for_each(|part| part.places.push(place)),
            }
        }
        parts.retain(|part| !part.places.is_empty());
        parts
    }

    /// The servers of all shards, in order.
    pub(super) async fn servers(&self) -> Result<Vec<Identity>, RemoteError> {
        let asked = (0..self.count()).map(|shard| async move { self.link(shard).await?.identity().await });
        join_all(asked).await.into_iter().collect()
    }

    /// All servers together, of which some have just answered for their shards.
    pub(super) async fn whole(&self, answered: &[(usize, Identity)]) -> Result<Identity, RemoteError> {
        if let (1, [(_, only)]) = (self.count(), answered) {
            return Ok(*only);
        }
        let mut servers = self.servers().await?;
        for (shard, server) in answered {
            servers[*shard] = *server;
        }
        Ok(Identity::of_all(&servers))
    }
}

/// Puts the answers to the parts of a call in the order of its questions; an error of one part is one of the call.
pub(super) fn in_order<T>(parts: &[Part], answers: Vec<Result<Vec<T>, RemoteError>>) -> Result<Vec<T>, RemoteError> {
    let mut placed = Vec::with_capacity(parts.iter().map(|part| part.places.len()).sum());
    for (part, answers) in parts.iter().zip(answers) {
        let answers = answers?;
        if answers.len() != part.places.len() {
            return Err(RemoteError("the server gave another number of answers than questions".into()));
        }
        placed.extend(part.places.iter().copied().zip(answers));
    }
    placed.sort_unstable_by_key(|(place, _)| *place);
    Ok(placed.into_iter().map(|(_, answer)| answer).collect())
}

fn shard_of(cache: &str, key: &str, shards: usize) -> usize {
    if shards == 1 {
        return 0;
    }
    let mut hash = Xxh3::new();
    hash.update(cache.as_bytes());
    hash.update(b":");
    hash.update(key.as_bytes());
    usize::try_from(hash.digest() % shards as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_shards_for_ever_and_use_all_of_them() {
        let shards: Vec<usize> = (0..8).map(|key| shard_of("names", &key.to_string(), 16)).collect();
        assert_eq!(shards, [8, 4, 1, 10, 2, 5, 15, 9]);
        let mut used: Vec<usize> = (0..1_000).map(|key| shard_of("names", &key.to_string(), 16)).collect();
        used.sort_unstable();
        used.dedup();
        assert_eq!(used, (0..16).collect::<Vec<_>>());
        assert_eq!(shard_of("names", "1", 1), 0);
    }

    #[test]
    fn answers_come_back_in_the_order_of_the_questions() {
        let parts = [Part { shard: 0, places: vec![1, 2] }, Part { shard: 3, places: vec![0, 3] }];
        assert_eq!(in_order(&parts, vec![Ok(vec!['b', 'c']), Ok(vec!['a', 'd'])]), Ok(vec!['a', 'b', 'c', 'd']));
        let cause = RemoteError("away".into());
        assert_eq!(in_order(&parts, vec![Ok(vec!['b', 'c']), Err(cause.clone())]), Err(cause));
        assert!(in_order(&parts, vec![Ok(vec!['b']), Ok(vec!['a', 'd'])]).is_err());
    }
}
