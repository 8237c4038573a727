//! Tokens: made, looked up, listed and revoked; and who sends wrong ones.

use std::{path::Path, time::Instant};

use reqwest::Method;
use serde_json::json;

use crate::{
    cluster::eventually,
    larder::{ADMIN_TOKEN, Larder, PATIENCE, header, problem, run},
};

const PRODUCT: &str = "/api/v1/products/1";

/// Makes a token as an operator does.
pub(crate) fn new_token(folder: &Path, name: &str, role: &str) -> String {
    new_token_with(folder, name, role, &[])
}

/// One in the database that `settings` name.
pub(crate) fn new_token_with(folder: &Path, name: &str, role: &str, settings: &[(&str, &str)]) -> String {
    let output = run(folder, &["token", "new", "--name", name, "--role", role], settings);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Status of a write that changes nothing: 404 for who may.
async fn status(larder: &Larder, token: &str) -> u16 {
    let request = larder.request(Method::DELETE, "/api/v1/products/999999").bearer_auth(token);
    request.send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn a_revoked_token_is_401_within_its_time_and_its_name_is_free() {
    let larder = Larder::start(&[("LARDER__AUTH__TOKEN_TTL_MS", "200")]);
    let folder = larder.folder.path();
    let token = new_token(folder, "till", "writer");
    assert_eq!(status(&larder, &token).await, 404);
    let again = run(folder, &["token", "new", "--name", "till", "--role", "reader"], &[]);
    assert_eq!(again.status.code(), Some(1), "a name is given once");
    assert!(run(folder, &["token", "revoke", "--name", "till"], &[]).status.success());
    eventually("the token is unknown", async || status(&larder, &token).await == 401).await;
    assert_eq!(run(folder, &["token", "revoke", "--name", "till"], &[]).status.code(), Some(1));
    let next = new_token(folder, "till", "reader");
    assert_eq!((status(&larder, &next).await, status(&larder, &token).await), (403, 401));
}

#[tokio::test]
async fn a_token_is_looked_up_once_in_its_time() {
    let larder = Larder::start(&[("LARDER__AUTH__TOKEN_TTL_MS", "3600000")]);
    let folder = larder.folder.path();
    let token = new_token(folder, "till", "writer");
    assert_eq!(status(&larder, &token).await, 404);
    assert!(run(folder, &["token", "revoke", "--name", "till"], &[]).status.success());
    assert_eq!(status(&larder, &token).await, 404, "no question to the database");
}

#[tokio::test]
async fn tokens_are_listed_without_anything_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let tokens = [new_token(folder.path(), "till 2", "writer"), new_token(folder.path(), "till 1", "reader")];
    let listed = run(folder.path(), &["token", "list"], &[]);
    assert!(listed.status.success(), "{listed:?}");
    let listed = String::from_utf8(listed.stdout).expect("text");
    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(
        lines.iter().map(|line| (line[0], line[1])).collect::<Vec<_>>(),
        [("till 1", "reader"), ("till 2", "writer")]
    );
    assert!(lines.iter().all(|line| line[2].ends_with('Z') && line[2].len() >= 20), "{listed}");
    assert!(tokens.iter().all(|token| !listed.contains(&token[7..20])), "{listed}");
}

#[tokio::test]
async fn an_address_that_sends_wrong_tokens_is_429_but_known_tokens_go_on() {
    let larder = Larder::start(&[("LARDER__AUTH__TOKEN_TTL_MS", "1")]);
    let folder = larder.folder.path();
    let [known, fresh] = ["known", "fresh"].map(|name| new_token(folder, name, "writer"));
    assert_eq!(status(&larder, &known).await, 404);
    let mut failed = 0;
    let refused = loop {
        let answer = larder.get(PRODUCT).bearer_auth(format!("larder_{failed:064}")).send().await.expect("an answer");
        if answer.status() == 429 {
            break answer;
        }
        problem(answer, 401).await;
        failed += 1;
    };
    assert!((20..=22).contains(&failed), "twice ten at once, not {failed}");
    let wait: u64 = header(&refused, "retry-after").parse().expect("seconds");
    assert!((1..=6).contains(&wait), "{wait}");
    assert_eq!(problem(refused, 429).await["type"], "urn:larder:problem:too-many-failures");

    let malformed = larder.get(PRODUCT).header("authorization", "Basic YW5uOnBhc3M=").send().await.expect("an answer");
    assert_eq!(malformed.status(), 429, "nor anything else that is no token");
    assert_eq!(status(&larder, &fresh).await, 429, "it might be a guess");
    assert_eq!(status(&larder, &known).await, 404, "it was good here before");
    assert_eq!(status(&larder, ADMIN_TOKEN).await, 404, "nobody can guess it");
    assert_ne!(larder.get(PRODUCT).send().await.expect("an answer").status(), 429, "without a token nobody guesses");

    // What was good is still looked up: a revoked token does not go on.
    assert!(run(folder, &["token", "revoke", "--name", "known"], &[]).status.success());
    eventually("the token is unknown", async || status(&larder, &known).await == 401).await;
    let give_up = Instant::now() + PATIENCE;
    while status(&larder, &fresh).await == 429 {
        assert!(Instant::now() < give_up, "the block ends");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_configured_token_that_might_be_guessed_is_blocked_with_the_guesses() {
    let short = "sixteen-letters!";
    let larder = Larder::start(&[("LARDER__AUTH__ADMIN_TOKEN", short), ("LARDER__AUTH__FAILURES_PER_MINUTE", "1")]);
    assert_eq!(status(&larder, short).await, 404);
    while status(&larder, "sixteen-letters?").await == 401 {}
    assert_eq!(status(&larder, short).await, 429);
}

#[tokio::test]
async fn wrong_tokens_of_one_address_do_not_block_another() {
    let proxies = [("LARDER__SERVER__TRUSTED_PROXIES", "127.0.0.1"), ("LARDER__AUTH__FAILURES_PER_MINUTE", "1")];
    let larder = Larder::start(&proxies);
    let token = new_token(larder.folder.path(), "till", "reader");
    let from = async |client: &str, token: &str| {
        let body = json!([1]);
        let request = larder.request(Method::POST, "/api/v1/products/batch").json(&body).bearer_auth(token);
        request.header("x-forwarded-for", client).send().await.expect("an answer").status().as_u16()
    };
    while from("1.1.1.1", "larder_wrong").await == 401 {}
    assert_eq!((from("1.1.1.1", &token).await, from("2.2.2.2", &token).await), (429, 200));
    assert_eq!(from("1.1.1.1", &token).await, 200, "now it was good");
}
