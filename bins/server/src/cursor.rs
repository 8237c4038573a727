//! Cursors: where a page ended, signed, so that a client can bring back only what a server gave out for the same list.
//!
//! A cursor is the URL-safe base64 (RFC 4648 §5) of a place, 24 bytes, and the first half of an HMAC-SHA256 (RFC 2104, truncated by its §5) of
//! that place and of what tells lists apart: filter, sort and who may see what. All processes over one database have the same key.

use std::fmt;

use actix_web::web::Bytes;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use larder_domain::{ProductFilter, ProductId, Seek, Sort, Visibility};
use sha2::Sha256;

use crate::api_error::ApiError;

/// What is signed begins with it, so that the key may sign other things as well.
const PURPOSE: &[u8] = b"larder cursor 1\n";
const PLACE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Signs cursors and reads them back.
#[derive(Clone)]
pub(crate) struct Cursors {
    key: Hmac<Sha256>,
}

impl Cursors {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // A key is filled up to a block with zeroes (RFC 2104 §2).
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        Self { key: Hmac::<Sha256>::new(&block.into()) }
    }

    /// The cursor of a place in the list of `filter` in the order of `sort`.
    pub(crate) fn seal(&self, filter: &ProductFilter, sort: Sort, place: Seek) -> String {
        let mut bytes = [0; PLACE_BYTES + TAG_BYTES];
        bytes[..8].copy_from_slice(&place.first.to_be_bytes());
        bytes[8..16].copy_from_slice(&place.second.to_be_bytes());
        bytes[16..PLACE_BYTES].copy_from_slice(&place.id.get().to_be_bytes());
        let tag = self.sign(filter, sort, &bytes[..PLACE_BYTES]).finalize().into_bytes();
        bytes[PLACE_BYTES..].copy_from_slice(&tag[..TAG_BYTES]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place of a cursor that belongs to this list.
    ///
    /// # Errors
    /// 400 when it is none of ours, or belongs to another list.
    pub(crate) fn open(&self, filter: &ProductFilter, sort: Sort, cursor: &str) -> Result<Seek, ApiError> {
        let rule = "must be a next_cursor of a list with the same filters, order and access";
        self.place(filter, sort, cursor).ok_or_else(|| ApiError::malformed("cursor", rule))
    }

    fn place(&self, filter: &ProductFilter, sort: Sort, cursor: &str) -> Option<Seek> {
        let bytes = Bytes::from(URL_SAFE_NO_PAD.decode(cursor).ok()?);
        let (place, tag) = bytes.split_at_checked(PLACE_BYTES)?;
        // Compares in constant time. A longer tag than ours would pass as well, and a cursor has one spelling.
        (tag.len() == TAG_BYTES).then_some(())?;
        self.sign(filter, sort, place).verify_truncated_left(tag).ok()?;
        let number = |first: usize| Some(i64::from_be_bytes(place[first..first + 8].try_into().ok()?));
        Some(Seek { first: number(0)?, second: number(8)?, id: ProductId::new(number(16)?).ok()? })
    }

    fn sign(&self, filter: &ProductFilter, sort: Sort, place: &[u8]) -> Hmac<Sha256> {
        let ProductFilter { category, featured, visibility, words, prices } = filter;
        let mut mac = self.key.clone();
        mac.update(PURPOSE);
        mac.update(place);
        // Lengths and fixed forms: no two lists give the same bytes.
        let all = *visibility == Visibility::All;
        mac.update(format!("{} {} {all} {featured:?}\n", sort.key, sort.order.as_str()).as_bytes());
        let bound = |price: Option<larder_domain::Price>| price.map(larder_domain::Price::hundredths);
        mac.update(format!("{:?} {:?}\n", bound(prices.min()), bound(prices.max())).as_bytes());
        for text in words.as_slice().iter().map(String::as_str).chain(category.as_ref().map(|name| name.as_str())) {
            mac.update(&(text.len() as u64).to_be_bytes());
            mac.update(text.as_bytes());
        }
        mac.update(&[u8::from(category.is_some())]);
        mac
    }
}

impl fmt::Debug for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursors(…)")
    }
}

#[cfg(test)]
mod tests {
    use larder_domain::{Category, Price, PriceRange, SearchWords, SortKey, SortOrder};

    use super::*;

    fn place() -> Seek {
        Seek { first: -1, second: i64::MAX, id: ProductId::new(7).expect("valid") }
    }

    fn lists() -> Vec<(ProductFilter, Sort)> {
        let plain = ProductFilter::published();
        let words = |text| SearchWords::parse(text).expect("words");
        let tea = Category::new("tea").ok();
        let price = |hundredths| Price::from_hundredths(hundredths).ok();
        let prices = |min, max| PriceRange::new(min, max).expect("a range");
        let by_price = Sort { key: SortKey::Price, order: SortOrder::Ascending };
        vec![
            (plain.clone(), Sort::default()),
            (plain.clone(), by_price),
            (plain.clone(), Sort { order: SortOrder::Descending, ..by_price }),
            (ProductFilter::of(Visibility::All), Sort::default()),
            (ProductFilter { featured: Some(true), ..plain.clone() }, Sort::default()),
            (ProductFilter { category: tea.clone(), ..plain.clone() }, Sort::default()),
            (ProductFilter { words: words("tea"), ..plain.clone() }, Sort::default()),
            (ProductFilter { words: words("te a"), ..plain.clone() }, Sort::default()),
            (ProductFilter { words: words("green"), category: tea, ..plain.clone() }, Sort::default()),
            (ProductFilter { prices: prices(price(1), None), ..plain.clone() }, Sort::default()),
            (ProductFilter { prices: prices(None, price(1)), ..plain }, Sort::default()),
        ]
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let cursors = Cursors::new(&[1; 32]);
        for (filter, sort) in lists() {
            let cursor = cursors.seal(&filter, sort, place());
            for (other, order) in lists() {
                let found = cursors.open(&other, order, &cursor).ok();
                assert_eq!(found, ((&other, order) == (&filter, sort)).then(place), "{filter:?} {other:?}");
            }
            assert!(Cursors::new(&[2; 32]).open(&filter, sort, &cursor).is_err(), "another key");
        }
    }

    #[test]
    fn what_was_changed_is_refused() {
        let cursors = Cursors::new(&[1; 32]);
        let (filter, sort) = (ProductFilter::published(), Sort::default());
        let cursor = cursors.seal(&filter, sort, place());
        for position in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(cursors.open(&filter, sort, &changed).is_err(), "{position}");
        }
        for bad in ["", "A", "=", "茶", &cursor[1..], &cursor[..cursor.len() - 1], &format!("{cursor}AAAA")] {
            assert!(cursors.open(&filter, sort, bad).is_err(), "{bad}");
        }
    }
}
