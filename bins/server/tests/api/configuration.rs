//! Configuration mistakes stop the start with a message that names the key and where it came from.

use std::{fs, path::Path};

use crate::larder::{Larder, run};

/// Runs `larder config`; gives its exit code and what it wrote to standard output and standard error.
fn config(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let output = run(folder, &[&["config"], arguments].concat(), settings);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_mistake_in_the_environment_names_key_and_variable() {
    let folder = tempfile::tempdir().expect("a folder");
    for (variable, value, key) in [
        ("LARDER__SERVER__BINDD", "x", "server.bindd"),
        ("LARDER__SERVER", "x", "server"),
        ("LARDER__SERVR__BIND", "x", "servr.bind"),
        ("LARDER__SERVER__BIND", "8080", "server.bind"),
        ("LARDER__SERVER__BIND", "127.0.0.1:99999", "server.bind"),
        ("LARDER__SERVER__WORKERS", "0", "server.workers"),
        ("LARDER__SERVER__WORKERS", "many", "server.workers"),
        ("LARDER__SERVER__WORKERS", "-1", "server.workers"),
        ("LARDER__SERVER__BODY_LIMIT_BYTES", "1", "server.body_limit_bytes"),
        ("LARDER__DATABASE__URL", "mysql://db", "database.url"),
        ("LARDER__DATABASE__URL", "sqlite://", "database.url"),
        ("LARDER__DATABASE__POOL_SIZE", "0", "database.pool_size"),
        ("LARDER__REDIS__URL", "http://cache", "redis.url"),
        ("LARDER__REDIS__URL", "redis+socket://cache", "redis.url"),
        ("LARDER__REDIS__LOG_LENGTH", "1", "redis.log_length"),
        ("LARDER__REDIS__CA_CERTIFICATE", "authority.pem", "redis.ca_certificate"),
        ("LARDER__CACHE__LEVELS", "three", "cache.levels"),
        ("LARDER__CACHE__LEVELS", "two-level", "cache.levels"),
        ("LARDER__CACHE__NAMESPACE", "a b", "cache.namespace"),
        ("LARDER__CACHE__TTL_MS", "0", "cache.ttl_ms"),
        ("LARDER__CACHE__JITTER", "0.9", "cache.jitter"),
        ("LARDER__CACHE__JITTER", "NaN", "cache.jitter"),
        ("LARDER__CACHE__L1_CAPACITY_BYTES", "99999999999999999999", "cache.l1_capacity_bytes"),
        ("LARDER__CACHE__RELAY", "perhaps", "cache.relay"),
        ("LARDER__CACHE__OUTBOX_RETENTION_MS", "9999", "cache.outbox_retention_ms"),
        ("LARDER__CACHE__OUTBOX_MAX_PENDING", "0", "cache.outbox_max_pending"),
        ("LARDER__WARM_UP__PRODUCTS", "1000001", "warm_up.products"),
        ("LARDER__WARM_UP__DEADLINE_MS", "0", "warm_up.deadline_ms"),
        ("LARDER__CACHE__SAMPLES_PER_SECOND", "1001", "cache.samples_per_second"),
        ("LARDER__AUTH__ADMIN_TOKEN", "short", "auth.admin_token"),
        ("LARDER__AUTH__TOKEN_TTL_MS", "0", "auth.token_ttl_ms"),
        ("LARDER__AUTH__FAILURES_PER_MINUTE", "0", "auth.failures_per_minute"),
        ("LARDER__RATE_LIMIT__ENABLED", "perhaps", "rate_limit.enabled"),
        ("LARDER__RATE_LIMIT__BURST", "0", "rate_limit.burst"),
        ("LARDER__RATE_LIMIT__REDIS_TIMEOUT_MS", "0", "rate_limit.redis_timeout_ms"),
        ("LARDER__RATE_LIMIT__SCOPE", "world", "rate_limit.scope"),
        ("LARDER__RATE_LIMIT__SCOPE", "cluster", "rate_limit.scope"),
        ("LARDER__SERVER__TRUSTED_PROXIES", "10.0.0.0/40", "server.trusted_proxies"),
        ("LARDER__SERVER__FORWARDED_HEADER", "via", "server.forwarded_header"),
        ("LARDER__TELEMETRY__OTLP_ENDPOINT", "collector:4317", "telemetry.otlp_endpoint"),
        ("LARDER__TELEMETRY__OTLP_ENDPOINT", "https://collector", "telemetry.otlp_endpoint"),
        ("LARDER__TELEMETRY__SAMPLE_RATIO", "1.1", "telemetry.sample_ratio"),
        ("LARDER__TELEMETRY__SERVICE_NAME", " ", "telemetry.service_name"),
        ("LARDER__PAGE__AUDIENCE", "nobody", "page.audience"),
        ("LARDER__PAGE__MAX_STREAMS", "0", "page.max_streams"),
        ("LARDER__LOG__FORMAT", "xml", "log.format"),
        ("LARDER__LOG__FILTER", "a=b=c", "log.filter"),
    ] {
        let (code, _, message) = config(folder.path(), &[], &[(variable, value)]);
        assert_eq!(code, Some(2), "{variable}={value}: {message}");
        assert!(message.contains(&format!(" {key} ")), "{variable}={value}: {message}");
        assert!(message.contains(&format!("(from {variable})")), "{variable}={value}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn an_authority_that_cannot_be_used_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("damaged.pem"), "no certificate").expect("written");
    for (file, named) in [("absent.pem", "redis.ca_certificate absent.pem"), ("damaged.pem", "ca_certificate")] {
        let settings = [("LARDER__REDIS__URL", "rediss://cache"), ("LARDER__REDIS__CA_CERTIFICATE", file)];
        let output = run(folder.path(), &["serve"], &settings);
        let message = String::from_utf8(output.stderr).expect("text");
        assert!(!output.status.success() && message.contains(named), "{file}: {message}");
    }
}

#[test]
fn a_mistake_in_a_file_names_key_and_file() {
    let folder = tempfile::tempdir().expect("a folder");
    for (text, named) in [
        ("[server]\nport = 8080\n", "server.port "),
        ("[sever]\nbind = \"x\"\n", "sever.bind "),
        ("[cache]\nttl_ms = \"soon\"\n", "cache.ttl_ms "),
        ("[cache]\nttl_ms = -1\n", "cache.ttl_ms "),
        ("server = 3\n", "server "),
        ("[server\n", "shop.toml"),
    ] {
        fs::write(folder.path().join("shop.toml"), text).expect("written");
        let (code, _, message) = config(folder.path(), &["--config", "shop.toml"], &[]);
        assert_eq!(code, Some(2), "{text}: {message}");
        assert!(message.contains(named) && message.contains("shop.toml"), "{text}: {message}");
    }
    let (code, _, message) = config(folder.path(), &["--config", "absent.toml"], &[]);
    assert!(code == Some(2) && message.contains("absent.toml"), "{message}");
}

#[test]
fn secrets_are_neither_printed_nor_part_of_a_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings =
        [("LARDER__DATABASE__URL", "postgres://ann:hunter2@db/shop"), ("LARDER__REDIS__URL", "redis://:hunter2@c")];
    let (code, printed, _) = config(folder.path(), &[], &settings);
    assert_eq!(code, Some(0));
    assert!(printed.contains("postgres://ann:***@db/shop") && !printed.contains("hunter2"), "{printed}");
    assert!(!printed.contains("an-admin-token"), "{printed}");
    for (variable, value) in [
        ("LARDER__DATABASE__URL", "mysql://ann:hunter2@db"),
        ("LARDER__REDIS__URL", "hunter2"),
        ("LARDER__AUTH__ADMIN_TOKEN", "hunter2"),
    ] {
        let (_, _, message) = config(folder.path(), &[], &[(variable, value)]);
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("larder.toml"), "[cache]\nttl_ms = 5\nlist_ttl_ms = 6\n").expect("written");
    let (code, printed, _) = config(folder.path(), &[], &[("LARDER__CACHE__TTL_MS", "7")]);
    assert_eq!(code, Some(0), "{printed}");
    for line in ["ttl_ms = 7", "list_ttl_ms = 6", "jitter = 0.1", "# warning: cache.max_staleness_ms"] {
        assert!(printed.contains(line), "{line} in {printed}");
    }
}

#[test]
fn unwise_values_are_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, printed, _) = config(folder.path(), &[], &[("LARDER__DATABASE__POOL_SIZE", "900")]);
    assert!(code == Some(0) && printed.contains("# warning: database.pool_size = 900"), "{printed}");
    let (_, printed, _) = config(folder.path(), &[], &[("LARDER__SERVER__TRUSTED_PROXIES", "0.0.0.0/0")]);
    assert!(printed.contains("# warning: server.trusted_proxies trusts everybody"), "{printed}");
}

#[test]
fn wrong_usage_is_2() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in
        [&["serv"][..], &["seed"], &["seed", "--products", "x"], &["token", "new", "--name", "a", "--role", "king"]]
    {
        assert_eq!(run(folder.path(), arguments, &[]).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_file_in_the_working_folder_is_read_without_being_named() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("larder.toml"), "[log]\nformat = \"text\"\nfilter = \"info,larder_server=debug\"\n")
        .expect("written");
    let larder = Larder::start_in(folder, &[]);
    assert!(larder.log.lines().iter().any(|line| line.contains("ready address=")));
}

#[cfg(not(feature = "planted-mistakes"))]
#[test]
fn mistakes_cannot_be_planted_in_a_release() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, _, message) = config(folder.path(), &[], &[("LARDER__CACHE__PLANTED_MISTAKES", "NoFence")]);
    assert!(code == Some(2) && message.contains("cache.planted_mistakes is not a known key"), "{message}");
}

#[cfg(feature = "planted-mistakes")]
#[test]
fn a_build_that_can_plant_mistakes_says_so_and_knows_them_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, printed, _) = config(folder.path(), &[], &[("LARDER__CACHE__PLANTED_MISTAKES", "NoFence,NoBound")]);
    assert!(code == Some(0) && printed.contains("# warning: this build can plant mistakes"), "{printed}");
    let output = run(folder.path(), &["serve"], &[("LARDER__CACHE__PLANTED_MISTAKES", "NoFence,NoSense")]);
    let message = String::from_utf8(output.stderr).expect("text");
    assert!(!output.status.success() && message.contains("cache.planted_mistakes: there is no NoSense"), "{message}");
}

#[test]
fn a_choice_that_is_none_is_answered_with_those_there_are() {
    let folder = tempfile::tempdir().expect("a folder");
    for (variable, choices) in [
        ("LARDER__CACHE__LEVELS", "must be one of `auto`, `none`, `l1`, `l2`, `two-level`"),
        ("LARDER__LOG__FORMAT", "must be `text` or `json`"),
        ("LARDER__PAGE__AUDIENCE", "must be one of `auto`, `everyone`, `admin`"),
        ("LARDER__RATE_LIMIT__SCOPE", "must be one of `auto`, `process`, `cluster`"),
        ("LARDER__SERVER__FORWARDED_HEADER", "must be `x-forwarded-for` or `forwarded`"),
    ] {
        let (code, _, errors) = config(folder.path(), &[], &[(variable, "nonsense")]);
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains(choices), "{variable}: {errors}");
    }
}
