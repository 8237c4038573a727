//! Opens the database that the configuration names.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use larder_repository::{Database, Outbox, ProductImport, ProductRepository, TokenRepository, ViewRepository};
use larder_repository_postgres::{
    PostgresDatabase, PostgresOptions, PostgresOutbox, PostgresProducts, PostgresTokens, PostgresViews,
};
use larder_repository_sqlite::{
    SqliteDatabase, SqliteOptions, SqliteOutbox, SqliteProducts, SqliteTokens, SqliteViews,
};

use crate::config::Config;

/// A database and what lives in it, not cached.
#[derive(Debug)]
#[expect(missing_docs, reason = "each trait is documented")]
pub struct Storage {
    pub database: Arc<dyn Database>,
    pub products: Arc<dyn ProductRepository>,
    pub import: Arc<dyn ProductImport>,
    pub tokens: Arc<dyn TokenRepository>,
    pub outbox: Arc<dyn Outbox>,
    pub views: Arc<dyn ViewRepository>,
    /// Whether the database was made just now, and may be filled with demo products.
    pub is_new: bool,
}

impl Storage {
    /// Opens the database that the configuration names.
    ///
    /// # Errors
    /// When the URL cannot be used, or a SQLite file cannot be opened.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        match config.sqlite_path() {
            Some(path) => Self::open_sqlite(config, path),
            None => Self::open_postgres(config),
        }
    }

    fn open_sqlite(config: &Config, path: PathBuf) -> anyhow::Result<Self> {
        let shown = path.display().to_string();
        let database = SqliteDatabase::open(SqliteOptions {
            readers: config.database.pool_size,
            wait_timeout: Duration::from_millis(config.database.wait_timeout_ms),
            ..SqliteOptions::new(path)
        });
        let database = database.with_context(|| format!("cannot use {shown}"))?;
        let is_new = database.is_new();
        let products = Arc::new(SqliteProducts::new(&database));
        let tokens = Arc::new(SqliteTokens::new(&database));
        let outbox = Arc::new(SqliteOutbox::new(&database));
        let views = Arc::new(SqliteViews::new(&database));
        let import = Arc::clone(&products);
        Ok(Self { database: Arc::new(database), products, import, tokens, outbox, views, is_new })
    }

    fn open_postgres(config: &Config) -> anyhow::Result<Self> {
        let database = PostgresDatabase::new(PostgresOptions {
            pool_size: config.database.pool_size,
            connect_timeout: Duration::from_millis(config.database.connect_timeout_ms),
            wait_timeout: Duration::from_millis(config.database.wait_timeout_ms),
            statement_timeout: Duration::from_millis(config.database.statement_timeout_ms),
            ..PostgresOptions::new(config.database.url.expose())
        });
        let database = database.context("database.url cannot be used")?;
        let products = Arc::new(PostgresProducts::new(&database));
        let tokens = Arc::new(PostgresTokens::new(&database));
        let outbox = Arc::new(PostgresOutbox::new(&database));
        let views = Arc::new(PostgresViews::new(&database));
        let import = Arc::clone(&products);
        Ok(Self { database: Arc::new(database), products, import, tokens, outbox, views, is_new: false })
    }
}
