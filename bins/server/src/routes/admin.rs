//! What operators ask and do: caches, pool, system. For admins; nothing of it may be kept by anybody.

mod cache;
mod pool;
mod system;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use larder_domain::Role;
use serde::Serialize;

pub(super) use self::{
    cache::{inspect, invalidate, statistics},
    pool::status as pool,
    system::report as system,
};
use crate::{access, answer, api_error::ApiError, parameters::Parameters};

/// Passes only admins, and no parameters.
fn admit(request: &HttpRequest) -> Result<(), ApiError> {
    access::require(request, Role::Admin)?;
    Parameters::parse(request.query_string(), []).map(drop)
}

fn json(body: &impl Serialize) -> Result<HttpResponse, ApiError> {
    Ok(answer::unstored(StatusCode::OK, serde_json::to_vec(body).map_err(ApiError::internal)?))
}
