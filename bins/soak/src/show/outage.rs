//! What clients and the database notice of a Redis that is killed and comes back.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::{task::JoinSet, time};
use tokio_postgres::Client;

use super::{
    Line,
    visitor::{self, Visitor},
};
use crate::{
    cluster::{Cluster, Setup},
    loads,
};

const CONNECTIONS: usize = 64;

/// Hot products.
const KEYS: u32 = 10_000;

/// Ids of one statement that changes products: each is announced by itself.
const PIECE: i64 = 500;

/// Failures that are told.
const TOLD: u64 = 5;

/// How old an answer may be.
const BOUND: Duration = Duration::from_secs(1);

/// What the database tells of its transactions is up to a second old, and that of an idle connection older.
const SETTLE: Duration = Duration::from_secs(2);

#[derive(Debug)]
struct Traffic {
    start: Instant,
    requests: AtomicU64,
    failed: AtomicU64,
    stale: AtomicU64,
    /// By position: when the new version was acknowledged, in milliseconds from the start, and which it is.
    changed: BTreeMap<i64, (AtomicU64, AtomicU64)>,
}

/// Figures at one moment.
#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Duration,
    requests: u64,
    transactions: u64,
    loads: u64,
}

/// Lets everybody read hot products while Redis dies, all products change, and Redis comes back.
pub(super) async fn measure(setup: &Setup, length: Duration) -> Result<Line> {
    let cluster = Cluster::start(&Setup { products: KEYS, ..setup.clone() }).await?;
    let mut drivers = JoinSet::new();
    let client = cluster.connect(&mut drivers).await?;
    let hot = visitor::truth(&client).await?;
    // Into all memories.
    visitor::differences(&cluster, &hot).await?;
    let traffic = Arc::new(Traffic::over(&hot));
    let mut readers = start_readers(&cluster, &traffic)?;
    let mut readings = vec![read(&cluster, &client, &traffic).await?];
    time::sleep(length / 3).await;
    readings.push(read(&cluster, &client, &traffic).await?);
    let (died, changed) = tokio::join!(cluster.redis.die(length), change_all(&client, &traffic, length / 3));
    died.and(changed)?;
    readings.push(read(&cluster, &client, &traffic).await?);
    time::sleep((length / 3).max(SETTLE)).await;
    readings.push(read(&cluster, &client, &traffic).await?);
    readers.shutdown().await;
    let different = visitor::differences(&cluster, &visitor::truth(&client).await?).await?;
    Ok(tell(&traffic, &readings, different, cluster.nodes.len()))
}

impl Traffic {
    fn over(hot: &BTreeMap<i64, i64>) -> Self {
        let zero = || AtomicU64::new(0);
        let changed = hot.keys().map(|id| (*id, (AtomicU64::new(u64::MAX), zero()))).collect();
        Self { start: Instant::now(), requests: zero(), failed: zero(), stale: zero(), changed }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn ask(&self, visitor: &mut Visitor, product: i64) {
        let asked = self.now_ms();
        let shown = visitor.version(product).await;
        self.requests.fetch_add(1, SeqCst);
        let shown = match shown {
            Ok(shown) => shown,
            Err(error) => {
                if self.failed.fetch_add(1, SeqCst) < TOLD {
                    eprintln!("failed, asked at {asked} ms, answered at {} ms: {error:#}", self.now_ms());
                }
                return;
            }
        };
        let Some((acknowledged, version)) = self.changed.get(&product) else { return };
        let bound = u64::try_from(BOUND.as_millis()).unwrap_or(u64::MAX);
        let is_due = asked > acknowledged.load(SeqCst).saturating_add(bound);
        if is_due && u64::try_from(shown).unwrap_or(0) < version.load(SeqCst) {
            self.stale.fetch_add(1, SeqCst);
        }
    }
}

fn start_readers(cluster: &Cluster, traffic: &Arc<Traffic>) -> Result<JoinSet<()>> {
    let ids: Arc<[i64]> = traffic.changed.keys().copied().collect();
    let mut readers = JoinSet::new();
    for number in 0..CONNECTIONS {
        let mut visitor = Visitor::of(&cluster.nodes[number % cluster.nodes.len()])?;
        let (traffic, ids) = (Arc::clone(traffic), Arc::clone(&ids));
        readers.spawn(async move {
            loop {
                traffic.ask(&mut visitor, ids[fastrand::usize(..ids.len())]).await;
            }
        });
    }
    Ok(readers)
}

/// After a while, changes every product by SQL.
async fn change_all(client: &Client, traffic: &Traffic, after: Duration) -> Result<()> {
    time::sleep(after).await;
    let last = traffic.changed.keys().next_back().copied().unwrap_or(0);
    for from in (0..=last).step_by(usize::try_from(PIECE).context("a piece")?) {
        let statement = "UPDATE products SET price = price + 1 WHERE id > $1 AND id <= $2 RETURNING id, version";
        let rows = client.query(statement, &[&from, &(from + PIECE)]).await.context("change prices")?;
        let now = traffic.now_ms();
        for row in rows {
            let Some((acknowledged, version)) = traffic.changed.get(&row.get::<_, i64>(0)) else { continue };
            version.store(u64::try_from(row.get::<_, i64>(1)).unwrap_or(0), SeqCst);
            acknowledged.store(now, SeqCst);
        }
    }
    Ok(())
}

async fn read(cluster: &Cluster, client: &Client, traffic: &Traffic) -> Result<Reading> {
    let statement = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    let row = client.query_one(statement, &[]).await.context("count transactions")?;
    let transactions = u64::try_from(row.get::<_, i64>(0)).unwrap_or(0);
    let requests = traffic.requests.load(SeqCst);
    Ok(Reading { at: traffic.start.elapsed(), requests, transactions, loads: loads::of(&cluster.nodes).await })
}

fn tell(traffic: &Traffic, readings: &[Reading], different: usize, nodes: usize) -> Line {
    let per_second = |of: fn(&Reading) -> u64| {
        let rates = readings.windows(2).map(|pair| {
            let millis = u64::try_from((pair[1].at - pair[0].at).as_millis()).unwrap_or(u64::MAX).max(1);
            (of(&pair[1]).saturating_sub(of(&pair[0])) * 1_000 / millis).to_string()
        });
        rates.collect::<Vec<_>>().join("/")
    };
    let [failed, stale] = [&traffic.failed, &traffic.stale].map(|count| count.load(SeqCst));
    let loads = readings.last().map_or(0, |last| last.loads) - readings.get(1).map_or(0, |before| before.loads);
    // Each node may load each product three times: when Redis is away, when it has changed, and when everything is told again.
    let most_loads = 3 * u64::from(KEYS) * u64::try_from(nodes).unwrap_or(u64::MAX);
    let text = format!(
        "redis-outage nodes={nodes} connections={CONNECTIONS} keys={KEYS} requests={} failed={failed} \
         requests_per_second={} database_transactions_per_second={} loads_per_second={} (before/during/after) \
         loads_since_the_kill={loads} bound_loads={most_loads} stale={stale} different_at_the_end={different}",
        traffic.requests.load(SeqCst),
        per_second(|reading| reading.requests),
        per_second(|reading| reading.transactions),
        per_second(|reading| reading.loads),
    );
    Line { text, is_kept: failed == 0 && stale == 0 && different == 0 && loads <= most_loads }
}
