//! One direction of one connection.

use std::{
    collections::VecDeque,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::tcp::{ReadHalf, WriteHalf},
    sync::watch,
};

use super::{Counts, Direction, Fault};
use crate::ExactTimer;

/// Bytes taken from a socket at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// Chunks under way in one direction; what comes on top waits in the kernel.
const CHUNKS_UNDER_WAY: usize = 1024;

/// Reads from one side, and writes to the other when the time has come.
#[derive(Debug)]
pub(super) struct Pump {
    direction: Direction,
    fault: watch::Receiver<Fault>,
    counts: Arc<Counts>,
    under_way: VecDeque<(Instant, Vec<u8>)>,
    reader_closed: bool,
    lost_bytes: bool,
}

impl Pump {
    pub(super) fn new(direction: Direction, fault: watch::Receiver<Fault>, counts: Arc<Counts>) -> Self {
        Self { direction, fault, counts, under_way: VecDeque::new(), reader_closed: false, lost_bytes: false }
    }

    /// Runs until the sender has closed and everything has arrived.
    ///
    /// # Errors
    /// When either side breaks, or the link has lost bytes and would go on with a gap.
    pub(super) async fn run(mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let timer = ExactTimer::new()?;
        while !self.is_done() {
            let fault = *self.fault.borrow_and_update();
            let swallows = self.swallows(fault);
            if swallows {
                self.lose_what_is_under_way();
            } else if self.lost_bytes {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            let reads = !self.reader_closed && fault != Fault::Hold && self.under_way.len() < CHUNKS_UNDER_WAY;
            let next_due = self.under_way.front().map(|(due, _)| *due).filter(|_| fault != Fault::Hold);
            tokio::select! {
                _ = self.fault.changed() => {}
                waited = timer.wait_until(next_due.unwrap_or_else(Instant::now)), if next_due.is_some() => {
                    waited?;
                    self.deliver(&mut to).await?;
                }
                read = from.read(&mut chunk), if reads => match read? {
                    0 => self.reader_closed = true,
                    _ if swallows => self.lost_bytes = true,
                    length => self.take(&chunk[..length], fault),
                },
            }
            self.lost_bytes |= swallows && self.reader_closed;
        }
        to.shutdown().await
    }

    fn is_done(&self) -> bool {
        self.reader_closed && self.under_way.is_empty() && !self.lost_bytes
    }

    fn swallows(&self, fault: Fault) -> bool {
        fault == Fault::Drop || fault == Fault::HalfOpen(self.direction)
    }

    fn lose_what_is_under_way(&mut self) {
        self.lost_bytes |= !self.under_way.is_empty();
        self.under_way.clear();
    }

    fn take(&mut self, chunk: &[u8], fault: Fault) {
        let latency = if let Fault::Latency(latency) = fault { latency } else { Duration::ZERO };
        // A lowered latency must not let bytes overtake each other.
        let last = self.under_way.back().map(|(due, _)| *due);
        let due = last.into_iter().fold(Instant::now() + latency, Instant::max);
        self.under_way.push_back((due, chunk.to_vec()));
    }

    async fn deliver(&mut self, to: &mut WriteHalf<'_>) -> io::Result<()> {
        let Some((_, chunk)) = self.under_way.pop_front() else { return Ok(()) };
        // Counted first: who has read the bytes must find them counted.
        self.counts.passed(self.direction, chunk.len());
        to.write_all(&chunk).await
    }
}
