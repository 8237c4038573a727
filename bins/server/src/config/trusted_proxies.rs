//! Which peers are believed when they say for whom they ask.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use super::text_list;

/// Addresses and networks of proxies of one's own. In a file a list of texts, in the environment one text with commas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `address` is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether all addresses there are count as proxies.
    pub(crate) fn contain_everybody(&self) -> bool {
        self.0.iter().any(|network| network.prefix_len() == 0)
    }
}

impl<'de> Deserialize<'de> for TrustedProxies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = text_list::deserialize(deserializer)?;
        let networks = texts.iter().map(|text| network(text));
        networks.collect::<Result<_, _>>().map(Self).map_err(D::Error::custom)
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let single = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    single
        .or_else(|_| text.parse())
        .map_err(|_malformed| format!("{text} is no address and no network such as 10.0.0.0/8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Section {
        proxies: TrustedProxies,
    }

    fn parsed(text: &str) -> Result<TrustedProxies, toml::de::Error> {
        toml::from_str::<Section>(&format!("proxies = {text}")).map(|section| section.proxies)
    }

    #[test]
    fn a_list_and_a_text_with_commas_say_the_same() {
        let list = parsed(r#"["10.0.0.0/8", "::1"]"#).expect("valid");
        assert_eq!(parsed(r#""10.0.0.0/8, ::1,""#).expect("valid"), list);
        for (address, trusted) in [("10.1.2.3", true), ("11.1.2.3", false), ("::1", true), ("::2", false)] {
            assert_eq!(list.contains(address.parse().expect("an address")), trusted, "{address}");
        }
        assert!(parsed("[]").expect("valid").is_empty() && parsed("\"\"").expect("valid").is_empty());
    }

    #[test]
    fn what_is_no_network_is_named() {
        for text in [r#"["proxy.example"]"#, r#""10.0.0.0/40""#, r#"["10.0.0"]"#, r#"[""]"#] {
            assert!(parsed(text).expect_err(text).to_string().contains("is no address and no network"), "{text}");
        }
    }
}
