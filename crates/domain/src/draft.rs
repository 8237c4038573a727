//! What a client sends to make, replace or patch a product, and the rules that it has to keep.

use serde::{Deserialize, Deserializer, de::IgnoredAny};

use crate::{Category, Price, Rating, ValidationError, error::Violations, text::TextRule};

const NAME: TextRule = TextRule::line("name", 1, 200);
const DESCRIPTION: TextRule = TextRule { field: "description", min_chars: 0, max_chars: 10_000, multiline: true };
const SKU: TextRule = TextRule::line("sku", 1, 64);
const SUBCATEGORY: TextRule = TextRule::line("subcategory", 1, 64);
const BRAND: TextRule = TextRule::line("brand", 1, 100);
const MAIN_IMAGE_URL: TextRule = TextRule::line("main_image_url", 1, 2_048);
/// The largest count of pieces, sales, views or reviews: far from the end of 64 bits, so that sums stay exact.
const MAX_COUNT: i64 = 1_000_000_000_000;

/// A whole product without what the database gives: the body of POST and PUT.
///
/// `stock`, `is_published` and `is_featured` default to `0`, `true` and `false`. The four figures (`sales`, `popularity`,
/// `rating`, `review_count`) may be left out: a new product then starts at zero and a replaced one keeps its own. What only
/// the database sets (`id`, `discount_rate`, `created_at`, `updated_at`, `version`) is accepted and ignored, so that a client
/// can GET, edit and PUT; any other unknown field is an error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of Product and documented there")]
pub struct ProductDraft {
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub price: Price,
    #[serde(default)]
    pub original_price: Option<Price>,
    #[serde(default)]
    pub stock: i64,
    pub sku: String,
    pub category: Category,
    #[serde(default)]
    pub subcategory: Option<String>,
    #[serde(default)]
    pub brand: Option<String>,
    #[serde(default)]
    pub sales: Option<i64>,
    #[serde(default)]
    pub popularity: Option<i64>,
    #[serde(default)]
    pub rating: Option<Rating>,
    #[serde(default)]
    pub review_count: Option<i64>,
    #[serde(default = "published")]
    pub is_published: bool,
    #[serde(default)]
    pub is_featured: bool,
    #[serde(default)]
    pub main_image_url: Option<String>,
    #[serde(default)]
    id: ReadOnly,
    #[serde(default)]
    discount_rate: ReadOnly,
    #[serde(default)]
    created_at: ReadOnly,
    #[serde(default)]
    updated_at: ReadOnly,
    #[serde(default)]
    version: ReadOnly,
}

impl ProductDraft {
    /// A draft of what every product must have; the rest is at its default and may be set field by field.
    pub fn new(name: impl Into<String>, price: Price, sku: impl Into<String>, category: Category) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            price,
            original_price: None,
            stock: 0,
            sku: sku.into(),
            category,
            subcategory: None,
            brand: None,
            sales: None,
            popularity: None,
            rating: None,
            review_count: None,
            is_published: published(),
            is_featured: false,
            main_image_url: None,
            id: ReadOnly,
            discount_rate: ReadOnly,
            created_at: ReadOnly,
            updated_at: ReadOnly,
            version: ReadOnly,
        }
    }

    /// Checks every rule that a type cannot hold.
    ///
    /// # Errors
    /// Lists each field that breaks a rule.
    pub fn validate(&self) -> Result<(), ValidationError> {
        let mut violations = Violations::default();
        NAME.check(&self.name, &mut violations);
        DESCRIPTION.check(&self.description, &mut violations);
        SKU.check(&self.sku, &mut violations);
        check_optional(SUBCATEGORY, self.subcategory.as_deref(), &mut violations);
        check_optional(BRAND, self.brand.as_deref(), &mut violations);
        check_url(self.main_image_url.as_deref(), &mut violations);
        check_count("stock", Some(self.stock), &mut violations);
        check_count("sales", self.sales, &mut violations);
        check_count("popularity", self.popularity, &mut violations);
        check_count("review_count", self.review_count, &mut violations);
        violations.into_result()
    }
}

/// Some fields of a product: the body of PATCH, a JSON merge patch (RFC 7396).
///
/// A field left out stays; `null` clears a field that may be absent and is an error for one that may not. Unknown fields and
/// those that only the database sets are errors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields are those of Product and documented there")]
pub struct ProductPatch {
    #[serde(deserialize_with = "required")]
    pub name: Option<String>,
    #[serde(deserialize_with = "required")]
    pub description: Option<String>,
    #[serde(deserialize_with = "required")]
    pub price: Option<Price>,
    #[serde(deserialize_with = "clearable")]
    pub original_price: Option<Option<Price>>,
    #[serde(deserialize_with = "required")]
    pub stock: Option<i64>,
    #[serde(deserialize_with = "required")]
    pub sku: Option<String>,
    #[serde(deserialize_with = "required")]
    pub category: Option<Category>,
    #[serde(deserialize_with = "clearable")]
    pub subcategory: Option<Option<String>>,
    #[serde(deserialize_with = "clearable")]
    pub brand: Option<Option<String>>,
    #[serde(deserialize_with = "required")]
    pub sales: Option<i64>,
    #[serde(deserialize_with = "required")]
    pub popularity: Option<i64>,
    #[serde(deserialize_with = "required")]
    pub rating: Option<Rating>,
    #[serde(deserialize_with = "required")]
    pub review_count: Option<i64>,
    #[serde(deserialize_with = "required")]
    pub is_published: Option<bool>,
    #[serde(deserialize_with = "required")]
    pub is_featured: Option<bool>,
    #[serde(deserialize_with = "clearable")]
    pub main_image_url: Option<Option<String>>,
}

impl ProductPatch {
    /// Checks every rule that a type cannot hold, for the fields that are set.
    ///
    /// # Errors
    /// Lists each field that breaks a rule; a patch that sets nothing is an error as well.
    pub fn validate(&self) -> Result<(), ValidationError> {
        if *self == Self::default() {
            return Err(ValidationError::new("body", "must set at least one field"));
        }
        let mut violations = Violations::default();
        check_optional(NAME, self.name.as_deref(), &mut violations);
        check_optional(DESCRIPTION, self.description.as_deref(), &mut violations);
        check_optional(SKU, self.sku.as_deref(), &mut violations);
        check_optional(SUBCATEGORY, set(self.subcategory.as_ref()), &mut violations);
        check_optional(BRAND, set(self.brand.as_ref()), &mut violations);
        check_url(set(self.main_image_url.as_ref()), &mut violations);
        check_count("stock", self.stock, &mut violations);
        check_count("sales", self.sales, &mut violations);
        check_count("popularity", self.popularity, &mut violations);
        check_count("review_count", self.review_count, &mut violations);
        violations.into_result()
    }
}

/// The text that a clearable field is set to, if it is set and not cleared.
fn set(field: Option<&Option<String>>) -> Option<&str> {
    field.and_then(|value| value.as_deref())
}

fn check_optional(rule: TextRule, text: Option<&str>, violations: &mut Violations) {
    if let Some(text) = text {
        rule.check(text, violations);
    }
}

fn check_url(url: Option<&str>, violations: &mut Violations) {
    check_optional(MAIN_IMAGE_URL, url, violations);
    if let Some(url) = url {
        let usable = ["https://", "http://", "/"].iter().any(|start| url.starts_with(start));
        violations.require(usable, MAIN_IMAGE_URL.field, "must start with https://, http:// or /");
    }
}

fn check_count(field: &'static str, count: Option<i64>, violations: &mut Violations) {
    let in_range = count.is_none_or(|count| (0..=MAX_COUNT).contains(&count));
    violations.require(in_range, field, "must be from 0 to 1000000000000");
}

fn published() -> bool {
    true
}

/// Accepts any JSON value and keeps nothing of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct ReadOnly;

impl<'de> Deserialize<'de> for ReadOnly {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// A field of a patch that may be left out, but not be `null`.
fn required<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A field of a patch that may be left out (outer `None`) or `null` (inner `None`).
fn clearable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"{"name":"Tea","price":1.50,"sku":"T-1","category":"drinks"}"#;

    fn draft() -> ProductDraft {
        serde_json::from_str(MINIMAL).expect("a valid draft")
    }

    fn broken_field(draft: &ProductDraft) -> &'static str {
        draft.validate().expect_err("breaks a rule").violations()[0].field
    }

    #[test]
    fn a_minimal_draft_is_published_and_empty() {
        let draft = draft();
        assert_eq!(draft.validate(), Ok(()));
        assert!(draft.is_published && !draft.is_featured);
        assert_eq!((draft.stock, draft.sales, draft.brand), (0, None, None));
    }

    #[test]
    fn a_product_read_from_the_api_can_be_sent_back() {
        let body =
            MINIMAL.replace('{', r#"{"id":7,"version":3,"discount_rate":0.00,"created_at":"x","updated_at":null,"#);
        assert_eq!(serde_json::from_str::<ProductDraft>(&body).expect("accepted"), draft());
    }

    #[test]
    fn unknown_duplicate_missing_and_mistyped_fields_are_refused() {
        for body in [
            MINIMAL.replace('{', r#"{"colour":"red","#),
            MINIMAL.replace('{', r#"{"name":"twice","#),
            MINIMAL.replace(r#""sku":"T-1","#, ""),
            MINIMAL.replace("1.50", "\"1.50\""),
            MINIMAL.replace("1.50", "1.505"),
            MINIMAL.replace('{', r#"{"stock":1.5,"#),
        ] {
            assert!(serde_json::from_str::<ProductDraft>(&body).is_err(), "{body}");
        }
    }

    #[test]
    fn texts_and_counts_out_of_range_name_their_field() {
        assert_eq!(broken_field(&ProductDraft { name: "x".repeat(300), ..draft() }), "name");
        assert_eq!(broken_field(&ProductDraft { name: " ".into(), ..draft() }), "name");
        assert_eq!(broken_field(&ProductDraft { name: "a\0b".into(), ..draft() }), "name");
        assert_eq!(broken_field(&ProductDraft { description: "\0".into(), ..draft() }), "description");
        assert_eq!(broken_field(&ProductDraft { stock: -1, ..draft() }), "stock");
        assert_eq!(broken_field(&ProductDraft { sales: Some(-1), ..draft() }), "sales");
        assert_eq!(
            broken_field(&ProductDraft { main_image_url: Some("javascript:alert(1)".into()), ..draft() }),
            "main_image_url"
        );
    }

    #[test]
    fn two_hundred_chinese_characters_are_a_name() {
        assert_eq!(ProductDraft { name: "茶".repeat(200), ..draft() }.validate(), Ok(()));
    }

    #[test]
    fn a_patch_tells_left_out_from_cleared() {
        let patch: ProductPatch = serde_json::from_str(r#"{"brand":null,"price":2}"#).expect("a valid patch");
        assert_eq!(patch.brand, Some(None));
        assert_eq!(patch.subcategory, None);
        assert_eq!(patch.validate(), Ok(()));
    }

    #[test]
    fn a_patch_cannot_clear_what_must_be_there_nor_set_what_is_given() {
        for body in [r#"{"name":null}"#, r#"{"version":3}"#, r#"{"id":3}"#, r#"{"price":1,"price":2}"#] {
            assert!(serde_json::from_str::<ProductPatch>(body).is_err(), "{body}");
        }
        assert!(ProductPatch::default().validate().is_err());
    }
}
