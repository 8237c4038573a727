//! The suite of the contract over the decorator.

use std::{any::Any, sync::Arc};

use larder_cache::{L2, RedisOptions, RedisRemote};
use larder_repository::{Database, ProductRepository, conformance::Subject};
use larder_repository_cached::{CachedProducts, CachedProductsOptions};
use larder_repository_postgres::{PostgresDatabase, PostgresOptions, PostgresProducts, PostgresTokens};
use larder_repository_sqlite::{SqliteDatabase, SqliteOptions, SqliteProducts, SqliteTokens};
use larder_test_support::{Postgres, Redis};
use tokio::runtime::Handle;

pub(crate) async fn redis() -> L2 {
    let server = Redis::shared().await.expect("a Redis");
    let options =
        RedisOptions { url: server.url().to_owned(), namespace: server.fresh_namespace(), ..Default::default() };
    L2::new(Arc::new(RedisRemote::new(&options).expect("a valid URL"))).expect("a runtime")
}

pub(crate) fn cached(
    inner: Arc<dyn ProductRepository>,
    l2: Option<L2>,
    l1_capacity_bytes: u64,
) -> Arc<dyn ProductRepository> {
    let options = CachedProductsOptions { l1_capacity_bytes, ..CachedProductsOptions::default() };
    Arc::new(CachedProducts::new(inner, l2, &options, Handle::current()).expect("valid options"))
}

async fn over_sqlite(l2: Option<L2>, l1_capacity_bytes: u64) -> Subject {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = SqliteDatabase::open(SqliteOptions::new(folder.path().join("larder.db"))).expect("opens");
    database.migrate().await.expect("migrates");
    let inner = Arc::new(SqliteProducts::new(&database));
    let import = Arc::clone(&inner);
    let products = cached(inner, l2, l1_capacity_bytes);
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
    let products = cached(inner, l2, 64 << 20);
    let keep: Box<dyn Any + Send> = Box::new(home);
    Subject { products, import, tokens: Arc::new(PostgresTokens::new(&database)), keep }
}

mod sqlite_l1 {
    //! L1 alone, as the embedded default has it.
    async fn subject() -> super::Subject {
        super::over_sqlite(None, 64 << 20).await
    }
    larder_repository::conformance!(subject);
}

mod sqlite_l2 {
    //! Redis alone: nothing is hidden by L1.
    async fn subject() -> super::Subject {
        super::over_sqlite(Some(super::redis().await), 0).await
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
