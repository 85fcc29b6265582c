//! How alike two names of goods are.

/// Words that say nothing about which goods are meant.
const EMPTY_WORDS: [&str; 8] = ["och", "med", "av", "ca", "st", "förp", "klass", "x"];

/// The rest of a longer name says nothing more, and comparing costs by the square of the length.
const NAME_SIGNS_MAX: usize = 200;

/// From 0 to 1000. Different numbers in the names (5 l, 10 l) mean different goods, and cost a third.
pub fn similarity(left: &str, right: &str) -> i64 {
    let (left, right) = (words(left), words(right));
    if left.is_empty() || right.is_empty() {
        return 0;
    }
    let (left_text, right_text) = (left.join(" "), right.join(" "));
    let dice = strsim::sorensen_dice(&left_text, &right_text);
    let prefix = strsim::jaro_winkler(&left_text, &right_text) * 0.9;
    let alike = thousandths(dice.max(prefix));
    let numbers = |words: &[String]| -> Vec<String> {
        let mut numbers: Vec<String> = words
            .iter()
            .filter(|word| word.starts_with(|first: char| first.is_ascii_digit()))
            .cloned()
            .collect();
        numbers.sort_unstable();
        numbers
    };
    let (left, right) = (numbers(&left), numbers(&right));
    if left != right && !left.is_empty() && !right.is_empty() { alike * 2 / 3 } else { alike }
}

/// Lower-case words; numbers are words of their own ("2,5kg" is `2.5` and `kg`).
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for character in name.to_lowercase().chars().take(NAME_SIGNS_MAX).map(|c| if c == ',' { '.' } else { c })
    {
        let joins = word.chars().last().is_none_or(|last| {
            let number = last.is_ascii_digit() || last == '.';
            number == (character.is_ascii_digit() || character == '.')
        });
        if !(character.is_alphanumeric() || character == '.') || !joins {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() || character == '.' {
            word.push(character);
        }
    }
    words.push(word);
    let trimmed = words.iter().map(|word| word.trim_matches('.').to_owned());
    trimmed.filter(|word| !word.is_empty() && !EMPTY_WORDS.contains(&word.as_str())).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "the similarity is between 0 and 1")]
fn thousandths(share: f64) -> i64 {
    (share * 1000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_matters_little_and_numbers_much() {
        assert_eq!(similarity("Lök gul 5 kg", "LÖK GUL, 5kg"), 1000);
        assert!(similarity("Lök gul 5 kg", "Lok gul 5 kg") > 800);
        assert!(similarity("Rapsolja 5 l", "Rapsolja 10 l") < 700);
        assert!(similarity("Dill bunt", "Diskmedel maskin") < 600);
    }

    #[test]
    fn no_name_is_like_nothing() {
        assert_eq!(similarity("", ""), 0);
    }
}
