//! Who may import whom: the table of ARCHITECTURE.md, and the names that only a few may use.

use super::metadata::{Metadata, Package};

/// What one package may import of ours.
#[derive(Clone, Copy, Debug)]
struct Row {
    package: &'static str,
    /// In its code.
    ours: Ours,
    /// In its tests besides; everybody's tests may use `larder-test-support`.
    in_tests: Ours,
}

/// A choice of our own packages.
#[derive(Clone, Copy, Debug)]
enum Ours {
    All,
    Only(&'static [&'static str]),
}

const fn row(package: &'static str, ours: Ours, in_tests: Ours) -> Row {
    Row { package, ours, in_tests }
}

const NONE: Ours = Ours::Only(&[]);
const CONTRACT: Ours = Ours::Only(&["larder-repository", "larder-domain"]);

const TEST_SUPPORT: &str = "larder-test-support";

const ROWS: [Row; 14] = [
    row("larder-domain", NONE, NONE),
    row("larder-repository", Ours::Only(&["larder-domain"]), NONE),
    row("larder-repository-postgres", CONTRACT, Ours::Only(&["larder-demo-data"])),
    row("larder-repository-sqlite", CONTRACT, Ours::Only(&["larder-demo-data"])),
    row("larder-cache", NONE, NONE),
    row(
        "larder-repository-cached",
        Ours::Only(&["larder-repository", "larder-domain", "larder-cache"]),
        Ours::Only(&["larder-repository-postgres", "larder-repository-sqlite", "larder-demo-data"]),
    ),
    row(
        "larder-views",
        Ours::Only(&["larder-repository", "larder-domain", "larder-cache"]),
        Ours::Only(&["larder-repository-postgres", "larder-repository-sqlite", "larder-demo-data"]),
    ),
    row("larder-demo-data", CONTRACT, NONE),
    row("larder-test-support", NONE, NONE),
    row("larder-server", Ours::All, Ours::All),
    row("larder-soak", Ours::Only(&[TEST_SUPPORT]), NONE),
    row("larder-benches", Ours::All, Ours::All),
    row("larder-bench-http", Ours::Only(&["larder-server", TEST_SUPPORT]), NONE),
    row("xtask", Ours::Only(&[TEST_SUPPORT]), NONE),
];

/// A third party's package that only some of ours may name, so that what it stands for stays behind one door.
#[derive(Clone, Copy, Debug)]
struct Door {
    third_party: &'static str,
    keepers: &'static [&'static str],
    /// Whose tests may name it, besides the keepers'.
    in_tests: &'static [&'static str],
}

const DATABASE_TESTS: &[&str] = &["larder-repository-cached", "larder-server", "larder-test-support"];
const REDIS_TESTS: &[&str] = &["larder-repository-cached", "larder-server", "larder-test-support", "larder-views"];

const DOORS: [Door; 8] = [
    Door {
        third_party: "tokio-postgres",
        keepers: &[
            "larder-repository-postgres",
            "larder-test-support",
            "larder-soak",
            "larder-benches",
            "larder-bench-http",
        ],
        in_tests: DATABASE_TESTS,
    },
    Door { third_party: "deadpool-postgres", keepers: &["larder-repository-postgres"], in_tests: &[] },
    Door { third_party: "rusqlite", keepers: &["larder-repository-sqlite"], in_tests: DATABASE_TESTS },
    Door { third_party: "moka", keepers: &["larder-cache", "larder-benches"], in_tests: &[] },
    Door {
        third_party: "redis",
        keepers: &["larder-cache", "larder-test-support", "larder-benches"],
        in_tests: REDIS_TESTS,
    },
    Door { third_party: "deadpool-redis", keepers: &["larder-cache", "larder-benches"], in_tests: &[] },
    Door {
        third_party: "actix-web",
        keepers: &["larder-server", "larder-benches", "larder-bench-http"],
        in_tests: &["larder-cache"],
    },
    Door { third_party: "config", keepers: &["larder-server"], in_tests: &[] },
];

/// The sentences for every row that is broken.
pub(super) fn check(metadata: &Metadata) -> Vec<String> {
    let mut broken = Vec::new();
    let ours: Vec<&str> = metadata.ours().map(|package| package.name.as_str()).collect();
    for package in metadata.ours() {
        match ROWS.iter().find(|row| row.package == package.name) {
            Some(row) => broken.extend(imports(package, row, &ours)),
            None => broken.push(format!("{} has no row in the table of imports", package.name)),
        }
        broken.extend(doors(package));
    }
    broken
}

fn imports(package: &Package, row: &Row, ours: &[&str]) -> Vec<String> {
    let is_allowed = |name: &str, in_tests: bool| {
        row.ours.contains(name)
            || in_tests && (name == TEST_SUPPORT || name == package.name || row.in_tests.contains(name))
    };
    package
        .dependencies
        .iter()
        .filter(|dependency| ours.contains(&dependency.name.as_str()))
        .filter(|dependency| !is_allowed(&dependency.name, dependency.is_for_tests()))
        .map(|dependency| {
            let place = if dependency.is_for_tests() { "in its tests" } else { "in its code" };
            format!("row {}: may not import {} {place}", row.package, dependency.name)
        })
        .collect()
}

fn doors(package: &Package) -> Vec<String> {
    let mut broken = Vec::new();
    for dependency in &package.dependencies {
        let Some(door) = DOORS.iter().find(|door| door.third_party == dependency.name) else { continue };
        let name = package.name.as_str();
        let in_tests = dependency.is_for_tests() && door.in_tests.contains(&name);
        if !door.keepers.contains(&name) && !in_tests {
            broken.push(format!("row {name}: may not name {}; {} may", door.third_party, door.keepers.join(", ")));
        }
    }
    broken
}

impl Ours {
    fn contains(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(&name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(packages: &[(&str, &str)]) -> Metadata {
        let packages: Vec<String> = packages
            .iter()
            .map(|(name, dependencies)| {
                format!(
                    r#"{{"name":"{name}","version":"0.1.0","license":null,"manifest_path":"","source":null,
                        "dependencies":[{dependencies}]}}"#
                )
            })
            .collect();
        serde_json::from_str(&format!(r#"{{"packages":[{}]}}"#, packages.join(","))).unwrap()
    }

    #[test]
    fn an_import_that_the_table_lacks_names_its_row() {
        let upward = r#"{"name":"larder-repository","kind":null}"#;
        let broken = check(&workspace(&[("larder-domain", upward), ("larder-repository", "")]));
        assert_eq!(broken, ["row larder-domain: may not import larder-repository in its code"]);
    }

    #[test]
    fn tests_may_import_more_than_code() {
        let dependency = r#"{"name":"larder-test-support","kind":"dev"}"#;
        assert!(check(&workspace(&[("larder-cache", dependency), ("larder-test-support", "")])).is_empty());
        let dependency = r#"{"name":"larder-test-support","kind":null}"#;
        assert_eq!(check(&workspace(&[("larder-cache", dependency), ("larder-test-support", "")])).len(), 1);
    }

    #[test]
    fn a_third_party_stays_behind_its_door() {
        let broken = check(&workspace(&[("larder-server", r#"{"name":"moka","kind":null}"#)]));
        assert_eq!(broken, ["row larder-server: may not name moka; larder-cache, larder-benches may"]);
    }

    #[test]
    fn a_new_package_needs_a_row() {
        assert_eq!(check(&workspace(&[("larder-news", "")])), ["larder-news has no row in the table of imports"]);
    }
}
