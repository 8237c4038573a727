//! Versions, times and preconditions.

use jiff::Timestamp;
use larder_domain::{ProductPatch, Version};

use super::{
    Subject,
    samples::{adjustment, full, plain},
    subject::{imported, product_id, refusal},
};
use crate::{ErrorKind, Freshness, Precondition, ProductChange};

fn renamed(name: &str) -> ProductPatch {
    ProductPatch { name: Some(name.into()), ..ProductPatch::default() }
}

// That each step's version is higher than the one before is checked by the steps themselves.
pub async fn every_kind_of_change_takes_a_higher_version(subject: Subject) {
    let made = subject.create(&plain("A")).await;
    let replaced = subject.replace(made.id, &full("A")).await;
    let patched = subject.patch(made.id, renamed("Patched")).await;
    let adjusted = subject.adjust(made.id, &adjustment(1, 0)).await;
    let removal = subject.delete(made.id, Precondition::None).await;
    let versions = [made.version, replaced.version, patched.version, adjusted.version, removal.version];
    assert!(versions.is_sorted_by(|left, right| left < right), "{versions:?}");
}

pub async fn versions_rise_over_removal_and_return_of_an_id(subject: Subject) {
    let mut last = Version(0);
    for round in 0..3 {
        let product = imported(7, 1_000, plain(&format!("A-{round}")));
        assert_eq!(subject.import.import(&[product]).await.expect("import succeeds"), 1);
        let returned = subject.get(product_id(7), Freshness::Latest).await.expect("was imported");
        assert!(returned.version > last, "{} after {last}", returned.version);
        let removal = subject.products.delete(product_id(7), Precondition::None).await.expect("delete succeeds");
        assert!(removal.version > returned.version);
        last = removal.version;
    }
}

pub async fn a_removed_id_is_not_given_again(subject: Subject) {
    let first = subject.create(&plain("A")).await;
    let second = subject.create(&plain("B")).await;
    subject.delete(second.id, Precondition::None).await;
    let third = subject.create(&plain("C")).await;
    assert!(third.id > second.id && second.id > first.id);
}

pub async fn a_change_moves_updated_at_and_keeps_created_at(subject: Subject) {
    let long_ago = Timestamp::from_second(1_000_000_000).expect("a valid time");
    subject.import.import(&[imported(1, 1_000_000_000, plain("A"))]).await.expect("import succeeds");
    assert_eq!(subject.product(product_id(1)).await.created_at, long_ago);
    let patched = subject.patch(product_id(1), renamed("Patched")).await;
    assert_eq!(patched.created_at, long_ago);
    assert!(patched.updated_at > long_ago);
    let adjusted = subject.adjust(product_id(1), &adjustment(1, 0)).await;
    assert_eq!(adjusted.created_at, long_ago);
}

pub async fn times_are_those_of_the_clock_in_microseconds(subject: Subject) {
    // The database may keep its own clock: a minute is no difference.
    let before = Timestamp::now().as_second() - 60;
    let made = subject.create(&plain("A")).await;
    let after = Timestamp::now().as_second() + 60;
    assert!((before..=after).contains(&made.created_at.as_second()), "{}", made.created_at);
    assert_eq!(made.created_at.subsec_nanosecond() % 1_000, 0);

    let exact = Timestamp::from_microsecond(1_234_567_890_123_457).expect("a valid time");
    let product = crate::ImportedProduct { created_at: exact, ..imported(50, 0, plain("B")) };
    subject.import.import(&[product]).await.expect("import succeeds");
    assert_eq!(subject.product(product_id(50)).await.created_at, exact);
}

pub async fn the_right_version_lets_a_write_through(subject: Subject) {
    let made = subject.create(&plain("A")).await;
    let patch = ProductChange::Patch(renamed("Patched"));
    let patched = subject.update(made.id, patch, Precondition::Version(made.version)).await;
    let replace = ProductChange::Replace(full("A"));
    let replaced = subject.update(made.id, replace, Precondition::Version(patched.version)).await;
    subject.delete(made.id, Precondition::Version(replaced.version)).await;
}

pub async fn a_wrong_version_stops_a_write(subject: Subject) {
    let old = subject.create(&plain("A")).await;
    let current = subject.patch(old.id, renamed("Patched")).await;
    for wrong in [old.version, Version(current.version.0 + 1), Version(0), Version(-1), Version(i64::MAX)] {
        let precondition = Precondition::Version(wrong);
        for change in [ProductChange::Patch(renamed("Lost")), ProductChange::Replace(full("A"))] {
            let update = subject.products.update(old.id, &change, precondition).await;
            assert_eq!(refusal(update), ErrorKind::PreconditionFailed);
        }
        let delete = subject.products.delete(old.id, precondition).await;
        assert_eq!(refusal(delete), ErrorKind::PreconditionFailed);
        assert_eq!(subject.product(old.id).await, current);
    }
}

pub async fn what_is_absent_is_not_found_whatever_the_precondition(subject: Subject) {
    let removed = subject.create(&plain("A")).await;
    subject.delete(removed.id, Precondition::None).await;
    for id in [removed.id, product_id(i64::MAX)] {
        for precondition in [Precondition::None, Precondition::Version(removed.version)] {
            for change in [ProductChange::Patch(renamed("Lost")), ProductChange::Replace(plain("B"))] {
                let update = subject.products.update(id, &change, precondition).await;
                assert_eq!(refusal(update), ErrorKind::NotFound);
            }
            assert_eq!(refusal(subject.products.delete(id, precondition).await), ErrorKind::NotFound);
        }
        assert_eq!(refusal(subject.products.adjust(id, &adjustment(1, 1)).await), ErrorKind::NotFound);
        assert_eq!(subject.look(id).await, None);
    }
}
