//! The live state of this node: once, and as a stream of events.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    web::{Bytes, Data},
};
use futures_util::stream;
use larder_domain::Role;

use crate::{
    access, answer,
    api_error::{ApiError, ApiErrorKind},
    parameters::Parameters,
    services::Services,
};

/// `GET /admin/live`: the state, and the minute before it.
pub(super) async fn state(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    admit(&request, &services)?;
    let not_yet =
        || ApiError::new(ApiErrorKind::Overloaded, "the server has just started: there is nothing to show yet");
    let page = services.live.page().ok_or_else(not_yet)?;
    Ok(answer::unstored(StatusCode::OK, page))
}

/// `GET /admin/live/stream`: the same as Server-Sent Events, one a second, until the client goes or the server stops.
pub(super) async fn stream(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    admit(&request, &services)?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "text/event-stream")).insert_header((CACHE_CONTROL, "no-store"));
    // nginx would keep events back until it has a buffer full of them.
    response.insert_header(("X-Accel-Buffering", "no"));
    if request.method() == Method::HEAD {
        // Events that nobody is sent would keep the connection from its next request.
        return Ok(response.streaming(stream::empty::<Result<Bytes, ApiError>>()));
    }
    let too_many = || ApiError::new(ApiErrorKind::Overloaded, "too many streams at a time");
    let watcher = services.live.watch().ok_or_else(too_many)?;
    let events = stream::unfold(watcher, async |mut watcher| {
        let event = watcher.next().await?;
        Some((Ok::<Bytes, ApiError>(event), watcher))
    });
    Ok(response.streaming(events))
}

fn admit(request: &HttpRequest, services: &Services) -> Result<(), ApiError> {
    Parameters::parse(request.query_string(), [])?;
    if services.live_is_public { Ok(()) } else { access::require(request, Role::Admin) }
}
