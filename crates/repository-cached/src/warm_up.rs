//! Fills the caches before anybody asks: first pages and the hottest products, one small load after the other.

mod hottest;
mod room;

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicU64, Ordering},
};

use larder_cache::{CallOptions, Lookup, Source};
use larder_domain::{
    Category, Encoded, PageParts, PageRequest, ProductFilter, ProductId, ProductQuery, Sort, SortKey, SortOrder, Window,
};
use larder_repository::{Error, ErrorKind, Freshness, ProductRepository};

use self::{hottest::Hottest, room::Room};
use crate::{CachedProducts, kept::KeptProduct};

/// Most products of one load.
const BATCH: u32 = 200;

/// The orders in which the first page of a list is warmed: the newest, the best sold, those that are looked at most.
const FIRST_PAGES: [Sort; 3] = [
    Sort { key: SortKey::CreatedAt, order: SortOrder::Descending },
    Sort::HOT,
    Sort { key: SortKey::Popularity, order: SortOrder::Descending },
];

/// What is to be in the caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarmUp {
    /// How many products: those that sell best and those that are looked at most, by turns, published ones only.
    pub products: u32,
    /// Products of a first page, 1 to [`PageRequest::MAX_SIZE`].
    pub page_size: u32,
    /// Of how many categories the first pages, those of most of these products first.
    pub categories: usize,
}

/// How far a warm-up came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WarmedUp {
    /// Products that are cached now.
    pub products: u64,
    /// Of these, how many were in L1 already.
    pub from_l1: u64,
    /// How many came from L2.
    pub from_l2: u64,
    /// How many were loaded.
    pub loaded: u64,
    /// First pages that are cached now, each with its total if readers ask for one.
    pub pages: u64,
    /// Whether it ended early because L1 has no room for more.
    pub is_full: bool,
}

impl CachedProducts {
    /// Reads first pages, the figures and the hottest products through the caches, so that they are there when somebody asks. What L2 has is taken
    /// from there. `progress` hears of each step.
    ///
    /// It waits until what it reads will be kept: until this node hears of changes and, for a moment, until it believes L2. One load after the
    /// other leaves the budget to requests. It ends when L1 has no room for more, so that it evicts nothing.
    ///
    /// # Errors
    /// The first failure of a read, `Overloaded` among them: then requests need the database more. What was read until then stays.
    ///
    /// # Cancellation
    /// May be dropped anywhere; loads under way end by themselves.
    pub async fn warm_up(&self, plan: &WarmUp, progress: &(dyn Fn(WarmedUp) + Send + Sync)) -> Result<WarmedUp, Error> {
        let _mark = Mark::new(&self.warmed);
        if let Some(coherence) = &self.coherence {
            coherence.keeps().await;
        }
        let room = Room::of(&self.caches);
        let (done, seen, categories) = Default::default();
        let mut run = Run { cached: self, plan, progress, room, done, seen, categories };
        run.first_pages(None).await?;
        self.stats(Freshness::Cached).await?;
        run.hottest().await?;
        for category in run.top_categories() {
            run.first_pages(Some(category)).await?;
        }
        Ok(run.done)
    }

    /// Moves when a warm-up begins and when it ends; odd while one is under way. What it reads is not what anybody asked for.
    pub fn warm_up_mark(&self) -> u64 {
        self.warmed.load(Ordering::Relaxed)
    }
}

/// Moves the mark now and when it is dropped.
struct Mark<'a>(&'a AtomicU64);

impl<'a> Mark<'a> {
    fn new(mark: &'a AtomicU64) -> Self {
        mark.fetch_add(1, Ordering::Relaxed);
        Self(mark)
    }
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// One warm-up.
struct Run<'a> {
    cached: &'a CachedProducts,
    plan: &'a WarmUp,
    progress: &'a (dyn Fn(WarmedUp) + Send + Sync),
    room: Room,
    done: WarmedUp,
    seen: HashSet<ProductId>,
    /// How many of the hottest products each category has.
    categories: HashMap<Category, usize>,
}

impl Run<'_> {
    /// The first pages of a category or of all, with their products.
    async fn first_pages(&mut self, category: Option<Category>) -> Result<(), Error> {
        let page = PageRequest::new(1, self.plan.page_size);
        let page = page.map_err(|broken| Error::new(ErrorKind::Invalid(broken), "warm up the caches"))?;
        let filter = ProductFilter { category, ..ProductFilter::published() };
        for sort in FIRST_PAGES {
            if self.is_full() {
                return Ok(());
            }
            let query = ProductQuery {
                filter: filter.clone(),
                sort,
                window: Window::Page(page),
                parts: PageParts::IdsAndTotal,
            };
            let ids = self.cached.find(&query, Freshness::Cached).await?.value.ids;
            self.done.pages += 1;
            self.warm(ids).await?;
        }
        Ok(())
    }

    /// The hottest products, as many as are wanted.
    async fn hottest(&mut self) -> Result<(), Error> {
        let (mut hottest, mut left) = (Hottest::new(self.cached), u64::from(self.plan.products));
        while left > 0 && !self.is_full() {
            let most = left.min(BATCH.into()).min(self.room.products());
            let ids = hottest.next(usize::try_from(most).unwrap_or(usize::MAX)).await?;
            if ids.is_empty() {
                break;
            }
            left -= ids.len() as u64;
            self.warm(ids).await?;
        }
        Ok(())
    }

    /// Products that were not read yet, as far as there is room.
    async fn warm(&mut self, mut ids: Vec<ProductId>) -> Result<(), Error> {
        ids.retain(|id| !self.seen.contains(id));
        let room = usize::try_from(self.room.products()).unwrap_or(usize::MAX);
        self.done.is_full |= ids.len() > room;
        ids.truncate(room);
        if !ids.is_empty() {
            let found = self.cached.look_up(&ids, CallOptions::new()).await?;
            for (id, product) in ids.into_iter().zip(found) {
                self.seen.insert(id);
                self.count(product);
            }
        }
        (self.progress)(self.done);
        Ok(())
    }

    fn count(&mut self, found: Lookup<KeptProduct>) {
        let Some(kept) = found.value else { return };
        self.room.take(kept.json().len());
        self.done.products += 1;
        match found.source {
            Source::L1 => self.done.from_l1 += 1,
            Source::L2 => self.done.from_l2 += 1,
            _ => self.done.loaded += 1,
        }
        // What cannot be read has no category; whoever asks for it will hear of that.
        if let Ok(product) = Encoded::from(kept).value() {
            *self.categories.entry(product.category.clone()).or_default() += 1;
        }
    }

    fn is_full(&mut self) -> bool {
        self.done.is_full |= self.room.products() == 0;
        self.done.is_full
    }

    /// Those of most of the hottest products first.
    fn top_categories(&self) -> Vec<Category> {
        let mut categories: Vec<_> = self.categories.iter().collect();
        categories.sort_unstable_by(|(name, count), (other, others)| others.cmp(count).then_with(|| name.cmp(other)));
        categories.into_iter().take(self.plan.categories).map(|(category, _)| category.clone()).collect()
    }
}
