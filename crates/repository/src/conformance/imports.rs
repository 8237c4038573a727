//! Bulk import.

use larder_domain::ProductPatch;

use super::{
    Subject,
    samples::{all, full, plain, plain_drafts},
    subject::{imported, product_id, refusal},
};
use crate::{ErrorKind, Freshness};

pub async fn an_import_keeps_ids_times_and_fields(subject: Subject) {
    let batch = [imported(122, 1_600_000_000, full("A")), imported(7, 1_500_000_000, plain("B"))];
    assert_eq!(subject.import.import(&batch).await.expect("import succeeds"), 2);
    assert_eq!(subject.list(&all()).await, [122, 7].map(product_id));
    let product = subject.product(product_id(122)).await;
    assert_eq!((product.name.as_str(), product.sku.as_str(), product.stock), ("Iron Goddess", "A", 17));
    assert_eq!((product.sales, product.popularity, product.review_count), (41, 1_234, 9));
    assert_eq!(product.created_at, batch[0].created_at);
    assert!(product.updated_at >= product.created_at);
    assert_eq!(subject.product(product_id(7)).await.sales, 0);
}

pub async fn an_import_of_nothing_is_nothing(subject: Subject) {
    assert_eq!(subject.import.import(&[]).await.expect("import succeeds"), 0);
    assert_eq!(subject.import.count().await.expect("count answers"), 0);
}

pub async fn importing_twice_changes_nothing(subject: Subject) {
    assert_eq!(subject.import(plain_drafts(20)).await, 20);
    let patch = ProductPatch { name: Some("Edited".into()), ..ProductPatch::default() };
    let edited = subject.patch(product_id(3), patch).await;
    let other = subject.product(product_id(4)).await;

    assert_eq!(subject.import(plain_drafts(20)).await, 0);
    assert_eq!(subject.import(plain_drafts(25)).await, 5);
    assert_eq!(subject.import.count().await.expect("count answers"), 25);
    assert_eq!(subject.get(edited.id, Freshness::Latest).await, Some(edited));
    assert_eq!(subject.get(other.id, Freshness::Latest).await, Some(other));
}

pub async fn what_is_there_already_is_left_whatever_its_sku(subject: Subject) {
    subject.import(plain_drafts(2)).await;
    let same_id_other_sku = imported(1, 0, plain("S-2"));
    let renamed = imported(2, 0, full("S-other"));
    assert_eq!(subject.import.import(&[same_id_other_sku, renamed]).await.expect("import succeeds"), 0);
    assert_eq!(subject.product(product_id(2)).await.name, "Product S-2");
}

pub async fn ids_after_an_import_are_higher(subject: Subject) {
    let before = subject.create(&plain("before")).await;
    let batch = [imported(5_000_000_000, 0, plain("A")), imported(900, 0, plain("B"))];
    subject.import.import(&batch).await.expect("import succeeds");
    let after = subject.create(&plain("after")).await;
    assert!(before.id.get() < 900 && after.id.get() > 5_000_000_000, "{} {}", before.id, after.id);
    subject.import.import(&[imported(1_000, 0, plain("C"))]).await.expect("import succeeds");
    assert!(subject.create(&plain("last")).await.id > after.id);
}

pub async fn a_taken_sku_stops_the_whole_import(subject: Subject) {
    subject.create(&plain("taken")).await;
    let with_the_catalogue = [imported(100, 0, plain("A")), imported(101, 0, plain("taken"))];
    let among_themselves = [imported(100, 0, plain("A")), imported(101, 0, plain("A"))];
    for batch in [with_the_catalogue, among_themselves] {
        assert_eq!(refusal(subject.import.import(&batch).await), ErrorKind::SkuTaken);
        assert_eq!(subject.import.count().await.expect("count answers"), 1);
        assert_eq!(subject.get(product_id(100), Freshness::Latest).await, None);
    }
    assert_eq!(subject.import.import(&[imported(100, 0, plain("A"))]).await.expect("import succeeds"), 1);
}

pub async fn a_large_import_is_one_call(subject: Subject) {
    assert_eq!(subject.import(plain_drafts(5_000)).await, 5_000);
    assert_eq!(subject.import.count().await.expect("count answers"), 5_000);
}
