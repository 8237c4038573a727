//! Access tokens: what the suite cannot see through the trait.

use larder_domain::Role;
use larder_repository::{ErrorKind, TokenDigest, TokenOwner, TokenRepository};

use crate::databases::{Migrated, refusal};

#[tokio::test]
async fn only_the_digest_is_stored() {
    let shop = Migrated::new().await;
    let owner = TokenOwner { name: "till 1".into(), role: Role::Writer };
    shop.tokens.add(&owner, TokenDigest([7; 32])).await.expect("added");
    let row =
        shop.outsider().await.query_one("SELECT name, role, digest FROM access_tokens", &[]).await.expect("a row");
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("till 1", "writer"));
    assert_eq!(row.get::<_, &[u8]>(2), [7; 32]);
}

#[tokio::test]
async fn an_unknown_role_is_corrupt() {
    let shop = Migrated::new().await;
    let break_it = "ALTER TABLE access_tokens DROP CONSTRAINT access_tokens_role_check;
        INSERT INTO access_tokens (name, role, digest) VALUES ('x', 'king', decode(repeat('07', 32), 'hex'))";
    shop.outsider().await.batch_execute(break_it).await.expect("broken");
    assert_eq!(refusal(shop.tokens.find(TokenDigest([7; 32])).await), ErrorKind::Corrupt);
}

#[tokio::test]
async fn a_name_with_a_nul_is_refused_before_the_server_sees_it() {
    let shop = Migrated::new().await;
    let owner = TokenOwner { name: "a\0b".into(), role: Role::Reader };
    assert!(matches!(refusal(shop.tokens.add(&owner, TokenDigest([1; 32])).await), ErrorKind::Invalid(_)));
    assert_eq!(refusal(shop.tokens.remove("a\0b").await), ErrorKind::NotFound);
}
