//! The page for people as a browser shows it: a real server, a real headless Chromium, real load.

#[expect(dead_code, reason = "shared with the API tests, which use more of it")]
#[path = "../api/cluster.rs"]
mod cluster;
// `cargo x test` leaves this module out by its name where there is no browser, and says so.
mod in_a_browser;
#[expect(dead_code, reason = "shared with the API tests, which use more of it")]
#[path = "../api/larder.rs"]
mod larder;
mod load;
mod scene;
