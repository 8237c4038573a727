//! Whoever changes products, by whatever statement, it is announced.

use futures_util::{SinkExt, pin_mut};
use larder_domain::{ProductId, Version};
use larder_repository::{Changed, Listing};
use tokio_postgres::Client;

use super::{changes, fill, tail};
use crate::databases::{Migrated, connect, draft};

/// The ids, versions and categories before and after of changes of single products.
fn products(changes: &[Changed]) -> Vec<(i64, Version, Option<String>, Option<String>)> {
    let category = |listing: &Option<Listing>| listing.as_ref().map(|listing| listing.category.as_str().to_owned());
    let product = |changed: &Changed| match changed {
        Changed::Product { id, version, before, after, .. } => (id.get(), *version, category(before), category(after)),
        Changed::Everything => unreachable!("announced as a change of everything"),
    };
    changes.iter().map(product).collect()
}

async fn version(client: &Client, id: ProductId) -> Version {
    let row = client.query_one("SELECT version FROM products WHERE id = $1", &[&id.get()]).await;
    Version(row.expect("the product").get(0))
}

#[tokio::test]
async fn an_update_by_sql_tells_where_the_product_was_and_is() {
    let shop = Migrated::new().await;
    let product = shop.create(&draft("A")).await;
    let mut tail = tail(&shop).await;
    let outsider = shop.outsider().await;
    outsider.batch_execute("UPDATE products SET category = 'cups'").await.expect("updated");
    let expected = (product.id.get(), version(&outsider, product.id).await, Some("tea".into()), Some("cups".into()));
    assert_eq!(products(&changes(&mut tail).await), [expected]);
}

/// Pages are ordered by it: a product that moves in them counts as listed anew, and a price leaves its place alone.
#[tokio::test]
async fn a_product_that_is_dated_anew_is_announced_as_listed_elsewhere() {
    let shop = Migrated::new().await;
    shop.create(&draft("A")).await;
    let mut tail = tail(&shop).await;
    let outsider = shop.outsider().await;
    for (change, is_moved) in [("created_at = created_at + interval '1 day'", true), ("price = price + 1", false)] {
        outsider.batch_execute(&format!("UPDATE products SET {change}")).await.expect("updated");
        let told = changes(&mut tail).await;
        let [Changed::Product { before, after, .. }] = &told[..] else { unreachable!("{told:?}") };
        assert_eq!(before != after, is_moved, "{change}");
        assert!(before.is_some() && after.is_some());
    }
}

#[tokio::test]
async fn an_update_that_meets_no_row_tells_nobody() {
    let shop = Migrated::new().await;
    let mut tail = tail(&shop).await;
    let outsider = shop.outsider().await;
    outsider.batch_execute("UPDATE products SET stock = 1; DELETE FROM products").await.expect("nothing to do");
    let waited = std::time::Instant::now();
    tail.wait(std::time::Duration::from_millis(100)).await.expect("the connection lives");
    assert!(waited.elapsed() >= std::time::Duration::from_millis(100), "a notification came");
    assert_eq!(changes(&mut tail).await, []);
    let rows = outsider.query_one("SELECT count(*) FROM outbox", &[]).await.expect("an answer");
    assert_eq!(rows.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_rollback_leaves_nothing() {
    let shop = Migrated::new().await;
    let mut tail = tail(&shop).await;
    let outsider = shop.outsider().await;
    let insert = "INSERT INTO products (name, price, sku, category) VALUES ('Tea', 1, 'A', 'tea')";
    outsider.batch_execute(&format!("BEGIN; {insert}; ROLLBACK")).await.expect("rolled back");
    let savepoint = format!("BEGIN; SAVEPOINT one; {insert}; ROLLBACK TO one; {insert}; COMMIT");
    outsider.batch_execute(&savepoint).await.expect("committed");
    assert_eq!(products(&changes(&mut tail).await).len(), 1);
}

#[tokio::test]
async fn each_row_is_told_up_to_a_thousand_and_everything_from_there() {
    let shop = Migrated::new().await;
    fill(&shop, 1_001).await;
    let mut tail = tail(&shop).await;
    let outsider = shop.outsider().await;
    for verb in ["UPDATE products SET stock = stock + 1", "DELETE FROM products"] {
        let mut few = outsider.query("SELECT id, version FROM products", &[]).await.expect("an answer");
        outsider.batch_execute(&format!("BEGIN; {verb} WHERE sku <> 'S-1'")).await.expect("changed");
        outsider.batch_execute("COMMIT").await.expect("committed");
        let mut told = products(&changes(&mut tail).await);
        assert_eq!(told.len(), 1_000, "{verb}");
        told.sort_unstable();
        told.dedup_by_key(|(id, ..)| *id);
        few.sort_unstable_by_key(|row| row.get::<_, i64>(0));
        let before = few[1..].iter().map(|row| (row.get::<_, i64>(0), Version(row.get(1))));
        assert!(told.iter().zip(before).all(|(told, before)| told.0 == before.0 && told.1 > before.1), "{verb}");
        outsider.batch_execute("DELETE FROM products").await.expect("removed");
        fill(&shop, 1_001).await;
        changes(&mut tail).await;
        outsider.batch_execute(verb).await.expect("changed");
        assert_eq!(changes(&mut tail).await, [Changed::Everything], "{verb}");
    }
}

#[tokio::test]
async fn truncate_is_a_change_of_everything() {
    let shop = Migrated::new().await;
    let mut tail = tail(&shop).await;
    shop.outsider().await.batch_execute("TRUNCATE products").await.expect("truncated");
    assert_eq!(changes(&mut tail).await, [Changed::Everything]);
}

#[tokio::test]
async fn copy_is_announced_like_an_insert() {
    let shop = Migrated::new().await;
    let mut tail = tail(&shop).await;
    let outsider = shop.outsider().await;
    for (name, count) in [("few", 3), ("many", 1_001)] {
        let copy = outsider.copy_in("COPY products (name, price, sku, category) FROM STDIN").await.expect("begun");
        pin_mut!(copy);
        let lines: String = (0..count).map(|number| format!("Tea\t1\t{name} {number}\ttea\n")).collect();
        copy.send(std::io::Cursor::new(lines.into_bytes())).await.expect("sent");
        assert_eq!(copy.finish().await.expect("copied"), count);
        let told = changes(&mut tail).await;
        if name == "few" {
            assert_eq!(products(&told).len(), 3);
        } else {
            assert_eq!(told, [Changed::Everything]);
        }
    }
}

#[tokio::test]
async fn an_upsert_tells_what_it_made_and_what_it_changed() {
    let shop = Migrated::new().await;
    let product = shop.create(&draft("A")).await;
    let mut tail = tail(&shop).await;
    let upsert = "INSERT INTO products (name, price, sku, category) VALUES ('x', 1, 'A', 'cups'), ('y', 1, 'B', 'cups')
        ON CONFLICT (sku) DO UPDATE SET category = excluded.category";
    shop.outsider().await.batch_execute(upsert).await.expect("done");
    let mut told = products(&changes(&mut tail).await);
    told.sort_unstable();
    let tea = (Some("tea".to_owned()), Some("cups".to_owned()));
    assert_eq!((told[0].0, (told[0].2.clone(), told[0].3.clone())), (product.id.get(), tea));
    assert_eq!((told.len(), told[1].2.clone(), told[1].3.clone()), (2, None, Some("cups".to_owned())));
}

#[tokio::test]
async fn a_session_that_plays_a_replica_is_heard_and_takes_versions() {
    let shop = Migrated::new().await;
    let product = shop.create(&draft("A")).await;
    let mut tail = tail(&shop).await;
    let outsider = shop.outsider().await;
    let update = "SET session_replication_role = replica; UPDATE products SET stock = 5";
    outsider.batch_execute(update).await.expect("updated");
    let told = products(&changes(&mut tail).await);
    assert!(told.len() == 1 && told[0].1 > product.version, "{told:?}");
    outsider.batch_execute("DELETE FROM products").await.expect("removed");
    assert!(products(&changes(&mut tail).await)[0].1 > told[0].1);
    outsider.batch_execute("TRUNCATE products").await.expect("truncated");
    assert_eq!(changes(&mut tail).await, [Changed::Everything]);
}

#[tokio::test]
async fn a_writer_needs_no_right_to_the_outbox_and_cannot_divert_it() {
    let shop = Migrated::new().await;
    shop.create(&draft("A")).await;
    let mut tail = tail(&shop).await;
    let outsider = shop.outsider().await;
    let role = format!("writer_{}", shop.server_side.name());
    let grant = format!(
        "CREATE ROLE {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON products TO {role};
        GRANT USAGE ON SEQUENCE product_ids, product_versions TO {role}"
    );
    outsider.batch_execute(&grant).await.expect("granted");
    let writer = connect(&shop.server_side.url()).await;
    let divert = "CREATE TEMP TABLE outbox (product_id bigint, version bigint, before_category text,
        before_featured boolean, before_published boolean, after_category text, after_featured boolean,
        after_published boolean)";
    writer.batch_execute(&format!("SET ROLE {role}; {divert}")).await.expect("made");
    writer.batch_execute("UPDATE products SET stock = 7").await.expect("updated");
    writer.batch_execute("DELETE FROM products").await.expect("removed");
    assert_eq!(products(&changes(&mut tail).await).len(), 2);
    writer.batch_execute("SELECT FROM public.outbox").await.expect_err("not granted");
    writer.batch_execute("SELECT outbox_timeline()").await.expect("positions need no right either");
    drop(writer);
    outsider.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.expect("dropped");
}
