//! Work that does not end as planned: its task panics, its runtime is gone, or the fence moves in the middle of a batch.

use std::{
    collections::HashMap,
    convert::Infallible,
    hash::{Hash, Hasher},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use larder_cache::{Cache, CacheKey, Codec, CodecError, Json, Loaded};

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

/// What happens when a key is copied for the first time: a batch does so when it takes a place for it, after it has noted the fence.
type Interruption = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

struct Interrupting(u64, Interruption);

impl Clone for Interrupting {
    fn clone(&self) -> Self {
        let interruption = self.1.lock().expect("nobody panics").take();
        if let Some(interrupt) = interruption {
            interrupt();
        }
        Self(self.0, Arc::clone(&self.1))
    }
}

impl PartialEq for Interrupting {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Interrupting {}

impl Hash for Interrupting {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl CacheKey for Interrupting {
    fn write_to(&self, text: &mut String) {
        self.0.write_to(text);
    }

    fn read_from(_text: &str) -> Option<Self> {
        None
    }
}

#[tokio::test]
async fn a_key_twice_in_a_batch_has_one_value_though_it_is_invalidated_between_the_looks() {
    let cache = Cache::<Interrupting, String>::builder("names").codec(Json).build().expect("the options are good");
    let interruption = Interruption::default();
    let keys = [Interrupting(1, Arc::clone(&interruption)), Interrupting(1, Arc::clone(&interruption))];
    let forgetful = cache.clone();
    *interruption.lock().expect("nobody panics") = Some(Box::new(move || forgetful.forget_local()));
    let load = |keys: Vec<Interrupting>| async move {
        Ok::<_, Infallible>(keys.into_iter().map(|key| (key, "old".to_owned())).collect::<HashMap<_, _>>())
    };
    let found = cache.get_or_load_many(&keys, load).await.expect("it loads");
    assert!(interruption.lock().expect("nobody panics").is_none(), "it was interrupted");
    assert_eq!(found.iter().map(|one| one.value.as_deref()).collect::<Vec<_>>(), [Some("old"); 2]);
    assert_eq!(cache.get(&keys[0]).await.and_then(|found| found.value).as_deref(), Some("old"));
}
