//! Text search: what is found, and what is not.

use larder_domain::{Product, ProductFilter, SearchWords, SortKey, Visibility};

use super::{
    Subject,
    questions::{NEWEST, assorted, expected, priced, search, smallest, sorts},
    samples::{all, all_in, plain, with},
    subject::imported,
};
use crate::ImportedProduct;

/// A product of these texts.
fn titled(id: i64, name: &str, description: &str) -> ImportedProduct {
    let draft = with(plain(&format!("S-{id}")), |draft| {
        draft.name = name.into();
        draft.description = description.into();
    });
    imported(id, id, draft)
}

/// Products of these names and descriptions, with ids from 1.
async fn titles(subject: &Subject, texts: &[(&str, &str)]) -> Vec<Product> {
    let products: Vec<_> = (1..).zip(texts).map(|(id, (name, description))| titled(id, name, description)).collect();
    subject.import_all(&products).await
}

/// Searches, and holds the answer against the contract; answers how many were found.
async fn check(subject: &Subject, products: &[Product], text: &str) -> usize {
    let found = subject.found(text).await;
    assert_eq!(found, expected(products, &search(text), NEWEST), "{text:?}");
    found.len()
}

pub async fn every_part_of_a_text_is_found(subject: Subject) {
    let texts = [("Ab-c便携z", "末 尾End🍵"), ("c便携", "b-"), ("Zz", "d🍵 末尾"), ("other", "")];
    let products = titles(&subject, &texts).await;
    for text in ["Ab-c便携z", "末尾", "尾End🍵", "携z末", "z末"] {
        let characters: Vec<char> = text.chars().collect();
        for from in 0..characters.len() {
            for to in from + 1..=characters.len() {
                let part: String = characters[from..to].iter().collect();
                check(&subject, &products, &part).await;
            }
        }
    }
    assert_eq!(check(&subject, &products, "Ab-c便携z").await, 1);
}

pub async fn words_of_one_two_and_many_characters_are_found(subject: Subject) {
    let texts = [
        ("便携式蓝牙音箱 象牙白", "Portable speaker. 续航二十小时。"),
        ("绿茶", "明前龙井茶叶，清香。"),
        ("Travel mug 保温杯", "Keeps tea hot for hours"),
        ("茶", ""),
    ];
    let products = titles(&subject, &texts).await;
    for (text, count) in [
        ("茶", 2),
        ("绿", 1),
        ("绿茶", 1),
        ("茶叶", 1),
        ("蓝牙", 1),
        ("音箱", 1),
        ("牙白", 1),
        ("。", 2),
        ("便携式蓝牙音箱", 1),
        ("续航二十小时。", 1),
        ("e", 2),
        ("ea", 2),
        ("tea", 1),
        ("s", 2),
        ("speaker", 1),
        ("rs", 1),
        ("z", 0),
        ("zz", 0),
        ("zzz", 0),
        ("茶茶", 0),
        ("叶茶", 0),
        ("红茶叶", 0),
    ] {
        assert_eq!(check(&subject, &products, text).await, count, "{text}");
    }
}

pub async fn a_word_is_not_found_across_name_and_description(subject: Subject) {
    let products = titles(&subject, &[("ab", "cd"), ("red", "tea"), ("茶", "杯")]).await;
    for (text, count) in [
        ("bc", 0),
        ("abc", 0),
        ("abcd", 0),
        ("dt", 0),
        ("edte", 0),
        ("茶杯", 0),
        ("b c", 1),
        ("cd ab", 1),
        ("茶 杯", 1),
    ] {
        assert_eq!(check(&subject, &products, text).await, count, "{text}");
    }
}

pub async fn all_of_several_words_have_to_occur(subject: Subject) {
    let texts =
        [("Green tea", "from the hills"), ("Green mug", "for tea 茶杯"), ("Red 茶", "green"), ("tea tea", "tea")];
    let products = titles(&subject, &texts).await;
    for (text, count) in [
        ("green tea", 2),
        ("tea green", 2),
        ("green 茶", 2),
        ("茶 杯", 1),
        ("e g", 3),
        ("gr 茶杯 mu", 1),
        ("tea teapot", 0),
        ("green red mug", 0),
        ("a b", 0),
        ("g r e n t a h i l s", 1),
        ("tea tea", 3),
    ] {
        assert_eq!(check(&subject, &products, text).await, count, "{text}");
    }
}

/// What means something to one database or another, in patterns, in the language of full-text queries, or in SQL.
const SYMBOLS: &str = r##"
    \ \s k\slash % %_ a%b _ 100％ ＿ ' '' o'n " "" "quoted" * ** ^ ^caret caret^ - -- -b + +plus : name: name:tea {name} {x,y}
    ( ) () (brackets) [ [a-z] AND and OR NOT NEAR NEAR(a NEAR( near ?1 $1 :id @x #tag ; , . <b>& &amp; NULL 0x61
"##;

pub async fn every_character_stands_for_itself(subject: Subject) {
    let texts = [
        ("100% cotton", "a_b and a-b"),
        ("1000 cotton", "axb"),
        (r"back\slash", r"C:\path"),
        ("O'Neill \"quoted\"", "it's; DROP TABLE products; --"),
        ("star * and ^caret", "name:tea {name} : tea"),
        ("(brackets)", "[a-z] {x,y} <b>&amp;"),
        ("AND OR NOT NEAR", "NEAR(a b, 3) +plus"),
        ("and or not near", "?1 $1 :id @x #tag"),
        ("%", "_"),
        ("100％", "＿"),
    ];
    let products = titles(&subject, &texts).await;
    for (text, count) in [("100%", 1), ("a_b", 1), ("%", 2), ("_", 2), ("%%", 0), ("__", 0), ("a*", 0), ("cott*", 0)] {
        assert_eq!(check(&subject, &products, text).await, count, "{text}");
    }
    for text in SYMBOLS.split_whitespace().chain(["NOT tea", "tea OR mug", "; --", "a_b a-b", "\" '", "( )", "% \\"]) {
        check(&subject, &products, text).await;
    }
}

pub async fn letters_are_found_in_either_case(subject: Subject) {
    let texts = [("Iron GODDESS", "Oolong"), ("iron goddess", "OOLONG"), ("plain", "nothing")];
    let products = titles(&subject, &texts).await;
    for text in ["IRON", "iron", "iRoN", "goddess", "N", "on", "OO", "oolong", "ooLONG Goddess"] {
        assert!(check(&subject, &products, text).await >= 2, "{text}");
    }
}

/// Beyond ASCII one letter is the small one of another at least in the scripts that are written most.
pub async fn letters_beyond_ascii_are_found_in_either_case(subject: Subject) {
    let texts = [("CAFÉ Ångström", "ПРИВЕТ"), ("café ångström", "привет"), ("ΑΩ", ""), ("cafe angstrom", "")];
    let products = titles(&subject, &texts).await;
    for (text, count) in [
        ("CAFÉ", 2),
        ("café", 2),
        ("É", 2),
        ("fé", 2),
        ("Ångström", 2),
        ("Привет", 2),
        ("Р", 2),
        ("αω", 1),
        ("Ω", 1),
        ("cafe", 1),
    ] {
        assert_eq!(check(&subject, &products, text).await, count, "{text}");
    }
}

pub async fn characters_beyond_the_basic_plane_are_found(subject: Subject) {
    let texts = [("茶🍵", "👩\u{200D}👩\u{200D}👧"), ("🍵", "🇨🇳"), ("𠮷野家", "𝕏"), ("\u{10FFFF}z", "e\u{301}")];
    let products = titles(&subject, &texts).await;
    for (text, count) in [
        ("🍵", 2),
        ("茶🍵", 1),
        ("👩\u{200D}👩", 1),
        ("👧", 1),
        ("🇨🇳", 1),
        ("𠮷", 1),
        ("𠮷野", 1),
        ("𠮷野家", 1),
        ("𝕏", 1),
        ("\u{10FFFF}", 1),
        ("\u{10FFFF}z", 1),
        ("e\u{301}", 1),
        ("\u{e9}", 0),
        ("🍶", 0),
    ] {
        assert_eq!(check(&subject, &products, text).await, count, "{text}");
    }
}

pub async fn the_longest_texts_are_searched_to_their_ends(subject: Subject) {
    let name = format!("始{}末尾", "名".repeat(197));
    let description = format!("起点{}End", "长 ".repeat(4_997).trim_end().to_owned() + "x");
    assert_eq!((name.chars().count(), description.chars().count()), (200, 9_999));
    let products = titles(&subject, &[(name.as_str(), description.as_str()), ("短", "")]).await;
    for text in ["始", "始名", "末尾", "尾", "名末尾", "起", "起点", "d", "nd", "end", "xend", "点长", name.as_str()]
    {
        assert_eq!(check(&subject, &products, text).await, 1, "{text}");
    }
    assert_eq!(check(&subject, &products, &"名".repeat(200)).await, 0);
    assert_eq!(check(&subject, &products, &"名".repeat(197)).await, 1);
}

pub async fn a_product_is_found_once_however_often_the_word_occurs(subject: Subject) {
    let products = titles(&subject, &[("aaaa aa", "aaa a"), ("aa", "茶茶茶"), ("a", "")]).await;
    for (text, count) in
        [("a", 3), ("aa", 2), ("aaa", 1), ("aaaa", 1), ("aaaaa", 0), ("茶", 1), ("茶茶", 1), ("茶茶茶茶", 0)]
    {
        assert_eq!(check(&subject, &products, text).await, count, "{text}");
    }
}

pub async fn no_words_are_no_search(subject: Subject) {
    let products = subject.import_all(&assorted(5)).await;
    assert!(SearchWords::parse(" \u{3000} ").expect("blank").is_empty());
    assert_eq!(check(&subject, &products, "").await, 5);
}

pub async fn searches_filters_and_sorts_combine(subject: Subject) {
    let products = subject.import_all(&assorted(60)).await;
    for sort in sorts() {
        for text in ["tea", "茶", "绿茶", "t", "tea pot", "1", "壶 2"] {
            for base in [all(), all_in("tea"), priced(Some(250), Some(250)), priced(None, Some(100))] {
                let words = SearchWords::parse(text).expect("valid words");
                let filter = ProductFilter { words, featured: Some(text == "t"), ..base };
                for filter in [ProductFilter { featured: None, ..filter.clone() }, filter] {
                    let ids = expected(&products, &filter, sort);
                    assert_eq!(subject.sorted(&filter, sort).await, ids, "{filter:?} {sort:?}");
                }
            }
        }
    }
}

pub async fn a_search_shows_only_what_may_be_seen(subject: Subject) {
    let products = subject.import_all(&assorted(30)).await;
    for text in ["tea", "茶", "绿茶壶"] {
        let filter = ProductFilter { visibility: Visibility::Published, ..search(text) };
        let ids = expected(&products, &filter, smallest(SortKey::Price));
        assert!(ids.len() < expected(&products, &search(text), NEWEST).len());
        assert_eq!(subject.sorted(&filter, smallest(SortKey::Price)).await, ids, "{text}");
    }
}
