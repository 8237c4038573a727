//! The ways to Redis: one link, or in a cluster one to each master.

mod address;
mod cluster;
mod sentinel;
mod slots;

use std::sync::Arc;

use self::{
    address::Address,
    cluster::{Cluster, SHARDS},
    sentinel::Sentinels,
};
use super::{
    RedisOptions,
    connection::{Link, peer::Peer},
};
use crate::{ConfigError, RemoteError};

/// Links to all servers.
pub(super) struct Links(Kind);

enum Kind {
    /// One server, or the master that sentinels name.
    One(Arc<Link>),
    /// The masters of a cluster.
    Cluster(Cluster),
}

/// Whether there is a way to the address of the options.
///
/// # Errors
/// When it cannot be read.
pub(super) fn check(options: &RedisOptions) -> Result<(), ConfigError> {
    Address::read(options).map(drop)
}

impl Links {
    /// Links to the address of the options; nothing is connected yet.
    ///
    /// # Errors
    /// When the address cannot be read, or outside a tokio runtime.
    pub(super) fn new(options: &RedisOptions) -> Result<Self, ConfigError> {
        let one = |link: Link| Self(Kind::One(Arc::new(link)));
        match Address::read(options)? {
            Address::Server(server) => Link::new(Arc::new(Peer::new(*server)?)).map(one),
            Address::Sentinels { sentinels, master_name, door } => {
                Link::new(Arc::new(Sentinels::new(sentinels, &master_name, door)?)).map(one)
            }
            Address::Cluster { seeds, door } => {
                Cluster::new(seeds, door, &options.namespace).map(|cluster| Self(Kind::Cluster(cluster)))
            }
        }
    }

    /// In how many shards keys are kept.
    pub(super) fn shards(&self) -> usize {
        match &self.0 {
            Kind::One(_) => 1,
            Kind::Cluster(_) => SHARDS,
        }
    }

    /// The way to the server of a shard.
    ///
    /// # Errors
    /// In a cluster, when no node tells who serves the shard.
    pub(super) async fn of(&self, shard: usize) -> Result<Arc<Link>, RemoteError> {
        match &self.0 {
            Kind::One(link) => Ok(Arc::clone(link)),
            Kind::Cluster(cluster) => cluster.of(shard).await,
        }
    }

    /// The next call looks for the servers anew, as after a failover of which nobody told.
    pub(super) fn rediscover(&self) {
        match &self.0 {
            Kind::One(link) => link.reconnect(),
            Kind::Cluster(cluster) => cluster.rediscover(),
        }
    }
}
