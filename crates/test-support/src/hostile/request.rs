//! Makes one hostile request after the other.

use fastrand::Rng;

const METHODS: &[&str] = &[
    "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "POST", "PUT",
    "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", "", "G\0T",
];
const PATHS: &[&str] = &[
    "/api/v1/products",
    "/api/v1/products/",
    "/api/v1/products/search",
    "/api/v1/products/popular",
    "/api/v1/products/batch",
    "/api/v1/products/hot/",
    "/api/v1/products/stats/summary",
    "/livez",
    "/readyz",
    "/health",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/",
    "/admin/cache",
    "/admin/cache/product/",
    "/admin/cache/list/",
    "/admin/cache/invalidate",
    "/admin/pool",
    "/admin/system",
    "/admin/live",
    "/",
    "*",
    "",
];
const IDS: &[&str] = &[
    "1",
    "7",
    "0",
    "-1",
    "9223372036854775807",
    "9223372036854775808",
    "1e3",
    "1.0",
    "abc",
    "%00",
    "%ff%fe",
    "..%2f..%2fetc",
    "１",
    "茶",
    "'--",
    "%",
];
const QUERIES: &[&str] = &[
    "page=1",
    "page=0",
    "page=4294967295&size=1000",
    "size=1000",
    "size=-1",
    "cursor=AAAA",
    "cursor=%00",
    "query=%E8%8C%B6",
    "query=%25%25",
    "query='%20OR%201=1--",
    "query=%ff",
    "sort_by=price",
    "sort_by=;drop",
    "min_price=1e400",
    "min_price=5&max_price=1",
    "limit=101",
    "category=%00",
    "category=tea",
    "featured=maybe",
    "=",
    "&&&",
    "a=b&a=b",
    "%",
    "limit=5",
];
const HEADERS: &[&str] = &[
    "if-none-match: *",
    "if-none-match: W/\"a\", \"b",
    "if-match: \"x\"",
    "if-match: *",
    "larder-version: ffffffffffffffff-ffffffffffffffff",
    "larder-version: x",
    "accept-encoding: gzip;q=0, identity;q=0",
    "accept-encoding: br",
    "accept-encoding: zstd;q=9",
    "accept: text/html",
    "cache-control: no-cache",
    "range: bytes=0-0, -1",
    "expect: 100-continue",
    "expect: nonsense",
    "content-encoding: gzip",
    "transfer-encoding: chunked",
    "transfer-encoding: gzip, chunked",
    "content-length: -1",
    "content-length: 99999999999999999999",
    "content-length: 3",
    "upgrade: websocket",
    "upgrade: h2c",
    "host: evil.example",
    "x-forwarded-for: 1.2.3.4",
    "forwarded: for=\"[::1\"",
    "traceparent: 00-0-0-00",
    "x-request-id: a b",
    "origin: null",
    "cookie: a=b",
    "no-colon",
    ": empty",
    "x\0y: z",
    "x-long: {long}",
    " folded: x",
    "authorization: Basic eDp4",
    "authorization: Bearer wrong",
    "authorization: Bearer",
    "content-type: text/plain",
    "content-type: application/json",
];
const BODIES: &[&str] = &[
    "",
    "{",
    "[]",
    "[1,2,3]",
    "[9223372036854775808]",
    "null",
    "true",
    "\"x\"",
    "{}",
    "{\"name\":\"x\",\"price\":1,\"sku\":\"H-{id}\",\"category\":\"h\"}",
    "{\"price\":1e999}",
    "{\"price\":0.001}",
    "{\"stock\":-9223372036854775808}",
    "{\"stock\":1,\"reason\":\"x\"}",
    "{\"all\":true}",
    "{\"key\":{}}",
    "{\"tag\":\"\"}",
    "{\"name\":\"\\u0000\"}",
    "{\"name\":\"\\ud800\"}",
    "{\"a\":1,\"a\":2}",
    "{deep}",
    "5\r\nhello\r\n0\r\n\r\n",
    "ffffffffffffffffff\r\n",
    "\u{feff}{}",
];

/// Makes requests from a seed.
#[derive(Debug)]
pub(super) struct Maker {
    random: Rng,
    token: String,
}

impl Maker {
    pub(super) fn new(seed: u64, token: &str) -> Self {
        Self { random: Rng::with_seed(seed), token: token.to_owned() }
    }

    /// One request: most are HTTP with something odd, some are not even that.
    pub(super) fn request(&mut self) -> Vec<u8> {
        if self.random.u8(..) < 8 {
            let length = self.random.usize(0..2_000);
            return (0..length).map(|_| self.random.u8(..)).collect();
        }
        let body = self.body();
        let mut request = format!("{} {} {}\r\n", self.one_of(METHODS), self.target(), self.version());
        if self.random.u8(..) < 250 {
            request += "host: larder\r\nconnection: close\r\n";
        }
        for _ in 0..self.random.usize(0..6).saturating_sub(3) {
            let long = "y".repeat(self.random.usize(0..20_000));
            request += &self.one_of(HEADERS).replace("{long}", &long);
            request += "\r\n";
        }
        if self.random.bool() {
            request += &format!("authorization: Bearer {}\r\n", self.token);
        }
        if !body.is_empty() && self.random.u8(..) < 220 {
            request += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        }
        let mut request = format!("{request}\r\n{body}").into_bytes();
        self.spoil(&mut request);
        request
    }

    /// Now and then, changes some bytes or cuts the end off.
    fn spoil(&mut self, request: &mut Vec<u8>) {
        if self.random.u8(..) < 40 {
            for _ in 0..self.random.usize(1..6) {
                let position = self.random.usize(0..request.len());
                request[position] = self.random.u8(..);
            }
        }
        if self.random.u8(..) < 12 {
            request.truncate(self.random.usize(0..request.len()));
        }
    }

    fn target(&mut self) -> String {
        let mut target = self.one_of(PATHS).to_owned();
        if target.ends_with('/') {
            target += self.one_of(IDS);
            if self.random.u8(..) < 40 {
                target += "/adjustments";
            }
        }
        for separator in ["?", "&"].into_iter().take(self.random.usize(0..8).saturating_sub(5)) {
            target += separator;
            target += self.one_of(QUERIES);
        }
        target
    }

    fn body(&mut self) -> String {
        let number = self.random.u32(..).to_string();
        let deep = "[".repeat(self.random.usize(0..5_000));
        self.one_of(BODIES).replace("{id}", &number).replace("{deep}", &deep)
    }

    fn version(&mut self) -> &'static str {
        if self.random.u8(..) < 245 {
            "HTTP/1.1"
        } else {
            self.one_of(&["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9", "http/1.1", ""])
        }
    }

    fn one_of(&mut self, choices: &'static [&'static str]) -> &'static str {
        self.random.choice(choices).copied().unwrap_or_default()
    }
}
