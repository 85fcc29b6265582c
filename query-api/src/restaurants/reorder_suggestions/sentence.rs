//! A suggestion in words.

use events::values::Quantity;
use forecasting::reorder::{Rounding, Suggestion};

use super::answer::OnHandKnown;

/// Why so much: one sentence for people, of the numbers that stand beside it.
pub(super) fn sentence(suggestion: &Suggestion, known: OnHandKnown, unit: &str) -> String {
    let qty = |thousandths: i64| Quantity(thousandths);
    let days = match suggestion.protection_days {
        1 => "the next day".to_owned(),
        days => format!("the next {days} days"),
    };
    let there = match known {
        OnHandKnown::Counted => "counted",
        OnHandKnown::Estimated => "estimated from the last count",
        OnHandKnown::Unknown => "estimated, as it was not counted",
    };
    let capped = match suggestion.shelf_life_cap {
        Some(cap) if suggestion.capped => format!(", of which {} can be used before it is too old", qty(cap)),
        _ => String::new(),
    };
    let rounded = match suggestion.rounding {
        Rounding::Nothing | Rounding::Exact => "",
        Rounding::Up | Rounding::UpToExpected => ", rounded up",
        Rounding::Down => ", rounded down",
    };
    format!(
        "Over {days} {expected} {unit} are expected, and {percent} % of the time no more than {level}; {on_hand} are \
         there ({there}), {on_order} on order: {need} are needed{capped}, which is {packs} × {pack}{rounded}.",
        expected = qty(suggestion.expected),
        percent = percent(suggestion.target_bps),
        level = qty(suggestion.level),
        on_hand = qty(suggestion.on_hand.quantity()),
        on_order = qty(suggestion.on_order),
        need = qty(suggestion.need),
        packs = suggestion.packs,
        pack = qty(suggestion.pack),
    )
}

fn percent(bps: u16) -> Quantity {
    Quantity(i64::from(bps) * 10)
}

#[cfg(test)]
mod tests {
    use forecasting::reorder::OnHand;

    use super::*;

    #[test]
    fn the_sentence_has_every_number() {
        let suggestion = Suggestion {
            packs: 3,
            quantity: 15_000,
            target_bps: 9_750,
            protection_days: 4,
            level: 17_500,
            expected: 12_000,
            on_hand: OnHand::Estimated(3_000),
            on_order: 0,
            need: 14_500,
            shelf_life_cap: None,
            capped: false,
            pack: 5_000,
            rounding: Rounding::Up,
        };
        assert_eq!(
            sentence(&suggestion, OnHandKnown::Unknown, "KGM"),
            "Over the next 4 days 12 KGM are expected, and 97.5 % of the time no more than 17.5; 3 are there (estimated, \
             as it was not counted), 0 on order: 14.5 are needed, which is 3 × 5, rounded up."
        );
    }
}
