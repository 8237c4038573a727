//! A server in this process over a repository that misbehaves on command.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use actix_web::web::Data;
use async_trait::async_trait;
use larder_domain::{
    Adjustment, CatalogueStats, Encoded, Product, ProductDraft, ProductId, ProductPage, ProductQuery, ValidationError,
};
use larder_repository::{
    Error, ErrorKind, Freshness, Origin, Precondition, ProductChange, ProductRepository, Read, ViewBatchId,
    ViewRepository, Written,
};
use larder_server::{AccessControl, Config, Server, Services, Storage};
use reqwest::Client;
use tempfile::TempDir;
use tokio::{runtime::Handle, sync::Semaphore};

use crate::larder::ADMIN_TOKEN;

/// Reading this product panics.
pub(crate) const PANICS: i64 = 7_001;
/// Reading this product waits at the gate.
pub(crate) const WAITS: i64 = 7_002;
/// Reading `FAILS + n` fails with the nth of [`failures`].
pub(crate) const FAILS: i64 = 7_100;
/// Reading `COMES_FROM + n` answers absence from the nth of [`ORIGINS`].
pub(crate) const COMES_FROM: i64 = 7_200;
/// A product of this name waits at the gate before it is created.
pub(crate) const SLOW_NAME: &str = "slow";

pub(crate) const ORIGINS: [(Origin, &str); 6] = [
    (Origin::L1, "larder; hit; detail=l1"),
    (Origin::L2, "larder; hit; detail=l2"),
    (Origin::Loaded, "larder; fwd=miss"),
    (Origin::Unconfirmed, "larder; hit; detail=unconfirmed"),
    (Origin::Stale, "larder; hit; detail=stale"),
    (Origin::Database, "larder; fwd=bypass"),
];

/// Every failure of a repository, and the status that it becomes.
pub(crate) fn failures() -> Vec<(ErrorKind, u16)> {
    vec![
        (ErrorKind::NotFound, 404),
        (ErrorKind::PreconditionFailed, 412),
        (ErrorKind::SkuTaken, 409),
        (ErrorKind::NameTaken, 500),
        (ErrorKind::Invalid(ValidationError::new("stock", "must not be negative")), 422),
        (ErrorKind::Unavailable, 503),
        (ErrorKind::Timeout, 504),
        (ErrorKind::Overloaded, 503),
        (ErrorKind::Corrupt, 500),
        (ErrorKind::SchemaTooNew { found: 9, known: 1 }, 500),
        (ErrorKind::Internal, 500),
    ]
}

/// What comes between the look of a conditional write and the write.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Between {
    View,
    Sale,
}

/// One for each of the writes to come.
pub(crate) type Interferences = Arc<Mutex<VecDeque<Between>>>;

/// Where requests wait, and how the test knows that they do.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) arrived: Semaphore,
    pub(crate) open: Semaphore,
    pub(crate) left: Semaphore,
}

impl Gate {
    async fn pass(&self) {
        self.arrived.add_permits(1);
        self.open.acquire().await.expect("never closed").forget();
    }
}

#[derive(Debug)]
struct ScriptedProducts {
    inner: Arc<dyn ProductRepository>,
    gate: Arc<Gate>,
    views: Arc<dyn ViewRepository>,
    between: Interferences,
}

impl ScriptedProducts {
    async fn interfere(&self, id: ProductId) {
        let next = self.between.lock().expect("not poisoned").pop_front();
        match next {
            Some(Between::View) => {
                let batch = ViewBatchId(*uuid::Uuid::now_v7().as_bytes());
                self.views.add_views(batch, &[(id, 1)]).await.expect("is added");
            }
            Some(Between::Sale) => {
                let sale = serde_json::from_str(r#"{"stock":-1,"sales":1,"reason":"sold"}"#).expect("valid");
                self.inner.adjust(id, &sale).await.expect("is adjusted");
            }
            None => {}
        }
    }

    #[expect(clippy::panic, reason = "the test wants it")]
    fn panic(&self) {
        panic!("as the script says");
    }
}

#[async_trait]
impl ProductRepository for ScriptedProducts {
    async fn get(&self, id: ProductId, freshness: Freshness) -> Result<Read<Option<Encoded<Product>>>, Error> {
        let nth = |start: i64, count: usize| usize::try_from(id.get() - start).ok().filter(|nth| *nth < count);
        match id.get() {
            PANICS => self.panic(),
            WAITS => self.gate.pass().await,
            _ => {}
        }
        if let Some(nth) = nth(FAILS, failures().len()) {
            return Err(Error::caused(failures().swap_remove(nth).0, "read a product", "the secret cause"));
        }
        if let Some(nth) = nth(COMES_FROM, ORIGINS.len()) {
            return Ok(Read { value: None, origin: ORIGINS[nth].0, fresh_for: None });
        }
        self.inner.get(id, freshness).await
    }

    async fn get_many(
        &self,
        ids: &[ProductId],
        freshness: Freshness,
    ) -> Result<Read<Vec<Option<Encoded<Product>>>>, Error> {
        self.inner.get_many(ids, freshness).await
    }

    async fn find(&self, query: &ProductQuery, freshness: Freshness) -> Result<Read<ProductPage>, Error> {
        self.inner.find(query, freshness).await
    }

    async fn stats(&self, freshness: Freshness) -> Result<Read<CatalogueStats>, Error> {
        self.inner.stats(freshness).await
    }

    async fn create(&self, draft: &ProductDraft) -> Result<Written, Error> {
        if draft.name == SLOW_NAME {
            self.gate.pass().await;
        }
        let written = self.inner.create(draft).await;
        self.gate.left.add_permits(1);
        written
    }

    async fn update(
        &self,
        id: ProductId,
        change: &ProductChange,
        precondition: Precondition,
    ) -> Result<Written, Error> {
        self.interfere(id).await;
        self.inner.update(id, change, precondition).await
    }

    async fn delete(&self, id: ProductId, precondition: Precondition) -> Result<Written, Error> {
        self.interfere(id).await;
        self.inner.delete(id, precondition).await
    }

    async fn adjust(&self, id: ProductId, adjustment: &Adjustment) -> Result<Written, Error> {
        self.inner.adjust(id, adjustment).await
    }
}

/// A server in this process, without a cache.
pub(crate) struct ScriptedServer {
    pub(crate) server: Server,
    pub(crate) gate: Arc<Gate>,
    pub(crate) between: Interferences,
    pub(crate) client: Client,
    _folder: TempDir,
}

impl ScriptedServer {
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/larder.db", folder.path().display());
        let fixed = [
            ("LARDER__DATABASE__URL", url.as_str()),
            ("LARDER__SERVER__BIND", "127.0.0.1:0"),
            ("LARDER__CACHE__LEVELS", "none"),
        ];
        let environment = fixed.iter().chain(settings).map(|(name, value)| ((*name).into(), (*value).into()));
        let config = Config::read(None, environment).expect("valid");
        let mut storage = Storage::open(&config).expect("opens");
        storage.database.migrate().await.expect("migrates");
        let gate = Arc::new(Gate { arrived: Semaphore::new(0), open: Semaphore::new(0), left: Semaphore::new(0) });
        let between = Interferences::default();
        storage.products = Arc::new(ScriptedProducts {
            inner: Arc::clone(&storage.products),
            gate: Arc::clone(&gate),
            views: Arc::clone(&storage.views),
            between: Arc::clone(&between),
        });
        let access = AccessControl::new(Some(ADMIN_TOKEN), Arc::clone(&storage.tokens), &config.auth).expect("usable");
        let services = Services::new(&config, storage, &[0; 32], access, Handle::current()).expect("usable options");
        let server = Server::start(&config, Data::new(services)).expect("listens");
        Self { server, gate, between, client: Client::new(), _folder: folder }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    /// Reads one product.
    pub(crate) async fn get(&self, id: i64) -> reqwest::Response {
        self.client.get(self.url(&format!("/api/v1/products/{id}"))).send().await.expect("an answer")
    }
}
