//! Before a route is looked for: who asks, and whether that client may ask once more.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpMessage,
    body::BoxBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::header::AUTHORIZATION,
    web::Data,
};
use pin_project_lite::pin_project;

use crate::{
    api_error::{ApiError, ApiErrorKind},
    client_address::counted,
    limit_headers::LimitHeaders,
    limits::{Client, Opinion, RateLimiter, Room, Verdict},
    routes,
    services::Services,
};

/// Wraps an app: handlers find the [`Caller`](crate::access::Caller) of a request with a good token among its extensions.
#[derive(Debug, Clone)]
pub(crate) struct Admission(pub(crate) Data<Services>);

impl<S> Transform<S, ServiceRequest> for Admission
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = AdmissionService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(AdmissionService { inner: Rc::new(inner), services: self.0.clone() }))
    }
}

/// One worker's admission.
#[derive(Debug)]
pub(crate) struct AdmissionService<S> {
    inner: Rc<S>,
    services: Data<Services>,
}

impl<S> Service<ServiceRequest> for AdmissionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = Admitted<S::Future>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if routes::is_health_check(request.path()) {
            return Admitted::Through { inner: self.inner.call(request) };
        }
        if request.headers().contains_key(AUTHORIZATION) {
            return self.later(request, None);
        }
        let Some(limits) = &self.services.limits else {
            return Admitted::Through { inner: self.inner.call(request) };
        };
        let client = Client::Address(counted(self.services.addresses.of(request.request().head())));
        match limits.limiter.weigh(&client) {
            Opinion::Verdict(Verdict::Passes(room)) => {
                let limits = limits.policy.after(room);
                Admitted::Counted { inner: self.inner.call(request), limits }
            }
            opinion => self.later(request, Some((client, opinion))),
        }
    }
}

impl<S> AdmissionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    /// What has to wait for somebody, or is refused.
    fn later(&self, request: ServiceRequest, weighed: Option<(Client, Opinion)>) -> Admitted<S::Future> {
        let (inner, services) = (Rc::clone(&self.inner), self.services.clone());
        Admitted::Later { inner: Box::pin(async move { admit(inner.as_ref(), &services, request, weighed).await }) }
    }
}

async fn admit<S>(
    inner: &S,
    services: &Services,
    request: ServiceRequest,
    weighed: Option<(Client, Opinion)>,
) -> Result<ServiceResponse<BoxBody>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error>,
{
    let weighed = match weighed {
        Some(weighed) => Some(weighed),
        None => match bearer(services, &request).await {
            Ok(client) => services.limits.as_ref().map(|limits| (client.clone(), limits.limiter.weigh(&client))),
            Err(refusal) => return Ok(request.error_response(refusal)),
        },
    };
    let (Some(limits), Some((client, opinion))) = (&services.limits, weighed) else {
        return inner.call(request).await;
    };
    match decide(&limits.limiter, &client, opinion).await {
        Verdict::Passes(room) => {
            let mut answer = inner.call(request).await?;
            limits.policy.after(room).insert_into(answer.headers_mut());
            Ok(answer)
        }
        Verdict::Refused(wait) => {
            let refusal = ApiError::new(ApiErrorKind::RateLimited(wait), "");
            let mut answer = request.error_response(refusal);
            limits.policy.after(Room { cells: 0, whole_in: wait }).insert_into(answer.headers_mut());
            Ok(answer)
        }
    }
}

/// Finds out who bears the token of `request`, and leaves that to its handler.
async fn bearer(services: &Services, request: &ServiceRequest) -> Result<Client, ApiError> {
    let address = || counted(services.addresses.of(request.request().head()));
    let caller = services.access.caller(request.headers(), address()).await?;
    let client = Client::Token(Arc::clone(&caller.name));
    request.extensions_mut().insert(caller);
    Ok(client)
}

async fn decide(limiter: &RateLimiter, client: &Client, opinion: Opinion) -> Verdict {
    match opinion {
        Opinion::Verdict(verdict) => verdict,
        Opinion::Ask { cells, room } => limiter.ask(client, cells, room).await,
    }
}

pin_project! {
    /// A request under way.
    #[project = AdmittedProjection]
    pub(crate) enum Admitted<F> {
        // Nobody counts it.
        Through { #[pin] inner: F },
        // Counted by its address, without waiting for anybody.
        Counted { #[pin] inner: F, limits: LimitHeaders },
        Later { inner: Pin<Box<dyn Future<Output = Result<ServiceResponse<BoxBody>, Error>>>> },
    }
}

impl<F> Future for Admitted<F>
where
    F: Future<Output = Result<ServiceResponse<BoxBody>, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            AdmittedProjection::Through { inner } => inner.poll(context),
            AdmittedProjection::Later { inner } => inner.as_mut().poll(context),
            AdmittedProjection::Counted { inner, limits } => inner.poll(context).map_ok(|mut answer| {
                limits.insert_into(answer.headers_mut());
                answer
            }),
        }
    }
}
