//! What clients see when handlers panic, hang or fail, and when clients themselves hang up.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    larder::{ADMIN_TOKEN, Larder, PATIENCE, draft, header, problem},
    scripted::{COMES_FROM, FAILS, ORIGINS, PANICS, SLOW_NAME, ScriptedServer, WAITS, failures},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_500_problem_and_the_server_goes_on() {
    let scripted = ScriptedServer::start(&[("LARDER__SERVER__WORKERS", "1")]).await;
    for _ in 0..3 {
        let problem = problem(scripted.get(PANICS).await, 500).await;
        assert!(!problem.to_string().contains("script"), "the cause is not told: {problem}");
    }
    problem(scripted.get(1).await, 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_of_a_repository_has_its_status_and_tells_no_cause() {
    let scripted = ScriptedServer::start(&[]).await;
    for (id, (kind, status)) in (FAILS..).zip(failures()) {
        let answer = scripted.get(id).await;
        assert_eq!(!header(&answer, "retry-after").is_empty(), status == 503, "{kind:?}");
        let problem = problem(answer, status).await;
        assert!(!problem.to_string().contains("secret"), "{kind:?}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cache_status_says_who_answered() {
    let scripted = ScriptedServer::start(&[]).await;
    for (id, (_, expected)) in (COMES_FROM..).zip(ORIGINS) {
        assert_eq!(header(&scripted.get(id).await, "cache-status"), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_takes_too_long_is_504() {
    let scripted = ScriptedServer::start(&[("LARDER__SERVER__REQUEST_TIMEOUT_MS", "100")]).await;
    problem(scripted.get(WAITS).await, 504).await;
    problem(scripted.get(1).await, 404).await;
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_408() {
    let larder = Larder::start(&[("LARDER__SERVER__REQUEST_TIMEOUT_MS", "100")]);
    let mut socket = TcpStream::connect(larder.address()).await.expect("connects");
    socket.write_all(head_of_post("100").as_bytes()).await.expect("is sent");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.expect("is answered");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("body-too-slow"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_does_not_stop_its_write() {
    let scripted = ScriptedServer::start(&[]).await;
    let mut body = draft("HANG-UP-1");
    body["name"] = SLOW_NAME.into();
    let body = body.to_string();
    let mut socket = TcpStream::connect(scripted.server.address()).await.expect("connects");
    let request = format!("{}{body}", head_of_post(&body.len().to_string()));
    socket.write_all(request.as_bytes()).await.expect("is sent");
    scripted.gate.arrived.acquire().await.expect("never closed").forget();
    drop(socket);
    scripted.gate.open.add_permits(1);
    scripted.gate.left.acquire().await.expect("never closed").forget();
    let list = scripted.client.get(scripted.url("/api/v1/products")).send().await.expect("an answer");
    let list: Value = list.json().await.expect("JSON");
    assert_eq!(list["products"][0]["sku"], "HANG-UP-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_the_write_of_a_client_that_hung_up() {
    let scripted = ScriptedServer::start(&[]).await;
    let mut body = draft("HANG-UP-2");
    body["name"] = SLOW_NAME.into();
    let body = body.to_string();
    let mut socket = TcpStream::connect(scripted.server.address()).await.expect("connects");
    let request = format!("{}{body}", head_of_post(&body.len().to_string()));
    socket.write_all(request.as_bytes()).await.expect("is sent");
    let gate = std::sync::Arc::clone(&scripted.gate);
    gate.arrived.acquire().await.expect("never closed").forget();
    drop(socket);
    let stop = scripted.server.stop();
    let open = async { gate.open.add_permits(1) };
    tokio::time::timeout(PATIENCE, async { tokio::join!(stop, open) }).await.expect("stops");
    assert_eq!(gate.left.available_permits(), 1, "the write ended before the stop did");
}

fn head_of_post(content_length: &str) -> String {
    format!(
        "POST /api/v1/products HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_TOKEN}\r\ncontent-type: application/json\r\n\
         content-length: {content_length}\r\nconnection: close\r\n\r\n"
    )
}
