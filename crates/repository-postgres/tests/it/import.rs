//! Bulk import: fast, all or nothing, and out of the way of ids to come.

use std::time::Instant;

use larder_repository::{ErrorKind, ProductImport};

use crate::databases::{Migrated, draft, id, imports, refusal};

#[tokio::test]
async fn a_hundred_thousand_products_take_seconds() {
    let shop = Migrated::new().await;
    let products = imports(100_000, |number| draft(&format!("S-{number}")));
    let start = Instant::now();
    assert_eq!(shop.products.import(&products).await.expect("imports"), 100_000);
    println!("100,000 products imported in {:?}", start.elapsed());
    assert_eq!(shop.products.count().await.expect("counts"), 100_000);
    assert_eq!(shop.create(&draft("new")).await.id, id(100_001));
}

#[tokio::test]
async fn a_taken_sku_in_the_last_statement_undoes_the_first() {
    let shop = Migrated::new().await;
    let mut products = imports(6_000, |number| draft(&format!("S-{number}")));
    products[5_999].draft.sku = "S-1".into();
    assert_eq!(refusal(shop.products.import(&products).await), ErrorKind::SkuTaken);
    assert_eq!(shop.products.count().await.expect("counts"), 0);
}

#[tokio::test]
async fn ids_given_before_are_never_given_again() {
    let shop = Migrated::new().await;
    assert_eq!(shop.create(&draft("A")).await.id, id(1));
    let mut late = imports(1, |_| draft("B"));
    late[0].id = id(1_000);
    assert_eq!(shop.products.import(&late).await.expect("imports"), 1);
    assert_eq!(shop.products.import(&imports(3, |number| draft(&format!("C-{number}")))).await.expect("imports"), 2);
    assert_eq!(shop.create(&draft("D")).await.id, id(1_001), "the sequence never goes back");
}
