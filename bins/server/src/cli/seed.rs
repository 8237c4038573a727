//! `larder seed`: demo products into any database.

use crate::{config::Config, seeding};

/// Adds the demo products that are not there yet, up to `products` of them.
pub(super) async fn run(config: &Config, products: u32) -> anyhow::Result<()> {
    let (storage, _) = super::open(config).await?;
    let added = seeding::seed(storage.import.as_ref(), products).await;
    storage.database.close().await;
    super::say(format_args!("added {} products", added?))
}
