//! The questions: what each route asks of the database when nothing is cached.

use anyhow::{Context, Result, bail};
use larder_domain::{
    Category, PageParts, PageRequest, Price, PriceRange, ProductFilter, ProductId, ProductQuery, SearchWords, Sort,
    SortKey, SortOrder, Window,
};
use larder_repository::{Freshness, ProductRepository};
use larder_repository_postgres::PostgresProducts;

/// Steps of a prime length, so that the ids asked for are spread.
const STRIDE: usize = 7_919;

/// Something to ask.
pub(crate) struct Question {
    pub(crate) name: &'static str,
    asked: Asked,
}

enum Asked {
    /// One of so many products.
    Product(usize),
    /// Ids of a list, and then its products, or only its total.
    List(ProductQuery),
    /// What follows a page, by a cursor that is not known yet.
    Following(PageRequest),
    Stats,
}

impl Question {
    /// Finds out what has to be known before it can be asked.
    pub(crate) async fn prepare(&mut self, products: &PostgresProducts) -> Result<()> {
        if let Asked::Following(page) = self.asked {
            self.asked = cursor(products, page).await?;
        }
        Ok(())
    }

    pub(crate) async fn ask(&self, products: &PostgresProducts, turn: usize) -> Result<()> {
        match &self.asked {
            Asked::Product(count) => {
                let id = ProductId::new(i64::try_from(turn * STRIDE % count + 1)?)?;
                products.get(id, Freshness::Latest).await?.value.context("the product is there")?;
            }
            Asked::List(query) => {
                let page = products.find(query, Freshness::Latest).await?.value;
                if !page.ids.is_empty() {
                    products.get_many(&page.ids, Freshness::Latest).await?;
                }
            }
            Asked::Following(_) => bail!("{} was not prepared", self.name),
            Asked::Stats => {
                products.stats(Freshness::Latest).await?;
            }
        }
        Ok(())
    }
}

fn list(name: &'static str, filter: ProductFilter, sort: Sort, page: PageRequest) -> Question {
    let query = ProductQuery { filter, sort, window: Window::Page(page), parts: PageParts::Ids };
    Question { name, asked: Asked::List(query) }
}

fn total(name: &'static str, filter: ProductFilter) -> Result<Question> {
    let query = ProductQuery { parts: PageParts::Total, ..ProductQuery::newest(filter, PageRequest::new(1, 20)?) };
    Ok(Question { name, asked: Asked::List(query) })
}

/// All of them, of a catalogue of `count` demo products.
pub(crate) fn all(count: u32) -> Result<Vec<Question>> {
    let everything = ProductFilter::published;
    let page = PageRequest::new(1, 20)?;
    let newest = Sort::default();
    let deep = PageRequest::new(count / 20 * 9 / 10, 20)?;
    let mut questions = vec![
        Question { name: "one product", asked: Asked::Product(usize::try_from(count)?) },
        list("newest, page 1", everything(), newest, page),
        Question { name: "newest, by cursor after nine tenths", asked: Asked::Following(deep) },
        list("newest, by number after nine tenths", everything(), newest, deep),
        total("newest, total", everything())?,
        list(
            "hot of a category",
            ProductFilter { category: Some(Category::new("food")?), ..everything() },
            Sort::HOT,
            page,
        ),
        list("popular", everything(), Sort::HOT, page),
        list("featured by rating", ProductFilter { featured: Some(true), ..everything() }, by(SortKey::Rating), page),
    ];
    questions.extend(prices(page)?);
    questions.extend(searches(page)?);
    questions.push(Question { name: "statistics", asked: Asked::Stats });
    Ok(questions)
}

fn by(key: SortKey) -> Sort {
    Sort { key, order: SortOrder::Descending }
}

/// What follows the page that is asked for.
async fn cursor(products: &PostgresProducts, page: PageRequest) -> Result<Asked> {
    let before = ProductQuery { parts: PageParts::Ids, ..ProductQuery::newest(ProductFilter::published(), page) };
    let place = products.find(&before, Freshness::Latest).await?.value.next.context("products follow")?;
    Ok(Asked::List(ProductQuery { window: Window::After { place, size: page.size() }, ..before }))
}

fn prices(page: PageRequest) -> Result<Vec<Question>> {
    let between = |low, high| -> Result<ProductFilter> {
        let prices = PriceRange::new(Some(Price::from_hundredths(low)?), Some(Price::from_hundredths(high)?))?;
        Ok(ProductFilter { prices, ..ProductFilter::published() })
    };
    Ok(vec![
        list("a wide range of prices, by popularity", between(1_000, 10_000)?, by(SortKey::Popularity), page),
        list("a narrow range of prices, by popularity", between(99_900, 99_999)?, by(SortKey::Popularity), page),
        total("a wide range of prices, total", between(1_000, 10_000)?)?,
    ])
}

fn searches(page: PageRequest) -> Result<Vec<Question>> {
    let of = |text: &str| -> Result<ProductFilter> {
        Ok(ProductFilter { words: SearchWords::parse(text)?, ..ProductFilter::published() })
    };
    let popular = by(SortKey::Popularity);
    Ok(vec![
        list("search an English word (speaker)", of("speaker")?, popular, page),
        total("search an English word, total", of("speaker")?)?,
        list("search two Chinese characters (蓝牙)", of("蓝牙")?, popular, page),
        total("search two Chinese characters, total", of("蓝牙")?)?,
        list("search one Chinese character (茶)", of("茶")?, popular, page),
        list("search a word in a quarter of all (the)", of("the")?, popular, page),
        total("search a word in a quarter of all, total", of("the")?)?,
        list("search one letter (e)", of("e")?, popular, page),
        total("search one letter, total", of("e")?)?,
        list("search two words (wireless black)", of("wireless black")?, popular, page),
        list("search without a hit (zyzzyva)", of("zyzzyva")?, popular, page),
        list("search without a hit, of common letters (stonerine)", of("stonerine")?, popular, page),
        list(
            "the cheapest with a common word (the)",
            of("the")?,
            Sort { key: SortKey::Price, order: SortOrder::Ascending },
            page,
        ),
    ])
}
