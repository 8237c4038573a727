//! Access tokens.

use jiff::{SignedDuration, Timestamp};
use larder_domain::Role;

use super::{
    Subject,
    subject::{refusal, refused_field},
};
use crate::{ErrorKind, TokenDigest, TokenOwner};

fn owner(name: &str, role: Role) -> TokenOwner {
    TokenOwner { name: name.into(), role }
}

async fn find(subject: &Subject, digest: TokenDigest) -> Option<TokenOwner> {
    subject.tokens.find(digest).await.expect("find answers")
}

pub async fn an_unknown_token_stands_for_nobody(subject: Subject) {
    assert_eq!(find(&subject, TokenDigest([7; 32])).await, None);
    let add = subject.tokens.add(&owner("ci", Role::Reader), TokenDigest([1; 32])).await;
    add.expect("add succeeds");
    let mut close = [1; 32];
    close[31] = 2;
    assert_eq!(find(&subject, TokenDigest(close)).await, None);
}

pub async fn an_added_token_is_found_with_its_role(subject: Subject) {
    for (number, role) in (1..).zip(Role::ALL) {
        let digest = TokenDigest([number; 32]);
        assert_eq!(find(&subject, digest).await, None);
        subject.tokens.add(&owner(role.as_str(), role), digest).await.expect("add succeeds");
        assert_eq!(find(&subject, digest).await, Some(owner(role.as_str(), role)));
    }
    assert_eq!(find(&subject, TokenDigest([1; 32])).await, Some(owner("reader", Role::Reader)));
}

pub async fn a_token_name_is_taken_once(subject: Subject) {
    subject.tokens.add(&owner("ci", Role::Reader), TokenDigest([1; 32])).await.expect("add succeeds");
    let again = subject.tokens.add(&owner("ci", Role::Admin), TokenDigest([2; 32])).await;
    assert_eq!(refusal(again), ErrorKind::NameTaken);
    assert_eq!(find(&subject, TokenDigest([2; 32])).await, None);
    assert_eq!(find(&subject, TokenDigest([1; 32])).await, Some(owner("ci", Role::Reader)));
    subject.tokens.add(&owner("CI", Role::Admin), TokenDigest([3; 32])).await.expect("names are compared exactly");
}

pub async fn a_removed_token_is_forgotten_and_its_name_free(subject: Subject) {
    subject.tokens.add(&owner("ci", Role::Reader), TokenDigest([1; 32])).await.expect("add succeeds");
    subject.tokens.add(&owner("other", Role::Writer), TokenDigest([2; 32])).await.expect("add succeeds");
    subject.tokens.remove("ci").await.expect("remove succeeds");
    assert_eq!(find(&subject, TokenDigest([1; 32])).await, None);
    assert_eq!(refusal(subject.tokens.remove("ci").await), ErrorKind::NotFound);
    assert_eq!(find(&subject, TokenDigest([2; 32])).await, Some(owner("other", Role::Writer)));
    subject.tokens.add(&owner("ci", Role::Admin), TokenDigest([1; 32])).await.expect("the name is free");
    assert_eq!(find(&subject, TokenDigest([1; 32])).await, Some(owner("ci", Role::Admin)));
}

pub async fn tokens_are_listed_by_name(subject: Subject) {
    assert_eq!(subject.tokens.list().await.expect("list answers"), []);
    let before = Timestamp::now();
    for (number, name) in (1..).zip(["ci", "Till", "b", "\u{7eff}\u{8336}"]) {
        subject.tokens.add(&owner(name, Role::Writer), TokenDigest([number; 32])).await.expect("add succeeds");
    }
    let listed = subject.tokens.list().await.expect("list answers");
    let owners: Vec<_> = listed.iter().map(|token| token.owner.clone()).collect();
    assert_eq!(owners, ["Till", "b", "ci", "\u{7eff}\u{8336}"].map(|name| owner(name, Role::Writer)));
    let around = before - SignedDuration::from_secs(60)..before + SignedDuration::from_secs(60);
    assert!(listed.iter().all(|token| around.contains(&token.created_at)), "{listed:?}");
}

pub async fn a_token_that_never_was_cannot_be_removed(subject: Subject) {
    for name in ["nobody", "", "nul\0"] {
        assert_eq!(refusal(subject.tokens.remove(name).await), ErrorKind::NotFound, "{name:?}");
    }
}

pub async fn token_names_have_1_to_64_printable_characters(subject: Subject) {
    let too_long = "x".repeat(65);
    for name in ["", too_long.as_str(), "two\nlines", "nul\0", "bell\u{7}"] {
        let add = subject.tokens.add(&owner(name, Role::Reader), TokenDigest([1; 32])).await;
        assert_eq!(refused_field(add), "name", "{name:?}");
    }
    assert_eq!(find(&subject, TokenDigest([1; 32])).await, None);
    let longest = "令".repeat(64);
    subject.tokens.add(&owner(&longest, Role::Reader), TokenDigest([1; 32])).await.expect("add succeeds");
    assert_eq!(find(&subject, TokenDigest([1; 32])).await, Some(owner(&longest, Role::Reader)));
}
