//! With many rows that are kept, nothing that is done often goes over all of them.

use std::time::{Duration, Instant};

use larder_repository::{Database, Outbox, OutboxLimits};
use larder_repository_postgres::PostgresOptions;
use tokio_postgres::Client;

use super::{FIRST, FOREVER, MANY, relay, tail};
use crate::databases::{Migrated, draft, until_alone};

const KEPT: i32 = 600_000;
/// More than the five executions after which the server considers a plan that fits all parameters.
const ROUNDS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn polls_relays_and_trims_read_few_of_many_rows() {
    let shop = Migrated::with(|options| PostgresOptions { pool_size: 1, ..options }).await;
    let outsider = shop.outsider().await;
    shop.outbox().make_current(FIRST).await.expect("the server is current");
    let keep = "INSERT INTO outbox (product_id, version, after_category, after_featured, after_published, taken_by)
        SELECT n, n, 'tea', false, true, $1 FROM generate_series(1, $2) AS n";
    for analyzed in [false, true] {
        outsider.execute(keep, &[&FIRST.0.as_slice(), &(KEPT / 2)]).await.expect("inserted");
        if analyzed {
            outsider.batch_execute("VACUUM (ANALYZE) outbox").await.expect("analyzed");
        }
        let began = Instant::now();
        work(&shop).await;
        println!("{ROUNDS} rounds of all, analyzed {analyzed}: {:?}", began.elapsed());
    }
    // A session hands its counters in when it ends.
    shop.database.close().await;
    until_alone(&outsider).await;
    assert_eq!(sequential_scans(&outsider).await, 1, "but to make a server current, which is rare");
}

async fn work(shop: &Migrated) {
    let outbox = shop.outbox();
    let mut tail = tail(shop).await;
    for round in 0..ROUNDS {
        shop.create(&draft(&format!("A-{round}-{:?}", Instant::now()))).await;
        let polled = tail.poll(MANY).await.expect("the poll answers");
        assert_eq!(polled.changes.map(|changes| changes.len()), Some(1));
        outbox.status(MANY as u64).await.expect("the status answers");
        assert_eq!(relay(&outbox, FIRST).await.claimed, 1);
        outbox.trim(FOREVER).await.expect("trims");
    }
    let limits = OutboxLimits { max_pending: 0, retention: Duration::from_secs(3_600) };
    shop.create(&draft(&format!("B-{:?}", Instant::now()))).await;
    assert_eq!(outbox.trim(limits).await.expect("trims").collapsed, 1);
    assert_eq!(relay(&outbox, FIRST).await.claimed, 1);
}

async fn sequential_scans(client: &Client) -> i64 {
    let query = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'outbox'";
    client.batch_execute("SELECT pg_stat_force_next_flush()").await.expect("flushed");
    client.query_one(query, &[]).await.expect("an answer").get(0)
}
