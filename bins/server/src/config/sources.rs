//! Where values come from: a file and the environment, looked at one by one so that a fault names its origin.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ffi::OsString,
    path::Path,
};

use config::{Environment, File, FileFormat, Map, Source, Value, ValueKind};
use serde::de::{
    DeserializeOwned, IntoDeserializer,
    value::{Error as ValueError, StrDeserializer},
};

use super::{CacheLevels, Config, ConfigFault, ForwardedHeader, LimitScope, LogFormat, PageAudience};

const PREFIX: &str = "LARDER__";

/// The values that were given, and by whom.
#[derive(Debug)]
pub(super) struct Sources {
    merged: config::Config,
    /// Dotted key to the file or variable that gave it; the environment overwrites the file.
    origins: BTreeMap<String, String>,
}

impl Sources {
    /// Reads the file and the environment, and refuses keys that do not exist.
    pub(super) fn gather(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigFault> {
        let known = known_keys();
        let mut origins = BTreeMap::new();
        let mut builder = config::Config::builder();
        if let Some(path) = file {
            let source = File::from(path).format(FileFormat::Toml);
            for key in flat_keys(&read_file(&source, path)?) {
                require_known(&key, &known).map_err(|fault| fault.given_by(path.display().to_string()))?;
                origins.insert(key, path.display().to_string());
            }
            builder = builder.add_source(source);
        }
        let variables = larder_variables(environment)?;
        for name in variables.keys() {
            let key = name[PREFIX.len()..].to_lowercase().replace("__", ".");
            require_known(&key, &known).map_err(|fault| fault.given_by(name))?;
            origins.insert(key, name.clone());
        }
        let environment = Environment::with_prefix("LARDER").prefix_separator("__").separator("__");
        builder = builder.add_source(environment.source(Some(variables)));
        let merged = builder.build().map_err(|cause| ConfigFault::new("", cause.to_string()))?;
        Ok(Self { merged, origins })
    }

    /// The values over the defaults.
    pub(super) fn parse(&self) -> Result<Config, ConfigFault> {
        serde_path_to_error::deserialize(self.merged.clone()).map_err(|error| {
            let key = error.path().to_string();
            self.locate(ConfigFault::new(&key, explain(&key, error.into_inner())))
        })
    }

    /// Adds to a fault where its key came from.
    pub(super) fn locate(&self, fault: ConfigFault) -> ConfigFault {
        match self.origins.get(fault.key()) {
            Some(origin) => fault.given_by(origin),
            None => fault,
        }
    }
}

fn read_file(
    source: &File<config::FileSourceFile, FileFormat>,
    path: &Path,
) -> Result<Map<String, Value>, ConfigFault> {
    std::fs::metadata(path)
        .map_err(|cause| ConfigFault::new("", format!("cannot read the file {}: {cause}", path.display())))?;
    source.collect().map_err(|cause| ConfigFault::new("", format!("cannot read the file: {cause}")))
}

/// The variables that are ours; a value that is no text is a fault.
fn larder_variables(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<HashMap<String, String>, ConfigFault> {
    let ours = environment.into_iter().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| name.starts_with(PREFIX))?;
        Some((name, value))
    });
    ours.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(ConfigFault::new("", "the value is not UTF-8").given_by(name)),
    })
    .collect()
}

/// Every key there is, as the defaults spell them.
fn known_keys() -> BTreeSet<String> {
    let defaults = toml::Table::try_from(Config::default()).unwrap_or_default();
    let keys = defaults.into_iter().flat_map(|(section, values)| {
        let keys: Vec<_> = values.as_table().into_iter().flat_map(toml::Table::keys).cloned().collect();
        keys.into_iter().map(move |key| format!("{section}.{key}"))
    });
    keys.collect()
}

fn flat_keys(values: &Map<String, Value>) -> Vec<String> {
    let keys = values.iter().flat_map(|(name, value)| match &value.kind {
        ValueKind::Table(table) if table.is_empty() => Vec::new(),
        ValueKind::Table(table) => flat_keys(table).into_iter().map(|key| format!("{name}.{key}")).collect(),
        _ => vec![name.clone()],
    });
    keys.collect()
}

fn require_known(key: &str, known: &BTreeSet<String>) -> Result<(), ConfigFault> {
    if known.contains(key) {
        return Ok(());
    }
    let section = key.split('.').next().unwrap_or(key);
    let siblings: Vec<_> = known.iter().filter(|known| known.split('.').next() == Some(section)).cloned().collect();
    let hint = if siblings.is_empty() {
        let sections: BTreeSet<_> = known.iter().filter_map(|key| key.split('.').next()).collect();
        format!("the sections are {}", sections.into_iter().collect::<Vec<_>>().join(", "))
    } else {
        format!("there are {}", siblings.join(", "))
    };
    Err(ConfigFault::new(key, format!("is not a known key: {hint}")))
}

/// The reason without the value, if that may be secret.
fn explain(key: &str, cause: config::ConfigError) -> String {
    let secret = key.ends_with("_token") || key.ends_with(".url");
    if let Some(choices) = choices(key) {
        return format!("must be {choices}");
    }
    match cause {
        config::ConfigError::Type { expected, .. } if secret => format!("must be {expected}"),
        config::ConfigError::Type { unexpected, expected, .. } => format!("must be {expected}, not {unexpected}"),
        _ if secret => "has an impossible value".into(),
        other => format!("has an impossible value: {}", root_message(other)),
    }
}

/// The values of a key that has few; config itself tells only which of our types it tried.
fn choices(key: &str) -> Option<String> {
    match key {
        "cache.levels" => names_of::<CacheLevels>(),
        "log.format" => names_of::<LogFormat>(),
        "page.audience" => names_of::<PageAudience>(),
        "rate_limit.scope" => names_of::<LimitScope>(),
        "server.forwarded_header" => names_of::<ForwardedHeader>(),
        _ => None,
    }
}

/// The names of the variants of `T`, as serde lists them to who gives none of them.
fn names_of<T: DeserializeOwned>() -> Option<String> {
    let nothing: StrDeserializer<'_, ValueError> = "".into_deserializer();
    let refused = T::deserialize(nothing).err()?.to_string();
    refused.split_once("expected ").map(|(_, names)| names.to_owned())
}

fn root_message(cause: config::ConfigError) -> String {
    match cause {
        config::ConfigError::At { error, .. } => root_message(*error),
        other => other.to_string(),
    }
}
