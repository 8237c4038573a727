//! More products, embedded: an index grows by a level now and then, and an L1 of fixed size holds a smaller part.

use anyhow::Result;

use super::{no_views, no_warm_up};
use crate::{
    load::{Asked, Traffic},
    plan::{CONNECTIONS, System, ZIPF, traffic},
    scale::{
        Bench,
        figures::Series,
        step::{FILLING, FRESH, RUN_IN},
    },
    scenes::{
        memory::{prepared, seeded},
        say,
    },
    systems::{Levels, Running, Server},
};

/// The last one takes a quarter of an hour to make, so it is measured only if its file is there: the scene `memory` of `cargo x bench http`
/// leaves it behind.
const SIZES: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
const ONLY_IF_THERE: u32 = 1_000_000;

/// SQLite, as only there a million products are prepared.
///
/// # Errors
/// When a node does not start or answer.
pub(crate) async fn products(bench: &mut Bench) -> Result<Vec<Series>> {
    bench.stage.ensure(&[]).await?;
    let mut plain = Series::new("no cache: one product, zipf");
    let mut page = Series::new("no cache: the first page of 20");
    let mut cached = Series::new("L1 of 256 MiB: one product, zipf");
    for size in SIZES {
        if size == ONLY_IF_THERE && !prepared(&bench.folder, size).exists() {
            say(format_args!("{size} products: left out, {} is not there", prepared(&bench.folder, size).display()));
            continue;
        }
        let url = seeded(&bench.stage.larder, size, &bench.folder).await?;
        let name = crate::report::grouped(f64::from(size));
        let ask = |asked| Traffic { products: u64::from(size), prepared_at_least: FRESH, ..traffic(ZIPF, asked, 0) };
        let node = start(bench, Levels::None, &url).await?;
        bench.run_in(&node, &ask(Asked::Product), CONNECTIONS, RUN_IN).await?;
        plain.steps.push(bench.step(&name, &node, &ask(Asked::Product), CONNECTIONS).await?);
        page.steps.push(bench.step(&name, &node, &ask(Asked::Page), CONNECTIONS).await?);
        drop(node);
        let node = start(bench, Levels::L1, &url).await?;
        bench.run_in(&node, &ask(Asked::Product), CONNECTIONS, RUN_IN * FILLING).await?;
        cached.steps.push(bench.step(&name, &node, &ask(Asked::Product), CONNECTIONS).await?);
    }
    Ok(vec![plain, page, cached])
}

async fn start(bench: &Bench, levels: Levels, url: &str) -> Result<Running> {
    let node = bench.stage.larder.start(levels, url, None, &[no_views(), no_warm_up()]).await?;
    Ok(Running { system: System::L1, servers: vec![Server::Ours(node)], link: None, redis: None, database: None })
}
