//! Sorted and searched lists follow each change at once: what the change moved has moved, in the very next answer.

use larder_domain::{
    PageRequest, PriceRange, ProductFilter, ProductId, ProductPatch, ProductQuery, Sort, SortKey, Visibility,
};

use super::{
    Subject,
    questions::{NEWEST, first, largest, priced, search, smallest, sorts},
    samples::{adjustment, all, all_in, category, plain, price, rating, with},
    subject::imported,
};
use crate::{Freshness, Precondition};

/// Two products of these names.
async fn two(subject: &Subject, names: [&str; 2]) -> [ProductId; 2] {
    let [one, other] = names.map(|name| with(plain(name), |draft| draft.name = name.into()));
    [subject.create(&one).await.id, subject.create(&other).await.id]
}

/// Asks for many lists, so that whatever keeps answers has something to keep.
async fn look_around(subject: &Subject, texts: &[&str]) {
    for sort in sorts() {
        for filter in [all(), all_in("tea"), ProductFilter::published(), priced(Some(1_000), Some(2_000))] {
            subject.stretch(&filter, sort, first(100)).await;
        }
    }
    for text in texts {
        subject.found(text).await;
        subject.sorted(&search(text), Sort::HOT).await;
    }
}

pub async fn a_changed_price_moves_a_product_in_lists_and_ranges(subject: Subject) {
    let [one, other] = two(&subject, ["One", "Other"]).await;
    look_around(&subject, &["one"]).await;
    let cheap = ProductFilter { prices: PriceRange::new(None, Some(price(1_249))).expect("valid"), ..search("one") };
    assert_eq!(subject.sorted(&cheap, NEWEST).await, []);
    subject.patch(one, ProductPatch { price: Some(price(9_900)), ..ProductPatch::default() }).await;
    assert_eq!(subject.sorted(&all(), largest(SortKey::Price)).await, [one, other]);
    assert_eq!(subject.sorted(&all_in("tea"), smallest(SortKey::Price)).await, [other, one]);
    assert_eq!(subject.sorted(&priced(Some(1_000), Some(2_000)), NEWEST).await, [other]);
    subject.patch(one, ProductPatch { price: Some(price(1_000)), ..ProductPatch::default() }).await;
    assert_eq!(subject.sorted(&all(), largest(SortKey::Price)).await, [other, one]);
    assert_eq!(subject.sorted(&priced(Some(1_000), Some(2_000)), NEWEST).await, [other, one]);
    assert_eq!(subject.sorted(&priced(Some(1_000), Some(2_000)), Sort::HOT).await, [other, one]);
    assert_eq!(subject.sorted(&cheap, NEWEST).await, [one]);
}

pub async fn a_price_at_the_end_of_a_range_enters_and_leaves_it(subject: Subject) {
    let [one, other] = two(&subject, ["One", "Other"]).await;
    for (hundredths, is_in) in [(2_000, true), (2_001, false), (1_000, true), (999, false)] {
        look_around(&subject, &[]).await;
        subject.patch(one, ProductPatch { price: Some(price(hundredths)), ..ProductPatch::default() }).await;
        let expected: &[_] = if is_in { &[other, one] } else { &[other] };
        assert_eq!(subject.sorted(&priced(Some(1_000), Some(2_000)), NEWEST).await, expected, "{hundredths}");
    }
}

pub async fn adjusted_sales_show_in_the_hot_lists(subject: Subject) {
    let [one, other] = two(&subject, ["One", "Other"]).await;
    look_around(&subject, &["o"]).await;
    for (id, order) in [(one, [one, other]), (other, [other, one])] {
        subject.adjust(id, &adjustment(0, if id == one { 1 } else { 2 })).await;
        for filter in [all(), all_in("tea"), ProductFilter::published(), search("o")] {
            assert_eq!(subject.sorted(&filter, Sort::HOT).await, order, "{filter:?}");
        }
    }
    subject.adjust(one, &adjustment(5, 0)).await;
    assert_eq!(subject.sorted(&all(), Sort::HOT).await, [other, one], "stock alone moves nothing");
}

pub async fn changed_figures_show_in_the_lists_that_are_sorted_by_them(subject: Subject) {
    let [one, other] = two(&subject, ["One", "Other"]).await;
    let none = ProductPatch::default;
    for (key, patch) in [
        (SortKey::Popularity, ProductPatch { popularity: Some(5), ..none() }),
        (SortKey::Rating, ProductPatch { rating: Some(rating(450)), ..none() }),
        (SortKey::Sales, ProductPatch { popularity: Some(7), ..none() }),
        (SortKey::Sales, ProductPatch { sales: Some(3), popularity: Some(0), ..none() }),
        (SortKey::Popularity, ProductPatch { popularity: Some(8), ..none() }),
    ] {
        let reset = ProductPatch { popularity: Some(0), rating: Some(rating(0)), sales: Some(0), ..none() };
        subject.patch(one, reset).await;
        look_around(&subject, &["o"]).await;
        assert_eq!(subject.sorted(&all(), largest(key)).await, [other, one], "{key}");
        subject.patch(one, patch.clone()).await;
        for filter in [all(), all_in("tea"), ProductFilter::published(), search("o")] {
            assert_eq!(subject.sorted(&filter, largest(key)).await, [one, other], "{patch:?}");
            assert_eq!(subject.sorted(&filter, smallest(key)).await, [other, one], "{patch:?}");
        }
    }
}

pub async fn a_renamed_product_is_found_by_its_new_name_only(subject: Subject) {
    let [id, other] = two(&subject, ["红茶 Red", "other"]).await;
    let names = ["绿茶 Green", "x", "红茶 Red", "GREEN 绿", "茶绿"];
    let texts = ["红茶", "红", "red", "绿茶", "绿", "green", "x", "茶", "茶绿", "gr"];
    for name in names {
        look_around(&subject, &texts).await;
        subject.patch(id, ProductPatch { name: Some(name.into()), ..ProductPatch::default() }).await;
        for text in texts {
            let expected: &[_] = if name.to_lowercase().contains(text) { &[id] } else { &[] };
            assert_eq!(subject.found(text).await, expected, "{text} in {name}");
        }
        assert_eq!(subject.found("other").await, [other]);
    }
}

pub async fn a_changed_description_is_found_by_its_new_words_only(subject: Subject) {
    let [id, _] = two(&subject, ["one", "other"]).await;
    let texts = ["香", "清香", "infusion", "in", "二泡"];
    for description in ["清香", "Second infusion 二泡", "", "In 香"] {
        look_around(&subject, &texts).await;
        subject.patch(id, ProductPatch { description: Some(description.into()), ..ProductPatch::default() }).await;
        for text in texts {
            let expected: &[_] = if description.to_lowercase().contains(text) { &[id] } else { &[] };
            assert_eq!(subject.found(text).await, expected, "{text} in {description}");
        }
    }
}

pub async fn a_replaced_product_is_found_by_what_it_is_now(subject: Subject) {
    let [id, other] = two(&subject, ["Kettle", "Pot"]).await;
    look_around(&subject, &["kettle", "pot", "ke"]).await;
    let draft = with(plain("New"), |draft| draft.name = "Pot 2".into());
    subject.replace(id, &draft).await;
    assert_eq!(subject.found("kettle").await, []);
    assert_eq!(subject.found("ke").await, []);
    assert_eq!(subject.found("pot").await, [other, id]);
}

pub async fn a_created_product_is_found_and_a_removed_one_is_not(subject: Subject) {
    let texts = ["龙", "龙井", "dragon", "dr"];
    for round in 0..2 {
        look_around(&subject, &texts).await;
        let draft = with(plain("A"), |draft| draft.name = "Dragon 龙井".into());
        let made = subject.create(&draft).await.id;
        for text in texts {
            assert_eq!(subject.found(text).await, [made], "{text} {round}");
        }
        for sort in sorts() {
            assert_eq!(subject.sorted(&all(), sort).await, [made], "{sort:?}");
        }
        subject.delete(made, Precondition::None).await;
        for text in texts {
            assert_eq!(subject.found(text).await, [], "{text} {round}");
        }
        for sort in sorts() {
            assert_eq!(subject.sorted(&priced(Some(1_000), None), sort).await, [], "{sort:?}");
        }
    }
}

pub async fn an_imported_product_is_found(subject: Subject) {
    let named = |id: i64| with(plain(&format!("S-{id}")), |draft| draft.name = format!("茶 {id:04}"));
    let products: Vec<_> = (1..=1_200).map(|id| imported(id, id, named(id))).collect();
    subject.import_all(&products).await;
    for (text, total) in [("茶", 1_200), ("0007", 1), ("茶 1200", 1), ("00", 120), ("119", 12)] {
        let query = ProductQuery::newest(search(text), PageRequest::new(1, 5).expect("a valid page"));
        assert_eq!(subject.ask(&query, Freshness::Latest).await.total, Some(total), "{text}");
    }
    let made = subject.create(&with(plain("made"), |draft| draft.name = "made 龙井".into())).await;
    assert_eq!(subject.found("龙井").await, [made.id]);
}

pub async fn a_search_follows_category_and_visibility(subject: Subject) {
    let [id, other] = two(&subject, ["Pot A", "Pot B"]).await;
    let in_cups = ProductFilter { category: Some(category("cups")), ..search("pot") };
    let public = ProductFilter { visibility: Visibility::Published, ..search("pot") };
    assert_eq!(subject.sorted(&in_cups, Sort::HOT).await, []);
    assert_eq!(subject.sorted(&public, Sort::HOT).await, [other, id]);
    subject.patch(id, ProductPatch { category: Some(category("cups")), ..ProductPatch::default() }).await;
    assert_eq!(subject.sorted(&in_cups, Sort::HOT).await, [id]);
    subject.patch(id, ProductPatch { is_published: Some(false), ..ProductPatch::default() }).await;
    assert_eq!(subject.sorted(&public, Sort::HOT).await, [other]);
    assert_eq!(subject.found("pot").await, [other, id]);
}
