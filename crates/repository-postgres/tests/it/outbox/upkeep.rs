//! Trimming beside others.

use larder_repository::{Outbox, OutboxLimits, Trimmed};

use super::{FIRST, FOREVER, MANY, pending, relay, tail};
use crate::databases::{Migrated, PATIENCE, draft};

async fn shop_with(products: usize) -> Migrated {
    let shop = Migrated::new().await;
    shop.outbox().make_current(FIRST).await.expect("the server is current");
    for number in 0..products {
        shop.create(&draft(&format!("S-{number}"))).await;
    }
    shop
}

#[tokio::test]
async fn rows_are_deleted_when_they_are_older_than_the_retention() {
    let shop = shop_with(4).await;
    let outbox = shop.outbox();
    relay(&outbox, FIRST).await;
    let age = "UPDATE outbox SET written_at = written_at - interval '61 minutes' WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT 2)";
    shop.outsider().await.batch_execute(age).await.expect("aged");
    assert_eq!(outbox.trim(FOREVER).await.expect("trims"), Trimmed { deleted: 2, collapsed: 0 });
    assert_eq!(outbox.trim(FOREVER).await.expect("trims"), Trimmed::default());
}

#[tokio::test]
async fn what_a_relay_holds_is_not_collapsed() {
    let shop = shop_with(4).await;
    let (outbox, mut outsider) = (shop.outbox(), shop.outsider().await);
    let held = outsider.transaction().await.expect("a transaction");
    held.batch_execute("SELECT FROM outbox ORDER BY id LIMIT 1 FOR UPDATE").await.expect("held");
    let limits = OutboxLimits { max_pending: 1, ..FOREVER };
    assert_eq!(outbox.trim(limits).await.expect("trims").collapsed, 3);
    assert_eq!(pending(&outbox).await, 2, "the row that is held, and one for everything");
    held.rollback().await.expect("let go");
    assert_eq!(relay(&outbox, FIRST).await.claimed, 2);
}

#[tokio::test]
async fn of_several_at_a_time_one_trims() {
    let shop = shop_with(2).await;
    let (outbox, outsider) = (shop.outbox(), shop.outsider().await);
    relay(&outbox, FIRST).await;
    // The number that names the lock: "outbox" in ASCII.
    outsider.batch_execute("SELECT pg_advisory_lock(x'6f7574626f78'::bigint)").await.expect("locked");
    let limits = OutboxLimits { retention: std::time::Duration::ZERO, ..FOREVER };
    assert_eq!(outbox.trim(limits).await.expect("answers at once"), Trimmed::default());
    outsider.batch_execute("SELECT pg_advisory_unlock_all()").await.expect("unlocked");
    assert_eq!(outbox.trim(limits).await.expect("trims").deleted, 2);
}

#[tokio::test]
async fn rows_of_another_timeline_become_one_change_of_everything() {
    let shop = shop_with(2).await;
    let outbox = shop.outbox();
    relay(&outbox, FIRST).await;
    // As after reading the dump of a server that had counted further.
    let read_in = "UPDATE outbox_state SET timeline = timeline + 1, deleted_through = 1000000000000;
        UPDATE outbox SET xid = 1000000000000 + id";
    shop.outsider().await.batch_execute(read_in).await.expect("read in");
    let mut tail = tail(&shop).await;
    assert_eq!(tail.poll(MANY).await.expect("the poll answers").changes, None, "it cannot tell what it has missed");
    outbox.trim(FOREVER).await.expect("trims");
    assert_eq!(pending(&outbox).await, 1);
    // Others on the same server may need it to ask more than once.
    let heals = async { while tail.poll(MANY).await.expect("the poll answers").changes.is_none() {} };
    tokio::time::timeout(PATIENCE, heals).await.expect("no gap lasts");
    assert_eq!(relay(&outbox, FIRST).await.claimed, 1);
    outbox.trim(FOREVER).await.expect("trims");
    assert_eq!(pending(&outbox).await, 0, "once");
}
