//! Many callers at once, and callers that go away.

use std::{future::Future, pin::pin, sync::Arc, task::Poll};

use larder_domain::{ProductDraft, ProductId, ProductPatch};
use tokio::{
    sync::Barrier,
    task::{self, JoinSet},
};

use super::{
    Subject,
    samples::{adjustment, all, full, plain, plain_drafts, price, with},
    subject::{decoded, product_id, refusal},
};
use crate::{ErrorKind, Freshness, Precondition, ProductChange, ProductRepository, Written};

pub async fn concurrent_adjustments_lose_nothing(subject: Subject) {
    let id = subject.create(&with(plain("A"), |draft| draft.stock = 100)).await.id;
    let writes = at_once(&subject, 50, move |products, _| async move {
        products.adjust(id, &adjustment(-1, 1)).await.expect("adjust succeeds")
    })
    .await;
    let after = subject.product(id).await;
    assert_eq!((after.stock, after.sales), (50, 50));
    let mut versions: Vec<_> = writes.iter().map(|written| written.version).collect();
    versions.sort_unstable();
    versions.dedup();
    assert_eq!((versions.len(), versions.last()), (50, Some(&after.version)), "each change has a version of its own");
}

pub async fn a_counter_is_never_sold_below_zero(subject: Subject) {
    let id = subject.create(&with(plain("A"), |draft| draft.stock = 10)).await.id;
    let sold = at_once(&subject, 30, move |products, _| async move {
        match products.adjust(id, &adjustment(-1, 1)).await {
            Ok(_) => true,
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Invalid(_)), "{error}");
                false
            }
        }
    })
    .await;
    assert_eq!(sold.into_iter().filter(|sold| *sold).count(), 10);
    let after = subject.product(id).await;
    assert_eq!((after.stock, after.sales), (0, 10));
}

pub async fn of_concurrent_updates_of_one_version_exactly_one_wins(subject: Subject) {
    let made = subject.create(&plain("A")).await;
    let answers = at_once(&subject, 16, move |products, number| async move {
        let patch = ProductPatch { name: Some(format!("Winner {number}")), ..ProductPatch::default() };
        let precondition = Precondition::Version(made.version);
        products.update(made.id, &ProductChange::Patch(patch), precondition).await
    })
    .await;
    let winner = exactly_one(answers, &ErrorKind::PreconditionFailed);
    assert_eq!(subject.product(made.id).await, decoded(&winner.product));
}

pub async fn of_concurrent_removals_exactly_one_wins(subject: Subject) {
    let made = subject.create(&plain("A")).await;
    let answers =
        at_once(&subject, 8, move |products, _| async move { products.delete(made.id, Precondition::None).await })
            .await;
    exactly_one(answers, &ErrorKind::NotFound);
    assert_eq!(subject.look(made.id).await, None);
}

pub async fn of_concurrent_creations_of_one_sku_exactly_one_wins(subject: Subject) {
    let answers = at_once(&subject, 12, |products, _| async move { products.create(&full("wanted")).await }).await;
    let winner = exactly_one(answers, &ErrorKind::SkuTaken);
    assert_eq!(subject.list(&all()).await, [winner.id]);
}

pub async fn concurrent_creations_have_ids_of_their_own(subject: Subject) {
    let writes = at_once(&subject, 40, |products, number| async move {
        products.create(&plain(&format!("S-{number}"))).await.expect("create succeeds")
    })
    .await;
    let mut ids: Vec<_> = writes.iter().map(|written| written.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
    assert_eq!(subject.list(&all()).await.len(), 40);
}

pub async fn concurrent_imports_of_the_same_products_import_each_once(subject: Subject) {
    let import = Arc::clone(&subject.import);
    let batch: Arc<[_]> =
        (1..).zip(plain_drafts(60)).map(|(id, draft)| super::subject::imported(id, 1_000 + id, draft)).collect();
    let added = at_once(&subject, 6, move |_, _| {
        let (import, batch) = (Arc::clone(&import), Arc::clone(&batch));
        async move { import.import(&batch).await.expect("import succeeds") }
    })
    .await;
    assert_eq!(added.iter().sum::<u64>(), 60);
    assert_eq!(subject.list(&all()).await.len(), 60);
}

pub async fn every_writer_reads_its_own_write_under_contention(subject: Subject) {
    let ids: Arc<[ProductId]> = [subject.create(&plain("A")).await.id, subject.create(&plain("B")).await.id].into();
    let all_ids = Arc::clone(&ids);
    at_once(&subject, 12, move |products, number| {
        let ids = Arc::clone(&all_ids);
        async move {
            for round in 0..10 {
                let id = ids[(number + round) % ids.len()];
                let written = products.adjust(id, &adjustment(1, 0)).await.expect("adjust succeeds");
                let read = products.get(id, Freshness::Cached).await.expect("get answers");
                let seen = decoded(&read.value.expect("is there")).version;
                assert!(seen >= written.version, "read {seen} after writing {}", written.version);
                let read = products.get_many(&ids, Freshness::Cached).await.expect("get_many answers");
                let batch: Vec<_> = read.value.iter().flatten().map(decoded).collect();
                let seen = batch.iter().find(|product| product.id == id).expect("is there").version;
                assert!(seen >= written.version, "read {seen} in a batch after writing {}", written.version);
            }
        }
    })
    .await;
    for id in ids.iter() {
        assert_eq!(subject.product(*id).await.stock, 60);
    }
}

pub async fn every_writer_sees_its_own_product_in_the_lists_under_contention(subject: Subject) {
    at_once(&subject, 8, |products, number| async move {
        for round in 0..5 {
            let made = products.create(&plain(&format!("S-{number}-{round}"))).await.expect("create succeeds");
            assert!(listed(&products, made.id).await, "a created product is listed");
            products.delete(made.id, Precondition::None).await.expect("delete succeeds");
            assert!(!listed(&products, made.id).await, "a removed product is not listed");
        }
    })
    .await;
    assert_eq!(subject.list(&all()).await, []);
}

pub async fn a_reader_never_sees_half_a_change(subject: Subject) {
    let id = subject.create(&coupled(0)).await.id;
    at_once(&subject, 8, move |products, number| async move {
        for round in 0..15 {
            if number < 2 {
                let change = ProductChange::Replace(coupled(round));
                products.update(id, &change, Precondition::None).await.expect("update succeeds");
            } else {
                let freshness = if round % 2 == 0 { Freshness::Cached } else { Freshness::Latest };
                assert_coupled(&products, id, freshness).await;
            }
        }
    })
    .await;
}

pub async fn a_dropped_write_leaves_all_or_nothing(subject: Subject) {
    let id = subject.create(&coupled(0)).await.id;
    for round in 1..=60_i64 {
        let change = ProductChange::Replace(coupled(round));
        let write = subject.products.update(id, &change, Precondition::None);
        poll_at_most(usize::try_from(round % 6).expect("small"), write).await;
        let adjust = adjustment(1, 1);
        poll_at_most(usize::try_from(round % 5).expect("small"), subject.products.adjust(id, &adjust)).await;
        assert_coupled(&subject.products, id, Freshness::Latest).await;
    }
    let doomed = subject.products.delete(product_id(i64::MAX), Precondition::None).await;
    assert_eq!(refusal(doomed), ErrorKind::NotFound, "the repository still works");
    assert_coupled(&subject.products, id, Freshness::Latest).await;
}

/// Runs `count` calls that all start at the same moment; answers in no particular order.
async fn at_once<T, F>(subject: &Subject, count: usize, call: impl Fn(Arc<dyn ProductRepository>, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(count));
    let mut calls = JoinSet::new();
    for number in 0..count {
        let start = Arc::clone(&start);
        let call = call(Arc::clone(&subject.products), number);
        calls.spawn(async move {
            start.wait().await;
            call.await
        });
    }
    calls.join_all().await
}

/// The one success, if all others failed as `expected`.
fn exactly_one(answers: Vec<Result<Written, crate::Error>>, expected: &ErrorKind) -> Written {
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    for answer in lost {
        assert_eq!(&refusal(answer), expected);
    }
    let mut won = won.into_iter().flatten();
    let winner = won.next().expect("one call wins");
    assert!(won.next().is_none(), "only one call wins");
    winner
}

/// Polls a future so many times at most, then drops it.
async fn poll_at_most<F: Future>(polls: usize, future: F) {
    let mut future = pin!(future);
    for _ in 0..polls {
        let ready = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await;
        if ready {
            return;
        }
        task::yield_now().await;
    }
}

async fn listed(products: &Arc<dyn ProductRepository>, id: ProductId) -> bool {
    let page = larder_domain::PageRequest::new(1, 100).expect("a valid page");
    let parts = larder_domain::PageParts::Ids;
    let query = larder_domain::ProductQuery { parts, ..larder_domain::ProductQuery::newest(all(), page) };
    products.find(&query, Freshness::Cached).await.expect("find answers").value.ids.contains(&id)
}

/// A draft in which several fields tell the same number.
fn coupled(number: i64) -> ProductDraft {
    with(plain("coupled"), |draft| {
        draft.name = format!("Number {number}");
        draft.price = price(number);
        draft.stock = number;
        draft.sales = Some(number);
    })
}

async fn assert_coupled(products: &Arc<dyn ProductRepository>, id: ProductId, freshness: Freshness) {
    let read = products.get(id, freshness).await.expect("get answers");
    let seen = decoded(&read.value.expect("is there"));
    assert_eq!(seen.stock, seen.sales, "both counters or none");
    assert_eq!(seen.name, format!("Number {}", seen.price.hundredths()), "all fields or none");
}
