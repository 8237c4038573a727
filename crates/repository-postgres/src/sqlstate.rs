//! What the server's error codes, and a driver or pool that gives up, mean for a caller.

use std::{error::Error as StdError, io};

use deadpool_postgres::PoolError;
use larder_domain::ValidationError;
use larder_repository::{Error, ErrorKind};
use tokio_postgres::error::{DbError, SqlState};

/// The fields whose constraints in the schema repeat a rule of the domain, as `products_FIELD_check`.
const CHECKED_FIELDS: [(&str, &str); 16] = [
    ("id", "must be positive and stay as it is"),
    ("name", "is too long, blank, or contains control characters"),
    ("description", "is too long or contains control characters"),
    ("price", "must be from 0 to 9999999999.99"),
    ("original_price", "must be from 0 to 9999999999.99"),
    ("stock", "must stay from 0 to 1000000000000"),
    ("sku", "is too long, blank, or contains control characters"),
    ("category", "is too long, blank, or contains control characters"),
    ("subcategory", "is too long, blank, or contains control characters"),
    ("brand", "is too long, blank, or contains control characters"),
    ("sales", "must stay from 0 to 1000000000000"),
    ("popularity", "must be from 0 to 1000000000000"),
    ("rating", "must be from 0 to 5"),
    ("review_count", "must be from 0 to 1000000000000"),
    ("main_image_url", "is too long or no address"),
    ("created_at", "must lie in the years 1 to 9998"),
];

/// The kind of a failed query.
pub(crate) fn kind_of(error: &tokio_postgres::Error) -> ErrorKind {
    match error.as_db_error() {
        Some(refusal) => kind_of_refusal(refusal),
        None if error.is_closed() || lost_connection(error) => ErrorKind::Unavailable,
        None => ErrorKind::Internal,
    }
}

/// A pool that has no connection to give. Nothing was asked of the database yet, so that even a timeout is [`ErrorKind::Unavailable`].
pub(crate) fn no_connection(error: PoolError, attempted: &'static str) -> Error {
    let kind = match &error {
        PoolError::Backend(cause) if cause.as_db_error().is_some() => kind_of(cause),
        PoolError::Backend(_) | PoolError::Timeout(_) | PoolError::Closed => ErrorKind::Unavailable,
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => ErrorKind::Internal,
    };
    Error::caused(kind, attempted, error)
}

fn lost_connection(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(|cause| cause.is::<io::Error>())
}

fn kind_of_refusal(refusal: &DbError) -> ErrorKind {
    match *refusal.code() {
        SqlState::UNIQUE_VIOLATION => match refusal.constraint() {
            Some("products_sku_key") => ErrorKind::SkuTaken,
            Some("access_tokens_pkey") => ErrorKind::NameTaken,
            _ => ErrorKind::Internal,
        },
        SqlState::CHECK_VIOLATION => broken_rule(refusal).map_or(ErrorKind::Internal, ErrorKind::Invalid),
        // The only time that a caller chooses, and so the only one that can be out of range.
        SqlState::DATETIME_FIELD_OVERFLOW => rule_of("created_at").map_or(ErrorKind::Internal, ErrorKind::Invalid),
        SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => {
            ErrorKind::Timeout
        }
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS
        | SqlState::INSUFFICIENT_RESOURCES
        | SqlState::OUT_OF_MEMORY
        | SqlState::DISK_FULL
        | SqlState::READ_ONLY_SQL_TRANSACTION
        // A standby, asked for its place in the write-ahead log.
        | SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE
        | SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED => ErrorKind::Unavailable,
        // All of class 08: connection exceptions, which a pooler between us and the server reports.
        ref code if code.code().starts_with("08") => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    }
}

fn broken_rule(refusal: &DbError) -> Option<ValidationError> {
    rule_of(refusal.constraint()?.strip_prefix("products_")?.strip_suffix("_check")?)
}

fn rule_of(field: &str) -> Option<ValidationError> {
    let (name, rule) = CHECKED_FIELDS.into_iter().find(|(name, _)| *name == field)?;
    Some(ValidationError::new(name, rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constraint_of_the_schema_names_a_field() {
        let schema = include_str!("../../../migrations/postgres/0001_products.sql");
        let constraints: Vec<&str> = schema
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("CONSTRAINT products_")?.split_once("_check"))
            .map(|(field, _)| field)
            .collect();
        assert_eq!(constraints.len(), CHECKED_FIELDS.len());
        for field in constraints {
            assert!(rule_of(field).is_some(), "{field}");
        }
    }
}
