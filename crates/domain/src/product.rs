//! The product as the database holds it and the wire shows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use crate::{Category, Price, ProductId, Rating, Version, decimal::Percent};

/// One product of the catalogue.
///
/// Its JSON has these fields in this order, with `discount_rate` after `original_price`; a golden file pins it. Times have
/// microseconds, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Product {
    /// Given by the database.
    pub id: ProductId,
    /// Display name, 1 to 200 characters.
    pub name: String,
    /// Free text of at most 10,000 characters; may be empty.
    pub description: String,
    /// What it costs now.
    pub price: Price,
    /// What it cost before a reduction, if it was reduced.
    pub original_price: Option<Price>,
    /// Pieces in stock.
    pub stock: i64,
    /// Stock-keeping unit: unique, 1 to 64 characters.
    pub sku: String,
    /// Where it is listed.
    pub category: Category,
    /// A finer place within the category.
    pub subcategory: Option<String>,
    /// Who makes it.
    pub brand: Option<String>,
    /// Pieces sold.
    pub sales: i64,
    /// How often it was looked at.
    pub popularity: i64,
    /// Average of its reviews.
    pub rating: Rating,
    /// Number of its reviews.
    pub review_count: i64,
    /// Whether anonymous readers see it.
    pub is_published: bool,
    /// Whether it is put forward.
    pub is_featured: bool,
    /// Address of its picture.
    pub main_image_url: Option<String>,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// Moves with every change of the row.
    pub version: Version,
}

impl Product {
    /// By how many percent the price lies below the original price, with two decimals; derived, never stored.
    pub fn discount_rate(&self) -> Percent {
        Percent(self.price.discount_from(self.original_price))
    }
}

impl Serialize for Product {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut wire = serializer.serialize_struct("Product", 21)?;
        wire.serialize_field("id", &self.id)?;
        wire.serialize_field("name", &self.name)?;
        wire.serialize_field("description", &self.description)?;
        wire.serialize_field("price", &self.price)?;
        wire.serialize_field("original_price", &self.original_price)?;
        wire.serialize_field("discount_rate", &self.discount_rate())?;
        wire.serialize_field("stock", &self.stock)?;
        wire.serialize_field("sku", &self.sku)?;
        wire.serialize_field("category", &self.category)?;
        wire.serialize_field("subcategory", &self.subcategory)?;
        wire.serialize_field("brand", &self.brand)?;
        wire.serialize_field("sales", &self.sales)?;
        wire.serialize_field("popularity", &self.popularity)?;
        wire.serialize_field("rating", &self.rating)?;
        wire.serialize_field("review_count", &self.review_count)?;
        wire.serialize_field("is_published", &self.is_published)?;
        wire.serialize_field("is_featured", &self.is_featured)?;
        wire.serialize_field("main_image_url", &self.main_image_url)?;
        wire.serialize_field("created_at", &self.created_at)?;
        wire.serialize_field("updated_at", &self.updated_at)?;
        wire.serialize_field("version", &self.version)?;
        wire.end()
    }
}
