//! The contenders, one file each; the bare parts come first.

mod bare;
#[cfg(not(feature = "oxcache"))]
mod cached;
#[cfg(not(feature = "oxcache"))]
mod cachet;
#[cfg(not(feature = "oxcache"))]
mod hitbox;
mod larder;
#[cfg(not(feature = "oxcache"))]
mod multi_tier_cache;
#[cfg(feature = "oxcache")]
mod oxcache;

use crate::contender::{Contender, Settings};
use crate::rows::{Entrant, Lane};

/// The name of the lane that the ratios are to.
pub(crate) const BARE: &str = bare::Bare::NAME;

/// All lanes, in the order of the table's columns. A new contender is a file beside this one and a line here.
pub(crate) fn all(settings: &Settings) -> Vec<Box<dyn Lane>> {
    vec![
        Entrant::<bare::Bare>::boxed(settings),
        Entrant::<larder::Larder>::boxed(settings),
        #[cfg(not(feature = "oxcache"))]
        Entrant::<multi_tier_cache::MultiTier>::boxed(settings),
        #[cfg(not(feature = "oxcache"))]
        Entrant::<hitbox::Hitbox>::boxed(settings),
        #[cfg(feature = "oxcache")]
        Entrant::<oxcache::Oxcache>::boxed(settings),
        #[cfg(not(feature = "oxcache"))]
        Entrant::<cachet::Cachet>::boxed(settings),
        #[cfg(not(feature = "oxcache"))]
        Entrant::<cached::Cached>::boxed(settings),
    ]
}
