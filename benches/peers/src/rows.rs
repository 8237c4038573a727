//! The rows of the table, and the object that runs any of them for one contender.

mod batch;
mod hit;
mod miss;
mod race;
mod stampede;

use std::marker::PhantomData;

use async_trait::async_trait;

use crate::contender::{Contender, Settings};
use crate::outcome::Outcome;

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    L1Hit,
    L2Hit,
    Miss,
    Stampede,
    Batch,
    Race,
}

impl Row {
    /// All, in the order of the table.
    pub(crate) const ALL: [Self; 6] = [Self::L1Hit, Self::L2Hit, Self::Miss, Self::Stampede, Self::Batch, Self::Race];

    /// What the row measures, with its unit.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::L1Hit => "L1 hit, 1 KiB, ns",
            Self::L2Hit => "L2 hit, 64 tasks, µs of wall time each",
            Self::Miss => "miss, one at a time, µs; Redis commands each",
            Self::Stampede => "1,000 calls of a cold key, 5 ms load, ms until all are answered; loads",
            Self::Batch => "100 keys from L2 in one call, µs; Redis commands",
            Self::Race => "read after an invalidation during a load",
        }
    }
}

/// A contender in the race, its type hidden.
#[async_trait]
pub(crate) trait Lane: Send + Sync {
    /// The crate's name.
    fn name(&self) -> &'static str;

    /// Runs one round of a row; trouble is an answer too.
    async fn round(&self, row: Row) -> Outcome;
}

/// The lane of one contender.
#[derive(Debug)]
pub(crate) struct Entrant<C> {
    settings: Settings,
    contender: PhantomData<fn() -> C>,
}

impl<C: Contender> Entrant<C> {
    /// A lane with these settings.
    pub(crate) fn boxed(settings: &Settings) -> Box<dyn Lane> {
        Box::new(Self { settings: settings.clone(), contender: PhantomData })
    }
}

#[async_trait]
impl<C: Contender> Lane for Entrant<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    async fn round(&self, row: Row) -> Outcome {
        let answer = match row {
            Row::L1Hit => hit::l1::<C>(&self.settings).await,
            Row::L2Hit => hit::l2::<C>(&self.settings).await,
            Row::Miss => miss::run::<C>(&self.settings).await,
            Row::Stampede => stampede::run::<C>(&self.settings).await,
            Row::Batch => batch::run::<C>(&self.settings).await,
            Row::Race => race::run::<C>(&self.settings).await,
        };
        answer.unwrap_or_else(|error| Outcome::Said(format!("failed: {error:#}")))
    }
}

/// Waits for writes that a cache makes behind its caller's back; nothing is decided by how long.
async fn settle() {
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
}

#[expect(clippy::cast_precision_loss, reason = "counts here stay far below 2^52")]
fn count(operations: usize) -> f64 {
    operations as f64
}
