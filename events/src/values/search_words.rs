//! Words that products are searched by.

use std::collections::BTreeSet;

/// A shorter one is found in too many others.
const LETTERS_MIN: usize = 3;
/// A longer one is nothing that anybody types.
const LETTERS_MAX: usize = 40;

/// The words of a text in lower case that are of letters alone, 3 to 40 of them, in their order.
pub fn search_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| is_search_word(word))
}

/// What a product is found by, each once: the words of its name, also those with digits against them ("Smör500g"), and
/// of its SKU.
pub fn words_of_product(name: &str, sku: &str) -> BTreeSet<String> {
    let (name, sku) = (name.to_lowercase(), sku.to_lowercase());
    let of_name = name.split(|letter: char| !letter.is_alphabetic()).filter(|word| is_search_word(word));
    of_name.chain(search_words(&sku)).map(ToOwned::to_owned).collect()
}

/// True for what [`search_words`] gives.
pub fn is_search_word(text: &str) -> bool {
    text.chars().all(char::is_alphabetic) && (LETTERS_MIN..=LETTERS_MAX).contains(&text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_of_letters_and_no_numbers() {
        let words: Vec<_> = search_words("crème fraiche 34% 2x5 dl, räk-sallad a000123 öl").collect();
        assert_eq!(words, ["crème", "fraiche", "räk", "sallad"]);
    }

    #[test]
    fn digits_against_a_name_hide_no_word_and_numbers_make_none() {
        let words = |name, sku| words_of_product(name, sku).into_iter().collect::<Vec<_>>();
        assert_eq!(words("Smör500g, räk-sallad Räk", "KRAV-x7kqz-12"), ["krav", "räk", "sallad", "smör"]);
        assert_eq!(words("Öl 33 cl", "50-0001"), Vec::<String>::new());
    }
}
