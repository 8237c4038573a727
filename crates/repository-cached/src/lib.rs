//! The decorator that puts the cache in front of any product repository.
