//! Writes that are refused, and that nothing of them is left.

use larder_domain::{Adjustment, Product, ProductDraft, ProductPatch};

use super::{
    Subject,
    samples::{adjustment, all, full, plain, with},
    subject::{imported, refusal, refused_field},
};
use crate::{ErrorKind, Precondition, ProductChange};

const TOO_MANY: i64 = 1_000_000_000_001;

pub async fn a_taken_sku_stops_a_creation(subject: Subject) {
    let first = subject.create(&plain("A")).await;
    assert_eq!(refusal(subject.products.create(&full("A")).await), ErrorKind::SkuTaken);
    assert_untouched(&subject, &[first]).await;
}

pub async fn a_taken_sku_stops_an_update(subject: Subject) {
    let first = subject.create(&plain("A")).await;
    let second = subject.create(&full("B")).await;
    let patch = ProductPatch { sku: Some("A".into()), name: Some("Lost".into()), ..ProductPatch::default() };
    for change in [ProductChange::Patch(patch), ProductChange::Replace(full("A"))] {
        for precondition in [Precondition::None, Precondition::Version(second.version)] {
            let update = subject.products.update(second.id, &change, precondition).await;
            assert_eq!(refusal(update), ErrorKind::SkuTaken);
        }
    }
    assert_untouched(&subject, &[second, first]).await;
}

pub async fn an_invalid_draft_is_not_created(subject: Subject) {
    for (field, draft) in invalid_drafts() {
        assert_eq!(refused_field(subject.products.create(&draft).await), field, "{draft:?}");
    }
    assert_untouched(&subject, &[]).await;
}

pub async fn an_invalid_draft_replaces_nothing(subject: Subject) {
    let made = subject.create(&full("A")).await;
    for (field, draft) in invalid_drafts() {
        let change = ProductChange::Replace(draft);
        let update = subject.products.update(made.id, &change, Precondition::None).await;
        assert_eq!(refused_field(update), field, "{change:?}");
    }
    assert_untouched(&subject, &[made]).await;
}

pub async fn an_invalid_draft_is_not_imported(subject: Subject) {
    let first = subject.create(&full("A")).await;
    for (field, draft) in invalid_drafts() {
        let batch = [imported(100, 0, plain("fine")), imported(101, 0, draft)];
        assert_eq!(refused_field(subject.import.import(&batch).await), field, "{:?}", batch[1]);
    }
    assert_untouched(&subject, &[first]).await;
}

pub async fn an_invalid_patch_changes_nothing(subject: Subject) {
    let made = subject.create(&full("A")).await;
    for (field, patch) in invalid_patches() {
        let change = ProductChange::Patch(ProductPatch { is_featured: Some(false), ..patch });
        let update = subject.products.update(made.id, &change, Precondition::None).await;
        assert_eq!(refused_field(update), field, "{change:?}");
    }
    let nothing = ProductChange::Patch(ProductPatch::default());
    let update = subject.products.update(made.id, &nothing, Precondition::None).await;
    assert_eq!(refused_field(update), "body");
    assert_untouched(&subject, &[made]).await;
}

pub async fn a_counter_cannot_leave_its_range(subject: Subject) {
    let made = subject.create(&full("A")).await;
    let cases = [
        ("stock", adjustment(-18, 0)),
        ("stock", adjustment(-18, 5)),
        ("stock", adjustment(-1_000_000_000, 1)),
        ("sales", adjustment(0, -42)),
        ("sales", adjustment(3, -42)),
    ];
    for (field, below_zero) in cases {
        let adjust = subject.products.adjust(made.id, &below_zero).await;
        assert_eq!(refused_field(adjust), field, "{below_zero:?}");
    }
    assert_untouched(&subject, &[made]).await;
}

pub async fn an_adjustment_cannot_pass_the_largest_count(subject: Subject) {
    let made = subject.create(&with(full("A"), |draft| draft.stock = TOO_MANY - 1)).await;
    assert_eq!(refused_field(subject.products.adjust(made.id, &adjustment(1, 0)).await), "stock");
    assert_untouched(&subject, &[made]).await;
}

pub async fn an_adjustment_that_breaks_a_rule_changes_nothing(subject: Subject) {
    let made = subject.create(&full("A")).await;
    let because = |reason: &str| Adjustment { reason: reason.into(), ..adjustment(1, 1) };
    let cases = [
        ("reason", because("")),
        ("reason", because("  ")),
        ("reason", because(&"x".repeat(201))),
        ("reason", because("two\nlines")),
        ("reason", because("nul\0")),
        ("stock", adjustment(0, 0)),
        ("stock", adjustment(1_000_000_001, 0)),
        ("stock", adjustment(i64::MIN, 0)),
        ("sales", adjustment(0, -1_000_000_001)),
        ("sales", adjustment(0, i64::MAX)),
    ];
    for (field, broken) in cases {
        assert_eq!(refused_field(subject.products.adjust(made.id, &broken).await), field, "{broken:?}");
    }
    assert_untouched(&subject, std::slice::from_ref(&made)).await;

    let longest = because(&"茶".repeat(200));
    assert_eq!(subject.adjust(made.id, &longest).await.stock, made.stock + 1);
}

/// The catalogue holds exactly these products, newest first, as they were.
async fn assert_untouched(subject: &Subject, products: &[Product]) {
    let ids: Vec<_> = products.iter().map(|product| product.id).collect();
    assert_eq!(subject.list(&all()).await, ids);
    assert_eq!(subject.stats().await.total, products.len() as u64);
    for product in products {
        assert_eq!(&subject.product(product.id).await, product);
    }
}

/// Drafts that break one rule each, with the field that the refusal names.
fn invalid_drafts() -> Vec<(&'static str, ProductDraft)> {
    let mut drafts = Vec::new();
    for (field, set, max_chars, must_be_there) in texts() {
        let mut invalid =
            vec!["x".repeat(max_chars + 1), "茶".repeat(max_chars + 1), "nul\0".into(), "bell\u{7}".into()];
        if must_be_there {
            invalid.extend([String::new(), " ".into(), "two\nlines".into()]);
        }
        for text in invalid {
            let mut draft = full("invalid");
            set(&mut draft, text);
            drafts.push((field, draft));
        }
    }
    for address in ["javascript:alert(1)", "ftp://host/a.jpg", "images/a.jpg"] {
        drafts.push(("main_image_url", with(full("invalid"), |draft| draft.main_image_url = Some(address.into()))));
    }
    for count in [-1, i64::MIN, TOO_MANY, i64::MAX] {
        drafts.push(("stock", with(full("invalid"), |draft| draft.stock = count)));
        drafts.push(("sales", with(full("invalid"), |draft| draft.sales = Some(count))));
        drafts.push(("popularity", with(full("invalid"), |draft| draft.popularity = Some(count))));
        drafts.push(("review_count", with(full("invalid"), |draft| draft.review_count = Some(count))));
    }
    drafts
}

/// The same as patches, each of which sets one field.
fn invalid_patches() -> Vec<(&'static str, ProductPatch)> {
    let to_patch = |(field, draft): (&'static str, ProductDraft)| {
        let mut patch = ProductPatch::default();
        match field {
            "name" => patch.name = Some(draft.name),
            "description" => patch.description = Some(draft.description),
            "sku" => patch.sku = Some(draft.sku),
            "subcategory" => patch.subcategory = Some(draft.subcategory),
            "brand" => patch.brand = Some(draft.brand),
            "main_image_url" => patch.main_image_url = Some(draft.main_image_url),
            "stock" => patch.stock = Some(draft.stock),
            "sales" => patch.sales = draft.sales,
            "popularity" => patch.popularity = draft.popularity,
            _ => patch.review_count = draft.review_count,
        }
        (field, patch)
    };
    invalid_drafts().into_iter().map(to_patch).collect()
}

/// A text of a draft: its field, how to set it, the most characters, and whether it is a line that must be there.
type TextField = (&'static str, fn(&mut ProductDraft, String), usize, bool);

fn texts() -> [TextField; 6] {
    [
        ("name", |draft, text| draft.name = text, 200, true),
        ("description", |draft, text| draft.description = text, 10_000, false),
        ("sku", |draft, text| draft.sku = text, 64, true),
        ("subcategory", |draft, text| draft.subcategory = Some(text), 64, true),
        ("brand", |draft, text| draft.brand = Some(text), 100, true),
        ("main_image_url", |draft, text| draft.main_image_url = Some(text), 2_048, true),
    ]
}
