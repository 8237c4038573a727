//! Whose request it is: what clients and proxies say of it, and who is believed.

use std::time::Duration;

use crate::larder::{Larder, header};

const LOGGED: (&str, &str) = ("LARDER__LOG__FILTER", "info,larder_server::access=debug");
const LIMITS: [(&str, &str); 3] = [
    ("LARDER__RATE_LIMIT__ENABLED", "true"),
    ("LARDER__RATE_LIMIT__REQUESTS_PER_SECOND", "1"),
    ("LARDER__RATE_LIMIT__BURST", "1000"),
];

/// The client that the log and the limits saw behind these headers: its address, and what was left to it.
async fn seen(larder: &Larder, headers: &[(&str, &str)]) -> (String, u32) {
    let id = format!(
        "forged-{}",
        headers.iter().map(|(_, value)| value.replace([' ', '"', ';', '='], "_")).collect::<String>()
    );
    let request = larder.get("/api/v1/products/122").header("x-request-id", &id);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.expect("an answer");
    let line = larder.log.wait_for(&format!("request_id=\"{id}\""));
    let client = line.split("client=").nth(1).and_then(|rest| rest.split(' ').next()).expect("a client").to_owned();
    let left = header(&answer, "ratelimit").trim_start_matches("\"default\";r=").split(';').next().map(str::parse);
    (client, left.expect("a figure").expect("a number"))
}

#[tokio::test]
async fn a_client_cannot_say_that_it_is_another_one() {
    let larder = Larder::start(&[&[LOGGED][..], &LIMITS].concat());
    let cases = [
        &[("x-forwarded-for", "1.1.1.1")][..],
        &[("x-forwarded-for", "2.2.2.2, 127.0.0.1")],
        &[("forwarded", "for=3.3.3.3")],
        &[("x-real-ip", "4.4.4.4")],
    ];
    for (headers, most) in cases.into_iter().zip([999, 998, 998, 998]) {
        let (client, left) = seen(&larder, headers).await;
        assert_eq!(client, "127.0.0.1", "{headers:?}");
        assert!(left <= most, "all count as one: {left}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_as_far_as_it_knows() {
    let larder = Larder::start(
        &[&[LOGGED, ("LARDER__SERVER__TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8")][..], &LIMITS].concat(),
    );
    for (value, client) in [
        ("1.1.1.1", "1.1.1.1"),
        ("9.9.9.9, 2.2.2.2, 10.0.0.7", "2.2.2.2"),
        ("9.9.9.9, nonsense, 10.0.0.8", "10.0.0.8"),
        ("2001:db8::1", "2001:db8::1"),
    ] {
        assert_eq!(seen(&larder, &[("x-forwarded-for", value)]).await, (client.into(), 999), "{value}");
    }
    // Whoever has one address of a /64 has all of them.
    let (client, left) = seen(&larder, &[("x-forwarded-for", "2001:db8::ffff:2")]).await;
    assert!(client == "2001:db8::ffff:2" && left < 999, "{client} {left}");
    let (client, _) = seen(&larder, &[("forwarded", "for=5.5.5.5"), ("x-forwarded-for", "6.6.6.6")]).await;
    assert_eq!(client, "6.6.6.6", "the proxy may pass the other header on as the client wrote it");
}

#[tokio::test]
async fn a_thousand_hops_are_no_trouble() {
    let larder = Larder::start(&[LOGGED, ("LARDER__SERVER__TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8")]);
    let hops = vec!["10.0.0.1"; 1_000].join(",");
    let request = larder.get("/api/v1/products/122").header("x-forwarded-for", format!("7.7.7.7,{hops}"));
    let answer = request.timeout(Duration::from_secs(5)).send().await.expect("an answer");
    assert!(answer.status().as_u16() < 500);
    larder.log.wait_for("client=7.7.7.7 ");
}
