//! How views are written for the scripts, and how the scripts' answers are read.

use std::{fmt::Write, time::Duration};

use larder_cache::{Nonce, RemoteError, ScriptReply};
use larder_domain::ProductId;
use larder_repository::ViewBatchId;

use crate::shared::{Settled, Standing, Taken, ViewBatch};

/// `product views product views …`.
pub(super) fn text(parcel: &ViewBatch) -> String {
    let mut text = String::with_capacity(parcel.views.len() * 12);
    for (product, views) in &parcel.views {
        let gap = if text.is_empty() { "" } else { " " };
        // A text takes everything.
        write!(text, "{gap}{product} {views}").unwrap_or_default();
    }
    text
}

fn views(text: &[u8]) -> Option<Vec<(ProductId, u64)>> {
    let numbers: Vec<&str> = str::from_utf8(text).ok()?.split_ascii_whitespace().collect();
    let pair = |pair: &[&str]| Some((pair[0].parse().ok()?, pair[1].parse().ok()?));
    if numbers.len().is_multiple_of(2) { numbers.chunks_exact(2).map(pair).collect() } else { None }
}

pub(super) fn settled(reply: &ScriptReply) -> Result<Settled, RemoteError> {
    let read = || match reply.list() {
        [first, round, found] => Some(Settled {
            standing: standing(first)?,
            round: count(round)?,
            found: found.list().iter().map(|found| found.integer() == Some(1)).collect(),
        }),
        _ => None,
    };
    read().ok_or_else(unknown)
}

pub(super) fn taken(reply: &ScriptReply) -> Result<(Standing, Taken), RemoteError> {
    let read = || {
        let (first, rest) = reply.list().split_first()?;
        let taken = match rest {
            [ScriptReply::Integer(0)] => Taken::Busy,
            [ScriptReply::Integer(1)] => Taken::Nothing,
            [ScriptReply::Integer(2), id, held] => {
                let id = ViewBatchId(nonce(id)?.0);
                Taken::Batch(ViewBatch { id, views: views(held.bytes()?)? })
            }
            _ => return None,
        };
        Some((standing(first)?, taken))
    };
    read().ok_or_else(unknown)
}

fn standing(reply: &ScriptReply) -> Option<Standing> {
    let [epoch, done, age] = reply.list() else { return None };
    let oldest = count(age).map(Duration::from_millis);
    // Before the first round there is none that is done.
    Some(Standing { epoch: nonce(epoch)?, done: count(done).unwrap_or(0), oldest })
}

fn nonce(reply: &ScriptReply) -> Option<Nonce> {
    reply.bytes()?.as_ref().try_into().ok().map(Nonce)
}

fn count(reply: &ScriptReply) -> Option<u64> {
    u64::try_from(reply.integer()?).ok()
}

pub(super) fn unknown() -> RemoteError {
    RemoteError("the server answered something else to a script of views".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_read_as_they_are_written() {
        let id = |id| ProductId::new(id).expect("is positive");
        let parcel = ViewBatch::new(vec![(id(1), 7), (id(i64::MAX), 1 << 60)]);
        let text = text(&parcel);
        assert_eq!(text, "1 7 9223372036854775807 1152921504606846976");
        assert_eq!(views(text.as_bytes()), Some(parcel.views));
        assert_eq!(views(b""), Some(Vec::new()));
        assert_eq!([views(b"1"), views(b"1 x"), views(b"0 1"), views(b"1 -1")], [None, None, None, None]);
    }
}
