//! What every request gets around its handler: an id, a deadline, problem bodies for errors, and a net under panics.
//!
//! Own code in place of tracing-actix-web: that makes a span with a dozen fields for each request, at a cost that an answer from
//! memory would feel. Here an access line is one event, which costs nothing while its target is not enabled.

use std::{
    any::Any,
    cell::RefCell,
    future::{Future, Ready, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use actix_web::{
    Error,
    body::BoxBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::header::HeaderValue,
};
use pin_project_lite::pin_project;
use tokio::time::Sleep;

use crate::{
    api_error::{ApiError, ApiErrorKind},
    failure::{self, LostRequest},
    request_id::{self, X_REQUEST_ID},
};

/// The target of access lines.
const ACCESS: &str = "larder_server::access";

/// Wraps an app; `deadline` is how long one request may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope {
    pub(crate) deadline: Duration,
}

impl<S> Transform<S, ServiceRequest> for Envelope
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error>,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = EnvelopeService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(EnvelopeService { inner, deadline: self.deadline, random: Rc::default() }))
    }
}

/// One worker's envelope.
#[derive(Debug)]
pub(crate) struct EnvelopeService<S> {
    inner: S,
    deadline: Duration,
    /// Each worker has its own, so that ids take no lock.
    random: Rc<RefCell<fastrand::Rng>>,
}

impl<S> Service<ServiceRequest> for EnvelopeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error>,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = Enveloped<S::Future>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let id = request_id::of_request(request.headers(), &mut self.random.borrow_mut());
        let started = tracing::enabled!(target: ACCESS, tracing::Level::DEBUG).then(Instant::now);
        Enveloped { inner: self.inner.call(request), id, started, deadline: self.deadline, timer: None }
    }
}

pin_project! {
    /// A request under way.
    pub(crate) struct Enveloped<F> {
        #[pin]
        inner: F,
        id: HeaderValue,
        started: Option<Instant>,
        deadline: Duration,
        // Made when the handler first waits: an answer from memory never needs it.
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<F> Future for Enveloped<F>
where
    F: Future<Output = Result<ServiceResponse<BoxBody>, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = this.inner;
        // A handler that panicked is not polled again, so that its broken state is never seen.
        match catch_unwind(AssertUnwindSafe(|| inner.poll(context))) {
            Ok(Poll::Ready(answer)) => Poll::Ready(answer.map(|answer| seal(answer, this.id, *this.started))),
            Ok(Poll::Pending) => {
                let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(*this.deadline)));
                ready!(timer.as_mut().poll(context));
                let late = ApiError::new(ApiErrorKind::Timeout, "a write may or may not have happened");
                Poll::Ready(Err(LostRequest::new(late, this.id.clone()).into()))
            }
            Err(panic) => {
                let lost = ApiError::internal(format!("the handler panicked: {}", panic_message(&*panic)));
                Poll::Ready(Err(LostRequest::new(lost, this.id.clone()).into()))
            }
        }
    }
}

/// Makes the answer final: problem body if it is an error, request id always.
fn seal(answer: ServiceResponse<BoxBody>, id: &HeaderValue, started: Option<Instant>) -> ServiceResponse<BoxBody> {
    let mut answer = if answer.response().error().is_some() { failure::explain(answer, id) } else { answer };
    answer.response_mut().headers_mut().insert(X_REQUEST_ID, id.clone());
    if let Some(started) = started {
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(
            target: ACCESS,
            request_id = request_id::as_text(id),
            method = answer.request().method().as_str(),
            path = answer.request().path(),
            status = answer.status().as_u16(),
            micros,
            "answered"
        );
    }
    answer
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
