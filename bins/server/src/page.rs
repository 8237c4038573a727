//! The page for people: files that are compiled in, under names that change with their content.

use actix_web::{
    HttpRequest, HttpResponse,
    body::BoxBody,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use bytes::Bytes;
use larder_domain::EntityTag;

use crate::{
    answer,
    api_error::{ApiError, ApiErrorKind},
    conditional::TagCondition,
};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const CSS: HeaderValue = HeaderValue::from_static("text/css; charset=utf-8");
const SCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");
const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");
/// Names of assets change with their content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
/// Nothing from elsewhere, nothing inline, no text that becomes markup.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);
/// What stands in the document for the folder of the assets.
const VERSION: &str = "{version}";

const INDEX: &str = include_str!("../page/index.html");
const FAVICON: &str = include_str!("../page/favicon.svg");
const ASSETS: [(&str, HeaderValue, &str); 11] = [
    ("access.js", SCRIPT, include_str!("../page/access.js")),
    ("dots.js", SCRIPT, include_str!("../page/dots.js")),
    ("figures.js", SCRIPT, include_str!("../page/figures.js")),
    ("flow.js", SCRIPT, include_str!("../page/flow.js")),
    ("lookup.js", SCRIPT, include_str!("../page/lookup.js")),
    ("page.css", CSS, include_str!("../page/page.css")),
    ("page.js", SCRIPT, include_str!("../page/page.js")),
    ("panels.js", SCRIPT, include_str!("../page/panels.js")),
    ("sparkline.js", SCRIPT, include_str!("../page/sparkline.js")),
    ("stream.js", SCRIPT, include_str!("../page/stream.js")),
    ("troubles.js", SCRIPT, include_str!("../page/troubles.js")),
];

/// The files as they are sent.
#[derive(Debug)]
pub(crate) struct Page {
    index: File,
    favicon: File,
    /// One for all assets, as they name each other.
    version: String,
    assets: Vec<(&'static str, File)>,
}

#[derive(Debug)]
struct File {
    body: Bytes,
    kind: HeaderValue,
    caching: HeaderValue,
    /// With its quotes.
    tag: String,
}

impl Page {
    /// Computes version and tags: once, at the start.
    pub(crate) fn new() -> Self {
        let all: String = ASSETS.iter().map(|(_, _, text)| *text).collect();
        let version = answer::tag_text(EntityTag::of(all.as_bytes())).trim_matches('"').to_owned();
        let asset = |(name, kind, text): &(_, HeaderValue, &'static str)| (*name, File::of(*text, kind, FOR_EVER));
        Self {
            index: File::of(INDEX.replace(VERSION, &version), &HTML, REVALIDATE),
            favicon: File::of(FAVICON, &SVG, A_DAY),
            assets: ASSETS.iter().map(asset).collect(),
            version,
        }
    }

    /// The document.
    ///
    /// # Errors
    /// 400 when `If-None-Match` is malformed.
    pub(crate) fn index(&self, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
        let mut answer = self.index.answer(request)?;
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
        Ok(answer)
    }

    /// The sign of the page in a browser's tab.
    ///
    /// # Errors
    /// 400 when `If-None-Match` is malformed.
    pub(crate) fn favicon(&self, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
        self.favicon.answer(request)
    }

    /// A file that the document names.
    ///
    /// # Errors
    /// 404 when there is none of that name in that version; 400 when `If-None-Match` is malformed.
    pub(crate) fn asset(&self, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
        let part = |name| request.match_info().get(name).unwrap_or_default();
        let is_ours = part("version") == self.version;
        let found = self.assets.iter().find(|(name, _)| is_ours && *name == part("name"));
        let (_, file) = found.ok_or_else(|| ApiError::new(ApiErrorKind::NotFound, "there is nothing at this path"))?;
        file.answer(request)
    }
}

impl File {
    fn of(text: impl Into<Bytes>, kind: &HeaderValue, caching: HeaderValue) -> Self {
        let body = text.into();
        let tag = answer::tag_text(EntityTag::of(&body));
        Self { body, kind: kind.clone(), caching, tag }
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
        let condition = TagCondition::of(request.headers(), &header::IF_NONE_MATCH)?;
        let known = condition.as_ref().and_then(|condition| condition.listed_weakly(&self.tag));
        let mut answer = HttpResponse::new(if known.is_some() { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
        let tag = known.unwrap_or(&self.tag).to_owned();
        if known.is_none() {
            answer = answer.set_body(BoxBody::new(self.body.clone()));
            answer.headers_mut().insert(header::CONTENT_TYPE, self.kind.clone());
        }
        let headers = answer.headers_mut();
        headers.insert(header::ETAG, answer::tag_header(tag));
        headers.insert(header::CACHE_CONTROL, self.caching.clone());
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_names_every_asset_in_this_version_and_nothing_from_elsewhere() {
        let page = Page::new();
        let index = String::from_utf8(page.index.body.to_vec()).expect("text");
        for (name, _) in &page.assets {
            assert!(index.contains(&format!("\"/assets/{}/{name}\"", page.version)), "{name}");
        }
        assert_eq!(index.matches("/assets/").count(), page.assets.len());
        assert!(!index.contains(VERSION) && !index.contains("//"), "{index}");
        assert!(!index.contains(" style=") && !index.contains(" onclick="), "inline styles and scripts are refused");
    }

    #[test]
    fn scripts_import_assets_only() {
        for (name, _, text) in ASSETS {
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                let from = line.rsplit('"').nth(1).and_then(|path| path.strip_prefix("./"));
                assert!(ASSETS.iter().any(|(asset, ..)| Some(*asset) == from), "{name}: {line}");
            }
        }
    }
}
