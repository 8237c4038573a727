//! Parameters of a query string, read strictly: no unknown name, none twice, UTF-8 only.

use std::str::FromStr;

use percent_encoding::percent_decode_str;

use crate::api_error::ApiError;

/// The parameters of one request, decoded, in the order of the names that it may have.
#[derive(Debug)]
pub(crate) struct Parameters<const N: usize> {
    names: [&'static str; N],
    values: [Option<String>; N],
}

impl<const N: usize> Parameters<N> {
    /// Reads `query`, which may have each of `names` at most once.
    ///
    /// # Errors
    /// 400 naming the parameter that is unknown, given twice or not UTF-8.
    pub(crate) fn parse(query: &str, names: [&'static str; N]) -> Result<Self, ApiError> {
        let mut values = [const { None }; N];
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| ApiError::malformed("query", "names must be UTF-8"))?;
            let Some(position) = names.iter().position(|known| *known == name) else {
                return Err(ApiError::malformed(name, unknown(&names)));
            };
            let value = decode(value).ok_or_else(|| ApiError::malformed(names[position], "must be UTF-8"))?;
            if values[position].replace(value).is_some() {
                return Err(ApiError::malformed(names[position], "must be given once"));
            }
        }
        Ok(Self { names, values })
    }

    /// Takes the text of `name` out.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let position = self.names.iter().position(|known| *known == name)?;
        self.values[position].take()
    }

    /// Takes `name` out, parsed; `rule` says what it has to be.
    ///
    /// # Errors
    /// 400 naming the parameter when it cannot be parsed.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &str, rule: &str) -> Result<Option<T>, ApiError> {
        let text = self.text(name);
        text.map(|text| text.parse().map_err(|_unparsed| ApiError::malformed(name, rule))).transpose()
    }
}

fn unknown(names: &[&str]) -> String {
    if names.is_empty() {
        "is no parameter: there are none here".into()
    } else {
        format!("is no parameter: there are {}", names.join(", "))
    }
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field_of(query: &str) -> String {
        let error = Parameters::parse(query, ["page", "category"]).expect_err(query);
        error.fields[0].field.clone()
    }

    #[test]
    fn values_are_decoded() {
        let mut parameters = Parameters::parse("category=%E8%8C%B6+x%26&&page=2", ["page", "category"]).expect("valid");
        assert_eq!(parameters.text("category").as_deref(), Some("茶 x&"));
        assert_eq!(parameters.parsed::<u32>("page", "").expect("a number"), Some(2));
        assert_eq!(parameters.text("page"), None);
    }

    #[test]
    fn what_is_unknown_or_twice_or_no_utf8_is_named() {
        assert_eq!(field_of("sort=price"), "sort");
        assert_eq!(field_of("page=1&page=1"), "page");
        assert_eq!(field_of("category=%ff"), "category");
        assert_eq!(field_of("%ff=1"), "query");
    }
}
