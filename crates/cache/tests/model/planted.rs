//! Mistakes planted on purpose: under the bounds that the correct code passes, some schedule must find each of them.

use larder_cache::testing::{L2Mutant, Mutant};

use crate::{
    explore::finds,
    hearing::{announced_changes, failover, lost_log},
    nodes::{TOO_LONG, late_fill, slow_answer},
    one_node::{backfill_and_invalidation, clear_and_flights, inserts_and_invalidations, refused_invalidation},
    tags::{lost_generation, tag_and_fills, tag_and_loads},
    world::{L2_STALE, STALE},
};

#[test]
fn no_fence_is_found_by_a_backfill_from_l2() {
    finds(backfill_and_invalidation, Mutant::NoFence, &[STALE]);
}

#[test]
fn a_fence_that_moves_before_l2_is_found() {
    finds(backfill_and_invalidation, Mutant::FenceBeforeL2, &[STALE]);
}

#[test]
fn joining_any_flight_is_found_by_a_clear() {
    finds(clear_and_flights, Mutant::JoinAnyFlight, &[STALE]);
}

#[test]
fn joining_any_flight_is_found_by_a_tag() {
    finds(tag_and_loads, Mutant::JoinAnyFlight, &[STALE]);
}

#[test]
fn believing_l2_about_a_refused_invalidation_is_found() {
    finds(refused_invalidation, Mutant::NoBypass, &[STALE]);
}

#[test]
fn tags_noted_after_the_load_are_found() {
    finds(tag_and_loads, Mutant::TagsNotedAfterLoad, &[STALE]);
}

#[test]
fn life_that_counts_from_the_answer_is_found() {
    finds(slow_answer, Mutant::LifeFromAnswer, &[TOO_LONG]);
}

#[test]
fn fills_without_a_lease_are_found() {
    finds(late_fill, L2Mutant::NoLease, &[STALE]);
}

#[test]
fn a_tombstone_that_an_older_one_overwrites_is_found() {
    finds(inserts_and_invalidations, L2Mutant::TombstoneOverwritten, &[STALE]);
}

#[test]
fn generations_that_count_are_found() {
    // Whether a node that remembers the lost one or a newcomer sees it first belongs to the schedule.
    finds(lost_generation, L2Mutant::CountedGenerations, &[STALE, L2_STALE]);
}

#[test]
fn fills_whose_tags_are_not_checked_are_found() {
    finds(tag_and_fills, L2Mutant::TagsUnchecked, &[STALE]);
}

#[test]
fn no_floors_are_found_by_changes_that_are_announced_early() {
    finds(announced_changes, Mutant::NoFloors, &[STALE]);
}

#[test]
fn reading_on_after_a_gap_is_found() {
    finds(lost_log, Mutant::NoGapDetection, &[STALE]);
}

#[test]
fn believing_values_of_another_reign_is_found() {
    finds(failover, L2Mutant::NoReign, &[STALE, L2_STALE]);
}
