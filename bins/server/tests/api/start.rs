//! Starting: the embedded default, several processes at once, and what stands in the way.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Child, Output, Stdio},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::larder::{Larder, Log, command, draft, run, spawn};

/// A server with nothing configured but a free port.
const EMBEDDED: [(&str, &str); 2] = [("LARDER__AUTH__ADMIN_TOKEN", ""), ("LARDER__DATABASE__DEMO_PRODUCTS", "1000")];

#[tokio::test]
async fn without_configuration_there_is_a_shop_with_an_admin() {
    let larder = Larder::start(&EMBEDDED);
    let list: Value = larder.get("/api/v1/products").send().await.expect("an answer").json().await.expect("JSON");
    assert!(list["total"].as_u64().is_some_and(|total| total > 500 && total <= 1_000), "{}", list["total"]);
    let product: Value =
        larder.get("/api/v1/products/122").send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(product["id"], 122);

    let path = larder.folder.path().join("data/admin-token");
    assert_eq!(fs::metadata(&path).expect("is there").permissions().mode() & 0o777, 0o600);
    let token = fs::read_to_string(&path).expect("readable");
    let patch = larder.request(Method::PATCH, "/api/v1/products/122").bearer_auth(token.trim());
    let patched = patch.json(&json!({ "price": 99.9 })).send().await.expect("an answer");
    assert_eq!(patched.status(), 200);
    assert!(larder.log.lines().iter().all(|line| !line.contains(token.trim())), "no secret in the log");
}

#[tokio::test]
async fn a_second_start_keeps_products_and_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let token_of = |folder: &std::path::Path| fs::read_to_string(folder.join("data/admin-token")).expect("readable");
    let mut first = Larder::start_in(folder, &EMBEDDED);
    let token = token_of(first.folder.path());
    let deleted = first.request(Method::DELETE, "/api/v1/products/122").bearer_auth(token.trim());
    assert_eq!(deleted.send().await.expect("an answer").status(), 204);
    first.signal("TERM");
    first.wait();
    let folder = std::mem::replace(&mut first.folder, tempfile::tempdir().expect("a folder"));
    let second = Larder::start_in(folder, &EMBEDDED);
    assert_eq!(token_of(second.folder.path()), token);
    assert_eq!(second.get("/api/v1/products/122").send().await.expect("an answer").status(), 404);
}

#[test]
fn the_banner_gives_three_commands_to_try() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("larder.toml"), "[log]\nfilter = \"off\"\n").expect("written");
    let mut command = command(folder.path(), &[], &EMBEDDED);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("larder runs");
    let out = BufReader::new(child.stdout.take().expect("is piped"));
    let lines: Vec<_> = out.lines().map_while(Result::ok).take(8).collect();
    child.kill().expect("is killed");
    child.wait().expect("has ended");
    let commands: Vec<_> = lines.iter().filter(|line| line.trim().starts_with("curl -s ")).collect();
    assert_eq!(commands.len(), 3, "{lines:#?}");
    assert!(commands[2].contains("$(cat 'data/admin-token')"), "{lines:#?}");
}

#[test]
fn ten_migrations_at_once_apply_each_step_once() {
    assert_ten_migrations_agree(&[]);
}

/// Starts ten on one empty database: each succeeds, and one of them does it all.
pub(crate) fn assert_ten_migrations_agree(settings: &[(&str, &str)]) {
    let folder = tempfile::tempdir().expect("a folder");
    let start = || command(folder.path(), &["migrate"], settings).stdout(Stdio::piped()).spawn().expect("runs");
    let children: Vec<Child> = (0..10).map(|_| start()).collect();
    let counts: Vec<u32> =
        children.into_iter().map(|child| applied(&child.wait_with_output().expect("ends"))).collect();
    assert_eq!(counts.iter().filter(|count| **count > 0).count(), 1, "{counts:?}");
    assert_eq!(applied(&run(folder.path(), &["migrate"], settings)), 0, "nothing is left to do");
}

/// How many migrations a run of `larder migrate` says it applied.
fn applied(output: &Output) -> u32 {
    assert!(output.status.success(), "{output:?}");
    let line = String::from_utf8_lossy(&output.stdout);
    line.split(' ').nth(1).and_then(|count| count.parse().ok()).expect(&line)
}

#[test]
fn an_address_in_use_ends_the_second_server_with_one_clear_line() {
    let first = Larder::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = spawn(folder.path(), &["serve"], &[("LARDER__SERVER__BIND", first.address())]);
    assert_eq!(child.wait().code(), Some(1));
    assert_only_failure(&child.log, &format!("larder: cannot listen on {}: Address already in use", first.address()));
}

#[test]
fn a_folder_that_cannot_be_used_ends_the_start_with_one_clear_line() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("data"), "a file where the folder should be").expect("written");
    let mut child = spawn(folder.path(), &["serve"], &[]);
    assert_eq!(child.wait().code(), Some(1));
    assert_only_failure(&child.log, "larder: ");
    assert!(child.log.lines().iter().any(|line| line.contains("data/larder.db")), "{:#?}", child.log.lines());
}

/// The last line, and no other, tells of the failure.
fn assert_only_failure(log: &Log, start: &str) {
    let lines: Vec<_> = log.lines().into_iter().filter(|line| line.starts_with("larder: ")).collect();
    assert!(lines.len() == 1 && lines[0].starts_with(start), "{:#?}", log.lines());
}

#[test]
fn a_database_that_is_not_there_is_waited_for_and_then_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    let url = format!("postgres://ann:hunter2@{closed}/shop");
    let settings = [("LARDER__DATABASE__URL", url.as_str()), ("LARDER__DATABASE__START_TIMEOUT_MS", "300")];
    let mut child = spawn(folder.path(), &["serve"], &settings);
    child.log.wait_for("waiting for the database");
    assert_eq!(child.wait().code(), Some(1));
    assert_only_failure(&child.log, "larder: cannot prepare the database: ");
    assert!(child.log.lines().iter().all(|line| !line.contains("hunter2")), "{:#?}", child.log.lines());
}

#[test]
fn a_schema_from_the_future_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(run(folder.path(), &["migrate"], &[]).status.success());
    let database = rusqlite::Connection::open(folder.path().join("data/larder.db")).expect("opens");
    let later = "INSERT INTO schema_migrations (number, name, checksum) VALUES (99, 'later', 0)";
    database.execute_batch(later).expect("is written");
    for arguments in [&["serve"][..], &["migrate"], &["seed", "--products", "1"]] {
        let mut child = spawn(folder.path(), arguments, &[]);
        assert_eq!(child.wait().code(), Some(1));
        child.log.wait_for("the schema is at migration 99, but this release knows only");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notes.txt");
    let notes = "remember the milk\n".repeat(1_000);
    fs::write(&path, &notes).expect("written");
    let url = format!("sqlite://{}", path.display());
    let mut child = spawn(folder.path(), &["serve"], &[("LARDER__DATABASE__URL", &url)]);
    assert_eq!(child.wait().code(), Some(1));
    assert_only_failure(&child.log, "larder: cannot use ");
    assert_eq!(fs::read_to_string(&path).expect("readable"), notes);
}

#[tokio::test]
async fn seeding_gives_the_same_products_for_the_same_number() {
    let settings = [("LARDER__DATABASE__DEMO_PRODUCTS", "0")];
    let mut lists = Vec::new();
    for _ in 0..2 {
        let folder = tempfile::tempdir().expect("a folder");
        for added in [50, 0] {
            let output = run(folder.path(), &["seed", "--products", "50"], &settings);
            assert_eq!(String::from_utf8_lossy(&output.stdout), format!("added {added} products\n"), "{output:?}");
        }
        let larder = Larder::start_in(folder, &settings);
        assert_eq!(larder.total().await, 50);
        let list = larder.get("/api/v1/products?size=50").send().await.expect("an answer");
        let mut list: Value = list.json().await.expect("JSON");
        for product in list["products"].as_array_mut().expect("a list") {
            product["updated_at"].take();
            product["version"].take();
        }
        lists.push(list);
        let next = larder.write(Method::POST, "/api/v1/products", &draft("NEXT-1")).send().await.expect("an answer");
        let next: Value = next.json().await.expect("JSON");
        assert!(next["id"].as_i64().is_some_and(|id| id > 50), "{next}");
    }
    assert_eq!(lists[0], lists[1]);
}
