//! Counted views: each batch is added once, and is announced like any other change.

use larder_domain::{PageRequest, Product, ProductFilter, ProductId, ProductQuery, Sort, SortKey, SortOrder, Version};

use super::{
    outbox::{OutboxSubject, changes},
    samples::{plain, plain_drafts, with},
    subject::{decoded, imported, product_id, refusal},
};
use crate::{Aspects, Changed, ErrorKind, Freshness, MAX_VIEW_BATCH, Precondition, ViewBatchId, ViewsAdded};

const MAX_COUNT: i64 = 1_000_000_000_000;
const FIRST: ViewBatchId = ViewBatchId([1; 16]);
const SECOND: ViewBatchId = ViewBatchId([2; 16]);

impl OutboxSubject {
    async fn add(&self, batch: ViewBatchId, views: &[(ProductId, u64)]) -> ViewsAdded {
        self.views.add_views(batch, views).await.expect("views are added")
    }

    async fn product(&self, id: ProductId) -> Product {
        let read = self.products.get(id, Freshness::Latest).await.expect("get answers");
        decoded(&read.value.expect("the product is there"))
    }

    async fn popularity(&self, id: ProductId) -> i64 {
        self.product(id).await.popularity
    }

    async fn sorted(&self, key: SortKey) -> Vec<ProductId> {
        let page = PageRequest::new(1, 100).expect("a valid page");
        let sort = Sort { key, order: SortOrder::Descending };
        let query = ProductQuery { sort, ..ProductQuery::newest(ProductFilter::published(), page) };
        self.products.find(&query, Freshness::Latest).await.expect("find answers").value.ids
    }
}

pub async fn views_are_added_to_the_popularity(subject: OutboxSubject) {
    let [one, other, quiet] =
        [subject.create("A").await.id, subject.create("B").await.id, subject.create("C").await.id];
    let before = subject.product(quiet).await;
    assert_eq!(subject.add(FIRST, &[(other, 2), (one, 40)]).await, ViewsAdded::Now { products: 2 });
    assert_eq!(subject.add(SECOND, &[(one, 2)]).await, ViewsAdded::Now { products: 1 });
    assert_eq!((subject.popularity(one).await, subject.popularity(other).await), (42, 2));
    assert_eq!(subject.product(quiet).await, before);
}

pub async fn views_show_in_the_popular_and_hot_lists(subject: OutboxSubject) {
    let [one, other] = [subject.create("A").await.id, subject.create("B").await.id];
    assert_eq!(subject.sorted(SortKey::Popularity).await, [other, one]);
    subject.add(FIRST, &[(one, 1)]).await;
    assert_eq!(subject.sorted(SortKey::Popularity).await, [one, other]);
    assert_eq!(subject.sorted(SortKey::Sales).await, [one, other]);
    subject.add(SECOND, &[(other, 2)]).await;
    assert_eq!(subject.sorted(SortKey::Popularity).await, [other, one]);
}

pub async fn a_batch_is_added_once_however_often_it_is_tried(subject: OutboxSubject) {
    let id = subject.create("A").await.id;
    assert_eq!(subject.add(FIRST, &[(id, 3)]).await, ViewsAdded::Now { products: 1 });
    let after = subject.product(id).await;
    let mut tail = subject.tail().await;
    for _ in 0..2 {
        assert_eq!(subject.add(FIRST, &[(id, 3)]).await, ViewsAdded::Before);
    }
    assert_eq!(subject.product(id).await, after);
    assert_eq!(changes(&mut tail).await, []);
}

pub async fn of_concurrent_tries_of_one_batch_exactly_one_adds(subject: OutboxSubject) {
    let id = subject.create("A").await.id;
    let views = [(id, 5)];
    let tries = tokio::join!(
        subject.add(FIRST, &views),
        subject.add(FIRST, &views),
        subject.add(FIRST, &views),
        subject.add(FIRST, &views)
    );
    let tries = [tries.0, tries.1, tries.2, tries.3];
    assert_eq!(tries.iter().filter(|added| **added == ViewsAdded::Before).count(), 3, "{tries:?}");
    assert_eq!(subject.popularity(id).await, 5);
}

pub async fn concurrent_batches_of_the_same_products_lose_nothing(subject: OutboxSubject) {
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(subject.create(&format!("S-{number}")).await.id);
    }
    let forwards: Vec<_> = ids.iter().map(|id| (*id, 1)).collect();
    let backwards: Vec<_> = ids.iter().rev().map(|id| (*id, 2)).collect();
    for round in 0..5_u8 {
        let batch = |number: u8| ViewBatchId([round * 4 + number; 16]);
        tokio::join!(
            subject.add(batch(0), &forwards),
            subject.add(batch(1), &backwards),
            subject.add(batch(2), &forwards),
            subject.add(batch(3), &backwards)
        );
    }
    for id in ids {
        assert_eq!(subject.popularity(id).await, 30);
    }
}

pub async fn absent_products_are_left_out_of_a_batch(subject: OutboxSubject) {
    let id = subject.create("A").await.id;
    let removed = subject.create("B").await.id;
    subject.products.delete(removed, Precondition::None).await.expect("delete succeeds");
    let views = [(product_id(i64::MAX), 9), (id, 1), (removed, 5)];
    assert_eq!(subject.add(FIRST, &views).await, ViewsAdded::Now { products: 1 });
    assert_eq!(subject.add(SECOND, &[(removed, 5)]).await, ViewsAdded::Now { products: 0 });
    assert_eq!(subject.popularity(id).await, 1);
    assert_eq!(subject.add(SECOND, &[(id, 5)]).await, ViewsAdded::Before);
}

pub async fn an_empty_batch_moves_nothing(subject: OutboxSubject) {
    let id = subject.create("A").await.id;
    let before = subject.product(id).await;
    assert_eq!(subject.add(FIRST, &[]).await, ViewsAdded::Now { products: 0 });
    assert_eq!(subject.product(id).await, before);
}

pub async fn a_popularity_stops_at_the_largest_count(subject: OutboxSubject) {
    let near = with(plain("A"), |draft| draft.popularity = Some(MAX_COUNT - 1));
    let near = subject.products.create(&near).await.expect("create succeeds").id;
    let low = subject.create("B").await.id;
    subject.add(FIRST, &[(near, 2), (low, u64::MAX)]).await;
    assert_eq!((subject.popularity(near).await, subject.popularity(low).await), (MAX_COUNT, MAX_COUNT));
    subject.add(SECOND, &[(near, u64::MAX), (low, 1)]).await;
    assert_eq!((subject.popularity(near).await, subject.popularity(low).await), (MAX_COUNT, MAX_COUNT));
}

pub async fn a_batch_that_is_too_large_or_names_a_product_twice_is_refused(subject: OutboxSubject) {
    let id = subject.create("A").await.id;
    let before = subject.product(id).await;
    let many: Vec<_> = (1..).map(|number| (product_id(number), 1)).take(MAX_VIEW_BATCH + 1).collect();
    for views in [many, vec![(id, 1), (id, 1)], vec![(id, 1), (product_id(id.get() + 1), 1), (id, 2)]] {
        let refused = refusal(subject.views.add_views(FIRST, &views).await);
        assert!(matches!(refused, ErrorKind::Invalid(_)), "{refused:?}");
    }
    assert_eq!(subject.product(id).await, before);
    assert_eq!(subject.add(FIRST, &[(id, 1)]).await, ViewsAdded::Now { products: 1 }, "what was refused was not tried");
}

pub async fn a_batch_of_the_largest_size_is_one_change_for_each_product(subject: OutboxSubject) {
    let products: Vec<_> =
        (1_i64..).zip(plain_drafts(MAX_VIEW_BATCH)).map(|(id, draft)| imported(id, id, draft)).collect();
    subject.import.import(&products).await.expect("import succeeds");
    let mut tail = subject.tail().await;
    let views: Vec<_> = products.iter().map(|product| (product.id, 1_000)).collect();
    assert_eq!(subject.add(FIRST, &views).await, ViewsAdded::Now { products: MAX_VIEW_BATCH as u64 });
    let told = changes(&mut tail).await;
    let mut seen: Vec<(ProductId, Version)> = Vec::new();
    for change in told {
        let Changed::Product { id, version, before, after, changed } = change.what else {
            unreachable!("each product is told by itself")
        };
        assert_eq!((changed, &before), (Aspects::POPULARITY, &after));
        assert!(after.is_some());
        seen.push((id, version));
    }
    seen.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(seen.iter().map(|(id, _)| *id).collect::<Vec<_>>(), views.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    let last = seen[MAX_VIEW_BATCH - 1];
    assert_eq!(subject.product(last.0).await.version, last.1);
}

pub async fn views_take_a_higher_version_and_leave_the_rest_alone(subject: OutboxSubject) {
    let id = subject.create("A").await.id;
    let before = subject.product(id).await;
    subject.add(FIRST, &[(id, 7)]).await;
    let after = subject.product(id).await;
    assert!(after.version > before.version && after.updated_at >= before.updated_at);
    let expected = Product { popularity: 7, version: after.version, updated_at: after.updated_at, ..before };
    assert_eq!(after, expected);
}
