//! Lists of products: newest, found by words, best sold; and the figures over all of them.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use bytes::Bytes;
use larder_domain::{Category, Encoded, Product, ProductId, ProductPage, ProductQuery};
use larder_repository::{Freshness, Origin, Read};
use percent_encoding::percent_decode_str;

use super::products_read::Viewer;
use crate::{
    access, answer,
    api_error::ApiError,
    client_caching::Provenance,
    list_body::{self, HotHead, ListHead, SearchHead, StatsBody},
    list_request,
    parameters::Parameters,
    services::Services,
};

const HOT: &str = "/api/v1/products/hot/";

/// `GET /api/v1/products`: the newest first.
pub(super) async fn list(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    let viewer = Viewer::of(access::role(&request));
    let query = services.paging.list(request.query_string(), viewer.visibility())?;
    let found = Found::of(&request, &services, viewer, &query).await?;
    let head = ListHead::new(&query, found.total()?, services.next_cursor(&query, &found.page.value));
    found.answer(&request, list_body::of_products(&head, &found.fragments)?)
}

/// `GET /api/v1/products/search`: by words, category and price, in any order.
pub(super) async fn search(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    let viewer = Viewer::of(access::role(&request));
    let (query, text) = services.paging.search(request.query_string(), viewer.visibility())?;
    let found = Found::of(&request, &services, viewer, &query).await?;
    let head = SearchHead::new(&query, &text, found.total()?, services.next_cursor(&query, &found.page.value));
    found.answer(&request, list_body::of_products(&head, &found.fragments)?)
}

/// `GET /api/v1/products/hot/{category}`: the best sold of a category.
pub(super) async fn hot(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    // The path as it came: what the router decodes may have lost bytes.
    let name = request.uri().path().strip_prefix(HOT).unwrap_or_default();
    let name = percent_decode_str(name).decode_utf8();
    let name = name.map_err(|_wrong| ApiError::malformed("category", "must be UTF-8"))?;
    let category = Category::new(name).map_err(|broken| ApiError::malformed_by(&broken))?;
    best_sold(&request, &services, Some(category)).await
}

/// `GET /api/v1/products/popular`: the best sold of all.
pub(super) async fn popular(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    best_sold(&request, &services, None).await
}

async fn best_sold(
    request: &HttpRequest,
    services: &Services,
    category: Option<Category>,
) -> Result<HttpResponse, ApiError> {
    let viewer = Viewer::of(access::role(request));
    let query = list_request::hot(request.query_string(), category, viewer.visibility())?;
    let found = Found::of(request, services, viewer, &query).await?;
    let head = HotHead::new(&query, found.fragments.len());
    found.answer(request, list_body::of_products(&head, &found.fragments)?)
}

/// `GET /api/v1/products/stats/summary`: figures over all products, published or not.
pub(super) async fn stats(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    Parameters::parse(request.query_string(), [])?;
    let viewer = Viewer::of(access::role(&request));
    let freshness = viewer.demand(&request)?;
    let stats = services.products.stats(freshness).await?;
    let body = serde_json::to_vec(&StatsBody::from(&stats.value)).map_err(ApiError::internal)?;
    let provenance = services.client_caching.provenance(&stats, freshness, viewer.audience());
    answer::to_read(&request, body.into(), &provenance)
}

/// A list with the products in it.
struct Found {
    page: Read<ProductPage>,
    fragments: Vec<Bytes>,
    provenance: Provenance,
}

impl Found {
    async fn of(
        request: &HttpRequest,
        services: &Services,
        viewer: Viewer,
        query: &ProductQuery,
    ) -> Result<Self, ApiError> {
        let freshness = viewer.demand(request)?;
        let page = services.products.find(query, freshness).await?;
        let products = entities(services, &page.value.ids, freshness).await?;
        let page = page.composed_with(&products);
        let provenance = services.client_caching.provenance(&page, freshness, viewer.audience());
        // What vanished or was withdrawn since its id was listed is left out.
        let mut fragments = Vec::with_capacity(products.value.len());
        for product in products.value.into_iter().flatten() {
            fragments.extend(viewer.sees(&product)?);
        }
        Ok(Self { page, fragments, provenance })
    }

    fn total(&self) -> Result<u64, ApiError> {
        self.page.value.total.ok_or_else(|| ApiError::internal("the list came without its total"))
    }

    fn answer(&self, request: &HttpRequest, body: Bytes) -> Result<HttpResponse, ApiError> {
        answer::to_read(request, body, &self.provenance)
    }
}

/// The products of `ids`; no ids need no look-up.
pub(super) async fn entities(
    services: &Services,
    ids: &[ProductId],
    freshness: Freshness,
) -> Result<Read<Vec<Option<Encoded<Product>>>>, ApiError> {
    if ids.is_empty() {
        return Ok(Read { value: Vec::new(), origin: Origin::L1, fresh_for: Some(Duration::MAX) });
    }
    Ok(services.products.get_many(ids, freshness).await?)
}
