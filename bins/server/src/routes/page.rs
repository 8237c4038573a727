//! The page for people and its files: for everyone, as nothing in them is of this node; what they show is asked of `/admin`.

use actix_web::{HttpRequest, HttpResponse, web::Data};

use crate::{api_error::ApiError, services::Services};

/// `GET /`.
pub(super) async fn index(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    services.page.index(&request)
}

/// `GET /favicon.svg`.
pub(super) async fn favicon(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    services.page.favicon(&request)
}

/// `GET /assets/{version}/{name}`.
pub(super) async fn asset(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    services.page.asset(&request)
}
