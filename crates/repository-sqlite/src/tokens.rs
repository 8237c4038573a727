//! Access tokens in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use larder_domain::{Role, ValidationError};
use larder_repository::{Error, ErrorKind, StoredToken, TokenDigest, TokenOwner, TokenRepository};
use rusqlite::{OptionalExtension, Row, Transaction, types::Type};

use crate::{SqliteDatabase, failure::Failure};

const FIND: &str = "SELECT name, role FROM access_tokens WHERE digest = ?1";
const ADD: &str = "INSERT INTO access_tokens (name, role, digest) VALUES (?1, ?2, ?3)";
const LIST: &str = "SELECT name, role, created_at FROM access_tokens ORDER BY name";
const REMOVE: &str = "DELETE FROM access_tokens WHERE name = ?1";

/// The access tokens of a SQLite database.
#[derive(Debug, Clone)]
pub struct SqliteTokens {
    database: SqliteDatabase,
}

impl SqliteTokens {
    /// The tokens of `database`, which must be migrated.
    pub fn new(database: &SqliteDatabase) -> Self {
        Self { database: database.clone() }
    }
}

#[async_trait]
impl TokenRepository for SqliteTokens {
    async fn find(&self, digest: TokenDigest) -> Result<Option<TokenOwner>, Error> {
        let find = move |transaction: &Transaction<'_>| {
            Ok(transaction.prepare_cached(FIND)?.query_row([digest.0], owner).optional()?)
        };
        self.database.read("find an access token", find).await
    }

    async fn add(&self, owner: &TokenOwner, digest: TokenDigest) -> Result<(), Error> {
        const ATTEMPTED: &str = "add an access token";
        check_name(&owner.name).map_err(|broken| Error::invalid(ATTEMPTED, broken))?;
        let TokenOwner { name, role } = owner.clone();
        let add = move |transaction: &Transaction<'_>| {
            transaction.prepare_cached(ADD)?.execute((name, role.as_str(), digest.0))?;
            Ok(())
        };
        self.database.write(ATTEMPTED, add).await
    }

    async fn list(&self) -> Result<Vec<StoredToken>, Error> {
        let list = |transaction: &Transaction<'_>| {
            let mut list = transaction.prepare_cached(LIST)?;
            Ok(list.query_map([], stored)?.collect::<Result<_, _>>()?)
        };
        self.database.read("list access tokens", list).await
    }

    async fn remove(&self, name: &str) -> Result<(), Error> {
        let name = name.to_owned();
        let remove = move |transaction: &Transaction<'_>| {
            let removed = transaction.prepare_cached(REMOVE)?.execute([name])?;
            if removed == 0 { Err(Failure::from(ErrorKind::NotFound)) } else { Ok(()) }
        };
        self.database.write("remove an access token", remove).await
    }
}

fn owner(row: &Row<'_>) -> rusqlite::Result<TokenOwner> {
    let role: Role =
        row.get_ref(1)?.as_str()?.parse().map_err(|unknown: ValidationError| {
            rusqlite::Error::FromSqlConversionFailure(1, Type::Text, unknown.into())
        })?;
    Ok(TokenOwner { name: row.get(0)?, role })
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredToken> {
    let created_at = Timestamp::from_microsecond(row.get(2)?)
        .map_err(|broken| rusqlite::Error::FromSqlConversionFailure(2, Type::Integer, broken.into()))?;
    Ok(StoredToken { owner: owner(row)?, created_at })
}

fn check_name(name: &str) -> Result<(), ValidationError> {
    let printable = !name.trim().is_empty() && !name.chars().any(char::is_control);
    if printable && name.chars().count() <= 64 {
        Ok(())
    } else {
        Err(ValidationError::new("name", "must have 1 to 64 printable characters"))
    }
}
