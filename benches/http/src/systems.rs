//! The systems that are measured: started once for each run, stopped with it.

mod larder;
mod process;
mod stage;

use std::net::SocketAddr;

use larder_test_support::{FaultProxy, Redis, TestDatabase};

pub(crate) use self::{
    larder::{ADMIN_TOKEN, Larder, Levels},
    process::Process,
    stage::Stage,
};
use crate::{load::Target, peers::Peer, plan::System};

/// A system that answers.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) system: System,
    // What serves goes before what it needs: fields are dropped in this order.
    pub(crate) servers: Vec<Server>,
    /// The slow way to its database.
    pub(crate) link: Option<FaultProxy>,
    pub(crate) redis: Option<Redis>,
    pub(crate) database: Option<TestDatabase>,
}

/// Processes that serve.
#[derive(Debug)]
pub(crate) enum Server {
    /// Ours: Larder, or a ceiling.
    Ours(Process),
    /// A recipe, or nginx.
    Peer(Peer),
}

impl Running {
    /// Where it listens: the first server is the one that is asked.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.servers.first().map(Server::address)
    }

    /// Where each of its servers listens.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(Server::address).collect()
    }

    /// What a load needs to know of it.
    ///
    /// # Errors
    /// When it has no server.
    pub(crate) fn target(&self) -> anyhow::Result<Target> {
        let address = self.address().ok_or_else(|| anyhow::anyhow!("{} does not run", self.system.title()))?;
        Ok(Target { address, writer_token: Some(ADMIN_TOKEN.to_owned()) })
    }

    /// All processes that serve, without database and Redis.
    pub(crate) fn pids(&self) -> Vec<i32> {
        self.servers.iter().flat_map(Server::pids).collect()
    }

    pub(crate) fn database_name(&self) -> Option<&str> {
        self.database.as_ref().map(TestDatabase::name)
    }

    /// Its database by the slow way, if it has one.
    pub(crate) fn far_url(&self) -> Option<String> {
        Some(self.database.as_ref()?.url_at(self.link.as_ref()?.address()))
    }

    pub(crate) fn redis(&self) -> Option<&Redis> {
        self.redis.as_ref()
    }
}

impl Server {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Ours(process) => process.address(),
            Self::Peer(peer) => peer.address,
        }
    }

    fn pids(&self) -> Vec<i32> {
        match self {
            Self::Ours(process) => vec![process.pid()],
            Self::Peer(peer) => peer.pids(),
        }
    }
}
