//! The hottest products, in order: those that sell best and those that are looked at most, by turns.

use std::collections::{HashSet, VecDeque};

use larder_domain::{
    PageParts, PageRequest, ProductFilter, ProductId, ProductQuery, Seek, Sort, SortKey, SortOrder, Window,
};
use larder_repository::{Error, ErrorKind, Freshness, ProductRepository};

use super::BATCH;
use crate::CachedProducts;

/// Two walks, one step of each by turns.
pub(super) struct Hottest<'a> {
    walks: [Walk<'a>; 2],
    turn: usize,
    met: HashSet<ProductId>,
}

impl<'a> Hottest<'a> {
    pub(super) fn new(cached: &'a CachedProducts) -> Self {
        let most_looked_at = Sort { key: SortKey::Popularity, order: SortOrder::Descending };
        let walks = [Sort::HOT, most_looked_at];
        let walks = walks.map(|sort| Walk { cached, sort, ids: VecDeque::new(), at: At::Start });
        Self { walks, turn: 0, met: HashSet::new() }
    }

    /// The next ones, each once, at most so many; none when there are no more.
    pub(super) async fn next(&mut self, most: usize) -> Result<Vec<ProductId>, Error> {
        let mut found = Vec::new();
        while found.len() < most {
            let Some(id) = self.step().await? else { break };
            if self.met.insert(id) {
                found.push(id);
            }
        }
        Ok(found)
    }

    async fn step(&mut self) -> Result<Option<ProductId>, Error> {
        for _ in 0..self.walks.len() {
            let walk = &mut self.walks[self.turn];
            self.turn = 1 - self.turn;
            if let Some(id) = walk.step().await? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}

/// A walk along one order, by windows that the cache keeps for the next warm-up, of whichever node.
struct Walk<'a> {
    cached: &'a CachedProducts,
    sort: Sort,
    ids: VecDeque<ProductId>,
    at: At,
}

enum At {
    Start,
    After(Seek),
    End,
}

impl Walk<'_> {
    async fn step(&mut self) -> Result<Option<ProductId>, Error> {
        if self.ids.is_empty() {
            let window = match self.at {
                At::Start => {
                    let page = PageRequest::new(1, BATCH);
                    Window::Page(page.map_err(|broken| Error::new(ErrorKind::Invalid(broken), "warm up the caches"))?)
                }
                At::After(place) => Window::After { place, size: BATCH },
                At::End => return Ok(None),
            };
            let filter = ProductFilter::published();
            let query = ProductQuery { filter, sort: self.sort, window, parts: PageParts::Ids };
            let page = self.cached.find(&query, Freshness::Cached).await?.value;
            self.at = page.next.map_or(At::End, At::After);
            self.ids = page.ids.into();
        }
        Ok(self.ids.pop_front())
    }
}
