//! More connections, each with one request at a time, beside actix-web answering constant bytes over as many.

use anyhow::{Context, Result};

use super::{fill, no_views};
use crate::{
    load::Asked,
    plan::{PRODUCTS, System, ZIPF, traffic},
    scale::{Bench, figures::Series, step::RUN_IN},
    systems::Levels,
};

const CONNECTIONS: [u32; 5] = [16, 64, 256, 1_024, 4_096];

/// # Errors
/// When a server does not start or answer.
pub(crate) async fn connections(bench: &mut Bench) -> Result<Vec<Series>> {
    bench.stage.ensure(&[System::Bare]).await?;
    let node = bench.stage.node(System::TwoLevel, Levels::TwoLevel, &[no_views()]).await?;
    fill(node.address().context("a node")?, u64::from(PRODUCTS)).await?;
    let bare = bench.stage.get(System::Bare)?;
    let traffic = traffic(ZIPF, Asked::Product, 0);
    let mut found = [Series::new("two levels, hits in L1"), Series::new("bare actix-web, constant bytes")];
    for connections in CONNECTIONS {
        let name = crate::report::grouped(f64::from(connections));
        for (series, running) in found.iter_mut().zip([&node, bare]) {
            bench.run_in(running, &traffic, connections, RUN_IN).await?;
            series.steps.push(bench.step(&name, running, &traffic, connections).await?);
        }
    }
    Ok(found.into())
}
