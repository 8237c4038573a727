//! A database behind the caches' back, and nodes over it whose outbox and L2 do as they are told.

use std::{sync::Arc, time::Duration};

use larder_cache::{
    BackplaneOptions, L2,
    testing::{Mutant, ScriptedL2},
};
use larder_domain::{Category, PageRequest, Price, ProductDraft, ProductFilter, ProductId, ProductPatch, ProductQuery};
use larder_repository::{
    Aspects, Database, Freshness, Origin, Precondition, ProductChange, ProductRepository, Written,
};
use larder_repository_cached::{CachedProducts, CachedProductsOptions, Sources};
use larder_repository_sqlite::{SqliteDatabase, SqliteOptions, SqliteProducts};
use tempfile::TempDir;
use tokio::{runtime::Handle, time};

use crate::scripted_outbox::{ScriptedOutbox, Shared};

const PATIENCE: Duration = Duration::from_secs(20);

/// The caches of a node, as L2 names them.
pub(crate) const CACHES: [&str; 4] = ["product", "list", "total", "stats"];

pub(crate) struct Scene {
    pub(crate) database: SqliteProducts,
    pub(crate) outbox: Arc<ScriptedOutbox>,
    pub(crate) remote: Arc<ScriptedL2>,
    _folder: TempDir,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = SqliteDatabase::open(SqliteOptions::new(folder.path().join("larder.db"))).expect("opens");
        database.migrate().await.expect("migrates");
        let remote = ScriptedL2::new();
        remote.set_relayed(true);
        Self { database: SqliteProducts::new(&database), outbox: ScriptedOutbox::new(), remote, _folder: folder }
    }

    pub(crate) fn node_with(&self, options: &CachedProductsOptions) -> CachedProducts {
        let sources =
            Sources { l2: Some(l2_over(&self.remote)), outbox: Some(Arc::new(Shared(Arc::clone(&self.outbox)))) };
        CachedProducts::new(Arc::new(self.database.clone()), sources, options, Handle::current()).expect("valid")
    }

    /// A node that relays.
    pub(crate) fn relaying(&self) -> CachedProducts {
        self.node_with(&CachedProductsOptions { samples_per_second: 0.0, ..CachedProductsOptions::default() })
    }

    /// A node that only listens.
    pub(crate) fn listening(&self, mutants: &[Mutant]) -> CachedProducts {
        let options =
            CachedProductsOptions { relay: false, samples_per_second: 0.0, ..CachedProductsOptions::default() };
        self.node_with(&CachedProductsOptions { mutants: mutants.to_vec(), ..options })
    }

    /// A node with L1 alone.
    pub(crate) fn alone(&self, max_staleness: Duration) -> CachedProducts {
        let options =
            CachedProductsOptions { max_staleness, samples_per_second: 0.0, ..CachedProductsOptions::default() };
        let sources = Sources { l2: None, outbox: Some(Arc::new(Shared(Arc::clone(&self.outbox)))) };
        CachedProducts::new(Arc::new(self.database.clone()), sources, &options, Handle::current()).expect("valid")
    }

    pub(crate) async fn create(&self, sku: &str, category: &str) -> Written {
        self.database.create(&draft(sku, category)).await.expect("is made")
    }

    /// Changes the price where no cache sees it.
    pub(crate) async fn reprice(&self, id: ProductId, hundredths: i64) -> Written {
        let patch = ProductPatch { price: Some(price(hundredths)), ..ProductPatch::default() };
        let written = self.database.update(id, &ProductChange::Patch(patch), Precondition::None).await;
        Written { changed: Aspects::PRICE, ..written.expect("is changed") }
    }

    pub(crate) async fn recategorize(&self, id: ProductId, category: &str) -> Written {
        let category = Some(Category::new(category).expect("valid"));
        let patch = ProductPatch { category, ..ProductPatch::default() };
        self.database.update(id, &ProductChange::Patch(patch), Precondition::None).await.expect("is changed")
    }
}

/// An L2 of its own over the one remote, as a node has it.
pub(crate) fn l2_over(remote: &Arc<ScriptedL2>) -> L2 {
    let options = BackplaneOptions { wait: Duration::from_millis(20), ..BackplaneOptions::default() };
    let (store, log) = (Arc::clone(remote), Arc::clone(remote));
    L2::builder(store).backplane(log, options).build().expect("a runtime")
}

pub(crate) fn draft(sku: &str, category: &str) -> ProductDraft {
    ProductDraft::new("Oolong", price(1_250), sku, Category::new(category).expect("valid"))
}

pub(crate) fn price(hundredths: i64) -> Price {
    Price::from_hundredths(hundredths).expect("valid")
}

/// The price of a product, if it is there, and which level answered.
pub(crate) async fn read(node: &dyn ProductRepository, id: ProductId, freshness: Freshness) -> (Option<Price>, Origin) {
    let read = node.get(id, freshness).await.expect("is read");
    (read.value.map(|product| product.value().expect("is a product").price), read.origin)
}

/// How many products are listed in a category.
pub(crate) async fn count(node: &dyn ProductRepository, category: &str, freshness: Freshness) -> u64 {
    let category = Some(Category::new(category).expect("valid"));
    let query = ProductQuery::newest(
        ProductFilter { category, ..ProductFilter::published() },
        PageRequest::new(1, 20).expect("valid"),
    );
    let page = node.find(&query, freshness).await.expect("is read").value;
    assert_eq!(page.total, Some(page.ids.len() as u64), "page and total agree");
    page.ids.len() as u64
}

/// Waits until something holds; what it is about is named for the failure.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(time::timeout(PATIENCE, wait).await.is_ok(), "not in time: {what}");
}

/// Waits until a node believes L2.
pub(crate) async fn believes(node: &CachedProducts) {
    until("L2 is believed", async || {
        let status = node.coherence();
        status.feed.is_some_and(|feed| feed.believes_l2 && feed.doubts == 0) && status.server.is_some()
    })
    .await;
}

/// Waits until a node has heard of the database.
pub(crate) async fn confirmed(node: &CachedProducts) {
    until("the feed is confirmed", async || {
        node.coherence().feed.is_some_and(|feed| feed.confirmed_ago.is_some() && feed.is_reachable)
    })
    .await;
}
