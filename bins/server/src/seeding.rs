//! Fills a catalogue with demo products.

use anyhow::Context;
use larder_repository::{ImportedProduct, ProductImport};

/// Products of one transaction: the default catalogue is one, a large one does not have to fit in memory.
const CHUNK: usize = 10_000;

/// Adds those of the first `count` demo products whose ids are not there; answers how many that were.
///
/// # Errors
/// When the database refuses; earlier chunks stay.
pub(crate) async fn seed(import: &dyn ProductImport, count: u32) -> anyhow::Result<u64> {
    let mut products = larder_demo_data::products(count);
    let mut added = 0;
    loop {
        let chunk: Vec<ImportedProduct> = products.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(added);
        }
        added += import.import(&chunk).await.context("cannot add demo products")?;
    }
}
