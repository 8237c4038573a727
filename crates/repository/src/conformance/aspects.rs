//! Which aspects a change announces: exactly those that it touched, in the answer of the write and in the outbox.

use larder_domain::ProductPatch;

use super::{
    outbox::{OutboxSubject, announcement, changes},
    samples::{adjustment, category, full, plain, plain_drafts, price, rating, with},
    subject::imported,
};
use crate::{Aspects, Changed, OutboxTail, Precondition, ProductChange, Written};

/// Checks that the next change is announced as it was answered.
async fn told(tail: &mut Box<dyn OutboxTail>, written: &Written) {
    let told: Vec<_> = changes(tail).await.into_iter().map(|change| change.what).collect();
    assert_eq!(told, [announcement(written)]);
}

pub async fn each_patch_announces_exactly_its_aspects(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    let made = subject.products.create(&full("A")).await.expect("create succeeds");
    assert_eq!(made.changed, Aspects::NONE, "a product that came says so by where it is listed");
    told(&mut tail, &made).await;
    for (patch, aspects) in patches() {
        for expected in [aspects, Aspects::NONE] {
            let change = ProductChange::Patch(patch.clone());
            let written = subject.products.update(made.id, &change, Precondition::None).await.expect("update succeeds");
            assert_eq!(written.changed, expected, "{patch:?}");
            told(&mut tail, &written).await;
        }
    }
    let removed = subject.products.delete(made.id, Precondition::None).await.expect("delete succeeds");
    assert_eq!(removed.changed, Aspects::NONE);
    told(&mut tail, &removed).await;
}

pub async fn a_replacement_announces_what_differs(subject: OutboxSubject) {
    let id = subject.create("A").await.id;
    let mut tail = subject.tail().await;
    let named = with(plain("A"), |draft| draft.name = "Named".into());
    for (draft, aspects) in [
        (plain("A"), Aspects::NONE),
        (named.clone(), Aspects::TEXT),
        (with(named.clone(), |draft| draft.popularity = Some(0)), Aspects::NONE),
        (with(named, |draft| draft.price = price(1)), Aspects::PRICE),
        (full("A"), Aspects::ALL),
        (full("A"), Aspects::NONE),
        (plain("A"), Aspects::TEXT | Aspects::PRICE | Aspects::STOCK),
    ] {
        let change = ProductChange::Replace(draft.clone());
        let written = subject.products.update(id, &change, Precondition::None).await.expect("update succeeds");
        assert_eq!(written.changed, aspects, "{draft:?}");
        told(&mut tail, &written).await;
    }
}

pub async fn an_adjustment_announces_the_counters_that_it_moved(subject: OutboxSubject) {
    let id = subject.create("A").await.id;
    let mut tail = subject.tail().await;
    for (stock, sales, aspects) in
        [(5, 0, Aspects::STOCK), (0, 5, Aspects::SALES), (-1, 1, Aspects::STOCK | Aspects::SALES)]
    {
        let written = subject.products.adjust(id, &adjustment(stock, sales)).await.expect("adjust succeeds");
        assert_eq!(written.changed, aspects);
        told(&mut tail, &written).await;
    }
}

pub async fn an_imported_product_announces_no_aspects(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    let products: Vec<_> = (1..).zip(plain_drafts(3)).map(|(id, draft)| imported(id, id, draft)).collect();
    subject.import.import(&products).await.expect("import succeeds");
    let told = changes(&mut tail).await;
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|change| {
        matches!(&change.what, Changed::Product { before: None, after: Some(_), changed: Aspects::NONE, .. })
    }));
}

/// Patches that each change something of a full product, with the aspects that they touch.
fn patches() -> [(ProductPatch, Aspects); 18] {
    let none = ProductPatch::default;
    [
        (ProductPatch { name: Some("Name".into()), ..none() }, Aspects::TEXT),
        (ProductPatch { description: Some("Text".into()), ..none() }, Aspects::TEXT),
        (ProductPatch { name: Some("A".into()), description: Some("B".into()), ..none() }, Aspects::TEXT),
        (ProductPatch { price: Some(price(7)), ..none() }, Aspects::PRICE),
        (ProductPatch { stock: Some(3), ..none() }, Aspects::STOCK),
        (ProductPatch { sales: Some(4), ..none() }, Aspects::SALES),
        (ProductPatch { rating: Some(rating(1)), ..none() }, Aspects::RATING),
        (ProductPatch { popularity: Some(5), ..none() }, Aspects::POPULARITY),
        (ProductPatch { popularity: Some(6), price: Some(price(8)), ..none() }, Aspects::POPULARITY | Aspects::PRICE),
        (ProductPatch { original_price: Some(Some(price(8))), ..none() }, Aspects::NONE),
        (ProductPatch { sku: Some("Z".into()), ..none() }, Aspects::NONE),
        (ProductPatch { category: Some(category("cups")), ..none() }, Aspects::NONE),
        (ProductPatch { subcategory: Some(None), ..none() }, Aspects::NONE),
        (ProductPatch { brand: Some(None), ..none() }, Aspects::NONE),
        (ProductPatch { review_count: Some(6), ..none() }, Aspects::NONE),
        (ProductPatch { is_published: Some(false), ..none() }, Aspects::NONE),
        (ProductPatch { is_featured: Some(false), ..none() }, Aspects::NONE),
        (ProductPatch { main_image_url: Some(Some("/a".into())), ..none() }, Aspects::NONE),
    ]
}
