//! How much one client may ask: of a process, of a cluster, and while Redis is away.

use std::time::Duration;

use larder_test_support::Fault;
use reqwest::Response;

use crate::{
    cluster::Cluster,
    larder::{ADMIN_TOKEN, Larder, header, problem},
    tokens::new_token,
};

const PRODUCT: &str = "/api/v1/products/122";
const BURST: u32 = 50;
/// One request a second comes back while a test runs.
const SMALL: [(&str, &str); 3] = [
    ("LARDER__RATE_LIMIT__ENABLED", "true"),
    ("LARDER__RATE_LIMIT__REQUESTS_PER_SECOND", "1"),
    ("LARDER__RATE_LIMIT__BURST", "50"),
];

async fn ask(larder: &Larder, token: Option<&str>) -> Response {
    let request = larder.get(PRODUCT);
    let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
    request.send().await.expect("an answer")
}

/// How many of `requests` pass.
async fn passed(larder: &Larder, token: Option<&str>, requests: u32) -> u32 {
    let mut passed = 0;
    for _ in 0..requests {
        let status = ask(larder, token).await.status().as_u16();
        assert!(status != 401 && status < 500, "{status}");
        passed += u32::from(status != 429);
    }
    passed
}

/// As many pass as the burst, and perhaps a few that came back meanwhile.
fn assert_about_the_burst(passed: u32, what: &str) {
    assert!((BURST..BURST + 15).contains(&passed), "{passed} {what}");
}

#[tokio::test]
async fn a_client_over_its_limit_is_429_with_headers_and_others_are_not() {
    let larder = Larder::start(&SMALL);
    let first = ask(&larder, None).await;
    assert_eq!(header(&first, "ratelimit-policy"), "\"default\";q=50;w=50");
    assert_eq!(header(&first, "ratelimit"), "\"default\";r=49;t=1");
    assert_about_the_burst(passed(&larder, None, 90).await + 1, "without a token");

    let refused = loop {
        let answer = ask(&larder, None).await;
        if answer.status() == 429 {
            break answer;
        }
    };
    assert_eq!((header(&refused, "retry-after"), header(&refused, "ratelimit")), ("1", "\"default\";r=0;t=1"));
    let told = problem(refused, 429).await;
    assert_eq!(told["type"], "urn:larder:problem:rate-limited");
    let unknown = loop {
        let answer = larder.get("/nothing-there").send().await.expect("an answer");
        if answer.status() == 429 {
            break answer;
        }
    };
    problem(unknown, 429).await;

    for check in ["/livez", "/readyz", "/health"] {
        for _ in 0..60 {
            let answer = larder.get(check).send().await.expect("an answer");
            assert_eq!((answer.status().as_u16(), header(&answer, "ratelimit")), (200, ""), "{check}");
        }
    }
    assert_about_the_burst(passed(&larder, Some(ADMIN_TOKEN), 90).await, "with the configured token");
    let token = new_token(larder.folder.path(), "till", "reader");
    assert_about_the_burst(passed(&larder, Some(&token), 90).await, "with another token");
}

#[tokio::test]
async fn what_came_back_meanwhile_passes() {
    let larder = Larder::start(&SMALL);
    passed(&larder, None, 60).await;
    let refused = loop {
        let answer = ask(&larder, None).await;
        if answer.status() == 429 {
            break answer;
        }
    };
    let wait = header(&refused, "retry-after").parse().expect("seconds");
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_ne!(ask(&larder, None).await.status(), 429, "after Retry-After");
}

#[tokio::test]
async fn without_limits_no_answer_speaks_of_them() {
    let larder = Larder::start(&[]);
    let answer = ask(&larder, None).await;
    assert_eq!((header(&answer, "ratelimit"), header(&answer, "ratelimit-policy")), ("", ""));
    assert_eq!(passed(&larder, None, 300).await, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_a_cluster_count_together_and_forget_in_time() {
    let cluster = Cluster::start().await;
    // However slow the machine is, Redis is waited for.
    let patient = [&SMALL[..], &[("LARDER__RATE_LIMIT__REDIS_TIMEOUT_MS", "30000")]].concat();
    let nodes = [cluster.node_set(&patient).hears(true).await, cluster.node_set(&patient).hears(true).await];
    let mut admitted = 0;
    for _ in 0..70 {
        for node in &nodes {
            admitted += passed(node, None, 1).await;
        }
    }
    // The rate comes once for both. What a node was granted and did not use is lost.
    assert!((BURST - 2..BURST + 15).contains(&admitted), "{admitted}");
    let keys: Vec<String> = cluster.redis.command(&["KEYS", "*x:limit:*"]).await.expect("an answer");
    assert_eq!(keys, ["{larder.0}x:limit:a:127.0.0.1:due"]);
    let left: i64 = cluster.redis.command(&["PTTL", &keys[0]]).await.expect("an answer");
    assert!((1..=50_000).contains(&left), "gone once nothing is owed: {left} ms");

    let alone = cluster.node_set(&[&SMALL[..], &[("LARDER__RATE_LIMIT__SCOPE", "process")]].concat());
    assert_about_the_burst(passed(&alone, None, 90).await, "of a process that counts alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_each_process_counts_alone_and_no_request_waits_long() {
    let cluster = Cluster::start().await;
    let node = cluster.linked_node_set(&SMALL).await;
    for fault in [Fault::Cut, Fault::Hold] {
        node.redis(fault).await;
        let token = new_token_in(&cluster, &format!("{fault:?}")).await;
        assert_about_the_burst(passed(&node.larder, Some(&token), 90).await, "while Redis is away");
        node.larder.log.wait_for("limits count for each process alone");
    }
    node.redis(Fault::None).await;
    let keys = || async { cluster.redis.command::<Vec<String>>(&["KEYS", "*x:limit:*"]).await.expect("an answer") };
    crate::cluster::eventually("Redis is asked again", async || {
        ask(&node.larder, Some(ADMIN_TOKEN)).await;
        !keys().await.is_empty()
    })
    .await;
    node.larder.log.wait_for("limits count for the whole cluster again");
}

/// A token in the database of a cluster.
async fn new_token_in(cluster: &Cluster, name: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = cluster.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    crate::tokens::new_token_with(folder.path(), name, "reader", &settings)
}
