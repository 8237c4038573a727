//! Redis is killed while requests come in.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::sleep;

use super::{say, turns};
use crate::{
    load::{self, Asked},
    plan::{Effort, System, ZIPF, traffic},
    results::RedisLost,
    systems::{Levels, Stage},
};

/// How long after the load has begun Redis dies.
const DEATH: Duration = Duration::from_millis(500);

/// In each round loads a new node, kills its Redis under load, loads it again, gives Redis back and loads it once more.
///
/// # Errors
/// When the node does not start or answer.
pub(super) async fn play(stage: &mut Stage, effort: &Effort) -> Result<Vec<RedisLost>> {
    stage.ensure(&[]).await?;
    let traffic = traffic(ZIPF, Asked::Product, 0);
    let mut rounds = Vec::new();
    for _ in 0..effort.rounds {
        let running = stage.node(System::TwoLevel, Levels::TwoLevel, &[]).await?;
        let (target, redis) = (running.target()?, running.redis().context("a node without redis")?);
        turns::run_in(&running, &traffic, effort, 3).await?;
        let before = turns::turn(&running, stage, &traffic, effort).await?;
        let loss = async {
            sleep(DEATH).await;
            redis.kill().await
        };
        let load = load::closed_loop(&target, &traffic, effort.connections, DEATH * 2);
        let (meanwhile, killed) = tokio::join!(load, loss);
        killed?;
        let after = load::closed_loop(&target, &traffic, effort.connections, effort.turn()).await?;
        redis.restart().await?;
        let back = load::closed_loop(&target, &traffic, effort.connections, effort.turn()).await?;
        let lost = RedisLost {
            before: before.per_second(),
            after: after.per_second(),
            back: back.per_second(),
            failed: meanwhile?.failed + after.failed + back.failed,
        };
        let RedisLost { before, after, back, failed } = lost;
        say(format_args!("redis lost: {before:.0} before, {after:.0} after, {back:.0} once back, {failed} failed"));
        rounds.push(lost);
    }
    Ok(rounds)
}
