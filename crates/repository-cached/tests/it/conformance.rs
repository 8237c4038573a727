//! The suite of the contract over the decorator.

use std::{any::Any, sync::Arc};

use larder_cache::{BackplaneOptions, L2, RedisOptions, RedisRemote, Reigning};
use larder_repository::{Database, Outbox, ProductRepository, conformance::Subject};
use larder_repository_cached::{CachedProducts, CachedProductsOptions, Sources};
use larder_repository_postgres::{PostgresDatabase, PostgresOptions, PostgresOutbox, PostgresProducts, PostgresTokens};
use larder_repository_sqlite::{SqliteDatabase, SqliteOptions, SqliteOutbox, SqliteProducts, SqliteTokens};
use larder_test_support::{Postgres, Redis, RedisServer};
use tokio::runtime::Handle;

/// An L2 with a backplane in a namespace, as each node of a cluster has one.
pub(crate) fn l2_at(server: &RedisServer, namespace: &str) -> L2 {
    let options = RedisOptions {
        url: server.url(),
        namespace: namespace.to_owned(),
        reign: Reigning::Relayed,
        ..RedisOptions::default()
    };
    let remote = Arc::new(RedisRemote::new(&options).expect("a valid URL"));
    let backplane = Arc::clone(&remote);
    L2::builder(remote).backplane(backplane, BackplaneOptions::default()).build().expect("a runtime")
}

async fn redis() -> L2 {
    let server = Redis::shared().await.expect("a Redis");
    l2_at(server, &server.fresh_namespace())
}

fn cached(
    inner: Arc<dyn ProductRepository>,
    outbox: Option<Arc<dyn Outbox>>,
    l2: Option<L2>,
    l1_capacity_bytes: u64,
) -> Arc<dyn ProductRepository> {
    let options = CachedProductsOptions { l1_capacity_bytes, ..CachedProductsOptions::default() };
    let sources = Sources { l2, outbox };
    Arc::new(CachedProducts::new(inner, sources, &options, Handle::current()).expect("valid options"))
}

async fn over_sqlite(has_outbox: bool, l2: Option<L2>, l1_capacity_bytes: u64) -> Subject {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = SqliteDatabase::open(SqliteOptions::new(folder.path().join("larder.db"))).expect("opens");
    database.migrate().await.expect("migrates");
    let inner = Arc::new(SqliteProducts::new(&database));
    let import = Arc::clone(&inner);
    let outbox = has_outbox.then(|| Arc::new(SqliteOutbox::new(&database)) as Arc<dyn Outbox>);
    let products = cached(inner, outbox, l2, l1_capacity_bytes);
    Subject { products, import, tokens: Arc::new(SqliteTokens::new(&database)), keep: Box::new(folder) }
}

async fn over_postgres(l2: Option<L2>) -> Subject {
    let server = Postgres::shared().await.expect("a PostgreSQL");
    let home = server.fresh_database().await.expect("a database");
    let options = PostgresOptions { pool_size: 5, ..PostgresOptions::new(home.url()) };
    let database = PostgresDatabase::new(options).expect("a valid URL");
    database.migrate().await.expect("migrates");
    let inner = Arc::new(PostgresProducts::new(&database));
    let import = Arc::clone(&inner);
    let outbox = Arc::new(PostgresOutbox::new(&database));
    let products = cached(inner, Some(outbox), l2, 64 << 20);
    let keep: Box<dyn Any + Send> = Box::new(home);
    Subject { products, import, tokens: Arc::new(PostgresTokens::new(&database)), keep }
}

mod sqlite_l1 {
    //! L1 alone, as the embedded default has it.
    async fn subject() -> super::Subject {
        super::over_sqlite(true, None, 64 << 20).await
    }
    larder_repository::conformance!(subject);
}

mod sqlite_deaf {
    //! L1 alone, without an outbox.
    async fn subject() -> super::Subject {
        super::over_sqlite(false, None, 64 << 20).await
    }
    larder_repository::conformance!(subject);
}

mod sqlite_l2 {
    //! Redis alone: nothing is hidden by L1.
    async fn subject() -> super::Subject {
        super::over_sqlite(true, Some(super::redis().await), 0).await
    }
    larder_repository::conformance!(subject);
}

mod postgres_two_level {
    //! Both levels, as a cluster has it.
    async fn subject() -> super::Subject {
        super::over_postgres(Some(super::redis().await)).await
    }
    larder_repository::conformance!(subject);
}
