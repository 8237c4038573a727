//! The masters of a cluster: which one serves each shard, found out again when one of them fails or says that it does not.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use redis::{Cmd, Value};
use tokio::time::timeout;

use super::{
    super::connection::{
        Link, Origin,
        attempts::Attempts,
        lock,
        peer::{Greeted, Peer},
    },
    address::Door,
    slots::{self, Node},
};
use crate::{ConfigError, RemoteError};

/// How many shards the keys are kept in; part of their names, so it never changes.
pub(super) const SHARDS: usize = 16;

/// The map is asked for at most this often, unless there is none.
const PAUSE: Duration = Duration::from_millis(100);

/// How long the search for a map may take, with all nodes that do not answer.
const SEARCH_DEADLINE: Duration = Duration::from_secs(4);

/// The ways to the masters of a cluster.
pub(super) struct Cluster {
    known: Arc<Known>,
    attempts: Attempts,
}

/// What is known of a cluster.
struct Known {
    door: Door,
    seeds: Vec<Node>,
    slots: [u16; SHARDS],
    map: Mutex<Option<Map>>,
    /// Whether the map may be wrong.
    is_doubted: Arc<AtomicBool>,
}

/// Who serves what.
struct Map {
    since: Instant,
    nodes: Vec<Node>,
    masters: HashMap<Node, Arc<Link>>,
    /// The master of each shard.
    shards: Vec<Option<Arc<Link>>>,
}

/// A node that was a master when the map was read.
struct Master {
    peer: Peer,
    is_doubted: Arc<AtomicBool>,
}

impl Cluster {
    /// The cluster that `seeds` belong to. The keys of shard n have the hash tag `NAMESPACE.n`.
    pub(super) fn new(seeds: Vec<Node>, door: Door, namespace: &str) -> Result<Self, ConfigError> {
        let slots = std::array::from_fn(|shard| slots::slot_of(&format!("{namespace}.{shard}")));
        let known = Known { door, seeds, slots, map: Mutex::default(), is_doubted: Arc::default() };
        Ok(Self { known: Arc::new(known), attempts: Attempts::new()? })
    }

    /// The way to the master of a shard, as far as known: while the map is doubted it is asked for in the background, since the other
    /// masters need not wait.
    pub(super) async fn of(&self, shard: usize) -> Result<Arc<Link>, RemoteError> {
        let look = || {
            let known = Arc::clone(&self.known);
            async move { known.look().await }
        };
        if lock(&self.known.map).is_none() {
            self.attempts.share(|| lock(&self.known.map).is_some().then_some(()), look).await?;
        } else if self.known.is_due() {
            self.attempts.begin(look);
        }
        self.known.link(shard).ok_or_else(|| {
            self.known.is_doubted.store(true, Ordering::Relaxed);
            RemoteError(format!("no master serves shard {shard}"))
        })
    }

    /// The next call asks for the map, and connects anew.
    pub(super) fn rediscover(&self) {
        if let Some(map) = &*lock(&self.known.map) {
            map.masters.values().for_each(|link| link.reconnect());
        }
        self.known.is_doubted.store(true, Ordering::Relaxed);
    }
}

impl Known {
    fn link(&self, shard: usize) -> Option<Arc<Link>> {
        lock(&self.map).as_ref()?.shards.get(shard)?.clone()
    }

    fn is_due(&self) -> bool {
        self.is_doubted.load(Ordering::Relaxed)
            && lock(&self.map).as_ref().is_none_or(|map| map.since.elapsed() >= PAUSE)
    }

    async fn look(&self) -> Result<(), RemoteError> {
        // Before the question: a doubt that comes while it is answered is one about the new map.
        self.is_doubted.store(false, Ordering::Relaxed);
        let late = || RemoteError(format!("no node of the cluster told its slots within {SEARCH_DEADLINE:?}"));
        let found = timeout(SEARCH_DEADLINE, self.search()).await.unwrap_or_else(|_elapsed| Err(late()));
        if found.is_err() {
            self.is_doubted.store(true, Ordering::Relaxed);
            if let Some(map) = &mut *lock(&self.map) {
                map.since = Instant::now();
            }
        }
        found
    }

    /// Asks one node after the other, in an order that is never the same, since some may know less than others.
    async fn search(&self) -> Result<(), RemoteError> {
        let mut nodes = lock(&self.map).as_ref().map(|map| map.nodes.clone()).unwrap_or_default();
        fastrand::shuffle(&mut nodes);
        nodes.extend(self.seeds.iter().filter(|seed| !nodes.contains(seed)).cloned().collect::<Vec<_>>());
        let mut question = redis::cmd("CLUSTER");
        question.arg("SLOTS");
        let mut failures = Vec::new();
        for node in nodes {
            match self.ask(&node, &question).await {
                Ok(()) => return Ok(()),
                Err(cause) => failures.push(cause.0),
            }
        }
        Err(RemoteError(failures.join("; ")))
    }

    async fn ask(&self, (host, port): &Node, question: &Cmd) -> Result<(), RemoteError> {
        let peer = self.peer(host, *port)?;
        let answer: Value = peer.ask(question).await?;
        let served = slots::served(answer, host).filter(|served| !served.is_empty());
        let served = served.ok_or_else(|| RemoteError(format!("{} told no slots of a cluster", peer.name())))?;
        let masters = self.slots.map(|slot| slots::master(&served, slot).cloned());
        self.install(slots::nodes(&served), &masters)
    }

    /// Ways to masters that stay are kept; the others go with their connections.
    fn install(&self, nodes: Vec<Node>, shards: &[Option<Node>]) -> Result<(), RemoteError> {
        let mut map = lock(&self.map);
        let mut old = map.take().map(|map| map.masters).unwrap_or_default();
        let mut masters = HashMap::new();
        for node in shards.iter().flatten() {
            if !masters.contains_key(node) {
                let link = old.remove(node).map_or_else(|| self.master(node), Ok)?;
                masters.insert(node.clone(), link);
            }
        }
        let shards = shards.iter().map(|node| masters.get(node.as_ref()?).cloned()).collect();
        *map = Some(Map { since: Instant::now(), nodes, masters, shards });
        Ok(())
    }

    fn master(&self, (host, port): &Node) -> Result<Arc<Link>, RemoteError> {
        let master = Master { peer: self.peer(host, *port)?, is_doubted: Arc::clone(&self.is_doubted) };
        let link = Link::new(Arc::new(master)).map_err(|cause| RemoteError(cause.to_string()))?;
        Ok(Arc::new(link))
    }

    fn peer(&self, host: &str, port: u16) -> Result<Peer, RemoteError> {
        self.door.at(host, port).and_then(Peer::new).map_err(|cause| RemoteError(cause.to_string()))
    }
}

#[async_trait]
impl Origin for Master {
    async fn connect(&self) -> Result<Greeted, RemoteError> {
        let greeted = match self.peer.greet().await {
            Ok(greeted) if greeted.introduction.is_replica => {
                Err(RemoteError(format!("{} is a replica, no master", self.peer.name())))
            }
            outcome => outcome,
        };
        if greeted.is_err() {
            self.doubt();
        }
        greeted
    }

    fn doubt(&self) {
        self.is_doubted.store(true, Ordering::Relaxed);
    }
}
