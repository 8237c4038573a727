//! What a warm-up leaves in the caches, what it costs, and when it ends.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use larder_cache::testing::ScriptedL2;
use larder_domain::{PageRequest, ProductFilter, ProductId, ProductQuery, Sort, SortKey, SortOrder};
use larder_repository::{ErrorKind, Freshness, Origin, Outbox, ProductRepository};
use larder_repository_cached::{CachedProducts, CachedProductsOptions, Sources, WarmUp, WarmedUp};
use tokio::{runtime::Handle, task::JoinSet, time};

use crate::{
    scene::{believes, l2_over, until},
    scripted_outbox::{ScriptedOutbox, Shared},
    shop::Shop,
};

const PATIENCE: Duration = Duration::from_secs(20);

fn plan(products: u32) -> WarmUp {
    WarmUp { products, page_size: 20, categories: 3 }
}

fn node(shop: &Arc<Shop>, sources: Sources, l1_capacity_bytes: u64) -> CachedProducts {
    let options =
        CachedProductsOptions { samples_per_second: 0.0, l1_capacity_bytes, ..CachedProductsOptions::default() };
    CachedProducts::new(Arc::clone(shop) as _, sources, &options, Handle::current()).expect("valid")
}

fn alone(shop: &Arc<Shop>) -> CachedProducts {
    node(shop, Sources::default(), 64 << 20)
}

fn announcing(outbox: &Arc<ScriptedOutbox>, remote: Option<&Arc<ScriptedL2>>) -> Sources {
    let outbox: Arc<dyn Outbox> = Arc::new(Shared(Arc::clone(outbox)));
    Sources { l2: remote.map(l2_over), outbox: Some(outbox) }
}

async fn warm(node: &CachedProducts, products: u32) -> WarmedUp {
    let warmed = time::timeout(PATIENCE, node.warm_up(&plan(products), &|_| {})).await;
    warmed.expect("ends").expect("is warmed")
}

async fn origin(node: &CachedProducts, id: ProductId) -> Origin {
    node.get(id, Freshness::Cached).await.expect("is read").origin
}

#[tokio::test]
async fn what_is_asked_for_most_is_answered_from_l1_afterwards() {
    let shop = Shop::with_products(700).await;
    let node = alone(&shop);
    let warmed = warm(&node, 500).await;
    assert_eq!(warmed, WarmedUp { loaded: warmed.products, from_l1: 0, from_l2: 0, pages: 12, ..warmed });
    assert!((500..=700).contains(&warmed.products) && !warmed.is_full, "{warmed:?}");
    assert!(shop.questions() > 0);

    let hottest = shop.published.iter().rev().take(250);
    for (id, _) in hottest.chain(shop.published.iter().take(250)) {
        assert_eq!(origin(&node, *id).await, Origin::L1, "{id}");
    }
    let mut categories: Vec<_> = shop.published.iter().map(|(_, category)| category.clone()).collect();
    categories.sort_by_key(|name| shop.published.iter().filter(|(_, category)| category == name).count());
    let top = categories.last().cloned();
    for category in [None, top] {
        for key in [SortKey::CreatedAt, SortKey::Sales, SortKey::Popularity] {
            let filter = ProductFilter { category: category.clone(), ..ProductFilter::published() };
            let newest = ProductQuery::newest(filter, PageRequest::new(1, 20).expect("valid"));
            let query = ProductQuery { sort: Sort { key, order: SortOrder::Descending }, ..newest };
            let page = node.find(&query, Freshness::Cached).await.expect("is read");
            assert_eq!(page.origin, Origin::L1, "{query:?}");
            assert_eq!(node.get_many(&page.value.ids, Freshness::Cached).await.expect("is read").origin, Origin::L1);
        }
    }
    assert_eq!(node.stats(Freshness::Cached).await.expect("is read").origin, Origin::L1);
    assert_eq!(shop.questions(), 0);
    let again = warm(&node, 500).await;
    assert_eq!((again.from_l1, shop.questions()), (warmed.products, 0), "a repetition finds all of it");
}

#[tokio::test]
async fn more_products_than_there_are_is_all_of_them() {
    let shop = Shop::with_products(60).await;
    assert_eq!(warm(&alone(&shop), 1_000).await.products, shop.published.len() as u64);
}

#[tokio::test]
async fn a_node_that_starts_anew_is_warmed_by_l2_and_asks_the_database_nothing() {
    let (shop, outbox, remote) = (Shop::with_products(300).await, ScriptedOutbox::new(), ScriptedL2::new());
    remote.set_relayed(true);
    let first = node(&shop, announcing(&outbox, Some(&remote)), 64 << 20);
    believes(&first).await;
    let warmed = warm(&first, 200).await;
    until("L2 holds all of it", async || {
        let second = node(&shop, announcing(&outbox, Some(&remote)), 64 << 20);
        shop.questions();
        let again = warm(&second, 200).await;
        shop.questions() == 0 && again == WarmedUp { loaded: 0, from_l2: warmed.products, ..warmed }
    })
    .await;
}

#[tokio::test]
async fn it_ends_when_l1_is_full_and_evicts_nothing() {
    let shop = Shop::with_products(700).await;
    let node = node(&shop, Sources::default(), 300 << 10);
    let steps = Mutex::new(Vec::new());
    let warmed = node.warm_up(&plan(700), &|step| steps.lock().expect("not poisoned").push(step)).await;
    let warmed = warmed.expect("is warmed");
    assert!(warmed.is_full && warmed.products > 50 && warmed.products < 300, "{warmed:?}");
    assert_eq!(steps.lock().expect("not poisoned").last().map(|step| step.products), Some(warmed.products));
    shop.questions();
    // By turns of both ends, so that about half of them are of each.
    let half = usize::try_from(warmed.products).expect("few") / 2 - 5;
    for (id, _) in shop.published.iter().rev().take(half).chain(shop.published.iter().take(half)) {
        assert_eq!(origin(&node, *id).await, Origin::L1, "{id} of {warmed:?}");
    }
}

#[tokio::test]
async fn it_takes_one_place_of_the_budget_at_a_time() {
    let shop = Shop::with_products(700).await;
    warm(&alone(&shop), 700).await;
    // A page and its total are asked for beside each other, as for any reader.
    assert!(shop.most_at_once() <= 2, "{}", shop.most_at_once());
}

#[tokio::test]
async fn a_failure_ends_it_and_what_was_read_stays() {
    let shop = Shop::with_products(700).await;
    let node = alone(&shop);
    shop.fail_after(6);
    let failed = node.warm_up(&plan(700), &|_| {}).await.expect_err("fails");
    assert_eq!(failed.kind(), &ErrorKind::Unavailable);
    let newest = ProductQuery::newest(ProductFilter::published(), PageRequest::new(1, 20).expect("valid"));
    assert_eq!(node.find(&newest, Freshness::Cached).await.expect("is read").origin, Origin::L1);
}

#[tokio::test]
async fn it_waits_until_what_it_reads_is_kept() {
    let (shop, outbox) = (Shop::with_products(60).await, ScriptedOutbox::new());
    outbox.set_failing(Some(ErrorKind::Unavailable));
    let node = node(&shop, announcing(&outbox, None), 64 << 20);
    until("nothing is heard", async || node.coherence().feed.is_some_and(|feed| !feed.is_reachable)).await;
    let (mut running, warming) = (JoinSet::new(), node.clone());
    running.spawn(async move { warm(&warming, 60).await });
    tokio::task::yield_now().await;
    assert_eq!(shop.questions(), 0, "nothing is read yet");
    outbox.set_failing(None);
    let warmed = running.join_all().await;
    assert_eq!(warmed[0].products, shop.published.len() as u64);
    shop.questions();
    assert_eq!((origin(&node, shop.published[0].0).await, shop.questions()), (Origin::L1, 0));
}
