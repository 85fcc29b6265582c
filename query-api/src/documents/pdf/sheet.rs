//! Pages as lists of marks, filled from top to bottom. Lengths are points, `y` grows downwards.

use super::typeface::Weight;

/// A4.
pub(super) const PAGE_WIDTH: f32 = 595.28;
/// A4.
pub(super) const PAGE_HEIGHT: f32 = 841.89;
pub(super) const LEFT: f32 = 48.0;
pub(super) const RIGHT: f32 = PAGE_WIDTH - 48.0;
pub(super) const TOP: f32 = 52.0;
/// Below it stands the foot.
pub(super) const BOTTOM: f32 = PAGE_HEIGHT - 78.0;

/// From black to white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shade {
    Black,
    Grey,
    Light,
    Faint,
}

impl Shade {
    pub(super) const fn level(self) -> u8 {
        match self {
            Self::Black => 20,
            Self::Grey => 96,
            Self::Light => 190,
            Self::Faint => 242,
        }
    }
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) shade: Shade,
}

pub(super) const TITLE: Style = Style { size: 22.0, weight: Weight::Bold, shade: Shade::Black };
pub(super) const NAME: Style = Style { size: 13.0, weight: Weight::Bold, shade: Shade::Black };
pub(super) const BODY: Style = Style { size: 9.0, weight: Weight::Regular, shade: Shade::Black };
pub(super) const STRONG: Style = Style { size: 9.0, weight: Weight::Bold, shade: Shade::Black };
pub(super) const LABEL: Style = Style { size: 7.5, weight: Weight::Regular, shade: Shade::Grey };
pub(super) const TOTAL: Style = Style { size: 12.0, weight: Weight::Bold, shade: Shade::Black };

impl Style {
    /// From one baseline to the next.
    pub(super) fn leading(self) -> f32 {
        self.size * 1.4
    }

    pub(super) fn width(self, text: &str) -> f32 {
        self.weight.face().width(text, self.size)
    }

    /// The same, smaller where the text would be wider than `room`.
    pub(super) fn fitted(self, text: &str, room: f32) -> Self {
        let width = self.width(text);
        if width <= room { self } else { Self { size: self.size * room / width, ..self } }
    }

    /// The text in lines no wider than `width`, broken at spaces, and within a word where it must be.
    pub(super) fn wrapped(self, text: &str, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in self.weight.face().drawable(text).split_whitespace() {
            let line = lines.last_mut().expect("there is always a line");
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer) <= width {
                *line = longer;
            } else {
                self.push_word(&mut lines, word, width);
            }
        }
        lines
    }

    fn push_word(self, lines: &mut Vec<String>, word: &str, width: f32) {
        if lines.last().is_some_and(|line| !line.is_empty()) {
            lines.push(String::new());
        }
        for letter in word.chars() {
            let line = lines.last_mut().expect("there is always a line");
            line.push(letter);
            if line.chars().count() > 1 && self.width(line) > width {
                line.pop();
                lines.push(letter.to_string());
            }
        }
    }
}

/// Something on a page.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    Text { x: f32, baseline: f32, style: Style, text: String },
    Block { x: f32, y: f32, width: f32, height: f32, shade: Shade },
}

/// Pages in the making.
pub(super) struct Sheet {
    pub(super) pages: Vec<Vec<Mark>>,
    /// Where the next thing goes.
    pub(super) y: f32,
}

impl Sheet {
    pub(super) fn new() -> Self {
        Self { pages: vec![Vec::new()], y: TOP }
    }

    pub(super) fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = TOP;
    }

    /// True if `height` more would run into the foot.
    pub(super) fn is_full(&self, height: f32) -> bool {
        self.y + height > BOTTOM
    }

    pub(super) fn left(&mut self, x: f32, baseline: f32, style: Style, text: &str) {
        let text = style.weight.face().drawable(text);
        self.mark(Mark::Text { x, baseline, style, text });
    }

    pub(super) fn right(&mut self, edge: f32, baseline: f32, style: Style, text: &str) {
        let text = style.weight.face().drawable(text);
        self.mark(Mark::Text { x: edge - style.width(&text), baseline, style, text });
    }

    pub(super) fn rule(&mut self, from: f32, to: f32, y: f32, shade: Shade) {
        self.mark(Mark::Block { x: from, y, width: to - from, height: 0.6, shade });
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        self.pages.last_mut().expect("there is always a page").push(mark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_break_at_spaces_and_long_words_within() {
        let lines = BODY.wrapped("Tomat kvist klass 1 Sverige från växthuset", 80.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| BODY.width(line) <= 80.0), "{lines:?}");
        assert_eq!(lines.join(" "), "Tomat kvist klass 1 Sverige från växthuset");
        let word = "a".repeat(200);
        let lines = BODY.wrapped(&word, 80.0);
        assert!(lines.iter().all(|line| BODY.width(line) <= 80.0));
        assert_eq!(lines.concat(), word);
    }
}
