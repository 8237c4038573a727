//! A page of 20 from cached entities: `find` and `get_many` of `CachedProducts`, then one body of their bytes, as the service makes it.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use bytes::Bytes;
use divan::Bencher;
use futures_util::FutureExt;
use larder_domain::{PageRequest, ProductFilter, ProductId, ProductQuery};
use larder_repository::{Database, Freshness, ImportedProduct, ProductImport, ProductRepository};
use larder_repository_cached::{CachedProducts, CachedProductsOptions, Sources};
use larder_repository_postgres::{PostgresDatabase, PostgresOptions, PostgresProducts};
use larder_test_support::{Postgres, TestDatabase};
use moka::future::Cache as Moka;
use tokio::runtime::Handle;

use crate::places::{postgres, runtime};

const PRODUCTS: u32 = 1_000;
const SIZE: u32 = 20;

/// The catalogue, uncached.
struct Catalogue {
    products: Arc<PostgresProducts>,
    _place: TestDatabase,
}

impl Catalogue {
    async fn new(server: &Postgres) -> Result<Self> {
        let place = server.fresh_database().await?;
        let options = PostgresOptions { pool_size: 2, ..PostgresOptions::new(place.url()) };
        let database = PostgresDatabase::new(options)?;
        database.migrate().await?;
        let products = Arc::new(PostgresProducts::new(&database));
        products.import(&larder_demo_data::products(PRODUCTS).collect::<Vec<ImportedProduct>>()).await?;
        Ok(Self { products, _place: place })
    }
}

fn query() -> ProductQuery {
    ProductQuery::newest(ProductFilter::published(), PageRequest::new(1, SIZE).expect("valid"))
}

/// The bytes of the products of a page.
async fn page(products: &dyn ProductRepository, query: &ProductQuery) -> Vec<Bytes> {
    let page = products.find(query, Freshness::Cached).await.expect("an answer").value;
    let found = products.get_many(&page.ids, Freshness::Cached).await.expect("an answer").value;
    found.into_iter().flatten().map(|product| product.json().expect("a JSON form").clone()).collect()
}

/// What the service's body of a list does with the bytes; its own code for that is private.
fn joined(fragments: &[Bytes]) -> Vec<u8> {
    let bytes: usize = fragments.iter().map(|fragment| fragment.len() + 1).sum();
    let mut body = Vec::with_capacity(bytes + 256);
    for fragment in fragments {
        body.extend_from_slice(fragment);
        body.push(b',');
    }
    body
}

#[divan::bench(sample_size = 200)]
fn larder(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let catalogue = runtime.block_on(Catalogue::new(postgres())).expect("PostgreSQL answers");
    // Lists for as long as the bench runs.
    let options = CachedProductsOptions { list_ttl: Duration::from_mins(10), ..CachedProductsOptions::default() };
    let cached = CachedProducts::new(catalogue.products, Sources::default(), &options, Handle::current());
    let (cached, query) = (cached.expect("options that can work"), query());
    assert_eq!(runtime.block_on(page(&cached, &query)).len(), 20);
    bencher.bench_local(|| joined(&page(&cached, &query).now_or_never().expect("all of it is in L1")));
}

/// The same reads of bare moka: the ids of the page, the total, and 20 bodies.
#[divan::bench(sample_size = 200)]
fn moka(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let catalogue = runtime.block_on(Catalogue::new(postgres())).expect("PostgreSQL answers");
    let (pages, totals, bodies) = (Moka::new(1_000), Moka::new(1_000), Moka::new(10_000));
    let ids = runtime.block_on(async {
        let ids = catalogue.products.find(&query(), Freshness::Latest).await.expect("an answer").value.ids;
        pages.insert("newest", Arc::<[ProductId]>::from(&ids[..])).await;
        totals.insert("newest", 1_000_u64).await;
        for (id, body) in ids.iter().zip(page(catalogue.products.as_ref(), &query()).await) {
            bodies.insert(*id, body).await;
        }
        ids.len()
    });
    assert_eq!(ids, 20);
    let page = async || {
        let ids = pages.get("newest").await.expect("moka was filled");
        totals.get("newest").await.expect("moka was filled");
        let mut fragments = Vec::with_capacity(ids.len());
        for id in ids.iter() {
            fragments.push(bodies.get(id).await.expect("moka was filled"));
        }
        joined(&fragments)
    };
    bencher.bench_local(|| page().now_or_never().expect("at once"));
}

/// The floor of both: the bytes have to be put into one body.
#[divan::bench(sample_size = 200)]
fn joining_alone(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let catalogue = runtime.block_on(Catalogue::new(postgres())).expect("PostgreSQL answers");
    let fragments = runtime.block_on(page(catalogue.products.as_ref(), &query()));
    bencher.bench_local(|| joined(&fragments));
}
