//! Tags invalidated during loads, here and elsewhere, and generations that get lost; each race also with the mistake that it finds.

use larder_cache::{
    Loaded, Source,
    testing::{Call, Evicted, Fault, L2Mutant, Mutant},
};

use crate::names::{Mistake, Names, World, assert_read, nobody, seen, start, until};

/// All rows carry the tag.
fn tagged(mistakes: &[Mistake]) -> World {
    let world = World::new(mistakes);
    for key in 1..=5 {
        world.rows.set(key, Loaded::found("old".to_owned()).with_tag("red"));
    }
    world
}

/// As [`crate::names::race`], with rows that carry the tag.
async fn tag_race(run: impl AsyncFn(World) -> String, mistakes: &[Mistake]) {
    assert_eq!(run(tagged(&[])).await, "new");
    assert_eq!(run(tagged(mistakes)).await, "old", "{mistakes:?} was not found");
}

/// The row changes and keeps its tag.
fn change(world: &World) {
    world.rows.set(1, Loaded::found("new".to_owned()).with_tag("red"));
}

/// As [`World::overtaken`], with rows that carry the tag.
async fn overtaken(world: &World, cache: &Names, heard: impl AsyncFnOnce()) {
    let mut held = world.rows.hold_answer();
    let read = world.start(cache, 1);
    held.reached().await;
    change(world);
    heard().await;
    held.open();
    assert_eq!(seen(read.await.expect("no panic")), "old");
    // Filled or refused, the lease is gone in the end.
    until(|| !world.remote.is_leased("names", "1")).await;
}

#[tokio::test]
async fn an_invalidated_tag_voids_what_carries_it_in_both_levels_and_nothing_else() {
    let world = tagged(&[]);
    world.rows.set(2, Loaded::found("plain".to_owned()).with_tag("blue"));
    let (cache, other) = (world.node(), world.node());
    for key in [1, 2] {
        world.fill(&cache, key).await;
    }
    change(&world);
    cache.invalidate_tag("red").await;
    assert_read(cache.get_or_load(&2, nobody).await, "plain", Source::L1);
    assert_read(other.get_or_load(&2, nobody).await, "plain", Source::L2);
    assert_read(world.get(&cache, 1).await, "new", Source::Loader);
    assert_read(cache.get_or_load(&1, nobody).await, "new", Source::L1);
}

#[tokio::test]
async fn a_load_whose_tag_was_invalidated_meanwhile_is_not_kept_in_l1() {
    let run = async |world: World| {
        let cache = world.alone();
        overtaken(&world, &cache, async || cache.invalidate_tag("red").await).await;
        world.read(&cache, 1).await
    };
    tag_race(run, &[Mistake::Node(Mutant::TagsNotedAfterLoad)]).await;
}

#[tokio::test]
async fn a_load_whose_tag_this_node_knew_and_invalidated_meanwhile_is_not_kept() {
    let run = async |world: World| {
        let cache = world.node();
        world.fill(&cache, 2).await;
        overtaken(&world, &cache, async || cache.invalidate_tag("red").await).await;
        world.read(&cache, 1).await
    };
    // L2 checks tags as well: both mistakes together show.
    tag_race(run, &[Mistake::Node(Mutant::TagsNotedAfterLoad), Mistake::L2(L2Mutant::TagsUnchecked)]).await;
}

#[tokio::test]
async fn a_read_after_a_tag_was_invalidated_is_not_content_with_the_older_load() {
    let run = async |world: World| {
        let cache = world.alone();
        let mut held = world.rows.hold_answer();
        let old = world.start(&cache, 1);
        held.reached().await;
        change(&world);
        cache.invalidate_tag("red").await;
        let read = world.start(&cache, 1);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        held.open();
        assert_eq!(seen(old.await.expect("no panic")), "old");
        seen(read.await.expect("no panic"))
    };
    tag_race(run, &[Mistake::Node(Mutant::JoinAnyFlight)]).await;
}

/// Another node reads what the fill of a load left in L2, whose tag a third node has invalidated during that load.
async fn filled_after_a_tag_moved_elsewhere(world: World, knows_the_tag: bool) -> String {
    let (cache, other) = (world.node(), world.node());
    if knows_the_tag {
        world.fill(&cache, 2).await;
    }
    overtaken(&world, &cache, async || other.invalidate_tag("red").await).await;
    world.read(&other, 1).await
}

#[tokio::test]
async fn a_load_whose_tag_another_node_invalidated_meanwhile_does_not_fill_l2() {
    let mistakes = &[Mistake::L2(L2Mutant::TagsUnchecked)];
    tag_race(async |world| filled_after_a_tag_moved_elsewhere(world, true).await, mistakes).await;
    tag_race(async |world| filled_after_a_tag_moved_elsewhere(world, false).await, mistakes).await;
}

#[tokio::test]
async fn a_refused_fill_goes_from_l1_as_well() {
    let run = async |world: World| {
        let (cache, other) = (world.node(), world.node());
        world.fill(&cache, 2).await;
        overtaken(&world, &cache, async || other.invalidate_tag("red").await).await;
        world.read(&cache, 1).await
    };
    tag_race(run, &[Mistake::L2(L2Mutant::TagsUnchecked)]).await;
}

#[tokio::test]
async fn a_tag_that_was_invalidated_elsewhere_is_learned_from_another_entry() {
    let world = tagged(&[]);
    let (cache, other) = (world.node(), world.node());
    world.fill(&cache, 1).await;
    change(&world);
    other.invalidate_tag("red").await;
    assert_read(cache.get_or_load(&1, nobody).await, "old", Source::L1);
    world.fill(&other, 2).await;
    // The entry of L2 carries a generation that this node does not know: the tag was invalidated.
    assert_read(cache.get_or_load(&2, nobody).await, "old", Source::L2);
    assert_read(world.get(&cache, 1).await, "new", Source::Loader);
}

/// A node that invalidates a tag learns its old generation from L2 in the middle of that, and later sees an entry of that generation.
#[tokio::test]
async fn what_is_learned_of_a_tag_while_it_is_invalidated_is_not_believed() {
    let run = async |world: World| {
        let (cache, filler) = (world.node(), world.node());
        world.fill(&filler, 1).await;
        let mut held = world.remote.hold_before(Call::Invalidate);
        let invalidator = cache.clone();
        let invalidation = start(async move { invalidator.invalidate_tag("red").await });
        held.reached().await;
        change(&world);
        // While L2 may have missed the invalidation, this node takes nothing from it, nor asks it about the tag.
        let seen = cache.get(&1).await;
        assert!(seen.is_none() || world.remote.begun(Call::Generations) == 1);
        held.open();
        invalidation.await.expect("no panic");
        world.read(&cache, 1).await
    };
    tag_race(run, &[Mistake::Node(Mutant::FenceBeforeL2), Mistake::Node(Mutant::NoBypass)]).await;
}

/// A generation that L2 lost is made anew, and must not be one that something old carries.
#[tokio::test]
async fn a_lost_generation_does_not_come_back() {
    let run = async |world: World| {
        let (cache, other) = (world.node(), world.node());
        world.fill(&cache, 1).await;
        change(&world);
        other.invalidate_tag("red").await;
        world.remote.evict(Evicted::Generations);
        // Makes a generation.
        world.fill(&other, 2).await;
        world.read(&world.node(), 1).await
    };
    tag_race(run, &[Mistake::L2(L2Mutant::CountedGenerations)]).await;
}

#[tokio::test]
async fn a_tag_that_l2_could_not_be_told_of_keeps_what_carries_it_out_of_l2() {
    let run = async |world: World| {
        let cache = world.node();
        world.fill(&cache, 1).await;
        world.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
        change(&world);
        cache.invalidate_tag("red").await;
        world.read(&cache, 1).await
    };
    tag_race(run, &[Mistake::Node(Mutant::NoBypass)]).await;
}

#[tokio::test]
async fn a_load_without_tags_is_kept_whatever_tag_is_invalidated_meanwhile() {
    let world = World::new(&[]);
    let cache = world.alone();
    world.overtaken(&cache, async || cache.invalidate_tag("red").await).await;
    assert_read(cache.get_or_load(&1, nobody).await, "old", Source::L1);
}

/// Reads a row while a tag is invalidated that it does not carry.
async fn read_beside(world: &World, cache: &Names) {
    let mut held = world.rows.hold_answer();
    let read = world.start(cache, 1);
    held.reached().await;
    cache.invalidate_tag("blue").await;
    held.open();
    assert_eq!(seen(read.await.expect("no panic")), "old");
    until(|| !world.remote.is_leased("names", "1")).await;
}

#[tokio::test]
async fn other_tags_keep_a_value_out_of_l1_once_at_most() {
    let world = tagged(&[]);
    let cache = world.alone();
    // Nothing was known of its tag before the first.
    read_beside(&world, &cache).await;
    read_beside(&world, &cache).await;
    assert_read(cache.get_or_load(&1, nobody).await, "old", Source::L1);
    cache.invalidate_tag("red").await;
    read_beside(&world, &cache).await;
    assert_read(cache.get_or_load(&1, nobody).await, "old", Source::L1);
}

#[tokio::test]
async fn other_tags_keep_a_value_out_of_l2_twice_at_most() {
    let world = tagged(&[]);
    let (cache, other) = (world.node(), world.node());
    cache.invalidate_tag("red").await;
    // Nothing was known of its tag before the first, and not its generation in L2 before the second.
    read_beside(&world, &cache).await;
    read_beside(&world, &cache).await;
    assert!(world.remote.frame("names", "1").is_none());
    read_beside(&world, &cache).await;
    assert_read(cache.get_or_load(&1, nobody).await, "old", Source::L1);
    assert_read(other.get_or_load(&1, nobody).await, "old", Source::L2);
}
