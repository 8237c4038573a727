//! What the scripts promise each other, one step at a time.

use std::time::{Duration, Instant};

use larder_cache::Nonce;
use larder_views::{RedisViews, SharedViews, TakeRequest, Taken, ViewBatch};

use crate::{book::id, nodes::House};

/// Nothing is abandoned, and rounds follow at once.
fn request(by: u8) -> TakeRequest {
    let (lease, period) = (Duration::from_mins(1), Duration::from_millis(1));
    TakeRequest { by: Nonce([by; 16]), lease, period, abandoned: Duration::from_hours(1) }
}

fn parcel(views: &[(i64, u64)]) -> ViewBatch {
    ViewBatch::new(views.iter().map(|(product, views)| (id(*product), *views)).collect())
}

fn batch(taken: Taken) -> ViewBatch {
    let batch = if let Taken::Batch(batch) = taken { Some(batch) } else { None };
    let mut batch = batch.expect("a batch");
    batch.views.sort_unstable();
    batch
}

/// The first batch, once the first round is due.
async fn first(shared: &RedisViews) -> anyhow::Result<ViewBatch> {
    Ok(batch(when_due(shared, &request(1)).await?))
}

/// Asks until there is something to take: only the clock of Redis says when that is.
async fn when_due(shared: &RedisViews, request: &TakeRequest) -> anyhow::Result<Taken> {
    let started = Instant::now();
    loop {
        let taken = shared.take(request).await?.1;
        if taken != Taken::Nothing {
            return Ok(taken);
        }
        assert!(started.elapsed() < Duration::from_secs(20), "nothing is ever due");
    }
}

#[tokio::test]
async fn parcels_are_merged_once_and_taken_as_one_batch_until_it_is_finished() -> anyhow::Result<()> {
    let house = House::new().await;
    let shared = house.shared();
    let parcels = [parcel(&[(1, 5), (2, 1 << 40)]), parcel(&[(1, 6)])];
    let ids = [parcels[0].id, parcels[1].id];
    shared.stage(&parcels).await?;
    assert_eq!(shared.take(&request(1)).await?.1, Taken::Nothing, "what is staged only is nobody's to drain");
    assert_eq!(shared.settle(&ids).await?.found, [true, true]);
    assert_eq!(shared.settle(&ids).await?.found, [false, false]);
    let taken = first(&shared).await?;
    assert_eq!(taken.views, [(id(1), 11), (id(2), 1 << 40)]);
    assert_eq!(shared.take(&request(2)).await?.1, Taken::Busy);
    assert_eq!(batch(shared.take(&request(1)).await?.1), taken);
    shared.release(Nonce([2; 16])).await?;
    assert_eq!(shared.take(&request(2)).await?.1, Taken::Busy, "a lease is its holder's to give back");
    shared.release(Nonce([1; 16])).await?;
    assert_eq!(batch(shared.take(&request(2)).await?.1), taken, "whoever comes next has the same");
    shared.finish(parcels[0].id).await?;
    assert_eq!(batch(shared.take(&request(2)).await?.1), taken, "another id finishes another batch");
    shared.finish(taken.id).await?;
    let (standing, taken) = shared.take(&request(2)).await?;
    assert_eq!((standing.done, standing.oldest, taken), (1, None, Taken::Nothing));
    assert_eq!(shared.take(&request(1)).await?.1, Taken::Nothing, "the lease ends with the work");
    Ok(())
}

#[tokio::test]
async fn an_abandoned_parcel_is_a_batch_under_its_own_id_and_cannot_be_settled_any_more() -> anyhow::Result<()> {
    let house = House::new().await;
    let shared = house.shared();
    let left = parcel(&[(3, 4)]);
    shared.stage(std::slice::from_ref(&left)).await?;
    let abandoned = TakeRequest { abandoned: Duration::ZERO, ..request(1) };
    assert_eq!(when_due(&shared, &abandoned).await?, Taken::Batch(left.clone()));
    assert_eq!(shared.settle(&[left.id]).await?.found, [false]);
    shared.finish(left.id).await?;
    house.drained().await;
    Ok(())
}

#[tokio::test]
async fn rounds_keep_their_distance() -> anyhow::Result<()> {
    let house = House::new().await;
    let shared = house.shared();
    for period in [Duration::from_hours(1), Duration::from_millis(1), Duration::from_hours(1)] {
        let one = parcel(&[(1, 1)]);
        shared.stage(std::slice::from_ref(&one)).await?;
        shared.settle(&[one.id]).await?;
        let request = TakeRequest { period, ..request(1) };
        if period == Duration::from_millis(1) {
            let batch = batch(when_due(&shared, &request).await?);
            assert_eq!(batch.views, [(id(1), 2)]);
            shared.finish(batch.id).await?;
        } else {
            assert_eq!(shared.take(&request).await?.1, Taken::Nothing);
        }
    }
    assert_eq!(shared.settle(&[]).await?.round, 2);
    Ok(())
}

#[tokio::test]
async fn two_that_drain_at_once_do_the_same() -> anyhow::Result<()> {
    let house = House::new().await;
    let (one, another) = (house.shared(), house.shared());
    let parcel = parcel(&[(1, 5)]);
    one.stage(std::slice::from_ref(&parcel)).await?;
    one.settle(&[parcel.id]).await?;
    let first = first(&one).await?;
    house.command::<u64>(&["DEL", "@lease"]).await;
    let second = batch(another.take(&request(2)).await?.1);
    assert_eq!(first, second);
    use larder_repository::{ViewRepository, ViewsAdded};
    let added = [&first, &second].map(|batch| house.book.add_views(batch.id, &batch.views));
    let [now, before] = added;
    assert_eq!((now.await?, before.await?), (ViewsAdded::Now { products: 1 }, ViewsAdded::Before));
    tokio::try_join!(one.finish(first.id), another.finish(second.id))?;
    assert_eq!((house.held().await, house.book.total()), (0, 5));
    Ok(())
}

#[tokio::test]
async fn what_is_older_than_the_memory_of_the_database_is_dropped() -> anyhow::Result<()> {
    let house = House::new().await;
    let shared = house.shared();
    let (begun, left) = (parcel(&[(1, 5)]), parcel(&[(2, 6)]));
    shared.stage(std::slice::from_ref(&begun)).await?;
    shared.settle(&[begun.id]).await?;
    first(&shared).await?;
    shared.stage(std::slice::from_ref(&left)).await?;
    // Both were thirteen hours ago.
    let age = "local time = redis.call('TIME')[1] * 1000 - 13 * 3600 * 1000 local stamp = string.format('%015.0f', time) \
               redis.call('SETRANGE', KEYS[1], 16, stamp) local id = redis.call('HKEYS', KEYS[2])[1] \
               return redis.call('HSET', KEYS[2], id, stamp .. '2 6')";
    house.command::<u64>(&["EVAL", age, "2", "@batch", "@staged"]).await;
    let taken = shared.take(&TakeRequest { abandoned: Duration::ZERO, ..request(1) }).await?;
    assert_eq!((taken.1, house.held().await), (Taken::Nothing, 0));
    Ok(())
}
