//! How the words of a search are asked for.
//!
//! Letters are found in either case as far as the tokenizer of FTS5 knows them: those of Latin, Greek, Cyrillic and the other scripts that had
//! two cases in Unicode 6.1. Letters of later ones, and the Turkish capital İ, are found as small letters only.

use larder_domain::SearchWords;

use super::conditions::Conditions;

/// From this many characters on, a word is a phrase of the index.
const PHRASE: usize = 3;

const BY_PHRASES: &str = "id IN (SELECT rowid FROM products_text WHERE products_text MATCH ?)";
const BY_TERMS: &str = "id IN (SELECT doc FROM products_terms WHERE term >= ? AND term < ?)";
const IN_TEXTS: &str = "(instr(lower(name), ?) > 0 OR instr(lower(description), ?) > 0)";
/// Behind every term that begins with something.
const LAST: char = char::MAX;

/// Asks for all of the words: the long ones at once, each short one by the terms that begin with it. A short word that needs no more than
/// SQLite's own small letters is looked for in what the others found, because letters that are everywhere are in very many terms.
pub(super) fn add(words: &SearchWords, conditions: &mut Conditions) {
    let (long, short): (Vec<_>, Vec<_>) = words.as_slice().iter().partition(|word| word.chars().count() >= PHRASE);
    let (mut plain, marked): (Vec<_>, Vec<_>) = short.into_iter().partition(|word| is_plain(word));
    plain.sort_by_key(|word| word.chars().count());
    let mut by_terms = marked;
    if long.is_empty() && by_terms.is_empty() {
        by_terms.extend(plain.pop());
    }
    if !long.is_empty() {
        conditions.add(BY_PHRASES, [phrases(&long).into()]);
    }
    for word in by_terms {
        let beginning: String = word.chars().map(folded).collect();
        conditions.add(BY_TERMS, [beginning.clone().into(), format!("{beginning}{LAST}").into()]);
    }
    for word in plain {
        conditions.add(IN_TEXTS, [word.clone().into(), word.clone().into()]);
    }
}

/// The words as phrases, in which nothing but the quotation mark has a meaning.
fn phrases(words: &[&String]) -> String {
    let phrases: Vec<_> = words.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
    phrases.join(" AND ")
}

/// Whether each character of the word, which is in small letters, is ASCII or has no other case. (The index takes the signs ſ and K for the
/// letters s and k besides; SQLite's own small letters don't.)
fn is_plain(word: &str) -> bool {
    word.chars().all(|character| character.is_ascii() || character.to_uppercase().eq([character]))
}

/// A small letter as FTS5 keeps it: those that are another form of a letter become that letter.
fn folded(letter: char) -> char {
    match letter {
        'µ' => 'μ',
        'ſ' => 's',
        '\u{345}' | '\u{1fbe}' => 'ι',
        'ς' => 'σ',
        'ϐ' => 'β',
        'ϑ' => 'θ',
        'ϕ' => 'φ',
        'ϖ' => 'π',
        'ϰ' => 'κ',
        'ϱ' => 'ρ',
        'ϵ' => 'ε',
        'ẛ' => 'ṡ',
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        _ => letter,
    }
}
