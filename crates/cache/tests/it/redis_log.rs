//! The log in Redis: what is appended, how it is read, and what becomes of it when it is flushed, trimmed or written by others.

use std::time::{Duration, Instant};

use larder_cache::{Backplane, FillRequest, Invalidation, LogEntry, LogNews, LogPage, RedisOptions, Remote};
use larder_test_support::{Redis, RedisOptions as ServerOptions};

use crate::redis::{BY, CACHE, Scene, a_fill, drop_key, remote_at, remote_with};

/// Longer than any answer, shorter than a test.
const A_WHILE: Duration = Duration::from_secs(10);

impl Scene {
    async fn anchor(&self) -> LogEntry {
        self.remote.anchor(0).await.expect("Redis answers").entries.remove(0)
    }

    async fn read(&self, place: &str) -> LogPage {
        self.remote.read(0, place, 1_000, Duration::ZERO).await.expect("Redis answers")
    }

    /// What was appended after an entry.
    async fn news_after(&self, anchor: &LogEntry) -> Vec<LogNews> {
        let page = self.read(&anchor.place).await;
        assert_eq!(page.entries.first(), Some(anchor));
        page.entries.into_iter().skip(1).map(|entry| entry.news).collect()
    }
}

fn key(text: &str, version: Option<u64>) -> LogNews {
    LogNews::Key { cache: CACHE.into(), text: text.into(), version }
}

#[tokio::test]
async fn each_invalidation_is_appended_once_and_in_order() {
    let scene = Scene::new().await;
    let anchor = scene.anchor().await;
    assert_eq!(anchor.news, LogNews::Hello);
    let tag = |change| Invalidation::Tag { tag: "red".into(), change };
    let long = Invalidation::Key { key: "#hash".into(), text: Some("a long text".into()), version: None, gone: true };
    let all = [drop_key("a", Some(1 << 60), false), long, tag(Some(7)), tag(None), Invalidation::Everything];
    scene.remote.invalidate(CACHE, BY, &all).await.expect("Redis answers");
    let red = LogNews::Tag { cache: CACHE.into(), tag: "red".into() };
    let everything = LogNews::Everything { cache: CACHE.into() };
    let expected = [key("a", Some(1 << 60)), key("a long text", None), red.clone(), red, everything];
    assert_eq!(scene.news_after(&anchor).await, expected);
    // Told again by the relay: what is known is not appended.
    for known in [drop_key("a", Some(1 << 60), false), drop_key("a", Some(9), false), tag(Some(7))] {
        scene.invalidate(known).await;
    }
    assert_eq!(scene.news_after(&anchor).await.len(), expected.len());
    let last = scene.anchor().await;
    scene.insert(&FillRequest { text: Some("text of b".into()), version: Some(5), ..a_fill("b", 0, "row") }).await;
    scene.insert(&a_fill("c", 0, "row")).await;
    assert_eq!(scene.news_after(&last).await, [key("text of b", Some(5)), key("c", None)]);
    // An insert that is too old drops nothing, and says nothing.
    scene.insert(&FillRequest { version: Some(4), ..a_fill("b", 0, "row") }).await;
    assert_eq!(scene.news_after(&last).await.len(), 2);
    let page = scene.read(&last.place).await;
    assert!(page.entries.windows(2).all(|two| two[0].nonce != two[1].nonce));
}

#[tokio::test]
async fn fills_and_leases_append_nothing() {
    let scene = Scene::new().await;
    let anchor = scene.anchor().await;
    scene.put("a", "row").await;
    assert_eq!(scene.anchor().await, anchor);
}

#[tokio::test]
async fn a_page_has_no_more_than_its_limit_and_goes_on_from_its_last() {
    let scene = Scene::new().await;
    let mut place = scene.anchor().await.place;
    for number in 0..10 {
        scene.invalidate(drop_key(&number.to_string(), None, false)).await;
    }
    let mut heard = Vec::new();
    loop {
        let page = scene.remote.read(0, &place, 4, Duration::ZERO).await.expect("Redis answers");
        assert!(page.entries.len() <= 4);
        assert_eq!(page.entries[0].place, place);
        heard.extend(page.entries[1..].iter().map(|entry| entry.news.clone()));
        let last = page.entries.last().expect("not empty").place.clone();
        if last == place {
            break;
        }
        place = last;
    }
    assert_eq!(heard, (0..10).map(|number| key(&number.to_string(), None)).collect::<Vec<_>>());
}

/// Waits until a client of the server waits for news.
async fn until_blocked(server: &Redis) -> anyhow::Result<()> {
    let deadline = Instant::now() + A_WHILE;
    while !server.command::<String>(&["INFO", "clients"]).await?.contains("blocked_clients:1") {
        anyhow::ensure!(Instant::now() < deadline, "nobody waits");
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_waiting_reader_is_woken_at_once_and_keeps_nobody_waiting() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let node = remote_at(&server.url(), "shop");
    let mut place = node.anchor(0).await?.entries[0].place.clone();
    let mut latencies = Vec::new();
    for _ in 0..20 {
        let listen = async { node.read(0, &place, 10, A_WHILE).await.map(|page| (page, Instant::now())) };
        let tell = async {
            until_blocked(&server).await?;
            let told = Instant::now();
            // On the same node: only who listens waits.
            node.invalidate(CACHE, BY, &[drop_key("a", None, false)]).await?;
            anyhow::Ok(told)
        };
        let (heard, told) = tokio::join!(listen, tell);
        let ((page, heard), told) = (heard?, told?);
        assert_eq!(page.entries.get(1).expect("woken by news").news, key("a", None));
        place.clone_from(&page.entries[1].place);
        latencies.push(heard - told);
    }
    latencies.sort_unstable();
    assert!(latencies[10] < Duration::from_millis(20), "{latencies:?}");
    Ok(())
}

#[tokio::test]
async fn a_reader_waits_no_longer_than_it_wants_to() {
    let scene = Scene::new().await;
    let anchor = scene.anchor().await;
    let started = Instant::now();
    let page = scene.remote.read(0, &anchor.place, 10, Duration::from_millis(30)).await.expect("Redis answers");
    assert_eq!(page.entries, [anchor]);
    assert!(started.elapsed() >= Duration::from_millis(30) && started.elapsed() < A_WHILE);
}

#[tokio::test]
async fn a_dropped_wait_owes_the_next_reader_nothing() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let node = remote_at(&server.url(), "shop");
    let anchor = node.anchor(0).await?.entries.remove(0);
    node.read(0, &anchor.place, 10, Duration::from_millis(1)).await?;
    {
        let waiting = node.read(0, &anchor.place, 10, A_WHILE);
        tokio::select! {
            page = waiting => anyhow::bail!("nothing came, but {page:?}"),
            blocked = until_blocked(&server) => blocked?,
        }
    }
    // There is something from the first place on: nothing to wait for.
    let page = node.read(0, "0", 10, Duration::from_millis(50)).await?;
    assert_eq!(page.entries, [anchor]);
    Ok(())
}

#[tokio::test]
async fn two_nodes_on_two_connections_read_the_same_log() {
    let scene = Scene::new().await;
    let other = remote_at(&scene.server.url(), &scene.namespace);
    let anchor = scene.anchor().await;
    assert_eq!(other.anchor(0).await.expect("Redis answers").entries, std::slice::from_ref(&anchor));
    other.invalidate(CACHE, BY, &[drop_key("a", None, false)]).await.expect("Redis answers");
    scene.invalidate(drop_key("b", None, false)).await;
    let theirs = other.read(0, &anchor.place, 10, A_WHILE).await.expect("Redis answers");
    assert_eq!(scene.read(&anchor.place).await, theirs);
    assert_eq!(scene.news_after(&anchor).await, [key("a", None), key("b", None)]);
}

#[tokio::test]
async fn after_a_flush_the_place_is_gone_and_another_entry_is_no_match() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let node = remote_at(&server.url(), "shop");
    let anchor = node.anchor(0).await?.entries.remove(0);
    server.command::<()>(&["FLUSHALL"]).await?;
    assert_eq!(node.read(0, &anchor.place, 10, Duration::ZERO).await?.entries, []);
    // Ids go on by the clock: one at the same place is told by its nonce.
    let hello = ["b", "fedcba9876543210", "k", "hello", "c", "", "x", "", "v", ""];
    let add = ["XADD", "{shop.0}s", &anchor.place, "n", "0123456789abcdef"];
    server.command::<()>(&[&add[..], &hello[..]].concat()).await?;
    let page = node.read(0, &anchor.place, 10, Duration::ZERO).await?;
    assert_eq!((&page.entries[0].place, &page.entries[0].news), (&anchor.place, &LogNews::Hello));
    assert_ne!(page.entries[0], anchor);
    Ok(())
}

#[tokio::test]
async fn entries_of_others_are_unknown_and_end_nothing() {
    let scene = Scene::new().await;
    let anchor = scene.anchor().await;
    scene.command::<String>(&["XADD", "@s", "*", "a", "b"]).await;
    let known = ["n", "short", "b", "fedcba9876543210", "k", "hello", "c", "", "x", "", "v", ""];
    scene.command::<String>(&[&["XADD", "@s", "*"][..], &known[..]].concat()).await;
    scene.invalidate(drop_key("a", None, false)).await;
    let news = [LogNews::Unknown, LogNews::Unknown, key("a", None)];
    assert_eq!(scene.news_after(&anchor).await, news);
    let page = scene.read(&anchor.place).await;
    assert_eq!(scene.read(&anchor.place).await, page, "what has no nonce is told by its contents");
    // The last place there is: the log is begun anew, and its readers find a gap.
    scene.command::<String>(&["XADD", "@s", "18446744073709551615-18446744073709551615", "a", "b"]).await;
    scene.invalidate(drop_key("b", None, false)).await;
    let page = scene.read(&anchor.place).await;
    assert_eq!(page.entries.iter().map(|entry| &entry.news).collect::<Vec<_>>(), [&key("b", None)]);
}

#[tokio::test]
async fn a_list_in_the_place_of_the_log_is_a_gap_and_is_replaced() {
    for heal in [true, false] {
        let scene = Scene::new().await;
        let anchor = scene.anchor().await;
        scene.command::<()>(&["DEL", "@s"]).await;
        scene.command::<()>(&["LPUSH", "@s", "x"]).await;
        assert_eq!(scene.read(&anchor.place).await.entries, []);
        let waited = scene.remote.read(0, &anchor.place, 10, Duration::from_millis(5)).await;
        assert_eq!(waited.expect("Redis answers").entries, []);
        if heal {
            scene.invalidate(drop_key("a", None, false)).await;
            assert_eq!(scene.anchor().await.news, key("a", None));
        } else {
            assert_eq!(scene.anchor().await.news, LogNews::Hello);
        }
    }
}

#[tokio::test]
async fn a_log_is_trimmed_and_who_was_behind_finds_a_gap() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let node = remote_with(&server.url(), "shop", RedisOptions { log_length: 1_000, ..RedisOptions::default() });
    let anchor = node.anchor(0).await?.entries.remove(0);
    let mut most = 0;
    for batch in 0..100 {
        let flood: Vec<_> = (0..1_000).map(|key| drop_key(&format!("{batch}-{key}"), None, false)).collect();
        node.invalidate(CACHE, BY, &flood).await?;
        most = most.max(server.command::<u64>(&["XLEN", "{shop.0}s"]).await?);
    }
    // Redis trims by nodes of 100 entries.
    assert!((1_000..1_100).contains(&most), "{most}");
    let page = node.read(0, &anchor.place, 10, Duration::ZERO).await?;
    assert_eq!(page.entries.len(), 10);
    assert_ne!(page.entries[0].place, anchor.place);
    Ok(())
}
