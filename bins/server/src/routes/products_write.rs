//! Writing products: create, replace, patch, delete, adjust.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    web::{Data, Payload},
};
use larder_domain::{Adjustment, ProductDraft, ProductId, ProductPatch, Role};
use larder_repository::{ProductChange, Written};

use super::{
    product_id,
    write_condition::{Compared, WriteCondition, conditionally},
};
use crate::{access, answer, api_error::ApiError, json_body, parameters::Parameters, services::Services};

/// `POST /api/v1/products`.
pub(super) async fn create(
    request: HttpRequest,
    body: Payload,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    admit(&request)?;
    refuse_conditions(&request, "a new product has no tag")?;
    let draft: ProductDraft = json_body::read(&request, body, services.body_limits).await?;
    let products = Arc::clone(&services.products);
    let written = services.writes.run(async move { products.create(&draft).await }).await?;
    let mut response = answer_with(StatusCode::CREATED, &written)?;
    let location = HeaderValue::try_from(format!("/api/v1/products/{}", written.id)).map_err(ApiError::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// `PUT /api/v1/products/{id}`.
pub(super) async fn replace(
    request: HttpRequest,
    body: Payload,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    admit(&request)?;
    let id = product_id(&request)?;
    let draft: ProductDraft = json_body::read(&request, body, services.body_limits).await?;
    update(&request, &services, id, ProductChange::Replace(draft)).await
}

/// `PATCH /api/v1/products/{id}`.
pub(super) async fn patch(
    request: HttpRequest,
    body: Payload,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    admit(&request)?;
    let id = product_id(&request)?;
    let patch: ProductPatch = json_body::read(&request, body, services.body_limits).await?;
    update(&request, &services, id, ProductChange::Patch(patch)).await
}

/// `DELETE /api/v1/products/{id}`.
pub(super) async fn delete(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    admit(&request)?;
    let id = product_id(&request)?;
    let condition = WriteCondition::of(&request, Compared::Edits)?;
    let written = conditionally(&services, id, condition, |sight| {
        let products = Arc::clone(&services.products);
        async move { products.delete(id, sight.precondition).await }
    });
    answer::to_removal(written.await?.position)
}

/// `POST /api/v1/products/{id}/adjustments`.
pub(super) async fn adjust(
    request: HttpRequest,
    body: Payload,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    admit(&request)?;
    let id = product_id(&request)?;
    refuse_conditions(&request, "an adjustment is relative and has no condition")?;
    let adjustment: Adjustment = json_body::read(&request, body, services.body_limits).await?;
    let products = Arc::clone(&services.products);
    let written = services.writes.run(async move { products.adjust(id, &adjustment).await }).await?;
    answer_with(StatusCode::OK, &written)
}

async fn update(
    request: &HttpRequest,
    services: &Services,
    id: ProductId,
    change: ProductChange,
) -> Result<HttpResponse, ApiError> {
    let sets_views = matches!(&change, ProductChange::Patch(patch) if patch.popularity.is_some());
    let condition = WriteCondition::of(request, if sets_views { Compared::All } else { Compared::Edits })?;
    let written = conditionally(services, id, condition, |sight| {
        let (products, mut change) = (Arc::clone(&services.products), change.clone());
        if let (ProductChange::Replace(draft), true) = (&mut change, sight.views_moved) {
            // It is the figure that the client read: to write it would undo what was counted since.
            draft.popularity = None;
        }
        async move { products.update(id, &change, sight.precondition).await }
    });
    answer_with(StatusCode::OK, &written.await?)
}

/// A writer's token and no parameters.
fn admit(request: &HttpRequest) -> Result<(), ApiError> {
    access::require(request, Role::Writer)?;
    Parameters::parse(request.query_string(), []).map(drop)
}

fn answer_with(status: StatusCode, written: &Written) -> Result<HttpResponse, ApiError> {
    let body = written.product.json()?;
    answer::to_write(status, body.clone(), written.product.facts()?.tag(), written.position)
}

/// Refuses conditions that could not be kept, rather than ignoring them.
fn refuse_conditions(request: &HttpRequest, reason: &str) -> Result<(), ApiError> {
    let refused = |name: &HeaderName| request.headers().contains_key(name).then(|| name.as_str().to_owned());
    match [header::IF_MATCH, header::IF_NONE_MATCH].iter().find_map(refused) {
        Some(name) => Err(ApiError::malformed(name, format!("is not accepted here: {reason}"))),
        None => Ok(()),
    }
}
