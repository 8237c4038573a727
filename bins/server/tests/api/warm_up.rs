//! What a server has read before anybody asks, and when it is ready.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{
    cluster::eventually,
    larder::{ADMIN_TOKEN, Larder, PATIENCE, header, problem, spawn},
};

const WARM: (&str, &str) = ("LARDER__WARM_UP__PRODUCTS", "100");
/// A Redis that is away: the caches wait for it for a moment before they are warmed.
const NO_REDIS: (&str, &str) = ("LARDER__REDIS__URL", "redis://127.0.0.1:1");

async fn repeat(larder: &Larder) -> Value {
    let answer = larder.write(Method::POST, "/admin/warm-up", &json!(null)).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), header(&answer, "cache-control")), (200, "no-store"));
    answer.json().await.expect("JSON")
}

#[tokio::test]
async fn a_server_warms_its_caches_beside_the_first_requests() {
    let larder = Larder::start(&[WARM]);
    larder.log.wait_for("warming the caches products=100");
    let line = larder.log.wait_for("warmed the caches");
    assert!(line.contains("outcome=\"complete\"") && line.contains("loaded="), "{line}");
    let list = larder.get("/api/v1/products").send().await.expect("an answer");
    assert_eq!(header(&list, "cache-status"), "larder; hit; detail=l1");
}

#[tokio::test]
async fn a_server_that_is_to_be_warm_first_is_not_ready_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = spawn(folder.path(), &["serve"], &[WARM, NO_REDIS, ("LARDER__WARM_UP__BEFORE_READY", "true")]);
    let listening = process.log.wait_for("listening, and ready once the caches are warm address=");
    let address = listening.split("address=").nth(1).expect("an address");
    let client = Client::builder().timeout(PATIENCE).build().expect("a client");
    // It waits for Redis for two seconds.
    let early = client.get(format!("http://{address}/readyz")).send().await.expect("an answer");
    assert_eq!(problem(early, 503).await["type"], "urn:larder:problem:starting");
    process.log.wait_for("ready address=");
    let lines = process.log.lines();
    let place = |text: &str| lines.iter().position(|line| line.contains(text));
    assert!(place("warmed the caches") < place(" ready address="), "{lines:#?}");
    let ready = client.get(format!("http://{address}/readyz")).send().await.expect("an answer");
    assert_eq!(ready.status(), 200);
}

#[tokio::test]
async fn a_warm_up_ends_at_its_deadline() {
    let settings = [WARM, NO_REDIS, ("LARDER__WARM_UP__BEFORE_READY", "true"), ("LARDER__WARM_UP__DEADLINE_MS", "50")];
    let larder = Larder::start(&settings);
    assert!(larder.log.wait_for("warmed the caches").contains("outcome=\"deadline\""));
    assert_eq!(repeat(&larder).await["outcome"], "deadline");
}

#[tokio::test]
async fn an_admin_repeats_a_warm_up() {
    let larder = Larder::start(&[WARM]);
    eventually("a repetition finds all of it in memory", async || {
        let again = repeat(&larder).await;
        assert_eq!(again["outcome"], "complete");
        assert!(again["products"].as_u64() >= Some(100) && again["pages"].as_u64() >= Some(3), "{again}");
        again["products"] == again["from_l1"] && again["took_ms"].is_u64()
    })
    .await;
    let asked = larder.request(Method::POST, "/admin/warm-up?products=7").bearer_auth(ADMIN_TOKEN);
    problem(asked.send().await.expect("an answer"), 400).await;
    problem(larder.request(Method::POST, "/admin/warm-up").send().await.expect("an answer"), 401).await;
    let read = larder.get("/admin/warm-up").bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
    assert_eq!(header(&read, "allow"), "POST, OPTIONS");
    problem(read, 405).await;
}

#[tokio::test]
async fn who_asks_for_a_warm_up_while_one_is_under_way_joins_it() {
    // The one at the start is under way for two seconds.
    let larder = Larder::start(&[WARM, NO_REDIS]);
    let (first, second) = tokio::join!(repeat(&larder), repeat(&larder));
    assert_eq!(first, second);
    let begun = larder.log.lines().iter().filter(|line| line.contains("warming the caches products=100 ")).count();
    assert!(begun <= 1, "{:#?}", larder.log.lines());
}

#[tokio::test]
async fn a_server_without_a_cache_has_nothing_to_warm() {
    let larder = Larder::start(&[WARM, ("LARDER__CACHE__LEVELS", "none")]);
    assert_eq!(repeat(&larder).await["outcome"], "off");
}

#[tokio::test]
async fn a_warm_up_under_way_does_not_hold_up_a_stop() {
    let mut larder = Larder::start(&[WARM, NO_REDIS]);
    larder.log.wait_for("warming the caches");
    larder.signal("TERM");
    assert!(larder.wait().success());
}
