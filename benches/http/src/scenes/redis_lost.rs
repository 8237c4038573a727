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

/// Loads a node, kills its Redis under load, loads it again, and gives Redis back for the next round.
///
/// # Errors
/// When the node does not start or answer.
pub(super) async fn play(stage: &mut Stage, effort: &Effort) -> Result<Vec<RedisLost>> {
    stage.ensure(&[]).await?;
    let running = stage.node(System::TwoLevel, Levels::TwoLevel, &[]).await?;
    let (target, redis) = (running.target()?, running.redis().context("a node without redis")?);
    let traffic = traffic(ZIPF, Asked::Product, 0);
    let mut rounds = Vec::new();
    for _ in 0..effort.rounds {
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
        let lost = RedisLost {
            before: before.per_second(),
            after: after.requests as f64 / after.elapsed.as_secs_f64(),
            failed: meanwhile?.failed + after.failed,
        };
        say(format_args!("redis lost: {:.0} before, {:.0} after, {} failed", lost.before, lost.after, lost.failed));
        rounds.push(lost);
        redis.restart().await?;
    }
    Ok(rounds)
}
