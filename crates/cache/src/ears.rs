//! By whom a cache hears of changes: its feed if it has one, else the backplane of its L2.

use crate::{Feed, L2, hearing::Hearing};

/// What a cache asks whether it may show what it has.
#[derive(Debug, Clone)]
pub(crate) enum Ears {
    /// It hears nothing: entries live until they expire.
    None,
    Backplane(L2),
    Feed(Feed),
}

impl Ears {
    pub(crate) fn of(feed: Option<&Feed>, l2: Option<&L2>) -> Self {
        match (feed, l2) {
            (Some(feed), _) => Self::Feed(feed.clone()),
            (None, Some(l2)) if l2.hearing().is_some() => Self::Backplane(l2.clone()),
            (None, _) => Self::None,
        }
    }

    pub(crate) fn hearing(&self) -> Option<&Hearing> {
        match self {
            Self::None => None,
            Self::Backplane(l2) => l2.hearing(),
            Self::Feed(feed) => Some(feed.hearing()),
        }
    }
}
