//! Compressed answers: negotiated, made once, and with tags of their own.

use std::io::Read;

use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::json;

use crate::larder::{ADMIN_TOKEN, Larder, header, problem};

const LIST: &str = "/api/v1/products?size=50";

async fn get(larder: &Larder, path: &str, accepted: &str) -> Response {
    larder.get(path).header("accept-encoding", accepted).send().await.expect("an answer")
}

/// The body as it was before it was coded.
async fn plain(answer: Response) -> String {
    let coding = header(&answer, "content-encoding").to_owned();
    let body = answer.bytes().await.expect("a body");
    let mut text = String::new();
    let read = match coding.as_str() {
        "br" => brotli::Decompressor::new(&body[..], 4_096).read_to_string(&mut text),
        "zstd" => zstd::Decoder::new(&body[..]).expect("a decoder").read_to_string(&mut text),
        "gzip" => flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text),
        _ => (&body[..]).read_to_string(&mut text),
    };
    read.expect("can be decoded");
    text
}

#[tokio::test]
async fn a_list_comes_in_the_coding_that_the_client_likes_best() {
    let larder = Larder::start(&[]).hears(false).await;
    let identity = larder.get(LIST).send().await.expect("an answer");
    assert_eq!(header(&identity, "content-encoding"), "");
    let tag = header(&identity, "etag").to_owned();
    let expected = plain(identity).await;
    for (accepted, coding) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, zstd", "zstd"),
        ("gzip", "gzip"),
        ("br;q=0.1, gzip;q=0.2", "gzip"),
        ("*", "br"),
        ("deflate", ""),
        ("identity", ""),
        ("br;q=0", ""),
        ("nonsense;;q=x", ""),
    ] {
        let answer = get(&larder, LIST, accepted).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "content-encoding"), coding, "{accepted}");
        assert_eq!(header(&answer, "vary"), "Accept-Encoding, Authorization, Larder-Version");
        let suffix = if coding.is_empty() { String::new() } else { format!("-{coding}") };
        assert_eq!(header(&answer, "etag"), format!("{}{suffix}\"", tag.trim_end_matches('"')));
        let sent: usize = header(&answer, "content-length").parse().expect("a length");
        assert!(if coding.is_empty() { sent == expected.len() } else { sent < expected.len() / 3 }, "{sent}");
        assert_eq!(plain(answer).await, expected);
    }
}

#[tokio::test]
async fn a_small_body_is_coded_only_for_who_takes_nothing_else() {
    let larder = Larder::start(&[]);
    let path = "/livez";
    assert_eq!(header(&get(&larder, path, "br").await, "content-encoding"), "");
    let coded = get(&larder, path, "br, identity;q=0").await;
    assert_eq!((coded.status().as_u16(), header(&coded, "content-encoding")), (200, "br"));
    assert_eq!(plain(coded).await, r#"{"status":"alive"}"#);
    for refused in ["identity;q=0", "*;q=0", "deflate, *;q=0"] {
        let problem = problem(get(&larder, path, refused).await, 406).await;
        assert_eq!(problem["type"], "urn:larder:problem:not-acceptable");
    }
}

#[tokio::test]
async fn a_write_is_never_refused_for_the_coding_of_its_answer() {
    let larder = Larder::start(&[]);
    let id = larder.create("CODED-1", true).await;
    let path = format!("/api/v1/products/{id}");
    let write = larder.write(Method::PATCH, &path, &json!({ "stock": 3 })).header("accept-encoding", "*;q=0");
    assert_eq!(write.send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_tag_holds_for_each_coding_of_its_content() {
    let larder = Larder::start(&[]).hears(false).await;
    let tag_of = async |accepted: &str| header(&get(&larder, LIST, accepted).await, "etag").to_owned();
    let tags = [tag_of("identity").await, tag_of("br").await, tag_of("zstd").await, tag_of("gzip").await];
    for accepted in ["identity", "br", "gzip"] {
        for tag in &tags {
            let request = larder.get(LIST).header("accept-encoding", accepted).header("if-none-match", tag);
            let answer = request.send().await.expect("an answer");
            assert_eq!(
                (answer.status().as_u16(), header(&answer, "etag")),
                (304, tag.as_str()),
                "as the client has it"
            );
        }
    }
    let id = larder.create("CODED-2", true).await;
    let path = format!("/api/v1/products/{id}");
    let coded = header(&get(&larder, &path, "zstd, identity;q=0").await, "etag").to_owned();
    assert!(coded.ends_with("-zstd\""), "{coded}");
    let write = async |tag: &str| {
        let request = larder.write(Method::PATCH, &path, &json!({ "stock": 7 })).header("if-match", tag);
        request.send().await.expect("an answer")
    };
    problem(write(&coded.replace("zstd", "lzma")).await, 412).await;
    assert_eq!(write(&coded).await.status(), 200);
    problem(write(&coded).await, 412).await;
}

#[tokio::test]
async fn a_hot_body_is_compressed_once_however_many_ask() {
    let larder = Larder::start(&[]).hears(false).await;
    let answers = join_all((0..40).map(|_| get(&larder, LIST, "br"))).await;
    assert!(answers.iter().all(|answer| header(answer, "content-encoding") == "br"));
    let long = larder.write(Method::PATCH, "/api/v1/products/1", &json!({ "description": "so long ".repeat(200) }));
    assert_eq!(long.send().await.expect("an answer").status(), 200);
    let tag = header(&get(&larder, "/api/v1/products/1", "br").await, "etag").to_owned();
    assert_eq!(tag.len(), "\"\"-br".len() + 32, "{tag}");
    for _ in 0..10 {
        assert_eq!(get(&larder, "/api/v1/products/1", "br").await.status(), 200);
    }
    let metrics = larder.get("/metrics").bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
    let metrics = metrics.text().await.expect("text");
    let compressions = "larder_cache_loads_total{cache=\"compressed\",outcome=\"loaded\"} 2\n";
    assert!(metrics.contains(compressions), "{metrics}");
}

#[tokio::test]
async fn head_and_batch_are_coded_as_well() {
    let larder = Larder::start(&[]).hears(false).await;
    let got = get(&larder, LIST, "gzip").await;
    let head = larder.request(Method::HEAD, LIST).header("accept-encoding", "gzip").send().await.expect("an answer");
    for name in ["etag", "content-length", "content-encoding", "vary", "content-type"] {
        assert_eq!(header(&head, name), header(&got, name), "{name}");
    }
    assert!(head.bytes().await.expect("no body").is_empty());
    let ids: Vec<u32> = (1..=50).collect();
    let batch = larder.request(Method::POST, "/api/v1/products/batch").json(&ids).header("accept-encoding", "zstd");
    let batch = batch.send().await.expect("an answer");
    assert_eq!(header(&batch, "content-encoding"), "zstd");
    assert!(plain(batch).await.starts_with("{\"products\":{"));
}

#[tokio::test]
async fn nothing_is_compressed_where_that_is_off() {
    let larder = Larder::start(&[("LARDER__SERVER__COMPRESSION", "false")]);
    assert_eq!(header(&get(&larder, LIST, "br").await, "content-encoding"), "");
    assert_eq!(get(&larder, LIST, "*;q=0").await.status(), 200);
}
