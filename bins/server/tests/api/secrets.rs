//! No secret is told: not in a log line at the most talkative level, not in an answer, not in what a command prints.

use std::fmt::Write;

use larder_test_support::Fault;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::{
    cluster::{Cluster, Node},
    larder::{ADMIN_TOKEN, command, draft, path_of, run},
    tokens::new_token_with,
};

/// What clients send by mistake: nearly a good token, or a password.
const WRONG_TOKEN: &str = "an-admin-token-for-the-tests-onlx";
const PASSWORD: &str = "aHVudGVyMjpodW50ZXIz";

/// The password of an address.
fn password_of(url: &str) -> String {
    let user_info = url.split("://").nth(1).and_then(|rest| rest.rsplit_once('@')).expect("a user").0;
    user_info.split_once(':').expect("a password").1.to_owned()
}

/// Sends it, and adds all of the answer to `told`; failures to answer as well.
async fn hear(request: RequestBuilder, told: &mut String) {
    match request.send().await {
        Ok(answer) => {
            write!(told, "{} {:?} ", answer.status(), answer.headers()).expect("is written");
            told.push_str(&answer.text().await.unwrap_or_default());
        }
        Err(failure) => write!(told, "{failure:?}").expect("is written"),
    }
    told.push('\n');
}

/// Good and bad requests with each kind of token to every route.
async fn ask_everything(node: &Node, token: &str, told: &mut String) {
    let larder = &node.larder;
    let tokens = [
        format!("Bearer {ADMIN_TOKEN}"),
        format!("Bearer {token}"),
        format!("Bearer {WRONG_TOKEN}"),
        format!("Basic {PASSWORD}"),
        format!("Bearer {PASSWORD} {PASSWORD}"),
    ];
    for (route, methods) in larder_server::routes() {
        for method in methods.split(", ").chain(["TRACE"]) {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            // Without end, or of no interest here.
            if route.ends_with("/stream") || method == Method::OPTIONS {
                continue;
            }
            for token in &tokens {
                let path = path_of(route, 122);
                let request = larder.request(method.clone(), &path).header("authorization", token);
                hear(request.json(&json!({ "name": 1 })), told).await;
            }
        }
    }
    for path in ["/api/v1/products/0", "/api/v1/products?page=x", "/nothing"] {
        hear(larder.get(path).bearer_auth(ADMIN_TOKEN), told).await;
    }
    hear(larder.write(Method::POST, "/api/v1/products", &draft("SECRET-1")), told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_log_line_or_answer_whatever_fails() {
    let cluster = Cluster::start().await;
    let settings = cluster.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let token = new_token_with(folder.path(), "till", "writer", &settings);
    let [database, redis] = [password_of(settings[0].1), password_of(settings[2].1)];
    let secrets = [ADMIN_TOKEN, WRONG_TOKEN, PASSWORD, &token, &token[7..], &database, &redis];
    assert!(secrets.iter().all(|secret| secret.len() >= 8), "long enough not to be there by chance");

    let mut told = String::new();
    for printed in [&["config"][..], &["token", "list"], &["token", "revoke", "--name", "nobody"]] {
        let output = run(folder.path(), printed, &[&settings[..], &[("LARDER__LOG__FILTER", "trace")]].concat());
        told.push_str(&format!("{output:?}\n"));
    }
    let all = [
        ("LARDER__LOG__FILTER", "trace"),
        ("LARDER__RATE_LIMIT__ENABLED", "true"),
        ("LARDER__RATE_LIMIT__REQUESTS_PER_SECOND", "100000"),
        ("LARDER__RATE_LIMIT__BURST", "100000"),
        ("LARDER__AUTH__FAILURES_PER_MINUTE", "50"),
        ("LARDER__AUTH__TOKEN_TTL_MS", "1"),
        ("LARDER__DATABASE__WAIT_TIMEOUT_MS", "50"),
        ("LARDER__DATABASE__CONNECT_TIMEOUT_MS", "50"),
        ("LARDER__DATABASE__STATEMENT_TIMEOUT_MS", "100"),
    ];
    let mut node = cluster.linked_node_set(&all).await;
    ask_everything(&node, &token, &mut told).await;
    for fault in [Fault::Cut, Fault::Refuse] {
        node.redis(fault).await;
        ask_everything(&node, &token, &mut told).await;
        node.postgres(fault).await;
        ask_everything(&node, &token, &mut told).await;
        node.redis(Fault::None).await;
        node.postgres(Fault::None).await;
    }
    node.larder.signal("TERM");
    node.larder.wait();
    let lines = node.larder.log.lines();
    assert!(lines.iter().any(|line| line.contains("TRACE")), "it was talkative");
    assert!(told.contains("503") && told.contains("401") && told.contains("429") && told.contains("200"), "it failed");
    for line in told.lines().chain(lines.iter().map(String::as_str)) {
        for secret in secrets {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
}

#[test]
fn a_start_that_fails_tells_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = "hunter2-hunter2-hunter2";
    let [database, redis] =
        [format!("postgres://ann:{secret}@127.0.0.1:1/shop"), format!("redis://:{secret}@127.0.0.1:1")];
    let given = [
        ("LARDER__AUTH__ADMIN_TOKEN", secret),
        ("LARDER__DATABASE__URL", &database),
        ("LARDER__DATABASE__START_TIMEOUT_MS", "200"),
        ("LARDER__REDIS__URL", &redis),
        ("LARDER__LOG__FILTER", "trace"),
    ];
    let wrong_scheme = format!("{secret}://x");
    for worse in [
        &[][..],
        &[("LARDER__LOG__FORMAT", "json")],
        &[("LARDER__DATABASE__URL", "postgres://ann:hunter2-hunter2-hunter2@[::1:5/shop")],
        &[("LARDER__DATABASE__URL", "postgres://ann@db/shop?password=hunter2-hunter2-hunter2&sslmode=perhaps")],
        &[("LARDER__REDIS__URL", &wrong_scheme)],
        &[("LARDER__REDIS__URL", "redis+sentinel://:hunter2-hunter2-hunter2@:/")],
        &[("LARDER__AUTH__ADMIN_TOKEN", "hunter2-hunter2-hunter2 with spaces")],
    ] {
        for arguments in [&["serve"][..], &["config"], &["token", "list"]] {
            let mut larder = command(folder.path(), arguments, &[&given[..], worse].concat());
            let output = larder.env("RUST_BACKTRACE", "1").output().expect("larder runs");
            let told =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(!told.is_empty() && !told.contains(secret), "{arguments:?} {worse:?}: {told}");
        }
    }
}
