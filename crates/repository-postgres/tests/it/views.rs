//! Views that are added while others write.

use std::sync::Arc;

use larder_repository::{Database, ErrorKind, ViewBatchId, ViewRepository, ViewsAdded};
use tokio_postgres::Client;

use crate::databases::{Migrated, draft, id, imports, refusal, until};

/// Waits until so many statements of other connections wait for a lock.
async fn until_waiting(client: &Client, count: usize) {
    let query = format!(
        "SELECT count(*) = {count} FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'"
    );
    until(client, &query).await;
}

/// Both begin while a product in the middle is locked: locked in the order of the batch, each would go on to wait for the other.
#[tokio::test(flavor = "multi_thread")]
async fn batches_in_opposite_orders_do_not_wait_for_each_other_in_a_circle() {
    let shop = Migrated::new().await;
    let made = imports(3, |number| draft(&format!("S-{number}")));
    larder_repository::ProductImport::import(&shop.products, &made).await.expect("imports");
    let mut outsider = shop.outsider().await;
    let watcher = shop.outsider().await;
    let rival = outsider.transaction().await.expect("a transaction");
    rival.batch_execute("UPDATE products SET popularity = popularity + 5 WHERE id = 2").await.expect("updated");
    let add = |batch: u8, order: [i64; 3]| {
        let views = Arc::new(shop.views());
        tokio::runtime::Handle::current().spawn(async move {
            let counted = order.map(|number| (id(number), 1));
            views.add_views(ViewBatchId([batch; 16]), &counted).await
        })
    };
    let first = add(1, [3, 2, 1]);
    until_waiting(&watcher, 1).await;
    let second = add(2, [1, 2, 3]);
    until_waiting(&watcher, 2).await;
    rival.commit().await.expect("committed");
    for batch in [first, second] {
        let added = batch.await.expect("no panic").expect("no deadlock");
        assert_eq!(added, ViewsAdded::Now { products: 3 });
    }
    for (number, popularity) in [(1, 2), (2, 7), (3, 2)] {
        assert_eq!(shop.get(id(number)).await.expect("there").popularity, popularity);
    }
}

#[tokio::test]
async fn batches_are_forgotten_after_a_day_and_not_before() {
    let shop = Migrated::new().await;
    let outsider = shop.outsider().await;
    let add = async |batch: u8| shop.views().add_views(ViewBatchId([batch; 16]), &[]).await.expect("added");
    for (batch, hours) in [(1, 23), (2, 26)] {
        assert_eq!(add(batch).await, ViewsAdded::Now { products: 0 });
        let age = format!(
            "UPDATE view_batches SET added_at = now() - interval '{hours} hours' WHERE get_byte(id, 0) = {batch}"
        );
        outsider.batch_execute(&age).await.expect("aged");
    }
    assert_eq!(add(3).await, ViewsAdded::Now { products: 0 });
    assert_eq!(add(1).await, ViewsAdded::Before);
    assert_eq!(add(2).await, ViewsAdded::Now { products: 0 }, "it was forgotten");
}

#[tokio::test]
async fn a_signing_key_that_was_removed_is_reported() {
    let shop = Migrated::new().await;
    shop.outsider().await.batch_execute("DELETE FROM signing_key").await.expect("deleted");
    assert_eq!(refusal(shop.database.signing_key().await), ErrorKind::Corrupt);
}
