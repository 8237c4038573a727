//! What the catalogue in PostgreSQL answers uncached, with many demo products: each question by turns, from a server of its own.

mod questions;
#[path = "../../subjects/words.rs"]
mod words;

use std::{
    io::Write,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use larder_repository::{Database, ImportedProduct, ProductImport};
use larder_repository_postgres::{PostgresDatabase, PostgresOptions, PostgresProducts};
use larder_test_support::{Postgres, PostgresOptions as ServerOptions};
use tokio_postgres::NoTls;

use questions::Question;
use words::Asked;

/// Demo products, unless told: few, so that plain `cargo bench` ends soon.
const FEW: u32 = 5_000;

/// How many demo products there are.
const PRODUCTS: &str = "--products";

/// Of a database that holds as many demo products already, in place of a new one.
const URL: &str = "--url";

/// As the service imports them.
const CHUNK: usize = 10_000;

#[tokio::main]
async fn main() -> Result<()> {
    let Asked { words, options } = words::of_command_line(&[PRODUCTS, URL])?;
    let count = options.get(PRODUCTS).map_or(Ok(FEW), |count| count.parse());
    let count = count.with_context(|| format!("{PRODUCTS} takes a number of products"))?;
    let mut wanted = questions::all(count)?;
    wanted.retain(|question| words::is_wanted(question.name, &words));
    if wanted.is_empty() {
        return words::say_none("question of the catalogue", &words);
    }
    if let Some(url) = options.get(URL) {
        return report(&open(url)?, wanted).await;
    }
    let settings = [("shared_buffers", "1GB"), ("max_wal_size", "4GB")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let server = Postgres::start(ServerOptions { settings, ..ServerOptions::default() }).await?;
    let place = server.fresh_database().await?;
    let database = open(&place.url())?;
    database.migrate().await?;
    fill(&database, &place.url(), count).await?;
    report(&database, wanted).await
}

fn open(url: &str) -> Result<PostgresDatabase> {
    let statement_timeout = Duration::from_secs(60);
    let options = PostgresOptions { pool_size: 2, statement_timeout, ..PostgresOptions::new(url) };
    Ok(PostgresDatabase::new(options)?)
}

async fn fill(database: &PostgresDatabase, url: &str, count: u32) -> Result<()> {
    let mut out = std::io::stdout();
    let began = Instant::now();
    seed(&PostgresProducts::new(database), count).await?;
    writeln!(out, "{count} products imported in {:.0?}", began.elapsed())?;
    let began = Instant::now();
    vacuum(url).await?;
    writeln!(out, "vacuumed and analyzed in {:.0?}\n", began.elapsed())?;
    Ok(())
}

async fn report(database: &PostgresDatabase, wanted: Vec<Question>) -> Result<()> {
    let products = PostgresProducts::new(database);
    let mut out = std::io::stdout();
    writeln!(out, "| question | p50 ms | p99 ms | times |\n|---|---|---|---|")?;
    for mut question in wanted {
        question.prepare(&products).await?;
        writeln!(out, "{}", measure(&products, &question).await?)?;
    }
    database.close().await;
    Ok(())
}

async fn seed(products: &PostgresProducts, count: u32) -> Result<()> {
    let mut made = larder_demo_data::products(count);
    loop {
        let chunk: Vec<ImportedProduct> = made.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        products.import(&chunk).await?;
    }
}

/// As the server does by itself within a minute or so.
async fn vacuum(url: &str) -> Result<()> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let driver = tokio::runtime::Handle::current().spawn(connection);
    client.batch_execute("VACUUM (ANALYZE) products, product_search").await?;
    drop(client);
    Ok(driver.await??)
}

/// Asks until two seconds are over, at least ten times and at most two thousand; the first answer does not count.
async fn measure(products: &PostgresProducts, question: &Question) -> Result<String> {
    question.ask(products, 0).await?;
    let (began, mut times) = (Instant::now(), Vec::new());
    while times.len() < 10 || (times.len() < 2_000 && began.elapsed() < Duration::from_secs(2)) {
        let asked = Instant::now();
        question.ask(products, times.len()).await?;
        times.push(asked.elapsed());
    }
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
    Ok(format!("| {} | {:.2} | {:.2} | {} |", question.name, at(50), at(99), times.len()))
}
