//! What the machine could do at most: constant bytes from actix-web, bare or inside Larder's own middleware.

mod answers;

use std::{
    fs::File,
    io::{Write as _, stdout},
    path::PathBuf,
    sync::Arc,
};

use actix_web::{
    App, HttpResponse, HttpServer,
    http::header::{HeaderName, HeaderValue},
    web::{self, Bytes, Data, ServiceConfig},
};
use anyhow::{Context, Result};
use clap::Args;
use larder_server::{AccessControl, Config, Server, Services, Storage};
use tokio::runtime::Handle;

pub(crate) use self::answers::{Answer, Answers};

/// What it writes to standard output once it listens, before the address.
pub(crate) const LISTENS: &str = "ceiling address=";

/// The largest body of a batch that is read.
const BODY_LIMIT: usize = 1 << 20;

/// A database that the middleware wants and nobody asks. It is in the working folder, which whoever starts a ceiling removes: a ceiling is
/// killed, and can remove nothing.
const UNUSED: &str = "sqlite://unused.db";

/// `larder-bench-http ceiling`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Inside Larder's middleware, with Larder's headers.
    #[arg(long)]
    middleware: bool,
    /// The file with what is answered.
    #[arg(long)]
    answers: PathBuf,
    /// Threads that serve.
    #[arg(long)]
    workers: usize,
}

/// Serves until it is killed.
///
/// # Errors
/// When the answers cannot be read, or nothing can be listened on.
pub(crate) async fn serve(options: &Options) -> Result<()> {
    let file = File::open(&options.answers).with_context(|| format!("open {}", options.answers.display()))?;
    let answers: Answers = serde_json::from_reader(file).context("read the answers")?;
    let routes = Routes::new(&answers)?;
    if options.middleware {
        within_middleware(options.workers, routes).await
    } else {
        bare(options.workers, routes).await
    }
}

async fn bare(workers: usize, routes: Routes) -> Result<()> {
    let server = HttpServer::new(move || App::new().configure(|app| routes.add_to(app)));
    let server = server.workers(workers).disable_signals().bind("127.0.0.1:0").context("listen")?;
    announce(server.addrs().first().context("no address")?)?;
    server.run().await.context("serve")
}

async fn within_middleware(workers: usize, routes: Routes) -> Result<()> {
    let workers = workers.to_string();
    let settings = [
        ("LARDER__SERVER__BIND", "127.0.0.1:0"),
        ("LARDER__SERVER__WORKERS", &workers),
        ("LARDER__DATABASE__URL", UNUSED),
        ("LARDER__CACHE__LEVELS", "none"),
    ];
    let config = Config::read(None, settings.map(|(name, value)| (name.into(), value.into())))?;
    let storage = Storage::open(&config)?;
    storage.database.migrate().await.context("prepare a database")?;
    let signing_key = storage.database.signing_key().await.context("read the signing key")?;
    let access = AccessControl::new(None, Arc::clone(&storage.tokens), &config.auth)?;
    let services = Data::new(Services::new(&config, storage, &signing_key, access, Handle::current())?);
    let mut server = Server::serving(&config, services, move |app| routes.add_to(app))?;
    announce(&server.address())?;
    Err(server.ended().await)
}

fn announce(address: &impl std::fmt::Display) -> Result<()> {
    writeln!(stdout(), "{LISTENS}{address}").context("say the address")
}

/// The constant answers, ready to be sent.
#[derive(Debug, Clone)]
struct Routes {
    product: Ready,
    page: Ready,
    batch: Ready,
}

#[derive(Debug, Clone)]
struct Ready {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Routes {
    fn new(answers: &Answers) -> Result<Self> {
        let Answers { product, page, batch } = answers;
        Ok(Self { product: Ready::new(product)?, page: Ready::new(page)?, batch: Ready::new(batch)? })
    }

    /// The same paths as Larder's.
    fn add_to(&self, app: &mut ServiceConfig) {
        let (product, page, batch) = (self.product.clone(), self.page.clone(), self.batch.clone());
        app.route(
            "/api/v1/products/batch",
            web::post().to(move |_body: Bytes| {
                let answer = batch.answer();
                async { answer }
            }),
        );
        app.app_data(web::PayloadConfig::new(BODY_LIMIT));
        app.route("/api/v1/products/{id}", web::get().to(move || std::future::ready(product.answer())));
        app.route("/api/v1/products", web::get().to(move || std::future::ready(page.answer())));
    }
}

impl Ready {
    fn new(answer: &Answer) -> Result<Self> {
        let header = |(name, value): &(String, String)| -> Result<_> {
            Ok((name.parse().context("a header's name")?, value.parse().context("a header's value")?))
        };
        let headers = answer.headers.iter().map(header).collect::<Result<_>>()?;
        Ok(Self { headers, body: Bytes::from(answer.body.clone()) })
    }

    fn answer(&self) -> HttpResponse {
        let mut answer = HttpResponse::Ok();
        for (name, value) in &self.headers {
            answer.insert_header((name.clone(), value.clone()));
        }
        answer.body(self.body.clone())
    }
}
