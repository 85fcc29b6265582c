//! Names that products have, and how people mistype them.

use crate::dice::Dice;

const KINDS: [&str; 48] = [
    "tomater",
    "gurka",
    "morötter",
    "potatis",
    "rödlök",
    "purjolök",
    "vitkål",
    "broccoli",
    "blomkål",
    "spenat",
    "paprika",
    "aubergine",
    "zucchini",
    "champinjoner",
    "kantareller",
    "äpplen",
    "päron",
    "citroner",
    "apelsiner",
    "jordgubbar",
    "hallon",
    "blåbär",
    "lammfilé",
    "nötfärs",
    "fläskkarré",
    "kycklinglår",
    "laxfilé",
    "torskrygg",
    "räkor",
    "blåmusslor",
    "mjölk",
    "grädde",
    "smör",
    "crème fraiche",
    "prästost",
    "mozzarella",
    "vetemjöl",
    "rågmjöl",
    "strösocker",
    "rapsolja",
    "olivolja",
    "spaghetti",
    "jasminris",
    "linser",
    "kikärtor",
    "svartpeppar",
    "havssalt",
    "kaffebönor",
];
const TRAITS: [&str; 22] = [
    "ekologisk",
    "färsk",
    "fryst",
    "skalad",
    "hel",
    "skivad",
    "tärnad",
    "strimlad",
    "rökt",
    "gravad",
    "torkad",
    "finmald",
    "grovmald",
    "osaltad",
    "laktosfri",
    "småskalig",
    "närodlad",
    "vildfångad",
    "lagrad",
    "kallpressad",
    "benfri",
    "premium",
];
const ORIGINS: [&str; 16] = [
    "Sverige",
    "Gotland",
    "Skåne",
    "Öland",
    "Danmark",
    "Norge",
    "Finland",
    "Island",
    "Spanien",
    "Italien",
    "Frankrike",
    "Grekland",
    "Nederländerna",
    "Tyskland",
    "Peru",
    "Kenya",
];
const PACKS: [&str; 10] =
    ["1 kg", "2 kg", "5 kg", "10 kg", "25 kg", "6x500 g", "12x1 l", "20 l", "kolli", "pall"];

/// Such as "Tomater ekologisk Gotland 5 kg"; 169,000 of them.
pub fn product_name(dice: &mut Dice) -> String {
    let kind = dice.pick(&KINDS);
    let mut letters = kind.chars();
    let first = letters.next().expect("no kind is empty");
    let capital: String = first.to_uppercase().chain(letters).collect();
    format!("{capital} {} {} {}", dice.pick(&TRAITS), dice.pick(&ORIGINS), dice.pick(&PACKS))
}

/// The first two words of a name as somebody in a hurry types them: two letters of the first swapped.
pub fn mistyped(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().take(2).map(str::to_lowercase).collect();
    let mut letters: Vec<char> = words[0].chars().collect();
    let middle = letters.len() / 2;
    letters.swap(middle - 1, middle);
    let first: String = letters.into_iter().collect();
    format!("{first} {}", words[1])
}
