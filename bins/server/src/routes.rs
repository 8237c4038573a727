//! The paths of the API and which handler answers each method.

mod health;
mod metrics;
mod products_read;
mod products_write;

use std::future::ready;

use actix_web::{
    HttpRequest, HttpResponse, Resource, Route,
    guard::{self, Guard},
    web::{self, ServiceConfig},
};
use larder_domain::ProductId;

use crate::api_error::{ApiError, ApiErrorKind};

const READ: &str = "GET, HEAD";

/// Adds every route. Flat, one resource a path, as each match costs time; the most asked come first.
pub(crate) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/api/v1/products/batch", "POST").route(web::post().to(products_read::batch)))
        .service(
            resource("/api/v1/products/{id}", "GET, HEAD, PUT, PATCH, DELETE")
                .route(read().to(products_read::product))
                .route(web::put().to(products_write::replace))
                .route(web::patch().to(products_write::patch))
                .route(web::delete().to(products_write::delete)),
        )
        .service(
            resource("/api/v1/products", "GET, HEAD, POST")
                .route(read().to(products_read::list))
                .route(web::post().to(products_write::create)),
        )
        .service(resource("/api/v1/products/{id}/adjustments", "POST").route(web::post().to(products_write::adjust)))
        .service(resource("/livez", READ).route(read().to(health::alive)))
        .service(resource("/readyz", READ).route(read().to(health::ready)))
        .service(resource("/health", READ).route(read().to(health::report)))
        .service(resource("/metrics", READ).route(read().to(metrics::page)))
        .default_service(web::to(|| ready(refuse(ApiErrorKind::NotFound, "there is nothing at this path"))));
}

/// A path that refuses methods other than those that it gets.
fn resource(path: &str, methods: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || ready(refuse(ApiErrorKind::MethodNotAllowed(methods), ""))))
}

fn read() -> Route {
    web::route().guard(read_guard())
}

fn read_guard() -> impl Guard {
    guard::Any(guard::Get()).or(guard::Head())
}

fn refuse(kind: ApiErrorKind, detail: &str) -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(kind, detail))
}

/// The id in the path.
fn product_id(request: &HttpRequest) -> Result<ProductId, ApiError> {
    let text = request.match_info().get("id").unwrap_or_default();
    text.parse().map_err(|broken| ApiError::malformed_by(&broken))
}
