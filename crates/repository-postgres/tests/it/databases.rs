//! A database for each test: empty, or copied from a migrated template.

use std::{fs, sync::Arc, time::Duration};

use larder_domain::{Category, Price, Product, ProductDraft, ProductId};
use larder_repository::{
    Database, Error, ErrorKind, Freshness, ImportedProduct, ProductRepository,
    conformance::{DatabaseSubject, OutboxSubject, Subject},
};
use larder_repository_postgres::{
    PostgresDatabase, PostgresOptions, PostgresOutbox, PostgresProducts, PostgresTokens, PostgresViews,
};
use larder_test_support::{Postgres, TestDatabase};
use tokio::{runtime::Handle, time};
use tokio_postgres::{Client, NoTls};
use xxhash_rust::xxh3::Xxh3;

/// How long a test waits for something that is bound to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A migrated database with the repositories in it.
pub(crate) struct Migrated {
    pub(crate) database: PostgresDatabase,
    pub(crate) products: PostgresProducts,
    pub(crate) tokens: PostgresTokens,
    pub(crate) server_side: TestDatabase,
}

impl Migrated {
    /// With options that suit most tests.
    pub(crate) async fn new() -> Self {
        Self::with(|options| options).await
    }

    /// With some options changed.
    pub(crate) async fn with(change: impl FnOnce(PostgresOptions) -> PostgresOptions) -> Self {
        let server = Postgres::shared().await.expect("a server");
        let template = template_name();
        server.ensure_template(&template, migrate).await.expect("a template");
        let server_side = server.fresh_database_from(&template).await.expect("a database");
        let options = PostgresOptions { pool_size: 4, ..PostgresOptions::new(server_side.url()) };
        let database = PostgresDatabase::new(change(options)).expect("usable options");
        let (products, tokens) = (PostgresProducts::new(&database), PostgresTokens::new(&database));
        Self { database, products, tokens, server_side }
    }

    pub(crate) fn into_subject(self) -> Subject {
        Subject {
            products: Arc::new(self.products.clone()),
            import: Arc::new(self.products),
            tokens: Arc::new(self.tokens),
            keep: Box::new((self.database, self.server_side)),
        }
    }

    pub(crate) fn into_outbox_subject(self) -> OutboxSubject {
        OutboxSubject {
            outbox: Arc::new(self.outbox()),
            views: Arc::new(self.views()),
            products: Arc::new(self.products.clone()),
            import: Arc::new(self.products),
            keep: Box::new((self.database, self.server_side)),
        }
    }

    /// With another process, and a database that was migrated by itself: copies of the template share what migrations draw.
    pub(crate) async fn into_database_subject(self) -> DatabaseSubject {
        let open = |url| PostgresDatabase::new(PostgresOptions { pool_size: 1, ..PostgresOptions::new(url) });
        let other_side = empty().await;
        let other = open(other_side.url()).expect("usable options");
        other.migrate().await.expect("migrates");
        DatabaseSubject {
            again: Arc::new(open(self.server_side.url()).expect("usable options")),
            database: Arc::new(self.database),
            other: Arc::new(other),
            keep: Box::new((self.server_side, other_side)),
        }
    }

    pub(crate) fn views(&self) -> PostgresViews {
        PostgresViews::new(&self.database)
    }

    pub(crate) fn outbox(&self) -> PostgresOutbox {
        PostgresOutbox::new(&self.database)
    }

    /// A connection of somebody else, as by psql.
    pub(crate) async fn outsider(&self) -> Client {
        connect(&self.server_side.url()).await
    }

    pub(crate) async fn get(&self, id: ProductId) -> Option<Product> {
        let read = self.products.get(id, Freshness::Latest).await.expect("get answers");
        read.value.map(|found| found.value().expect("a product").clone())
    }

    /// A product that is there from now on.
    pub(crate) async fn create(&self, draft: &ProductDraft) -> Product {
        let written = self.products.create(draft).await.expect("create succeeds");
        written.product.value().expect("a product").clone()
    }
}

async fn migrate(url: String) -> anyhow::Result<()> {
    let database = PostgresDatabase::new(PostgresOptions { pool_size: 1, ..PostgresOptions::new(url) })?;
    database.migrate().await?;
    database.close().await;
    Ok(())
}

/// Changes with the migrations, so that a server that outlives a run never hands out an old schema.
fn template_name() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the migrations").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let mut hash = Xxh3::new();
    for file in files {
        hash.update(&fs::read(file).expect("a readable migration"));
    }
    format!("larder_{:016x}", hash.digest())
}

/// An empty database.
pub(crate) async fn empty() -> TestDatabase {
    Postgres::shared().await.expect("a server").fresh_database().await.expect("a database")
}

/// A plain connection.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    Handle::current().spawn(async move { drop(connection.await) });
    client
}

/// Waits until `query` answers true, which it is bound to do; order is forced elsewhere.
pub(crate) async fn until(client: &Client, query: &str) {
    let wait = async {
        while !client.query_one(query, &[]).await.expect("an answer").get::<_, bool>(0) {
            time::sleep(Duration::from_millis(5)).await;
        }
    };
    time::timeout(PATIENCE, wait).await.expect(query);
}

/// Waits until a statement of another connection to this database waits for a lock.
pub(crate) async fn until_somebody_waits(client: &Client) {
    until(
        client,
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')",
    )
    .await;
}

/// Waits until nobody but `client` is connected to its database.
pub(crate) async fn until_alone(client: &Client) {
    until(
        client,
        "SELECT count(*) = 1 FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend'",
    )
    .await;
}

pub(crate) fn draft(sku: &str) -> ProductDraft {
    ProductDraft::new(format!("Product {sku}"), price("12.50"), sku, Category::new("tea").expect("a category"))
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

pub(crate) fn id(id: i64) -> ProductId {
    ProductId::new(id).expect("an id")
}

/// So many products with ids from 1, one second apart.
pub(crate) fn imports(count: i64, draft: impl Fn(i64) -> ProductDraft) -> Vec<ImportedProduct> {
    (1..=count)
        .map(|number| ImportedProduct {
            id: id(number),
            created_at: jiff::Timestamp::from_second(1_700_000_000 + number).expect("a time"),
            draft: draft(number),
        })
        .collect()
}

/// The kind of a call that has to fail.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Error>) -> ErrorKind {
    answer.expect_err("the call fails").kind().clone()
}

/// The error with all its causes.
pub(crate) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
