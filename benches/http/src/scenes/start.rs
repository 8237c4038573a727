//! From the start of the process to ready, embedded, with a file that is there already.

use anyhow::{Context, Result};

use super::say;
use crate::{
    plan::{Effort, PRODUCTS},
    systems::{Levels, Stage},
};

/// Starts, and stops as an operator would, and starts again.
///
/// # Errors
/// When it does not start or stop.
pub(super) async fn play(stage: &mut Stage, effort: &Effort) -> Result<Vec<f64>> {
    stage.ensure(&[]).await?;
    let larder = &stage.larder;
    let folder = tempfile::tempdir().context("make a folder")?;
    let url = format!("sqlite://{}", folder.path().join("larder.db").display());
    larder.seed(&url, PRODUCTS).await?;
    let mut millis = Vec::new();
    for _ in 0..=effort.rounds {
        let node = larder.start(Levels::L1, &url, None, &[]).await?;
        millis.push(node.took().as_secs_f64() * 1_000.0);
        node.stop().await?;
    }
    // The first one finds a cold file.
    millis.remove(0);
    say(format_args!("start: {millis:.1?} ms"));
    Ok(millis)
}
