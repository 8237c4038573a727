//! What a ceiling answers: the body, and the headers that its surroundings do not set anyway.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use reqwest::{Client, RequestBuilder};
use serde::{Deserialize, Serialize};

/// Products of the batch.
const BATCH: u32 = 100;

/// How many products are looked at for one of middling size.
const LOOKED_AT: u32 = 101;

/// Headers that belong to one answer, or to the connection.
const OF_ONE_ANSWER: [&str; 4] = ["content-length", "date", "connection", "transfer-encoding"];

/// One constant answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// The answers to each kind of question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answers {
    pub(crate) product: Answer,
    pub(crate) page: Answer,
    pub(crate) batch: Answer,
}

impl Answers {
    /// Asks a server each question twice, so that a cache has the answer: a product of middling size, the first page, a batch.
    ///
    /// # Errors
    /// When it does not answer with 200.
    pub(crate) async fn of(server: SocketAddr) -> Result<Self> {
        let client = Client::builder().no_proxy().build().context("a client")?;
        let products = format!("http://{server}/api/v1/products");
        let mut sized = Vec::new();
        for id in 1..=LOOKED_AT {
            sized.push(ask(client.get(format!("{products}/{id}"))).await?);
        }
        sized.sort_by_key(|answer| answer.body.len());
        let middling = sized.swap_remove(sized.len() / 2);
        let ids: Vec<u32> = (1..=BATCH).collect();
        let page = || client.get(format!("{products}?page=1&size=20"));
        let batch = || client.post(format!("{products}/batch")).json(&ids);
        ask(page()).await?;
        ask(batch()).await?;
        let product = ask(client.get(format!("{products}/{}", middling.id()?))).await?;
        Ok(Self { product, page: ask(page()).await?, batch: ask(batch()).await? })
    }

    /// The same with the type of the content as the only header.
    pub(crate) fn plain(&self) -> Self {
        self.with_headers(|answer, _| answer.keeping(|name| name == "content-type"), self)
    }

    /// The same without the headers that `surroundings` send by themselves.
    pub(crate) fn beyond(&self, surroundings: &Self) -> Self {
        let missing = |answer: &Answer, around: &Answer| {
            answer.keeping(|name| name == "content-type" || around.headers.iter().all(|(other, _)| other != name))
        };
        self.with_headers(missing, surroundings)
    }

    /// # Errors
    /// When `self` and `other` differ in a body, or in which headers they have.
    pub(crate) fn ensure_like(&self, other: &Self) -> Result<()> {
        let pairs = [(&self.product, &other.product), (&self.page, &other.page), (&self.batch, &other.batch)];
        for (here, there) in pairs {
            ensure!(here.body == there.body, "the ceiling answers other bytes than larder");
            let (here, there) = (here.names(), there.names());
            ensure!(here == there, "the ceiling has the headers {here:?}, larder {there:?}");
        }
        Ok(())
    }

    fn with_headers(&self, headers: impl Fn(&Answer, &Answer) -> Answer, other: &Self) -> Self {
        Self {
            product: headers(&self.product, &other.product),
            page: headers(&self.page, &other.page),
            batch: headers(&self.batch, &other.batch),
        }
    }
}

impl Answer {
    fn keeping(&self, keeps: impl Fn(&str) -> bool) -> Self {
        let headers = self.headers.iter().filter(|(name, _)| keeps(name)).cloned().collect();
        Self { headers, body: self.body.clone() }
    }

    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    fn id(&self) -> Result<u64> {
        let product: serde_json::Value = serde_json::from_str(&self.body).context("read a product")?;
        product["id"].as_u64().context("a product without an id")
    }
}

async fn ask(request: RequestBuilder) -> Result<Answer> {
    let answer = request.send().await.context("ask larder")?;
    ensure!(answer.status() == 200, "larder answers {}", answer.status());
    let mut headers = Vec::new();
    for (name, value) in answer.headers() {
        if !OF_ONE_ANSWER.contains(&name.as_str()) {
            headers.push((name.to_string(), value.to_str().context("a header that is no text")?.to_owned()));
        }
    }
    Ok(Answer { headers, body: answer.text().await.context("read an answer")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(names: &[&str]) -> Answers {
        let headers = names.iter().map(|name| ((*name).to_owned(), "1".to_owned())).collect();
        let answer = Answer { headers, body: "{}".to_owned() };
        Answers { product: answer.clone(), page: answer.clone(), batch: answer }
    }

    #[test]
    fn only_what_the_surroundings_lack_is_added() {
        let larder = answers(&["content-type", "etag", "x-request-id"]);
        let middleware = answers(&["content-type", "x-request-id"]);
        assert_eq!(larder.beyond(&middleware), answers(&["content-type", "etag"]));
        assert_eq!(larder.plain(), answers(&["content-type"]));
    }

    #[test]
    fn a_ceiling_with_other_headers_is_refused() {
        let larder = answers(&["content-type", "etag"]);
        larder.ensure_like(&answers(&["etag", "content-type"])).unwrap();
        assert!(larder.ensure_like(&answers(&["content-type"])).is_err());
    }
}
