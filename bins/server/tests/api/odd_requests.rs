//! Heads and bodies that are allowed but odd, or lie: each has a clear status, and the server goes on.

use crate::{
    larder::{ADMIN_TOKEN, Larder, draft},
    raw::exchange,
};

/// A POST of a product with further header lines, and its body.
fn post(lines: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /api/v1/products HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_TOKEN}\r\ncontent-type: application/json\r\n\
         connection: close\r\n{lines}\r\n{body}"
    )
    .into_bytes()
}

fn get(target: &str, lines: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{lines}\r\n").into_bytes()
}

#[tokio::test]
async fn heads_that_are_too_large_are_414_and_431() {
    let larder = Larder::start(&[]);
    let long = "x".repeat(8_200);
    let many: String = (0..200).map(|number| format!("x-{number}: y\r\n")).collect();
    for (request, status, told) in [
        (get(&format!("/api/v1/products?category={long}"), ""), "414", "uri-too-long"),
        (get("/livez", &format!("x-long: {}\r\n", "y".repeat(140_000))), "431", ""),
        (get("/livez", &many), "431", ""),
        (get("/livez", &format!("x-long: {long}\r\n")), "200", "alive"),
    ] {
        let answer = exchange(&larder, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(told), "{answer}");
    }
    assert_eq!(larder.get("/livez").send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_is_told() {
    let larder = Larder::start(&[("LARDER__SERVER__BODY_LIMIT_BYTES", "2048")]);
    let refused = exchange(&larder, &post("expect: 100-continue\r\ncontent-length: 5000000\r\n", "")).await;
    let last = refused.rsplit("HTTP/1.1 ").next().expect("an answer");
    assert!(last.starts_with("413 ") && last.contains("body-too-large"), "{refused}");
    let body = draft("ODD-1").to_string();
    let lines = format!("expect: 100-continue\r\ncontent-length: {}\r\n", body.len());
    let taken = exchange(&larder, &post(&lines, &body)).await;
    assert!(taken.starts_with("HTTP/1.1 100 ") && taken.contains("HTTP/1.1 201 "), "{taken}");
}

#[tokio::test]
async fn lengths_that_lie_write_nothing() {
    let larder = Larder::start(&[("LARDER__SERVER__REQUEST_TIMEOUT_MS", "500")]);
    let before = larder.total().await;
    let body = draft("ODD-2").to_string();
    let short = format!("content-length: {}\r\n", body.len() - 5);
    let long = format!("content-length: {}\r\n", body.len() + 5);
    for (lines, body, status) in [
        (short.as_str(), body.as_str(), "400"),
        (&long, &body, "408"),
        ("content-length: x\r\n", &body, "400"),
        ("content-length: -1\r\n", &body, "400"),
        ("content-length: 3\r\ncontent-length: 4\r\n", &body, "400"),
        ("content-length: 3\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n", "400"),
        ("transfer-encoding: chunked\r\n", "zz\r\n", "400"),
        ("transfer-encoding: gzip\r\n", &body, "400"),
    ] {
        let answer = exchange(&larder, &post(lines, body)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{lines}: {answer}");
    }
    assert_eq!(larder.total().await, before);
}

#[tokio::test]
async fn a_body_in_pieces_is_a_body() {
    let larder = Larder::start(&[]);
    let body = draft("ODD-3").to_string();
    let (first, second) = body.split_at(10);
    let chunks = format!("{:x}\r\n{first}\r\n{:x};note=1\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let answer = exchange(&larder, &post("transfer-encoding: chunked\r\n", &chunks)).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}

#[tokio::test]
async fn the_server_as_a_whole_has_its_options() {
    let larder = Larder::start(&[]);
    let head = "OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = exchange(&larder, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert!(answer.contains("allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"), "{answer}");
    for (head, status) in [("TRACE /livez", "405"), ("CONNECT example.org:80", "404"), ("GET *", "404")] {
        let request = format!("{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = exchange(&larder, request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
    }
}
