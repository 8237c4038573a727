//! The description of the API, and the page that tries it: Swagger UI, which is a part of the program.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    web::Data,
};
use bytes::Bytes;
use utoipa_swagger_ui::{Config, serve};

use crate::{
    answer::{self, JSON},
    api_error::{ApiError, ApiErrorKind},
    parameters::Parameters,
    services::Services,
};

/// Nothing from elsewhere, and no script but the page's own files. Swagger UI sets styles from its script and has pictures in its style sheet.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// `GET /openapi.json`: OpenAPI 3.1, for everybody.
pub(super) async fn openapi(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, ApiError> {
    Parameters::parse(request.query_string(), [])?;
    answer::to_file(&request, JSON, services.openapi.clone())
}

/// `GET /docs`: reads the description and tries the API, with a token that stays in the page.
pub(super) async fn page(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (content_type, page) = embedded("index.html")?;
    let page = String::from_utf8(page.into()).map_err(ApiError::internal)?;
    // Its files lie one level below it.
    let page = page.replace("\"./", "\"").replace("href=\"", "href=\"docs/").replace("src=\"", "src=\"docs/");
    answer_with(&request, content_type, page.into())
}

/// `GET /docs/{file}`: a file of the page.
pub(super) async fn file(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (content_type, bytes) = embedded(request.match_info().get("file").unwrap_or_default())?;
    answer_with(&request, content_type, bytes)
}

fn answer_with(request: &HttpRequest, content_type: HeaderValue, bytes: Bytes) -> Result<HttpResponse, ApiError> {
    let mut answer = answer::to_file(request, content_type, bytes)?;
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    Ok(answer)
}

fn embedded(name: &str) -> Result<(HeaderValue, Bytes), ApiError> {
    // Relative to the page. It would ask a validator elsewhere what it thinks of the document.
    let config = Config::from("openapi.json").validator_url("none").use_base_layout().try_it_out_enabled(true);
    let file = serve(name, Arc::new(config)).map_err(|cause| ApiError::internal(cause.to_string()))?;
    let nothing = || ApiError::new(ApiErrorKind::NotFound, "the page has no such file");
    let file = file.filter(|_| !name.is_empty()).ok_or_else(nothing)?;
    let content_type = HeaderValue::try_from(file.content_type).map_err(ApiError::internal)?;
    Ok((content_type, file.bytes.into_owned().into()))
}
