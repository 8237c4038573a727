//! Every kind of bad input gets a clear 4xx problem that names what is wrong, and writes nothing.

use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{
    larder::{ADMIN_TOKEN, Larder, draft, problem},
    raw::exchange,
};

/// A problem that names a field in its `errors`.
fn names(problem: &Value, field: &str) -> bool {
    problem["errors"].as_array().is_some_and(|errors| errors.iter().any(|error| error["field"] == field))
}

#[tokio::test]
async fn paths_and_parameters_that_make_no_sense_are_400_and_named() {
    let larder = Larder::start(&[]);
    for (path, field) in [
        ("/api/v1/products/abc", "id"),
        ("/api/v1/products/-1", "id"),
        ("/api/v1/products/0", "id"),
        ("/api/v1/products/1.5", "id"),
        ("/api/v1/products/9223372036854775808", "id"),
        ("/api/v1/products/99999999999999999999999999", "id"),
        ("/api/v1/products/%00", "id"),
        ("/api/v1/products/%ff", "id"),
        ("/api/v1/products/1?fields=name", "fields"),
        ("/api/v1/products?page=0", "page"),
        ("/api/v1/products?page=-1", "page"),
        ("/api/v1/products?page=two", "page"),
        ("/api/v1/products?page=4294967296", "page"),
        ("/api/v1/products?page=4294967295&size=1000", "page"),
        ("/api/v1/products?size=0", "size"),
        ("/api/v1/products?size=1001", "size"),
        ("/api/v1/products?sort=price", "sort"),
        ("/api/v1/products?sort_by=nonsense", "sort_by"),
        ("/api/v1/products?featured=yes", "featured"),
        ("/api/v1/products?category=", "category"),
        ("/api/v1/products?category=%00", "category"),
        ("/api/v1/products?category=%ff", "category"),
        ("/api/v1/products?page=1&page=2", "page"),
    ] {
        let problem = problem(larder.get(path).send().await.expect(path), 400).await;
        assert!(names(&problem, field), "{path}: {problem}");
        assert_eq!(problem["type"], "urn:larder:problem:malformed", "{path}");
    }
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_refused_and_write_nothing() {
    let larder = Larder::start(&[]);
    let before = larder.total().await;
    let with = |field: &str, value: Value| {
        let mut body = draft("BAD-1");
        body[field] = value;
        body.to_string().into_bytes()
    };
    let long = "x".repeat(300);
    let cases: Vec<(Vec<u8>, u16, &str)> = vec![
        (b"".into(), 400, "body"),
        (b"{".into(), 400, "body"),
        (b"{\"name\": nul}".into(), 400, "body"),
        (b"{\"name\": \"\xff\"}".into(), 400, "body"),
        (b"{\"name\": \"a\x00b\"}".into(), 400, "body"),
        (br#"{"name":"a","name":"b"}"#.into(), 400, "name"),
        (format!("{} []", draft("BAD-1")).into_bytes(), 400, "body"),
        (b"[]".into(), 422, "body"),
        (b"null".into(), 422, "body"),
        (b"{}".into(), 422, "name"),
        (with("price", json!("12.50")), 422, "price"),
        (with("price", json!(1.999)), 422, "price"),
        (with("price", json!(-1)), 422, "price"),
        (with("price", json!(1e11)), 422, "price"),
        (with("stock", json!(-1)), 422, "stock"),
        (with("stock", json!("many")), 422, "stock"),
        (with("stock", json!(1.5)), 422, "stock"),
        (with("name", json!(long)), 422, "name"),
        (with("name", json!("")), 422, "name"),
        (with("name", json!("a\0b")), 422, "name"),
        (with("sku", json!("a\0b")), 422, "sku"),
        (with("category", json!("")), 422, "category"),
        (with("colour", json!("red")), 422, "colour"),
        (with("is_published", json!(1)), 422, "is_published"),
    ];
    for (body, status, field) in cases {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let request = larder.request(Method::POST, "/api/v1/products").bearer_auth(ADMIN_TOKEN);
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        let problem = problem(request.send().await.expect("an answer"), status).await;
        assert!(names(&problem, field), "{shown}: {problem}");
    }
    assert_eq!(larder.total().await, before, "nothing was written");
}

#[tokio::test]
async fn patches_and_adjustments_keep_the_same_rules() {
    let larder = Larder::start(&[]);
    let product = format!("/api/v1/products/{}", larder.create("BAD-2", true).await);
    let adjustments = format!("{product}/adjustments");
    let (product, adjustments) = (product.as_str(), adjustments.as_str());
    let before = larder.get(product).send().await.expect("an answer");
    let before = before.text().await.expect("a body");
    for (method, path, body, field) in [
        (Method::PATCH, product, json!({}), "body"),
        (Method::PATCH, product, json!({ "name": null }), "name"),
        (Method::PATCH, product, json!({ "price": 1.001 }), "price"),
        (Method::PATCH, product, json!({ "stock": -5 }), "stock"),
        (Method::PATCH, product, json!({ "id": 5 }), "id"),
        (Method::POST, adjustments, json!({ "stock": -1_000_000_000, "reason": "x" }), "stock"),
        (Method::POST, adjustments, json!({ "reason": "x" }), "stock"),
        (Method::POST, adjustments, json!({ "stock": 1 }), "reason"),
        (Method::PUT, product, json!({ "name": "x" }), "price"),
    ] {
        let problem = problem(larder.write(method, path, &body).send().await.expect("an answer"), 422).await;
        assert!(names(&problem, field), "{path} {body}: {problem}");
    }
    let after = larder.get(product).send().await.expect("an answer");
    assert_eq!(after.text().await.expect("a body"), before, "nothing was written");
}

#[tokio::test]
async fn batches_keep_their_limits() {
    let larder = Larder::start(&[]);
    let ids = |count: u32| json!((1..=count).collect::<Vec<_>>());
    for (body, field) in [
        (json!([0]), "[0]"),
        (json!([1, -1]), "[1]"),
        (json!(["1"]), "[0]"),
        (json!([1.5]), "[0]"),
        (json!({ "ids": [1] }), "body"),
        (ids(1_001), "body"),
    ] {
        let request = larder.request(Method::POST, "/api/v1/products/batch").json(&body);
        let problem = problem(request.send().await.expect("an answer"), 422).await;
        assert!(names(&problem, field), "{problem}");
    }
    let request = larder.request(Method::POST, "/api/v1/products/batch").json(&ids(1_000));
    assert_eq!(request.send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn bodies_that_are_too_large_or_no_json_are_413_and_415() {
    let larder = Larder::start(&[("LARDER__SERVER__BODY_LIMIT_BYTES", "2048")]);
    let post = || larder.request(Method::POST, "/api/v1/products").bearer_auth(ADMIN_TOKEN);
    let json_post = || post().header(CONTENT_TYPE, "application/json");
    problem(json_post().body(vec![b' '; 2_049]).send().await.expect("an answer"), 413).await;
    problem(json_post().body(vec![b' '; 2_048]).send().await.expect("an answer"), 400).await;
    problem(post().body(draft("A-1").to_string()).send().await.expect("an answer"), 415).await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"] {
        let request = post().header(CONTENT_TYPE, content_type).body(draft("A-1").to_string());
        problem(request.send().await.expect("an answer"), 415).await;
    }
    let compressed = json_post().header("content-encoding", "gzip").body(draft("A-1").to_string());
    problem(compressed.send().await.expect("an answer"), 415).await;
}

#[tokio::test]
async fn a_body_of_unknown_length_is_counted_as_it_comes() {
    let larder = Larder::start(&[("LARDER__SERVER__BODY_LIMIT_BYTES", "2048")]);
    let head = format!(
        "POST /api/v1/products HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_TOKEN}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    let chunk = format!("400\r\n{}\r\n", " ".repeat(0x400));
    let answer = exchange(&larder, format!("{head}{}0\r\n\r\n", chunk.repeat(3)).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("body-too-large"), "{answer}");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_404_and_405() {
    let larder = Larder::start(&[]);
    for path in ["/api", "/api/v1/products/", "/api/v1/products/1/", "/api/v1/products/1/2", "/api/v2/products"] {
        problem(larder.get(path).send().await.expect(path), 404).await;
    }
    for (method, path, allow) in [
        (Method::POST, "/api/v1/products/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        (Method::DELETE, "/api/v1/products", "GET, HEAD, POST, OPTIONS"),
        (Method::GET, "/api/v1/products/batch", "POST, OPTIONS"),
        (Method::GET, "/api/v1/products/1/adjustments", "POST, OPTIONS"),
        (Method::POST, "/livez", "GET, HEAD, OPTIONS"),
        (Method::from_bytes(b"BREW").expect("a method"), "/health", "GET, HEAD, OPTIONS"),
    ] {
        let answer = larder.request(method, path).send().await.expect(path);
        assert_eq!(answer.headers().get("allow").expect("Allow"), allow);
        problem(answer, 405).await;
    }
}

#[tokio::test]
async fn what_is_no_http_is_400_and_the_server_goes_on() {
    let larder = Larder::start(&[]);
    for bytes in [&b"nonsense\r\n\r\n"[..], b"GET / HTTP/9.9\r\n\r\n", b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let answer = exchange(&larder, bytes).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(larder.get("/livez").send().await.expect("an answer").status(), 200);
}
