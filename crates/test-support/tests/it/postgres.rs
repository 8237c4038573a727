//! Private and shared PostgreSQL servers, databases and templates.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use larder_test_support::{Postgres, PostgresOptions};
use tokio_postgres::{Client, NoTls};

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::runtime::Handle::current().spawn(connection);
    Ok(client)
}

async fn number(client: &Client, query: &str) -> Result<i64> {
    Ok(client.query_one(query, &[]).await?.get(0))
}

#[tokio::test]
async fn two_tests_get_two_databases() -> Result<()> {
    let server = Postgres::shared().await?;
    let (one, two) = (server.fresh_database().await?, server.fresh_database().await?);
    connect(&one.url()).await?.batch_execute("CREATE TABLE t ()").await?;
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 't'";
    assert_eq!(number(&connect(&one.url()).await?, tables).await?, 1);
    assert_eq!(number(&connect(&two.url()).await?, tables).await?, 0);
    Ok(())
}

#[tokio::test]
async fn the_shared_server_serves_a_second_runtime() -> Result<()> {
    let database = Postgres::shared().await?.fresh_database().await?;
    assert_eq!(number(&connect(&database.url()).await?, "SELECT 1::bigint").await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_template_is_filled_once_for_all_who_ask() -> Result<()> {
    let server = Postgres::start(PostgresOptions::default()).await?;
    let fills = AtomicU32::new(0);
    let ensure = || {
        server.ensure_template("filled", |url| {
            fills.fetch_add(1, Ordering::SeqCst);
            async move { Ok(connect(&url).await?.batch_execute("CREATE TABLE t AS SELECT 7::bigint AS seven").await?) }
        })
    };
    tokio::try_join!(ensure(), ensure(), ensure())?;
    assert_eq!(fills.load(Ordering::SeqCst), 1);
    let copies = tokio::try_join!(server.fresh_database_from("filled"), server.fresh_database_from("filled"))?;
    assert_eq!(number(&connect(&copies.0.url()).await?, "SELECT seven FROM t").await?, 7);
    assert_eq!(number(&connect(&copies.1.url()).await?, "SELECT seven FROM t").await?, 7);
    Ok(())
}

#[tokio::test]
async fn a_template_that_failed_is_tried_again() -> Result<()> {
    let server = Postgres::start(PostgresOptions::default()).await?;
    let failure = server.ensure_template("late", |_| async { anyhow::bail!("no") }).await;
    assert!(failure.is_err());
    assert!(server.fresh_database_from("late").await.is_err());
    server.ensure_template("late", |_| async { Ok(()) }).await?;
    server.fresh_database_from("late").await?;
    Ok(())
}

#[tokio::test]
async fn data_survives_stop_and_kill_on_the_same_port() -> Result<()> {
    let server = Postgres::start(PostgresOptions::default()).await?;
    connect(&server.url()).await?.batch_execute("CREATE TABLE t AS SELECT 1::bigint AS one").await?;
    server.stop().await?;
    assert!(connect(&server.url()).await.is_err());
    server.restart().await?;
    assert_eq!(number(&connect(&server.url()).await?, "SELECT one FROM t").await?, 1);
    server.kill().await?;
    assert!(connect(&server.url()).await.is_err());
    server.restart().await?;
    assert_eq!(number(&connect(&server.url()).await?, "SELECT one FROM t").await?, 1);
    server.restart().await?;
    assert_eq!(number(&connect(&server.url()).await?, "SELECT one FROM t").await?, 1);
    Ok(())
}

#[tokio::test]
async fn settings_and_files_reach_the_server() -> Result<()> {
    let options = PostgresOptions {
        settings: vec![("shared_preload_libraries".into(), "pg_stat_statements".into())],
        files: vec![("postgresql.auto.conf".into(), b"work_mem = '5MB'\n".to_vec())],
    };
    let server = Postgres::start(options).await?;
    let client = connect(&server.url()).await?;
    client.batch_execute("CREATE EXTENSION pg_stat_statements").await?;
    assert!(number(&client, "SELECT count(*) FROM pg_stat_statements").await? >= 0);
    let work_mem: String = client.query_one("SHOW work_mem", &[]).await?.get(0);
    assert_eq!(work_mem, "5MB");
    Ok(())
}

#[tokio::test]
async fn a_setting_that_makes_no_sense_fails_with_the_log() {
    let options = PostgresOptions { settings: vec![("max_connections".into(), "many".into())], files: Vec::new() };
    let error = Postgres::start(options).await.unwrap_err();
    assert!(format!("{error:#}").contains("max_connections"), "{error:#}");
}

#[tokio::test]
async fn a_wrong_password_does_not_get_in() -> Result<()> {
    let server = Postgres::shared().await?;
    let url = format!("postgres://larder:guess@{}/postgres", server.address());
    assert!(connect(&url).await.is_err());
    Ok(())
}
