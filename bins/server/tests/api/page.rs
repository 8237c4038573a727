//! The files of the page for people: what browsers may do with them, and for how long they may keep them.

use reqwest::Method;

use crate::larder::{Larder, header, problem};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

/// The paths that the document names.
fn assets(document: &str) -> Vec<&str> {
    document.split('"').filter(|part| part.starts_with("/assets/")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_for_everyone_and_its_assets_are_kept_for_ever() {
    let larder = Larder::start(&[("LARDER__PAGE__AUDIENCE", "admin")]);
    let answer = larder.get("/").send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(header(&answer, "content-security-policy"), POLICY);
    assert_eq!((header(&answer, "cache-control"), header(&answer, "x-content-type-options")), ("no-cache", "nosniff"));
    let document = answer.text().await.expect("text");
    let assets = assets(&document);
    assert_eq!(assets.len(), 11);
    for path in assets {
        let answer = larder.get(path).send().await.expect("an answer");
        let kind = if path.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
        assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (200, kind), "{path}");
        assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
    }
    let favicon = larder.get("/favicon.svg").send().await.expect("an answer");
    assert_eq!((favicon.status().as_u16(), header(&favicon, "content-type")), (200, "image/svg+xml"));
    problem(larder.get("/admin/live").send().await.expect("an answer"), 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_asked_for_again_by_tag_and_come_compressed() {
    let larder = Larder::start(&[]);
    let document = larder.get("/").send().await.expect("an answer").text().await.expect("text");
    for path in ["/", "/favicon.svg", assets(&document)[0]] {
        let whole = larder.get(path).send().await.expect("an answer");
        let (tag, length) = (header(&whole, "etag").to_owned(), whole.content_length());
        let known = larder.get(path).header("if-none-match", &tag).send().await.expect("an answer");
        assert_eq!((known.status().as_u16(), header(&known, "etag")), (304, tag.as_str()), "{path}");
        let head = larder.request(Method::HEAD, path).send().await.expect("an answer");
        assert_eq!((head.status().as_u16(), header(&head, "etag")), (200, tag.as_str()));
        assert_eq!(header(&head, "content-length"), length.expect("a length").to_string(), "{path}");
    }
    let coded = larder.get("/").header("accept-encoding", "br").send().await.expect("an answer");
    assert_eq!((header(&coded, "content-encoding"), header(&coded, "vary")), ("br", "Accept-Encoding"));
    let tag = header(&coded, "etag").to_owned();
    let known = larder.get("/").header("accept-encoding", "br").header("if-none-match", &tag).send().await;
    assert_eq!(known.expect("an answer").status(), 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_of_this_version_is_not_found() {
    let larder = Larder::start(&[]);
    let document = larder.get("/").send().await.expect("an answer").text().await.expect("text");
    let script = assets(&document)[0];
    let (folder, name) = script.rsplit_once('/').expect("a folder");
    for path in [format!("/assets/0000000000000000/{name}"), format!("{folder}/other.js"), format!("{folder}/")] {
        problem(larder.get(&path).send().await.expect("an answer"), 404).await;
    }
    let refused = larder.request(Method::POST, "/").send().await.expect("an answer");
    assert_eq!(header(&refused, "allow"), "GET, HEAD, OPTIONS");
    problem(refused, 405).await;
}
