//! `larder token`: makes, lists and revokes access tokens.

use larder_domain::Role;
use larder_repository::{StoredToken, TokenOwner};

use crate::{access, admin_token, config::Config};

/// Makes a token for `role` and prints it; only its digest is kept.
pub(super) async fn make(config: &Config, name: String, role: Role) -> anyhow::Result<()> {
    let (storage, _) = super::open(config).await?;
    let token = admin_token::random_token()?;
    let added = storage.tokens.add(&TokenOwner { name, role }, access::digest(token.expose())).await;
    storage.database.close().await;
    added?;
    super::say(token.expose())
}

/// Prints what is known of each token.
pub(super) async fn list(config: &Config) -> anyhow::Result<()> {
    let (storage, _) = super::open(config).await?;
    let listed = storage.tokens.list().await;
    storage.database.close().await;
    for StoredToken { owner: TokenOwner { name, role }, created_at } in listed? {
        super::say(format_args!("{name}\t{role}\t{created_at}"))?;
    }
    Ok(())
}

/// Revokes the token of this name.
pub(super) async fn revoke(config: &Config, name: &str) -> anyhow::Result<()> {
    let (storage, _) = super::open(config).await?;
    let removed = storage.tokens.remove(name).await;
    storage.database.close().await;
    removed?;
    super::say(format_args!("revoked {name}"))
}
