//! Larger products: a longer description, in L1, in Redis and in the database.

use anyhow::Result;

use super::no_views;
use crate::{
    load::{Asked, Keys, Traffic},
    meters::execute,
    plan::{CONNECTIONS, System, traffic},
    scale::{Bench, figures::Series, step::RUN_IN},
    systems::{Levels, Running, Server},
};

/// Characters, each of one byte, of a description.
const LENGTHS: [u32; 5] = [200, 1_024, 4_096, 16_384, 65_536];

/// Few, so that the longest fit into an L1 as it comes.
const PRODUCTS: u64 = 200;

/// A description has at most 10,000 characters. That rule is lifted here, in the database alone, to see further.
const LIFT: &str = "ALTER TABLE products DROP CONSTRAINT products_description_check";

/// Text that does not compress to nothing.
fn lengthen(length: u32) -> String {
    format!(
        "UPDATE products SET description = (SELECT left(string_agg(md5(products.id::text || ':' || part), ''), {length}) \
         FROM generate_series(1, {length} / 32 + 1) part) WHERE id <= {PRODUCTS}"
    )
}

/// # Errors
/// When a node does not start or answer.
pub(crate) async fn values(bench: &mut Bench) -> Result<Vec<Series>> {
    bench.stage.ensure(&[]).await?;
    let database = bench.stage.database().await?;
    execute(&database.url(), LIFT).await?;
    let traffic = Traffic { products: PRODUCTS, ..traffic(Keys::Uniform, Asked::Product, 0) };
    let levels = [
        (System::TwoLevel, Levels::TwoLevel, "two levels, hits in L1"),
        (System::L2, Levels::L2, "Redis alone"),
        (System::Uncached, Levels::None, "no cache, PostgreSQL"),
    ];
    let mut found = levels.map(|(_, _, name)| Series::new(name));
    let mut running =
        Running { system: System::Uncached, servers: Vec::new(), link: None, redis: None, database: Some(database) };
    for length in LENGTHS {
        let url = running.database.as_ref().map(larder_test_support::TestDatabase::url).unwrap_or_default();
        execute(&url, &lengthen(length)).await?;
        for (series, (system, levels, _)) in found.iter_mut().zip(levels) {
            running.system = system;
            running.redis = if levels.use_redis() { Some(bench.stage.redis().await?) } else { None };
            let redis_url = running.redis().map(|redis| redis.url());
            let node = bench.stage.larder.start(levels, &url, redis_url.as_deref(), &[no_views()]).await?;
            running.servers = vec![Server::Ours(node)];
            bench.run_in(&running, &traffic, CONNECTIONS, RUN_IN).await?;
            series.steps.push(bench.step(&kibibytes(length), &running, &traffic, CONNECTIONS).await?);
        }
    }
    Ok(found.into())
}

fn kibibytes(length: u32) -> String {
    if length < 1_024 { format!("{length} B") } else { format!("{} KiB", length / 1_024) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_named_as_people_do() {
        assert_eq!(LENGTHS.map(kibibytes), ["200 B", "1 KiB", "4 KiB", "16 KiB", "64 KiB"]);
    }
}
