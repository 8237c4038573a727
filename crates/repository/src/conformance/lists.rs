//! Lists: filters, order, pages, totals, and that each write shows in them.

use larder_domain::{Category, PageParts, PageRequest, ProductFilter, ProductId, ProductPatch, Visibility};

use super::{
    Subject,
    samples::{all, all_in, category, plain, plain_drafts, with},
    subject::{imported, product_id},
};
use crate::{Freshness, Precondition};

pub async fn an_empty_list_has_a_total_of_zero(subject: Subject) {
    assert_eq!(subject.list(&all()).await, []);
    assert_eq!(subject.list(&ProductFilter::published()).await, []);
    assert_eq!(subject.list(&all_in("nothing")).await, []);
}

pub async fn lists_are_newest_first_whatever_the_ids(subject: Subject) {
    let times = [(1, 300), (2, 100), (3, 200)];
    let products = times.map(|(id, second)| imported(id, second, plain(&format!("S-{id}"))));
    subject.import.import(&products).await.expect("import succeeds");
    assert_eq!(subject.list(&all()).await, [1, 3, 2].map(product_id));
}

pub async fn products_of_one_moment_are_listed_by_descending_id(subject: Subject) {
    let products = [4, 2, 9, 7].map(|id| imported(id, 500, plain(&format!("S-{id}"))));
    subject.import.import(&products).await.expect("import succeeds");
    assert_eq!(subject.list(&all()).await, [9, 7, 4, 2].map(product_id));
    let second_page = PageRequest::new(2, 2).expect("a valid page");
    assert_eq!(subject.page(&all(), second_page).await, ([4, 2].map(product_id).to_vec(), 4));
}

pub async fn pages_cover_the_list_without_gap_or_overlap(subject: Subject) {
    subject.import(plain_drafts(23)).await;
    let mut seen = Vec::new();
    for number in 1..=3 {
        let (ids, total) = subject.page(&all(), PageRequest::new(number, 10).expect("a valid page")).await;
        assert_eq!(total, 23);
        seen.extend(ids);
    }
    let newest_first: Vec<_> = (1..=23).rev().map(product_id).collect();
    assert_eq!(seen, newest_first);
}

pub async fn a_page_may_have_a_thousand_products(subject: Subject) {
    subject.import(plain_drafts(1_001)).await;
    let (ids, total) = subject.page(&all(), PageRequest::new(1, 1_000).expect("a valid page")).await;
    assert_eq!((ids.len(), ids[0], ids[999], total), (1_000, product_id(1_001), product_id(2), 1_001));
    let (ids, _) = subject.page(&all(), PageRequest::new(2, 1_000).expect("a valid page")).await;
    assert_eq!(ids, [product_id(1)]);
}

pub async fn a_page_after_the_last_is_empty_with_the_right_total(subject: Subject) {
    subject.import(plain_drafts(3)).await;
    for (number, size) in [(2, 3), (2, 20), (1_001, 1_000)] {
        let page = PageRequest::new(number, size).expect("a valid page");
        assert_eq!(subject.page(&all(), page).await, (Vec::new(), 3));
    }
}

pub async fn filters_and_visibility_combine(subject: Subject) {
    for number in 0..16_i64 {
        let draft = with(plain(&format!("S-{number}")), |draft| {
            draft.category = category(if number & 1 == 0 { "tea" } else { "coffee" });
            draft.is_featured = number & 2 != 0;
            draft.is_published = number & 4 != 0;
        });
        let product = imported(number + 1, 1_000 + number, draft);
        subject.import.import(&[product]).await.expect("import succeeds");
    }
    for wanted in [None, Some("tea"), Some("coffee"), Some("Tea"), Some("te")] {
        for featured in [None, Some(true), Some(false)] {
            for visibility in [Visibility::All, Visibility::Published] {
                let filter =
                    ProductFilter { category: wanted.map(category), featured, ..ProductFilter::of(visibility) };
                let expected: Vec<_> = (0..16)
                    .rev()
                    .filter(|number| wanted.is_none_or(|name| name == if number & 1 == 0 { "tea" } else { "coffee" }))
                    .filter(|number| featured.is_none_or(|featured| featured == (number & 2 != 0)))
                    .filter(|number| visibility == Visibility::All || number & 4 != 0)
                    .map(|number| product_id(number + 1))
                    .collect();
                assert_eq!(subject.list(&filter).await, expected, "{filter:?}");
            }
        }
    }
}

pub async fn categories_are_compared_exactly(subject: Subject) {
    let long = "长".repeat(64);
    let names = ["tea", "Tea", "tea ", "te%", "t_a", "a:b", "{tag}", "茶", "caf\u{e9}", "cafe\u{301}", long.as_str()];
    let mut ids = Vec::new();
    for name in names {
        ids.push(subject.create(&with(plain(name), |draft| draft.category = category(name))).await.id);
    }
    for (name, id) in names.into_iter().zip(ids) {
        assert_eq!(subject.list(&all_in(name)).await, [id], "{name}");
    }
}

pub async fn only_the_parts_asked_for_are_answered(subject: Subject) {
    subject.import(plain_drafts(3)).await;
    let page = PageRequest::new(1, 2).expect("a valid page");
    let total = subject.find(&all(), page, PageParts::Total, Freshness::Cached).await;
    assert_eq!((total.ids.len(), total.total), (0, Some(3)));
    let ids = subject.find(&all(), page, PageParts::Ids, Freshness::Cached).await;
    assert_eq!((ids.ids.len(), ids.total), (2, None));
}

pub async fn a_created_product_is_in_its_lists(subject: Subject) {
    check_lists(&subject, &[], &[]).await;
    let first = subject.create(&plain("A")).await;
    check_lists(&subject, &[first.id], &[]).await;
    let second = subject.create(&with(plain("B"), |draft| draft.category = category("coffee"))).await;
    check_lists(&subject, &[first.id], &[second.id]).await;
    let page = PageRequest::new(1, 1).expect("a valid page");
    assert_eq!(subject.page(&all(), page).await, (vec![second.id], 2));
}

pub async fn a_removed_product_leaves_its_lists(subject: Subject) {
    let first = subject.create(&plain("A")).await;
    let second = subject.create(&plain("B")).await;
    check_lists(&subject, &[second.id, first.id], &[]).await;
    subject.delete(second.id, Precondition::None).await;
    check_lists(&subject, &[first.id], &[]).await;
    subject.delete(first.id, Precondition::None).await;
    check_lists(&subject, &[], &[]).await;
}

pub async fn a_product_moves_between_the_lists_of_categories(subject: Subject) {
    let moved = subject.create(&plain("A")).await;
    check_lists(&subject, &[moved.id], &[]).await;
    subject.patch(moved.id, ProductPatch { category: Some(category("coffee")), ..ProductPatch::default() }).await;
    check_lists(&subject, &[], &[moved.id]).await;
    subject.replace(moved.id, &plain("A")).await;
    check_lists(&subject, &[moved.id], &[]).await;
}

pub async fn publishing_and_unpublishing_show_in_the_lists(subject: Subject) {
    let product = subject.create(&plain("A")).await;
    for published in [false, true, false] {
        check_visible(&subject, !published, &[product.id]).await;
        subject.patch(product.id, ProductPatch { is_published: Some(published), ..ProductPatch::default() }).await;
        check_visible(&subject, published, &[product.id]).await;
    }
}

pub async fn featuring_shows_in_the_lists(subject: Subject) {
    let product = subject.create(&plain("A")).await;
    for featured in [true, false, true] {
        subject.patch(product.id, ProductPatch { is_featured: Some(featured), ..ProductPatch::default() }).await;
        for asked in [true, false] {
            let expected: &[_] = if asked == featured { &[product.id] } else { &[] };
            for base in [all(), ProductFilter::published(), all_in("tea")] {
                assert_eq!(subject.list(&ProductFilter { featured: Some(asked), ..base }).await, expected);
            }
        }
    }
}

pub async fn a_change_that_keeps_the_listing_keeps_the_order(subject: Subject) {
    let ids: Vec<_> = [subject.create(&plain("A")).await.id, subject.create(&plain("B")).await.id].into();
    check_lists(&subject, &[ids[1], ids[0]], &[]).await;
    subject.patch(ids[0], ProductPatch { name: Some("Renamed".into()), ..ProductPatch::default() }).await;
    check_lists(&subject, &[ids[1], ids[0]], &[]).await;
}

/// The lists of everything, of `tea` and of `coffee`, for products made in ascending order of id.
async fn check_lists(subject: &Subject, tea: &[ProductId], coffee: &[ProductId]) {
    let mut both = [tea, coffee].concat();
    both.sort_unstable_by(|left, right| right.cmp(left));
    assert_eq!(subject.list(&all()).await, both);
    assert_eq!(subject.list(&ProductFilter::published()).await, both);
    assert_eq!(subject.list(&all_in("tea")).await, tea);
    assert_eq!(subject.list(&all_in("coffee")).await, coffee);
}

async fn check_visible(subject: &Subject, published: bool, ids: &[ProductId]) {
    let seen = if published { ids } else { &[] };
    for wanted in [None, Some("tea")] {
        let wanted: Option<Category> = wanted.map(category);
        let public = ProductFilter { category: wanted.clone(), ..ProductFilter::published() };
        assert_eq!(subject.list(&public).await, seen);
        assert_eq!(subject.list(&ProductFilter { category: wanted, ..all() }).await, ids);
    }
}
