//! The log of a shard: how its entries look, and how a reader waits for the next.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{Pipeline, Value, aio::MultiplexedConnection};
use tokio::time::timeout;
use xxhash_rust::xxh3::Xxh3;

use super::connection::Link;
use crate::{Identity, LogEntry, LogNews, LogPage, Nonce, RemoteError};

/// How much longer than it was told to wait a server may be silent.
const SILENCE: Duration = Duration::from_secs(1);

type Kept = Option<(MultiplexedConnection, Identity)>;

/// The connection on which a reader waits: on a shared one it would keep everybody else waiting.
#[derive(Default)]
pub(super) struct Listener(Mutex<Kept>);

impl Listener {
    /// The page from `place` on; waits for an entry after it, if there is none, in the same round trip.
    pub(super) async fn read(
        &self,
        link: &Link,
        [log, place]: [&str; 2],
        limit: usize,
        wait: Duration,
    ) -> Result<LogPage, RemoteError> {
        let current = link.identity().await?;
        // Taken out: who is dropped in the middle leaves no connection behind that owes an answer.
        let kept = self.kept().take().filter(|(_, server)| *server == current);
        let (mut connection, server) = match kept {
            Some(kept) => kept,
            None => link.dedicated().await?,
        };
        let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut pipeline = redis::pipe();
        let waiting = pipeline.cmd("XREAD").arg("COUNT").arg(1).arg("BLOCK").arg(milliseconds);
        waiting.arg("STREAMS").arg(log).arg(place);
        range(&mut pipeline, log, place, limit);
        let answer = timeout(wait.saturating_add(SILENCE), pipeline.query_async::<(Value, Value)>(&mut connection));
        let answer = answer.await.map_err(|_late| RemoteError("the server is silent".into()))?;
        let (_woken, entries) = answer.map_err(|cause| RemoteError(cause.to_string()))?;
        let page = LogPage { server, entries: entries_of(entries)? };
        *self.kept() = Some((connection, server));
        Ok(page)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks for the entries from `place` on. What is no log answers an error of its own, which [`entries_of`] reads.
pub(super) fn range(pipeline: &mut Pipeline, log: &str, place: &str, limit: usize) {
    pipeline.cmd("XRANGE").arg(log).arg(place).arg("+").arg("COUNT").arg(limit);
    pipeline.ignore_errors();
}

/// The entries of an answer to `XRANGE`. Where something else stands in the place of a log, there are none: a gap, and who finds one
/// anchors anew.
pub(super) fn entries_of(answer: Value) -> Result<Vec<LogEntry>, RemoteError> {
    match answer {
        Value::Array(entries) => entries.into_iter().map(entry).collect(),
        Value::ServerError(cause) if cause.code() == "WRONGTYPE" => Ok(Vec::new()),
        Value::ServerError(cause) => Err(RemoteError(cause.to_string())),
        _ => Err(super::unknown("the log")),
    }
}

fn entry(answer: Value) -> Result<LogEntry, RemoteError> {
    let Value::Array(parts) = answer else { return Err(super::unknown("the log")) };
    let mut parts = parts.into_iter();
    let (Some(Value::BulkString(place)), Some(Value::Array(fields))) = (parts.next(), parts.next()) else {
        return Err(super::unknown("the log"));
    };
    let place = String::from_utf8(place).map_err(|_foreign| super::unknown("the log"))?;
    let fields: Vec<&[u8]> = fields.iter().map(bytes).collect();
    Ok(match ours(&fields) {
        Some((nonce, by, news)) => LogEntry { place, nonce, by, news },
        None => {
            let nonce = hash(&fields);
            LogEntry { place, nonce, by: nonce, news: LogNews::Unknown }
        }
    })
}

fn bytes(value: &Value) -> &[u8] {
    if let Value::BulkString(bytes) = value { bytes } else { &[] }
}

/// An entry as the scripts append it.
fn ours(fields: &[&[u8]]) -> Option<(Nonce, Nonce, LogNews)> {
    let [b"n", nonce, b"b", by, b"k", kind, b"c", cache, b"x", text, b"v", version] = fields else { return None };
    let owned = |bytes: &[u8]| str::from_utf8(bytes).ok().map(str::to_owned);
    let (cache, text) = (owned(cache)?, owned(text)?);
    let news = match *kind {
        b"hello" => LogNews::Hello,
        b"key" if version.is_empty() => LogNews::Key { cache, text, version: None },
        b"key" => LogNews::Key { cache, text, version: Some(str::from_utf8(version).ok()?.parse().ok()?) },
        b"tag" => LogNews::Tag { cache, tag: text },
        b"all" => LogNews::Everything { cache },
        _ => return None,
    };
    Some((Nonce((*nonce).try_into().ok()?), Nonce((*by).try_into().ok()?), news))
}

/// Stands for the nonce of an entry that has none.
fn hash(fields: &[&[u8]]) -> Nonce {
    let mut hash = Xxh3::new();
    for field in fields {
        hash.update(&field.len().to_be_bytes());
        hash.update(field);
    }
    Nonce(hash.digest128().to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[&str]) -> LogEntry {
        let fields = fields.iter().map(|field| Value::BulkString(field.as_bytes().to_vec())).collect();
        let entry = Value::Array(vec![Value::BulkString(b"1-2".to_vec()), Value::Array(fields)]);
        entries_of(Value::Array(vec![entry])).expect("it is an entry").remove(0)
    }

    const NONCE: &str = "0123456789abcdef";
    const BY: &str = "fedcba9876543210";

    #[test]
    fn an_entry_says_what_was_invalidated() {
        let key = read(&["n", NONCE, "b", BY, "k", "key", "c", "names", "x", "7", "v", "00000000000000000042"]);
        let news = LogNews::Key { cache: "names".into(), text: "7".into(), version: Some(42) };
        assert_eq!(
            key,
            LogEntry { place: "1-2".into(), nonce: Nonce(*b"0123456789abcdef"), by: Nonce(*b"fedcba9876543210"), news }
        );
        let tag = read(&["n", NONCE, "b", BY, "k", "tag", "c", "names", "x", "red", "v", ""]);
        assert_eq!(tag.news, LogNews::Tag { cache: "names".into(), tag: "red".into() });
        let all = read(&["n", NONCE, "b", BY, "k", "all", "c", "names", "x", "", "v", ""]);
        assert_eq!(all.news, LogNews::Everything { cache: "names".into() });
    }

    #[test]
    fn an_entry_that_is_none_of_ours_is_unknown_and_told_from_others() {
        let foreign: [&[&str]; 6] = [
            &[],
            &["a", "b"],
            &["n", "short", "b", BY, "k", "hello", "c", "", "x", "", "v", ""],
            &["n", NONCE, "b", "short", "k", "hello", "c", "", "x", "", "v", ""],
            &["n", NONCE, "b", BY, "k", "later", "c", "", "x", "", "v", ""],
            &["n", NONCE, "b", BY, "k", "key", "c", "", "x", "", "v", "many"],
        ];
        let read: Vec<LogEntry> = foreign.iter().map(|fields| read(fields)).collect();
        assert!(read.iter().all(|entry| entry.news == LogNews::Unknown));
        for (at, entry) in read.iter().enumerate() {
            assert!(read[..at].iter().all(|earlier| earlier.nonce != entry.nonce), "{at}");
        }
    }

    #[test]
    fn what_is_no_page_is_an_error() {
        for answer in [Value::Nil, Value::Array(vec![Value::Nil]), Value::Array(vec![Value::Array(Vec::new())])] {
            entries_of(answer).unwrap_err();
        }
    }
}
