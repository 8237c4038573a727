//! Reading products: one, or a batch.

use std::collections::HashSet;

use actix_web::{
    HttpRequest, HttpResponse,
    http::Method,
    web::{Data, Payload},
};
use bytes::Bytes;
use larder_domain::{Encoded, Product, ProductId, Role, Visibility};
use larder_repository::Freshness;

use super::{product_id, products_listed::entities};
use crate::{
    access, answer,
    api_error::ApiError,
    client_caching::{Audience, Provenance},
    demand, json_body, list_body,
    parameters::Parameters,
    services::Services,
};

/// The most ids of one batch.
const MAX_BATCH: usize = 1_000;

/// `GET /api/v1/products/{id}`, which counts as a view of the product.
pub(super) async fn product(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    let id = product_id(&request)?;
    Parameters::parse(request.query_string(), [])?;
    let viewer = Viewer::of(access::role(&request));
    let freshness = viewer.demand(&request)?;
    let read = services.products.get(id, freshness).await?;
    let provenance = services.client_caching.provenance(&read, freshness, viewer.audience());
    let Some(product) = read.value else { return Err(ApiError::no_such_product().said_by(provenance)) };
    let Some(body) = viewer.sees(&product)? else { return Err(ApiError::no_such_product().said_by(provenance)) };
    let answer = answer::to_tagged_read(&request, body, product.facts()?.tag(), &provenance)?;
    if let Some(views) = services.views.as_ref().filter(|_| request.method() == Method::GET) {
        views.count(id);
    }
    Ok(answer)
}

/// `POST /api/v1/products/batch`.
pub(super) async fn batch(
    request: HttpRequest,
    body: Payload,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    Parameters::parse(request.query_string(), [])?;
    let viewer = Viewer::of(access::role(&request));
    let freshness = viewer.demand(&request)?;
    let mut ids: Vec<ProductId> = json_body::read(&request, body, services.body_limits).await?;
    if ids.len() > MAX_BATCH {
        return Err(ApiError::invalid("body", format!("must have at most {MAX_BATCH} ids, has {}", ids.len())));
    }
    drop_repeated(&mut ids);
    let products = entities(&services, &ids, freshness).await?;
    let provenance = Provenance::unkept(&products, freshness, viewer.audience());
    let (mut found, mut missing) = (Vec::with_capacity(ids.len()), Vec::new());
    for (id, product) in ids.into_iter().zip(products.value) {
        let visible = product.map(|product| viewer.sees(&product)).transpose()?.flatten();
        match visible {
            Some(fragment) => found.push((id, fragment)),
            None => missing.push(id),
        }
    }
    Ok(answer::to_batch(list_body::of_batch(&found, &missing)?, &provenance))
}

/// Each id once, where it stood first.
fn drop_repeated(ids: &mut Vec<ProductId>) {
    // Nearly all batches have none, and sorting shows that faster than a set.
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    if sorted.is_sorted_by(|one, next| one < next) {
        return;
    }
    let mut seen = HashSet::with_capacity(ids.len());
    ids.retain(|id| seen.insert(*id));
}

/// Who reads: anybody, or the bearer of a token, who sees unpublished products as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Viewer {
    Anonymous,
    Bearer,
}

impl Viewer {
    pub(super) fn of(role: Option<Role>) -> Self {
        role.map_or(Self::Anonymous, |_any| Self::Bearer)
    }

    /// How fresh the answer has to be.
    pub(super) fn demand(self, request: &HttpRequest) -> Result<Freshness, ApiError> {
        demand::of(request.headers(), self == Self::Bearer)
    }

    pub(super) fn visibility(self) -> Visibility {
        if self == Self::Anonymous { Visibility::Published } else { Visibility::All }
    }

    pub(super) fn audience(self) -> Audience {
        if self == Self::Anonymous { Audience::Everyone } else { Audience::Bearer }
    }

    /// The JSON of `product` if this viewer may see it.
    pub(super) fn sees(self, product: &Encoded<Product>) -> Result<Option<Bytes>, ApiError> {
        Ok(if self.may_see(product)? { Some(product.json()?.clone()) } else { None })
    }

    fn may_see(self, product: &Encoded<Product>) -> Result<bool, ApiError> {
        Ok(match product.facts()?.is_published() {
            _ if self == Self::Bearer => true,
            Some(is_published) => is_published,
            None => product.value()?.is_published,
        })
    }
}
