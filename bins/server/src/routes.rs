//! The paths of the API and which handler answers each method.

mod admin;
mod documentation;
mod health;
mod live;
mod metrics;
mod page;
mod products_listed;
mod products_read;
mod products_write;
mod warm_up;
mod write_condition;

use std::future::ready;

use actix_web::{
    HttpRequest, HttpResponse, Resource, Route,
    guard::{self, Guard},
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    web::{self, ServiceConfig},
};
use larder_domain::ProductId;

use crate::{
    api_error::{ApiError, ApiErrorKind},
    traffic::RoutePattern,
};

const READ: &str = "GET, HEAD";
/// The methods that some path has.
const EVERY: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// What balancers ask: for everybody, and not counted by limits.
const HEALTH_CHECKS: [&str; 3] = ["/livez", "/readyz", "/health"];

/// Every path there is, with its methods as `Allow` lists them.
pub fn routes() -> Vec<(&'static str, &'static str)> {
    endpoints().into_iter().map(|endpoint| (endpoint.path, endpoint.methods)).collect()
}

/// Whether nobody is limited at this path, and no token is looked at.
pub(crate) fn is_health_check(path: &str) -> bool {
    HEALTH_CHECKS.contains(&path)
}

/// Adds every route.
pub(crate) fn configure(app: &mut ServiceConfig) {
    for endpoint in endpoints() {
        app.service(endpoint.resource);
    }
    app.default_service(web::to(elsewhere));
}

/// Flat, one resource a path, as each match costs time; the most asked come first.
fn endpoints() -> Vec<Endpoint> {
    vec![
        resource("/api/v1/products/batch", "POST").route(web::post().to(products_read::batch)),
        resource("/api/v1/products/search", READ).route(read().to(products_listed::search)),
        resource("/api/v1/products/popular", READ).route(read().to(products_listed::popular)),
        resource("/api/v1/products/{id}", "GET, HEAD, PUT, PATCH, DELETE")
            .route(read().to(products_read::product))
            .route(web::put().to(products_write::replace))
            .route(web::patch().to(products_write::patch))
            .route(web::delete().to(products_write::delete)),
        resource("/api/v1/products", "GET, HEAD, POST")
            .route(read().to(products_listed::list))
            .route(web::post().to(products_write::create)),
        resource("/api/v1/products/{id}/adjustments", "POST").route(web::post().to(products_write::adjust)),
        resource("/api/v1/products/hot/{category}", READ).route(read().to(products_listed::hot)),
        resource("/api/v1/products/stats/summary", READ).route(read().to(products_listed::stats)),
        resource("/livez", READ).route(read().to(health::alive)),
        resource("/readyz", READ).route(read().to(health::ready)),
        resource("/health", READ).route(read().to(health::report)),
        resource("/openapi.json", READ).route(read().to(documentation::openapi)),
        resource("/docs", READ).route(read().to(documentation::page)),
        resource("/docs/{file}", READ).route(read().to(documentation::file)),
        resource("/metrics", READ).route(read().to(metrics::page)),
        resource("/admin/warm-up", "POST").route(web::post().to(warm_up::repeat)),
        resource("/admin/cache", READ).route(read().to(admin::statistics)),
        resource("/admin/cache/invalidate", "POST").route(web::post().to(admin::invalidate)),
        resource("/admin/cache/{cache}/{key:.+}", READ).route(read().to(admin::inspect)),
        resource("/admin/pool", READ).route(read().to(admin::pool)),
        resource("/admin/system", READ).route(read().to(admin::system)),
        resource("/admin/live", READ).route(read().to(live::state)),
        resource("/admin/live/stream", READ).route(read().to(live::stream)),
        resource("/", READ).route(read().to(page::index)),
        resource("/favicon.svg", READ).route(read().to(page::favicon)),
        resource("/assets/{version}/{name}", READ).route(read().to(page::asset)),
    ]
}

/// A path, its methods, and who answers them.
struct Endpoint {
    path: &'static str,
    methods: &'static str,
    resource: Resource,
}

impl Endpoint {
    fn route(self, route: Route) -> Self {
        Self { resource: self.resource.route(route), ..self }
    }
}

/// A path that says which methods it has, and refuses others than those that it gets.
fn resource(path: &'static str, methods: &'static str) -> Endpoint {
    let options = move || ready(allowing(methods));
    let refused = web::to(move || ready(refuse(ApiErrorKind::MethodNotAllowed(methods), "")));
    let resource = web::resource(path)
        .app_data(RoutePattern(path))
        .route(web::method(Method::OPTIONS).to(options))
        .default_service(refused);
    Endpoint { path, methods, resource }
}

/// The value of `Allow` for a path that has `methods`: every path has OPTIONS as well.
pub(crate) fn allow(methods: &str) -> HeaderValue {
    HeaderValue::try_from(format!("{methods}, OPTIONS")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}

fn allowing(methods: &str) -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::NO_CONTENT);
    response.headers_mut().insert(header::ALLOW, allow(methods));
    response
}

/// What no path is: `OPTIONS *` asks for the server as a whole (RFC 9110 §9.3.7).
async fn elsewhere(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if request.method() == Method::OPTIONS && request.uri().path() == "*" {
        return Ok(allowing(EVERY));
    }
    refuse(ApiErrorKind::NotFound, "there is nothing at this path")
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
