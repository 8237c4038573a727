//! Searches: words that occur anywhere in name or description, by an index of characters, pairs of them, and triples of ASCII.

use deadpool_postgres::Client;
use larder_domain::{ProductFilter, ProductQuery, SearchWords};
use tokio_postgres::{Row, types::Type};

use super::{lists, statement::Statement};
use crate::failure::Failure;

const SEARCH_WALK: &str = include_str!("../../queries/search_walk.sql");
const SEARCH_IDS: &str = include_str!("../../queries/search_ids.sql");
const SEARCH_TOTAL: &str = include_str!("../../queries/search_total.sql");

/// Of how many products one has to match for a list to be walked; rarer words are looked up. To walk so far in vain costs a few
/// milliseconds, and what a word that is rarer finds is sorted in a tenth of a second among a million.
const WALKED_PER_MATCH: i64 = 25;
/// Stretches that end further down are looked up in any case.
const MOST_MATCHES_WALKED: i64 = 1_000;

/// The rows of a stretch. No statistics decide how they are found: they know how common a character is, not a word.
pub(super) async fn stretch(client: &Client, query: &ProductQuery) -> Result<Vec<Row>, Failure> {
    let last = lists::offset(query.window).saturating_add(lists::limit(query.window));
    if last <= MOST_MATCHES_WALKED {
        let rows = walk(query, last * WALKED_PER_MATCH)?.run_once(client).await?;
        if i64::try_from(rows.len()).is_ok_and(|count| count == lists::limit(query.window)) {
            return Ok(rows);
        }
    }
    look_up(query)?.run_once(client).await
}

/// How many products there are.
pub(super) async fn total(client: &Client, filter: &ProductFilter) -> Result<Vec<Row>, Failure> {
    let mut total = Statement::new(SEARCH_TOTAL);
    fill_words(&mut total, &filter.words);
    let conditions = lists::conditions(&mut total, "s", filter);
    total.fill("{conditions}", &conditions);
    total.run_once(client).await
}

/// Goes along the list, but over so many products only.
fn walk(query: &ProductQuery, budget: i64) -> Result<Statement, Failure> {
    let mut walk = Statement::new(SEARCH_WALK);
    let conditions = lists::stretch_conditions(&mut walk, "p", query)?;
    walk.fill("{conditions}", &conditions);
    walk.fill_with("{budget}", budget, Type::INT8);
    let patterns: Vec<String> = words(&query.filter.words).iter().map(|word| pattern(word)).collect();
    walk.fill_with("{patterns}", patterns, Type::TEXT_ARRAY);
    lists::arrange(&mut walk, query);
    Ok(walk)
}

/// Finds all that match.
fn look_up(query: &ProductQuery) -> Result<Statement, Failure> {
    let mut look_up = Statement::new(SEARCH_IDS);
    fill_words(&mut look_up, &query.filter.words);
    let conditions = lists::stretch_conditions(&mut look_up, "s", query)?;
    look_up.fill("{conditions}", &conditions);
    lists::arrange(&mut look_up, query);
    Ok(look_up)
}

/// What the index is asked for, and what is compared besides: words that are one gram need no comparison.
fn fill_words(statement: &mut Statement, words_asked: &SearchWords) {
    let (mut grams, mut patterns) = (Vec::new(), Vec::new());
    for word in words(words_asked) {
        let mut of_word = grams_of(&word);
        if of_word.len() > 1 {
            patterns.push(pattern(&word));
        }
        grams.append(&mut of_word);
    }
    statement.fill_with("{grams}", grams, Type::TEXT_ARRAY);
    statement.fill_with("{patterns}", patterns, Type::TEXT_ARRAY);
}

/// The words as the database folds texts: in lower case, and both sigmas are one.
fn words(words: &SearchWords) -> Vec<String> {
    words.as_slice().iter().map(|word| word.replace('ς', "σ")).collect()
}

/// The fewest grams that say as much as all of a word: its triples of ASCII, the pairs outside of them, or its only character.
fn grams_of(word: &str) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    if characters.len() == 1 {
        return vec![word.to_owned()];
    }
    let is_triple = |start: usize| characters.get(start..start + 3).is_some_and(|few| few.iter().all(char::is_ascii));
    let mut grams = Vec::with_capacity(characters.len());
    for start in 0..characters.len() - 1 {
        if is_triple(start) {
            grams.push(characters[start..start + 3].iter().collect());
        } else if start == 0 || !is_triple(start - 1) {
            grams.push(characters[start..start + 2].iter().collect());
        }
    }
    grams
}

/// A pattern for LIKE that matches texts with `word` in them, in which every character stands for itself.
fn pattern(word: &str) -> String {
    let mut pattern = String::with_capacity(word.len() + 2);
    pattern.push('%');
    for character in word.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_asked_for_by_its_longest_grams() {
        let cases: [(&str, &[&str]); 9] = [
            ("茶", &["茶"]),
            ("蓝牙", &["蓝牙"]),
            ("蓝牙耳机", &["蓝牙", "牙耳", "耳机"]),
            ("a", &["a"]),
            ("ab", &["ab"]),
            ("tea", &["tea"]),
            ("teapot", &["tea", "eap", "apo", "pot"]),
            ("café", &["caf", "fé"]),
            ("茶abc", &["茶a", "abc"]),
        ];
        for (word, grams) in cases {
            assert_eq!(grams_of(word), grams, "{word}");
        }
    }

    #[test]
    fn every_character_of_a_pattern_stands_for_itself() {
        assert_eq!(pattern(r"100%_\x"), r"%100\%\_\\x%");
    }
}
