//! Words that products are searched by.

/// A shorter one is found in too many others.
const LETTERS_MIN: usize = 3;
/// A longer one is nothing that anybody types.
const LETTERS_MAX: usize = 40;

/// The words of a text in lower case that are of letters alone, 3 to 40 of them, in their order.
pub fn search_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| is_search_word(word))
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
}
