//! Figures for a collector of metrics.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web::Data,
};
use larder_domain::Role;

use crate::{access, api_error::ApiError, services::Services};

/// `GET /metrics`, for admins: the text format of OpenMetrics, which Prometheus reads.
pub(super) async fn page(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    access::require(&request, Role::Admin)?;
    let page = services.metrics.page().map_err(ApiError::internal)?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8"));
    Ok(response.insert_header((CACHE_CONTROL, "no-store")).body(page))
}
