//! Two readings of one scan as one.
//!
//! The Swedish model knows å, ä and ö and loses numbers; the English one is the other way round. So
//! numbers are taken from the second and words from the first, and where both saw a number, whether
//! they agree is kept: it is what an OCR reading is trusted by.

use super::{Page, Word, units};
use crate::invoice::Area;

/// `words` is the pass in the page's language, `numbers` the pass that is better at digits.
pub fn merge_passes(words: &Page, numbers: &Page) -> Page {
    let mut merged: Vec<Word> = Vec::new();
    for number in numbers.words.iter().filter(|word| is_number(&word.text)) {
        let twin = words.words.iter().find(|word| is_same_place(word.area, number.area));
        merged.push(match twin {
            // "L6k" is "Lök": letters that one pass took for digits stay letters.
            Some(twin) if !has_digit(&twin.text) && digits(&number.text) * 2 < length(&number.text) => {
                Word { agreed: false, ..twin.clone() }
            }
            Some(twin) => Word {
                agreed: is_alike(&twin.text, &number.text),
                others: if twin.text == number.text { Vec::new() } else { vec![twin.text.clone()] },
                ..number.clone()
            },
            None => {
                let is_inside = words
                    .words
                    .iter()
                    .any(|word| covers(word.area, number.area) && word.text.contains(number.text.as_str()));
                Word { agreed: is_inside, ..number.clone() }
            }
        });
    }
    let taken = merged.clone();
    for word in &words.words {
        if taken.iter().any(|other| covers(other.area, word.area) || covers(word.area, other.area)) {
            continue;
        }
        let twin = numbers.words.iter().find(|other| is_same_place(word.area, other.area));
        let agreed = twin.is_some_and(|twin| twin.text == word.text);
        merged.push(Word { agreed, ..word.clone() });
    }
    // "8st" was cut in two by one pass only: its unit is not lost with what the other made of it.
    for unit in numbers.words.iter().filter(|word| units::code(&word.text).is_some()) {
        if !merged.iter().any(|other| covers(other.area, unit.area) || covers(unit.area, other.area)) {
            merged.push(Word { agreed: false, ..unit.clone() });
        }
    }
    Page { words: merged, ..*words }
}

/// One more pass over the same page: what it reads otherwise may be chosen where sums do not come out.
pub fn add_pass(page: &mut Page, pass: &Page) {
    for word in pass.words.iter().filter(|word| is_number(&word.text)) {
        let mut twins = page.words.iter_mut().filter(|own| is_same_place(own.area, word.area));
        if let Some(twin) = twins.next() {
            if twin.text != word.text && !twin.others.contains(&word.text) {
                twin.others.push(word.text.clone());
            }
            continue;
        }
        drop(twins);
        if !page.words.iter().any(|own| covers(own.area, word.area) || covers(word.area, own.area)) {
            page.words.push(Word { agreed: false, ..word.clone() });
        }
    }
}

/// The same but for O and 0: where they stand together, or one for the other, nobody can tell.
fn is_alike(first: &str, second: &str) -> bool {
    let plain = |text: &str| {
        let mut plain = String::new();
        let mut run = String::new();
        for sign in text.chars().chain(['\0']) {
            if matches!(sign, 'O' | '0') {
                run.push(sign);
                continue;
            }
            plain.push_str(if run.contains('O') { "0" } else { &run });
            run.clear();
            plain.push(sign);
        }
        plain
    };
    plain(first) == plain(second)
}

/// Something with digits in it, or a sign of per cent.
fn is_number(text: &str) -> bool {
    has_digit(text) || text == "%"
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn digits(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).count()
}

fn has_digit(text: &str) -> bool {
    digits(text) > 0
}

fn overlap(first: (i32, i32), second: (i32, i32)) -> i32 {
    (first.1.min(second.1) - first.0.max(second.0)).max(0)
}

/// Most of each lies in the other.
fn is_same_place(first: Area, second: Area) -> bool {
    let across = overlap((first.left, first.right), (second.left, second.right));
    let down = overlap((first.top, first.bottom), (second.top, second.bottom));
    let widest = (first.right - first.left).max(second.right - second.left);
    let lowest = first.height().min(second.height());
    across * 10 >= widest * 6 && down * 2 >= lowest
}

/// Most of `inner` lies in `outer`.
fn covers(outer: Area, inner: Area) -> bool {
    let across = overlap((outer.left, outer.right), (inner.left, inner.right));
    let down = overlap((outer.top, outer.bottom), (inner.top, inner.bottom));
    across * 10 >= (inner.right - inner.left) * 6 && down * 2 >= inner.height().min(outer.height())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(words: &[(&str, i32)]) -> Page {
        let word = |(text, left): &(&str, i32)| Word {
            text: (*text).to_owned(),
            area: Area { left: *left, top: 0, right: left + 500, bottom: 100 },
            confidence: 900,
            agreed: true,
            others: Vec::new(),
        };
        Page { number: 1, words: words.iter().map(word).collect(), ..Page::default() }
    }

    #[test]
    fn words_from_one_and_numbers_from_the_other() {
        let merged =
            merge_passes(&page(&[("Lök", 0), ("9T,00", 1000)]), &page(&[("L6k", 0), ("97,00", 1000)]));
        let texts: Vec<_> = merged.words.iter().map(|word| (word.text.as_str(), word.agreed)).collect();
        assert_eq!(texts, [("Lök", false), ("97,00", false)]);
        assert_eq!(merged.words[1].others, ["9T,00"]);
    }

    #[test]
    fn a_letter_o_is_no_disagreement_and_a_lost_zero_is() {
        assert!(is_alike("PO-2026-01290", "PO0-2026-01290") && is_alike("PO-1", "P0-1"));
        assert!(!is_alike("01290", "1290") && !is_alike("100", "1000"));
    }

    #[test]
    fn what_both_read_alike_is_agreed() {
        let both = page(&[("436,25", 0)]);
        assert!(merge_passes(&both, &both).words[0].agreed);
    }

    #[test]
    fn a_number_that_one_pass_missed_is_kept_and_not_agreed() {
        let merged = merge_passes(&page(&[]), &page(&[("6", 0)]));
        assert_eq!((merged.words.len(), merged.words[0].agreed), (1, false));
    }
}
