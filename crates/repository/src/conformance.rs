//! The suite that every implementation of the contract passes, decorators included (feature `conformance`).
//!
//! Cases test only through the traits. Whatever an implementation keeps between the caller and the database must be invisible:
//! after a write returned, every read sees it, with [`Freshness::Cached`](crate::Freshness::Cached) too.

use std::{future::Future, time::Duration};

use tokio::{runtime, time};

#[doc(hidden)]
pub mod announcements;
#[doc(hidden)]
pub mod aspects;
#[doc(hidden)]
pub mod changes;
#[doc(hidden)]
pub mod databases;
#[doc(hidden)]
pub mod following;
#[doc(hidden)]
pub mod imports;
#[doc(hidden)]
pub mod lists;
mod outbox;
mod questions;
#[doc(hidden)]
pub mod races;
#[doc(hidden)]
pub mod reads;
#[doc(hidden)]
pub mod refusals;
#[doc(hidden)]
pub mod relays;
#[doc(hidden)]
pub mod retention;
mod samples;
#[doc(hidden)]
pub mod searching;
#[doc(hidden)]
pub mod seeking;
#[doc(hidden)]
pub mod sorting;
mod subject;
#[doc(hidden)]
pub mod tokens;
#[doc(hidden)]
pub mod values;
#[doc(hidden)]
pub mod versions;
#[doc(hidden)]
pub mod views;

pub use databases::DatabaseSubject;
pub use outbox::OutboxSubject;
pub use subject::Subject;

/// How long one case may take, its setup included: a hang is a failure.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Runs one case on a multi-threaded runtime of its own. What [`conformance!`](crate::conformance!) and
/// [`outbox_conformance!`](crate::outbox_conformance!) expand to.
///
/// # Panics
/// When the case fails, or has not ended within a minute.
#[doc(hidden)]
pub fn run<S, C, R>(setup: S, case: C)
where
    S: Future,
    C: FnOnce(S::Output) -> R,
    R: Future<Output = ()>,
{
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a test can start a runtime");
    let outcome = runtime.block_on(async { time::timeout(TIME_LIMIT, async { case(setup.await).await }).await });
    runtime.shutdown_background();
    outcome.expect("the case ends within its time limit");
}

/// Makes one `#[test]` of each case of the suite, in the module where it is called.
///
/// `$setup` is the path of an `async fn() -> Subject` that answers a fresh, empty, migrated [`Subject`].
/// It is called once per case, on the runtime that the case runs on.
///
/// ```no_run
/// mod memory {
///     use larder_repository::conformance::Subject;
///
///     # async fn open_and_migrate() -> Subject { std::future::pending().await }
///     async fn empty_catalogue() -> Subject {
///         open_and_migrate().await
///     }
///
///     larder_repository::conformance!(empty_catalogue);
/// }
/// ```
#[macro_export]
macro_rules! conformance {
    ($setup:path) => {
        $crate::conformance! { @cases $setup;
            reads:
                an_empty_catalogue_answers_nothing
                unpublished_products_are_read_by_id
                an_absent_product_is_seen_once_it_is_made
                batches_keep_order_duplicates_and_gaps
                a_batch_may_have_a_thousand_ids
                a_batch_sees_what_was_written_since_the_last
                statistics_count_and_sum_all_products
                statistics_are_exact_beyond_32_bits;
            lists:
                an_empty_list_has_a_total_of_zero
                lists_are_newest_first_whatever_the_ids
                products_of_one_moment_are_listed_by_descending_id
                pages_cover_the_list_without_gap_or_overlap
                a_page_may_have_a_thousand_products
                a_page_after_the_last_is_empty_with_the_right_total
                filters_and_visibility_combine
                categories_are_compared_exactly
                only_the_parts_asked_for_are_answered
                a_created_product_is_in_its_lists
                a_removed_product_leaves_its_lists
                a_product_moves_between_the_lists_of_categories
                publishing_and_unpublishing_show_in_the_lists
                featuring_shows_in_the_lists
                a_change_that_keeps_the_listing_keeps_the_order;
            sorting:
                every_key_sorts_by_itself_and_equals_by_id
                the_hot_list_is_by_sales_then_popularity
                ascending_is_exactly_the_reverse_of_descending
                pages_of_every_sort_cover_the_list_without_gap_or_overlap
                filters_and_sorts_combine
                a_price_range_includes_both_ends
                a_page_of_any_sort_may_have_a_thousand_products
                counts_and_prices_at_their_ends_are_sorted_exactly;
            seeking:
                walking_from_place_to_place_covers_every_list
                equals_are_walked_without_gap_or_overlap
                a_page_that_ends_with_the_list_has_no_next_place
                the_next_place_is_that_of_the_last_product
                the_place_of_a_removed_product_still_holds
                what_is_made_before_a_place_does_not_shift_what_follows
                what_is_made_after_a_place_follows_it
                a_place_at_either_end_of_everything_is_a_place
                a_total_alone_has_no_next_place;
            searching:
                every_part_of_a_text_is_found
                words_of_one_two_and_many_characters_are_found
                a_word_is_not_found_across_name_and_description
                all_of_several_words_have_to_occur
                every_character_stands_for_itself
                letters_are_found_in_either_case
                letters_beyond_ascii_are_found_in_either_case
                characters_beyond_the_basic_plane_are_found
                the_longest_texts_are_searched_to_their_ends
                a_product_is_found_once_however_often_the_word_occurs
                no_words_are_no_search
                searches_filters_and_sorts_combine
                a_search_shows_only_what_may_be_seen;
            following:
                a_changed_price_moves_a_product_in_lists_and_ranges
                a_price_at_the_end_of_a_range_enters_and_leaves_it
                adjusted_sales_show_in_the_hot_lists
                changed_figures_show_in_the_lists_that_are_sorted_by_them
                a_renamed_product_is_found_by_its_new_name_only
                a_changed_description_is_found_by_its_new_words_only
                a_replaced_product_is_found_by_what_it_is_now
                a_created_product_is_found_and_a_removed_one_is_not
                an_imported_product_is_found
                a_search_follows_category_and_visibility;
            changes:
                a_minimal_draft_starts_with_defaults_and_zeroes
                a_full_draft_is_kept_field_by_field
                figures_of_a_new_product_are_taken_from_the_draft
                replacing_sets_every_field_of_the_draft
                replacing_keeps_figures_left_out_and_clears_the_rest
                a_patch_sets_one_field_and_keeps_the_rest
                a_patch_clears_what_may_be_absent
                a_patch_of_every_field_is_a_replacement
                a_change_leaves_other_products_alone
                a_stock_keeping_unit_is_free_again_after_removal_or_change
                adjusting_moves_both_counters_and_nothing_else;
            values:
                prices_are_exact_at_both_ends_of_the_range
                ratings_are_exact
                counts_are_exact_beyond_32_bits
                any_text_comes_back_unchanged
                the_longest_texts_fit
                skus_that_differ_in_any_character_are_different;
            versions:
                every_kind_of_change_takes_a_higher_version
                versions_rise_over_removal_and_return_of_an_id
                a_removed_id_is_not_given_again
                a_change_moves_updated_at_and_keeps_created_at
                times_are_those_of_the_clock_in_microseconds
                the_right_version_lets_a_write_through
                a_wrong_version_stops_a_write
                what_is_absent_is_not_found_whatever_the_precondition;
            refusals:
                a_taken_sku_stops_a_creation
                a_taken_sku_stops_an_update
                an_invalid_draft_is_not_created
                an_invalid_draft_replaces_nothing
                an_invalid_draft_is_not_imported
                an_invalid_patch_changes_nothing
                a_counter_cannot_leave_its_range
                an_adjustment_cannot_pass_the_largest_count
                an_adjustment_that_breaks_a_rule_changes_nothing;
            imports:
                an_import_keeps_ids_times_and_fields
                an_import_of_nothing_is_nothing
                importing_twice_changes_nothing
                what_is_there_already_is_left_whatever_its_sku
                ids_after_an_import_are_higher
                a_taken_sku_stops_the_whole_import
                a_large_import_is_one_call;
            races:
                concurrent_adjustments_lose_nothing
                a_counter_is_never_sold_below_zero
                of_concurrent_updates_of_one_version_exactly_one_wins
                of_concurrent_removals_exactly_one_wins
                of_concurrent_creations_of_one_sku_exactly_one_wins
                concurrent_creations_have_ids_of_their_own
                concurrent_imports_of_the_same_products_import_each_once
                every_writer_reads_its_own_write_under_contention
                every_writer_sees_its_own_product_in_the_lists_under_contention
                a_reader_never_sees_half_a_change
                a_dropped_write_leaves_all_or_nothing;
            tokens:
                an_unknown_token_stands_for_nobody
                an_added_token_is_found_with_its_role
                a_token_name_is_taken_once
                a_removed_token_is_forgotten_and_its_name_free
                a_token_that_never_was_cannot_be_removed
                tokens_are_listed_by_name
                token_names_have_1_to_64_printable_characters;
        }
    };
    (@cases $setup:path; $($topic:ident: $($case:ident)+;)+) => {
        $($(
            #[test]
            fn $case() {
                $crate::conformance::run($setup(), $crate::conformance::$topic::$case);
            }
        )+)+
    };
}

/// Makes one `#[test]` of each case of the outbox's suite, in the module where it is called.
///
/// `$setup` is the path of an `async fn() -> OutboxSubject` on a fresh, empty, migrated database; it is called once per case.
#[macro_export]
macro_rules! outbox_conformance {
    ($setup:path) => {
        $crate::conformance! { @cases $setup;
            announcements:
                a_first_poll_cannot_tell_what_changed
                every_kind_of_write_is_announced_as_it_was_written
                a_change_is_told_once_to_each_tail
                what_was_refused_is_not_announced
                a_write_is_heard_of_from_the_poll_that_tells_it
                more_changes_than_the_limit_are_a_gap
                a_large_import_is_one_change_of_everything
                a_small_import_is_announced_row_by_row
                a_commit_ends_a_wait
                a_wait_ends_by_itself
                notifications_arrive;
            aspects:
                each_patch_announces_exactly_its_aspects
                a_replacement_announces_what_differs
                an_adjustment_announces_the_counters_that_it_moved
                an_imported_product_announces_no_aspects;
            views:
                views_are_added_to_the_popularity
                views_show_in_the_popular_and_hot_lists
                a_batch_is_added_once_however_often_it_is_tried
                of_concurrent_tries_of_one_batch_exactly_one_adds
                concurrent_batches_of_the_same_products_lose_nothing
                absent_products_are_left_out_of_a_batch
                an_empty_batch_moves_nothing
                a_popularity_stops_at_the_largest_count
                a_batch_that_is_too_large_or_names_a_product_twice_is_refused
                a_batch_of_the_largest_size_is_one_change_for_each_product
                views_take_a_higher_version_and_leave_the_rest_alone;
            relays:
                what_the_current_server_took_is_pending_no_longer
                what_another_server_took_stays_pending
                what_was_taken_before_any_server_is_current_stays_pending
                what_was_not_taken_stays_pending
                a_relay_takes_the_lowest_rows_first
                another_server_makes_everything_pending_again
                the_same_server_again_changes_nothing;
            retention:
                taken_rows_are_deleted_by_age
                young_rows_stay
                pending_rows_over_the_limit_become_one
                pending_rows_that_are_too_old_become_one
                without_a_server_old_rows_are_deleted
                a_tail_that_slept_through_a_deletion_hears_of_a_gap
                a_tail_that_heard_of_all_does_not_mind_a_deletion
                the_status_tells_what_is_pending_and_taken;
        }
    };
}

/// Makes one `#[test]` of each case of a database's suite, in the module where it is called.
///
/// `$setup` is the path of an `async fn() -> DatabaseSubject` of migrated databases; it is called once per case.
#[macro_export]
macro_rules! database_conformance {
    ($setup:path) => {
        $crate::conformance! { @cases $setup;
            databases:
                every_server_of_a_database_signs_with_the_same_key
                another_database_signs_with_another_key;
        }
    };
}

#[cfg(test)]
mod tests {
    const SUITE: &str = include_str!("conformance.rs");
    const TOPICS: [&str; 19] = [
        include_str!("conformance/announcements.rs"),
        include_str!("conformance/aspects.rs"),
        include_str!("conformance/changes.rs"),
        include_str!("conformance/databases.rs"),
        include_str!("conformance/following.rs"),
        include_str!("conformance/imports.rs"),
        include_str!("conformance/lists.rs"),
        include_str!("conformance/races.rs"),
        include_str!("conformance/reads.rs"),
        include_str!("conformance/refusals.rs"),
        include_str!("conformance/relays.rs"),
        include_str!("conformance/retention.rs"),
        include_str!("conformance/searching.rs"),
        include_str!("conformance/seeking.rs"),
        include_str!("conformance/sorting.rs"),
        include_str!("conformance/tokens.rs"),
        include_str!("conformance/values.rs"),
        include_str!("conformance/versions.rs"),
        include_str!("conformance/views.rs"),
    ];

    #[test]
    fn every_case_is_in_the_macro() {
        let cases = TOPICS.iter().flat_map(|topic| topic.lines()).filter_map(|line| line.strip_prefix("pub async fn "));
        for case in cases {
            let name = case.split('(').next().unwrap_or_default();
            assert!(SUITE.lines().any(|line| line.trim().trim_end_matches(';') == name), "{name} is never run");
        }
    }
}
