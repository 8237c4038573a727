//! What a turn costs: processor time, memory, database queries and Redis commands, read before and after it.

mod database;
mod processes;
mod redis;

use anyhow::Result;
use larder_test_support::Redis;

pub(crate) use self::{
    database::{DatabaseMeter, SETTINGS, execute, round_trip, row_updates},
    processes::{Processes, ended_children_micros, resident_bytes},
    redis::RedisMeter,
};
use crate::systems::Running;

/// The state of all meters of one system; differences of two mean something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Processor time of the system's own processes, µs.
    pub(crate) server_micros: u64,
    /// Of the database processes that serve the system's own connections, µs.
    pub(crate) database_micros: u64,
    /// Of the system's Redis.
    pub(crate) redis_micros: u64,
    /// Statements that the system had the database execute.
    pub(crate) queries: u64,
    /// Commands that its Redis executed.
    pub(crate) commands: u64,
}

impl Reading {
    /// Reads all meters of `system`.
    ///
    /// # Errors
    /// When a server does not answer.
    pub(crate) async fn of(system: &Running, database: &DatabaseMeter) -> Result<Self> {
        let (queries, backends) = match system.database_name() {
            Some(name) => (database.queries(name).await?, database.backends(name).await?),
            None => (0, Vec::new()),
        };
        let processes = Processes::now()?;
        let (redis_micros, commands) = match system.redis() {
            Some(redis) => Self::of_redis(redis, &processes).await?,
            None => (0, 0),
        };
        Ok(Self {
            server_micros: processes.cpu_micros(&system.pids()),
            database_micros: processes.cpu_micros(&backends),
            redis_micros,
            queries,
            commands,
        })
    }

    async fn of_redis(redis: &Redis, processes: &Processes) -> Result<(u64, u64)> {
        let meter = RedisMeter::read(redis).await?;
        Ok((processes.cpu_micros(&[meter.pid]), meter.commands))
    }

    /// What came on top since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            server_micros: self.server_micros.saturating_sub(before.server_micros),
            database_micros: self.database_micros.saturating_sub(before.database_micros),
            redis_micros: self.redis_micros.saturating_sub(before.redis_micros),
            queries: self.queries.saturating_sub(before.queries),
            commands: self.commands.saturating_sub(before.commands),
        }
    }
}
