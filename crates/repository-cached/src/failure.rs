//! Cache errors as errors of the contract.

use larder_cache::ErrorKind as CacheErrorKind;
use larder_repository::{Error, ErrorKind};

/// The repository's own error if the loader answered one; otherwise the kind that says the same.
pub(crate) fn from_cache(attempted: &'static str, cause: larder_cache::Error) -> Error {
    if let Some(own) = cause.loader_error::<Error>() {
        return own.clone();
    }
    let kind = match cause.kind() {
        CacheErrorKind::Deadline => ErrorKind::Timeout,
        CacheErrorKind::Overloaded => ErrorKind::Overloaded,
        _ => ErrorKind::Internal,
    };
    Error::caused(kind, attempted, cause)
}

/// Whether a write that failed so may have happened all the same.
pub(crate) fn may_have_been_written(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::PreconditionFailed | ErrorKind::SkuTaken | ErrorKind::Invalid(_)
    )
}
