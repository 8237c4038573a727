#![doc = include_str!("../README.md")]

mod draw;
mod product;
mod shelves;

use larder_repository::ImportedProduct;

/// The first `count` demo products: the ids 1 to `count` in ascending order, each made later than the one before.
///
/// A product depends on its id alone: a larger `count` adds products and changes none.
pub fn products(count: u32) -> impl Iterator<Item = ImportedProduct> {
    (1..=count)
        .map(|number| product::product(number).expect("the tables keep every rule of the domain, as the tests show"))
}
