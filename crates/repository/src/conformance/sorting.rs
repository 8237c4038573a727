//! Sorted lists and price ranges: each key, both orders, equals, pages, filters.

use larder_domain::{PageRequest, Price, ProductDraft, ProductFilter, Sort, SortKey, SortOrder, Visibility, Window};

use super::{
    Subject,
    questions::{assorted, expected, first, largest, priced, smallest, sorts},
    samples::{all, all_in, category, plain, price, rating, with},
    subject::{imported, product_id},
};

pub async fn every_key_sorts_by_itself_and_equals_by_id(subject: Subject) {
    let figures = |price_of: i64, sales, popularity, stars| {
        move |draft: &mut ProductDraft| {
            draft.price = price(price_of);
            (draft.sales, draft.popularity, draft.rating) = (Some(sales), Some(popularity), Some(rating(stars)));
        }
    };
    let made = [
        (4, 30, with(plain("A"), figures(500, 7, 1, 100))),
        (2, 10, with(plain("B"), figures(500, 7, 3, 500))),
        (9, 20, with(plain("C"), figures(1, 7, 3, 499))),
        (7, 10, with(plain("D"), figures(99_999, 0, 9, 100))),
    ];
    let made = made.map(|(id, second, draft)| imported(id, second, draft));
    subject.import_all(&made).await;
    for (key, ids) in [
        (SortKey::CreatedAt, [2, 7, 9, 4]),
        (SortKey::Price, [9, 2, 4, 7]),
        (SortKey::Sales, [7, 4, 2, 9]),
        (SortKey::Popularity, [4, 2, 9, 7]),
        (SortKey::Rating, [4, 7, 9, 2]),
    ] {
        let mut ids = ids.map(product_id);
        assert_eq!(subject.sorted(&all(), smallest(key)).await, ids, "{key} ascending");
        ids.reverse();
        assert_eq!(subject.sorted(&all(), largest(key)).await, ids, "{key} descending");
    }
}

pub async fn the_hot_list_is_by_sales_then_popularity(subject: Subject) {
    let mut ids = Vec::new();
    for (sku, sales, popularity, name) in [("A", 5, 1, "tea"), ("B", 5, 2, "cups"), ("C", 6, 0, "tea")] {
        let draft = with(plain(sku), |draft| {
            (draft.sales, draft.popularity, draft.category) = (Some(sales), Some(popularity), category(name));
        });
        ids.push(subject.create(&draft).await.id);
    }
    assert_eq!(subject.sorted(&all(), Sort::HOT).await, [ids[2], ids[1], ids[0]]);
    assert_eq!(subject.sorted(&all_in("tea"), Sort::HOT).await, [ids[2], ids[0]]);
    let best = subject.stretch(&all(), Sort::HOT, first(1)).await;
    assert_eq!((best.ids, best.total), (vec![ids[2]], Some(3)));
}

pub async fn ascending_is_exactly_the_reverse_of_descending(subject: Subject) {
    subject.import_all(&assorted(40)).await;
    for key in SortKey::ALL {
        let mut ascending = subject.sorted(&all(), smallest(key)).await;
        ascending.reverse();
        assert_eq!(subject.sorted(&all(), largest(key)).await, ascending, "{key}");
    }
}

pub async fn pages_of_every_sort_cover_the_list_without_gap_or_overlap(subject: Subject) {
    let products = subject.import_all(&assorted(25)).await;
    for sort in sorts() {
        let mut seen = Vec::new();
        for number in 1..=4 {
            let page = Window::Page(PageRequest::new(number, 8).expect("a valid page"));
            let page = subject.stretch(&all(), sort, page).await;
            assert_eq!((page.total, page.next.is_some()), (Some(25), number < 4), "{sort:?} {number}");
            seen.extend(page.ids);
        }
        assert_eq!(seen, expected(&products, &all(), sort), "{sort:?}");
    }
}

pub async fn filters_and_sorts_combine(subject: Subject) {
    let products = subject.import_all(&assorted(60)).await;
    for sort in sorts() {
        for base in [all(), all_in("tea"), priced(Some(101), Some(250)), priced(Some(250), None)] {
            for featured in [None, Some(true), Some(false)] {
                for visibility in [Visibility::All, Visibility::Published] {
                    let filter = ProductFilter { featured, visibility, ..base.clone() };
                    let ids = expected(&products, &filter, sort);
                    assert_eq!(subject.sorted(&filter, sort).await, ids, "{filter:?} {sort:?}");
                }
            }
        }
    }
}

pub async fn a_price_range_includes_both_ends(subject: Subject) {
    let prices = [0, 1, 99, 100, 101, 250, Price::MAX_HUNDREDTHS];
    let products: Vec<_> = (1..)
        .zip(prices)
        .map(|(id, hundredths)| {
            imported(id, id, with(plain(&format!("S-{id}")), |draft| draft.price = price(hundredths)))
        })
        .collect();
    let products = subject.import_all(&products).await;
    let ends = [None, Some(0), Some(1), Some(100), Some(102), Some(Price::MAX_HUNDREDTHS)];
    for (min, max) in ends.iter().flat_map(|min| ends.map(|max| (*min, max))) {
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            continue;
        }
        for sort in [smallest(SortKey::Price), largest(SortKey::CreatedAt)] {
            for filter in [priced(min, max), ProductFilter { category: Some(category("tea")), ..priced(min, max) }] {
                assert_eq!(subject.sorted(&filter, sort).await, expected(&products, &filter, sort), "{filter:?}");
            }
        }
    }
}

pub async fn a_page_of_any_sort_may_have_a_thousand_products(subject: Subject) {
    let products = subject.import_all(&assorted(1_008)).await;
    for key in SortKey::ALL {
        let page = subject.stretch(&all(), largest(key), first(1_000)).await;
        let ids = expected(&products, &all(), largest(key));
        assert_eq!((page.ids, page.total), (ids[..1_000].to_vec(), Some(1_008)), "{key}");
        let place = page.next.expect("eight follow");
        let rest = subject.stretch(&all(), largest(key), Window::After { place, size: 1_000 }).await;
        assert_eq!((rest.ids, rest.next), (ids[1_000..].to_vec(), None), "{key}");
    }
}

pub async fn counts_and_prices_at_their_ends_are_sorted_exactly(subject: Subject) {
    const MAX_COUNT: i64 = 1_000_000_000_000;
    let counts = [MAX_COUNT, MAX_COUNT - 1, 0, 1 << 33];
    let products: Vec<_> = (1..)
        .zip(counts)
        .map(|(id, count)| {
            let draft = with(plain(&format!("S-{id}")), |draft| {
                (draft.sales, draft.popularity) = (Some(count), Some(count));
                draft.price = price(count.min(Price::MAX_HUNDREDTHS));
            });
            imported(id, 1_000, draft)
        })
        .collect();
    let products = subject.import_all(&products).await;
    for key in [SortKey::Price, SortKey::Sales, SortKey::Popularity] {
        for order in [SortOrder::Ascending, SortOrder::Descending] {
            let sort = Sort { key, order };
            let ids = expected(&products, &all(), sort);
            assert_eq!(subject.sorted(&all(), sort).await, ids, "{sort:?}");
            assert_eq!(subject.walk(&all(), sort, 1).await, ids, "{sort:?}");
        }
    }
}
