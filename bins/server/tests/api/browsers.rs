//! What browsers and the caches between are told: how long an answer may be kept, what it is for, and whose pages may read it.

use reqwest::{Method, Response, header::HeaderMap};

use crate::larder::{ADMIN_TOKEN, Larder, header, problem};

const PRODUCT: &str = "/api/v1/products/122";

async fn get(larder: &Larder, path: &str) -> Response {
    larder.get(path).send().await.expect("an answer")
}

/// The seconds of `max-age`, which something must follow.
fn max_age(answer: &Response) -> u64 {
    let control = header(answer, "cache-control");
    let seconds = control.strip_prefix("max-age=").and_then(|rest| rest.strip_suffix(", stale-while-revalidate=7"));
    seconds.and_then(|seconds| seconds.parse().ok()).expect(control)
}

#[tokio::test]
async fn an_answer_may_be_kept_for_the_life_that_is_left_to_it() {
    let settings = [
        ("LARDER__CACHE__LIST_TTL_MS", "20000"),
        ("LARDER__CACHE__NEGATIVE_TTL_MS", "10000"),
        ("LARDER__SERVER__CLIENT_MAX_AGE_MS", "40000"),
        ("LARDER__SERVER__STALE_WHILE_REVALIDATE_MS", "7000"),
    ];
    let larder = Larder::start(&settings).hears(false).await;
    get(&larder, PRODUCT).await;
    assert_eq!(max_age(&get(&larder, PRODUCT).await), 40, "capped");
    let list = max_age(&get(&larder, "/api/v1/products").await);
    assert!((10..=20).contains(&list), "the shorter life counts: {list}");
    let absent = get(&larder, "/api/v1/products/999999").await;
    let negative = max_age(&absent);
    assert!((5..=10).contains(&negative), "{negative}");
    assert_eq!(header(&absent, "vary"), "Accept-Encoding, Authorization, Larder-Version");
    problem(absent, 404).await;
    let not_modified = larder.get(PRODUCT).header("if-none-match", "*").send().await.expect("an answer");
    assert_eq!((not_modified.status().as_u16(), max_age(&not_modified)), (304, 40));
}

#[tokio::test]
async fn what_nobody_may_keep_says_so() {
    let larder = Larder::start(&[]).hears(false).await;
    for path in [PRODUCT, "/api/v1/products", "/api/v1/products/999999"] {
        let answer = larder.get(path).bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
        assert_eq!(header(&answer, "cache-control"), "private, no-cache", "{path}");
    }
    assert_eq!(header(&get(&larder, "/livez").await, "cache-control"), "no-store");
    problem(get(&larder, "/api/v1/products/x").await, 400).await;
    assert_eq!(header(&get(&larder, "/api/v1/products/x").await, "cache-control"), "no-store");
    let uncached = Larder::start(&[("LARDER__CACHE__LEVELS", "none")]);
    assert_eq!(header(&get(&uncached, PRODUCT).await, "cache-control"), "no-cache");
    let asked = Larder::start(&[("LARDER__SERVER__CLIENT_MAX_AGE_MS", "0")]).hears(false).await;
    assert_eq!(header(&get(&asked, PRODUCT).await, "cache-control"), "no-cache");
}

#[tokio::test]
async fn every_answer_says_what_browsers_must_not_do_with_it() {
    let larder = Larder::start(&[]);
    for (method, path, status) in [
        (Method::GET, PRODUCT, 200),
        (Method::GET, "/nowhere", 404),
        (Method::OPTIONS, PRODUCT, 204),
        (Method::POST, PRODUCT, 405),
        (Method::POST, "/api/v1/products", 401),
    ] {
        let answer = larder.request(method, path).send().await.expect("an answer");
        assert_eq!(answer.status(), status);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("referrer-policy", ""),
            ("cross-origin-resource-policy", "same-origin"),
            ("strict-transport-security", ""),
            ("server", ""),
            ("access-control-allow-origin", ""),
        ] {
            assert_eq!(header(&answer, name), value, "{name} of {path}");
        }
    }
}

#[tokio::test]
async fn pages_tell_other_sites_nothing() {
    let larder = Larder::start(&[]);
    for page in ["/", "/docs"] {
        assert_eq!(header(&get(&larder, page).await, "referrer-policy"), "no-referrer", "{page}");
    }
}

#[tokio::test]
async fn options_tells_the_methods_of_each_path() {
    let larder = Larder::start(&[]);
    for (path, allow) in [
        (PRODUCT, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ("/api/v1/products", "GET, HEAD, POST, OPTIONS"),
        ("/api/v1/products/batch", "POST, OPTIONS"),
        ("/api/v1/products/1/adjustments", "POST, OPTIONS"),
        ("/health", "GET, HEAD, OPTIONS"),
        ("/metrics", "GET, HEAD, OPTIONS"),
    ] {
        let answer = larder.request(Method::OPTIONS, path).send().await.expect("an answer");
        assert_eq!((answer.status().as_u16(), header(&answer, "allow")), (204, allow), "{path}");
        assert!(answer.bytes().await.expect("no body").is_empty());
    }
    problem(larder.request(Method::OPTIONS, "/nowhere").send().await.expect("an answer"), 404).await;
}

async fn from(larder: &Larder, origin: &str) -> HeaderMap {
    let answer = larder.get(PRODUCT).header("origin", origin).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.headers().clone()
}

/// What a browser asks before it sends a PATCH with a token.
async fn preflight(larder: &Larder, origin: &str) -> Response {
    let request = larder.request(Method::OPTIONS, PRODUCT).header("origin", origin);
    let request = request.header("access-control-request-method", "PATCH");
    let request = request.header("access-control-request-headers", "authorization, content-type, if-match");
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn pages_of_the_origins_that_are_named_may_read() {
    let origins = "https://shop.example,https://till.example:8443";
    let settings = [("LARDER__CORS__ALLOWED_ORIGINS", origins), ("LARDER__CORS__ALLOW_CREDENTIALS", "true")];
    let larder = Larder::start(&settings);
    for origin in origins.split(',') {
        let headers = from(&larder, origin).await;
        assert_eq!(headers["access-control-allow-origin"], origin);
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
        let exposed = headers["access-control-expose-headers"].to_str().expect("text").to_ascii_lowercase();
        for name in ["etag", "cache-status", "larder-version", "x-request-id", "ratelimit", "retry-after"] {
            assert!(exposed.split(", ").any(|exposed| exposed == name), "{name} in {exposed}");
        }
        let vary = headers["vary"].to_str().expect("text");
        assert!(vary.contains("Accept-Encoding") && vary.contains("Origin"), "{vary}");
        let preflight = preflight(&larder, origin).await;
        assert!(preflight.status().is_success());
        assert_eq!(header(&preflight, "access-control-allow-origin"), origin);
        assert!(header(&preflight, "access-control-allow-methods").contains("PATCH"));
        assert!(header(&preflight, "access-control-allow-headers").to_ascii_lowercase().contains("if-match"));
        assert_eq!(header(&preflight, "access-control-max-age"), "600");
        assert!(!header(&preflight, "x-request-id").is_empty());
    }
    for stranger in ["https://evil.example", "https://shop.example.evil.example", "http://shop.example", "null"] {
        let headers = from(&larder, stranger).await;
        assert!(headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{headers:?}");
        let refused = preflight(&larder, stranger).await;
        assert_eq!(header(&refused, "access-control-allow-origin"), "");
        problem(refused, 400).await;
    }
    let plain = larder.request(Method::OPTIONS, PRODUCT).send().await.expect("an answer");
    assert_eq!(header(&plain, "allow"), "GET, HEAD, PUT, PATCH, DELETE, OPTIONS", "no preflight");
}

#[tokio::test]
async fn all_origins_may_be_allowed_without_credentials() {
    let larder = Larder::start(&[("LARDER__CORS__ALLOWED_ORIGINS", "*")]);
    let headers = from(&larder, "https://anybody.example").await;
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert!(!headers.contains_key("access-control-allow-credentials"));
}
