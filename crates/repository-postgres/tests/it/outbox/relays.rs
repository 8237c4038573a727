//! Relays beside each other, and relays that die.

use std::time::Duration;

use larder_repository::{Announced, Outbox, Relayed, Take, Taker};
use larder_repository_postgres::{PostgresDatabase, PostgresOptions, PostgresOutbox};
use larder_test_support::{Fault, FaultProxy, Postgres};
use tokio::{
    sync::{Mutex, Semaphore},
    time::{sleep, timeout},
};

use super::{FIRST, MANY, SECOND, pending, relay};
use crate::databases::{Migrated, PATIENCE, draft, until_somebody_waits};

/// A shared level that says when it was asked, and answers when it is let.
struct Gate {
    asked: Semaphore,
    open: Semaphore,
    taken: Mutex<Vec<u64>>,
}

impl Gate {
    fn new() -> Self {
        Self { asked: Semaphore::new(0), open: Semaphore::new(0), taken: Mutex::default() }
    }
}

#[async_trait::async_trait]
impl Take for Gate {
    async fn take(&self, changes: &[Announced]) -> Option<Taker> {
        self.asked.add_permits(1);
        self.open.acquire().await.expect("never closed").forget();
        self.taken.lock().await.extend(changes.iter().map(|change| change.row));
        Some(FIRST)
    }
}

async fn shop_with(products: usize) -> Migrated {
    let shop = Migrated::new().await;
    shop.outbox().make_current(FIRST).await.expect("the server is current");
    for number in 0..products {
        shop.create(&draft(&format!("S-{number}"))).await;
    }
    shop
}

async fn asked(gate: &Gate) {
    timeout(PATIENCE, gate.asked.acquire()).await.expect("in time").expect("never closed").forget();
}

#[tokio::test]
async fn two_relays_share_the_rows() {
    let shop = shop_with(10).await;
    let (outbox, gate) = (shop.outbox(), Gate::new());
    let (first, second, ()) = tokio::join!(outbox.relay(6, &gate), outbox.relay(6, &gate), async {
        asked(&gate).await;
        asked(&gate).await;
        assert_eq!(pending(&outbox).await, 10, "what is claimed is still pending");
        gate.open.add_permits(2);
    });
    let mut claimed = [first, second].map(|relayed| relayed.expect("relayed").claimed);
    claimed.sort_unstable();
    assert_eq!((claimed, pending(&outbox).await), ([4, 6], 0));
    let mut taken = gate.taken.lock().await.clone();
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), 10, "each row once");
}

#[tokio::test]
async fn a_relay_whose_connection_is_killed_loses_nothing() {
    let shop = shop_with(5).await;
    let outsider = shop.outsider().await;
    let (outbox, gate) = (shop.outbox(), Gate::new());
    let (relayed, ()) = tokio::join!(outbox.relay(MANY, &gate), async {
        asked(&gate).await;
        let kill = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
            WHERE datname = current_database() AND state = 'idle in transaction'";
        assert_eq!(outsider.query_one(kill, &[]).await.expect("killed").get::<_, i64>(0), 1);
        gate.open.add_permits(1);
    });
    relayed.expect_err("it could not mark what was taken");
    let taken = async {
        while pending(&outbox).await > 0 {
            relay(&outbox, FIRST).await;
        }
    };
    timeout(PATIENCE, taken).await.expect("another relay takes them");
    let marked = "SELECT count(*) FROM outbox WHERE taken_by IS NOT NULL";
    assert_eq!(outsider.query_one(marked, &[]).await.expect("an answer").get::<_, i64>(0), 5);
}

#[tokio::test]
async fn a_shared_level_that_hangs_gives_the_rows_back() {
    let short = Duration::from_millis(400);
    let shop = Migrated::with(|options| PostgresOptions { statement_timeout: short, ..options }).await;
    shop.outbox().make_current(FIRST).await.expect("the server is current");
    shop.create(&draft("A")).await;
    let relayed = timeout(PATIENCE, shop.outbox().relay(MANY, &Gate::new())).await.expect("in time").expect("answers");
    assert_eq!((relayed.claimed, relayed.marked), (1, false));
    assert!(relay(&shop.outbox(), FIRST).await.marked);
}

#[tokio::test]
async fn a_relay_that_falls_silent_gives_the_rows_back() {
    let shop = shop_with(3).await;
    let proxy = FaultProxy::start(Postgres::shared().await.expect("a server").address()).expect("a proxy");
    let database = PostgresDatabase::new(PostgresOptions {
        pool_size: 1,
        statement_timeout: Duration::from_millis(500),
        ..PostgresOptions::new(shop.server_side.url_at(proxy.address()))
    })
    .expect("usable options");
    let (silent, gate) = (PostgresOutbox::new(&database), Gate::new());
    let freed = async {
        asked(&gate).await;
        proxy.set(Fault::Drop).await.expect("silent");
        assert_eq!(relay(&shop.outbox(), FIRST).await, Relayed::default(), "the rows are held");
        while !relay(&shop.outbox(), FIRST).await.marked {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let (relayed, freed) = tokio::join!(silent.relay(MANY, &gate), timeout(PATIENCE, freed));
    freed.expect("the server ends the silent transaction");
    assert!(!relayed.is_ok_and(|relayed| relayed.marked));
    assert_eq!(pending(&shop.outbox()).await, 0);
}

#[tokio::test]
async fn a_relay_that_holds_the_old_server_marks_nothing() {
    let shop = shop_with(3).await;
    let (outbox, gate) = (shop.outbox(), Gate::new());
    let (relayed, ()) = tokio::join!(outbox.relay(MANY, &gate), async {
        asked(&gate).await;
        outbox.make_current(SECOND).await.expect("the server is current");
        gate.open.add_permits(1);
    });
    assert_eq!((relayed.expect("it answers").marked, pending(&outbox).await), (false, 3));
}

#[tokio::test]
async fn a_mark_under_way_when_another_server_becomes_current_is_undone() {
    let shop = shop_with(3).await;
    let (mut outsider, watcher) = (shop.outsider().await, shop.outsider().await);
    // A relay, up to the moment before it commits.
    let marking = outsider.transaction().await.expect("a transaction");
    marking.batch_execute("SELECT current FROM outbox_state FOR SHARE").await.expect("locked");
    let mark = "UPDATE outbox SET taken_by = $1";
    marking.execute(mark, &[&FIRST.0.as_slice()]).await.expect("marked");
    let outbox = shop.outbox();
    let (current, ()) = tokio::join!(outbox.make_current(SECOND), async {
        until_somebody_waits(&watcher).await;
        marking.commit().await.expect("committed");
    });
    current.expect("the server is current");
    assert_eq!(pending(&outbox).await, 3);
}

#[tokio::test]
async fn a_mark_waits_for_a_server_that_becomes_current() {
    let shop = shop_with(3).await;
    let (mut outsider, watcher) = (shop.outsider().await, shop.outsider().await);
    let becoming = outsider.transaction().await.expect("a transaction");
    let replace = "UPDATE outbox_state SET current = $1";
    becoming.execute(replace, &[&SECOND.0.as_slice()]).await.expect("replaced");
    let outbox = shop.outbox();
    let (relayed, ()) = tokio::join!(relay(&outbox, FIRST), async {
        until_somebody_waits(&watcher).await;
        becoming.commit().await.expect("committed");
    });
    assert_eq!((relayed.marked, pending(&outbox).await), (false, 3));
}
