//! What SQLite's error codes mean for a caller.

use larder_domain::ValidationError;
use larder_repository::{Error, ErrorKind};
use rusqlite::{ErrorCode, ffi};

/// The fields whose constraints in the schema repeat a rule of the domain, as `products_FIELD_check`.
const CHECKED_FIELDS: [(&str, &str); 18] = [
    ("id", "must be positive"),
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
    ("is_published", "must be true or false"),
    ("is_featured", "must be true or false"),
    ("main_image_url", "is too long or no address"),
    ("created_at", "must lie in the years 1 to 9998"),
];

/// Why a job on a connection failed, before it is known what was attempted.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A rule of the contract refuses it.
    Refused(ErrorKind),
    /// SQLite refuses it.
    Sqlite(rusqlite::Error),
    /// The files around the database are not what they should be.
    Other(ErrorKind, Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    pub(crate) fn into_error(self, attempted: &'static str) -> Error {
        match self {
            Self::Refused(kind) => Error::new(kind, attempted),
            Self::Sqlite(cause) => Error::caused(kind_of(&cause), attempted, cause),
            Self::Other(kind, cause) => Error::caused(kind, attempted, cause),
        }
    }

    /// Input that breaks a rule.
    pub(crate) fn invalid(field: &'static str, rule: &str) -> Self {
        Self::Refused(ErrorKind::Invalid(ValidationError::new(field, rule)))
    }

    /// Whether another connection holds the lock.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite(cause) if kind_of(cause) == ErrorKind::Timeout)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(cause: rusqlite::Error) -> Self {
        Self::Sqlite(cause)
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self::Refused(kind)
    }
}

fn kind_of(cause: &rusqlite::Error) -> ErrorKind {
    match cause {
        rusqlite::Error::SqliteFailure(code, message) => kind_of_code(code, message.as_deref().unwrap_or_default()),
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => ErrorKind::Corrupt,
        _ => ErrorKind::Internal,
    }
}

fn kind_of_code(code: &ffi::Error, message: &str) -> ErrorKind {
    match code.code {
        ErrorCode::ConstraintViolation => kind_of_constraint(code.extended_code, message),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => ErrorKind::Timeout,
        ErrorCode::CannotOpen
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::ReadOnly
        | ErrorCode::PermissionDenied
        | ErrorCode::AuthorizationForStatementDenied
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::OutOfMemory => ErrorKind::Unavailable,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => ErrorKind::Corrupt,
        _ => ErrorKind::Internal,
    }
}

/// SQLite tells which constraint only in its message: the columns of a unique one, the name of a checked one.
fn kind_of_constraint(extended_code: i32, message: &str) -> ErrorKind {
    let constraint = message.rsplit(": ").next().unwrap_or_default();
    match (extended_code, constraint) {
        (ffi::SQLITE_CONSTRAINT_UNIQUE, "products.sku") => ErrorKind::SkuTaken,
        (ffi::SQLITE_CONSTRAINT_PRIMARYKEY, "access_tokens.name") => ErrorKind::NameTaken,
        (ffi::SQLITE_CONSTRAINT_CHECK, name) => broken_rule(name).map_or(ErrorKind::Internal, ErrorKind::Invalid),
        _ => ErrorKind::Internal,
    }
}

fn broken_rule(constraint: &str) -> Option<ValidationError> {
    let field = constraint.strip_prefix("products_")?.strip_suffix("_check")?;
    let (field, rule) = CHECKED_FIELDS.into_iter().find(|(name, _)| *name == field)?;
    Some(ValidationError::new(field, rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(extended_code: i32, message: &str) -> ErrorKind {
        kind_of(&rusqlite::Error::SqliteFailure(ffi::Error::new(extended_code), Some(message.to_owned())))
    }

    #[test]
    fn codes_become_what_a_caller_can_act_on() {
        for (code, expected) in [
            (ffi::SQLITE_BUSY, ErrorKind::Timeout),
            (ffi::SQLITE_BUSY_SNAPSHOT, ErrorKind::Timeout),
            (ffi::SQLITE_CANTOPEN, ErrorKind::Unavailable),
            (ffi::SQLITE_FULL, ErrorKind::Unavailable),
            (ffi::SQLITE_IOERR_WRITE, ErrorKind::Unavailable),
            (ffi::SQLITE_READONLY, ErrorKind::Unavailable),
            (ffi::SQLITE_CORRUPT, ErrorKind::Corrupt),
            (ffi::SQLITE_NOTADB, ErrorKind::Corrupt),
            (ffi::SQLITE_ERROR, ErrorKind::Internal),
        ] {
            assert_eq!(kind(code, ""), expected, "{code}");
        }
    }

    #[test]
    fn constraints_are_told_apart_by_name() {
        let unique = |column| kind(ffi::SQLITE_CONSTRAINT_UNIQUE, &format!("UNIQUE constraint failed: {column}"));
        assert_eq!(unique("products.sku"), ErrorKind::SkuTaken);
        assert_eq!(unique("access_tokens.digest"), ErrorKind::Internal);
        let name = kind(ffi::SQLITE_CONSTRAINT_PRIMARYKEY, "UNIQUE constraint failed: access_tokens.name");
        assert_eq!(name, ErrorKind::NameTaken);
        let check = |name| kind(ffi::SQLITE_CONSTRAINT_CHECK, &format!("CHECK constraint failed: {name}"));
        assert!(
            matches!(check("products_stock_check"), ErrorKind::Invalid(broken) if broken.violations()[0].field == "stock")
        );
        assert_eq!(check("access_tokens_role_check"), ErrorKind::Internal);
    }
}
