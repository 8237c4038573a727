//! Entity tags: of any representation, and of a product, where counting views must not look like an edit.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A strong entity tag (RFC 9110 §8.8.3): 64 bits of XXH3 over the representation as 16 hexadecimal digits, and for one product
/// 16 more digits over what people edit of it; in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityTag {
    whole: u64,
    edited: Option<u64>,
}

impl EntityTag {
    /// The tag of a representation.
    pub fn of(representation: &[u8]) -> Self {
        Self { whole: xxh3_64(representation), edited: None }
    }

    /// The tag of a product: `whole` moves with every byte of it, `edited` with what people edit.
    pub(crate) fn of_product(whole: u64, edited: u64) -> Self {
        Self { whole, edited: Some(edited) }
    }

    /// How many bytes its text has.
    pub fn text_bytes(self) -> usize {
        if self.edited.is_some() { 34 } else { 18 }
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Digit by digit through the formatter would cost as much as all the rest of a tag.
        let mut text = [b'"'; 34];
        let halves = [self.whole, self.edited.unwrap_or_default()].map(u64::to_be_bytes);
        for (digits, byte) in text[1..33].chunks_exact_mut(2).zip(halves.into_iter().flatten()) {
            digits.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        if self.edited.is_none() {
            text[17] = b'"';
        }
        let text = str::from_utf8(&text[..self.text_bytes()]).map_err(|_impossible| fmt::Error)?;
        f.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_belongs_to_the_bytes() {
        assert_ne!(EntityTag::of(b"1"), EntityTag::of(b"2"));
        let tag = |whole, edited| EntityTag { whole, edited };
        for (tag, text) in [
            (tag(0xfedc_ba98_7654_3210, None), "\"fedcba9876543210\""),
            (tag(1, Some(0xabc)), "\"00000000000000010000000000000abc\""),
        ] {
            assert_eq!(tag.to_string(), text);
            assert_eq!(tag.text_bytes(), text.len());
        }
    }
}
