//! What of counted views is SQLite's own: how long a batch is remembered.

use larder_repository::{ViewBatchId, ViewRepository, ViewsAdded};
use larder_repository_sqlite::SqliteViews;
use rusqlite::Connection;

use crate::migrated;

#[tokio::test]
async fn a_batch_is_remembered_for_a_day_and_not_for_ever() {
    let (folder, database) = migrated().await;
    let views = SqliteViews::new(&database);
    let add = async |number| views.add_views(ViewBatchId([number; 16]), &[]).await.expect("views are added");
    for number in [1, 2] {
        assert_eq!(add(number).await, ViewsAdded::Now { products: 0 });
    }
    let stranger = Connection::open(folder.path().join("larder.db")).expect("the file opens");
    let age = "UPDATE view_batches SET added_at = added_at - ?2 * 3600 * 1000000 WHERE id = ?1";
    for (number, hours) in [(1_u8, 25), (2, 49)] {
        assert_eq!(stranger.execute(age, ([number; 16], hours)).expect("updated"), 1);
    }
    assert_eq!(add(3).await, ViewsAdded::Now { products: 0 });
    assert_eq!(add(1).await, ViewsAdded::Before);
    assert_eq!(add(2).await, ViewsAdded::Now { products: 0 });
}
