//! W3C Trace Context in and out, and spans on their way to a collector.

use std::time::{Duration, Instant};

use larder_test_support::{Fault, FaultProxy};
use tokio::net::TcpListener;

use crate::{
    cluster::{Cluster, path, stop},
    collector::{Collector, hexadecimal, text},
    larder::{ADMIN_TOKEN, Larder, header},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn parent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

/// Trace, span and flags of an answer.
fn told(answer: &reqwest::Response) -> Option<(String, String, String)> {
    let mut parts = header(answer, "traceresponse").split('-').map(str::to_owned).skip(1);
    Some((parts.next()?, parts.next()?, parts.next()?))
}

#[tokio::test]
async fn a_trace_is_told_back_and_stands_in_the_lines_of_its_request() {
    let larder = Larder::start(&[("LARDER__LOG__FILTER", "info,larder_server=debug")]);
    for (path, status, line) in [("/api/v1/products/1", 200, "answered"), ("/api/v1/products/x", 400, "refused")] {
        let answer = larder.get(path).header("traceparent", parent("01")).send().await.expect("an answer");
        assert_eq!(answer.status(), status);
        let (trace, span, flags) = told(&answer).expect("a traceresponse");
        assert_eq!((trace.as_str(), flags.as_str()), (TRACE, "00"), "nobody records it");
        assert!(span != PARENT && span.len() == 16, "{span}");
        let id = header(&answer, "x-request-id").to_owned();
        larder.log.wait_for(&id);
        let lines = larder.log.lines();
        assert!(
            lines.iter().any(|text| text.contains(line) && text.contains(&id) && text.contains(TRACE)),
            "{lines:#?}"
        );
    }
    for broken in
        ["", "00-0-0-00", &parent("01").to_uppercase(), "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"]
    {
        let answer = larder.get("/livez").header("traceparent", broken).send().await.expect("an answer");
        assert_eq!((answer.status().as_u16(), told(&answer)), (200, None), "{broken}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_request_is_exported_with_what_happened_below_it() {
    let cluster = Cluster::start().await;
    let collector = Collector::start().await;
    let settings = [
        ("LARDER__TELEMETRY__OTLP_ENDPOINT", collector.endpoint.as_str()),
        ("LARDER__TELEMETRY__SAMPLE_RATIO", "0"),
        ("LARDER__TELEMETRY__SERVICE_NAME", "shop"),
    ];
    let node = cluster.node_set(&settings).hears(true).await;
    let answer = node.get(&path(cluster.ids[0])).header("traceparent", parent("01")).header("tracestate", "a=1,b=2");
    let answer = answer.send().await.expect("an answer");
    let (trace, own, flags) = told(&answer).expect("a traceresponse");
    assert_eq!((trace.as_str(), flags.as_str()), (TRACE, "01"));

    let route = "GET /api/v1/products/{id}";
    let spans = collector.trace(TRACE, &[route, "cache.l2", "cache.load", "database"]).await;
    let request = spans.iter().find(|span| span.name == route).expect("the request");
    assert_eq!((hexadecimal(&request.parent_span_id), hexadecimal(&request.span_id)), (PARENT.into(), own));
    assert_eq!((request.kind, request.trace_state.as_str()), (2, "a=1,b=2"), "a server's span");
    for (key, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/api/v1/products/{id}"),
        ("http.response.status_code", "200"),
        ("url.path", path(cluster.ids[0]).as_str()),
        ("request_id", header(&answer, "x-request-id")),
    ] {
        assert_eq!(text(&request.attributes, key), value, "{key}");
    }
    let load = spans.iter().find(|span| span.name == "cache.load").expect("the load");
    assert_eq!(load.parent_span_id, request.span_id, "in a task of its own, and below the request all the same");
    let query = spans.iter().find(|span| span.name == "database").expect("the query");
    assert_eq!(query.parent_span_id, load.span_id);
    assert_eq!(text(&query.attributes, "db.system.name"), "postgresql");
    assert_eq!(collector.resource("service.name"), "shop");

    // Who is not recorded by its caller, or begins a trace at a ratio of 0, leaves nothing; nor does what nobody asked for.
    let unrecorded = TRACE.replace('4', "5");
    let given = format!("00-{unrecorded}-{PARENT}-00");
    let answer = node.get(&path(cluster.ids[1])).header("traceparent", given).send().await.expect("an answer");
    assert_eq!(told(&answer).expect("a traceresponse").2, "00");
    let answer = node.get(&path(cluster.ids[2])).send().await.expect("an answer");
    assert_eq!(told(&answer), None);
    stop(node).await;
    assert!(collector.spans().iter().all(|span| hexadecimal(&span.trace_id) == TRACE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_silent_or_away_slows_neither_requests_nor_the_stop() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let proxy = FaultProxy::start(silent.local_addr().expect("an address")).expect("a proxy");
    for fault in [Fault::Drop, Fault::Refuse] {
        proxy.set(fault).await.expect("is set");
        let endpoint = format!("http://{}", proxy.address());
        let settings =
            [("LARDER__TELEMETRY__OTLP_ENDPOINT", endpoint.as_str()), ("LARDER__TELEMETRY__SAMPLE_RATIO", "1")];
        let mut larder = Larder::start(&settings);
        let started = Instant::now();
        for _ in 0..200 {
            let answer = larder.get("/api/v1/products/1").send().await.expect("an answer");
            assert_eq!((answer.status().as_u16(), told(&answer).expect("a trace").2.as_str()), (200, "01"));
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        larder.log.wait_for("spans cannot be exported");
        let stopping = Instant::now();
        larder.signal("TERM");
        assert!(larder.wait().success());
        assert!(stopping.elapsed() < Duration::from_secs(8), "{:?}", stopping.elapsed());
    }
}

#[tokio::test]
async fn spans_are_not_part_of_log_lines() {
    let collector = Collector::start().await;
    let settings = [
        ("LARDER__TELEMETRY__OTLP_ENDPOINT", collector.endpoint.as_str()),
        ("LARDER__TELEMETRY__SAMPLE_RATIO", "1"),
        ("LARDER__LOG__FILTER", "debug"),
    ];
    let larder = Larder::start(&settings);
    let answer = larder.get("/admin/pool").bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
    let id = header(&answer, "x-request-id").to_owned();
    let line = larder.log.wait_for(&id);
    assert!(!line.contains("otel.kind"), "{line}");
}
