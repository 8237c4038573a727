//! Writes under `If-Match` and `If-None-Match`: refused when somebody edited the product, not when its views were counted.

use std::future::Future;

use actix_web::{HttpRequest, http::header};
use larder_domain::ProductId;
use larder_repository::{Error, ErrorKind, Freshness, Precondition, Written};

use crate::{
    answer::tag_text,
    api_error::{ApiError, ApiErrorKind},
    conditional::{Likeness, TagCondition},
    services::Services,
};

/// How often a product is looked at while views, or others' writes, come between look and write.
const ATTEMPTS: usize = 5;

/// Which half of the tag of a product a write depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// What people edit.
    Edits,
    /// All bytes: of who sets the figure that views move.
    All,
}

/// What a write demands of the product as it is.
#[derive(Debug)]
pub(super) struct WriteCondition<'a> {
    expected: Option<TagCondition<'a>>,
    unexpected: Option<TagCondition<'a>>,
    compared: Compared,
}

/// The product as it was when the condition held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight {
    /// That it is still so when the write happens.
    pub(super) precondition: Precondition,
    /// Whether views were counted since the client read it.
    pub(super) views_moved: bool,
}

impl<'a> WriteCondition<'a> {
    /// What the headers demand; `None` if that is nothing.
    ///
    /// # Errors
    /// 400 when one is malformed.
    pub(super) fn of(request: &'a HttpRequest, compared: Compared) -> Result<Option<Self>, ApiError> {
        let expected = TagCondition::of(request.headers(), &header::IF_MATCH)?;
        let unexpected = TagCondition::of(request.headers(), &header::IF_NONE_MATCH)?;
        // `If-Match: *` asks for a product to be there, as every write of an existing one does.
        let is_empty = matches!(expected, None | Some(TagCondition::Any)) && unexpected.is_none();
        Ok((!is_empty).then_some(Self { expected, unexpected, compared }))
    }

    /// Compares with the newest state, whose version then goes into the write's own transaction, so that a change in between is seen.
    async fn check(&self, services: &Services, id: ProductId) -> Result<Sight, ApiError> {
        let read = services.products.get(id, Freshness::Latest).await?;
        let product = read.value.ok_or_else(ApiError::no_such_product)?;
        let tag = tag_text(product.facts()?.tag());
        let least = if self.compared == Compared::All { Likeness::Same } else { Likeness::Unedited };
        let expected = self.expected.as_ref().map_or(Likeness::Same, |tags| tags.likeness_strongly(&tag));
        let unexpected = self.unexpected.as_ref().map_or(Likeness::Other, |tags| tags.likeness_weakly(&tag));
        if expected < least || unexpected >= least {
            return Err(ApiError::new(ApiErrorKind::PreconditionFailed, format!("its tag is {tag}")));
        }
        let precondition = Precondition::Version(product.value()?.version);
        Ok(Sight { precondition, views_moved: expected == Likeness::Unedited })
    }
}

/// Runs `write` under a condition, again if the product changed after it was compared and the condition still holds.
///
/// # Errors
/// 412 when the condition does not hold, or the product changes all the time; those of the write.
pub(super) async fn conditionally<W>(
    services: &Services,
    id: ProductId,
    condition: Option<WriteCondition<'_>>,
    write: impl Fn(Sight) -> W,
) -> Result<Written, ApiError>
where
    W: Future<Output = Result<Written, Error>> + Send + 'static,
{
    let Some(condition) = condition else {
        return services.writes.run(write(Sight { precondition: Precondition::None, views_moved: false })).await;
    };
    for _ in 1..ATTEMPTS {
        let write = write(condition.check(services, id).await?);
        match services.writes.run(async move { Ok::<_, Error>(write.await) }).await? {
            Err(error) if matches!(error.kind(), ErrorKind::PreconditionFailed) => {}
            outcome => return outcome.map_err(Into::into),
        }
    }
    services.writes.run(write(condition.check(services, id).await?)).await
}
