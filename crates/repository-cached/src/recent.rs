//! The products that changed last, as far as this node heard.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use larder_domain::ProductId;

/// How many are remembered.
const REMEMBERED: usize = 64;

/// A few ids, the last ones.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<VecDeque<ProductId>>);

impl Recent {
    pub(crate) fn add(&self, id: ProductId) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.len() == REMEMBERED {
            ids.pop_front();
        }
        ids.push_back(id);
    }

    pub(crate) fn all(&self) -> Vec<ProductId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}
