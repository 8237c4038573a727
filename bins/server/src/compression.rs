//! Content negotiation: compresses what handlers answered, in the coding that the client likes best.
//!
//! Own code in place of actix-web's `Compress`, which compresses each answer anew and leaves the entity tag as it was.

mod bodies;
mod coding;

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use pin_project_lite::pin_project;

pub(crate) use self::{bodies::CompressedBodies, coding::Coding};
use self::{
    bodies::{BodyKey, compressed},
    coding::Accepted,
};
use crate::{
    api_error::{ApiError, ApiErrorKind},
    cache_status::CACHE_STATUS,
};

/// Smaller bodies fit into one packet with their head: compressing them saves nobody time.
const MIN_BYTES: u64 = 1_024;

/// Wraps an app; without `bodies` it does nothing.
#[derive(Debug, Clone)]
pub(crate) struct Compression {
    pub(crate) bodies: Option<CompressedBodies>,
}

impl<S> Transform<S, ServiceRequest> for Compression
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error>,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = CompressionService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(CompressionService { inner, bodies: self.bodies.clone().map(Rc::new) }))
    }
}

/// One worker's compression.
#[derive(Debug)]
pub(crate) struct CompressionService<S> {
    inner: S,
    /// Counted by this worker alone, so that a request shares no counter with other workers.
    bodies: Option<Rc<CompressedBodies>>,
}

impl<S> Service<ServiceRequest> for CompressionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error>,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = Negotiated<S::Future>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let accepts = self.bodies.is_some() && request.headers().contains_key(header::ACCEPT_ENCODING);
        let bodies = if accepts { self.bodies.clone() } else { None };
        Negotiated { inner: self.inner.call(request), bodies, coded: None }
    }
}

pin_project! {
    /// A request under way.
    pub(crate) struct Negotiated<F> {
        #[pin]
        inner: F,
        // Only of a request that says what it accepts.
        bodies: Option<Rc<CompressedBodies>>,
        // The answer while its body is compressed.
        coded: Option<LocalBoxFuture<'static, ServiceResponse<BoxBody>>>,
    }
}

impl<F> Future for Negotiated<F>
where
    F: Future<Output = Result<ServiceResponse<BoxBody>, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.coded.is_none() {
            let answer = ready!(this.inner.poll(context))?;
            let Some(bodies) = this.bodies.take() else { return Poll::Ready(Ok(answer)) };
            match Plan::of(&answer) {
                Plan::AsIs => return Poll::Ready(Ok(answer)),
                Plan::NotAcceptable => return Poll::Ready(Ok(refuse(answer))),
                Plan::Coded(coding, accepted) => *this.coded = Some(Box::pin(code(answer, coding, accepted, bodies))),
            }
        }
        match this.coded {
            Some(coded) => coded.as_mut().poll(context).map(Ok),
            None => Poll::Pending,
        }
    }
}

/// What becomes of an answer.
enum Plan {
    AsIs,
    Coded(Coding, Accepted),
    NotAcceptable,
}

impl Plan {
    fn of(answer: &ServiceResponse<BoxBody>) -> Self {
        let (request, response) = (answer.request(), answer.response());
        let BodySize::Sized(bytes) = response.body().size() else { return Self::AsIs };
        let is_read =
            [Method::GET, Method::HEAD].contains(request.method()) || response.headers().contains_key(CACHE_STATUS);
        let is_whole = response.status() == StatusCode::OK && response.error().is_none();
        if !is_read || !is_whole || !can_be_coded(response.headers()) {
            return Self::AsIs;
        }
        let Some(accepted) = Accepted::of(request.headers()) else { return Self::AsIs };
        let is_worth_it = bytes >= MIN_BYTES && !accepted.prefers_identity || !accepted.identity;
        match accepted.coding {
            Some(coding) if is_worth_it => Self::Coded(coding, accepted),
            _ if accepted.identity => Self::AsIs,
            _ => Self::NotAcceptable,
        }
    }
}

/// Text that is not compressed yet.
fn can_be_coded(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim_end();
    let is_text = essence.starts_with("text/") && essence != "text/event-stream"
        || ["/json", "+json", "/javascript", "+xml", "/openmetrics-text"].iter().any(|end| essence.ends_with(end));
    is_text && !headers.contains_key(header::CONTENT_ENCODING)
}

fn refuse(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let accepted = Coding::ALL.map(Coding::name).join(", ");
    failed(
        answer.into_parts().0,
        ApiError::new(ApiErrorKind::NotAcceptable, format!("there are {accepted} and identity")),
    )
}

fn failed(request: HttpRequest, error: ApiError) -> ServiceResponse<BoxBody> {
    ServiceResponse::from_err(error, request)
}

/// The answer with its body in `coding`; as it was, if that cannot be made now and the client takes it so.
async fn code(
    answer: ServiceResponse<BoxBody>,
    coding: Coding,
    accepted: Accepted,
    bodies: Rc<CompressedBodies>,
) -> ServiceResponse<BoxBody> {
    let (request, response) = answer.into_parts();
    let (mut response, body) = response.into_parts();
    let plain = match body.try_into_bytes() {
        Ok(plain) => plain,
        // It comes in pieces: nothing of ours does so under a known length.
        Err(body) => return ServiceResponse::new(request, response.set_body(body)),
    };
    match coded_body(&response, coding, &plain, &bodies).await {
        Ok(body) => {
            describe(response.headers_mut(), coding);
            ServiceResponse::new(request, response.set_body(BoxBody::new(body)))
        }
        Err(_) if accepted.identity => ServiceResponse::new(request, response.set_body(BoxBody::new(plain))),
        Err(error) => failed(request, error),
    }
}

/// Kept if the answer has an entity tag, by which it is found again.
async fn coded_body(
    response: &HttpResponse<()>,
    coding: Coding,
    plain: &Bytes,
    bodies: &CompressedBodies,
) -> Result<Bytes, ApiError> {
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    // The first half of the tag of a product tells its body alone.
    match tag.and_then(|tag| u64::from_str_radix(tag.strip_prefix('"')?.get(..16)?, 16).ok()) {
        Some(tag) => bodies.kept(BodyKey { tag, plain_bytes: plain.len(), coding }, plain).await,
        None => compressed(coding, plain.clone()).await.map_err(ApiError::internal),
    }
}

/// The headers of a coded body. It is another representation, so that its tag is another one (RFC 9110 §8.8.3).
fn describe(headers: &mut HeaderMap, coding: Coding) {
    headers.insert(header::CONTENT_ENCODING, coding.header());
    if !headers.contains_key(header::VARY) {
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()?.strip_suffix('"'));
    if let Some(Ok(tag)) = tag.map(|opened| HeaderValue::try_from(format!("{opened}-{}\"", coding.name()))) {
        headers.insert(header::ETAG, tag);
    }
}
