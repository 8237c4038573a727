//! How far the relay is behind many changes, and what is lost with it: nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tokio::{
    task::JoinSet,
    time::{self, MissedTickBehavior},
};
use tokio_postgres::Client;

use super::{Line, ms, quantile, visitor};
use crate::cluster::{Cluster, Setup};

const WRITERS: usize = 4;

/// Rows of one statement, which is a transaction of its own.
const ROWS: i64 = 10;

const ROWS_PER_SECOND: u32 = 1_000;

/// Between two looks at the oldest row that waits.
const LOOK: Duration = Duration::from_millis(20);

/// What the relay gets at the end.
const PATIENCE: Duration = Duration::from_secs(30);

/// How far behind it may be, of a hundred looks in ninety-nine, while nothing is wrong.
const LAG: Duration = Duration::from_secs(1);

/// Once with relays in the nodes, and once with one of its own that dies and comes back.
pub(super) async fn measure(setup: &Setup, length: Duration) -> Result<Vec<Line>> {
    let steady = Cluster::start(&Setup { relays: 0, ..setup.clone() }).await?;
    let steady = under_changes(&steady, length, None).await?;
    let killed = Cluster::start(&Setup { relays: 1, ..setup.clone() }).await?;
    let killed = under_changes(&killed, length, Some(length / 3)).await?;
    Ok(vec![steady, killed])
}

async fn under_changes(cluster: &Cluster, length: Duration, without_relay: Option<Duration>) -> Result<Line> {
    let mut drivers = JoinSet::new();
    let client = cluster.connect(&mut drivers).await?;
    let before: i64 = client.query_one("SELECT coalesce(max(id), 0) FROM outbox", &[]).await?.get(0);
    // Into all memories, so that there is something to be told.
    visitor::differences(cluster, &visitor::truth(&client).await?).await?;
    let updated = Arc::new(AtomicI64::new(0));
    let mut writers = start_writers(cluster, &updated).await?;
    let died = async {
        let Some(away) = without_relay else { return Ok(()) };
        let relay = cluster.relays.first().context("no relay")?;
        time::sleep((length - away) / 2).await;
        relay.kill()?;
        time::sleep(away).await;
        relay.start().await
    };
    let (lags, died) = tokio::join!(watch(&client, length), died);
    died?;
    writers.shutdown().await;
    let emptied = until_nothing_waits(&client).await;
    let mut lags = lags?;
    lags.sort_unstable();
    let updated = updated.load(SeqCst);
    // A statement may have been under way when its writer was stopped.
    let taken = "SELECT count(*) FILTER (WHERE taken_by IS NOT NULL), count(*) FILTER (WHERE taken_by IS NULL) FROM outbox WHERE id > $1";
    let row = client.query_one(taken, &[&before]).await.context("count rows")?;
    let (taken, waiting): (i64, i64) = (row.get(0), row.get(1));
    let different = visitor::differences(cluster, &visitor::truth(&client).await?).await?;
    let (p50, p99, max) = (quantile(&lags, 500), quantile(&lags, 990), quantile(&lags, 1_000));
    let name = if without_relay.is_some() { "relay-killed" } else { "outbox" };
    let away = without_relay.unwrap_or_default();
    let text = format!(
        "{name} rows_per_second={} updated={updated} taken={taken} waiting={waiting} lag_p50_ms={} lag_p99_ms={} lag_max_ms={} \
         relay_away_ms={} emptied_after_ms={} different_at_the_end={different}",
        updated / i64::try_from(length.as_secs().max(1))?,
        ms(p50),
        ms(p99),
        ms(max),
        away.as_millis(),
        emptied.as_ref().map_or_else(|_| "never".to_owned(), |took| ms(*took)),
    );
    let is_near = without_relay.is_some() || p99 <= LAG;
    let is_enough = updated >= i64::from(ROWS_PER_SECOND) * i64::try_from(length.as_secs())? * 9 / 10;
    Ok(Line { text, is_kept: is_enough && is_near && waiting == 0 && taken >= updated && different == 0 })
}

/// Writers that change rows at a fixed pace, and count what was acknowledged.
async fn start_writers(cluster: &Cluster, updated: &Arc<AtomicI64>) -> Result<JoinSet<()>> {
    let mut writers = JoinSet::new();
    let period = Duration::from_secs(1) * u32::try_from(WRITERS)? * u32::try_from(ROWS)? / ROWS_PER_SECOND;
    for _ in 0..WRITERS {
        let mut drivers = JoinSet::new();
        let client = cluster.connect(&mut drivers).await?;
        let updated = Arc::clone(updated);
        writers.spawn(async move {
            // Ends with this writer.
            let _drivers = drivers;
            let mut ticks = time::interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            loop {
                ticks.tick().await;
                let from = fastrand::i64(0..1_900);
                // In the order of ids, so that writers wait for each other in place of a deadlock.
                let statement = "WITH few AS (SELECT id FROM products WHERE id > $1 ORDER BY id LIMIT $2 FOR UPDATE) \
                                 UPDATE products SET stock = stock + 1 FROM few WHERE products.id = few.id";
                match client.execute(statement, &[&from, &ROWS]).await {
                    Ok(rows) => drop(updated.fetch_add(i64::try_from(rows).unwrap_or(0), SeqCst)),
                    Err(error) => {
                        eprintln!("a writer gave up: {error}: {:?}", error.as_db_error());
                        return;
                    }
                }
            }
        });
    }
    Ok(writers)
}

/// Looks at the age of the oldest row that waits, again and again.
async fn watch(client: &Client, length: Duration) -> Result<Vec<Duration>> {
    let start = Instant::now();
    let mut lags = Vec::new();
    while start.elapsed() < length {
        lags.push(oldest(client).await?);
        time::sleep(LOOK).await;
    }
    Ok(lags)
}

/// How long the oldest row has waited; zero if none waits.
async fn oldest(client: &Client) -> Result<Duration> {
    let statement = "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)::float8 FROM outbox WHERE taken_by IS NULL";
    let seconds: f64 = client.query_one(statement, &[]).await.context("look at the outbox")?.get(0);
    Ok(Duration::from_secs_f64(seconds.max(0.0)))
}

async fn until_nothing_waits(client: &Client) -> Result<Duration> {
    let start = Instant::now();
    while oldest(client).await? > Duration::ZERO {
        ensure!(start.elapsed() < PATIENCE, "rows still wait");
        time::sleep(LOOK).await;
    }
    Ok(start.elapsed())
}
