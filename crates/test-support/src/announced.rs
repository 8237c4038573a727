//! What the environment announces to tests: the servers that `cargo x test` started for the whole run, and a browser.

/// Names the variable with the address of the run's PostgreSQL.
pub const POSTGRES_URL: &str = "LARDER_TEST_POSTGRES_URL";

/// Names the variable with the address of the run's Redis.
pub const REDIS_URL: &str = "LARDER_TEST_REDIS_URL";

/// Names the variable with the path of the Chromium to use, in place of one on the path.
pub const BROWSER: &str = "LARDER_TEST_BROWSER";

/// The address under `name`, if the run announced one.
pub(crate) fn url(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place where tests learn of the run's shared servers")]
    std::env::var(name).ok().filter(|url| !url.is_empty())
}
