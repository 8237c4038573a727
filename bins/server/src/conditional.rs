//! Conditional requests (RFC 9110 §13): `If-None-Match` and `If-Match`.

use actix_web::http::header::{HeaderMap, HeaderName};

use crate::api_error::ApiError;

/// The entity tags that a conditional header lists.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TagCondition<'a> {
    /// `*`: any representation.
    Any,
    /// The tags listed, each with its quotes; at least one.
    Tags(Vec<Tag<'a>>),
}

/// One entity tag of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    weak: bool,
    /// With its quotes.
    opaque: &'a str,
}

impl<'a> TagCondition<'a> {
    /// Reads all headers `name`; `None` if there is none.
    ///
    /// # Errors
    /// 400 when a header is no list of entity tags, or mixes `*` with tags.
    pub(crate) fn of(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<Self>, ApiError> {
        let malformed = || ApiError::malformed(name.as_str(), "must be * or a list of entity tags in quotes");
        let mut tags = Vec::new();
        let (mut any, mut given) = (false, false);
        for value in headers.get_all(name) {
            given = true;
            let text = value.to_str().map_err(|_not_text| malformed())?.trim();
            if text == "*" {
                any = true;
            } else {
                parse_tags(text, &mut tags).ok_or_else(malformed)?;
            }
        }
        match (given, any, tags.is_empty()) {
            (false, ..) => Ok(None),
            (true, true, true) => Ok(Some(Self::Any)),
            (true, false, false) => Ok(Some(Self::Tags(tags))),
            _ => Err(malformed()),
        }
    }

    /// Whether a strong tag is listed, by weak comparison: as `If-None-Match` wants it.
    pub(crate) fn lists_weakly(&self, strong: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag.opaque == strong),
        }
    }

    /// Whether a strong tag is listed, by strong comparison: as `If-Match` wants it.
    pub(crate) fn lists_strongly(&self, strong: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| !tag.weak && tag.opaque == strong),
        }
    }
}

/// `#entity-tag`: separated by commas, empty elements allowed.
fn parse_tags<'a>(mut text: &'a str, tags: &mut Vec<Tag<'a>>) -> Option<()> {
    loop {
        text = text.trim_start_matches([' ', '\t', ',']);
        if text.is_empty() {
            return Some(());
        }
        let (weak, quoted) = text.strip_prefix("W/").map_or((false, text), |rest| (true, rest));
        let inside = quoted.strip_prefix('"')?;
        let end = inside.find('"')?;
        inside[..end].bytes().all(|byte| byte > b' ' && byte != 0x7f).then_some(())?;
        tags.push(Tag { weak, opaque: &quoted[..end + 2] });
        text = inside[end + 1..].trim_start_matches([' ', '\t']);
        (text.is_empty() || text.starts_with(',')).then_some(())?;
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderValue, IF_NONE_MATCH};

    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_NONE_MATCH, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn tags_are_compared_weakly_or_strongly() {
        for (values, weakly, strongly) in [
            (&["\"a\""][..], true, true),
            (&["W/\"a\""], true, false),
            (&["\"b\", W/\"a\""], true, false),
            (&["\"b\"", "\"a\""], true, true),
            (&[", \"b\" ,, \"a\","], true, true),
            (&["\"b\""], false, false),
            (&["\"A\""], false, false),
            (&["*"], true, true),
            (&["\"x,y\", \"a\""], true, true),
        ] {
            let headers = headers(values);
            let condition = TagCondition::of(&headers, &IF_NONE_MATCH).expect("well-formed").expect("is there");
            let found = (condition.lists_weakly("\"a\""), condition.lists_strongly("\"a\""));
            assert_eq!(found, (weakly, strongly), "{values:?}");
        }
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for values in [&["a"][..], &["\"a"], &["w/\"a\""], &["\"a\" \"b\""], &["*, \"a\""], &["*", "\"a\""], &[""]] {
            let headers = headers(values);
            assert!(TagCondition::of(&headers, &IF_NONE_MATCH).is_err(), "{values:?}");
        }
        assert!(TagCondition::of(&HeaderMap::new(), &IF_NONE_MATCH).expect("well-formed").is_none());
    }
}
