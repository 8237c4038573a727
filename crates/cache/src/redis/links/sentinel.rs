//! The master that sentinels name, asked for anew whenever a connection is needed.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use redis::{Cmd, ConnectionInfo};
use tokio::time::timeout;

use super::{
    super::connection::{
        Origin, lock,
        peer::{Greeted, Peer},
    },
    address::Door,
};
use crate::{ConfigError, RemoteError};

/// How long one search may take, with all sentinels that do not answer.
const SEARCH_DEADLINE: Duration = Duration::from_secs(4);

/// The sentinels of a master.
pub(super) struct Sentinels {
    sentinels: Vec<Peer>,
    /// The one that led to the master last; asked first.
    first: AtomicUsize,
    question: Cmd,
    door: Door,
    /// The last master that was named.
    master: Mutex<Option<Arc<Peer>>>,
}

impl Sentinels {
    pub(super) fn new(sentinels: Vec<ConnectionInfo>, master_name: &str, door: Door) -> Result<Self, ConfigError> {
        let sentinels = sentinels.into_iter().map(Peer::new).collect::<Result<_, _>>()?;
        let mut question = redis::cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(master_name);
        Ok(Self { sentinels, first: AtomicUsize::new(0), question, door, master: Mutex::default() })
    }

    /// One after the other, since right after a failover some name the old master yet.
    async fn search(&self) -> Result<Greeted, RemoteError> {
        let first = self.first.load(Ordering::Relaxed);
        let mut failures = Vec::new();
        let mut refused: Vec<Arc<Peer>> = Vec::new();
        for number in (0..self.sentinels.len()).map(|step| (first + step) % self.sentinels.len()) {
            let Some(sentinel) = self.sentinels.get(number) else { continue };
            let master = match self.ask(sentinel).await {
                Ok(master) if refused.iter().any(|one| one.name() == master.name()) => continue,
                Ok(master) => master,
                Err(cause) => {
                    failures.push(cause.0);
                    continue;
                }
            };
            match master.greet().await {
                Ok(greeted) if !greeted.introduction.is_replica => {
                    self.first.store(number, Ordering::Relaxed);
                    return Ok(greeted);
                }
                Ok(_replica) => failures.push(format!("{} is a replica, not the master", master.name())),
                Err(cause) => failures.push(cause.0),
            }
            refused.push(master);
        }
        Err(RemoteError(failures.join("; ")))
    }

    async fn ask(&self, sentinel: &Peer) -> Result<Arc<Peer>, RemoteError> {
        let answer: Option<(String, u16)> = sentinel.ask(&self.question).await?;
        let Some((host, port)) = answer else {
            return Err(RemoteError(format!("the sentinel {} knows no such master", sentinel.name())));
        };
        let peer = self.door.at(&host, port).and_then(Peer::new);
        let peer = peer.map_err(|cause| RemoteError(format!("the sentinel {}: {cause}", sentinel.name())))?;
        let mut master = lock(&self.master);
        match master.as_ref().filter(|known| known.name() == peer.name()) {
            Some(known) => Ok(Arc::clone(known)),
            // The pool of the old one goes with it.
            None => Ok(Arc::clone(master.insert(Arc::new(peer)))),
        }
    }
}

#[async_trait]
impl Origin for Sentinels {
    async fn connect(&self) -> Result<Greeted, RemoteError> {
        let late = || RemoteError(format!("no sentinel led to a master within {SEARCH_DEADLINE:?}"));
        timeout(SEARCH_DEADLINE, self.search()).await.unwrap_or_else(|_elapsed| Err(late()))
    }

    fn doubt(&self) {}
}
