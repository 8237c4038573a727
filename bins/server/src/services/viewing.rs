//! Counts views, if the configuration says so.

use std::{sync::Arc, time::Duration};

use larder_cache::RedisRemote;
use larder_repository::ViewRepository;
use larder_views::{RedisViews, SharedViews, Views, ViewsOptions};
use tokio::runtime::Handle;

use crate::config::ViewsConfig;

/// Begins to count views: by way of Redis, if nodes share one. `None` if they are not counted.
pub(super) fn start(
    config: &ViewsConfig,
    repository: Arc<dyn ViewRepository>,
    redis: Option<Arc<RedisRemote>>,
    runtime: &Handle,
) -> Option<Arc<Views>> {
    if !config.enabled {
        return None;
    }
    let options =
        ViewsOptions { flush: Duration::from_millis(config.flush_ms), drain: Duration::from_millis(config.drain_ms) };
    let shared = redis.map(|redis| Arc::new(RedisViews::new(redis)) as Arc<dyn SharedViews>);
    Some(Arc::new(Views::start(repository, shared, options, runtime.clone())))
}
