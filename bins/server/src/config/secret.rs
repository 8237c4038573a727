//! Values that are never shown: tokens, and addresses that may carry a password.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

const HIDDEN: &str = "***";

/// A secret text. `Debug` and serialization show `***` instead of it, or nothing if it is empty.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: never for a log, an answer or an error message.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn shown(&self) -> &'static str {
        if self.0.is_empty() { "" } else { HIDDEN }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.shown(), f)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

/// An address with a scheme, whose password is never shown.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// Keeps the password of `url` from being shown.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The address with its password: never for a log, an answer or an error message.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no address.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands before `://`, if anything does.
    pub fn scheme(&self) -> Option<&str> {
        self.0.split_once("://").map(|(scheme, _)| scheme)
    }

    /// The address with its password, and passwords among its parameters, replaced.
    ///
    /// Everything up to the last `@` counts as user and password, so that a password with unescaped `/` or `@` stays hidden too. If a `?` stands
    /// before it, nobody can tell which of both the password has, and nothing is shown.
    pub fn redacted(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return if self.0.is_empty() { String::new() } else { HIDDEN.into() };
        };
        if rest.split_once('?').is_some_and(|(_, parameters)| parameters.contains('@')) {
            return format!("{scheme}://{HIDDEN}");
        }
        let (user_info, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        let user = user_info.map_or(String::new(), |user_info| match user_info.split_once(':') {
            Some((user, _)) => format!("{user}:{HIDDEN}@"),
            None => format!("{user_info}@"),
        });
        let shown = match rest.split_once('?') {
            Some((host, parameters)) => format!("{host}?{}", redact_parameters(parameters)),
            None => rest.to_owned(),
        };
        format!("{scheme}://{user}{shown}")
    }
}

fn redact_parameters(parameters: &str) -> String {
    let redacted = parameters.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().contains("password") => format!("{name}={HIDDEN}"),
        _ => parameter.to_owned(),
    });
    redacted.collect::<Vec<_>>().join("&")
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.redacted(), f)
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_wherever_they_stand() {
        for (url, shown) in [
            ("", ""),
            ("sqlite://data/larder.db", "sqlite://data/larder.db"),
            ("postgres://ann:pass@db:5432/shop", "postgres://ann:***@db:5432/shop"),
            ("postgres://ann@db/shop", "postgres://ann@db/shop"),
            ("postgres://ann:p@s/s@a:1,b:2/shop", "postgres://ann:***@a:1,b:2/shop"),
            ("redis://:pass@cache:6379/0", "redis://:***@cache:6379/0"),
            ("postgres://db/shop?user=ann&password=pass", "postgres://db/shop?user=ann&password=***"),
            ("redis+sentinel://a:1,b:2/main?sentinel_password=p@ss", "redis+sentinel://***"),
            ("postgres://ann:p?s@db/shop", "postgres://***"),
            ("host=db password=pass", "***"),
        ] {
            assert_eq!(SecretUrl::new(url).redacted(), shown);
            assert!(!format!("{:?}", SecretUrl::new(url)).contains("pass@"));
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(format!("{:?}", Secret::new("larder_1234")), "\"***\"");
        assert_eq!(format!("{:?}", Secret::default()), "\"\"");
    }
}
