//! Demo products behind a counter: how often the database is asked, how much at once, and when it gives out.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use larder_domain::{
    Adjustment, CatalogueStats, Category, Encoded, Product, ProductDraft, ProductId, ProductPage, ProductQuery, Seek,
    SortKey, Window,
};
use larder_repository::{
    Database, Error, ErrorKind, Freshness, Precondition, ProductChange, ProductImport, ProductRepository, Read, Written,
};
use larder_repository_sqlite::{SqliteDatabase, SqliteOptions, SqliteProducts};
use tempfile::TempDir;

/// The published products, of which those with high ids are the newest and sell best, and those with low ids are looked at most.
#[derive(Debug)]
pub(crate) struct Shop {
    products: SqliteProducts,
    pub(crate) published: Vec<(ProductId, Category)>,
    questions: AtomicUsize,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    /// Questions that are answered before the shop fails.
    patience: AtomicUsize,
    _folder: TempDir,
}

impl Shop {
    pub(crate) async fn with_products(count: u32) -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = SqliteDatabase::open(SqliteOptions::new(folder.path().join("larder.db"))).expect("opens");
        database.migrate().await.expect("migrates");
        let products = SqliteProducts::new(&database);
        let demo: Vec<_> = larder_demo_data::products(count).collect();
        products.import(&demo).await.expect("is imported");
        let published = demo.into_iter().filter(|product| product.draft.is_published);
        let published = published.map(|product| (product.id, product.draft.category)).collect();
        let (questions, at_once, most_at_once) = Default::default();
        let patience = AtomicUsize::new(usize::MAX);
        Arc::new(Self { products, published, questions, at_once, most_at_once, patience, _folder: folder })
    }

    /// How many questions came since the last call.
    pub(crate) fn questions(&self) -> usize {
        self.questions.swap(0, Ordering::SeqCst)
    }

    /// How many there were at one time, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }

    /// From now on it answers so many questions and no more.
    pub(crate) fn fail_after(&self, questions: usize) {
        self.patience.store(questions, Ordering::SeqCst);
    }

    async fn ask<T>(&self, question: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        if self.patience.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
            return Err(Error::new(ErrorKind::Unavailable, "ask a shop"));
        }
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        // Others may ask meanwhile.
        tokio::task::yield_now().await;
        let answer = question.await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        answer
    }

    fn page(&self, query: &ProductQuery) -> ProductPage {
        let wanted = query.filter.category.as_ref();
        let listed = self.published.iter().filter(|(_, category)| wanted.is_none_or(|wanted| wanted == category));
        let mut ids: Vec<ProductId> = listed.map(|(id, _)| *id).collect();
        let total = ids.len() as u64;
        if query.sort.key != SortKey::Popularity {
            ids.reverse();
        }
        let (start, size) = match query.window {
            Window::Page(page) => (usize::try_from(page.offset()).expect("small"), page.size()),
            Window::After { place, size } => (ids.iter().position(|id| *id == place.id).expect("is listed") + 1, size),
        };
        let rest = ids.split_off(start.min(ids.len()));
        let page: Vec<ProductId> = rest.iter().copied().take(size as usize).collect();
        let more = rest.len() > page.len();
        let next = page.last().filter(|_| more).map(|id| Seek { first: 0, second: 0, id: *id });
        ProductPage { ids: page, next, total: Some(total) }
    }
}

fn closed<T>() -> Result<T, Error> {
    Err(Error::new(ErrorKind::NotFound, "write to a shop"))
}

#[async_trait]
impl ProductRepository for Shop {
    async fn get(&self, id: ProductId, freshness: Freshness) -> Result<Read<Option<Encoded<Product>>>, Error> {
        self.ask(self.products.get(id, freshness)).await
    }

    async fn get_many(
        &self,
        ids: &[ProductId],
        freshness: Freshness,
    ) -> Result<Read<Vec<Option<Encoded<Product>>>>, Error> {
        self.ask(self.products.get_many(ids, freshness)).await
    }

    async fn find(&self, query: &ProductQuery, _freshness: Freshness) -> Result<Read<ProductPage>, Error> {
        self.ask(async { Ok(Read::from_database(self.page(query))) }).await
    }

    async fn stats(&self, freshness: Freshness) -> Result<Read<CatalogueStats>, Error> {
        self.ask(self.products.stats(freshness)).await
    }

    async fn create(&self, _draft: &ProductDraft) -> Result<Written, Error> {
        closed()
    }

    async fn update(&self, _id: ProductId, _change: &ProductChange, _: Precondition) -> Result<Written, Error> {
        closed()
    }

    async fn delete(&self, _id: ProductId, _precondition: Precondition) -> Result<Written, Error> {
        closed()
    }

    async fn adjust(&self, _id: ProductId, _adjustment: &Adjustment) -> Result<Written, Error> {
        closed()
    }
}
