//! What a text search looks for, and which prices it admits.

use std::fmt;

use crate::{Price, ValidationError, error::Violations, text::TextRule};

/// The words of a text search. Each has to occur somewhere in the name or in the description of a product, in any case, be it in the middle of
/// a word; every character stands for itself. No words: any text will do.
///
/// They are kept in lower case, sorted, each once, and without those that another one contains, so that equal searches are equal values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct SearchWords(Vec<String>);

impl SearchWords {
    /// The longest text, in characters.
    pub const MAX_CHARS: usize = 200;
    /// The most words.
    pub const MAX_WORDS: usize = 10;

    /// Takes `text` apart where it has white space of any script.
    ///
    /// # Errors
    /// When `text` is longer than [`Self::MAX_CHARS`], has more than [`Self::MAX_WORDS`] words, or contains control characters.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let mut violations = Violations::default();
        TextRule { multiline: true, ..TextRule::line("query", 0, Self::MAX_CHARS) }.check(text, &mut violations);
        let mut words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        violations.require(words.len() <= Self::MAX_WORDS, "query", "must have at most 10 words");
        violations.into_result()?;
        words.sort_unstable();
        words.dedup();
        let is_implied = |word: &String| words.iter().any(|other| other != word && other.contains(word.as_str()));
        Ok(Self(words.iter().filter(|word| !is_implied(word)).cloned().collect()))
    }

    /// The words; none is empty.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether any text will do.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for SearchWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// The prices of a list, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct PriceRange {
    min: Option<Price>,
    max: Option<Price>,
}

impl PriceRange {
    /// From `min`, if there is one, to `max`, if there is one.
    ///
    /// # Errors
    /// When `min` is above `max`.
    pub fn new(min: Option<Price>, max: Option<Price>) -> Result<Self, ValidationError> {
        let is_upside_down = min.zip(max).is_some_and(|(min, max)| min > max);
        if is_upside_down {
            return Err(ValidationError::new("min_price", "must not be above max_price"));
        }
        Ok(Self { min, max })
    }

    /// The lowest price.
    pub fn min(self) -> Option<Price> {
        self.min
    }

    /// The highest price.
    pub fn max(self) -> Option<Price> {
        self.max
    }

    /// Whether any price will do.
    pub fn is_unbounded(self) -> bool {
        self.min.is_none() && self.max.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        SearchWords::parse(text).expect(text).as_slice().to_vec()
    }

    #[test]
    fn equal_searches_are_equal_values() {
        assert_eq!(words("  Tea\u{3000}GREEN tea "), ["green", "tea"]);
        assert_eq!(words("green tea"), words("TEA Green"));
        assert_eq!(words("tea teapot"), ["teapot"]);
        assert_eq!(words("茶 绿茶"), ["绿茶"]);
        assert_eq!(words("100% a_b"), ["100%", "a_b"]);
        assert!(SearchWords::parse(" \t").expect("blank").is_empty());
    }

    #[test]
    fn a_text_that_is_too_long_or_has_too_many_words_is_refused() {
        assert!(SearchWords::parse(&"茶".repeat(200)).is_ok());
        for bad in ["茶".repeat(201), "a b c d e f g h i j k".into(), "a\0b".into()] {
            assert_eq!(SearchWords::parse(&bad).expect_err("refused").violations()[0].field, "query");
        }
    }

    #[test]
    fn a_range_is_not_upside_down() {
        let price = |hundredths| Price::from_hundredths(hundredths).ok();
        assert!(PriceRange::new(price(5), price(5)).is_ok());
        assert!(PriceRange::new(price(5), None).is_ok());
        let error = PriceRange::new(price(6), price(5)).expect_err("upside down");
        assert_eq!(error.violations()[0].field, "min_price");
    }
}
