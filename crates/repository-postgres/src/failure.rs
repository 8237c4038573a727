//! How a use case fails, before it is told what it attempted.

use std::error::Error as StdError;

use larder_domain::ValidationError;
use larder_repository::{Error, ErrorKind};

use crate::sqlstate;

type Cause = Box<dyn StdError + Send + Sync>;

/// A failed step of a use case.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server refused, or did not answer.
    Query(tokio_postgres::Error),
    /// A row cannot be read.
    Row(Cause),
    /// The use case itself says no.
    Refused(ErrorKind),
    /// Nothing that a caller can act on.
    Internal(Cause),
}

impl Failure {
    /// A row that is none of ours.
    pub(crate) fn row(cause: impl Into<Cause>) -> Self {
        Self::Row(cause.into())
    }

    /// The public error of the failed attempt.
    pub(crate) fn while_attempting(self, attempted: &'static str) -> Error {
        match self {
            Self::Query(cause) => Error::caused(sqlstate::kind_of(&cause), attempted, cause),
            Self::Row(cause) => Error::corrupt(attempted, cause),
            Self::Refused(kind) => Error::new(kind, attempted),
            Self::Internal(cause) => Error::caused(ErrorKind::Internal, attempted, cause),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Query(error)
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self::Refused(kind)
    }
}

/// Input that breaks a rule.
impl From<ValidationError> for Failure {
    fn from(broken: ValidationError) -> Self {
        Self::Refused(ErrorKind::Invalid(broken))
    }
}
