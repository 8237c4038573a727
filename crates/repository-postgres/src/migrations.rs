//! Brings the schema up to date: each migration once, in order, by one process at a time.

use std::collections::BTreeMap;

use larder_repository::ErrorKind;
use tokio_postgres::Client;
use xxhash_rust::xxh3::xxh3_64;

use crate::failure::Failure;

/// A step from one schema to the next.
#[derive(Debug)]
struct Migration {
    number: u32,
    name: &'static str,
    sql: &'static str,
}

/// All migrations, in the order in which they are applied. One that was released never changes.
const MIGRATIONS: [Migration; 4] = [
    Migration { number: 1, name: "products", sql: include_str!("../../../migrations/postgres/0001_products.sql") },
    Migration {
        number: 2,
        name: "access_tokens",
        sql: include_str!("../../../migrations/postgres/0002_access_tokens.sql"),
    },
    Migration { number: 3, name: "outbox", sql: include_str!("../../../migrations/postgres/0003_outbox.sql") },
    Migration { number: 4, name: "search", sql: include_str!("../../../migrations/postgres/0004_search.sql") },
];

/// Names the lock; any number will do that no other program in the same database uses ("larder" in ASCII).
const LOCK: i64 = 0x6c61_7264_6572;

const CREATE_HISTORY: &str = "CREATE TABLE schema_migrations (
    number     bigint PRIMARY KEY,
    name       text NOT NULL,
    checksum   bigint NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)";

/// Why a schema cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
enum MigrationError {
    #[error(
        "migration {number} ({name}) is not what it was when it was applied to this database; a released migration must not change"
    )]
    Changed { number: u32, name: &'static str },
    #[error("migration {number} ({name}) is missing from this database, although later ones were applied")]
    Skipped { number: u32, name: &'static str },
    #[error("the encoding of the database is {0}, but must be UTF8")]
    Encoding(String),
}

impl Migration {
    /// Tells a changed migration from the one that was applied; line endings don't count, because a checkout may change them.
    fn checksum(&self) -> i64 {
        xxh3_64(self.sql.replace("\r\n", "\n").as_bytes()).cast_signed()
    }
}

/// Applies what is missing and answers how many migrations that was.
///
/// # Cancellation
/// The caller closes the connection afterwards; that gives the lock back and undoes a migration that was not finished.
pub(crate) async fn apply(client: &mut Client) -> Result<u32, Failure> {
    // Whoever waits for the lock waits for as long as another process needs, which may be to index millions of rows.
    client.batch_execute("SET statement_timeout = 0").await?;
    client.query_one("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
    check_encoding(client).await?;
    let pending = pending(&applied(client).await?)?;
    let mut count = 0;
    for migration in pending {
        run(client, migration).await?;
        tracing::info!(number = migration.number, name = migration.name, "applied a migration");
        count += 1;
    }
    Ok(count)
}

/// In any other encoding the server would count bytes where the domain counts characters.
async fn check_encoding(client: &Client) -> Result<(), Failure> {
    let row = client.query_one("SELECT current_setting('server_encoding')", &[]).await?;
    let encoding: String = row.try_get(0)?;
    if encoding == "UTF8" { Ok(()) } else { Err(Failure::Internal(MigrationError::Encoding(encoding).into())) }
}

/// Checksums of the applied migrations by number; makes the table for them first if it is not there.
async fn applied(client: &Client) -> Result<BTreeMap<u32, i64>, Failure> {
    let row = client.query_one("SELECT to_regclass('schema_migrations') IS NOT NULL", &[]).await?;
    if !row.try_get::<_, bool>(0)? {
        client.batch_execute(CREATE_HISTORY).await?;
    }
    let rows = client.query("SELECT number, checksum FROM schema_migrations", &[]).await?;
    rows.iter()
        .map(|row| {
            let number = u32::try_from(row.try_get::<_, i64>(0)?).map_err(Failure::row)?;
            Ok((number, row.try_get(1)?))
        })
        .collect()
}

/// What remains to be applied, if the history is a beginning of ours.
fn pending(applied: &BTreeMap<u32, i64>) -> Result<&'static [Migration], Failure> {
    let known = MIGRATIONS.last().map_or(0, |migration| migration.number);
    let found = applied.keys().next_back().copied().unwrap_or(0);
    if found > known {
        return Err(ErrorKind::SchemaTooNew { found, known }.into());
    }
    let done = MIGRATIONS.iter().take_while(|migration| migration.number <= found);
    for migration in done.clone() {
        let Migration { number, name, .. } = *migration;
        let broken = match applied.get(&number) {
            None => MigrationError::Skipped { number, name },
            Some(checksum) if *checksum != migration.checksum() => MigrationError::Changed { number, name },
            Some(_) => continue,
        };
        return Err(Failure::Internal(broken.into()));
    }
    Ok(&MIGRATIONS[done.count()..])
}

async fn run(client: &mut Client, migration: &Migration) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(migration.sql).await?;
    transaction
        .execute(
            "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)",
            &[&i64::from(migration.number), &migration.name, &migration.checksum()],
        )
        .await?;
    Ok(transaction.commit().await?)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn every_file_is_embedded_in_the_order_of_its_number() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
        let mut files: Vec<String> = fs::read_dir(folder)
            .expect("the folder is there")
            .map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"))
            .collect();
        files.sort();
        let embedded: Vec<String> =
            MIGRATIONS.iter().map(|Migration { number, name, .. }| format!("{number:04}_{name}.sql")).collect();
        assert_eq!(files, embedded);
        assert!(MIGRATIONS.is_sorted_by_key(|migration| migration.number));
    }

    #[test]
    fn line_endings_do_not_change_a_migration() {
        let unix = Migration { number: 1, name: "a", sql: "SELECT 1;\nSELECT 2;\n" };
        let windows = Migration { sql: "SELECT 1;\r\nSELECT 2;\r\n", ..unix };
        assert_eq!(unix.checksum(), windows.checksum());
    }
}
