//! Access tokens in PostgreSQL.

use async_trait::async_trait;
use larder_domain::{Role, ValidationError};
use larder_repository::{Error, ErrorKind, StoredToken, TokenDigest, TokenOwner, TokenRepository};
use tokio_postgres::Row;

use crate::{PostgresDatabase, failure::Failure, rows};

const FIND: &str = include_str!("../queries/token_find.sql");
const ADD: &str = include_str!("../queries/token_add.sql");
const LIST: &str = include_str!("../queries/token_list.sql");
const REMOVE: &str = include_str!("../queries/token_remove.sql");

/// The access tokens of a PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PostgresTokens {
    database: PostgresDatabase,
}

impl PostgresTokens {
    /// The tokens of `database`, which must be migrated.
    pub fn new(database: &PostgresDatabase) -> Self {
        Self { database: database.clone() }
    }
}

#[async_trait]
impl TokenRepository for PostgresTokens {
    async fn find(&self, digest: TokenDigest) -> Result<Option<TokenOwner>, Error> {
        let client = self.database.lend("find an access token").await?;
        let find = async {
            let find = client.prepare_cached(FIND).await?;
            let Some(row) = client.query_opt(&find, &[&digest.0.as_slice()]).await? else { return Ok(None) };
            Ok(Some(owner(&row)?))
        };
        client.term().bound(find).await
    }

    async fn add(&self, owner: &TokenOwner, digest: TokenDigest) -> Result<(), Error> {
        const ATTEMPTED: &str = "add an access token";
        check_name(&owner.name).map_err(|broken| Error::invalid(ATTEMPTED, broken))?;
        let client = self.database.lend(ATTEMPTED).await?;
        let add = async {
            let add = client.prepare_cached(ADD).await?;
            client.execute(&add, &[&owner.name, &owner.role.as_str(), &digest.0.as_slice()]).await?;
            Ok(())
        };
        client.term().bound(add).await
    }

    async fn list(&self) -> Result<Vec<StoredToken>, Error> {
        let client = self.database.lend("list access tokens").await?;
        let list = async {
            let list = client.prepare_cached(LIST).await?;
            let rows = client.query(&list, &[]).await?;
            rows.iter().map(|row| Ok(StoredToken { owner: owner(row)?, created_at: rows::cell(row, 2)? })).collect()
        };
        client.term().bound(list).await
    }

    async fn remove(&self, name: &str) -> Result<(), Error> {
        const ATTEMPTED: &str = "remove an access token";
        // No token has such a name, and the server does not even take one with a NUL in it.
        if check_name(name).is_err() {
            return Err(Error::new(ErrorKind::NotFound, ATTEMPTED));
        }
        let client = self.database.lend(ATTEMPTED).await?;
        let remove = async {
            let remove = client.prepare_cached(REMOVE).await?;
            let removed = client.execute(&remove, &[&name]).await?;
            if removed == 0 { Err(ErrorKind::NotFound.into()) } else { Ok(()) }
        };
        client.term().bound(remove).await
    }
}

fn owner(row: &Row) -> Result<TokenOwner, Failure> {
    let role = rows::cell::<&str>(row, 1)?.parse::<Role>().map_err(Failure::row)?;
    Ok(TokenOwner { name: rows::cell(row, 0)?, role })
}

fn check_name(name: &str) -> Result<(), ValidationError> {
    let printable = name.chars().all(|character| !character.is_control()) && !name.trim().is_empty();
    if printable && name.chars().count() <= 64 {
        Ok(())
    } else {
        Err(ValidationError::new("name", "must have 1 to 64 printable characters"))
    }
}
