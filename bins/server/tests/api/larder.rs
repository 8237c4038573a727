//! A `larder` process of its own for a test, in a folder of its own.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use tempfile::TempDir;

use crate::cluster::eventually;

/// No step of a test takes so long, unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Marks in a [`Log`] that the process writes no more.
const END: &str = "-- end --";
pub(crate) const ADMIN_TOKEN: &str = "an-admin-token-for-the-tests-only";

/// A running server with 200 demo products in a SQLite file; killed when dropped.
pub(crate) struct Larder {
    process: Process,
    pub(crate) log: Log,
    pub(crate) base: String,
    pub(crate) folder: TempDir,
    client: Client,
}

impl Larder {
    /// Starts one with further settings and waits until it is ready.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"), settings)
    }

    /// Starts one in a folder that may hold a database already.
    pub(crate) fn start_in(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let process = spawn(folder.path(), &["serve"], settings);
        let log = process.log.clone();
        let ready = log.wait_for("ready address=");
        let address = ready.split("address=").nth(1).and_then(|rest| rest.split(' ').next()).expect("an address");
        let client = Client::builder().timeout(PATIENCE).build().expect("a client");
        let scheme = if settings.iter().any(|(name, _)| *name == "LARDER__SERVER__TLS_KEY") { "https" } else { "http" };
        Self { base: format!("{scheme}://{address}"), process, log, folder, client }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A write with the admin's token and a JSON body.
    pub(crate) fn write(&self, method: Method, path: &str, body: &Value) -> RequestBuilder {
        self.request(method, path).bearer_auth(ADMIN_TOKEN).json(body)
    }

    /// Makes a product and gives its id.
    pub(crate) async fn create(&self, sku: &str, published: bool) -> i64 {
        let mut body = draft(sku);
        body["is_published"] = published.into();
        let answer = self.write(Method::POST, "/api/v1/products", &body).send().await.expect("an answer");
        assert_eq!(answer.status(), 201);
        let made: Value = answer.json().await.expect("JSON");
        made["id"].as_i64().expect("an id")
    }

    /// How many products there are, published or not.
    pub(crate) async fn total(&self) -> u64 {
        let list = self.get("/api/v1/products").bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
        let list: Value = list.json().await.expect("JSON");
        list["total"].as_u64().expect("a number")
    }

    /// What `/health` says of how this node hears of changes.
    pub(crate) async fn coherence(&self) -> Value {
        let health = self.get("/health").send().await.expect("an answer");
        health.json::<Value>().await.expect("JSON")["parts"]["coherence"]["detail"].clone()
    }

    /// Waits until it hears of changes, before which it keeps nothing in memory for long; with Redis, until it believes that as well.
    pub(crate) async fn hears(self, with_redis: bool) -> Self {
        eventually("it hears of changes", async || {
            let coherence = self.coherence().await;
            let hears = coherence["feed"]["confirmed_ago_ms"].is_u64();
            hears && (!with_redis || coherence["feed"]["believes_l2"] == true)
        })
        .await;
        self
    }

    pub(crate) fn address(&self) -> &str {
        self.base.split_once("://").expect("a scheme").1
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Waits until the process has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.process.wait()
    }
}

/// A process and what it says; killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) log: Log,
}

impl Process {
    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("bash").args(["-c", &format!("kill -{name} {}", self.child.id())]).status();
        assert!(status.expect("bash runs").success());
    }

    /// Waits until it has ended, at most for [`PATIENCE`].
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.log.wait_for(END);
        self.child.wait().expect("can be waited for")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().expect("it has ended");
    }
}

/// Starts `larder ARGUMENTS` in `folder`, with nothing in its environment but `settings` and what tests always want.
pub(crate) fn spawn(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Process {
    let mut command = command(folder, arguments, settings);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("larder runs");
    let log = Log::default();
    let (lines, errors) = (log.clone(), child.stderr.take().expect("is piped"));
    thread::spawn(move || {
        BufReader::new(errors).lines().map_while(Result::ok).for_each(|line| lines.add(line));
        lines.add(END.into());
    });
    Process { child, log }
}

/// Runs `larder ARGUMENTS` to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    command(folder, arguments, settings).output().expect("larder runs")
}

pub(crate) fn command(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command.env("LARDER__SERVER__BIND", "127.0.0.1:0").env("LARDER__SERVER__WORKERS", "2");
    command.env("LARDER__DATABASE__DEMO_PRODUCTS", "200").env("LARDER__AUTH__ADMIN_TOKEN", ADMIN_TOKEN);
    // What a test reads first comes from the database, unless the test wants it otherwise.
    command.env("LARDER__WARM_UP__PRODUCTS", "0");
    command.envs(settings.iter().copied());
    command
}

/// The lines that a process wrote to standard error.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Log {
    fn add(&self, line: String) {
        self.0.0.lock().expect("not poisoned").push(line);
        self.0.1.notify_all();
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.0.lock().expect("not poisoned").clone()
    }

    /// The first line that contains `text`, once it is there.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        let give_up = Instant::now() + PATIENCE;
        let mut lines = self.0.0.lock().expect("not poisoned");
        loop {
            if let Some(line) = lines.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            assert!(lines.last().is_none_or(|line| line != END), "it ended without {text:?}: {lines:#?}");
            let left = give_up.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no line with {text:?} in {lines:#?}");
            lines = self.0.1.wait_timeout(lines, left).expect("not poisoned").0;
        }
    }
}

/// A header of an answer as text; empty if it is not there.
pub(crate) fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

/// Checks that an answer is a problem of `status` with the request's id, and gives its body.
pub(crate) async fn problem(answer: Response, status: u16) -> Value {
    let (found, id) = (answer.status().as_u16(), header(&answer, "x-request-id").to_owned());
    let content_type = header(&answer, "content-type").to_owned();
    let body = answer.text().await.expect("a body");
    assert_eq!((found, content_type.as_str()), (status, "application/problem+json"), "{body}");
    let problem: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(problem["status"], status, "{body}");
    assert_eq!(problem["request_id"], id, "{body}");
    assert!(!id.is_empty() && problem["type"].is_string() && problem["title"].is_string(), "{body}");
    problem
}

/// A path of `route` in which a cache is that of the products, and each other parameter is `id`.
pub(crate) fn path_of(route: &str, id: i64) -> String {
    let fill = |segment: &str| match segment {
        "{cache}" => "product".to_owned(),
        _ if segment.starts_with('{') => id.to_string(),
        _ => segment.to_owned(),
    };
    route.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// A body for POST and PUT that breaks no rule.
pub(crate) fn draft(sku: &str) -> Value {
    serde_json::json!({ "name": "Green tea 绿茶", "price": 12.5, "sku": sku, "category": "tea", "stock": 10 })
}
