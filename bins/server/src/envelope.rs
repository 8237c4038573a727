//! What every request gets around its handler: an id, a place in a trace, a deadline, problem bodies for errors, a net under panics, and a
//! count in the figures.
//!
//! Own code in place of tracing-actix-web: that makes a span with a dozen fields for each request, at a cost that an answer from
//! memory would feel. Here an access line is one event, which costs nothing while its target is not enabled.

use std::{
    any::Any,
    cell::RefCell,
    future::{Future, Ready, ready},
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::{
    Error, HttpRequest, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::{StatusCode, Version, header::HeaderValue},
    web::Data,
};
use pin_project_lite::pin_project;
use tokio::time::Sleep;

use crate::{
    api_error::{ApiError, ApiErrorKind},
    config::Config,
    failure::{self, LostRequest, RequestName},
    head_limits,
    http2::{Connection, StreamPlace},
    request_id::{self, X_REQUEST_ID},
    request_trace::{Export, RequestTrace},
    security_headers::SecurityHeaders,
    services::Services,
    trace_context::{TRACERESPONSE, TraceContext},
    traffic::{Meter, Passage, RoutePattern},
};

/// The target of access lines.
const ACCESS: &str = "larder_server::access";

/// Wraps the app of one worker.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub(crate) rules: Rules,
    pub(crate) meter: Rc<Meter>,
}

/// What holds for every request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// How long one request may take.
    deadline: Duration,
    /// How long an answer over HTTP/2 may stay unread.
    send_timeout: Duration,
    /// Most requests at once on one connection of HTTP/2.
    max_streams: usize,
    security: SecurityHeaders,
    /// Which requests are exported.
    export: Export,
}

impl<S, B> Transform<S, ServiceRequest> for Envelope
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = EnvelopeService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(EnvelopeService { inner, envelope: self.clone(), random: Rc::default() }))
    }
}

/// One worker's envelope.
#[derive(Debug)]
pub(crate) struct EnvelopeService<S> {
    inner: S,
    envelope: Envelope,
    /// Each worker has its own, so that ids take no lock.
    random: Rc<RefCell<fastrand::Rng>>,
}

impl<S, B> Service<ServiceRequest> for EnvelopeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = Enveloped<S::Future>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let Envelope { rules, meter } = &self.envelope;
        let random = &mut *self.random.borrow_mut();
        let id = request_id::of_request(request.headers(), random);
        let trace = RequestTrace::begin(&request, rules.export, random);
        let around = Around { id, trace, passage: meter.begin(request.method()), security: rules.security };
        let under_way = |around, inner, refused| {
            let (rules, place, timer) = (*rules, None, None);
            Enveloped { inner, refused, around, rules, place, timer }
        };
        match rules.admit(&request) {
            Ok(place) => {
                let inner = match &around.trace {
                    Some(trace) => trace.span.in_scope(|| self.inner.call(request)),
                    None => self.inner.call(request),
                };
                Enveloped { place, ..under_way(around, Some(inner), None) }
            }
            Err(kind) => {
                let refusal = ServiceResponse::from_err(ApiError::new(kind, ""), request.into_parts().0);
                under_way(around, None, Some(Box::new(refusal)))
            }
        }
    }
}

impl Rules {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            deadline: config.server.request_timeout(),
            send_timeout: config.server.send_timeout(),
            max_streams: config.server.max_streams,
            security: SecurityHeaders::new(config),
            export: config.export(),
        }
    }

    /// The place of the request on its connection, if it speaks HTTP/2.
    fn admit(&self, request: &ServiceRequest) -> Result<Option<StreamPlace>, ApiErrorKind> {
        head_limits::check(request.head())?;
        if request.version() != Version::HTTP_2 {
            return Ok(None);
        }
        let Some(connection) = request.conn_data::<Rc<Connection>>() else { return Ok(None) };
        connection.enter(self.max_streams).map(Some).ok_or(ApiErrorKind::TooManyStreams)
    }
}

pin_project! {
    /// A request under way.
    pub(crate) struct Enveloped<F> {
        // None if it was refused.
        #[pin]
        inner: Option<F>,
        refused: Option<Box<ServiceResponse<BoxBody>>>,
        around: Around,
        rules: Rules,
        place: Option<StreamPlace>,
        // Made when the handler first waits: an answer from memory never needs it.
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<F, B> Future for Enveloped<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: MessageBody + 'static,
{
    type Output = Result<ServiceResponse<BoxBody>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let around = this.around;
        let Some(inner) = this.inner.as_pin_mut() else {
            let refusal = this.refused.take().map(|refusal| around.seal(*refusal));
            return refusal.map_or(Poll::Pending, |refusal| Poll::Ready(Ok(refusal)));
        };
        let entered = around.trace.as_ref().map(|trace| trace.span.clone());
        let _in_span = entered.as_ref().map(tracing::Span::enter);
        // A handler that panicked is not polled again, so that its broken state is never seen.
        match catch_unwind(AssertUnwindSafe(|| inner.poll(context))) {
            Ok(Poll::Ready(answer)) => {
                let answer = answer.map(|answer| around.seal(answer.map_into_boxed_body()));
                let Some(place) = this.place.take() else { return Poll::Ready(answer) };
                let patience = this.rules.send_timeout;
                Poll::Ready(answer.map(|answer| answer.map_body(|_head, body| place.hold(body, patience))))
            }
            Ok(Poll::Pending) => {
                let deadline = this.rules.deadline;
                let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(deadline)));
                ready!(timer.as_mut().poll(context));
                let late = ApiError::new(ApiErrorKind::Timeout, "a write may or may not have happened");
                Poll::Ready(Err(around.lose(late)))
            }
            Err(panic) => {
                let broken = ApiError::internal(format!("the handler panicked: {}", panic_message(&*panic)));
                Poll::Ready(Err(around.lose(broken)))
            }
        }
    }
}

/// What is known of a request from its head on.
#[derive(Debug)]
struct Around {
    id: HeaderValue,
    trace: Option<RequestTrace>,
    passage: Passage,
    security: SecurityHeaders,
}

impl Around {
    /// Makes the answer final: problem body if it is an error; request id, trace and security headers always.
    fn seal(&mut self, answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let mut answer =
            if answer.response().error().is_some() { failure::explain(answer, self.name()) } else { answer };
        let status = answer.status();
        let told = self.name().trace.and_then(TraceContext::header);
        let headers = answer.response_mut().headers_mut();
        headers.insert(X_REQUEST_ID, self.id.clone());
        if let Some(told) = told {
            headers.insert(TRACERESPONSE, told);
        }
        self.security.insert_into(headers);
        let pattern = answer.request().app_data::<RoutePattern>();
        self.end(status, pattern.copied().unwrap_or_default());
        if tracing::enabled!(target: ACCESS, tracing::Level::DEBUG) {
            self.log(answer.request(), status);
        }
        answer
    }

    /// The answer to a request that has none of its own any more.
    fn lose(&mut self, error: ApiError) -> Error {
        self.end(error.status_code(), RoutePattern::default());
        LostRequest::new(error, self.name(), self.security).into()
    }

    fn name(&self) -> RequestName<'_> {
        RequestName { id: &self.id, trace: self.trace.as_ref().map(|trace| trace.place) }
    }

    fn end(&mut self, status: StatusCode, route: RoutePattern) {
        self.passage.answered(route, status.as_u16());
        if let Some(trace) = &self.trace {
            trace.end(route.0, self.passage.method(), status, request_id::as_text(&self.id));
        }
    }

    fn log(&self, request: &HttpRequest, status: StatusCode) {
        let micros = u64::try_from(self.passage.began().elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(
            target: ACCESS,
            request_id = request_id::as_text(&self.id),
            client = client_of(request).map(display),
            trace_id = self.trace.as_ref().map(|trace| display(trace.place.trace)),
            method = request.method().as_str(),
            path = request.path(),
            status = status.as_u16(),
            micros,
            "answered"
        );
    }
}

/// Who asked, for the log; `None` without services, as in a test of handlers.
fn client_of(request: &HttpRequest) -> Option<IpAddr> {
    request.app_data::<Data<Services>>().map(|services| services.addresses.of(request.head()))
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
