//! Writes that race, and what others than the repository do to the tables.

use std::sync::Arc;

use larder_domain::{Adjustment, ProductPatch};
use larder_repository::{ErrorKind, Precondition, ProductChange, ProductRepository};
use tokio::{sync::Barrier, task::JoinSet};

use crate::databases::{Migrated, draft, price, refusal, until_somebody_waits};

fn patch(patch: ProductPatch) -> ProductChange {
    ProductChange::Patch(patch)
}

#[tokio::test(flavor = "multi_thread")]
async fn adjustments_that_race_add_up() {
    let shop = Arc::new(Migrated::new().await);
    let product = shop.create(&draft("A")).await;
    let barrier = Arc::new(Barrier::new(4));
    let mut writers = JoinSet::new();
    for _ in 0..4 {
        let (shop, barrier) = (Arc::clone(&shop), Arc::clone(&barrier));
        writers.spawn(async move {
            let change = Adjustment { stock: 1, sales: 2, reason: "race".into() };
            barrier.wait().await;
            for _ in 0..25 {
                shop.products.adjust(product.id, &change).await.expect("adjusts");
            }
        });
    }
    writers.join_all().await;
    let after = shop.get(product.id).await.expect("there");
    assert_eq!((after.stock, after.sales), (100, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_updates_that_race_for_one_version_exactly_one_wins() {
    let shop = Arc::new(Migrated::new().await);
    let product = shop.create(&draft("A")).await;
    let barrier = Arc::new(Barrier::new(4));
    let mut writers = JoinSet::new();
    for number in 1..=4 {
        let (shop, barrier) = (Arc::clone(&shop), Arc::clone(&barrier));
        writers.spawn(async move {
            let change = patch(ProductPatch { stock: Some(number), ..Default::default() });
            barrier.wait().await;
            let answer = shop.products.update(product.id, &change, Precondition::Version(product.version)).await;
            answer.map(|_| ()).map_err(|error| error.kind().clone())
        });
    }
    let (won, lost): (Vec<_>, Vec<_>) = writers.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost), (1, vec![Err(ErrorKind::PreconditionFailed); 3]));
}

#[tokio::test]
async fn an_update_that_waited_sees_what_it_waited_for() {
    let shop = Migrated::new().await;
    let product = shop.create(&draft("A")).await;
    let mut outsider = shop.outsider().await;
    let watcher = shop.outsider().await;
    let move_away = outsider.transaction().await.expect("a transaction");
    move_away
        .execute("UPDATE products SET category = 'coffee', brand = 'Peak' WHERE id = $1", &[&product.id.get()])
        .await
        .expect("updated");
    let change = patch(ProductPatch { price: Some(price("1")), ..Default::default() });
    let release = async {
        until_somebody_waits(&watcher).await;
        move_away.commit().await.expect("committed");
    };
    let (written, ()) = tokio::join!(shop.products.update(product.id, &change, Precondition::None), release);
    let written = written.expect("updates");
    assert_eq!(written.before.expect("it was listed").category.as_str(), "coffee");
    let after = shop.get(product.id).await.expect("there");
    assert_eq!((after.brand.as_deref(), after.price), (Some("Peak"), price("1")));
    assert_eq!(after.version, written.version);
}

#[tokio::test]
async fn an_update_with_a_version_that_waited_is_refused() {
    let shop = Migrated::new().await;
    let product = shop.create(&draft("A")).await;
    let mut outsider = shop.outsider().await;
    let watcher = shop.outsider().await;
    for deleting in [false, true] {
        let rival = outsider.transaction().await.expect("a transaction");
        rival.batch_execute("UPDATE products SET stock = 5").await.expect("updated");
        let change = patch(ProductPatch { stock: Some(7), ..Default::default() });
        let seen = Precondition::Version(shop.get(product.id).await.expect("there").version);
        let release = async {
            until_somebody_waits(&watcher).await;
            rival.commit().await.expect("committed");
        };
        let write = async {
            if deleting {
                shop.products.delete(product.id, seen).await
            } else {
                shop.products.update(product.id, &change, seen).await
            }
        };
        let (written, ()) = tokio::join!(write, release);
        assert_eq!(refusal(written), ErrorKind::PreconditionFailed);
        assert_eq!(shop.get(product.id).await.expect("there").stock, 5);
    }
}

#[tokio::test]
async fn a_write_that_waited_for_a_removal_finds_nothing() {
    let shop = Migrated::new().await;
    let product = shop.create(&draft("A")).await;
    let mut outsider = shop.outsider().await;
    let watcher = shop.outsider().await;
    let removal = outsider.transaction().await.expect("a transaction");
    removal.batch_execute("DELETE FROM products").await.expect("deleted");
    let change = patch(ProductPatch { stock: Some(7), ..Default::default() });
    let release = async {
        until_somebody_waits(&watcher).await;
        removal.commit().await.expect("committed");
    };
    let (written, ()) = tokio::join!(shop.products.update(product.id, &change, Precondition::None), release);
    assert_eq!(refusal(written), ErrorKind::NotFound);
}

#[tokio::test]
async fn an_adjustment_is_recorded_with_its_reason_and_version() {
    let shop = Migrated::new().await;
    let product = shop.create(&draft("A")).await;
    let sale = Adjustment { stock: 3, sales: 0, reason: "delivery 茶".into() };
    let written = shop.products.adjust(product.id, &sale).await.expect("adjusts");
    let too_much = Adjustment { stock: -4, sales: 4, reason: "sale".into() };
    let kind = refusal(shop.products.adjust(product.id, &too_much).await);
    assert!(matches!(kind, ErrorKind::Invalid(broken) if broken.violations()[0].field == "stock"));
    let row = "SELECT product_id, stock, sales, reason, version FROM product_adjustments";
    let rows = shop.outsider().await.query(row, &[]).await.expect("an answer");
    assert_eq!(rows.len(), 1, "a refused adjustment leaves no record");
    assert_eq!(rows[0].get::<_, i64>(0), product.id.get());
    assert_eq!((rows[0].get::<_, i64>(1), rows[0].get::<_, i64>(2)), (3, 0));
    assert_eq!(rows[0].get::<_, &str>(3), "delivery 茶");
    assert_eq!(rows[0].get::<_, i64>(4), written.version.0);
}

#[tokio::test]
async fn a_change_by_anybody_takes_a_higher_version_and_a_new_time() {
    let shop = Migrated::new().await;
    let product = shop.create(&draft("A")).await;
    let outsider = shop.outsider().await;
    let change = "UPDATE products SET price = 1.5, version = 1, updated_at = '2001-01-01Z'";
    outsider.batch_execute(change).await.expect("updated");
    let after = shop.get(product.id).await.expect("there");
    assert!(after.version > product.version && after.updated_at > product.updated_at);
    assert_eq!(after.price, price("1.50"));
    outsider.batch_execute("UPDATE products SET id = 99").await.expect_err("an id stays");
}

#[tokio::test]
async fn a_product_made_again_under_its_id_does_not_go_back() {
    let shop = Migrated::new().await;
    let product = shop.create(&draft("A")).await;
    let removed = shop.products.delete(product.id, Precondition::None).await.expect("deletes");
    let again = "INSERT INTO products (id, name, price, sku, category) VALUES ($1, 'x', 1, 'A', 'tea')";
    shop.outsider().await.execute(again, &[&product.id.get()]).await.expect("inserted");
    assert!(shop.get(product.id).await.expect("there").version > removed.version);
}
