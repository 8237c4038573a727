//! A repository that stores nothing: it notes which lists are loaded, and answers writes as a test says.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use larder_domain::{
    Adjustment, CatalogueStats, Category, Encoded, PageParts, Price, Product, ProductDraft, ProductId, ProductPage,
    ProductPatch, ProductQuery, Version,
};
use larder_repository::{
    Aspects, Changed, Error, ErrorKind, Freshness, Listing, Position, Precondition, ProductChange, ProductRepository,
    Read, Written,
};

/// A change as a writer and an outbox tell of it.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) before: Option<Listing>,
    pub(crate) after: Option<Listing>,
    pub(crate) changed: Aspects,
}

impl Told {
    /// A change that leaves a product of `category` where it is listed.
    pub(crate) fn in_place(category: &str, changed: Aspects) -> Self {
        Self { before: Some(listing(category)), after: Some(listing(category)), changed }
    }

    /// As an outbox announces it.
    pub(crate) fn announced(&self, id: i64, version: i64) -> Changed {
        let Self { before, after, changed } = self.clone();
        Changed::Product { id: product_id(id), version: Version(version), before, after, changed }
    }
}

pub(crate) fn listing(category: &str) -> Listing {
    Listing { category: Category::new(category).expect("valid"), featured: false, published: true }
}

pub(crate) fn product_id(id: i64) -> ProductId {
    ProductId::new(id).expect("valid")
}

/// What was asked of it, and what it answers to the next write.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    finds: Mutex<Vec<ProductQuery>>,
    stats: Mutex<usize>,
    next: Mutex<Option<Result<Told, ErrorKind>>>,
}

impl Shelf {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The next update is answered so.
    pub(crate) fn answer(&self, told: Result<Told, ErrorKind>) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
    }

    /// The lists and how many figures were loaded since the last call.
    pub(crate) fn loads(&self) -> (Vec<ProductQuery>, usize) {
        let finds = std::mem::take(&mut *self.finds.lock().unwrap_or_else(PoisonError::into_inner));
        (finds, std::mem::take(&mut *self.stats.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Any change of a product.
pub(crate) fn any_change() -> ProductChange {
    ProductChange::Patch(ProductPatch { price: Price::from_hundredths(990).ok(), ..ProductPatch::default() })
}

fn not_here<T>() -> Result<T, Error> {
    Err(Error::new(ErrorKind::NotFound, "ask a shelf"))
}

#[async_trait]
impl ProductRepository for Shelf {
    async fn get(&self, _id: ProductId, _freshness: Freshness) -> Result<Read<Option<Encoded<Product>>>, Error> {
        Ok(Read::from_database(None))
    }

    async fn get_many(
        &self,
        ids: &[ProductId],
        _freshness: Freshness,
    ) -> Result<Read<Vec<Option<Encoded<Product>>>>, Error> {
        Ok(Read::from_database(vec![None; ids.len()]))
    }

    async fn find(&self, query: &ProductQuery, _freshness: Freshness) -> Result<Read<ProductPage>, Error> {
        self.finds.lock().unwrap_or_else(PoisonError::into_inner).push(query.clone());
        let ids = if query.parts == PageParts::Total { vec![] } else { vec![product_id(1)] };
        let total = (query.parts != PageParts::Ids).then_some(1);
        Ok(Read::from_database(ProductPage { ids, next: None, total }))
    }

    async fn stats(&self, _freshness: Freshness) -> Result<Read<CatalogueStats>, Error> {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Ok(Read::from_database(CatalogueStats::default()))
    }

    async fn create(&self, _draft: &ProductDraft) -> Result<Written, Error> {
        not_here()
    }

    async fn update(&self, id: ProductId, _: &ProductChange, _: Precondition) -> Result<Written, Error> {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Told { before, after, changed } = next.expect("a test said").map_err(|kind| Error::new(kind, "write"))?;
        let (version, position) = (Version(7), Position::UNKNOWN);
        let product = Encoded::from_json(bytes::Bytes::new());
        Ok(Written { id, version, product, before, after, changed, position })
    }

    async fn delete(&self, _id: ProductId, _precondition: Precondition) -> Result<Written, Error> {
        not_here()
    }

    async fn adjust(&self, _id: ProductId, _adjustment: &Adjustment) -> Result<Written, Error> {
        not_here()
    }
}
