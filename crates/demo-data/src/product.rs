//! One product, made from its number alone.

use jiff::Timestamp;
use larder_domain::{Category, Price, ProductDraft, ProductId, Rating, ValidationError};
use larder_repository::ImportedProduct;

use crate::{
    draw::Draw,
    shelves::{Bilingual, Kind, SHELVES, Shelf},
};

/// When the shop opened, in seconds of the Unix epoch: 2024-01-01.
const OPENED: i64 = 1_704_067_200;
/// Seconds from one product to the next: the millionth is of March 2025, and the last that a `u32` can number of the year 7062.
const PACE: i64 = 37;

/// The product of this number, which is at least 1.
///
/// # Errors
/// When a text or number of ours breaks a rule of the domain. The tests show that none does.
pub(crate) fn product(number: u32) -> Result<ImportedProduct, ValidationError> {
    let mut draw = Draw::of_product(number);
    let id = i64::from(number);
    let created_at = Timestamp::from_second(OPENED + id * PACE + draw.below(PACE));
    let created_at = created_at.map_err(|error| ValidationError::new("created_at", error.to_string()))?;
    Ok(ImportedProduct { id: ProductId::new(id)?, created_at, draft: draft(number, &mut draw)? })
}

fn draft(number: u32, draw: &mut Draw) -> Result<ProductDraft, ValidationError> {
    let shelf = *draw.one_of(&SHELVES);
    let kind = draw.one_of(shelf.kinds);
    let tongue = if draw.percent(50) { Tongue::English } else { Tongue::Chinese };
    let brand = tongue.of(*draw.one_of(shelf.brands));
    let (price, original_price) = prices(kind, draw)?;
    let name = tongue.name(brand, kind, draw);
    let mut draft = ProductDraft::new(name, price, sku(shelf, kind, number), Category::new(shelf.category)?);
    draft.description = tongue.description(shelf, kind, draw);
    draft.original_price = original_price;
    draft.stock = stock(draw);
    draft.subcategory = Some(kind.subcategory.to_owned());
    draft.brand = Some(brand.to_owned());
    set_figures(&mut draft, draw)?;
    draft.is_published = draw.percent(95);
    draft.is_featured = draw.percent(8);
    draft.main_image_url = Some(image(shelf, kind));
    Ok(draft)
}

/// The language of a product's texts.
#[derive(Debug, Clone, Copy)]
enum Tongue {
    English,
    Chinese,
}

impl Tongue {
    fn of(self, (english, chinese): Bilingual) -> &'static str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// "Tidelark Portable Bluetooth Speaker, Ivory" or "潮雀便携式蓝牙音箱 象牙白".
    fn name(self, brand: &str, kind: &Kind, draw: &mut Draw) -> String {
        let (quality, noun) = (self.of(*draw.one_of(kind.qualities)), self.of(kind.noun));
        let variant = if kind.variants.is_empty() { None } else { Some(self.of(*draw.one_of(kind.variants))) };
        match (self, variant) {
            (Self::English, Some(variant)) => format!("{brand} {quality} {noun}, {variant}"),
            (Self::English, None) => format!("{brand} {quality} {noun}"),
            (Self::Chinese, Some(variant)) => format!("{brand}{quality}{noun} {variant}"),
            (Self::Chinese, None) => format!("{brand}{quality}{noun}"),
        }
    }

    /// One to three sentences.
    fn description(self, shelf: &Shelf, kind: &Kind, draw: &mut Draw) -> String {
        let mut sentences = vec![self.of(*draw.one_of(kind.facts))];
        if draw.percent(70) {
            sentences.push(self.of(*draw.one_of(shelf.remarks)));
        }
        if draw.percent(40) {
            let further = kind.facts.iter().map(|fact| self.of(*fact)).find(|fact| *fact != sentences[0]);
            sentences.splice(1..1, further);
        }
        match self {
            Self::English => sentences.join(" "),
            Self::Chinese => sentences.concat(),
        }
    }
}

/// What it costs, and what it cost before if it is one of the quarter that is reduced. Cheap ones are more common than dear ones.
fn prices(kind: &Kind, draw: &mut Draw) -> Result<(Price, Option<Price>), ValidationError> {
    let (cheapest, dearest) = kind.price_range;
    let share = draw.below(1_000);
    let whole = cheapest + (dearest - cheapest) * share * share / 1_000_000;
    let hundredths = whole * 100 + draw.one_of(&[0, 0, 50, 90, 90, 95, 99]);
    let original = if draw.percent(25) {
        let reduced_by = 5 * (1 + draw.below(10));
        // Rounded up to whole units, as shops do.
        Some(Price::from_hundredths((hundredths / (100 - reduced_by) + 1) * 100)?)
    } else {
        None
    };
    Ok((Price::from_hundredths(hundredths)?, original))
}

/// Some are sold out, most have a few dozen.
fn stock(draw: &mut Draw) -> i64 {
    if draw.percent(4) { 0 } else { draw.long_tailed(12).min(20_000) }
}

/// Who looks buys now and then, and who bought reviews now and then; what nobody reviewed has no rating.
fn set_figures(draft: &mut ProductDraft, draw: &mut Draw) -> Result<(), ValidationError> {
    let popularity = draw.long_tailed(200);
    let sales = popularity * (10 + draw.below(140)) / 1_000;
    let review_count = sales * (5 + draw.below(30)) / 100;
    let rating = if review_count == 0 { 0 } else { 300 + (0..4).map(|_| draw.below(51)).sum::<i64>() };
    draft.popularity = Some(popularity);
    draft.sales = Some(sales);
    draft.review_count = Some(review_count);
    draft.rating = Some(Rating::from_hundredths(rating)?);
    Ok(())
}

/// Ends in the product's number, so that no two are the same: "ELE-AUD-0000122".
fn sku(shelf: &Shelf, kind: &Kind, number: u32) -> String {
    let mark = |word: &str| word.chars().take(3).collect::<String>().to_uppercase();
    format!("{}-{}-{number:07}", mark(shelf.category), mark(kind.subcategory))
}

/// "/images/electronics/bluetooth-speaker.jpg".
fn image(shelf: &Shelf, kind: &Kind) -> String {
    let slug: String = kind.noun.0.chars().filter(|character| *character != '\'').collect();
    format!("/images/{}/{}.jpg", shelf.category, slug.to_lowercase().replace(' ', "-"))
}
