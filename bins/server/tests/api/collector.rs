//! A collector of OpenTelemetry for tests: takes OTLP over HTTP and keeps the spans.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{cluster::PAUSE, larder::PATIENCE};

/// Listens until it is dropped.
pub(crate) struct Collector {
    pub(crate) endpoint: String,
    taken: Arc<Mutex<Taken>>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Taken {
    resources: Vec<KeyValue>,
    spans: Vec<Span>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let taken = Arc::<Mutex<Taken>>::default();
        let (mut tasks, kept) = (JoinSet::new(), Arc::clone(&taken));
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                connections.spawn(serve(connection, Arc::clone(&kept)));
            }
        });
        Self { endpoint, taken, _tasks: tasks }
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.taken.lock().expect("not poisoned").spans.clone()
    }

    /// A text that the sender says of itself.
    pub(crate) fn resource(&self, key: &str) -> String {
        text(&self.taken.lock().expect("not poisoned").resources, key)
    }

    /// Spans of this trace, once there is one of each name.
    pub(crate) async fn trace(&self, trace: &str, names: &[&str]) -> Vec<Span> {
        let of_trace =
            || -> Vec<Span> { self.spans().into_iter().filter(|span| hexadecimal(&span.trace_id) == trace).collect() };
        let missing = || -> Vec<&str> {
            let spans = of_trace();
            names.iter().copied().filter(|name| spans.iter().all(|span| span.name != *name)).collect()
        };
        let give_up = tokio::time::Instant::now() + PATIENCE;
        while !missing().is_empty() {
            assert!(tokio::time::Instant::now() < give_up, "no {:?} among {:#?}", missing(), self.spans());
            tokio::time::sleep(PAUSE).await;
        }
        of_trace()
    }
}

async fn serve(mut connection: TcpStream, taken: Arc<Mutex<Taken>>) {
    let mut bytes = Vec::new();
    while connection.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) {
        while let Some((body, rest)) = request(&bytes) {
            let export = ExportTraceServiceRequest::decode(body).expect("OTLP");
            bytes = rest.to_vec();
            let mut taken = taken.lock().expect("not poisoned");
            for spans in export.resource_spans {
                taken.resources = spans.resource.expect("a resource").attributes;
                taken.spans.extend(spans.scope_spans.into_iter().flat_map(|scope| scope.spans));
            }
        }
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        if bytes.is_empty() && connection.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// The body of the first request, if all of it is there, and what follows it.
fn request(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    assert!(text.starts_with("post /v1/traces ") && text.contains("application/x-protobuf"), "{text}");
    let length = text.split("content-length: ").nth(1)?.split("\r\n").next()?.parse::<usize>().expect("a number");
    bytes[head..].split_at_checked(length)
}

/// An attribute as text; empty if it is not there.
pub(crate) fn text(attributes: &[KeyValue], key: &str) -> String {
    let value = attributes.iter().find(|attribute| attribute.key == key).and_then(|found| found.value.clone()?.value);
    match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        _ => String::new(),
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
