//! The examples do what they show: each is run as a process.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use larder_test_support::{Redis, RedisOptions};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// Nobody listens on the port that is meant for multiplexing services.
const NO_REDIS: &str = "redis://127.0.0.1:1";

/// An example, which `cargo test` without a choice of targets builds beside the tests.
fn example(name: &str) -> Command {
    let test = env::current_exe().expect("a test knows its program");
    let folder = test.ancestors().nth(2).expect("programs of tests are in deps").join("examples");
    let program = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{name}.rs"));
    let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let is_built = changed(&program).is_some_and(|built| Some(built) >= changed(&source));
    assert!(is_built, "example {name} is not built from its present source: run `cargo build --examples`");
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// What an example prints.
fn lines(name: &str, arguments: &[&str]) -> Vec<String> {
    let output = example(name).args(arguments).output().expect("the example starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[test]
fn quickstart_shows_a_load_a_hit_and_an_invalidation() {
    let expected = [
        r#"first:   Some("Ada") from Loader"#,
        r#"second:  Some("Ada") from L1"#,
        "nobody:  None from Loader",
        r#"changed: Some("Ada") from Loader"#,
    ];
    assert_eq!(lines("quickstart", &[]), expected);
}

#[tokio::test]
async fn two_level_shows_what_another_node_finds_in_redis() {
    let redis = Redis::start(RedisOptions::default()).await.expect("a server");
    let expected = [
        "Redis answers",
        "here, first: product 1, revision 0 from Loader",
        "here, again: product 1, revision 0 from L1",
        "there, first: product 1, revision 0 from L2",
        "there, batch: product 1, revision 0 from L1",
        "there, batch: product 2, revision 0 from Loader",
        "there, batch: product 3, revision 0 from Loader",
        "here, changed: product 1, revision 1 from Loader",
        "there, soon after: product 1, revision 1 from L2",
        "here, tag changed: product 1, revision 2 from Loader",
        "here: 4 calls, 1 by L1, 0 by L2, 3 loaded",
    ];
    assert_eq!(lines("two_level", &[&redis.url()]), expected);
    assert_eq!(lines("two_level", &[&redis.url()]), expected, "a second run finds nothing of the first");
}

#[test]
fn two_level_works_without_redis_and_says_so() {
    let lines = lines("two_level", &[NO_REDIS]);
    assert!(lines[0].starts_with("Redis is away, each node works on its own"), "{lines:?}");
    assert_eq!(lines[3], "there, first: product 1, revision 0 from Loader");
    assert_eq!(lines[8], "there, soon after: product 1, revision 1 from Loader");
    assert_eq!(lines[10], "here: 4 calls, 1 by L1, 0 by L2, 3 loaded");
}

/// A running service; gone when dropped.
struct Service {
    process: Child,
    address: String,
    client: reqwest::Client,
}

impl Service {
    fn start(redis_url: &[&str]) -> Self {
        let mut command = example("student_scores");
        let mut process = command.arg("0").args(redis_url).stdout(Stdio::piped()).spawn().expect("the example starts");
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().expect("piped")).read_line(&mut line).expect("it says where it listens");
        let address = line.trim_end().strip_prefix("listening on ").expect("an address").to_owned();
        // Straight to it, whatever the machine's proxies are.
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { process, address, client }
    }

    /// Status, `Cache-Status` and body.
    async fn get(&self, path: &str) -> (StatusCode, String, String) {
        let answer = self.client.get(format!("{}{path}", self.address)).send().await.expect("it answers");
        let status =
            answer.headers().get("cache-status").map_or("", |status| status.to_str().expect("ASCII")).to_owned();
        (answer.status(), status, answer.text().await.expect("a whole body"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn parsed(body: &str) -> Value {
    serde_json::from_str(body).expect("JSON")
}

/// A life that shrinks from second to second is cut off.
fn without_ttl(status: &str) -> String {
    status.split("; ").filter(|part| !part.starts_with("ttl=")).collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn student_scores_come_from_the_table_once() {
    let service = Service::start(&[]);
    assert_eq!(service.get("/hello").await, (StatusCode::OK, String::new(), "hello".to_owned()));

    let (status, cached, body) = service.get("/student_score?number=20180101").await;
    let results = json!([{"subject": "mathematics", "score": 78}, {"subject": "physics", "score": 91}]);
    assert_eq!((status, cached.as_str()), (StatusCode::OK, "scores; fwd=miss"));
    assert_eq!(parsed(&body), json!({"number": "20180101", "results": results}));

    let (status, cached, again) = service.get("/student_score?number=20180101").await;
    assert_eq!((status, without_ttl(&cached), again), (StatusCode::OK, "scores; hit; detail=l1".to_owned(), body));
}

#[tokio::test]
async fn an_unknown_student_is_not_found_twice_and_looked_for_once() {
    let service = Service::start(&[]);
    let (status, cached, body) = service.get("/student_score?number=20189999").await;
    assert_eq!((status, cached.as_str()), (StatusCode::NOT_FOUND, "scores; fwd=miss"));
    assert_eq!(parsed(&body), json!({"error": "no such student"}));
    let (status, cached, _) = service.get("/student_score?number=20189999").await;
    assert_eq!((status, without_ttl(&cached).as_str()), (StatusCode::NOT_FOUND, "scores; hit; detail=l1"));
}

#[tokio::test]
async fn a_bad_question_about_a_student_is_refused() {
    let service = Service::start(&[]);
    for query in
        ["", "?number=", "?number=2018010", "?number=2018010x", "?number=20180101&number=20180102", "?n=20180101"]
    {
        let (status, cached, _) = service.get(&format!("/student_score{query}")).await;
        assert_eq!((status, cached.as_str()), (StatusCode::BAD_REQUEST, ""), "{query}");
    }
}

#[tokio::test]
async fn two_services_share_the_scores_in_redis() {
    let redis = Redis::start(RedisOptions::default()).await.expect("a server");
    let (one, other) = (Service::start(&[&redis.url()]), Service::start(&[&redis.url()]));
    assert_eq!(one.get("/student_score?number=20180102").await.1, "scores; fwd=miss");
    let (status, cached, _) = other.get("/student_score?number=20180102").await;
    assert_eq!((status, without_ttl(&cached).as_str()), (StatusCode::OK, "scores; hit; detail=l2"));
}

#[tokio::test]
async fn student_scores_are_served_without_redis() {
    let service = Service::start(&[NO_REDIS]);
    let (status, _, _) = service.get("/student_score?number=20180101").await;
    assert_eq!(status, StatusCode::OK);
    let (_, cached, _) = service.get("/student_score?number=20180101").await;
    assert_eq!(without_ttl(&cached), "scores; hit; detail=l1");
}
