//! Conditional requests: nothing is sent twice, and no update is lost.

use reqwest::{Method, Response};
use serde_json::json;

use crate::larder::{Larder, header, problem};

async fn get(larder: &Larder, path: &str, condition: &str) -> Response {
    larder.get(path).header("if-none-match", condition).send().await.expect("an answer")
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let larder = Larder::start(&[]);
    let id = larder.create("C-1", true).await;
    for path in [format!("/api/v1/products/{id}"), "/api/v1/products?size=5".into()] {
        let first = larder.get(&path).send().await.expect("an answer");
        let tag = header(&first, "etag").to_owned();
        for condition in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".into()] {
            let answer = get(&larder, &path, &condition).await;
            assert_eq!(answer.status(), 304, "{condition}");
            assert_eq!(header(&answer, "etag"), tag);
            assert!(!header(&answer, "cache-status").is_empty() && !header(&answer, "x-request-id").is_empty());
            assert!(answer.bytes().await.expect("no body").is_empty());
        }
        assert_eq!(get(&larder, &path, "\"other\"").await.status(), 200);
        problem(get(&larder, &path, "no-quotes").await, 400).await;
    }
}

#[tokio::test]
async fn a_lost_update_is_412() {
    let larder = Larder::start(&[]);
    let id = larder.create("C-2", true).await;
    let path = format!("/api/v1/products/{id}");
    let write = async |method: Method, name: &str, condition: &str| {
        let request = larder.write(method, &path, &json!({ "stock": 5 }));
        request.header(name, condition).send().await.expect("an answer")
    };
    let first = header(&larder.get(&path).send().await.expect("an answer"), "etag").to_owned();
    let changed = write(Method::PATCH, "if-match", &first).await;
    assert_eq!(changed.status(), 200);
    let second = header(&changed, "etag").to_owned();
    assert_ne!(first, second);

    problem(write(Method::PATCH, "if-match", &first).await, 412).await;
    problem(write(Method::DELETE, "if-match", &first).await, 412).await;
    problem(write(Method::PATCH, "if-match", &format!("W/{second}")).await, 412).await;
    problem(write(Method::PATCH, "if-none-match", &second).await, 412).await;
    problem(write(Method::PATCH, "if-none-match", "*").await, 412).await;
    problem(write(Method::PATCH, "if-match", "no-quotes").await, 400).await;
    let unchanged = larder.get(&path).send().await.expect("an answer");
    assert_eq!(header(&unchanged, "etag"), second, "nothing was written");

    assert_eq!(write(Method::PATCH, "if-match", "*").await.status(), 200);
    assert_eq!(write(Method::PATCH, "if-none-match", "\"other\"").await.status(), 200);
    let newest = header(&larder.get(&path).send().await.expect("an answer"), "etag").to_owned();
    assert_eq!(write(Method::DELETE, "if-match", &format!("\"other\", {newest}")).await.status(), 204);
    problem(write(Method::PATCH, "if-match", "*").await, 404).await;
}

#[tokio::test]
async fn conditions_that_cannot_be_kept_are_refused() {
    let larder = Larder::start(&[]);
    let id = larder.create("C-3", true).await;
    let path = format!("/api/v1/products/{id}/adjustments");
    let body = json!({ "stock": 1, "reason": "found" });
    let answer = larder.write(Method::POST, &path, &body).header("if-match", "*").send().await.expect("an answer");
    problem(answer, 400).await;
}
