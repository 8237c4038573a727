//! Going on from a place in a list: it covers the list exactly, whatever happens before the place.

use larder_domain::{PageParts, PageRequest, ProductQuery, Seek, Sort, SortKey, Window};

use super::{
    Subject,
    questions::{NEWEST, assorted, expected, first, largest, priced, search, smallest, sorts},
    samples::{all, all_in, plain, plain_drafts, price, with},
    subject::{imported, product_id},
};
use crate::{Freshness, Precondition};

pub async fn walking_from_place_to_place_covers_every_list(subject: Subject) {
    let products = subject.import_all(&assorted(31)).await;
    for sort in sorts() {
        for filter in [all(), all_in("tea"), priced(Some(100), Some(250)), search("tea"), search("茶")] {
            let ids = expected(&products, &filter, sort);
            for size in [1, 2, 7, 1_000] {
                assert_eq!(subject.walk(&filter, sort, size).await, ids, "{filter:?} {sort:?} by {size}");
            }
        }
    }
}

pub async fn equals_are_walked_without_gap_or_overlap(subject: Subject) {
    let products: Vec<_> = (1..=12).map(|id| imported(id * 5 % 13, 500, plain(&format!("S-{id}")))).collect();
    let products = subject.import_all(&products).await;
    for sort in sorts() {
        for size in [1, 5, 11, 12] {
            assert_eq!(subject.walk(&all(), sort, size).await, expected(&products, &all(), sort), "{sort:?} by {size}");
        }
    }
}

pub async fn a_page_that_ends_with_the_list_has_no_next_place(subject: Subject) {
    subject.import(plain_drafts(6)).await;
    for (number, size, follows) in [(1, 6, false), (2, 3, false), (1, 3, true), (1, 5, true), (3, 3, false)] {
        let page = Window::Page(PageRequest::new(number, size).expect("a valid page"));
        assert_eq!(subject.stretch(&all(), NEWEST, page).await.next.is_some(), follows, "{number} {size}");
    }
    let place = subject.stretch(&all(), NEWEST, first(3)).await.next.expect("three follow");
    for (size, follows) in [(2, true), (3, false), (4, false)] {
        let rest = subject.stretch(&all(), NEWEST, Window::After { place, size }).await;
        assert_eq!((rest.ids[0], rest.next.is_some(), rest.total), (product_id(3), follows, Some(6)), "{size}");
    }
}

pub async fn the_next_place_is_that_of_the_last_product(subject: Subject) {
    let products = subject.import_all(&assorted(9)).await;
    for sort in sorts() {
        let mut window = first(2);
        for _ in 0..4 {
            let page = subject.stretch(&all(), sort, window).await;
            let last = products.iter().find(|product| page.ids.last() == Some(&product.id)).expect("a full page");
            assert_eq!(page.next, Some(sort.place(last)), "{sort:?}");
            window = Window::After { place: sort.place(last), size: 2 };
        }
        assert_eq!(subject.stretch(&all(), sort, window).await.next, None);
    }
}

pub async fn the_place_of_a_removed_product_still_holds(subject: Subject) {
    subject.import_all(&assorted(8)).await;
    for sort in [NEWEST, Sort::HOT, smallest(SortKey::Price)] {
        let before = subject.sorted(&all(), sort).await;
        let place = subject.stretch(&all(), sort, first(2)).await.next.expect("more follow");
        assert_eq!(place.id, before[1]);
        subject.delete(before[1], Precondition::None).await;
        let rest = subject.stretch(&all(), sort, Window::After { place, size: 100 }).await;
        assert_eq!(rest.ids, before[2..], "{sort:?}");
    }
}

pub async fn what_is_made_before_a_place_does_not_shift_what_follows(subject: Subject) {
    subject.import_all(&assorted(8)).await;
    let (dearest, cheapest) = (largest(SortKey::Price), smallest(SortKey::Price));
    for (sort, hundredths) in [(NEWEST, 5), (dearest, 999_999), (cheapest, 1)] {
        let before = subject.sorted(&all(), sort).await;
        let place = subject.stretch(&all(), sort, first(3)).await.next.expect("more follow");
        assert_eq!(subject.stretch(&all(), sort, Window::After { place, size: 100 }).await.ids, before[3..]);
        let made = subject.create(&with(plain(&format!("{sort:?}")), |draft| draft.price = price(hundredths))).await;
        let rest = subject.stretch(&all(), sort, Window::After { place, size: 100 }).await;
        assert_eq!(rest.total, Some(before.len() as u64 + 1));
        assert_eq!(rest.ids, before[3..], "{sort:?}");
        assert!(subject.sorted(&all(), sort).await[..3].contains(&made.id), "{sort:?}");
    }
}

pub async fn what_is_made_after_a_place_follows_it(subject: Subject) {
    subject.import_all(&assorted(8)).await;
    let sort = largest(SortKey::Price);
    let place = subject.stretch(&all(), sort, first(3)).await.next.expect("more follow");
    let before = subject.stretch(&all(), sort, Window::After { place, size: 100 }).await.ids;
    let made = subject.create(&with(plain("cheap"), |draft| draft.price = price(0))).await;
    let after = subject.stretch(&all(), sort, Window::After { place, size: 100 }).await.ids;
    assert_eq!(after, [before, vec![made.id]].concat());
}

pub async fn a_place_at_either_end_of_everything_is_a_place(subject: Subject) {
    let products = subject.import_all(&assorted(5)).await;
    let lowest = Seek { first: i64::MIN, second: i64::MIN, id: product_id(1) };
    let highest = Seek { first: i64::MAX, second: i64::MAX, id: product_id(i64::MAX) };
    for key in SortKey::ALL {
        for (sort, start, end) in [(smallest(key), lowest, highest), (largest(key), highest, lowest)] {
            let page = subject.stretch(&all(), sort, Window::After { place: start, size: 9 }).await;
            assert_eq!(page.ids, expected(&products, &all(), sort), "{sort:?}");
            let page = subject.stretch(&all(), sort, Window::After { place: end, size: 9 }).await;
            assert_eq!((page.ids, page.next, page.total), (Vec::new(), None, Some(5)), "{sort:?}");
        }
    }
}

pub async fn a_total_alone_has_no_next_place(subject: Subject) {
    subject.import(plain_drafts(4)).await;
    let place = subject.stretch(&all(), NEWEST, first(1)).await.next.expect("three follow");
    for window in [first(1), Window::After { place, size: 1 }] {
        let query = ProductQuery { filter: all(), sort: NEWEST, window, parts: PageParts::Total };
        let answer = subject.ask(&query, Freshness::Latest).await;
        assert_eq!((answer.ids, answer.next, answer.total), (Vec::new(), None, Some(4)));
    }
}
