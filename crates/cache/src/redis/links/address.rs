//! Where Redis is: one server, the sentinels of a master, or some nodes of a cluster.

use redis::ConnectionInfo;

use super::super::{
    RedisOptions,
    tls::{self, BAD_URL},
};
use crate::ConfigError;

const SENTINEL_PORT: u16 = 26379;
const SERVER_PORT: u16 = 6379;

/// What a URL says.
pub(super) enum Address {
    /// One server.
    Server(Box<ConnectionInfo>),
    /// Sentinels, and the name under which they know the master.
    Sentinels {
        /// The sentinels.
        sentinels: Vec<ConnectionInfo>,
        /// The master's name.
        master_name: String,
        /// How to get in at the master.
        door: Door,
    },
    /// A cluster.
    Cluster {
        /// Hosts and ports of nodes that should know the others.
        seeds: Vec<(String, u16)>,
        /// How to get in at any node.
        door: Door,
    },
}

/// How to get in at servers whose addresses are learned later.
#[derive(Clone)]
pub(super) struct Door {
    scheme: &'static str,
    /// As it stands in a URL, with its `@`.
    user: String,
    database: u32,
    ca_certificate: Option<Vec<u8>>,
}

impl Door {
    /// The server at an address.
    pub(super) fn at(&self, host: &str, port: u16) -> Result<ConnectionInfo, ConfigError> {
        let Self { scheme, user, database, ca_certificate } = self;
        // An IPv6 address is told without its brackets by servers.
        let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
        let url = format!("{scheme}://{user}{open}{host}{close}:{port}/{database}");
        tls::server(&url, ca_certificate.as_deref())
    }
}

/// The parts of a URL that names several hosts.
struct Parts<'a> {
    user: String,
    hosts: Vec<(String, u16)>,
    path: Vec<&'a str>,
    query: Vec<(&'a str, &'a str)>,
}

impl Address {
    /// Reads the URL of the options.
    pub(super) fn read(options: &RedisOptions) -> Result<Self, ConfigError> {
        let (scheme, rest) = options.url.split_once("://").unwrap_or(("", ""));
        let door =
            |scheme| Door { scheme, user: String::new(), database: 0, ca_certificate: options.ca_certificate.clone() };
        match scheme {
            "redis+sentinel" => sentinels(rest, door("redis")),
            "rediss+sentinel" => sentinels(rest, door("rediss")),
            "redis+cluster" => cluster(rest, door("redis")),
            "rediss+cluster" => cluster(rest, door("rediss")),
            _ => Ok(Self::Server(Box::new(tls::server(&options.url, options.ca_certificate.as_deref())?))),
        }
    }
}

fn sentinels(rest: &str, mut door: Door) -> Result<Address, ConfigError> {
    let parts = parts(rest, SENTINEL_PORT).ok_or(BAD_URL)?;
    let (master_name, database) = match parts.path[..] {
        [name] => (name, 0),
        [name, database] => (name, database.parse().map_err(|_cause| BAD_URL)?),
        _ => return Err(BAD_URL),
    };
    let (mut user, mut password) = ("", None);
    for (name, value) in parts.query {
        match name {
            "sentinel_user" => user = value,
            "sentinel_password" => password = Some(value),
            _ => return Err(BAD_URL),
        }
    }
    let user = match password {
        Some(password) => format!("{user}:{password}@"),
        None if user.is_empty() => String::new(),
        None => return Err(BAD_URL),
    };
    door.user = parts.user;
    let to_sentinels = Door { user, ..door.clone() };
    let sentinels = parts.hosts.iter().map(|(host, port)| to_sentinels.at(host, *port)).collect::<Result<_, _>>()?;
    door.database = database;
    // The user and password of the master are read by the client as well: what it refuses is refused now.
    door.at("localhost", SERVER_PORT)?;
    Ok(Address::Sentinels { sentinels, master_name: master_name.to_owned(), door })
}

fn cluster(rest: &str, mut door: Door) -> Result<Address, ConfigError> {
    let parts = parts(rest, SERVER_PORT).ok_or(BAD_URL)?;
    if !parts.path.is_empty() || !parts.query.is_empty() {
        return Err(BAD_URL);
    }
    door.user = parts.user;
    for (host, port) in &parts.hosts {
        door.at(host, *port)?;
    }
    Ok(Address::Cluster { seeds: parts.hosts, door })
}

fn parts(rest: &str, default_port: u16) -> Option<Parts<'_>> {
    if rest.contains('#') {
        return None;
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    let hosts = hosts.split(',').map(|host| host_and_port(host, default_port)).collect::<Option<_>>()?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let path: Vec<&str> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
    let query =
        query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=')).collect::<Option<_>>()?;
    path.iter().all(|part| !part.is_empty()).then_some(Parts { user, hosts, path, query })
}

fn host_and_port(text: &str, default_port: u16) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(text) => text.split_once(']')?,
        None => text.find(':').map_or((text, ""), |colon| text.split_at(colon)),
    };
    let port = if port.is_empty() { default_port } else { port.strip_prefix(':')?.parse().ok()? };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use redis::ConnectionAddr;

    use super::*;

    fn read(url: &str) -> Result<Address, ConfigError> {
        Address::read(&RedisOptions { url: url.to_owned(), ..RedisOptions::default() })
    }

    fn host(server: &ConnectionInfo) -> (String, u16) {
        match server.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => (host.clone(), *port),
            other => unreachable!("{other}"),
        }
    }

    fn password(server: &ConnectionInfo) -> (Option<&str>, Option<&str>) {
        (server.redis_settings().username(), server.redis_settings().password())
    }

    #[test]
    fn sentinels_and_their_master_have_passwords_of_their_own() {
        let url = "redis+sentinel://shop:a%40b@one,two:5,[::1]:6/main/3?sentinel_user=s&sentinel_password=c%2Fd";
        let Ok(Address::Sentinels { sentinels, master_name, door }) = read(url) else { unreachable!("sentinels") };
        let hosts: Vec<_> = sentinels.iter().map(host).collect();
        assert_eq!(hosts, [("one".to_owned(), SENTINEL_PORT), ("two".to_owned(), 5), ("::1".to_owned(), 6)]);
        assert!(sentinels.iter().all(|sentinel| password(sentinel) == (Some("s"), Some("c/d"))));
        assert!(sentinels.iter().all(|sentinel| sentinel.redis_settings().db() == 0));
        let master = door.at("::2", 7).unwrap();
        assert_eq!((master_name.as_str(), host(&master)), ("main", ("::2".to_owned(), 7)));
        assert_eq!((password(&master), master.redis_settings().db()), ((Some("shop"), Some("a@b")), 3));
    }

    #[test]
    fn sentinels_are_asked_without_a_password_unless_they_have_one() {
        let Ok(Address::Sentinels { sentinels, .. }) = read("redis+sentinel://:secret@one/main") else {
            unreachable!("sentinels")
        };
        assert_eq!(password(&sentinels[0]), (None, None));
    }

    #[test]
    fn a_cluster_is_known_by_some_of_its_nodes() {
        let Ok(Address::Cluster { seeds, door }) = read("rediss+cluster://:secret@one:5,two/") else {
            unreachable!("a cluster")
        };
        assert_eq!(seeds, [("one".to_owned(), 5), ("two".to_owned(), SERVER_PORT)]);
        let node = door.at("three", 7).unwrap();
        assert!(matches!(node.addr(), ConnectionAddr::TcpTls { .. }));
        assert_eq!(password(&node), (None, Some("secret")));
    }

    #[test]
    fn addresses_that_name_nobody_are_refused() {
        let sentinel = ["", "one", "one/", "one//", "/main", "one,/main", "one:x/main", "one:1:2/main", "[::1/main"];
        let more = ["one/main/x", "one/main/1/2", "one/main?x=y", "one/main?sentinel_user=s", "one/main#insecure"];
        for rest in sentinel.iter().chain(&more) {
            assert_eq!(read(&format!("redis+sentinel://{rest}")).err(), Some(BAD_URL), "{rest}");
        }
        for rest in ["", ",", "one/1", "one?x=y", "one:70000", "one#insecure"] {
            assert_eq!(read(&format!("redis+cluster://{rest}")).err(), Some(BAD_URL), "{rest}");
        }
        assert_eq!(read("unknown+sentinel://one/main").err(), Some(BAD_URL));
    }

    #[test]
    fn an_authority_needs_tls_at_all_servers() {
        let options = |url: &str| {
            let ca_certificate = Some(b"no certificate".to_vec());
            RedisOptions { url: url.to_owned(), ca_certificate, ..RedisOptions::default() }
        };
        for url in
            ["redis+sentinel://one/main", "rediss+sentinel://one/main", "redis+cluster://one", "rediss+cluster://one"]
        {
            assert_eq!(Address::read(&options(url)).err().map(|error| error.option), Some("ca_certificate"), "{url}");
        }
    }
}
