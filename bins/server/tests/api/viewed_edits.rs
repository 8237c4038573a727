//! `If-Match` while views are counted: who edited nothing spoils no edit.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    cluster::{eventually, path},
    larder::{ADMIN_TOKEN, Larder, draft, header, problem},
    scripted::{Between, ScriptedServer},
};

/// A node that drains views at once, with a product as an editor read it, who is not the only one: its views were drained since.
async fn viewed(node: &Larder, sku: &str) -> (i64, String, Value) {
    let id = node.create(sku, true).await;
    let read = node.request(Method::HEAD, &path(id)).send().await.expect("an answer");
    let tag = header(&read, "etag").to_owned();
    assert_eq!(tag.len(), 34, "{tag}");
    let read: Value = node.get(&path(id)).send().await.expect("an answer").json().await.expect("JSON");
    eventually("its views were drained", async || {
        let now = node.request(Method::HEAD, &path(id)).bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
        header(&now, "etag") != tag
    })
    .await;
    (id, tag, read)
}

fn start() -> Larder {
    Larder::start(&[("LARDER__VIEWS__FLUSH_MS", "20"), ("LARDER__VIEWS__DRAIN_MS", "20")])
}

async fn put(node: &Larder, id: i64, tag: &str, body: &Value) -> Response {
    node.write(Method::PUT, &path(id), body).header("if-match", tag).send().await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_goes_on_although_views_were_drained_and_loses_none_of_them() {
    let node = start();
    let (id, tag, mut body) = viewed(&node, "VIEWED-1").await;
    assert_eq!(body["popularity"], 0);
    body["name"] = "Black tea".into();
    let written = put(&node, id, &tag, &body).await;
    assert_eq!(written.status(), StatusCode::OK);
    assert_ne!(header(&written, "etag")[17..], tag[17..], "it was edited");
    let written: Value = written.json().await.expect("JSON");
    assert_eq!((&written["name"], &written["popularity"]), (&json!("Black tea"), &json!(1)));
    problem(put(&node, id, &tag, &body).await, 412).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tag_of_a_coded_body_is_as_good() {
    let node = start();
    let (id, tag, body) = viewed(&node, "VIEWED-2").await;
    let coded = format!("{}-br\"", tag.trim_end_matches('"'));
    problem(put(&node, id, &format!("W/{coded}"), &body).await, 412).await;
    assert_eq!(put(&node, id, &coded, &body).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_after_anothers_is_refused_whatever_was_viewed() {
    let node = start();
    for (sku, change) in [("VIEWED-3", json!({ "price": 13 })), ("VIEWED-4", json!({ "stock": 9 }))] {
        let (id, tag, body) = viewed(&node, sku).await;
        let other = node.write(Method::PATCH, &path(id), &change).send().await.expect("an answer");
        assert_eq!(other.status(), StatusCode::OK);
        problem(put(&node, id, &tag, &body).await, 412).await;
    }
    let (id, tag, body) = viewed(&node, "VIEWED-5").await;
    let sale = json!({ "stock": -1, "sales": 1, "reason": "sold" });
    let sold = node.write(Method::POST, &format!("{}/adjustments", path(id)), &sale).send().await.expect("an answer");
    assert_eq!(sold.status(), StatusCode::OK);
    problem(put(&node, id, &tag, &body).await, 412).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sets_the_figure_that_views_move_has_to_know_it() {
    let node = start();
    let (id, tag, _) = viewed(&node, "VIEWED-6").await;
    let patch = async |name: &str, body: Value| {
        node.write(Method::PATCH, &path(id), &body).header(name, &tag).send().await.expect("an answer")
    };
    problem(patch("if-match", json!({ "popularity": 50 })).await, 412).await;
    problem(patch("if-none-match", json!({ "stock": 5 })).await, 412).await;
    assert_eq!(patch("if-none-match", json!({ "popularity": 60 })).await.status(), StatusCode::OK);
    assert_eq!(patch("if-match", json!({ "stock": 5 })).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_gets_what_was_counted() {
    let node = start();
    let (id, tag, _) = viewed(&node, "VIEWED-7").await;
    let read = node.request(Method::GET, &path(id)).header("if-none-match", &tag).send().await.expect("an answer");
    assert_eq!(read.status(), StatusCode::OK);
    assert_eq!(header(&read, "etag")[17..], tag[17..]);
    assert_eq!(read.json::<Value>().await.expect("JSON")["popularity"], 1);
}

/// Makes a product, and changes or removes it under `If-Match` while `between` happens; what is left to happen, and the answer.
async fn written_while(method: Method, between: &[Between]) -> (usize, Response) {
    let scripted = ScriptedServer::start(&[("LARDER__VIEWS__ENABLED", "false")]).await;
    let write =
        |method: Method, path: &str| scripted.client.request(method, scripted.url(path)).bearer_auth(ADMIN_TOKEN);
    let made = write(Method::POST, "/api/v1/products").json(&draft("BETWEEN")).send().await.expect("an answer");
    let (tag, body) = (header(&made, "etag").to_owned(), made.json::<Value>().await.expect("JSON"));
    scripted.between.lock().expect("not poisoned").extend(between);
    let path = path(body["id"].as_i64().expect("an id"));
    let answer = write(method, &path).header("if-match", tag).json(&body).send().await.expect("an answer");
    let left = scripted.between.lock().expect("not poisoned").len();
    scripted.server.stop().await;
    (left, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn views_between_look_and_write_are_looked_at_again_a_few_times() {
    let (left, written) = written_while(Method::PUT, &[Between::View; 4]).await;
    assert_eq!((left, written.status()), (0, StatusCode::OK));
    assert_eq!(written.json::<Value>().await.expect("JSON")["popularity"], 4);
    let (_, removed) = written_while(Method::DELETE, &[Between::View; 2]).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    let (left, refused) = written_while(Method::PUT, &[Between::View; 10]).await;
    assert_eq!(left, 5);
    problem(refused, 412).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_between_look_and_write_is_found_at_the_second_look() {
    let (left, refused) = written_while(Method::PUT, &[Between::View, Between::Sale, Between::View]).await;
    assert_eq!(left, 1);
    problem(refused, 412).await;
}
