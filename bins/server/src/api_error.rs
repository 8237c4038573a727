//! What a request can fail with: one table from kind to status.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use larder_domain::{EncodingError, ValidationError};
use larder_repository::{Error, ErrorKind};

use crate::{client_caching::Provenance, problem::FieldError, routes};

/// A failed request: what the client is told, and the cause that only the log gets.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) kind: ApiErrorKind,
    /// For the client: one sentence, nothing secret.
    pub(crate) detail: String,
    /// For the client: the fields at fault.
    pub(crate) fields: Vec<FieldError>,
    /// For the log.
    pub(crate) cause: Option<Arc<dyn StdError + Send + Sync>>,
    /// For the client: which level said so, if one did, and how long it may be kept.
    provenance: Option<Box<Provenance>>,
}

/// The kinds of failure; [`ApiErrorKind::row`] is the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiErrorKind {
    Malformed,
    TokenMissing,
    TokenWrong,
    RoleTooLow,
    NotFound,
    /// With the methods that the path has.
    MethodNotAllowed(&'static str),
    NotAcceptable,
    BodyTooSlow,
    SkuTaken,
    PreconditionFailed,
    BodyTooLarge,
    UriTooLong,
    UnsupportedMediaType,
    Invalid,
    /// For how long.
    RateLimited(Duration),
    /// Of tokens that nobody knows, and for how long.
    TooManyFailures(Duration),
    HeadTooLarge,
    Internal,
    Unavailable,
    Overloaded,
    TooManyStreams,
    Starting,
    Stopping,
    Timeout,
}

impl ApiErrorKind {
    /// Status, the end of the problem's type, and its title.
    pub(crate) fn row(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Malformed => (S::BAD_REQUEST, "malformed", "Malformed request"),
            Self::TokenMissing => (S::UNAUTHORIZED, "token-missing", "A token is needed"),
            Self::TokenWrong => (S::UNAUTHORIZED, "token-wrong", "The token is not known"),
            Self::RoleTooLow => (S::FORBIDDEN, "role-too-low", "The role of the token does not allow this"),
            Self::NotFound => (S::NOT_FOUND, "not-found", "Not found"),
            Self::MethodNotAllowed(_) => (S::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed"),
            Self::NotAcceptable => (S::NOT_ACCEPTABLE, "not-acceptable", "No coding of the body is acceptable"),
            Self::BodyTooSlow => (S::REQUEST_TIMEOUT, "body-too-slow", "The body did not arrive in time"),
            Self::SkuTaken => (S::CONFLICT, "sku-taken", "Another product has this sku"),
            Self::PreconditionFailed => {
                (S::PRECONDITION_FAILED, "precondition-failed", "The product is not what the request expects")
            }
            Self::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large"),
            Self::UriTooLong => (S::URI_TOO_LONG, "uri-too-long", "The address is too long"),
            Self::UnsupportedMediaType => (S::UNSUPPORTED_MEDIA_TYPE, "media-type", "The body must be JSON"),
            Self::Invalid => (S::UNPROCESSABLE_ENTITY, "invalid", "A rule is broken"),
            Self::RateLimited(_) => (S::TOO_MANY_REQUESTS, "rate-limited", "Too many requests"),
            Self::TooManyFailures(_) => {
                (S::TOO_MANY_REQUESTS, "too-many-failures", "Too many wrong tokens from this address")
            }
            Self::HeadTooLarge => (S::REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-large", "The headers are too large"),
            Self::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
            Self::Unavailable => (S::SERVICE_UNAVAILABLE, "unavailable", "The database cannot be reached"),
            Self::Overloaded => (S::SERVICE_UNAVAILABLE, "overloaded", "Too much work at once"),
            Self::TooManyStreams => {
                (S::SERVICE_UNAVAILABLE, "too-many-streams", "Too many requests at once on one connection")
            }
            Self::Starting => (S::SERVICE_UNAVAILABLE, "starting", "The server is starting"),
            Self::Stopping => (S::SERVICE_UNAVAILABLE, "stopping", "The server is stopping"),
            Self::Timeout => (S::GATEWAY_TIMEOUT, "timeout", "No answer in time"),
        }
    }

    /// The header that only this kind has.
    fn header(self) -> Option<(HeaderName, HeaderValue)> {
        let (name, value) = match self {
            Self::MethodNotAllowed(methods) => return Some((header::ALLOW, routes::allow(methods))),
            Self::TokenMissing => (header::WWW_AUTHENTICATE, "Bearer realm=\"larder\""),
            Self::TokenWrong => (header::WWW_AUTHENTICATE, "Bearer realm=\"larder\", error=\"invalid_token\""),
            Self::RoleTooLow => (header::WWW_AUTHENTICATE, "Bearer realm=\"larder\", error=\"insufficient_scope\""),
            Self::Unavailable | Self::Overloaded | Self::TooManyStreams | Self::Starting | Self::Stopping => {
                (header::RETRY_AFTER, "1")
            }
            Self::RateLimited(wait) | Self::TooManyFailures(wait) => {
                return Some((header::RETRY_AFTER, whole_seconds(wait).into()));
            }
            _ => return None,
        };
        Some((name, HeaderValue::from_static(value)))
    }
}

/// Rounded up, and at least one: who comes back then is not too early.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl ApiError {
    pub(crate) fn new(kind: ApiErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), fields: Vec::new(), cause: None, provenance: None }
    }

    /// A syntax error of one part of the request, such as a parameter or a header.
    pub(crate) fn malformed(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::new(ApiErrorKind::Malformed, "").with_field(field, rule)
    }

    /// A well-formed body that breaks a rule.
    pub(crate) fn invalid(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::new(ApiErrorKind::Invalid, "").with_field(field, rule)
    }

    /// Parameters or a path that break rules of the domain.
    pub(crate) fn malformed_by(broken: &ValidationError) -> Self {
        Self::broken(ApiErrorKind::Malformed, broken)
    }

    /// There is no such product, or none that the caller may see.
    pub(crate) fn no_such_product() -> Self {
        Self::new(ApiErrorKind::NotFound, "there is no such product")
    }

    /// Our own fault.
    pub(crate) fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ApiErrorKind::Internal, "").caused_by(cause)
    }

    /// The same, said by a level of the cache or by the database.
    pub(crate) fn said_by(self, provenance: Provenance) -> Self {
        Self { provenance: Some(Box::new(provenance)), ..self }
    }

    /// The same with a cause for the log.
    pub(crate) fn caused_by(self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { cause: Some(Arc::from(cause.into())), ..self }
    }

    fn broken(kind: ApiErrorKind, broken: &ValidationError) -> Self {
        let violations = broken.violations().iter();
        let fields = violations.map(|broken| FieldError { field: broken.field.into(), rule: broken.rule.clone() });
        Self { fields: fields.collect(), ..Self::new(kind, "") }
    }

    fn with_field(self, field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { fields: vec![FieldError { field: field.into(), rule: rule.into() }], ..self }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let told = match error.kind() {
            ErrorKind::NotFound => Self::no_such_product(),
            ErrorKind::PreconditionFailed => Self::new(ApiErrorKind::PreconditionFailed, ""),
            ErrorKind::SkuTaken => Self::new(ApiErrorKind::SkuTaken, ""),
            ErrorKind::Invalid(broken) => Self::broken(ApiErrorKind::Invalid, broken),
            ErrorKind::Unavailable => Self::new(ApiErrorKind::Unavailable, ""),
            ErrorKind::Timeout => Self::new(ApiErrorKind::Timeout, "a write may or may not have happened"),
            ErrorKind::Overloaded => Self::new(ApiErrorKind::Overloaded, ""),
            // NameTaken cannot come from a route: tokens are made on the command line.
            _ => Self::new(ApiErrorKind::Internal, ""),
        };
        Self { cause: Some(Arc::new(error)), ..told }
    }
}

impl From<EncodingError> for ApiError {
    fn from(error: EncodingError) -> Self {
        Self::internal(error)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, _, title) = self.kind.row();
        write!(f, "{status}: {title}")
    }
}

impl StdError for ApiError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// The answer without its body, which `envelope` makes, as it knows the request's id.
impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind.row().0
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::new(self.status_code());
        if let Some((name, value)) = self.kind.header() {
            response.headers_mut().insert(name, value);
        }
        if let Some(provenance) = &self.provenance {
            provenance.insert_into(response.headers_mut());
        }
        response
    }
}
