//! Work that does not end as planned: its task panics, its runtime is gone, or the fence moves in the middle of a batch.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use larder_cache::{Clock, Codec, CodecError, Json, Loaded, SystemClock};

use crate::scene::{Names, Scene, settle};

/// Encodes "unspeakable" with a panic.
#[derive(Debug)]
struct Panicking;

impl Codec<String> for Panicking {
    fn id(&self) -> u8 {
        Codec::<String>::id(&Json)
    }

    fn encode(&self, value: &String) -> Result<Bytes, CodecError> {
        assert_ne!(value, "unspeakable");
        Json.encode(value)
    }

    fn decode(&self, bytes: Bytes) -> Result<String, CodecError> {
        Json.decode(bytes)
    }

    fn weight(&self, value: &String) -> usize {
        Json.weight(value)
    }
}

#[tokio::test]
async fn an_insert_whose_codec_panics_leaves_l2_without_the_old_value() {
    let scene = Scene::new();
    let cache = Names::builder("names").codec(Panicking).l2(&scene.l2).build().expect("the options are good");
    cache.insert(&1, "old".to_owned()).await;
    cache.insert(&1, "unspeakable".to_owned()).await;
    // What cannot be encoded is kept in this process only.
    assert_eq!(cache.get(&1).await.and_then(|found| found.value).as_deref(), Some("unspeakable"));
    settle().await;
    assert!(scene.remote.frame("names", "1").is_none());
}

#[tokio::test]
async fn what_is_invalidated_when_its_runtime_is_gone_is_gone_as_well() {
    let own = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let cache =
        Names::builder("names").codec(Json).runtime(own.handle().clone()).build().expect("the options are good");
    for key in 1..=3 {
        cache.insert(&key, Loaded::found("old".to_owned()).with_tag("red")).await;
    }
    own.shutdown_background();
    cache.invalidate(&1).await;
    cache.insert(&2, "new".to_owned()).await;
    assert!(cache.get(&1).await.is_none() && cache.get(&2).await.is_none());
    assert!(cache.get(&3).await.is_some());
    cache.invalidate_tag("red").await;
    assert!(cache.get(&3).await.is_none());
}

/// A clock that does something the first time it is asked after it was told to.
#[derive(Debug)]
struct Interrupting(Mutex<Option<Names>>);

impl Clock for Interrupting {
    fn now(&self) -> Instant {
        let cache = self.0.lock().expect("nobody panics").take();
        if let Some(cache) = cache {
            cache.forget_local();
        }
        Instant::now()
    }

    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        SystemClock.sleep(span)
    }
}

#[tokio::test]
async fn a_key_twice_in_a_batch_has_one_value_though_it_is_invalidated_between_the_looks() {
    let scene = Scene::new();
    let clock = Arc::new(Interrupting(Mutex::default()));
    let builder = Names::builder("names").codec(Json).clock(Arc::<Interrupting>::clone(&clock));
    let cache = builder.build().expect("the options are good");
    let load = scene.rows.load_many();
    // The second time that a batch looks at the clock, it has noted the fence for its first key.
    *clock.0.lock().expect("nobody panics") = Some(cache.clone());
    let found = cache.get_or_load_many(&[1, 1], load).await.expect("it loads");
    assert_eq!(found.iter().map(|one| one.value.as_deref()).collect::<Vec<_>>(), [Some("old"); 2]);
    assert_eq!(cache.get(&1).await.and_then(|found| found.value).as_deref(), Some("old"));
}
