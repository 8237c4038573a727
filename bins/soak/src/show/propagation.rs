//! How long an UPDATE by SQL takes until every node answers it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::{task::JoinSet, time};

use super::{Line, ms, quantile, visitor::Visitor};
use crate::{
    cluster::{Cluster, Setup},
    show::visitor,
};

const TRIES: usize = 200;

/// Bounds.
const P99: Duration = Duration::from_millis(250);
const MOST: Duration = Duration::from_secs(1);

/// Longer than this it is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks of one node's poller.
const LOOK: Duration = Duration::from_millis(1);

/// Between two tries: no multiple of any period of the nodes, so that the tries meet all phases of these.
const PAUSE: Duration = Duration::from_millis(37);

/// Changes a price that all nodes have in memory, and polls all of them until each has answered the new version. The clock runs from
/// before the statement is sent.
pub(super) async fn measure(setup: &Setup) -> Result<Line> {
    let cluster = Cluster::start(setup).await?;
    let mut drivers = JoinSet::new();
    let client = cluster.connect(&mut drivers).await?;
    let ids: Vec<i64> = visitor::truth(&client).await?.into_keys().take(50).collect();
    let mut visitors = cluster.nodes.iter().map(Visitor::of).collect::<Result<Vec<_>>>()?;
    let mut times = Vec::new();
    for attempt in 0..TRIES {
        let id = ids[attempt % ids.len()];
        let mut pollers = JoinSet::new();
        let mut old = 0;
        for visitor in &mut visitors {
            old = visitor.version(id).await?;
            ensure!(visitor.version(id).await? == old, "product {id} changed by itself");
        }
        let start = Instant::now();
        for visitor in visitors.drain(..) {
            pollers.spawn(poll(visitor, id, old, start));
        }
        let update = format!("UPDATE products SET price = {attempt}.75 WHERE id = {id}");
        client.batch_execute(&update).await.context("change a price")?;
        let mut slowest = Duration::ZERO;
        while let Some(polled) = pollers.join_next().await {
            let (visitor, took) = polled.context("a poller")??;
            visitors.push(visitor);
            slowest = slowest.max(took);
        }
        times.push(slowest);
        time::sleep(PAUSE).await;
    }
    times.sort_unstable();
    let (p50, p99, max) = (quantile(&times, 500), quantile(&times, 990), quantile(&times, 1_000));
    let (nodes, tries) = (cluster.nodes.len(), times.len());
    let text = format!(
        "propagation nodes={nodes} tries={tries} p50_ms={} p99_ms={} max_ms={} bound_p99_ms={} bound_max_ms={}",
        ms(p50),
        ms(p99),
        ms(max),
        P99.as_millis(),
        MOST.as_millis()
    );
    Ok(Line { text, is_kept: p99 < P99 && max < MOST })
}

/// Until the node answers a newer version than `old`.
async fn poll(mut visitor: Visitor, id: i64, old: i64, start: Instant) -> Result<(Visitor, Duration)> {
    while visitor.version(id).await? <= old {
        ensure!(start.elapsed() < PATIENCE, "a node never answered the new price of {id}");
        time::sleep(LOOK).await;
    }
    Ok((visitor, start.elapsed()))
}
