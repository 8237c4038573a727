//! A complete small service that embeds the cache: `cargo run -p larder-cache --example student_scores -- 8080 [REDIS_URL]`
//!
//! `GET /hello`, and `GET /student_score?number=20180101`. Port 0 takes a free one; the address is printed.

use std::{collections::HashMap, env, error::Error, io, sync::Arc, time::Duration};

use actix_web::{App, HttpResponse, HttpServer, http::StatusCode, web};
use bytes::Bytes;
use larder_cache::{
    Cache, CacheOptions, ConfigError, ErrorKind, L2, Lookup, RawBytes, RedisOptions, RedisRemote, Source,
};
use serde::{Deserialize, Serialize};

/// The database of this service: a table in memory that takes its time.
struct Table {
    scores: HashMap<String, Vec<Score>>,
}

#[derive(Serialize)]
struct Score {
    subject: &'static str,
    score: u8,
}

#[derive(Serialize)]
struct Student<'a> {
    number: &'a str,
    results: &'a [Score],
}

impl Table {
    fn new() -> Self {
        let scores = |math, physics| {
            vec![Score { subject: "mathematics", score: math }, Score { subject: "physics", score: physics }]
        };
        Self {
            scores: HashMap::from([("20180101".to_owned(), scores(78, 91)), ("20180102".to_owned(), scores(64, 70))]),
        }
    }

    /// The answer about a student, as it is sent: a hit needs no serialization.
    async fn student(self: Arc<Self>, number: String) -> Result<Option<Bytes>, serde_json::Error> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let Some(results) = self.scores.get(&number) else { return Ok(None) };
        serde_json::to_vec(&Student { number: &number, results }).map(|body| Some(body.into()))
    }
}

/// All that the service needs to know of the cache: how it is built, and `get_or_load` below.
fn cache(redis_url: Option<String>) -> Result<Cache<String, Bytes>, ConfigError> {
    let options = CacheOptions {
        ttl: Duration::from_mins(10),
        negative_ttl: Duration::from_secs(10),
        // With the table away, scores of the last hour are better than none.
        grace: Some(Duration::from_hours(1)),
        ..CacheOptions::default()
    };
    let mut builder = Cache::<String, Bytes>::builder("scores").codec(RawBytes).schema("scores-1").options(options);
    if let Some(url) = redis_url {
        let redis = RedisOptions { url, namespace: "school".to_owned(), ..RedisOptions::default() };
        builder = builder.l2(&L2::new(Arc::new(RedisRemote::new(&redis)?))?);
    }
    builder.build()
}

struct Service {
    scores: Cache<String, Bytes>,
    table: Arc<Table>,
}

#[derive(Deserialize)]
struct Question {
    number: Option<String>,
}

async fn hello() -> &'static str {
    "hello"
}

async fn student_score(service: web::Data<Service>, question: web::Query<Question>) -> HttpResponse {
    let is_number = |number: &String| number.len() == 8 && number.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = question.into_inner().number.filter(is_number) else {
        return refusal(StatusCode::BAD_REQUEST, "number must be the eight digits of a student");
    };
    let (table, asked) = (Arc::clone(&service.table), number.clone());
    match service.scores.get_or_load(&number, move || table.student(asked)).await {
        Ok(found) => {
            let mut answer = match &found.value {
                Some(body) => HttpResponse::Ok().content_type("application/json").body(body.clone()),
                None => refusal(StatusCode::NOT_FOUND, "no such student"),
            };
            if let Ok(status) = cache_status(&found).parse() {
                answer.headers_mut().insert(actix_web::http::header::CACHE_STATUS, status);
            }
            answer
        }
        Err(error) if error.kind() == ErrorKind::Overloaded => {
            refusal(StatusCode::SERVICE_UNAVAILABLE, "too many students at once")
        }
        Err(error) => {
            eprintln!("student {number}: {error}: {:?}", error.source());
            refusal(StatusCode::INTERNAL_SERVER_ERROR, "the scores cannot be read")
        }
    }
}

/// RFC 9211.
fn cache_status(found: &Lookup<Bytes>) -> String {
    let ttl = found.fresh_for.as_secs();
    match found.source {
        Source::L1 => format!("scores; hit; ttl={ttl}; detail=l1"),
        Source::L2 => format!("scores; hit; ttl={ttl}; detail=l2"),
        Source::Stale => "scores; hit; detail=stale".to_owned(),
        _ => "scores; fwd=miss".to_owned(),
    }
}

fn refusal(status: StatusCode, why: &str) -> HttpResponse {
    HttpResponse::build(status).json(HashMap::from([("error", why)]))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let port: u16 = arguments.next().unwrap_or_else(|| "8080".to_owned()).parse()?;
    let scores = cache(arguments.next())?;
    let service = web::Data::new(Service { scores, table: Arc::new(Table::new()) });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(service.clone())
            .route("/hello", web::get().to(hello))
            .route("/student_score", web::get().to(student_score))
    });
    let server = server.workers(2).bind(("127.0.0.1", port))?;
    announce(&server.addrs())?;
    Ok(server.run().await?)
}

fn announce(addresses: &[std::net::SocketAddr]) -> io::Result<()> {
    use io::Write;
    let mut stdout = io::stdout();
    addresses.iter().try_for_each(|address| writeln!(stdout, "listening on http://{address}"))?;
    stdout.flush()
}
