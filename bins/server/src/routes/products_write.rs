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
use larder_repository::{Freshness, Precondition, ProductChange, Written};

use super::product_id;
use crate::{
    answer::{self, tag_text},
    api_error::{ApiError, ApiErrorKind},
    conditional::TagCondition,
    json_body,
    parameters::Parameters,
    services::Services,
};

/// `POST /api/v1/products`.
pub(super) async fn create(
    request: HttpRequest,
    body: Payload,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    admit(&request, &services).await?;
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
    admit(&request, &services).await?;
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
    admit(&request, &services).await?;
    let id = product_id(&request)?;
    let patch: ProductPatch = json_body::read(&request, body, services.body_limits).await?;
    update(&request, &services, id, ProductChange::Patch(patch)).await
}

/// `DELETE /api/v1/products/{id}`.
pub(super) async fn delete(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    admit(&request, &services).await?;
    let id = product_id(&request)?;
    let precondition = precondition(&request, &services, id).await?;
    let products = Arc::clone(&services.products);
    let written = services.writes.run(async move { products.delete(id, precondition).await }).await?;
    answer::to_removal(written.position)
}

/// `POST /api/v1/products/{id}/adjustments`.
pub(super) async fn adjust(
    request: HttpRequest,
    body: Payload,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    admit(&request, &services).await?;
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
    let precondition = precondition(request, services, id).await?;
    let products = Arc::clone(&services.products);
    let written = services.writes.run(async move { products.update(id, &change, precondition).await }).await?;
    answer_with(StatusCode::OK, &written)
}

/// A writer's token and no parameters.
async fn admit(request: &HttpRequest, services: &Services) -> Result<(), ApiError> {
    services.access.require(request.headers(), Role::Writer).await?;
    Parameters::parse(request.query_string(), []).map(drop)
}

fn answer_with(status: StatusCode, written: &Written) -> Result<HttpResponse, ApiError> {
    answer::to_write(status, written.product.json()?.clone(), written.position)
}

/// What `If-Match` and `If-None-Match` demand of the product as it is now.
///
/// The tags are compared with the newest state here; the version of that state then goes into the write's own transaction, so that
/// a change in between still fails.
async fn precondition(request: &HttpRequest, services: &Services, id: ProductId) -> Result<Precondition, ApiError> {
    let expected = TagCondition::of(request.headers(), &header::IF_MATCH)?;
    let unexpected = TagCondition::of(request.headers(), &header::IF_NONE_MATCH)?;
    if matches!(expected, None | Some(TagCondition::Any)) && unexpected.is_none() {
        // `If-Match: *` asks for a product to be there, as every write of an existing one does.
        return Ok(Precondition::None);
    }
    let read = services.products.get(id, Freshness::Latest).await?;
    let product = read.value.ok_or_else(ApiError::no_such_product)?;
    let tag = tag_text(product.entity_tag()?);
    let holds = expected.is_none_or(|tags| tags.lists_strongly(&tag));
    if !holds || unexpected.is_some_and(|tags| tags.lists_weakly(&tag)) {
        return Err(ApiError::new(ApiErrorKind::PreconditionFailed, format!("its tag is {tag}")));
    }
    Ok(Precondition::Version(product.value()?.version))
}

/// Refuses conditions that could not be kept, rather than ignoring them.
fn refuse_conditions(request: &HttpRequest, reason: &str) -> Result<(), ApiError> {
    let refused = |name: &HeaderName| request.headers().contains_key(name).then(|| name.as_str().to_owned());
    match [header::IF_MATCH, header::IF_NONE_MATCH].iter().find_map(refused) {
        Some(name) => Err(ApiError::malformed(name, format!("is not accepted here: {reason}"))),
        None => Ok(()),
    }
}
