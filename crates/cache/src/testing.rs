//! A clock, an L2 and a loader that tests command: time moves by hand, calls wait at gates, fail and hang when told.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use larder_cache::{Cache, CacheOptions, Json, L2, Source, testing::{CountingLoader, ManualClock, ScriptedL2}};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let clock = ManualClock::new();
//! let remote = ScriptedL2::with_clock(clock.clone());
//! let l2 = L2::builder(remote.clone()).clock(clock.clone()).build().unwrap();
//! let options = CacheOptions { ttl: Duration::from_secs(60), ..CacheOptions::default() };
//! let cache = Cache::<u64, String>::builder("names").codec(Json).l2(&l2).clock(clock.clone()).options(options).build().unwrap();
//! let names = CountingLoader::new([(1, "Ada".to_owned())]);
//!
//! assert_eq!(cache.get_or_load(&1, names.load(1)).await.unwrap().source, Source::Loader);
//! assert_eq!(cache.get_or_load(&1, names.load(1)).await.unwrap().source, Source::L1);
//! clock.advance(Duration::from_secs(60));
//! assert_eq!(cache.get_or_load(&1, names.load(1)).await.unwrap().source, Source::Loader);
//! assert_eq!(names.calls(), 2);
//! # });
//! ```

mod counting_loader;
mod gate;
mod log;
mod manual_clock;
mod scripted_l2;
mod store;

pub use self::{
    counting_loader::{CountingLoader, LoadFailed, LoaderFault},
    gate::{Barrier, Gate},
    manual_clock::ManualClock,
    scripted_l2::{Call, Evicted, Fault, ScriptedL2},
    store::L2Mutant,
};
pub use crate::mutant::Mutant;
