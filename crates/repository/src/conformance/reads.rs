//! Reading one product, many, and the figures over all.

use jiff::Timestamp;
use larder_domain::CatalogueStats;

use super::{
    Subject,
    samples::{full, plain, plain_drafts, with},
    subject::product_id,
};
use crate::{Freshness, Precondition};

pub async fn an_empty_catalogue_answers_nothing(subject: Subject) {
    assert_eq!(subject.look(product_id(1)).await, None);
    assert_eq!(subject.look(product_id(i64::MAX)).await, None);
    assert_eq!(subject.get_many(&[], Freshness::Cached).await, []);
    assert_eq!(subject.get_many(&[], Freshness::Latest).await, []);
    assert_eq!(subject.stats().await, CatalogueStats::default());
    assert_eq!(subject.import.count().await.expect("count answers"), 0);
}

pub async fn unpublished_products_are_read_by_id(subject: Subject) {
    let hidden = subject.create(&with(plain("A"), |draft| draft.is_published = false)).await;
    assert!(!subject.product(hidden.id).await.is_published);
}

pub async fn an_absent_product_is_seen_once_it_is_made(subject: Subject) {
    let first = subject.create(&plain("A")).await;
    let next = product_id(first.id.get() + 1);
    assert_eq!(subject.look(next).await, None);
    let mut made = subject.create(&plain("B")).await;
    while made.id < next {
        made = subject.create(&plain(&format!("C-{}", made.id))).await;
    }
    assert_eq!(subject.look(made.id).await, Some(made));
}

pub async fn batches_keep_order_duplicates_and_gaps(subject: Subject) {
    subject.import(plain_drafts(5)).await;
    let asked = [5, 1, 99, 3, 5, 99, 1, 1].map(product_id);
    for freshness in [Freshness::Cached, Freshness::Cached, Freshness::Latest] {
        let answered = subject.get_many(&asked, freshness).await;
        let ids: Vec<_> = answered.iter().map(|found| found.as_ref().map(|product| product.id.get())).collect();
        assert_eq!(ids, [Some(5), Some(1), None, Some(3), Some(5), None, Some(1), Some(1)]);
    }
}

pub async fn a_batch_may_have_a_thousand_ids(subject: Subject) {
    subject.import(plain_drafts(700)).await;
    let asked: Vec<_> = (1..=1_000).rev().map(product_id).collect();
    for freshness in [Freshness::Cached, Freshness::Cached, Freshness::Latest] {
        let answered = subject.get_many(&asked, freshness).await;
        assert_eq!(answered.len(), 1_000);
        for (id, found) in asked.iter().zip(&answered) {
            assert_eq!(found.as_ref().map(|product| product.id), (id.get() <= 700).then_some(*id));
        }
    }
}

pub async fn a_batch_sees_what_was_written_since_the_last(subject: Subject) {
    subject.import(plain_drafts(3)).await;
    let asked = [1, 2, 3, 4].map(product_id);
    let before = subject.get_many(&asked, Freshness::Cached).await;
    assert_eq!(before.iter().flatten().count(), 3);

    let replaced = subject.replace(asked[0], &full("new")).await;
    subject.delete(asked[1], Precondition::None).await;
    let made = subject.create(&plain("made")).await;

    let after = subject.get_many(&[asked[0], asked[1], asked[2], made.id], Freshness::Cached).await;
    assert_eq!(after, [Some(replaced), None, before[2].clone(), Some(made)]);
}

pub async fn statistics_count_and_sum_all_products(subject: Subject) {
    let published = subject.create(&full("A")).await;
    subject.create(&with(full("B"), |draft| draft.is_published = false)).await;
    subject.create(&plain("C")).await;
    let expected = CatalogueStats {
        total: 3,
        published: 2,
        featured: 2,
        total_stock: 34,
        total_sales: 82,
        counted_at: Timestamp::default(),
    };
    assert_eq!(subject.stats().await, expected);
    assert_eq!(subject.import.count().await.expect("count answers"), 3);

    subject.delete(published.id, Precondition::None).await;
    let expected = CatalogueStats {
        total: 2,
        published: 1,
        featured: 1,
        total_stock: 17,
        total_sales: 41,
        counted_at: Timestamp::default(),
    };
    assert_eq!(subject.stats().await, expected);
}

pub async fn statistics_are_exact_beyond_32_bits(subject: Subject) {
    let most = 1_000_000_000_000;
    subject
        .import(plain_drafts(3).map(|draft| {
            with(draft, |draft| {
                draft.stock = most;
                draft.sales = Some(most);
            })
        }))
        .await;
    let stats = subject.stats().await;
    assert_eq!((stats.total_stock, stats.total_sales), (3_000_000_000_000, 3_000_000_000_000));
}
