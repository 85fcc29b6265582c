//! The typeface of documents: Liberation Sans, which has the letters of every European language.
//!
//! # Source
//! `fonts/`, under the SIL Open Font License 1.1, which allows embedding.

use std::sync::LazyLock;

use krilla::text::Font;
use rustybuzz::{Direction, Face, UnicodeBuffer};

static REGULAR: LazyLock<Typeface> =
    LazyLock::new(|| Typeface::new(include_bytes!("../../../fonts/LiberationSans-Regular.ttf")));
static BOLD: LazyLock<Typeface> =
    LazyLock::new(|| Typeface::new(include_bytes!("../../../fonts/LiberationSans-Bold.ttf")));

/// How heavy the letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

impl Weight {
    pub(super) fn face(self) -> &'static Typeface {
        match self {
            Self::Regular => &REGULAR,
            Self::Bold => &BOLD,
        }
    }
}

/// One weight, for measuring and for drawing.
pub(super) struct Typeface {
    shaper: Face<'static>,
    font: Font,
}

impl Typeface {
    fn new(bytes: &'static [u8]) -> Self {
        let shaper = Face::from_slice(bytes, 0).expect("the file in fonts/ is a font");
        Self { shaper, font: Font::new(bytes.into(), 0).expect("the file in fonts/ is a font") }
    }

    pub(super) fn krilla(&self) -> Font {
        self.font.clone()
    }

    /// Width in points, as it will be drawn: by the same shaper.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.set_direction(Direction::LeftToRight);
        let shaped = rustybuzz::shape(&self.shaper, &[], buffer);
        let units: i32 = shaped.glyph_positions().iter().map(|position| position.x_advance).sum();
        #[expect(clippy::cast_precision_loss, reason = "a line is far shorter than 2^24 units")]
        let width = units as f32 * size / self.shaper.units_per_em() as f32;
        width
    }

    /// The text with what cannot be drawn made visible: a name with an unknown letter must not lose it
    /// unseen, and a control character must not break the line.
    pub(super) fn drawable(&self, text: &str) -> String {
        let mark = |c: char| match c {
            c if c.is_control() => ' ',
            c if self.shaper.glyph_index(c).is_none() => '?',
            c => c,
        };
        text.chars().map(mark).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn european_letters_can_be_drawn() {
        let names = "Räksmörgås Ålö Łódź Čeština Þórður İstanbul Ærø œuf Győr Ķekava ß € Ελιά Хлеб";
        for weight in [Weight::Regular, Weight::Bold] {
            assert_eq!(weight.face().drawable(names), names);
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_marked() {
        assert_eq!(Weight::Regular.face().drawable("寿司\n"), "?? ");
    }

    #[test]
    fn digits_are_equally_wide_so_amounts_stand_in_columns() {
        let face = Weight::Regular.face();
        let widths: Vec<f32> = (0..10).map(|digit| face.width(&digit.to_string(), 9.0)).collect();
        assert!(widths.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.001), "{widths:?}");
    }
}
