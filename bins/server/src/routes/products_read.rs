//! Reading products: one, a page, a batch.

use std::collections::HashSet;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};
use bytes::Bytes;
use larder_domain::{
    Category, Encoded, PageParts, PageRequest, Product, ProductFilter, ProductId, ProductQuery, Role, Visibility,
};
use larder_repository::{Freshness, Origin, Read};

use super::product_id;
use crate::{
    answer::{self, Audience},
    api_error::ApiError,
    cache_status, demand, json_body, list_body,
    parameters::Parameters,
    services::Services,
};

/// The most ids of one batch.
const MAX_BATCH: usize = 1_000;
const DEFAULT_PAGE_SIZE: u32 = 20;

/// `GET /api/v1/products/{id}`.
pub(super) async fn product(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    let id = product_id(&request)?;
    Parameters::parse(request.query_string(), [])?;
    let viewer = Viewer::of(services.access.role(request.headers()).await?);
    let freshness = viewer.demand(&request)?;
    let read = services.products.get(id, freshness).await?;
    let cache_status = cache_status::value(read.origin, freshness);
    let visible = read.value.map(|product| viewer.sees(&services, product)).transpose()?.flatten();
    let Some(body) = visible else { return Err(ApiError::no_such_product().said_by(cache_status)) };
    answer::to_read(&request, body, cache_status, viewer.audience())
}

/// `GET /api/v1/products`.
pub(super) async fn list(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::parse(request.query_string(), ["category", "featured", "page", "size"])?;
    let viewer = Viewer::of(services.access.role(request.headers()).await?);
    let query = list_query(parameters, viewer)?;
    let freshness = viewer.demand(&request)?;
    let found = services.products.find(&query, freshness).await?;
    let total = found.value.total.ok_or_else(|| ApiError::internal("the list came without its total"))?;
    let products = entities(&services, &found.value.ids, freshness).await?;
    // What vanished or was withdrawn since its id was listed is left out.
    let mut fragments = Vec::with_capacity(products.value.len());
    for product in products.value.into_iter().flatten() {
        fragments.extend(viewer.sees(&services, product)?);
    }
    let body = list_body::of_page(total, query.page, &query.filter, &fragments)?;
    let cache_status = cache_status::value(found.origin.max(products.origin), freshness);
    answer::to_read(&request, body, cache_status, viewer.audience())
}

/// `POST /api/v1/products/batch`.
pub(super) async fn batch(
    request: HttpRequest,
    body: Payload,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    Parameters::parse(request.query_string(), [])?;
    let viewer = Viewer::of(services.access.role(request.headers()).await?);
    let freshness = viewer.demand(&request)?;
    let mut ids: Vec<ProductId> = json_body::read(&request, body, services.body_limits).await?;
    if ids.len() > MAX_BATCH {
        return Err(ApiError::invalid("body", format!("must have at most {MAX_BATCH} ids, has {}", ids.len())));
    }
    let mut seen = HashSet::with_capacity(ids.len());
    ids.retain(|id| seen.insert(*id));
    let products = entities(&services, &ids, freshness).await?;
    let (mut found, mut missing) = (Vec::with_capacity(ids.len()), Vec::new());
    for (id, product) in ids.into_iter().zip(products.value) {
        let visible = product.map(|product| viewer.sees(&services, product)).transpose()?.flatten();
        match visible {
            Some(fragment) => found.push((id, fragment)),
            None => missing.push(id),
        }
    }
    let cache_status = cache_status::value(products.origin, freshness);
    Ok(answer::to_batch(list_body::of_batch(&found, &missing), cache_status, viewer.audience()))
}

fn list_query(mut parameters: Parameters<4>, viewer: Viewer) -> Result<ProductQuery, ApiError> {
    let category = parameters.text("category").map(Category::new).transpose();
    let category = category.map_err(|broken| ApiError::malformed_by(&broken))?;
    let featured = parameters.parsed("featured", "must be true or false")?;
    let number = parameters.parsed("page", "must be an integer of at least 1")?.unwrap_or(1);
    let size = parameters.parsed("size", "must be an integer from 1 to 1000")?.unwrap_or(DEFAULT_PAGE_SIZE);
    let page = PageRequest::new(number, size).map_err(|broken| ApiError::malformed_by(&broken))?;
    let filter = ProductFilter { category, featured, visibility: viewer.visibility() };
    Ok(ProductQuery { filter, page, parts: PageParts::IdsAndTotal })
}

/// The products of `ids`; no ids need no lookup.
async fn entities(
    services: &Services,
    ids: &[ProductId],
    freshness: Freshness,
) -> Result<Read<Vec<Option<Encoded<Product>>>>, ApiError> {
    if ids.is_empty() {
        return Ok(Read { value: Vec::new(), origin: Origin::L1 });
    }
    Ok(services.products.get_many(ids, freshness).await?)
}

/// Who reads: anybody, or the bearer of a token, who sees unpublished products as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Viewer {
    Anonymous,
    Bearer,
}

impl Viewer {
    fn of(role: Option<Role>) -> Self {
        role.map_or(Self::Anonymous, |_any| Self::Bearer)
    }

    /// How fresh the answer has to be.
    fn demand(self, request: &HttpRequest) -> Result<Freshness, ApiError> {
        demand::of(request.headers(), self == Self::Bearer)
    }

    fn visibility(self) -> Visibility {
        if self == Self::Anonymous { Visibility::Published } else { Visibility::All }
    }

    fn audience(self) -> Audience {
        if self == Self::Anonymous { Audience::Everyone } else { Audience::Bearer }
    }

    /// The JSON of `product` if this viewer may see it.
    fn sees(self, services: &Services, product: Encoded<Product>) -> Result<Option<Bytes>, ApiError> {
        let sees = self == Self::Bearer || services.publication.is_published(&product)?;
        Ok(if sees { Some(product.json()?.clone()) } else { None })
    }
}
