//! Requests as they go over the wire, drawn at random from a seed.

use anyhow::{Context, Result, ensure};
use rand::{RngExt as _, SeedableRng as _, rngs::Xoshiro256PlusPlus, seq::SliceRandom as _};
use rand_distr::{Distribution as _, Zipf};

use super::{Asked, Keys, Target, Traffic};

/// Ids in one batch.
const BATCH: usize = 100;
/// Draws for each of them at most; with fewer keys than ids in a batch it is smaller.
const TRIES: usize = 20;

/// An endless stream of requests.
#[derive(Debug)]
pub(super) struct Requests {
    host: String,
    /// Lines of the head that writes have besides.
    authorization: String,
    traffic: Traffic,
    zipf: Option<Zipf<f64>>,
    /// The id of each rank, from the one that is asked for most.
    ids: Vec<u64>,
    random: Xoshiro256PlusPlus,
}

/// One request, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// A read.
    Read(String),
    /// A write; a price of [`PRICE_LENGTH`] characters goes between this and [`WRITE_END`].
    Write(String),
}

/// Characters of the price of a write, fixed so that the length of the body is.
const PRICE_LENGTH: usize = 7;
/// What follows the price.
pub(super) const WRITE_END: &str = "}";
/// What stands before it, in the body.
const WRITE_START: &str = r#"{"price":"#;

impl Requests {
    /// # Errors
    /// When the traffic contradicts itself, or writes have no token.
    pub(super) fn new(target: &Target, traffic: &Traffic) -> Result<Self> {
        ensure!(traffic.products > 0, "traffic needs at least one product");
        ensure!(traffic.writes_percent <= 100, "{} of 100 requests cannot be writes", traffic.writes_percent);
        let authorization = match &target.writer_token {
            Some(token) => format!("authorization: Bearer {token}\r\n"),
            None if traffic.writes_percent > 0 => anyhow::bail!("writes need a writer's token"),
            None => String::new(),
        };
        let zipf = match traffic.keys {
            #[expect(clippy::cast_precision_loss, reason = "no catalogue has 2^52 products")]
            Keys::Zipf { exponent } => {
                Some(Zipf::new(traffic.products as f64, exponent).with_context(|| format!("Zipf with {exponent}"))?)
            }
            Keys::Uniform | Keys::One => None,
        };
        let mut random = Xoshiro256PlusPlus::seed_from_u64(traffic.seed);
        let mut ids: Vec<u64> = (1..=traffic.products).collect();
        ids.shuffle(&mut random);
        if traffic.stream > 0 {
            random = Xoshiro256PlusPlus::seed_from_u64(traffic.seed ^ traffic.stream.rotate_left(32));
        }
        Ok(Self { host: target.address.to_string(), authorization, traffic: *traffic, zipf, ids, random })
    }

    /// The next one.
    pub(super) fn draw(&mut self) -> Request {
        let is_write = self.random.random_range(0..100) < self.traffic.writes_percent;
        if is_write { Request::Write(self.write()) } else { Request::Read(self.read()) }
    }

    /// A price that a write can carry, another one each time, or nearly so.
    pub(super) fn price(&mut self) -> String {
        let cents: u32 = self.random.random_range(100_000..1_000_000);
        format!("{}.{:02}", cents / 100, cents % 100)
    }

    fn read(&mut self) -> String {
        let host = &self.host;
        match self.traffic.asked {
            Asked::Page => format!("GET /api/v1/products?page=1&size=20 HTTP/1.1\r\nhost: {host}\r\n\r\n"),
            Asked::Product => {
                let id = self.id();
                format!("GET /api/v1/products/{id} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host)
            }
            Asked::Batch => {
                let ids: Vec<String> = self.distinct_ids().iter().map(u64::to_string).collect();
                let body = format!("[{}]", ids.join(","));
                let head = self.json_head("POST", "/api/v1/products/batch", body.len());
                format!("{head}\r\n{body}")
            }
        }
    }

    fn write(&mut self) -> String {
        let path = format!("/api/v1/products/{}", self.id());
        let length = WRITE_START.len() + PRICE_LENGTH + WRITE_END.len();
        let head = self.json_head("PATCH", &path, length);
        format!("{head}{}\r\n{WRITE_START}", self.authorization)
    }

    fn json_head(&self, method: &str, path: &str, length: usize) -> String {
        let host = &self.host;
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n"
        )
    }

    /// Of a batch: answers shall be of one size, whatever the keys.
    fn distinct_ids(&mut self) -> Vec<u64> {
        let mut ids = Vec::with_capacity(BATCH);
        for _ in 0..BATCH * TRIES {
            if ids.len() == BATCH {
                break;
            }
            let id = self.id();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    fn id(&mut self) -> u64 {
        let rank = match (&self.zipf, self.traffic.keys) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 1")]
            (Some(zipf), _) => zipf.sample(&mut self.random) as usize - 1,
            (None, Keys::One) => 0,
            (None, _) => self.random.random_range(0..self.ids.len()),
        };
        self.ids[rank]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const READS: Traffic = Traffic {
        keys: Keys::Uniform,
        products: 1_000,
        asked: Asked::Product,
        writes_percent: 0,
        seed: 1,
        stream: 0,
        prepared_at_least: 0,
    };

    fn requests(keys: Keys, asked: Asked, writes_percent: u8) -> Requests {
        let target = Target { address: "127.0.0.1:80".parse().unwrap(), writer_token: Some("a-token".into()) };
        Requests::new(&target, &Traffic { keys, asked, writes_percent, ..READS }).unwrap()
    }

    fn counted(mut requests: Requests) -> Vec<u32> {
        let mut counts = HashMap::new();
        for _ in 0..50_000 {
            *counts.entry(requests.id()).or_insert(0) += 1;
        }
        assert!(counts.keys().all(|id| (1..=1_000).contains(id)));
        let mut counts: Vec<u32> = counts.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts
    }

    #[test]
    fn keys_are_drawn_as_their_distribution_says() {
        assert_eq!(counted(requests(Keys::One, Asked::Product, 0)), [50_000]);
        let uniform = counted(requests(Keys::Uniform, Asked::Product, 0));
        assert!(uniform.len() == 1_000 && uniform[0] < 100, "{uniform:?}");
        // The sum of 1 / r^0.99 up to 1,000 is 7.73: the first is asked for in 12.9 % of requests, the tenth in 1.3 %.
        let zipf = counted(requests(Keys::Zipf { exponent: 0.99 }, Asked::Product, 0));
        assert!((6_200..6_750).contains(&zipf[0]) && (550..800).contains(&zipf[9]), "{:?}", &zipf[..10]);
    }

    #[test]
    fn one_seed_gives_one_stream() {
        let target = Target { address: "127.0.0.1:80".parse().unwrap(), writer_token: None };
        let stream = |stream| {
            let mut requests = Requests::new(&target, &Traffic { stream, ..READS }).unwrap();
            (0..100).map(|_| requests.draw()).collect::<Vec<_>>()
        };
        assert_eq!(stream(1), stream(1));
        assert_ne!(stream(1), stream(2));
    }

    #[test]
    fn the_length_of_a_body_is_what_its_head_says() {
        let mut writes = requests(Keys::Uniform, Asked::Product, 100);
        let Request::Write(start) = writes.draw() else { panic!("a read") };
        let whole = format!("{start}{}{WRITE_END}", writes.price());
        let Request::Read(batch) = requests(Keys::Uniform, Asked::Batch, 0).draw() else { panic!("a write") };
        for request in [whole, batch] {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}", body.len())), "{request}");
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let target = Target { address: "127.0.0.1:80".parse().unwrap(), writer_token: None };
        let traffic = Traffic { keys: Keys::One, products: 0, asked: Asked::Page, ..READS };
        let refused = |traffic| Requests::new(&target, &traffic).unwrap_err().to_string();
        assert_eq!(refused(traffic), "traffic needs at least one product");
        assert_eq!(refused(Traffic { products: 1, writes_percent: 5, ..traffic }), "writes need a writer's token");
        let negative = Keys::Zipf { exponent: -1.0 };
        assert_eq!(refused(Traffic { products: 1, keys: negative, ..traffic }), "Zipf with -1");
    }
}
