//! Stopping: what is in flight is finished, then each part ends in its turn.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::larder::{ADMIN_TOKEN, Larder, draft, header, problem};

#[tokio::test]
async fn a_request_in_flight_is_finished_and_the_rest_refused() {
    for signal in ["TERM", "INT"] {
        let mut larder = Larder::start(&[]);
        let body = draft("STOP-1").to_string();
        let (first, second) = body.split_at(10);
        let mut socket = TcpStream::connect(larder.address()).await.expect("connects");
        let head = format!(
            "POST /api/v1/products HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_TOKEN}\r\ncontent-type: application/json\r\n\
             expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).await.expect("is sent");
        // The server asks for the body: the request is in flight.
        let mut asked = [0; 25];
        socket.read_exact(&mut asked).await.expect("is asked");
        assert!(asked.starts_with(b"HTTP/1.1 100 Continue"));
        socket.write_all(first.as_bytes()).await.expect("is sent");

        larder.signal(signal);
        larder.log.wait_for("stopping: not ready");
        socket.write_all(second.as_bytes()).await.expect("is sent");
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.expect("is answered");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");

        assert_eq!(larder.wait().code(), Some(0));
        let steps: Vec<_> = larder
            .log
            .lines()
            .into_iter()
            .filter(|line| line.contains("larder_server") && line.contains("stop"))
            .collect();
        let order = [
            "stopping signal=",
            "not ready",
            "no longer listening",
            "writes finished",
            "views passed on",
            "tail, relay",
            "database closed",
        ];
        assert_eq!(steps.len(), order.len(), "{steps:#?}");
        for (step, expected) in steps.iter().zip(order) {
            assert!(step.contains(expected), "{steps:#?}");
        }
        TcpStream::connect(larder.address()).await.expect_err("nobody listens");
    }
}

#[tokio::test]
async fn a_stopping_server_is_not_ready_and_a_second_signal_ends_it_at_once() {
    let mut larder = Larder::start(&[("LARDER__SERVER__DRAIN_DELAY_MS", "86400000")]);
    assert_eq!(larder.get("/readyz").send().await.expect("an answer").status(), 200);
    larder.signal("TERM");
    larder.log.wait_for("stopping: not ready");
    let answer = larder.get("/readyz").send().await.expect("an answer");
    assert_eq!(header(&answer, "retry-after"), "1");
    let stopping = problem(answer, 503).await;
    assert_eq!(stopping["type"], "urn:larder:problem:stopping");
    assert_eq!(larder.get("/livez").send().await.expect("an answer").status(), 200);
    larder.signal("TERM");
    assert_eq!(larder.wait().code(), Some(130));
}
