//! Sorted, searched and sought lists: asked in every way, and held against what a plain program answers.

use larder_domain::{
    PageParts, PageRequest, PriceRange, Product, ProductFilter, ProductId, ProductPage, ProductQuery, SearchWords,
    Seek, Sort, SortKey, SortOrder, Visibility, Window,
};

use super::{
    Subject,
    samples::{all, category, plain, price, rating, with},
    subject::imported,
};
use crate::{Freshness, ImportedProduct};

/// The newest first, as lists are by default.
pub(super) const NEWEST: Sort = Sort { key: SortKey::CreatedAt, order: SortOrder::Descending };

/// A sort with the largest first.
pub(super) fn largest(key: SortKey) -> Sort {
    Sort { key, order: SortOrder::Descending }
}

/// A sort with the smallest first.
pub(super) fn smallest(key: SortKey) -> Sort {
    Sort { key, order: SortOrder::Ascending }
}

/// Every key in both orders.
pub(super) fn sorts() -> impl Iterator<Item = Sort> {
    SortKey::ALL.into_iter().flat_map(|key| [smallest(key), largest(key)])
}

/// Everything with these words.
pub(super) fn search(text: &str) -> ProductFilter {
    ProductFilter { words: SearchWords::parse(text).expect("valid words"), ..all() }
}

/// Everything of these prices, in hundredths.
pub(super) fn priced(min: Option<i64>, max: Option<i64>) -> ProductFilter {
    ProductFilter { prices: PriceRange::new(min.map(price), max.map(price)).expect("a valid range"), ..all() }
}

/// A page of the first products.
pub(super) fn first(size: u32) -> Window {
    Window::Page(PageRequest::new(1, size).expect("a valid page"))
}

/// Products that are equal in much: whatever sorts them has to go by more than one thing. The ids are in no order.
pub(super) fn assorted(count: i64) -> Vec<ImportedProduct> {
    let product = |number: i64| {
        let draft = with(plain(&format!("S-{number}")), |draft| {
            draft.name = format!("{} {number}", ["Green Tea", "绿茶壶", "Teapot", "black TEA"][remainder(number, 4)]);
            draft.category = category(["tea", "cups"][remainder(number, 2)]);
            draft.price = price([100, 250, 250, 99_900][remainder(number / 2, 4)]);
            draft.sales = Some(number % 3);
            draft.popularity = Some(number % 4 / 2);
            draft.rating = Some(rating(number % 5 * 100));
            draft.is_featured = number % 3 == 0;
            draft.is_published = number % 7 != 0;
        });
        imported(number * 37 % 1_009 + 1, 1_000 + number / 3, draft)
    };
    (0..count).map(product).collect()
}

fn remainder(number: i64, count: i64) -> usize {
    usize::try_from(number % count).expect("numbers are not negative")
}

/// The products that the filter selects, in order: the contract, spelled out.
pub(super) fn expected(products: &[Product], filter: &ProductFilter, sort: Sort) -> Vec<ProductId> {
    let mut places: Vec<Seek> =
        products.iter().filter(|product| belongs(product, filter)).map(|product| sort.place(product)).collect();
    places.sort_unstable();
    if sort.order == SortOrder::Descending {
        places.reverse();
    }
    places.into_iter().map(|place| place.id).collect()
}

fn belongs(product: &Product, filter: &ProductFilter) -> bool {
    let texts = [&product.name, &product.description].map(|text| text.to_lowercase());
    filter.category.as_ref().is_none_or(|category| *category == product.category)
        && filter.featured.is_none_or(|featured| featured == product.is_featured)
        && (filter.visibility == Visibility::All || product.is_published)
        && filter.prices.min().is_none_or(|min| min <= product.price)
        && filter.prices.max().is_none_or(|max| product.price <= max)
        && filter.words.as_slice().iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
}

impl Subject {
    /// Imports products into an empty catalogue; answers them as they are kept.
    pub(super) async fn import_all(&self, products: &[ImportedProduct]) -> Vec<Product> {
        let added = self.import.import(products).await.expect("import succeeds");
        assert_eq!(added, products.len() as u64);
        let ids: Vec<_> = products.iter().map(|product| product.id).collect();
        self.get_many(&ids, Freshness::Latest).await.into_iter().flatten().collect()
    }

    /// One stretch of a list: cached twice, to fill and to hit, and from the database.
    pub(super) async fn stretch(&self, filter: &ProductFilter, sort: Sort, window: Window) -> ProductPage {
        let query = ProductQuery { filter: filter.clone(), sort, window, parts: PageParts::IdsAndTotal };
        let seen = self.ask(&query, Freshness::Cached).await;
        for freshness in [Freshness::Cached, Freshness::Latest] {
            for (parts, answer) in [
                (PageParts::IdsAndTotal, seen.clone()),
                (PageParts::Ids, ProductPage { total: None, ..seen.clone() }),
                (PageParts::Total, ProductPage { total: seen.total, ..ProductPage::default() }),
            ] {
                let query = ProductQuery { parts, ..query.clone() };
                assert_eq!(self.ask(&query, freshness).await, answer, "{query:?} {freshness:?}");
            }
        }
        seen
    }

    /// One question.
    pub(super) async fn ask(&self, query: &ProductQuery, freshness: Freshness) -> ProductPage {
        self.products.find(query, freshness).await.expect("find answers").value
    }

    /// All of a list with at most a thousand products, with its total checked, and that nothing follows.
    pub(super) async fn sorted(&self, filter: &ProductFilter, sort: Sort) -> Vec<ProductId> {
        let page = self.stretch(filter, sort, first(1_000)).await;
        assert_eq!((page.total, page.next), (Some(page.ids.len() as u64), None), "{filter:?} {sort:?}");
        page.ids
    }

    /// What a search answers, the newest first.
    pub(super) async fn found(&self, text: &str) -> Vec<ProductId> {
        self.sorted(&search(text), NEWEST).await
    }

    /// All of a list, each stretch of it from where the last one ended; the first is a page.
    pub(super) async fn walk(&self, filter: &ProductFilter, sort: Sort, size: u32) -> Vec<ProductId> {
        let mut window = first(size);
        let mut seen = Vec::new();
        loop {
            let query = ProductQuery { filter: filter.clone(), sort, window, parts: PageParts::Ids };
            let page = self.ask(&query, Freshness::Cached).await;
            assert!(page.ids.len() <= size as usize, "{query:?}");
            assert!(page.next.is_none() || page.ids.len() == size as usize, "a page that others follow is full");
            assert_eq!(page.next.map(|place| place.id), page.next.and(page.ids.last().copied()), "{query:?}");
            seen.extend(page.ids);
            let Some(place) = page.next else { return seen };
            window = Window::After { place, size };
        }
    }
}
