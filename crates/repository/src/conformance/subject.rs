//! The implementation under test, with steps that check on the way what holds after each of them.

use std::{any::Any, fmt, sync::Arc};

use jiff::Timestamp;
use larder_domain::{
    Adjustment, CatalogueStats, Encoded, PageParts, PageRequest, Product, ProductDraft, ProductFilter, ProductId,
    ProductPage, ProductPatch, ProductQuery,
};

use crate::{
    Error, Freshness, ImportedProduct, Listing, Origin, Precondition, ProductChange, ProductImport, ProductRepository,
    TokenRepository, Written,
};

/// One implementation on a fresh, empty, migrated database.
pub struct Subject {
    /// What is tested.
    pub products: Arc<dyn ProductRepository>,
    /// Fills the same catalogue. It may go past a cache: after an import that follows a read, cases read with
    /// [`Freshness::Latest`] only.
    pub import: Arc<dyn ProductImport>,
    /// The tokens of the same database.
    pub tokens: Arc<dyn TokenRepository>,
    /// What must live as long as the test, such as a temporary folder or a server.
    pub keep: Box<dyn Any + Send>,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("products", &self.products)
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

/// Reading: each step asks in every way there is and checks that the answers agree.
impl Subject {
    /// The product, if it is there: alone and in a batch, cached twice (to fill and to hit) and from the database.
    pub(super) async fn look(&self, id: ProductId) -> Option<Product> {
        let seen = self.get(id, Freshness::Cached).await;
        for freshness in [Freshness::Cached, Freshness::Latest, Freshness::Cached] {
            assert_eq!(self.get(id, freshness).await, seen, "get {id} {freshness:?}");
            assert_eq!(
                self.get_many(&[id], freshness).await,
                std::slice::from_ref(&seen),
                "get_many [{id}] {freshness:?}"
            );
        }
        seen
    }

    /// The product, which is there.
    pub(super) async fn product(&self, id: ProductId) -> Product {
        self.look(id).await.expect("the product is there")
    }

    /// One read of one product.
    pub(super) async fn get(&self, id: ProductId, freshness: Freshness) -> Option<Product> {
        let read = self.products.get(id, freshness).await.expect("get answers");
        check_origin(freshness, read.origin);
        read.value.as_ref().map(decoded)
    }

    /// One read of many products.
    pub(super) async fn get_many(&self, ids: &[ProductId], freshness: Freshness) -> Vec<Option<Product>> {
        let read = self.products.get_many(ids, freshness).await.expect("get_many answers");
        check_origin(freshness, read.origin);
        read.value.iter().map(|found| found.as_ref().map(decoded)).collect()
    }

    /// One page with its total: whole and in parts, cached twice and from the database.
    pub(super) async fn page(&self, filter: &ProductFilter, page: PageRequest) -> (Vec<ProductId>, u64) {
        let seen = self.find(filter, page, PageParts::IdsAndTotal, Freshness::Cached).await;
        let total = seen.total.expect("the total was asked for");
        for freshness in [Freshness::Cached, Freshness::Latest] {
            for (parts, expected) in [
                (PageParts::IdsAndTotal, seen.clone()),
                (PageParts::Ids, ProductPage { total: None, ..seen.clone() }),
                (PageParts::Total, ProductPage { total: seen.total, ..ProductPage::default() }),
            ] {
                let found = self.find(filter, page, parts, freshness).await;
                assert_eq!(found, expected, "{filter:?} {page:?} {parts:?} {freshness:?}");
            }
        }
        (seen.ids, total)
    }

    /// The first hundred ids that the filter selects, all of them in the cases that ask, with the total checked.
    pub(super) async fn list(&self, filter: &ProductFilter) -> Vec<ProductId> {
        let first = PageRequest::new(1, 100).expect("a valid page");
        let (ids, total) = self.page(filter, first).await;
        assert_eq!(ids.len() as u64, total, "{filter:?}");
        ids
    }

    /// One list query.
    pub(super) async fn find(
        &self,
        filter: &ProductFilter,
        page: PageRequest,
        parts: PageParts,
        freshness: Freshness,
    ) -> ProductPage {
        let query = ProductQuery { parts, ..ProductQuery::newest(filter.clone(), page) };
        let read = self.products.find(&query, freshness).await.expect("find answers");
        check_origin(freshness, read.origin);
        read.value
    }

    /// The statistics, cached and from the database, without their moment.
    pub(super) async fn stats(&self) -> CatalogueStats {
        let cached = self.products.stats(Freshness::Cached).await.expect("stats answers").value;
        let latest = self.products.stats(Freshness::Latest).await.expect("stats answers");
        check_origin(Freshness::Latest, latest.origin);
        let figures = |stats: CatalogueStats| CatalogueStats { counted_at: Timestamp::default(), ..stats };
        assert_eq!(figures(cached), figures(latest.value));
        figures(cached)
    }
}

/// Writing: each step succeeds, checks what the write says of itself, and that every kind of read sees it.
impl Subject {
    /// Adds a product.
    pub(super) async fn create(&self, draft: &ProductDraft) -> Product {
        let written = self.products.create(draft).await.expect("create succeeds");
        assert_eq!(written.before, None);
        self.check_visible(&written).await
    }

    /// Replaces a product without a precondition.
    pub(super) async fn replace(&self, id: ProductId, draft: &ProductDraft) -> Product {
        self.update(id, ProductChange::Replace(draft.clone()), Precondition::None).await
    }

    /// Patches a product without a precondition.
    pub(super) async fn patch(&self, id: ProductId, patch: ProductPatch) -> Product {
        self.update(id, ProductChange::Patch(patch), Precondition::None).await
    }

    /// Changes a product that is there.
    pub(super) async fn update(&self, id: ProductId, change: ProductChange, precondition: Precondition) -> Product {
        let before = self.product(id).await;
        let written = self.products.update(id, &change, precondition).await.expect("update succeeds");
        self.check_successor(&before, &written).await
    }

    /// Adjusts a product that is there.
    pub(super) async fn adjust(&self, id: ProductId, adjustment: &Adjustment) -> Product {
        let before = self.product(id).await;
        let written = self.products.adjust(id, adjustment).await.expect("adjust succeeds");
        self.check_successor(&before, &written).await
    }

    /// Removes a product that is there; answers the write.
    pub(super) async fn delete(&self, id: ProductId, precondition: Precondition) -> Written {
        let before = self.product(id).await;
        let written = self.products.delete(id, precondition).await.expect("delete succeeds");
        assert_eq!(written.id, id);
        assert!(written.version > before.version, "a removal takes a version of its own");
        assert_eq!(decoded(&written.product), before);
        assert_eq!(written.before, Some(Listing::from(&before)));
        assert_eq!(written.after, None);
        assert_eq!(self.look(id).await, None);
        written
    }

    /// Imports drafts under ids from 1, made one second apart in that order; answers how many were new.
    pub(super) async fn import(&self, drafts: impl IntoIterator<Item = ProductDraft>) -> u64 {
        let products: Vec<_> =
            (1..).zip(drafts).map(|(number, draft)| imported(number, 1_700_000_000 + number, draft)).collect();
        self.import.import(&products).await.expect("import succeeds")
    }

    async fn check_successor(&self, before: &Product, written: &Written) -> Product {
        assert_eq!(written.id, before.id);
        assert!(written.version > before.version, "a change takes a higher version");
        assert_eq!(written.before, Some(Listing::from(before)));
        let after = self.check_visible(written).await;
        assert_eq!(after.created_at, before.created_at);
        assert!(after.updated_at >= before.updated_at);
        after
    }

    async fn check_visible(&self, written: &Written) -> Product {
        let product = decoded(&written.product);
        assert_eq!((written.id, written.version), (product.id, product.version));
        assert_eq!(written.after, Some(Listing::from(&product)));
        assert_eq!(self.look(written.id).await.as_ref(), Some(&product));
        product
    }
}

/// The kind of failure of a call that has to fail.
pub(super) fn refusal<T: fmt::Debug>(answer: Result<T, Error>) -> crate::ErrorKind {
    answer.expect_err("the call is refused").kind().clone()
}

/// The field that a refused call names first.
pub(super) fn refused_field<T: fmt::Debug>(answer: Result<T, Error>) -> &'static str {
    let kind = refusal(answer);
    let crate::ErrorKind::Invalid(broken) = &kind else { unreachable!("refused as {kind:?}, not as invalid") };
    broken.violations()[0].field
}

/// The product inside.
pub(super) fn decoded(encoded: &Encoded<Product>) -> Product {
    encoded.value().expect("the bytes are a product").clone()
}

/// A draft to import under `id`, made at `second` of the Unix epoch.
pub(super) fn imported(id: i64, second: i64, draft: ProductDraft) -> ImportedProduct {
    let created_at = Timestamp::from_second(second).expect("a valid time");
    ImportedProduct { id: product_id(id), created_at, draft }
}

/// A valid id.
pub(super) fn product_id(id: i64) -> ProductId {
    ProductId::new(id).expect("a positive id")
}

fn check_origin(freshness: Freshness, origin: Origin) {
    if freshness == Freshness::Latest {
        assert!(matches!(origin, Origin::Database | Origin::Loaded), "Latest was answered by {origin:?}");
    }
}
