//! Input that no caller should send: options, keys, values, tags, answers of L2, and loaders that ask for themselves.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use larder_cache::{
    Cache, CacheKey, CacheOptions, Codec, CodecError, ConfigError, Error, ErrorKind, FillReply, FillRequest, Held,
    Identity, Invalidation, Json, L2, L2Options, LeaseReply, LeaseRequest, Loaded, Nonce, RawBytes, Remote,
    RemoteError, Source, TagGeneration,
    testing::{Call, LoadFailed, ManualClock, ScriptedL2},
};
use larder_test_support::Redis;

use crate::{
    names::{Names, World, assert_read, nobody, patient, start, until},
    redis::remote_at,
};

const DAY: Duration = Duration::from_hours(24);

fn refusal<T>(built: Result<T, ConfigError>) -> &'static str {
    built.err().expect("it cannot work").option
}

#[tokio::test]
async fn options_that_cannot_work_are_refused_by_name() {
    let usual = CacheOptions::default();
    let (ttl, graceful) = (usual.ttl, CacheOptions { grace: Some(DAY), ..usual.clone() });
    let mut bad = vec![
        ("grace", CacheOptions { grace: Some(ttl - Duration::from_millis(1)), ..usual.clone() }),
        ("soft_deadline", CacheOptions { soft_deadline: Some(usual.load_deadline + ttl), ..graceful.clone() }),
        ("soft_deadline", CacheOptions { soft_deadline: Some(usual.load_deadline), ..usual.clone() }),
        ("max_value_bytes", CacheOptions { max_value_bytes: 0, ..usual.clone() }),
        ("max_value_bytes", CacheOptions { max_value_bytes: usize::MAX, ..usual.clone() }),
        ("max_tags", CacheOptions { max_tags: 0, ..usual.clone() }),
        ("max_concurrent_loads", CacheOptions { max_concurrent_loads: 0, ..usual.clone() }),
        ("max_concurrent_loads", CacheOptions { max_concurrent_loads: usize::MAX, ..usual.clone() }),
    ];
    for number in [f64::NAN, -1.0, 2.0, f64::INFINITY] {
        bad.push(("jitter", CacheOptions { jitter: number, ..usual.clone() }));
    }
    for number in [f64::NAN, -1.0, 101.0, f64::INFINITY] {
        bad.push(("early_refresh", CacheOptions { early_refresh: number, ..usual.clone() }));
    }
    // Nothing that could overflow what it is added to, and nothing that Redis, which knows milliseconds, would take for zero.
    for span in [Duration::ZERO, Duration::from_nanos(999_999), 367 * DAY, Duration::MAX] {
        bad.push(("ttl", CacheOptions { ttl: span, ..usual.clone() }));
        bad.push(("l1_ttl", CacheOptions { l1_ttl: span, ..usual.clone() }));
        bad.push(("negative_ttl", CacheOptions { negative_ttl: span, ..usual.clone() }));
        bad.push(("grace", CacheOptions { grace: Some(span), ..usual.clone() }));
        bad.push(("grace_throttle", CacheOptions { grace_throttle: span, ..usual.clone() }));
        bad.push(("lease", CacheOptions { lease: span, ..usual.clone() }));
        bad.push(("soft_deadline", CacheOptions { soft_deadline: Some(span), ..graceful.clone() }));
        bad.push(("load_deadline", CacheOptions { load_deadline: span, ..usual.clone() }));
        bad.push(("load_queue_deadline", CacheOptions { load_queue_deadline: span, ..usual.clone() }));
    }
    for (option, options) in bad {
        let built = Names::builder("names").codec(Json).options(options.clone()).build();
        assert_eq!(refusal(built), option, "{options:?}");
    }
    let extreme = CacheOptions { ttl: 366 * DAY, grace: Some(366 * DAY), jitter: 1.0, l1_capacity_bytes: 0, ..usual };
    Names::builder("names").codec(Json).options(extreme).build().expect("these work");
}

#[tokio::test]
async fn options_of_an_l2_that_cannot_work_are_refused_by_name() {
    let usual = L2Options::default();
    let mut bad = vec![
        ("failures_to_open", L2Options { failures_to_open: 0, ..usual.clone() }),
        ("max_queued_invalidations", L2Options { max_queued_invalidations: 0, ..usual.clone() }),
    ];
    for span in [Duration::ZERO, Duration::MAX] {
        bad.push(("deadline", L2Options { deadline: span, ..usual.clone() }));
        bad.push(("open_for", L2Options { open_for: span, ..usual.clone() }));
    }
    for (option, options) in bad {
        assert_eq!(refusal(L2::builder(ScriptedL2::new()).options(options).build()), option);
    }
}

#[tokio::test]
async fn a_cache_without_a_proper_name_codec_or_weigher_is_refused() {
    for name in ["", "a:b", "{a", "a}", "a b", "a\n", "\u{a0}"] {
        assert_eq!(refusal(Names::builder(name).codec(Json).build()), "name", "{name:?}");
    }
    let l2 = L2::new(ScriptedL2::new()).expect("in a runtime");
    assert_eq!(refusal(Names::builder("names").weigher(String::len).l2(&l2).build()), "codec");
    assert_eq!(refusal(Names::builder("names").build()), "weigher");
    Names::builder("Naïve-names_2").weigher(String::len).build().expect("this works");
}

#[test]
fn without_a_runtime_it_is_asked_for() {
    assert_eq!(refusal(Names::builder("names").codec(Json).build()), "runtime");
    assert_eq!(refusal(L2::new(ScriptedL2::new())), "runtime");
}

/// Each key gets a value of its own through one node, and another node finds each in L2.
async fn keys_stay_apart<K: CacheKey>(remote: &Arc<dyn Remote>, name: &str, keys: Vec<K>) {
    let node = || {
        let l2 = L2::new(Arc::clone(remote)).expect("in a runtime");
        Cache::<K, u64>::builder(name).codec(Json).l2(&l2).build().expect("the options work")
    };
    let (first, second) = (node(), node());
    for (number, key) in (0..).zip(&keys) {
        first.get_or_load(key, move || async move { Ok::<_, LoadFailed>(number) }).await.expect("loaded");
    }
    until(|| first.statistics().fills.stored == keys.len() as u64).await;
    for (number, key) in (0..).zip(&keys) {
        let (near, far) = (first.get(key).await.expect("in L1"), second.get(key).await.expect("in L2"));
        assert_eq!(
            (near.value, near.source, far.value, far.source),
            (Some(number), Source::L1, Some(number), Source::L2)
        );
    }
    first.invalidate(&keys[0]).await;
    second.forget_local();
    assert_eq!(second.get(&keys[0]).await, None);
    for key in &keys[1..] {
        assert!(second.get(key).await.is_some());
    }
}

async fn odd_keys_work(remote: Arc<dyn Remote>) {
    let long = "k".repeat(4_096);
    let mut texts = vec![String::new(), long.clone(), format!("{long}l"), "k".repeat(200), "k".repeat(201)];
    let odd =
        ["a", "a:b", ":", "*", "a*", "{}", "{a}b", "a\nb", "a\r\nb", "\0", " ", "名前", "é", "e\u{301}", "#", "'\"\\"];
    texts.extend(odd.map(str::to_owned));
    texts.push(format!("#{:032x}", 7));
    keys_stay_apart(&remote, "texts", texts).await;
    let pairs = [("a", "b:c"), ("a:b", "c"), ("a:", "b:c"), ("", ":"), (":", ""), ("", ""), ("1:", ""), ("", "1:")];
    let mut pairs: Vec<(String, String)> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    pairs.push((long.clone(), "x".to_owned()));
    pairs.push((long, "y".to_owned()));
    keys_stay_apart(&remote, "pairs", pairs).await;
    keys_stay_apart(&remote, "numbers", vec![(1_i64, 23_u8), (12, 3), (-1, 23), (i64::MIN, u8::MAX)]).await;
}

#[tokio::test]
async fn odd_keys_work_and_do_not_collide_on_a_scripted_l2() {
    odd_keys_work(ScriptedL2::new()).await;
}

#[tokio::test]
async fn odd_keys_work_and_do_not_collide_on_redis() {
    let server = Redis::shared().await.expect("a server");
    odd_keys_work(Arc::new(remote_at(&server.url(), &server.fresh_namespace()))).await;
}

#[tokio::test]
async fn values_of_any_size_up_to_the_limit_are_kept_and_larger_ones_are_only_handed_out() {
    let remote = ScriptedL2::new();
    let l2 = L2::new(Arc::<ScriptedL2>::clone(&remote)).expect("in a runtime");
    let options = CacheOptions { max_value_bytes: 3_000, ..patient() };
    let cache = Cache::<u64, Bytes>::builder("pages").codec(RawBytes).l2(&l2).options(options).build();
    let cache = cache.expect("the options work");
    for (bytes, kept) in [(0_usize, true), (1, true), (2_999, true), (3_000, true), (3_001, false), (100_000, false)] {
        let page = Bytes::from(vec![7; bytes]);
        let key = bytes as u64;
        let load = page.clone();
        let found = cache.get_or_load(&key, move || async move { Ok::<_, LoadFailed>(load) }).await.expect("loaded");
        assert_eq!(found.value, Some(page.clone()));
        until(|| !remote.is_leased("pages", &key.to_string())).await;
        assert_eq!(cache.get(&key).await.map(|found| found.source), kept.then_some(Source::L1), "{bytes} bytes");
        cache.forget_local();
        let far = cache.get(&key).await.map(|found| (found.value, found.source));
        assert_eq!(far, kept.then_some((Some(page), Source::L2)), "{bytes} bytes");
    }
    assert_eq!((cache.statistics().fills.stored, cache.statistics().fills.too_large), (4, 2));
}

/// Which levels keep what a loader answers.
async fn kept(row: Loaded<String>) -> (bool, bool) {
    let world = World::new(&[]);
    world.rows.set(1, row);
    let cache = world.node();
    assert_read(world.get(&cache, 1).await, "old", Source::Loader);
    until(|| !world.remote.is_leased("names", "1")).await;
    let near = cache.get(&1).await.is_some_and(|found| found.source == Source::L1);
    cache.forget_local();
    (near, cache.get(&1).await.is_some_and(|found| found.source == Source::L2))
}

#[tokio::test]
async fn what_a_loader_says_of_life_and_tags_decides_where_a_value_is_kept() {
    let row = || Loaded::found("old".to_owned());
    let (both, nowhere) = ((true, true), (false, false));
    assert_eq!(kept(row()).await, both);
    assert_eq!(kept(row().not_stored()).await, nowhere);
    assert_eq!(kept(row().with_ttl(Duration::ZERO)).await, nowhere);
    assert_eq!(kept(row().with_ttl(Duration::from_nanos(1))).await, both);
    assert_eq!(kept(row().with_ttl(Duration::MAX)).await, both);
    assert_eq!(kept(row().with_ttl(Duration::MAX).with_l1_ttl(Duration::MAX)).await, both);
    assert_eq!(kept(row().with_l1_ttl(Duration::ZERO)).await, (false, true));
    assert_eq!(kept(row().with_version(u64::MAX)).await, both);
    let tags = |count: usize| (0..count).fold(row(), |row, tag| row.with_tag(tag.to_string()));
    assert_eq!(kept(tags(64)).await, both);
    assert_eq!(kept(tags(65)).await, nowhere);
    assert_eq!(kept(row().with_tag("")).await, nowhere);
    assert_eq!(kept(row().with_tag("t".repeat(200))).await, both);
    assert_eq!(kept(row().with_tag("t".repeat(201))).await, nowhere);
    assert_eq!(kept(row().with_tag("a:b {*}\né")).await, both);
}

/// Texts as they are, under any codec's id.
#[derive(Debug)]
struct Plain(u8);

impl Codec<String> for Plain {
    fn id(&self) -> u8 {
        self.0
    }

    fn encode(&self, value: &String) -> Result<Bytes, CodecError> {
        Ok(value.clone().into())
    }

    fn decode(&self, bytes: Bytes) -> Result<String, CodecError> {
        Ok(String::from_utf8(bytes.into())?)
    }

    fn weight(&self, value: &String) -> usize {
        value.len()
    }
}

/// What some other build might store for the key.
async fn foreign(key: u64, codec: impl Codec<String> + 'static, schema: Option<&str>) -> Bytes {
    let world = World::new(&[]);
    let l2 = L2::builder(Arc::<ScriptedL2>::clone(&world.remote))
        .clock(Arc::<ManualClock>::clone(&world.clock))
        .build()
        .expect("the options work");
    let builder =
        Names::builder("names").codec(codec).l2(&l2).clock(Arc::<ManualClock>::clone(&world.clock)).options(patient());
    let builder = if let Some(schema) = schema { builder.schema(schema) } else { builder };
    world.fill(&builder.build().expect("the options work"), key).await;
    world.remote.frame("names", &key.to_string()).expect("filled")
}

#[tokio::test]
async fn an_answer_of_l2_that_is_not_ours_is_a_miss_counted_as_garbage_and_overwritten() {
    let good = foreign(1, Json, None).await;
    let mut bad: Vec<(String, Bytes)> = vec![
        ("another text".into(), Bytes::from_static(b"a text that somebody else has stored under our name")),
        ("another codec".into(), foreign(1, Plain(77), None).await),
        ("another codec of our id".into(), foreign(1, Plain(1), None).await),
        ("another type".into(), foreign(1, Json, Some("another/1")).await),
        ("another key".into(), foreign(2, Json, None).await),
    ];
    bad.extend((0..good.len()).map(|cut| (format!("cut to {cut}"), good.slice(..cut))));
    for bit in 0..good.len() * 8 {
        let mut flipped = good.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        bad.push((format!("bit {bit} flipped"), flipped.into()));
    }
    bad.push(("one byte more".into(), [&good[..], b"x"].concat().into()));
    for (what, frame) in bad {
        let world = World::new(&[]);
        world.change();
        world.remote.put("names", "1", frame, patient().ttl);
        let cache = world.node();
        assert!(cache.get(&1).await.is_none(), "{what}");
        assert_read(world.get(&cache, 1).await, "new", Source::Loader);
        assert_eq!(cache.statistics().l2_answers.garbage, 2, "{what}");
        world.remote.ended(Call::Fill, 1).await;
        assert_read(world.node().get_or_load(&1, nobody).await, "new", Source::L2);
    }
}

/// An L2 that forgets the last part of each of its answers, or adds one.
#[derive(Debug)]
struct Miscounting {
    remote: Arc<ScriptedL2>,
    adds: bool,
}

impl Miscounting {
    fn spoil<T: Clone>(&self, mut answers: Vec<T>) -> Vec<T> {
        match answers.pop() {
            Some(last) if self.adds => answers.extend([last.clone(), last.clone(), last]),
            _ => {}
        }
        answers
    }
}

#[async_trait::async_trait]
impl Remote for Miscounting {
    async fn fetch(&self, cache: &str, keys: &[&str]) -> Result<Vec<Option<Held>>, RemoteError> {
        self.remote.fetch(cache, keys).await.map(|answers| self.spoil(answers))
    }

    async fn lease(&self, cache: &str, asked: &[LeaseRequest], life: Duration) -> Result<Vec<LeaseReply>, RemoteError> {
        self.remote.lease(cache, asked, life).await.map(|answers| self.spoil(answers))
    }

    async fn fill(&self, cache: &str, asked: &[FillRequest]) -> Result<Vec<FillReply>, RemoteError> {
        self.remote.fill(cache, asked).await.map(|answers| self.spoil(answers))
    }

    async fn insert(&self, cache: &str, by: Nonce, asked: &FillRequest) -> Result<FillReply, RemoteError> {
        self.remote.insert(cache, by, asked).await
    }

    async fn invalidate(&self, cache: &str, by: Nonce, asked: &[Invalidation]) -> Result<Identity, RemoteError> {
        self.remote.invalidate(cache, by, asked).await
    }

    async fn generations(&self, cache: &str, tags: &[(usize, &str)]) -> Result<Vec<TagGeneration>, RemoteError> {
        self.remote.generations(cache, tags).await.map(|answers| self.spoil(answers))
    }

    async fn release(&self, cache: &str, leases: &[(&str, Nonce)]) -> Result<(), RemoteError> {
        self.remote.release(cache, leases).await
    }

    fn shards(&self) -> usize {
        1
    }

    fn shard_of(&self, _cache: &str, _key: &str) -> usize {
        0
    }

    async fn ping(&self) -> Result<(), RemoteError> {
        self.remote.ping().await
    }
}

#[tokio::test]
async fn too_few_or_too_many_answers_are_a_failure_of_l2_and_cost_no_answer() {
    for adds in [false, true] {
        let remote = Arc::new(Miscounting { remote: ScriptedL2::new(), adds });
        let l2 = L2::new(remote).expect("in a runtime");
        let cache = Names::builder("names").codec(Json).l2(&l2).options(patient()).build().expect("it works");
        let world = World::new(&[]);
        assert_read(world.get(&cache, 1).await, "old", Source::Loader);
        let found = cache.get_or_load_many(&[1, 2, 3], world.rows.load_many()).await.expect("loaded");
        assert_eq!(found.iter().map(|found| found.value.as_deref()).collect::<Vec<_>>(), [Some("old"); 3]);
        assert_eq!((cache.get(&4).await, cache.statistics().l2.fetch.failed), (None, 3), "adds: {adds}");
    }
}

#[tokio::test]
async fn a_loader_that_asks_for_its_own_key_gets_an_error() {
    let cache = World::new(&[]).alone();
    let inner = cache.clone();
    let load = move || async move { inner.get_or_load(&1, nobody).await.map(|found| found.value) };
    assert_reentrant(cache.get_or_load(&1, load).await);
    // Another key is no trouble, nor is the same one afterwards.
    let inner = cache.clone();
    let ready = || async { Ok::<_, LoadFailed>("one".to_owned()) };
    let load = move || async move { inner.get_or_load(&2, ready).await.map(|found| found.value) };
    assert_read(cache.get_or_load(&1, load).await, "one", Source::Loader);
}

#[tokio::test]
async fn a_loader_that_asks_for_its_own_key_through_another_cache_gets_an_error() {
    let (world, other) = (World::new(&[]), World::new(&[]));
    let (a, b) = (world.node(), other.node());
    let (inner_a, inner_b) = (a.clone(), b);
    let load = move || async move {
        let load = move || async move { inner_a.get_or_load(&1, nobody).await.map(|found| found.value) };
        inner_b.get_or_load(&1, load).await.map(|found| found.value)
    };
    let failed = a.get_or_load(&1, load).await.expect_err("it would wait for itself");
    let by_b = failed.loader_error::<Error>().expect("the error of the cache between");
    assert_eq!(by_b.loader_error::<Error>().map(Error::kind), Some(ErrorKind::Reentrant));
}

#[tokio::test]
async fn a_batch_that_asks_for_one_of_its_keys_gets_an_error() {
    let world = World::new(&[]);
    let cache = world.alone();
    let (inner, rows) = (cache.clone(), world.rows.clone());
    let load = move |keys: Vec<u64>| {
        let (inner, rows) = (inner.clone(), rows.clone());
        async move {
            let found = inner.get_or_load_many(&[5, keys[1]], rows.load_many()).await?;
            Ok::<_, Error>(keys.into_iter().zip(found).map(|(key, found)| (key, found.value)).collect())
        }
    };
    assert_reentrant(cache.get_or_load_many(&[1, 2], load).await);
    // Neither the keys of the batch nor those that it asked for are left in flight.
    let reader = cache.clone();
    let many = world.rows.load_many();
    let read = start(async move { reader.get_or_load_many(&[1, 2, 5], many).await });
    assert_eq!(read.await.expect("no panic").expect("loaded").len(), 3);
    assert_eq!(cache.statistics().gauges.flights, 0);
}

#[track_caller]
fn assert_reentrant<T: std::fmt::Debug>(read: Result<T, Error>) {
    let failed = read.expect_err("it would wait for itself");
    assert_eq!(failed.loader_error::<Error>().map(Error::kind), Some(ErrorKind::Reentrant));
}
