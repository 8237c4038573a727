//! Conditional requests (RFC 9110 §13): `If-None-Match` and `If-Match`.

use actix_web::http::header::{HeaderMap, HeaderName};

use crate::{api_error::ApiError, compression::Coding};

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

    /// Whether the content of a strong tag is listed in any coding, by weak comparison: as `If-None-Match` wants it. Gives the tag as
    /// the client has it.
    pub(crate) fn listed_weakly<'b>(&'b self, strong: &'b str) -> Option<&'b str> {
        match self {
            Self::Any => Some(strong),
            Self::Tags(tags) => tags.iter().find(|tag| tag.names(strong)).map(|tag| tag.opaque),
        }
    }

    /// How the product with this tag is listed in any coding, by strong comparison: as `If-Match` wants it.
    pub(crate) fn likeness_strongly(&self, product: &str) -> Likeness {
        self.likeness(product, |tag| !tag.weak)
    }

    /// The same by weak comparison: as `If-None-Match` wants it.
    pub(crate) fn likeness_weakly(&self, product: &str) -> Likeness {
        self.likeness(product, |_any| true)
    }

    fn likeness(&self, product: &str, counts: impl Fn(&Tag<'_>) -> bool) -> Likeness {
        match self {
            Self::Any => Likeness::Same,
            Self::Tags(tags) => {
                let counted = tags.iter().filter(|tag| counts(tag));
                counted.map(|tag| tag.likeness(product)).max().unwrap_or(Likeness::Other)
            }
        }
    }
}

/// How a state that a client knows agrees with the one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    /// Somebody edited it, or it is of another product.
    Other,
    /// Views were counted, but nobody edited it.
    Unedited,
    /// It is the same, byte for byte.
    Same,
}

impl Tag<'_> {
    /// Whether it is this tag of a plain body, or that of the same body in a coding: `"…-br"` beside `"…"`.
    fn names(&self, plain: &str) -> bool {
        self.opaque == plain || self.uncoded().is_some_and(|tag| plain.strip_suffix('"') == Some(tag))
    }

    fn likeness(&self, product: &str) -> Likeness {
        if self.names(product) {
            return Likeness::Same;
        }
        let known = self.uncoded().or_else(|| self.opaque.strip_suffix('"')).and_then(edited_half);
        let there = product.strip_suffix('"').and_then(edited_half);
        if there.is_some() && known == there { Likeness::Unedited } else { Likeness::Other }
    }

    /// The tag without its coding and its last quote, if it is that of a coded body.
    fn uncoded(&self) -> Option<&str> {
        let (tag, coding) = self.opaque.strip_suffix('"')?.rsplit_once('-')?;
        Coding::named(coding).map(|_known| tag)
    }
}

/// The half that tells edits, of the tag of a product without its last quote.
fn edited_half(opened: &str) -> Option<&str> {
    let (whole, edited) = opened.strip_prefix('"')?.split_at_checked(16)?;
    (edited.len() == whole.len()).then_some(edited)
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
            (&["\"a-br\""], true, true),
            (&["W/\"a-gzip\""], true, false),
            (&["\"a-lzma\""], false, false),
            (&["\"a-\""], false, false),
            (&["\"b-br\""], false, false),
        ] {
            let headers = headers(values);
            let condition = TagCondition::of(&headers, &IF_NONE_MATCH).expect("well-formed").expect("is there");
            let found = (condition.listed_weakly("\"a\"").is_some(), condition.likeness_strongly("\"a\""));
            assert_eq!(found, (weakly, if strongly { Likeness::Same } else { Likeness::Other }), "{values:?}");
        }
    }

    #[test]
    fn a_product_that_only_views_moved_is_unedited() {
        use Likeness::{Other, Same, Unedited};
        let product = "\"0123456789abcdeffedcba9876543210\"";
        for (value, strongly, weakly) in [
            ("\"0123456789abcdeffedcba9876543210\"", Same, Same),
            ("\"0123456789abcdeffedcba9876543210-br\"", Same, Same),
            ("W/\"0123456789abcdeffedcba9876543210\"", Other, Same),
            ("\"00000000000000000fedcba987654321\"", Other, Other),
            ("\"0000000000000000fedcba9876543210\"", Unedited, Unedited),
            ("\"0000000000000000fedcba9876543210-zstd\"", Unedited, Unedited),
            ("W/\"0000000000000000fedcba9876543210\"", Other, Unedited),
            ("\"b\", \"0000000000000000fedcba9876543210\"", Unedited, Unedited),
            ("\"0000000000000000fedcba9876543210\", \"0123456789abcdeffedcba9876543210\"", Same, Same),
            ("\"0000000000000000fedcba9876543210-lzma\"", Other, Other),
            ("\"00000000fedcba9876543210\"", Other, Other),
            ("\"fedcba9876543210\"", Other, Other),
            ("\"0123456789abcdef\"", Other, Other),
            ("\"0123456789abcdef0000000000000000\"", Other, Other),
            ("*", Same, Same),
        ] {
            let headers = headers(&[value]);
            let condition = TagCondition::of(&headers, &IF_NONE_MATCH).expect("well-formed").expect("is there");
            let found = (condition.likeness_strongly(product), condition.likeness_weakly(product));
            assert_eq!(found, (strongly, weakly), "{value}");
            assert_eq!(condition.listed_weakly(product).is_some(), weakly == Same, "{value}");
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
