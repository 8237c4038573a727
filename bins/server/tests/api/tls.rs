//! TLS: both protocols, certificates that are exchanged while the server runs, and what clients may not do to it.

use std::fs;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    larder::{Larder, PATIENCE, run},
    tls_client::{Http2, Identity, TLS, versions},
};

const GET: &[u8] = b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn both_protocols_are_spoken_over_both_versions() {
    let identity = Identity::new();
    let larder = identity.serve(&[]);
    for (version, spoken) in versions() {
        let mut http1 = identity.connect_with(&larder, "http/1.1", version).await.expect("connects");
        assert_eq!(http1.get_ref().1.protocol_version(), Some(spoken));
        http1.write_all(GET).await.expect("is sent");
        let mut answer = String::new();
        http1.read_to_string(&mut answer).await.expect("is answered");
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(r#"{"status":"alive"}"#), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age=31536000\r\n"), "{answer}");

        let http2 = identity.connect_with(&larder, "h2", version).await.expect("connects");
        let (status, headers, body) =
            Http2::over(http2, 65_535).await.get("/api/v1/products/122").await.expect("an answer");
        assert_eq!((status, headers["strict-transport-security"].as_bytes()), (200, &b"max-age=31536000"[..]));
        assert!(body.starts_with(b"{\"id\":122,") && headers.contains_key("etag"));
    }
}

#[tokio::test]
async fn who_speaks_no_tls_is_turned_away_at_once() {
    let identity = Identity::new();
    let larder = identity.serve(&[]);
    let mut socket = TcpStream::connect(larder.address()).await.expect("connects");
    socket.write_all(GET).await.expect("is sent");
    let mut answer = Vec::new();
    let closed = timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("does not hang");
    assert!(closed.is_err() || !answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn who_says_nothing_is_turned_away_in_time() {
    let identity = Identity::new();
    let larder = identity.serve(&[("LARDER__SERVER__HEAD_TIMEOUT_MS", "200")]);
    let mut socket = TcpStream::connect(larder.address()).await.expect("connects");
    let mut answer = Vec::new();
    let closed = timeout(PATIENCE, socket.read_to_end(&mut answer)).await;
    closed.expect("does not hang").unwrap_or_default();
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_connection_being_lost() {
    let (old, new) = (Identity::new(), Identity::new());
    let larder = old.serve(&[]);
    let stream = old.connect(&larder, "h2").await.expect("connects");
    let open = Http2::over(stream, 65_535).await;
    assert_eq!(open.get("/livez").await.expect("an answer").0, 200);

    new.write(larder.folder.path());
    larder.signal("HUP");
    larder.log.wait_for("the certificate was read anew");
    assert!(new.connect(&larder, "h2").await.is_ok());
    assert!(old.connect(&larder, "h2").await.is_err(), "the old one is not shown any more");
    assert_eq!(open.get("/livez").await.expect("an answer").0, 200, "the open connection goes on");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_leaves_the_old_one() {
    let identity = Identity::new();
    let larder = identity.serve(&[]);
    fs::write(larder.folder.path().join("server.pem"), Identity::new().certificate).expect("written");
    larder.signal("HUP");
    let line = larder.log.wait_for("the old certificate stays");
    assert!(line.contains("server.tls_key server.key does not fit server.tls_certificate"), "{line}");
    assert!(identity.connect(&larder, "h2").await.is_ok());
}

#[test]
fn files_that_cannot_be_used_end_the_start_and_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (identity, other) = (Identity::new(), Identity::new());
    for (certificate, key, named) in [
        (None, Some(&identity.key), "server.tls_certificate server.pem cannot be read"),
        (Some(&identity.certificate), None, "server.tls_key server.key cannot be read"),
        (Some(&identity.key), Some(&identity.key), "server.tls_certificate server.pem has no certificate in PEM"),
        (Some(&identity.certificate), Some(&identity.certificate), "server.tls_key server.key has no private key"),
        (Some(&identity.certificate), Some(&other.key), "server.tls_key server.key does not fit"),
    ] {
        for (file, content) in [("server.pem", certificate), ("server.key", key)] {
            let path = folder.path().join(file);
            content.map_or_else(
                || fs::remove_file(&path).unwrap_or_default(),
                |text| fs::write(&path, text).expect("written"),
            );
        }
        let output = run(folder.path(), &["serve"], &TLS);
        let message = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.code() == Some(1) && message.contains(named), "{named}: {message}");
        assert!(!message.contains("PRIVATE KEY"), "{message}");
    }
    for missing in [TLS[0], TLS[1]] {
        let output = run(folder.path(), &["config"], &[missing]);
        let message = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.code() == Some(2) && message.contains("must be set: there is a"), "{message}");
    }
}

#[tokio::test]
async fn a_burst_of_requests_that_are_given_up_at_once_hurts_nobody_else() {
    let identity = Identity::new();
    let larder = identity.serve(&[("LARDER__SERVER__WORKERS", "1")]);
    let hostile = Http2::over(identity.connect(&larder, "h2").await.expect("connects"), 65_535).await;
    for _ in 0..20_000 {
        // Dropped at once: a reset follows the head (CVE-2023-44487).
        match hostile.send("/api/v1/products?size=50").await {
            Ok(answer) => drop(answer),
            Err(_turned_away) => break,
        }
    }
    let ended = timeout(PATIENCE, hostile.driver).await.expect("the server ends the connection").expect("no panic");
    let reason = ended.expect_err("an error").reason();
    assert_eq!(reason, Some(h2::Reason::ENHANCE_YOUR_CALM));
    let other = Http2::over(identity.connect(&larder, "h2").await.expect("connects"), 65_535).await;
    assert_eq!(other.get("/livez").await.expect("an answer").0, 200);
}

#[tokio::test]
async fn heads_over_http2_have_limits() {
    let identity = Identity::new();
    let larder: Larder = identity.serve(&[]);
    let http2 = Http2::over(identity.connect(&larder, "h2").await.expect("connects"), 65_535).await;
    let mut ready = http2.requests.clone().ready().await.expect("ready");
    let mut request = http::Request::get("https://localhost/livez");
    for number in 0..200 {
        request = request.header(format!("x-{number}"), "y");
    }
    let (answer, _) = ready.send_request(request.body(()).expect("a request"), true).expect("is sent");
    assert_eq!(answer.await.expect("an answer").status(), 431);
    let long = format!("/livez?{}", "x".repeat(8_200));
    assert_eq!(http2.get(&long).await.expect("an answer").0, 414);
    assert_eq!(http2.get("/livez").await.expect("an answer").0, 200);
}
