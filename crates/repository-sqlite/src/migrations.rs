//! Brings the schema up to date: each migration once, in order, by one process at a time.

use std::collections::BTreeMap;

use larder_repository::ErrorKind;
use rusqlite::Transaction;
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
    Migration { number: 1, name: "products", sql: include_str!("../../../migrations/sqlite/0001_products.sql") },
    Migration {
        number: 2,
        name: "access_tokens",
        sql: include_str!("../../../migrations/sqlite/0002_access_tokens.sql"),
    },
    Migration { number: 3, name: "outbox", sql: include_str!("../../../migrations/sqlite/0003_outbox.sql") },
    Migration { number: 4, name: "search", sql: include_str!("../../../migrations/sqlite/0004_search.sql") },
];

const CREATE_HISTORY: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    number     INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    checksum   INTEGER NOT NULL,
    applied_at INTEGER NOT NULL DEFAULT (CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)
) STRICT";

/// Why a schema cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
enum MigrationError {
    #[error(
        "migration {number} ({name}) is not what it was when it was applied to this database; a released migration must not change"
    )]
    Changed { number: u32, name: &'static str },
    #[error("migration {number} ({name}) is missing from this database, although later ones were applied")]
    Skipped { number: u32, name: &'static str },
}

impl Migration {
    /// Tells a changed migration from the one that was applied; line endings don't count, because a checkout may change them.
    fn checksum(&self) -> i64 {
        xxh3_64(self.sql.replace("\r\n", "\n").as_bytes()).cast_signed()
    }
}

/// Applies what is missing and answers how many migrations that was.
///
/// The transaction holds the write lock from its beginning, so that whoever comes second finds the work done.
pub(crate) fn apply(transaction: &Transaction<'_>) -> Result<u32, Failure> {
    transaction.execute_batch(CREATE_HISTORY)?;
    let mut count = 0;
    for migration in pending(&applied(transaction)?)? {
        transaction.execute_batch(migration.sql)?;
        note(transaction, migration)?;
        tracing::info!(number = migration.number, name = migration.name, "applied a migration");
        count += 1;
    }
    Ok(count)
}

fn note(transaction: &Transaction<'_>, migration: &Migration) -> Result<(), Failure> {
    transaction.execute(
        "INSERT INTO schema_migrations (number, name, checksum) VALUES (?1, ?2, ?3)",
        (migration.number, migration.name, migration.checksum()),
    )?;
    Ok(())
}

/// Checksums of the applied migrations by number.
fn applied(transaction: &Transaction<'_>) -> Result<BTreeMap<u32, i64>, Failure> {
    let mut history = transaction.prepare("SELECT number, checksum FROM schema_migrations")?;
    let rows = history.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
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
        return Err(Failure::Other(ErrorKind::Internal, broken.into()));
    }
    Ok(&MIGRATIONS[done.count()..])
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use rusqlite::Connection;

    use super::*;

    #[test]
    fn every_file_is_embedded_in_the_order_of_its_number() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/sqlite");
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
    fn products_that_were_there_before_the_search_are_found() {
        let mut connection = Connection::open_in_memory().expect("memory is there");
        let transaction = connection.transaction().expect("a transaction");
        transaction.execute_batch(CREATE_HISTORY).expect("the history is made");
        let without_search = MIGRATIONS.iter().take_while(|migration| migration.number < 4);
        for migration in without_search {
            transaction.execute_batch(migration.sql).expect("the migration applies");
            note(&transaction, migration).expect("the history takes it");
        }
        let row = "INSERT INTO products (id, name, price, sku, category) VALUES (7, '绿茶 Green', 1, 'A', 'tea')";
        transaction.execute(row, []).expect("the insert is allowed");
        apply(&transaction).expect("the rest applies");
        let found = |statement: &str, parameter: &str| -> i64 {
            transaction.query_row(statement, [parameter], |row| row.get(0)).expect("the product is found")
        };
        assert_eq!(found("SELECT rowid FROM products_text WHERE products_text MATCH ?1", "green"), 7);
        assert_eq!(found("SELECT doc FROM products_terms WHERE term >= ?1 LIMIT 1", "绿茶"), 7);
    }

    #[test]
    fn a_history_that_is_not_ours_is_refused() {
        let ours = |migration: &Migration| (migration.number, migration.checksum());
        let all: BTreeMap<_, _> = MIGRATIONS.iter().map(ours).collect();
        assert!(pending(&all).is_ok_and(<[_]>::is_empty));
        assert_eq!(pending(&BTreeMap::new()).map(<[_]>::len).ok(), Some(MIGRATIONS.len()));

        let changed = BTreeMap::from([(1, 0)]);
        let skipped = BTreeMap::from([ours(&MIGRATIONS[1])]);
        for history in [changed, skipped] {
            assert!(matches!(pending(&history), Err(Failure::Other(ErrorKind::Internal, _))));
        }
    }
}
