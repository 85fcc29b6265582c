//! One order line against all that is billed for it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    ledger::Ledger,
    order::{Order, OrderLine},
    policy::{Policy, Receipts},
    tally::BilledLine,
    variance::{Class, Effect, Variance, plain},
};
use crate::{invoice::Kind, money};

/// Units of one order line, as in orders.
const QUANTITY_MAX: i64 = 1_000_000;

/// What an order line comes to, and what was billed beside that.
pub(super) struct Compared {
    pub expected_net_minor: i64,
    pub variances: Vec<Variance>,
}

/// The difference is split so that it adds up: quantity at the agreed price, then price on all of it.
pub(super) fn compare(billed: &BilledLine<'_>, order: &Order, ledger: &Ledger, policy: &Policy) -> Compared {
    let line = &order.lines[billed.order_line];
    let comparison = Comparison { billed, line, ledger, policy };
    if let Some(variance) = comparison.unit().or_else(|| comparison.too_large()) {
        return Compared { expected_net_minor: 0, variances: vec![variance] };
    }
    let (allowed, mut variances) = comparison.quantity();
    variances.extend(comparison.taken_back());
    variances.extend(comparison.price());
    variances.extend(comparison.vat());
    variances.extend(comparison.confidence());
    Compared { expected_net_minor: comparison.at_agreed_price(allowed), variances }
}

struct Comparison<'a> {
    billed: &'a BilledLine<'a>,
    line: &'a OrderLine,
    ledger: &'a Ledger,
    policy: &'a Policy,
}

impl Comparison<'_> {
    fn variance(&self, class: Class, effect: Effect) -> Variance {
        Variance {
            invoice_line: self.billed.parts.first().map(|part| part.line.id.clone()),
            order_line: Some(self.line.id.clone()),
            ..Variance::of_document(class, effect)
        }
    }

    fn at_agreed_price(&self, quantity: Decimal) -> i64 {
        quantity.checked_mul(self.line.effective_price()).and_then(money::minor).unwrap_or(i64::MAX)
    }

    /// Without a known conversion nothing else can be compared.
    fn unit(&self) -> Option<Variance> {
        let ordered = unit_of(&self.line.unit);
        let other = self.billed.parts.iter().find_map(|part| {
            let unit = part.line.unit.as_ref()?;
            (unit_of(unit) != ordered).then(|| unit.value.clone())
        })?;
        Some(Variance {
            expected: Some(self.line.unit.clone()),
            actual: Some(other),
            value_minor: self.billed.net_minor(),
            counts_in_net: true,
            ..self.variance(Class::UnitMismatch, Effect::Blocks)
        })
    }

    /// Quantities that no order can have are compared with nothing.
    fn too_large(&self) -> Option<Variance> {
        let limit = Decimal::from(QUANTITY_MAX);
        let fits = |quantity: Decimal| quantity.abs() <= limit;
        let is_large = self.billed.parts.iter().any(|part| !fits(part.line.quantity.value));
        (is_large || self.billed.quantity().is_none_or(|quantity| !fits(quantity))).then(|| Variance {
            value_minor: self.billed.net_minor(),
            counts_in_net: true,
            ..self.variance(Class::QuantityOverOrdered, Effect::Blocks)
        })
    }

    /// An invoice, with all credit notes to it, that takes goods back, or credits more than it billed: what the
    /// ledger then says is open was never received.
    fn taken_back(&self) -> Option<Variance> {
        let is_negative = self.quantity_billed() < Decimal::ZERO;
        let is_invoice = self.billed.parts.iter().any(|part| part.document.kind == Kind::Invoice);
        (is_negative && is_invoice).then(|| Variance {
            actual: Some(plain(self.quantity_billed())),
            ..self.variance(Class::CreditOverInvoiced, Effect::Doubts)
        })
    }

    fn quantity_billed(&self) -> Decimal {
        self.billed.quantity().unwrap_or_default()
    }

    /// How much may be billed, and what is said about the rest.
    fn quantity(&self) -> (Decimal, Vec<Variance>) {
        let quantity = self.quantity_billed();
        let own = self.ledger.line(&self.line.id);
        // What was credited beyond what was invoiced opens nothing.
        let before = money::from_thousandths(own.billed_thousandths()).max(Decimal::ZERO);
        if quantity < Decimal::ZERO {
            let over = -quantity > before && before > Decimal::ZERO;
            let noted = over
                .then(|| self.over(Class::CreditOverInvoiced, Effect::Noted, -before, quantity, quantity));
            return (quantity, noted.into_iter().collect());
        }
        let mut allowed = quantity;
        let mut variances = Vec::new();
        if self.policy.receipts == Receipts::Required {
            let received = money::from_thousandths(own.received_thousandths);
            let open = (received - before).max(Decimal::ZERO);
            if allowed > open {
                // What is weighed is invoiced as weighed: nothing above it is tolerated.
                let is_tolerated = !self.policy.is_catch_weight(&self.line.unit)
                    && allowed <= with_percentage(received, self.policy.quantity_per_cent) - before;
                let effect = if is_tolerated { Effect::Noted } else { Effect::Blocks };
                let class = if self.ledger.has_receipt() {
                    Class::QuantityOverReceived
                } else {
                    Class::InvoicedBeforeReceipt
                };
                variances.push(self.over(class, effect, open, allowed, open));
                allowed = open;
            }
        }
        let ordered = money::from_thousandths(self.line.quantity_thousandths);
        let open = (ordered - before).max(Decimal::ZERO);
        if allowed > open {
            let per_cent = if self.policy.is_catch_weight(&self.line.unit) {
                self.policy.catch_weight_per_cent
            } else {
                self.policy.quantity_per_cent
            };
            if allowed > with_percentage(ordered, per_cent) - before {
                variances.push(self.over(Class::QuantityOverOrdered, Effect::Blocks, open, allowed, open));
                allowed = open;
            }
        }
        (allowed, variances)
    }

    fn over(
        &self,
        class: Class,
        effect: Effect,
        expected: Decimal,
        actual: Decimal,
        rest: Decimal,
    ) -> Variance {
        Variance {
            expected: Some(plain(expected)),
            actual: Some(plain(actual)),
            value_minor: self.at_agreed_price(actual).saturating_sub(self.at_agreed_price(rest)),
            counts_in_net: true,
            ..self.variance(class, effect)
        }
    }

    fn price(&self) -> Option<Variance> {
        let quantity = self.quantity_billed();
        let agreed = self.at_agreed_price(quantity);
        let effect_minor = self.billed.net_minor().saturating_sub(agreed);
        if effect_minor == 0 {
            return None;
        }
        let limit = money::decimal(agreed).abs() * self.policy.unit_price_per_cent / Decimal::ONE_HUNDRED;
        // Money for no goods claims none, so it could be asked for again and again.
        let is_for_nothing = effect_minor > 0 && self.billed.has_money_for_nothing();
        let counts = is_for_nothing
            || money::decimal(effect_minor) > limit && effect_minor > self.policy.unit_price_effect_min_minor;
        let listed = self.listed_price();
        let ordered = self.line.unit_price / self.line.base_quantity;
        let class = match listed {
            _ if effect_minor < 0 => Class::PriceUnder,
            Some(listed) if listed == ordered && !self.line.discount_per_cent.is_zero() => {
                Class::MissingDiscount
            }
            _ => Class::PriceOver,
        };
        // People compare the printed prices; where those are equal, what is paid per unit differs.
        let (expected, actual) = match listed {
            Some(listed) if listed != ordered => (ordered, listed),
            _ => (self.line.effective_price(), self.paid_price()),
        };
        Some(Variance {
            expected: Some(plain(expected)),
            actual: Some(plain(actual)),
            value_minor: effect_minor,
            counts_in_net: true,
            ..self.variance(class, if counts { Effect::Blocks } else { Effect::Noted })
        })
    }

    /// The price that all parts print, per unit; `None` when they differ.
    fn listed_price(&self) -> Option<Decimal> {
        let mut prices = self.billed.parts.iter().map(|part| {
            let base = part.line.base_quantity.as_ref().map_or(Decimal::ONE, |base| base.value);
            part.line.net_price.value.checked_div(base)
        });
        let first = prices.next()??;
        prices.all(|price| price == Some(first)).then_some(first)
    }

    fn paid_price(&self) -> Decimal {
        let paid = money::decimal(self.billed.net_minor()).checked_div(self.quantity_billed());
        paid.unwrap_or_default().round_dp(4)
    }

    /// Grouped by rate, so that a credit at the wrong rate cures an invoice at the wrong rate.
    fn vat(&self) -> Vec<Variance> {
        let mut wrong: BTreeMap<(Decimal, Decimal), i64> = BTreeMap::new();
        for part in &self.billed.parts {
            let Some(expected) = self.line.vat_rate(part.document.tax_point()) else {
                return vec![self.variance(Class::VatRate, Effect::Doubts)];
            };
            let actual = part.line.vat_rate.as_ref().map_or(Decimal::ZERO, |rate| rate.value);
            if actual != expected {
                *wrong.entry((expected, actual)).or_default() += part.net_minor();
            }
        }
        let remaining = wrong.into_iter().filter(|(_, net_minor)| *net_minor != 0);
        let variance = |((expected, actual), net_minor): ((Decimal, Decimal), i64)| Variance {
            expected: Some(plain(expected)),
            actual: Some(plain(actual)),
            value_minor: money::percentage_minor(net_minor, actual - expected).unwrap_or(i64::MAX),
            ..self.variance(Class::VatRate, Effect::Blocks)
        };
        remaining.map(variance).collect()
    }

    fn confidence(&self) -> Option<Variance> {
        let lowest = |line: &crate::invoice::Line| {
            line.quantity.confidence.min(line.net_price.confidence).min(line.net_minor.confidence)
        };
        let doubted = self.billed.parts.iter().find(|part| lowest(part.line) < self.policy.confidence_min)?;
        Some(Variance {
            actual: Some(plain(Decimal::new(lowest(doubted.line).into(), 3))),
            expected: Some(plain(Decimal::new(self.policy.confidence_min.into(), 3))),
            ..self.variance(Class::LowConfidence, Effect::Doubts)
        })
    }
}

/// `quantity` raised by the percentage.
fn with_percentage(quantity: Decimal, per_cent: Decimal) -> Decimal {
    quantity + quantity * per_cent / Decimal::ONE_HUNDRED
}

/// One code for what is counted in pieces: sellers write EA, H87 and C62 for the same thing.
fn unit_of(code: &str) -> &str {
    match code {
        "EA" | "C62" | "H87" | "PCE" | "NAR" => "H87",
        "XBX" | "XCT" | "CT" => "XCT",
        "XPK" | "XPA" | "PK" => "XPK",
        other => other,
    }
}
