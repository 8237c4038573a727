//! A database that is away, slow, silent or full.

use std::{
    net::{Ipv4Addr, TcpListener},
    time::Duration,
};

use larder_domain::ProductPatch;
use larder_repository::{Database, ErrorKind, Freshness, Precondition, ProductChange, ProductRepository};
use larder_repository_postgres::{PostgresDatabase, PostgresOptions, PostgresProducts};
use larder_test_support::{Fault, FaultProxy, Postgres};

use crate::databases::{Migrated, draft, id, refusal, until, until_alone, until_somebody_waits};

fn restock(stock: i64) -> ProductChange {
    ProductChange::Patch(ProductPatch { stock: Some(stock), ..Default::default() })
}

#[tokio::test]
async fn a_database_that_is_not_there_is_unavailable() {
    // Bound and let go: nobody listens there.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a port").port();
    let url = format!("postgres://larder:x@127.0.0.1:{port}/larder");
    let database = PostgresDatabase::new(PostgresOptions::new(url)).expect("connects lazily");
    assert_eq!(refusal(database.ping().await), ErrorKind::Unavailable);
    assert_eq!(refusal(database.migrate().await), ErrorKind::Unavailable);
    let products = PostgresProducts::new(&database);
    assert_eq!(refusal(products.get(id(1), Freshness::Latest).await), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_canceled_by_the_server() {
    let short = Duration::from_millis(200);
    let shop = Migrated::with(|options| PostgresOptions { statement_timeout: short, ..options }).await;
    let product = shop.create(&draft("A")).await;
    let mut outsider = shop.outsider().await;
    let lock = outsider.transaction().await.expect("a transaction");
    lock.batch_execute("SELECT FROM products FOR UPDATE").await.expect("locked");
    assert_eq!(refusal(shop.products.update(product.id, &restock(5), Precondition::None).await), ErrorKind::Timeout);
    lock.rollback().await.expect("unlocked");
    assert_eq!(shop.get(product.id).await, Some(product), "what was canceled did not happen");
}

#[tokio::test]
async fn no_connection_in_time_is_unavailable() {
    let short = Duration::from_millis(200);
    let shop = Migrated::with(|options| PostgresOptions { pool_size: 1, wait_timeout: short, ..options }).await;
    let product = shop.create(&draft("A")).await;
    let mut outsider = shop.outsider().await;
    let watcher = shop.outsider().await;
    let lock = outsider.transaction().await.expect("a transaction");
    lock.batch_execute("SELECT FROM products FOR UPDATE").await.expect("locked");
    let change = restock(5);
    let rival = async {
        until_somebody_waits(&watcher).await;
        let refused = refusal(shop.products.get(product.id, Freshness::Latest).await);
        let status = shop.database.pool_status();
        assert_eq!((status.max_size, status.size, status.idle), (1, 1, 0));
        lock.rollback().await.expect("unlocked");
        refused
    };
    let (written, refused) = tokio::join!(shop.products.update(product.id, &change, Precondition::None), rival);
    assert_eq!(refused, ErrorKind::Unavailable);
    written.expect("updates");
}

#[tokio::test]
async fn a_silent_connection_is_given_up_and_not_used_again() {
    let shop = Migrated::new().await;
    let server = Postgres::shared().await.expect("a server");
    let proxy = FaultProxy::start(server.address()).expect("a proxy");
    let database = PostgresDatabase::new(PostgresOptions {
        pool_size: 1,
        statement_timeout: Duration::from_millis(200),
        connect_timeout: Duration::from_millis(500),
        ..PostgresOptions::new(shop.server_side.url_at(proxy.address()))
    })
    .expect("usable options");
    database.ping().await.expect("well");
    proxy.set(Fault::Drop).await.expect("silent");
    assert_eq!(refusal(database.ping().await), ErrorKind::Timeout);
    assert_eq!(database.pool_status().size, 0, "the silent connection is closed");
    assert_eq!(refusal(database.ping().await), ErrorKind::Unavailable, "a new one cannot be had");
    proxy.set(Fault::None).await.expect("mended");
    database.ping().await.expect("well again");
}

#[tokio::test]
async fn connections_that_an_operator_ends_are_replaced() {
    let shop = Migrated::with(|options| PostgresOptions { pool_size: 1, ..options }).await;
    shop.database.ping().await.expect("well");
    let outsider = shop.outsider().await;
    let others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'larder'";
    outsider.query_one(&format!("SELECT count(pg_terminate_backend(pid, 5000)) {others}"), &[]).await.expect("ended");
    until(&outsider, &format!("SELECT NOT EXISTS (SELECT {others})")).await;
    // The first caller may get the connection before its driver has read that it was closed.
    if let Err(error) = shop.database.ping().await {
        assert_eq!(error.kind(), &ErrorKind::Unavailable);
    }
    shop.database.ping().await.expect("well again");
}

#[tokio::test]
async fn a_closed_database_refuses_work_and_has_no_connections() {
    let shop = Migrated::new().await;
    shop.database.ping().await.expect("well");
    shop.database.close().await;
    assert_eq!(refusal(shop.database.ping().await), ErrorKind::Unavailable);
    let outsider = shop.outsider().await;
    until_alone(&outsider).await;
}

#[tokio::test]
async fn a_wrong_password_is_no_outage() {
    let shop = Migrated::new().await;
    let url = shop.server_side.url().replacen("postgres://larder:", "postgres://larder:wrong", 1);
    let database = PostgresDatabase::new(PostgresOptions::new(url)).expect("usable options");
    assert_eq!(refusal(database.ping().await), ErrorKind::Internal);
}

#[test]
fn a_connection_outlives_the_runtime_that_asked_for_it() {
    let runtime = |threads| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().expect("a runtime")
    };
    let main = runtime(1);
    let shop = main.block_on(Migrated::with(|options| PostgresOptions { pool_size: 1, ..options }));
    let worker = runtime(1);
    worker.block_on(shop.database.ping()).expect("well");
    worker.shutdown_background();
    main.block_on(shop.database.ping()).expect("the connection that the worker asked for still lives");
    let size = shop.database.pool_status().size;
    assert_eq!(size, 1);
}
