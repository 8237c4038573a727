//! Benchmarks of the cache, the codec and the service.
