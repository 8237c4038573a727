//! What the shop sells: its categories, brands, kinds of products, and what is said about them, in English and Chinese.

mod beauty;
mod clothing;
mod computers;
mod electronics;
mod food;
mod garden;
mod home;
mod kitchen;
mod office;
mod shoes;
mod sports;
mod toys;

/// The same in English and in Chinese.
pub(crate) type Bilingual = (&'static str, &'static str);

/// One category.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// A plain word that needs no escaping in an address.
    pub(crate) category: &'static str,
    /// Invented names.
    pub(crate) brands: &'static [Bilingual],
    pub(crate) kinds: &'static [Kind],
    /// Sentences that fit each product of the category.
    pub(crate) remarks: &'static [Bilingual],
}

/// One kind of product, of which there are many.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) subcategory: &'static str,
    pub(crate) noun: Bilingual,
    /// What stands before the noun.
    pub(crate) qualities: &'static [Bilingual],
    /// What stands after it, if anything: a color, a size, a weight.
    pub(crate) variants: &'static [Bilingual],
    /// The cheapest and the dearest, in whole units of money.
    pub(crate) price_range: (i64, i64),
    /// Sentences that fit each product of the kind.
    pub(crate) facts: &'static [Bilingual],
}

/// All categories.
pub(crate) const SHELVES: [&Shelf; 12] = [
    &electronics::SHELF,
    &computers::SHELF,
    &kitchen::SHELF,
    &home::SHELF,
    &clothing::SHELF,
    &shoes::SHELF,
    &beauty::SHELF,
    &sports::SHELF,
    &toys::SHELF,
    &food::SHELF,
    &garden::SHELF,
    &office::SHELF,
];

/// Colors of things.
const COLORS: &[Bilingual] = &[
    ("Midnight Blue", "午夜蓝"),
    ("Charcoal", "炭灰色"),
    ("Ivory", "象牙白"),
    ("Sage Green", "鼠尾草绿"),
    ("Black", "黑色"),
    ("White", "白色"),
    ("Coral", "珊瑚色"),
    ("Sand", "沙色"),
];

/// The two colors that there always are.
const NEUTRALS: &[Bilingual] = &[("Black", "黑色"), ("White", "白色")];

/// Colors of what one wears.
const WEAR_COLORS: &[Bilingual] = &[
    ("Navy", "藏青色"),
    ("Black", "黑色"),
    ("Off-White", "米白色"),
    ("Khaki", "卡其色"),
    ("Burgundy", "酒红色"),
    ("Light Gray", "浅灰色"),
    ("Olive", "橄榄绿"),
];

/// Several in one parcel.
const PACKS: &[Bilingual] = &[("Set of 2", "两件装"), ("Set of 4", "四件装"), ("Set of 6", "六件装")];

/// Weights of what one eats.
const WEIGHTS: &[Bilingual] =
    &[("100 g", "100克"), ("250 g", "250克"), ("500 g", "500克"), ("1 kg", "1千克"), ("Gift Box", "礼盒装")];

/// Volumes of what comes in bottles.
const VOLUMES: &[Bilingual] =
    &[("50 ml", "50毫升"), ("100 ml", "100毫升"), ("200 ml", "200毫升"), ("Travel Size", "旅行装")];
