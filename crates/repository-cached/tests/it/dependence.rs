//! Which lists a change makes a node load anew, counted: what it touches once, and nothing else.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use larder_cache::testing::{Call, ScriptedL2};
use larder_domain::{
    Category, PageParts, PageRequest, Price, PriceRange, ProductFilter, ProductQuery, SearchWords, Sort, SortKey,
};
use larder_repository::{Aspects, ErrorKind, Freshness, Outbox, Precondition, ProductRepository};
use larder_repository_cached::{CachedProducts, CachedProductsOptions, Sources};
use tokio::runtime::Handle;

use crate::{
    scene::{believes, confirmed, l2_over, until},
    scripted_outbox::{ScriptedOutbox, Shared},
    shelf::{Shelf, Told, any_change, listing, product_id},
};

const SCOPES: [&str; 3] = ["all", "cups", "tea"];
/// Pages by what they depend on.
const PAGES: [&str; 7] = ["newest", "by price", "by sales", "by popularity", "by rating", "of words", "of prices"];
const TOTALS: [&str; 3] = ["number of all", "number of words", "number of prices"];

fn query(scope: &str, what: &str) -> ProductQuery {
    let category = (scope != "all").then(|| Category::new(scope).expect("valid"));
    let mut filter = ProductFilter { category, ..ProductFilter::published() };
    if what.ends_with("words") {
        filter.words = SearchWords::parse("green").expect("valid");
    }
    if what.ends_with("prices") {
        filter.prices = PriceRange::new(Price::from_hundredths(1).ok(), None).expect("valid");
    }
    let key = SortKey::ALL.into_iter().find(|key| what == format!("by {key}")).unwrap_or_default();
    let parts = if what.starts_with("number") { PageParts::Total } else { PageParts::Ids };
    let newest = ProductQuery::newest(filter, PageRequest::new(1, 20).expect("valid"));
    ProductQuery { sort: Sort { key, ..Sort::default() }, parts, ..newest }
}

/// Reads every list and the figures; answers what of it was loaded, each as often as it was.
async fn read_all(node: &CachedProducts, shelf: &Shelf) -> Vec<String> {
    let mut loaded = Vec::new();
    for scope in SCOPES {
        for what in PAGES.into_iter().chain(TOTALS) {
            node.find(&query(scope, what), Freshness::Cached).await.expect("is read");
            let (finds, _) = shelf.loads();
            loaded.extend(finds.iter().map(|_| format!("{scope}: {what}")));
        }
    }
    node.stats(Freshness::Cached).await.expect("is read");
    loaded.extend((0..shelf.loads().1).map(|_| "figures".to_owned()));
    loaded
}

/// Each change, and what of `all` and `tea` depends on it.
fn cases() -> Vec<(Told, Vec<&'static str>, bool)> {
    let of = |aspect| Told::in_place("tea", aspect);
    let everything: Vec<_> = PAGES.into_iter().chain(TOTALS).collect();
    vec![
        (of(Aspects::NONE), vec![], false),
        (of(Aspects::STOCK), vec![], true),
        (of(Aspects::TEXT), vec!["of words", "number of words"], false),
        (of(Aspects::PRICE), vec!["by price", "of prices", "number of prices"], false),
        (of(Aspects::SALES), vec!["by sales"], true),
        (of(Aspects::RATING), vec!["by rating"], false),
        (of(Aspects::POPULARITY), vec!["by sales", "by popularity"], false),
        (Told { after: None, ..of(Aspects::NONE) }, everything.clone(), true),
        (Told { before: None, ..of(Aspects::NONE) }, everything, true),
    ]
}

fn expected(lists: &[&str], figures: bool) -> Vec<String> {
    let mut all = Vec::new();
    for scope in ["all", "tea"] {
        all.extend(
            PAGES.into_iter().chain(TOTALS).filter(|what| lists.contains(what)).map(|what| format!("{scope}: {what}")),
        );
    }
    all.extend(figures.then(|| "figures".to_owned()));
    all
}

fn node(shelf: &Arc<Shelf>, remote: Option<&Arc<ScriptedL2>>, outbox: Option<&Arc<ScriptedOutbox>>) -> CachedProducts {
    let options = CachedProductsOptions { samples_per_second: 0.0, ..CachedProductsOptions::default() };
    let outbox = outbox.map(|outbox| Arc::new(Shared(Arc::clone(outbox))) as Arc<dyn Outbox>);
    let sources = Sources { l2: remote.map(l2_over), outbox };
    CachedProducts::new(Arc::clone(shelf) as _, sources, &options, Handle::current()).expect("valid")
}

#[tokio::test]
async fn a_write_refreshes_what_it_touches_once_and_nothing_else() {
    let shelf = Shelf::new();
    let node = node(&shelf, None, None);
    let all = read_all(&node, &shelf).await;
    assert_eq!(all.len(), SCOPES.len() * (PAGES.len() + TOTALS.len()) + 1, "each is loaded at first");
    assert_eq!(read_all(&node, &shelf).await, Vec::<String>::new(), "and then kept");
    for (told, lists, figures) in cases() {
        shelf.answer(Ok(told.clone()));
        node.update(product_id(1), &any_change(), Precondition::None).await.expect("is written");
        assert_eq!(read_all(&node, &shelf).await, expected(&lists, figures), "{told:?}");
    }
}

#[tokio::test]
async fn a_move_refreshes_both_categories() {
    let shelf = Shelf::new();
    let node = node(&shelf, None, None);
    let all = read_all(&node, &shelf).await;
    shelf.answer(Ok(Told { after: Some(listing("cups")), ..Told::in_place("tea", Aspects::NONE) }));
    node.update(product_id(1), &any_change(), Precondition::None).await.expect("is written");
    assert_eq!(read_all(&node, &shelf).await, all);
}

#[tokio::test]
async fn a_write_in_doubt_refreshes_every_list() {
    let shelf = Shelf::new();
    let node = node(&shelf, None, None);
    let all = read_all(&node, &shelf).await;
    shelf.answer(Err(ErrorKind::Timeout));
    node.update(product_id(1), &any_change(), Precondition::None).await.expect_err("is in doubt");
    assert_eq!(read_all(&node, &shelf).await, all);
}

#[tokio::test]
async fn an_announced_change_refreshes_what_it_touches_once_and_nothing_else() {
    let (shelf, outbox) = (Shelf::new(), ScriptedOutbox::new());
    let node = node(&shelf, None, Some(&outbox));
    confirmed(&node).await;
    read_all(&node, &shelf).await;
    for (version, (told, lists, figures)) in (1..).zip(cases()) {
        let position = outbox.announce_change(told.announced(1, version));
        node.get(product_id(1), Freshness::AtLeast(position)).await.expect("is heard");
        assert_eq!(read_all(&node, &shelf).await, expected(&lists, figures), "{told:?}");
    }
}

/// The node that reads hears of nothing but what the relay of another tells L2.
#[tokio::test]
async fn a_relayed_change_refreshes_what_it_touches_and_nothing_else() {
    let (shelf, outbox, remote) = (Shelf::new(), ScriptedOutbox::new(), ScriptedL2::new());
    remote.set_relayed(true);
    let relay = node(&shelf, Some(&remote), Some(&outbox));
    believes(&relay).await;
    let reader = CachedProducts::new(
        Arc::clone(&shelf) as _,
        Sources { l2: Some(l2_over(&remote)), outbox: None },
        &CachedProductsOptions { l1_capacity_bytes: 0, ..CachedProductsOptions::default() },
        Handle::current(),
    );
    let reader = reader.expect("valid");
    until("L2 holds everything", async || read_all(&reader, &shelf).await.is_empty()).await;
    for (version, (told, lists, figures)) in (1..).zip(cases()) {
        outbox.announce_change(told.announced(1, version));
        until("it is taken", async || outbox.pending() == 0).await;
        let mut seen = BTreeSet::new();
        // A fill may be refused because another tag moved meanwhile: then the next read loads again.
        until("L2 holds everything", async || {
            let loaded = read_all(&reader, &shelf).await;
            seen.extend(loaded.iter().cloned());
            loaded.is_empty()
        })
        .await;
        assert_eq!(seen, expected(&lists, figures).into_iter().collect(), "{told:?}");
    }
}

#[tokio::test]
async fn a_page_without_its_total_counts_nothing() {
    let shelf = Shelf::new();
    let node = node(&shelf, None, None);
    for category in [None, Some("tea")] {
        let hot = ProductQuery { sort: Sort::HOT, ..query(category.unwrap_or("all"), "newest") };
        let page = node.find(&hot, Freshness::Cached).await.expect("is read").value;
        assert_eq!((page.ids.len(), page.total), (1, None));
        assert_eq!(shelf.loads().0, std::slice::from_ref(&hot), "one question");
        node.find(&hot, Freshness::Cached).await.expect("is read");
        assert_eq!(shelf.loads().0, [], "it is kept");
    }
}

/// However many tags a list has.
#[tokio::test]
async fn a_load_of_a_list_of_many_tags_costs_the_round_trips_of_one_of_few() {
    let (shelf, outbox, remote) = (Shelf::new(), ScriptedOutbox::new(), ScriptedL2::new());
    remote.set_relayed(true);
    let nodes = [node(&shelf, Some(&remote), Some(&outbox)), node(&shelf, Some(&remote), Some(&outbox))];
    believes(&nodes[0]).await;
    believes(&nodes[1]).await;
    let few = query("tea", "newest");
    let many = ProductQuery { sort: Sort::HOT, filter: query("cups", "of words").filter, ..few.clone() };
    let many = ProductQuery {
        filter: ProductFilter { prices: query("all", "of prices").filter.prices, ..many.filter },
        ..many
    };
    for (fills, query) in [few, many].iter().enumerate() {
        let kinds = [Call::Fetch, Call::Lease, Call::Fill, Call::Generations];
        let before = kinds.map(|call| remote.begun(call));
        nodes[0].find(query, Freshness::Cached).await.expect("is read");
        let filled = tokio::time::timeout(Duration::from_secs(20), remote.ended(Call::Fill, fills + 1)).await;
        filled.expect("is filled");
        let calls = |before: [usize; 4]| -> Vec<usize> {
            kinds.iter().zip(before).map(|(call, before)| remote.begun(*call) - before).collect()
        };
        assert_eq!(calls(before), [1, 1, 1, 0], "a load");
        let before = kinds.map(|call| remote.begun(call));
        nodes[1].find(query, Freshness::Cached).await.expect("is read");
        assert_eq!(calls(before), [1, 0, 0, 1], "a hit of another node");
    }
}
