//! The embedded default: memory over a SQLite file that another process may change.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    cluster::{L1, eventually, level, path, read},
    larder::Larder,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_writes_into_the_file_is_seen_within_a_second() {
    let larder = Larder::start(&[]).hears(false).await;
    // This process is the other one.
    let file = rusqlite::Connection::open(larder.folder.path().join("data/larder.db")).expect("opens");
    file.busy_timeout(Duration::from_secs(5)).expect("is set");
    for cents in [7_725, 7_825, 7_925] {
        eventually("it is in memory", async || level(&larder, 122).await == L1).await;
        let total = larder.total().await;
        file.execute("UPDATE products SET price = ?1 WHERE id = 122", [cents]).expect("is written");
        let removed = "DELETE FROM products WHERE id = (SELECT max(id) FROM products)";
        file.execute(removed, []).expect("is written");
        let written = Instant::now();
        let price = json!(f64::from(cents) / 100.0);
        eventually("the price is seen", async || read(&larder, 122).await.1["price"] == price).await;
        eventually("the removal is seen", async || larder.total().await == total - 1).await;
        assert!(written.elapsed() < Duration::from_secs(1), "{:?}", written.elapsed());
    }
    file.execute("DELETE FROM products", []).expect("is written");
    eventually("it is gone", async || larder.get(&path(122)).send().await.expect("an answer").status() == 404).await;
}
