//! How many queries reach the database, counted by a decorator of the same trait, and what becomes of writes that end badly.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use larder_cache::{L2, RedisOptions, RedisRemote};
use larder_domain::{
    Adjustment, CatalogueStats, Category, Encoded, PageRequest, Price, Product, ProductDraft, ProductFilter, ProductId,
    ProductPage, ProductPatch, ProductQuery,
};
use larder_repository::{
    Database, Error, ErrorKind, Freshness, Origin, Precondition, ProductChange, ProductRepository, Read, Written,
};
use larder_repository_cached::{CachedProducts, CachedProductsOptions, Sources};
use larder_repository_sqlite::{SqliteDatabase, SqliteOptions, SqliteProducts};
use larder_test_support::Redis;
use tempfile::TempDir;
use tokio::{runtime::Handle, sync::Semaphore, task::JoinSet, time};

const CALLERS: u32 = 1_000;
const L1_BYTES: u64 = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// Counts reads, and lets reads and writes wait or fail as a test wants it.
#[derive(Debug)]
struct ScriptedProducts {
    inner: SqliteProducts,
    queries: AtomicUsize,
    arrived: Semaphore,
    reads: Semaphore,
    writes: Semaphore,
    times_out: AtomicBool,
}

impl ScriptedProducts {
    async fn counted(&self) {
        self.queries.fetch_add(1, Ordering::SeqCst);
        self.pass(&self.reads).await;
    }

    async fn pass(&self, gate: &Semaphore) {
        self.arrived.add_permits(1);
        drop(gate.acquire().await.expect("never closed"));
    }

    /// What the caller learns about a write that was committed.
    fn told(&self, written: Result<Written, Error>) -> Result<Written, Error> {
        if self.times_out.load(Ordering::SeqCst) {
            written.expect("is committed");
            return Err(Error::new(ErrorKind::Timeout, "write a product"));
        }
        written
    }

    async fn wait_for(&self, arrivals: u32) {
        let arrived = time::timeout(PATIENCE, self.arrived.acquire_many(arrivals)).await;
        arrived.expect("they arrive").expect("never closed").forget();
    }
}

#[async_trait]
impl ProductRepository for ScriptedProducts {
    async fn get(&self, id: ProductId, freshness: Freshness) -> Result<Read<Option<Encoded<Product>>>, Error> {
        self.counted().await;
        self.inner.get(id, freshness).await
    }

    async fn get_many(
        &self,
        ids: &[ProductId],
        freshness: Freshness,
    ) -> Result<Read<Vec<Option<Encoded<Product>>>>, Error> {
        self.counted().await;
        self.inner.get_many(ids, freshness).await
    }

    async fn find(&self, query: &ProductQuery, freshness: Freshness) -> Result<Read<ProductPage>, Error> {
        self.counted().await;
        self.inner.find(query, freshness).await
    }

    async fn stats(&self, freshness: Freshness) -> Result<Read<CatalogueStats>, Error> {
        self.counted().await;
        self.inner.stats(freshness).await
    }

    async fn create(&self, draft: &ProductDraft) -> Result<Written, Error> {
        self.pass(&self.writes).await;
        self.told(self.inner.create(draft).await)
    }

    async fn update(
        &self,
        id: ProductId,
        change: &ProductChange,
        precondition: Precondition,
    ) -> Result<Written, Error> {
        self.pass(&self.writes).await;
        self.told(self.inner.update(id, change, precondition).await)
    }

    async fn delete(&self, id: ProductId, precondition: Precondition) -> Result<Written, Error> {
        self.pass(&self.writes).await;
        self.told(self.inner.delete(id, precondition).await)
    }

    async fn adjust(&self, id: ProductId, adjustment: &Adjustment) -> Result<Written, Error> {
        self.pass(&self.writes).await;
        self.told(self.inner.adjust(id, adjustment).await)
    }
}

/// A database with one product that no cache has seen. Both gates are open.
struct Catalogue {
    products: Arc<ScriptedProducts>,
    id: ProductId,
    _folder: TempDir,
}

impl Catalogue {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = SqliteDatabase::open(SqliteOptions::new(folder.path().join("larder.db"))).expect("opens");
        database.migrate().await.expect("migrates");
        let inner = SqliteProducts::new(&database);
        let id = inner.create(&draft("S-1")).await.expect("is made").id;
        let products = ScriptedProducts {
            inner,
            queries: AtomicUsize::new(0),
            arrived: Semaphore::new(0),
            reads: Semaphore::new(1),
            writes: Semaphore::new(1),
            times_out: AtomicBool::new(false),
        };
        Self { products: Arc::new(products), id, _folder: folder }
    }

    /// A cache of its own in front of the database, as a node has it.
    fn node(&self, l2: Option<L2>) -> Arc<dyn ProductRepository> {
        let inner = Arc::clone(&self.products) as Arc<dyn ProductRepository>;
        let options = CachedProductsOptions { l1_capacity_bytes: L1_BYTES, ..CachedProductsOptions::default() };
        let sources = Sources { l2, outbox: None };
        Arc::new(CachedProducts::new(inner, sources, &options, Handle::current()).expect("valid options"))
    }

    fn queries(&self) -> usize {
        self.products.queries.load(Ordering::SeqCst)
    }
}

/// Connections of so many nodes to one namespace.
async fn second_levels<const NODES: usize>() -> [Option<L2>; NODES] {
    let server = Redis::shared().await.expect("a Redis");
    let options = RedisOptions { url: server.url(), namespace: server.fresh_namespace(), ..Default::default() };
    let remote = || Arc::new(RedisRemote::new(&options).expect("a valid URL"));
    std::array::from_fn(|_| Some(L2::new(remote()).expect("a runtime")))
}

fn draft(sku: &str) -> ProductDraft {
    ProductDraft::new("Oolong", price(1_250), sku, Category::new("tea").expect("valid"))
}

fn price(hundredths: i64) -> Price {
    Price::from_hundredths(hundredths).expect("valid")
}

fn new_price() -> ProductChange {
    ProductChange::Patch(ProductPatch { price: Some(price(990)), ..ProductPatch::default() })
}

async fn read_price(node: &Arc<dyn ProductRepository>, id: ProductId) -> (Price, Origin) {
    let read = node.get(id, Freshness::Cached).await.expect("is read");
    (read.value.expect("is there").value().expect("is a product").price, read.origin)
}

async fn read_total(node: &Arc<dyn ProductRepository>) -> Option<u64> {
    let query = ProductQuery::newest(ProductFilter::published(), PageRequest::new(1, 20).expect("valid"));
    node.find(&query, Freshness::Cached).await.expect("is read").value.total
}

/// Holds the query back until every caller on every node asked for the same cold product.
///
/// It needs a runtime of one thread: there a caller goes on from counting itself to where it waits without a stop in between.
async fn assert_one_query(catalogue: &Catalogue, nodes: &[Arc<dyn ProductRepository>]) {
    let held = catalogue.products.reads.acquire().await.expect("never closed");
    let asked = Arc::new(Semaphore::new(0));
    let mut callers = JoinSet::new();
    for node in nodes {
        for _ in 0..CALLERS {
            let (node, asked, id) = (Arc::clone(node), Arc::clone(&asked), catalogue.id);
            callers.spawn(async move {
                asked.add_permits(1);
                read_price(&node, id).await
            });
        }
    }
    let everybody = CALLERS * u32::try_from(nodes.len()).expect("few");
    asked.acquire_many(everybody).await.expect("never closed").forget();
    catalogue.products.wait_for(1).await;
    drop(held);
    let answers = callers.join_all().await;
    assert!(answers.iter().all(|(answer, _)| *answer == price(1_250)));
    assert_eq!(catalogue.queries(), 1);
    for node in nodes {
        assert_eq!(read_price(node, catalogue.id).await, (price(1_250), Origin::L1));
    }
}

#[tokio::test]
async fn a_thousand_callers_of_a_cold_product_cost_one_query_with_l1_alone() {
    let catalogue = Catalogue::new().await;
    assert_one_query(&catalogue, &[catalogue.node(None)]).await;
}

#[tokio::test]
async fn a_thousand_callers_of_a_cold_product_cost_one_query_with_both_levels() {
    let catalogue = Catalogue::new().await;
    let nodes = second_levels::<1>().await.map(|l2| catalogue.node(l2));
    assert_one_query(&catalogue, &nodes).await;
}

#[tokio::test]
async fn a_thousand_callers_on_each_of_two_nodes_cost_one_query_in_all() {
    let catalogue = Catalogue::new().await;
    let nodes = second_levels::<2>().await.map(|l2| catalogue.node(l2));
    assert_one_query(&catalogue, &nodes).await;
}

/// Drops the caller before his write is committed.
async fn assert_dropped_write_is_seen(l2: Option<L2>) {
    let catalogue = Catalogue::new().await;
    let (products, id) = (&catalogue.products, catalogue.id);
    let node = catalogue.node(l2);
    read_price(&node, id).await;
    products.wait_for(1).await;

    let held = products.writes.acquire().await.expect("never closed");
    let writer = Arc::clone(&node);
    let mut caller = JoinSet::new();
    caller.spawn(async move { writer.update(id, &new_price(), Precondition::None).await });
    products.wait_for(1).await;
    caller.shutdown().await;
    assert_eq!(read_price(&node, id).await, (price(1_250), Origin::L1), "nothing is written yet");
    drop(held);

    let seen = async {
        while read_price(&node, id).await.0 != price(990) {
            tokio::task::yield_now().await;
        }
    };
    time::timeout(PATIENCE, seen).await.expect("the entry lives for minutes: only an invalidation ends it");
}

#[tokio::test]
async fn a_write_whose_caller_went_away_invalidates_l1() {
    assert_dropped_write_is_seen(None).await;
}

#[tokio::test]
async fn a_write_whose_caller_went_away_invalidates_both_levels() {
    let [l2] = second_levels().await;
    assert_dropped_write_is_seen(l2).await;
}

/// Commits writes whose callers hear of a timeout.
async fn assert_doubtful_writes_are_seen(l2: Option<L2>, other: Option<L2>) {
    let catalogue = Catalogue::new().await;
    let id = catalogue.id;
    let node = catalogue.node(l2);
    read_price(&node, id).await;
    assert_eq!(read_total(&node).await, Some(1));
    catalogue.products.times_out.store(true, Ordering::SeqCst);

    let outcome = node.update(id, &new_price(), Precondition::None).await;
    assert_eq!(outcome.expect_err("is in doubt").kind(), &ErrorKind::Timeout);
    assert_eq!(read_price(&node, id).await, (price(990), Origin::Loaded));
    assert_eq!(read_price(&catalogue.node(other), id).await.0, price(990), "another node sees it as well");

    node.create(&draft("S-2")).await.expect_err("is in doubt");
    assert_eq!(read_total(&node).await, Some(2));
    node.delete(id, Precondition::None).await.expect_err("is in doubt");
    assert!(node.get(id, Freshness::Cached).await.expect("is read").value.is_none());
    assert_eq!(read_total(&node).await, Some(1));
}

#[tokio::test]
async fn a_write_whose_outcome_is_unknown_invalidates_l1() {
    assert_doubtful_writes_are_seen(None, None).await;
}

#[tokio::test]
async fn a_write_whose_outcome_is_unknown_invalidates_both_levels() {
    let [l2, other] = second_levels().await;
    assert_doubtful_writes_are_seen(l2, other).await;
}
