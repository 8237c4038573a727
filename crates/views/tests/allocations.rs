//! To count a view allocates nothing: measured, in a process of its own because the counting allocator is global.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use larder_domain::ProductId;
use larder_repository::{Error, ViewBatchId, ViewRepository, ViewsAdded};
use larder_views::{Views, ViewsOptions};

#[derive(Debug)]
struct Nobody;

#[async_trait]
impl ViewRepository for Nobody {
    async fn add_views(&self, _batch: ViewBatchId, views: &[(ProductId, u64)]) -> Result<ViewsAdded, Error> {
        Ok(ViewsAdded::Now { products: views.len() as u64 })
    }
}

#[tokio::test]
async fn to_count_a_view_allocates_nothing() {
    let options = ViewsOptions { flush: Duration::from_hours(1), drain: Duration::from_hours(1) };
    let views = Views::start(Arc::new(Nobody), None, options, tokio::runtime::Handle::current());
    let ids: Vec<ProductId> = (1..=4_000).map(|id| ProductId::new(id).expect("is positive")).collect();
    // The table of this thread is made with its first view.
    views.count(ids[0]);
    let counted = allocation_counter::measure(|| (0..100_000).for_each(|view| views.count(ids[view % ids.len()])));
    assert_eq!(counted.count_total, 0, "{counted:?}");
    assert_eq!(views.status().buffered, 100_001);
}
