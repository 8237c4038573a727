//! The contenders, one file each; the bare parts come first.

mod bare;
mod cached;
mod cachet;
mod hitbox;
mod multi_tier_cache;
mod oxcache;

use crate::contender::{Contender, Settings};
use crate::rows::{Entrant, Lane};

/// The name of the lane that the ratios are to.
pub(crate) const BARE: &str = bare::Bare::NAME;

/// All lanes, in the order of the table's columns. A new contender is a file beside this one and a line here.
pub(crate) fn all(settings: &Settings) -> Vec<Box<dyn Lane>> {
    vec![
        Entrant::<bare::Bare>::boxed(settings),
        Entrant::<multi_tier_cache::MultiTier>::boxed(settings),
        Entrant::<hitbox::Hitbox>::boxed(settings),
        Entrant::<oxcache::Oxcache>::boxed(settings),
        Entrant::<cachet::Cachet>::boxed(settings),
        Entrant::<cached::Cached>::boxed(settings),
    ]
}
