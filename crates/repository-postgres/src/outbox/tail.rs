//! A node's view of the outbox, by the difference of two snapshots.

use std::time::Duration;

use async_trait::async_trait;
use larder_repository::{Announced, Error, ErrorKind, Heard, OutboxTail, Polled};
use tokio_postgres::{Row, Statement};

use super::announced;
use crate::{failure::Failure, listener::Listener, loan::Term, rows};

const POLL: &str = include_str!("../../queries/outbox_poll.sql");
/// Where the columns of a change begin in what a poll answers.
const CHANGE: usize = 7;

/// A tail on a connection of its own.
#[derive(Debug)]
pub(super) struct PostgresTail {
    listener: Listener,
    poll: Option<Statement>,
    /// How long a poll may take.
    limit: Duration,
    last: Option<Heard>,
}

impl PostgresTail {
    pub(super) fn new(listener: Listener, limit: Duration) -> Self {
        Self { listener, poll: None, limit, last: None }
    }

    async fn ask(&mut self, limit: usize) -> Result<Polled, Failure> {
        let poll = match &self.poll {
            Some(poll) => poll.clone(),
            None => self.poll.insert(self.listener.client().prepare(POLL).await?).clone(),
        };
        let below = self.last.as_ref().map(|last| last.below.cast_signed());
        let but: Vec<i64> = self.last.iter().flat_map(|last| &last.but).map(|open| open.cast_signed()).collect();
        let most = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
        let rows = self.listener.client().query(&poll, &[&below, &but, &most]).await?;
        let Some(first) = rows.first() else { return Err(Failure::row("the outbox has no state")) };
        let heard = heard(first)?;
        let deleted_through = rows::number(rows::cell(first, 6)?)?;
        let knows = self.last.as_ref().is_some_and(|last| !is_gap(last, &heard, deleted_through));
        let changes = if knows { Some(changes_in(&rows)?) } else { None };
        Ok(Polled {
            changes: changes.filter(|changes| changes.len() <= limit),
            newest_row: rows::cell::<Option<i64>>(first, 3)?.map_or(Ok(0), rows::number)?,
            pending_from: rows::cell::<Option<i64>>(first, 4)?.map(rows::number).transpose()?,
            current: announced::taker(first, 5)?,
            heard,
        })
    }
}

fn heard(row: &Row) -> Result<Heard, Failure> {
    let but: Vec<i64> = rows::cell(row, 1)?;
    Ok(Heard {
        below: rows::number(rows::cell(row, 0)?)?,
        but: but.into_iter().map(rows::number).collect::<Result<_, _>>()?,
        timeline: rows::cell::<i64>(row, 2)?.cast_unsigned(),
    })
}

/// Whether a change may have been deleted before this tail heard of it, or its numbers mean something else now.
fn is_gap(last: &Heard, now: &Heard, deleted_through: u64) -> bool {
    // What was open and still is has no committed row that could have been deleted.
    let decided = last.but.iter().copied().find(|open| now.but.binary_search(open).is_err());
    last.timeline != now.timeline || decided.unwrap_or(last.below) <= deleted_through
}

/// One row without a change stands for none.
fn changes_in(rows: &[Row]) -> Result<Vec<Announced>, Failure> {
    let told = rows.iter().filter(|row| !matches!(rows::cell::<Option<i64>>(row, CHANGE), Ok(None)));
    let mut changes = told.map(|row| announced::announced(row, CHANGE)).collect::<Result<Vec<_>, _>>()?;
    changes.sort_unstable_by_key(|change| change.row);
    Ok(changes)
}

#[async_trait]
impl OutboxTail for PostgresTail {
    async fn poll(&mut self, limit: usize) -> Result<Polled, Error> {
        let polled = Term::starting_now("poll the outbox", self.limit).bound(self.ask(limit)).await?;
        self.last = Some(polled.heard.clone());
        Ok(polled)
    }

    async fn wait(&mut self, longest: Duration) -> Result<(), Error> {
        let lost = || Error::new(ErrorKind::Unavailable, "wait for a change");
        self.listener.wait(longest).await.map(|_| ()).ok_or_else(lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(below: u64, but: &[u64]) -> Heard {
        Heard { below, but: but.to_vec(), timeline: 1 }
    }

    #[test]
    fn a_deleted_change_is_a_gap_only_if_it_may_not_have_been_heard() {
        let now = heard(200, &[50]);
        assert!(!is_gap(&heard(100, &[]), &now, 99));
        assert!(is_gap(&heard(100, &[]), &now, 100));
        assert!(!is_gap(&heard(100, &[50]), &now, 99), "50 is still open: nothing of it can have been deleted");
        assert!(is_gap(&heard(100, &[50, 60]), &now, 60), "60 was decided since");
        assert!(is_gap(&heard(100, &[]), &Heard { timeline: 2, ..now }, 0));
    }
}
