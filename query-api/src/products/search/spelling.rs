//! Which words were meant by those that were typed.

use events::values::{is_search_word, search_words};
use sqlx::{PgConnection, Row};

use crate::failure::ReadFailure;

/// Of a longer query more than its words is compared.
pub(super) const WORDS_MAX: usize = 6;
/// Of a longer query, too: a cursor holds the query and its words, and is not to be longer than cursors may be.
const LETTERS_MAX: usize = 60;
/// How many of the words that are most alike by trigrams are counted letter by letter.
const COUNTED_MAX: i32 = 30;

/// The words of a query in lower case; `None` for one that is more than words, as a number, or less.
pub(super) fn words_of(q: &str) -> Option<Vec<String>> {
    if q.chars().count() > LETTERS_MAX {
        return None;
    }
    let words: Vec<String> = search_words(q).map(ToOwned::to_owned).collect();
    let parts = q.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty()).count();
    ((1..=WORDS_MAX).contains(&words.len()) && parts == words.len()).then_some(words)
}

/// For each the word that it begins, which is itself, or else the nearest that products have; `None` if one has none.
///
/// A few looks at two indexes per word, whatever the catalogue's size.
pub(super) async fn meant_in_tx(
    tx: &mut PgConnection,
    typed: &[String],
) -> Result<Option<Vec<String>>, ReadFailure> {
    // Of the live words also for views of the past: they say how something is spelt, not what there was.
    let sql = "SELECT t.typed, CASE WHEN t.begins THEN ARRAY[t.typed] ELSE ARRAY(
                   SELECT s.word FROM unnest($3::text[], $4::text[]) AS x(typed, swapped)
                   JOIN read.search_words s ON s.word = x.swapped WHERE x.typed = t.typed
               ) || ARRAY(
                   SELECT n.word FROM read.search_words n WHERE n.word % t.typed
                   ORDER BY similarity(n.word, t.typed) DESC, n.word LIMIT $2
               ) END AS near
        FROM (
            SELECT u.place, u.typed, EXISTS (
                SELECT FROM read.search_words b WHERE b.word >= u.typed AND b.word < u.typed || chr(1114111)
            ) AS begins
            FROM unnest($1::text[]) WITH ORDINALITY AS u(typed, place)
        ) t ORDER BY t.place";
    let swaps = typed.iter().flat_map(|word| swapped(word).map(move |swapped| (word.clone(), swapped)));
    let (of, swapped): (Vec<String>, Vec<String>) = swaps.unzip();
    let query = sqlx::query(sql).bind(typed).bind(COUNTED_MAX).bind(of).bind(swapped);
    let rows = query.fetch_all(tx).await?;
    let mut meant = Vec::with_capacity(rows.len());
    for row in &rows {
        let near: Vec<String> = row.try_get("near")?;
        let Some(word) = nearest(row.try_get("typed")?, near) else { return Ok(None) };
        meant.push(word);
    }
    Ok(Some(meant))
}

/// The word with each two neighbours swapped: of a short one that leaves hardly a trigram to find it by.
fn swapped(word: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = word.chars().collect();
    (1..letters.len()).map(move |place| {
        let mut letters = letters.clone();
        letters.swap(place - 1, place);
        letters.into_iter().collect()
    })
}

/// The one with the fewest letters to change, leave out, put in or swap, as few as a slip makes; of equal ones the first.
fn nearest(typed: &str, near: Vec<String>) -> Option<String> {
    // Short words are one letter from many others.
    let changes_max = if typed.chars().count() < 6 { 1 } else { 2 };
    let counted = near.into_iter().map(|word| (strsim::damerau_levenshtein(typed, &word), word));
    let within = counted.filter(|(changes, word)| *changes <= changes_max && is_search_word(word));
    within.min_by_key(|(changes, _)| *changes).map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest_of(typed: &str, words: &[&str]) -> Option<String> {
        nearest(typed, words.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn letters_decide_where_trigrams_would_choose_another() {
        assert_eq!(nearest_of("tomtaer", &["taer", "tomte", "tomater"]).unwrap(), "tomater");
        assert_eq!(nearest_of("kottbullar", &["bullar", "köttbullar"]).unwrap(), "köttbullar");
        assert_eq!(nearest_of("gurkka", &["gurka", "burka"]).unwrap(), "gurka");
    }

    #[test]
    fn what_is_too_far_is_not_meant() {
        assert_eq!(nearest_of("skruv", &["skur", "skum"]), None);
        assert_eq!(nearest_of("skruvdragare", &["dragon", "skruv"]), None);
        assert_eq!(nearest_of("lök", &[]), None);
    }

    #[test]
    fn every_two_neighbours_are_swapped() {
        assert_eq!(swapped("sömr").collect::<Vec<_>>(), ["ösmr", "smör", "sörm"]);
    }

    #[test]
    fn numbers_and_short_words_are_no_words() {
        assert_eq!(words_of("tomater ekologisk").unwrap(), ["tomater", "ekologisk"]);
        assert_eq!(words_of(&"tomater ekologiska ".repeat(4)), None);
        for q in ["", "öl", "10-2201", "tomater 5 kg", "a000123", "%", "ett två tre fyra fem sex sju"] {
            assert_eq!(words_of(q), None, "{q}");
        }
    }
}
