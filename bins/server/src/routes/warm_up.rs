//! Filling the caches on demand.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use larder_domain::Role;
use serde_json::json;

use crate::{
    access, answer,
    api_error::{ApiError, ApiErrorKind},
    parameters::Parameters,
    services::{Services, WarmUpEnding},
};

/// `POST /admin/warm-up`, for admins: warms the caches, or joins the warm-up that is under way, and answers how it ended.
pub(super) async fn repeat(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    access::require(&request, Role::Admin)?;
    Parameters::parse(request.query_string(), [])?;
    let report = services.warm_ups.run().await;
    let report = report.ok_or_else(|| ApiError::new(ApiErrorKind::Stopping, "the warm-up was stopped"))?;
    if let WarmUpEnding::Failed(cause) = report.ending {
        return Err(cause.into());
    }
    let body = json!({
        "outcome": report.ending.as_str(),
        "products": report.warmed.products,
        "from_l1": report.warmed.from_l1,
        "from_l2": report.warmed.from_l2,
        "loaded": report.warmed.loaded,
        "pages": report.warmed.pages,
        "took_ms": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
    });
    Ok(answer::unstored(StatusCode::OK, body.to_string()))
}
