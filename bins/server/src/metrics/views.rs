//! Figures of counted views.

use std::{fmt, sync::Arc};

use larder_views::Views;
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::{Metrics, Page, figure};

impl Metrics {
    /// Adds what becomes of views.
    pub(crate) fn watch_views(&mut self, views: &Arc<Views>) {
        self.registry.register_collector(Box::new(Viewed(Arc::clone(views))));
    }
}

#[derive(Debug)]
struct Viewed(Arc<Views>);

impl Collector for Viewed {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let status = self.0.status();
        let mut page = Page(encoder);
        page.gauge("larder_views_buffered", "Views that wait in this process", figure(status.buffered))?;
        page.gauge(
            "larder_views_cut_off",
            "1 while Redis does not take views",
            f64::from(u8::from(status.is_cut_off)),
        )?;
        let oldest = Some(status.oldest.unwrap_or_default());
        page.seconds("larder_views_oldest", "How long the oldest views have waited, here or in Redis", oldest)?;
        let counters = [
            ("larder_views_flushed", "Views that this process gave to Redis", status.flushed),
            ("larder_views_drained", "Views that this process added to the database", status.drained),
            ("larder_views_batches", "Batches in which it did", status.batches),
            ("larder_views_products", "Rows of products that it changed so", status.products),
            ("larder_views_dropped", "Views that were not counted because too many waited", status.dropped),
            ("larder_views_lost", "Views that may have been lost with Redis, or that were refused", status.lost),
        ];
        counters.into_iter().try_for_each(|(name, help, count)| page.counter(name, help, count))
    }
}
