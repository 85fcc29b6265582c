//! Lines read against lines expected.

use std::str::FromStr;

use invoicing::{Invoice, invoice::Line, money};
use rust_decimal::Decimal;
use serde_json::Value;

/// Counts over all pages of a kind.
#[derive(Debug)]
pub struct Tally {
    pub pages: usize,
    expected: usize,
    read: usize,
    right: usize,
}

impl Tally {
    pub const fn new() -> Self {
        Self { pages: 0, expected: 0, read: 0, right: 0 }
    }

    /// Counts one document, and tells which of its lines were missed.
    pub fn add(&mut self, expected: &Value, invoice: Option<&Invoice>, with_names: bool) -> Vec<String> {
        let empty = Vec::new();
        let expected = expected.get("lines").and_then(Value::as_array).unwrap_or(&empty);
        let mut rest: Vec<&Line> = invoice.map_or_else(Vec::new, |invoice| invoice.lines.iter().collect());
        self.pages += 1;
        self.expected += expected.len();
        self.read += rest.len();
        let mut missed = Vec::new();
        for wanted in expected {
            match rest.iter().position(|line| is_same(wanted, line, with_names)) {
                Some(index) => {
                    rest.remove(index);
                    self.right += 1;
                }
                None => missed.push(format!("missed {wanted}")),
            }
        }
        missed.extend(rest.iter().map(|line| {
            let name = line.name.as_ref().map_or("", |name| name.value.as_str());
            let (quantity, price) = (line.quantity.value, line.net_price.value);
            format!("read {name:?} {quantity} × {price} = {}", money::decimal(line.net_minor.value))
        }));
        missed
    }

    /// Harmonic mean of precision and recall, rounded to three places.
    #[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52 lines")]
    pub fn f1(&self) -> f64 {
        if self.expected + self.read == 0 {
            return 0.0;
        }
        let f1 = 2.0 * self.right as f64 / (self.expected + self.read) as f64;
        (f1 * 1000.0).round() / 1000.0
    }
}

fn is_same(wanted: &Value, line: &Line, with_names: bool) -> bool {
    let number =
        |key: &str| wanted.get(key).and_then(Value::as_str).and_then(|text| Decimal::from_str(text).ok());
    number("quantity") == Some(line.quantity.value)
        && number("net_price") == Some(line.net_price.value)
        && number("line_net") == Some(money::decimal(line.net_minor.value))
        && (!with_names || is_same_name(wanted, line))
}

/// A description follows its name, and nothing on a page says where it begins.
fn is_same_name(wanted: &Value, line: &Line) -> bool {
    let text = |key: &str| wanted.get(key).and_then(Value::as_str).unwrap_or_default();
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let own = line.name.as_ref().map_or_else(String::new, |name| folded(name));
    let more = line.description.as_ref().map_or_else(String::new, |more| folded(more));
    let both = folded(&format!("{} {}", text("name"), text("description")));
    own == folded(text("name")) || own == both || folded(&format!("{own} {more}")) == both
}
