//! The log of the scripted L2: entries by place, each with a nonce.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::{LogEntry, LogNews, Nonce};

#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Vec<LogEntry>,
    /// Places go on counting when entries are lost.
    last_place: u64,
    /// Wakes those who wait for an entry.
    pub(super) news: Arc<Notify>,
}

impl Log {
    pub(super) fn append(&mut self, by: Nonce, news: LogNews) {
        self.last_place += 1;
        let place = format!("{:020}", self.last_place);
        self.entries.push(LogEntry { place, nonce: Nonce::random(), by, news });
        self.news.notify_waiters();
    }

    /// The entries from a place on.
    pub(super) fn from(&self, place: &str, limit: usize) -> Vec<LogEntry> {
        self.entries.iter().filter(|entry| entry.place.as_str() >= place).take(limit).cloned().collect()
    }

    pub(super) fn last(&mut self) -> LogEntry {
        if self.entries.is_empty() {
            self.append(Nonce::random(), LogNews::Hello);
        }
        self.entries.last().cloned().expect("one was appended")
    }

    /// Loses all but the last entries; what comes next has a later place.
    pub(super) fn trim(&mut self, keep: usize) {
        let lost = self.entries.len().saturating_sub(keep);
        self.entries.drain(..lost);
    }
}
