//! Values at the ends of their ranges come back as they went in.

use larder_domain::{Price, Rating};

use super::{
    Subject,
    samples::{plain, price, rating, with},
};

const MAX_COUNT: i64 = 1_000_000_000_000;

pub async fn prices_are_exact_at_both_ends_of_the_range(subject: Subject) {
    for hundredths in [0, 1, 10, 99, 46_179, 999_999_999_998, Price::MAX_HUNDREDTHS] {
        let draft = with(plain(&format!("P-{hundredths}")), |draft| {
            draft.price = price(hundredths);
            draft.original_price = Some(price(Price::MAX_HUNDREDTHS - hundredths));
        });
        let made = subject.create(&draft).await;
        assert_eq!(made.price.hundredths(), hundredths);
        assert_eq!(made.original_price, draft.original_price);
        assert_eq!(made.price.to_string(), draft.price.to_string(), "two decimals, always");
    }
}

pub async fn ratings_are_exact(subject: Subject) {
    for hundredths in [0, 1, 437, 499, Rating::MAX_HUNDREDTHS] {
        let draft = with(plain(&format!("R-{hundredths}")), |draft| draft.rating = Some(rating(hundredths)));
        assert_eq!(subject.create(&draft).await.rating.hundredths(), hundredths);
    }
}

pub async fn counts_are_exact_beyond_32_bits(subject: Subject) {
    for count in [0, i64::from(i32::MAX) + 1, MAX_COUNT] {
        let draft = with(plain(&format!("C-{count}")), |draft| {
            draft.stock = count;
            draft.sales = Some(count);
            draft.popularity = Some(count);
            draft.review_count = Some(count);
        });
        let made = subject.create(&draft).await;
        assert_eq!((made.stock, made.sales, made.popularity, made.review_count), (count, count, count, count));
    }
}

pub async fn any_text_comes_back_unchanged(subject: Subject) {
    let texts = [
        "便携式蓝牙音箱",
        "茶 🍵 👩‍👩‍👧‍👦 🇨🇳",
        "\u{10FFFF}\u{200F}\u{FEFF}",
        "مرحبا",
        " spaces around ",
        "'; DROP TABLE products; --",
        r#"\ " \u0000 \x00 %s ${x} {{y}} <b>&amp;"#,
        "NULL",
        "0123",
        "e\u{301} is not \u{e9}",
    ];
    for text in texts {
        let draft = with(plain(text), |draft| {
            draft.name = text.into();
            draft.description = format!("{text}\n\t\r\n{text}");
            draft.subcategory = Some(text.into());
            draft.brand = Some(text.into());
            draft.main_image_url = Some(format!("/images/{text}"));
        });
        let made = subject.create(&draft).await;
        assert_eq!((&made.name, &made.description, &made.sku), (&draft.name, &draft.description, &draft.sku));
        assert_eq!((made.subcategory, made.brand), (draft.subcategory, draft.brand));
        assert_eq!(made.main_image_url, draft.main_image_url);
    }
}

pub async fn the_longest_texts_fit(subject: Subject) {
    for character in ["x", "茶", "🍵"] {
        let draft = with(plain(&character.repeat(64)), |draft| {
            draft.name = character.repeat(200);
            draft.description = character.repeat(10_000);
            draft.subcategory = Some(character.repeat(64));
            draft.brand = Some(character.repeat(100));
            draft.main_image_url = Some(format!("/{}", character.repeat(2_047)));
        });
        let made = subject.create(&draft).await;
        assert_eq!((made.name, made.description, made.sku), (draft.name, draft.description, draft.sku));
        assert_eq!(made.main_image_url, draft.main_image_url);
    }
}

pub async fn skus_that_differ_in_any_character_are_different(subject: Subject) {
    for sku in ["A-1", "a-1", "A-1 ", " A-1", "Ａ-1", "\u{e9}", "e\u{301}"] {
        assert_eq!(subject.create(&plain(sku)).await.sku, sku);
    }
}
