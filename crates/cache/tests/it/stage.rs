//! A stage of nodes that hear: each with a backplane, some with a feed, over one scripted L2 and a clock that stands still.

use std::{
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

use larder_cache::{
    BackplaneOptions, Cache, CacheOptions, Change, Feed, FeedOptions, Json, L2, L2Options, Loaded, Lookup, News,
    Source,
    testing::{Call, CountingLoader, Fault, ManualClock, Mutant, ScriptedL2},
};

use crate::names::until;

pub(crate) type Names = Cache<u64, String>;

pub(crate) const BOUND: Duration = Duration::from_secs(1);
pub(crate) const TAG: &str = "red";

/// What nodes share: an L2 and the rows of the source, on a clock that stands still.
pub(crate) struct Stage {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) remote: Arc<ScriptedL2>,
    pub(crate) rows: CountingLoader<u64, String>,
    mutant: Option<Mutant>,
    nodes: Cell<usize>,
}

/// One node.
pub(crate) struct Node {
    pub(crate) l2: L2,
    feed: Option<Feed>,
    pub(crate) names: Names,
}

impl Stage {
    /// Row 1 is "old", of version 1, with the tag.
    pub(crate) fn new() -> Self {
        Self::with(None)
    }

    pub(crate) fn with(mutant: Option<Mutant>) -> Self {
        let clock = ManualClock::new();
        let remote = ScriptedL2::with_clock(Arc::<ManualClock>::clone(&clock));
        remote.set_relayed(true);
        Self { clock, remote, rows: CountingLoader::new([(1, row("old", 1))]), mutant, nodes: Cell::new(0) }
    }

    /// A node that hears of changes by the backplane alone, and has begun to.
    pub(crate) async fn node(&self) -> Node {
        self.build(None).await
    }

    /// A node with a feed that is confirmed now, over a server that has taken all that was announced.
    pub(crate) async fn fed_node(&self) -> Node {
        let clock = Arc::<ManualClock>::clone(&self.clock);
        let options = FeedOptions { max_staleness: BOUND, ..FeedOptions::default() };
        let node = self.build(Some(Feed::with_clock(options, clock).expect("the options work"))).await;
        node.settle(0, None);
        self.confirm(&node);
        node
    }

    pub(crate) async fn build(&self, feed: Option<Feed>) -> Node {
        let clock = || Arc::<ManualClock>::clone(&self.clock);
        let options = L2Options { deadline: Duration::from_hours(1), failures_to_open: 1_000, ..L2Options::default() };
        let backplane = BackplaneOptions { max_staleness: BOUND, wait: Duration::from_millis(20) };
        let mut l2 = L2::builder(Arc::<ScriptedL2>::clone(&self.remote)).options(options).clock(clock());
        let mut names = Names::builder("names").codec(Json).clock(clock()).options(patient());
        if let Some(mutant) = self.mutant {
            (l2, names) = (l2.mutant(mutant), names.mutant(mutant));
        }
        let l2 = l2.backplane(Arc::<ScriptedL2>::clone(&self.remote), backplane).build().expect("the options work");
        names = names.l2(&l2);
        if let Some(feed) = &feed {
            names = names.feed(feed);
        }
        let names = names.build().expect("the options work");
        until(|| l2.server().is_some()).await;
        self.nodes.set(self.nodes.get() + 1);
        Node { l2, feed, names }
    }

    pub(crate) fn confirm(&self, node: &Node) {
        use larder_cache::Clock;
        node.feed().confirm(self.clock.now());
    }

    pub(crate) fn change(&self) {
        self.rows.set(1, row("new", 2));
    }

    pub(crate) async fn get(&self, node: &Node) -> Lookup<String> {
        node.names.get_or_load(&1, self.rows.load(1)).await.expect("no load fails")
    }

    pub(crate) async fn read(&self, node: &Node) -> (String, Source) {
        let found = self.get(node).await;
        (found.value.expect("the row is there"), found.source)
    }

    pub(crate) async fn sees(&self, node: &Node, value: &str, source: Source) {
        assert_eq!(self.read(node).await, (value.to_owned(), source));
    }

    /// From now on no node hears anything: what they had asked before is answered, and their next questions fail.
    pub(crate) async fn deafen(&self) {
        self.remote.set_fault(Call::Read, Some(Fault::Fail));
        self.remote.set_fault(Call::Anchor, Some(Fault::Fail));
        let begun = self.remote.begun(Call::Read);
        until(|| self.remote.begun(Call::Read) >= begun + self.nodes.get()).await;
    }

    /// A node hears again, and has asked once more.
    pub(crate) async fn hear_again(&self, node: &Node) {
        self.remote.set_fault(Call::Read, None);
        self.remote.set_fault(Call::Anchor, None);
        self.clock.advance(Duration::from_millis(50));
        until(|| node.l2.heard_ago() == Some(Duration::ZERO)).await;
    }

    /// The node has the row in L1, and L2 has it too.
    pub(crate) async fn warm(&self, node: &Node) {
        let fills = self.remote.begun(Call::Fill);
        assert_eq!(self.get(node).await.source, Source::Loader);
        self.remote.ended(Call::Fill, fills + 1).await;
        until(|| self.remote.frame("names", "1").is_some()).await;
    }
}

impl Node {
    pub(crate) fn feed(&self) -> &Feed {
        self.feed.as_ref().expect("a node with a feed")
    }

    pub(crate) fn settle(&self, newest: u64, pending_from: Option<u64>) {
        self.feed().settle(self.l2.server().expect("it is heard"), newest, pending_from);
    }
}

pub(crate) fn row(value: &str, version: u64) -> Loaded<String> {
    Loaded::found(value.to_owned()).with_version(version).with_tag(TAG)
}

pub(crate) fn patient() -> CacheOptions {
    CacheOptions {
        ttl: Duration::from_hours(2),
        l1_ttl: Duration::from_hours(2),
        jitter: 0.0,
        early_refresh: 0.0,
        lease: Duration::from_hours(1),
        load_deadline: Duration::from_hours(1),
        ..CacheOptions::default()
    }
}

pub(crate) fn key(version: u64) -> News<u64> {
    News::Key(1, Change::updated(version))
}

pub(crate) fn tag(change: u64) -> News<u64> {
    News::Tag { tag: TAG.to_owned(), change: Some(change) }
}

/// What a scene leads to: "new", and with the mistake "old".
pub(crate) async fn bites(scene: impl AsyncFn(&Stage) -> String, mutant: Mutant) {
    assert_eq!(scene(&Stage::new()).await, "new");
    assert_eq!(scene(&Stage::with(Some(mutant))).await, "old", "{mutant:?} was not found");
}

/// Waits until something comes to hold that has to be asked for.
pub(crate) async fn until_async(condition: impl AsyncFn() -> bool, what: &str) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < Duration::from_secs(20), "it never happened: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
