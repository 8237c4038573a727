//! What others would take in place of Larder: recipes with FastAPI, and nginx as a cache in front of an uncached Larder.

mod agreement;
mod fastapi;
mod group;
mod nginx;

use std::{net::SocketAddr, time::Duration};

use tempfile::TempDir;

use self::group::Group;
pub(crate) use self::{agreement::agree, fastapi::start_recipe, nginx::start_nginx};

/// How long a peer may take to start.
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two looks at a starting peer.
const LOOK: Duration = Duration::from_millis(20);

/// A recipe, by who writes it and by its levels; both kinds stand in `benches/peers/fastapi`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recipe {
    /// As an expert would write it: the database only.
    TunedPlain,
    /// The same with Redis.
    TunedRedis,
    /// The same with Redis and a dict in each worker.
    TunedTwoLevel,
    /// As the articles write it: the database only.
    ArticlePlain,
    /// The same with Redis.
    ArticleRedis,
    /// The same with Redis and a dict in each worker.
    ArticleTwoLevel,
}

/// A running peer. It and all its processes are killed when this is dropped, or when this process ends, however it does.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    // Dropped before the folder that it works in.
    group: Group,
    _folder: TempDir,
}

impl Peer {
    /// The processes that serve, the one that started the others included.
    pub(crate) fn pids(&self) -> Vec<i32> {
        self.group.pids()
    }
}
