//! The conditions of a list query: fixed texts, and values that stand in none of them.

use larder_domain::{Price, PriceRange, ProductFilter, Sort, SortKey, SortOrder, Visibility};
use rusqlite::types::Value;

use super::words;

/// What a statement asks of each row, joined by AND, with the values of its parameters in their order.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    texts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    /// The rows of a filter. The range of prices is left out: how it is asked for depends on the order.
    pub(super) fn of(filter: &ProductFilter) -> Self {
        let mut conditions = Self::default();
        words::add(&filter.words, &mut conditions);
        if let Some(category) = &filter.category {
            conditions.add("category = ?", [category.as_str().to_owned().into()]);
        }
        // Flags are ranges, so that every filter is the same statement.
        let published = i64::from(filter.visibility == Visibility::Published);
        conditions.add("is_published >= ?", [published.into()]);
        let (least, most) = filter.featured.map_or((0, 1), |featured| (i64::from(featured), i64::from(featured)));
        conditions.add("is_featured BETWEEN ? AND ?", [least.into(), most.into()]);
        conditions
    }

    /// One more condition, with as many values as it has parameters.
    pub(super) fn add(&mut self, text: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.texts.push(text.into());
        self.values.extend(values);
    }

    /// Prices within `range`. A list by price after a place begins at the place: the end of the range that lies before it must not take
    /// its part as the beginning in the index.
    pub(super) fn add_prices(&mut self, range: PriceRange, sort: Sort, is_after: bool) {
        let by_price = is_after && sort.key == SortKey::Price;
        let (min, max) = match sort.order {
            SortOrder::Ascending if by_price => ("+price >= ?", "price <= ?"),
            SortOrder::Descending if by_price => ("price >= ?", "+price <= ?"),
            _ => ("price >= ?", "price <= ?"),
        };
        let hundredths = |price: Option<Price>, open| price.map_or(open, Price::hundredths);
        self.add(min, [hundredths(range.min(), 0).into()]);
        self.add(max, [hundredths(range.max(), Price::MAX_HUNDREDTHS).into()]);
    }

    /// The text of the WHERE clause, and the values of its parameters.
    pub(super) fn into_parts(self) -> (String, Vec<Value>) {
        (self.texts.join(" AND "), self.values)
    }
}
