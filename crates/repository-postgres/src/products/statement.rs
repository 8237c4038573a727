//! Puts statements together from fixed parts; whatever comes from outside is a parameter.

use deadpool_postgres::Client;
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

use crate::failure::Failure;

/// A statement with its parameters.
#[derive(Debug)]
pub(super) struct Statement {
    text: String,
    parameters: Vec<(Box<dyn ToSql + Sync + Send>, Type)>,
}

impl Statement {
    /// Begins with a text that has places to fill, such as `{order}`.
    pub(super) fn new(template: &str) -> Self {
        Self { text: template.to_owned(), parameters: Vec::new() }
    }

    /// Adds a parameter; answers how the text names it.
    pub(super) fn bind(&mut self, value: impl ToSql + Sync + Send + 'static, kind: Type) -> String {
        self.parameters.push((Box::new(value), kind));
        format!("${}", self.parameters.len())
    }

    /// Fills a place with text of this program.
    pub(super) fn fill(&mut self, place: &str, part: &str) {
        self.text = self.text.replace(place, part);
    }

    /// Fills a place with a parameter.
    pub(super) fn fill_with(&mut self, place: &str, value: impl ToSql + Sync + Send + 'static, kind: Type) {
        let name = self.bind(value, kind);
        self.fill(place, &name);
    }

    /// Runs it; the connection keeps it prepared. For statements of which there are few.
    pub(super) async fn run_prepared(&self, client: &Client) -> Result<Vec<Row>, Failure> {
        let prepared = client.prepare_cached(&self.text).await?;
        let values: Vec<_> = self.parameters.iter().map(|(value, _)| &**value as &(dyn ToSql + Sync)).collect();
        Ok(client.query(&prepared, &values).await?)
    }

    /// Runs it once, in one round trip, under a plan that is made for its very parameters; nothing is kept.
    pub(super) async fn run_once(&self, client: &Client) -> Result<Vec<Row>, Failure> {
        let typed: Vec<_> =
            self.parameters.iter().map(|(value, kind)| (&**value as &(dyn ToSql + Sync), kind.clone())).collect();
        Ok(client.query_typed(&self.text, &typed).await?)
    }
}
