//! How many loads many readers of one cold key cause, also when the one who loads dies.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tokio::{sync::Barrier, task::JoinSet, time};
use tokio_postgres::Client;

use super::{
    Line, ms,
    visitor::{self, Visitor},
};
use crate::{
    cluster::{Cluster, Setup},
    loads,
};

const READERS: usize = 1_000;
const KEYS: usize = 20;

/// What a lease lasts, and what the others get beyond it to notice.
const LEASE: Duration = Duration::from_secs(2);
const NOTICE: Duration = Duration::from_millis(500);

/// Longer than this nobody waits.
const PATIENCE: Duration = Duration::from_secs(10);

const LOOK: Duration = Duration::from_millis(5);

/// Both figures, on one cluster.
pub(super) async fn measure(setup: &Setup) -> Result<Vec<Line>> {
    let mut setup = setup.clone();
    // The sampler asks the database too.
    setup.settings.push(("LARDER__CACHE__SAMPLES_PER_SECOND".to_owned(), "0".to_owned()));
    let cluster = Cluster::start(&setup).await?;
    let mut drivers = JoinSet::new();
    let client = cluster.connect(&mut drivers).await?;
    let ids: Vec<i64> = visitor::truth(&client).await?.into_keys().take(KEYS + 2).collect();
    let [warm, slow, cold @ ..] = ids.as_slice() else { anyhow::bail!("too few products") };
    let mut visitors = Vec::new();
    for number in 0..READERS {
        let mut visitor = Visitor::of(&cluster.nodes[number % cluster.nodes.len()])?;
        visitor.version(*warm).await?;
        visitors.push(visitor);
    }
    let (visitors, all_at_once) = read_all_at_once(&cluster, visitors, cold).await?;
    Ok(vec![all_at_once, lose_the_loader(&cluster, &client, visitors, *slow).await?])
}

/// All readers ask for the same key at the same time, key by key.
async fn read_all_at_once(cluster: &Cluster, visitors: Vec<Visitor>, cold: &[i64]) -> Result<(Vec<Visitor>, Line)> {
    let before = loads::of(&cluster.nodes).await;
    let barrier = Arc::new(Barrier::new(visitors.len()));
    let keys: Arc<[i64]> = cold.into();
    let mut readers = JoinSet::new();
    for mut visitor in visitors {
        let (barrier, keys) = (Arc::clone(&barrier), Arc::clone(&keys));
        readers.spawn(async move {
            for key in keys.iter() {
                barrier.wait().await;
                visitor.version(*key).await?;
            }
            anyhow::Ok(visitor)
        });
    }
    let visitors = readers.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
    let (loads, keys) = (loads::of(&cluster.nodes).await - before, cold.len());
    let per_key = format!("{}.{:02}", loads / keys as u64, loads * 100 / keys as u64 % 100);
    let text = format!(
        "cold-key nodes={} readers={} keys={keys} loads={loads} loads_per_key={per_key} bound=1.00",
        cluster.nodes.len(),
        visitors.len()
    );
    Ok((visitors, Line { text, is_kept: loads == keys as u64 }))
}

/// The first node asks alone and so holds the lease, in a load that a lock holds up; it dies, and of the others one takes over.
async fn lose_the_loader(cluster: &Cluster, client: &Client, mut visitors: Vec<Visitor>, slow: i64) -> Result<Line> {
    let (loader, others) = cluster.nodes.split_first().context("no nodes")?;
    let before = loads::of(others).await;
    let mut first = Visitor::of(loader)?;
    visitors.retain(|visitor| !visitor.is_of(loader));
    client.batch_execute("BEGIN; LOCK TABLE products IN ACCESS EXCLUSIVE MODE").await.context("lock")?;
    let mut readers = JoinSet::new();
    let mut lost = JoinSet::new();
    lost.spawn(async move { first.version(slow).await.is_ok() });
    let mut loaders = wait_for_loaders(client, 1).await?;
    for mut visitor in visitors {
        readers.spawn(async move { visitor.version(slow).await });
    }
    loader.kill()?;
    let killed = Instant::now();
    loaders.extend(wait_for_loaders(client, 2).await?);
    let took_over = killed.elapsed();
    client.batch_execute("COMMIT").await.context("unlock")?;
    let unlocked = Instant::now();
    let answers = readers.join_all().await;
    let answered = unlocked.elapsed();
    let failed = answers.iter().filter(|answer| answer.is_err()).count();
    let loads = loads::of(others).await - before;
    let text = format!(
        "lease-holder-killed readers={} failed={failed} loads_of_the_others={loads} queries_seen={} took_over_ms={} lease_ms={} \
         last_answer_after_unlock_ms={}",
        answers.len(),
        loaders.len(),
        ms(took_over),
        LEASE.as_millis(),
        ms(answered)
    );
    let is_kept = failed == 0 && loads == 1 && loaders.len() == 2 && took_over <= LEASE + NOTICE;
    Ok(Line { text, is_kept })
}

/// The processes of the database that wait for the lock, once there are so many.
async fn wait_for_loaders(client: &Client, count: usize) -> Result<BTreeSet<i32>> {
    let statement = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'products'::regclass";
    let start = Instant::now();
    loop {
        let rows = client.query(statement, &[]).await.context("see who waits")?;
        if rows.len() >= count {
            return Ok(rows.iter().map(|row| row.get(0)).collect());
        }
        ensure!(start.elapsed() < PATIENCE, "{} queries wait for the lock, not {count}", rows.len());
        time::sleep(LOOK).await;
    }
}
