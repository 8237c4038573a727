//! Writes whose caller goes away: the whole change or none, and a connection that is fit for the next caller.

use larder_domain::ProductPatch;
use larder_repository::{Precondition, ProductChange, ProductImport, ProductRepository};
use larder_repository_postgres::PostgresOptions;

use crate::databases::{Migrated, draft, imports, until_somebody_waits};

/// One connection: whoever comes next gets the one that was left behind.
async fn shop() -> Migrated {
    Migrated::with(|options| PostgresOptions { pool_size: 1, ..options }).await
}

#[tokio::test]
async fn a_dropped_import_leaves_nothing_and_no_open_transaction() {
    let shop = shop().await;
    let outsider = shop.outsider().await;
    let watcher = shop.outsider().await;
    // Stops the import in its second statement, when thousands of rows are in.
    let stop = "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
        CREATE TRIGGER stop BEFORE INSERT ON products FOR EACH ROW WHEN (NEW.sku = 'S-5500') EXECUTE FUNCTION stop();
        SELECT pg_advisory_lock(1)";
    outsider.batch_execute(stop).await.expect("prepared");
    let products = imports(6_000, |number| draft(&format!("S-{number}")));
    tokio::select! {
        imported = shop.products.import(&products) => unreachable!("it waits for the lock: {imported:?}"),
        () = until_somebody_waits(&watcher) => {}
    }
    outsider.batch_execute("SELECT pg_advisory_unlock(1)").await.expect("released");
    assert_eq!(shop.products.count().await.expect("the connection is fit for use"), 0);
    let created = shop.create(&draft("A")).await;
    let seen = watcher.query_one("SELECT count(*) FROM products WHERE id = $1", &[&created.id.get()]).await;
    assert_eq!(seen.expect("an answer").get::<_, i64>(0), 1, "committed, not left in the old transaction");
}

#[tokio::test]
async fn a_dropped_update_happens_as_a_whole_or_not_at_all() {
    let shop = shop().await;
    let product = shop.create(&draft("A")).await;
    let mut outsider = shop.outsider().await;
    let watcher = shop.outsider().await;
    let lock = outsider.transaction().await.expect("a transaction");
    lock.batch_execute("SELECT FROM products FOR UPDATE").await.expect("locked");
    let change = ProductChange::Patch(ProductPatch { stock: Some(5), sales: Some(6), ..Default::default() });
    tokio::select! {
        updated = shop.products.update(product.id, &change, Precondition::None) => unreachable!("it waits: {updated:?}"),
        () = until_somebody_waits(&watcher) => {}
    }
    lock.rollback().await.expect("unlocked");
    // The one connection answers in order, so that this read comes after whatever became of the update.
    let after = shop.get(product.id).await.expect("there");
    let unchanged = (after.stock, after.sales, after.version) == (product.stock, product.sales, product.version);
    let changed = (after.stock, after.sales) == (5, 6) && after.version > product.version;
    assert!(unchanged || changed, "{after:?}");
}

#[tokio::test]
async fn a_dropped_read_does_not_keep_its_connection() {
    let shop = shop().await;
    let product = shop.create(&draft("A")).await;
    for _ in 0..20 {
        tokio::select! {
            biased;
            _ = shop.products.get(product.id, larder_repository::Freshness::Latest) => {}
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(shop.get(product.id).await, Some(product));
}
