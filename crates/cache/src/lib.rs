//! A coherent two-level cache: moka in process over Redis.
