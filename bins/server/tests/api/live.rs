//! The live state: who may see it, what it tells, and its stream, which holds no stop.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use crate::{
    cluster::{eventually, level},
    larder::{ADMIN_TOKEN, Larder, PATIENCE, header, problem},
};

async fn state(larder: &Larder) -> Value {
    eventually("there is a state", async || larder.get("/admin/live").send().await.expect("an answer").status() == 200)
        .await;
    larder.get("/admin/live").send().await.expect("an answer").json().await.expect("JSON")
}

/// The next event of a stream.
async fn event(stream: &mut reqwest::Response) -> Option<Value> {
    let chunk = tokio::time::timeout(PATIENCE, stream.chunk()).await.expect("in time").expect("no error")?;
    let text = std::str::from_utf8(&chunk).expect("text");
    let data = text.strip_prefix("data: ").and_then(|rest| rest.strip_suffix("\n\n")).expect("one event");
    Some(serde_json::from_str(data).expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_moves_with_the_load() {
    let larder = Larder::start(&[]).hears(false).await;
    let first = state(&larder).await;
    assert!(first["history"].as_array().is_some_and(|history| !history.is_empty()), "{first}");
    for member in ["at", "share", "pool", "backplane", "outbox", "views", "node", "warnings", "latency_ms", "redis"] {
        assert!(first.get(member).is_some(), "{member} in {first}");
    }
    assert!(first["redis"].is_null() && first["views"]["cut_off"] == false, "{first}");
    let moved = async |state: &Value| {
        let seconds = state["history"].as_array().expect("a list").iter();
        let busy = seconds.filter(|second| second["requests_per_second"].as_f64() > Some(0.0));
        let l1 = busy.clone().any(|second| second["share"]["l1"].as_f64() > Some(0.5));
        let hot = state["hottest"].as_array().expect("a list").first().is_some_and(|hot| hot["id"] == 1);
        l1 && hot && busy.clone().any(|second| second["latency_ms"]["p99"].as_f64() > Some(0.0))
    };
    eventually("the state shows the load", async || {
        for _ in 0..200 {
            level(&larder, 1).await;
        }
        moved(&state(&larder).await).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn views_show_while_they_wait_and_when_they_were_drained() {
    let larder = Larder::start(&[("LARDER__VIEWS__FLUSH_MS", "20"), ("LARDER__VIEWS__DRAIN_MS", "3600000")]);
    for _ in 0..9 {
        level(&larder, 1).await;
    }
    eventually("they wait", async || {
        let views = state(&larder).await["views"].take();
        views["buffered"] == 9 && views["oldest_ms"].as_f64() > Some(0.0) && views["drained"] == 0
    })
    .await;
    let larder = Larder::start(&[("LARDER__VIEWS__FLUSH_MS", "20"), ("LARDER__VIEWS__DRAIN_MS", "20")]);
    state(&larder).await;
    eventually("they were drained", async || {
        level(&larder, 1).await;
        let views = state(&larder).await["views"].take();
        views["drained"].as_u64() > Some(0) && views["drained_per_second"].as_f64() > Some(0.0)
    })
    .await;
    let larder = Larder::start(&[("LARDER__VIEWS__ENABLED", "false")]);
    assert!(state(&larder).await["views"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_the_minute_first_and_then_each_second_and_outlives_the_deadline() {
    let larder = Larder::start(&[("LARDER__SERVER__REQUEST_TIMEOUT_MS", "500")]);
    let mut stream = larder.get("/admin/live/stream").send().await.expect("an answer");
    assert_eq!((header(&stream, "content-type"), header(&stream, "cache-control")), ("text/event-stream", "no-store"));
    assert!(event(&mut stream).await.expect("an event")["history"].is_array());
    let mut before = Value::Null;
    for _ in 0..3 {
        let next = event(&mut stream).await.expect("an event");
        assert!(next.get("history").is_none() && next["node"]["version"].is_string(), "{next}");
        assert_ne!(next["at"], before);
        before = next["at"].clone();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_the_streams_at_once() {
    let mut larder = Larder::start(&[]);
    let mut stream = larder.get("/admin/live/stream").send().await.expect("an answer");
    event(&mut stream).await.expect("an event");
    let stopping = Instant::now();
    larder.signal("TERM");
    while event(&mut stream).await.is_some() {}
    assert!(larder.wait().success());
    assert!(stopping.elapsed() < Duration::from_secs(5), "{:?}", stopping.elapsed());
}

#[tokio::test]
async fn there_are_only_so_many_streams_and_one_that_ends_makes_room() {
    let larder = Larder::start(&[("LARDER__PAGE__MAX_STREAMS", "1")]);
    let open = async || larder.get("/admin/live/stream").send().await.expect("an answer");
    let mut first = open().await;
    event(&mut first).await.expect("an event");
    problem(open().await, 503).await;
    let head = larder.request(Method::HEAD, "/admin/live/stream").send().await.expect("an answer");
    assert_eq!(
        (head.status().as_u16(), header(&head, "content-type")),
        (200, "text/event-stream"),
        "it takes no place"
    );
    drop(first);
    eventually("there is room again", async || open().await.status() == 200).await;
}

#[tokio::test]
async fn the_state_is_for_everyone_only_where_the_configuration_says_so() {
    for (settings, everyone) in [
        (&[][..], true),
        (&[("LARDER__PAGE__AUDIENCE", "admin")], false),
        (&[("LARDER__SERVER__BIND", "0.0.0.0:0")], false),
        (&[("LARDER__SERVER__BIND", "0.0.0.0:0"), ("LARDER__PAGE__AUDIENCE", "everyone")], true),
    ] {
        let larder = Larder::start(settings);
        let stream = larder.get("/admin/live/stream").send().await.expect("an answer");
        assert_eq!(stream.status().as_u16(), if everyone { 200 } else { 401 }, "{settings:?}");
        let stream = larder.get("/admin/live/stream").bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
        assert_eq!(stream.status(), 200, "{settings:?}");
        let status = larder.get("/admin/live").send().await.expect("an answer").status().as_u16();
        assert!(if everyone { status != 401 } else { status == 401 }, "{settings:?}: {status}");
    }
}
