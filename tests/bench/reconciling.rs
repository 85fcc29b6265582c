//! Holding invoices against orders in memory: with article numbers, and by names alone.

use std::{collections::HashSet, hint::black_box, time::Instant};

use anyhow::{Context as _, bail};
use invoicing::{
    Invoice,
    invoice::{Field, Line, Text, VatRow},
    matching::{ExpectedVat, Ledger, Order, OrderLine, Outcome, Policy, Verdict, reconcile},
    money,
};
use rust_decimal::Decimal;

use crate::{
    dice::Dice,
    limit::Bound,
    names::{mistyped, product_name},
    run::Run,
    statistics::{Spread, real},
    table::Row,
};

/// A second, at least.
const NUMBERED_PER_SECOND_MIN: f64 = 10_000.0;
const NAMED_PER_SECOND_MIN: f64 = 1_000.0;
const LINES_MIN: usize = 5;
const LINES_MAX: usize = 34;
const VAT_PER_CENT: i64 = 6;

/// An invoice, and the order that it is for; all of it came.
struct Pair {
    invoice: Invoice,
    order: Order,
    ledger: Ledger,
}

/// What invoices say of their goods.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    ByNumber,
    /// Half of the names with a typo.
    ByNameAlone,
}

/// Invoices per second on one core.
pub fn measure(run: &mut Run) -> anyhow::Result<()> {
    let (mut by_number, mut by_name, mut written) = (Vec::new(), Vec::new(), Vec::new());
    let mut wrong_links = 0;
    for round in 0..run.sizes.rounds {
        let mut dice = Dice::new(41 + u64::try_from(round)?);
        let mut pairs = |told| {
            (0..run.sizes.reconciled).map(|_| pair(&mut dice, told)).collect::<anyhow::Result<Vec<_>>>()
        };
        let (numbered, named) = (pairs(Told::ByNumber)?, pairs(Told::ByNameAlone)?);
        by_number.push(reconciled(&numbered, Told::ByNumber, &mut wrong_links)?);
        written.push(as_json(&numbered)?);
        by_name.push(reconciled(&named, Told::ByNameAlone, &mut wrong_links)?);
    }
    let by_number = Spread::of(&by_number);
    run.table.add(
        Row::figure("Invoices reconciled, with article numbers", "/s", by_number)
            .against("the same invoices written as JSON", Spread::of(&written))
            .note(format!("one core, in memory, {LINES_MIN} to {LINES_MAX} lines; every one matched"))
            .at_least(Bound::Figure(NUMBERED_PER_SECOND_MIN)),
    );
    let all = run.sizes.reconciled * run.sizes.rounds;
    run.table.add(
        Row::figure("Invoices reconciled, by names alone", "/s", Spread::of(&by_name))
            .against("with article numbers", by_number)
            .note(format!(
                "half of the names with a typo; {wrong_links} wrong links in {all} invoices, none of which passes by \
                 itself"
            ))
            .at_least(Bound::Figure(NAMED_PER_SECOND_MIN)),
    );
    Ok(())
}

/// Invoices per second. One that passes by itself with a wrong link is a fault of the engine.
fn reconciled(pairs: &[Pair], told: Told, wrong_links: &mut usize) -> anyhow::Result<f64> {
    let policy = Policy::default();
    let began = Instant::now();
    let outcomes: Vec<Outcome> =
        pairs.iter().map(|pair| reconcile(&pair.invoice, &pair.order, &pair.ledger, &policy)).collect();
    let seconds = began.elapsed().as_secs_f64();
    for outcome in &outcomes {
        // Lines are made under the ids of their order's.
        let wrong = outcome.links.iter().filter(|link| link.invoice_line != link.order_line).count();
        if wrong > 0 && outcome.verdict.is_automatic() {
            bail!("an invoice with {wrong} wrong links would pass by itself");
        }
        if told == Told::ByNumber && outcome.verdict != Verdict::Matched {
            bail!("an invoice that is as ordered is not matched: {:?}", outcome.variances);
        }
        *wrong_links += wrong;
    }
    Ok(real(pairs.len()) / seconds)
}

fn as_json(pairs: &[Pair]) -> anyhow::Result<f64> {
    let began = Instant::now();
    for pair in pairs {
        black_box(serde_json::to_vec(&pair.invoice)?);
    }
    Ok(real(pairs.len()) / began.elapsed().as_secs_f64())
}

fn pair(dice: &mut Dice, told: Told) -> anyhow::Result<Pair> {
    let count = LINES_MIN + dice.below(LINES_MAX - LINES_MIN + 1);
    let mut names = HashSet::new();
    while names.len() < count {
        names.insert(product_name(dice));
    }
    let mut names: Vec<String> = names.into_iter().collect();
    // A set has no order that repeats.
    names.sort_unstable();
    let goods = names.into_iter().enumerate().map(|(place, name)| Good::of(dice, place + 1, name));
    let goods: Vec<Good> = goods.collect();
    let order = Order {
        id: "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a24".to_owned(),
        currency: "SEK".to_owned(),
        seller: None,
        lines: goods.iter().map(Good::ordered).collect(),
        charges: Vec::new(),
    };
    let mut ledger = Ledger::default();
    for line in &order.lines {
        ledger.line_mut(&line.id).received_thousandths = line.quantity_thousandths;
    }
    let mut lines = goods.iter().map(|good| good.invoiced(dice, told)).collect::<anyhow::Result<Vec<_>>>()?;
    let turn = dice.below(count);
    lines.rotate_left(turn);
    Ok(Pair { invoice: invoice(lines, &order)?, order, ledger })
}

/// What is sold in one line.
struct Good {
    id: String,
    name: String,
    thousandths: i64,
    price_minor: i64,
}

impl Good {
    fn of(dice: &mut Dice, place: usize, name: String) -> Self {
        let at_least_one = |number: usize| i64::try_from(number + 1).expect("a small number");
        let thousandths = at_least_one(dice.below(40)) * 500;
        Self { id: place.to_string(), name, thousandths, price_minor: 900 + at_least_one(dice.below(40_000)) }
    }

    fn ordered(&self) -> OrderLine {
        OrderLine {
            id: self.id.clone(),
            seller_item_id: Some(self.number()),
            buyer_item_id: None,
            gtin: None,
            aliases: Vec::new(),
            name: self.name.clone(),
            unit: "H87".to_owned(),
            quantity_thousandths: self.thousandths,
            unit_price: money::decimal(self.price_minor),
            base_quantity: Decimal::ONE,
            discount_per_cent: Decimal::ZERO,
            vat: ExpectedVat::Rate(Decimal::from(VAT_PER_CENT)),
        }
    }

    fn invoiced(&self, dice: &mut Dice, told: Told) -> anyhow::Result<Line> {
        let (quantity, price) = (money::from_thousandths(self.thousandths), money::decimal(self.price_minor));
        let has_typo = told == Told::ByNameAlone && dice.below(2) == 0;
        let name = if has_typo { with_typo(&self.name) } else { self.name.clone() };
        Ok(Line {
            id: self.id.clone(),
            name: text(name),
            description: None,
            seller_item_id: (told == Told::ByNumber).then(|| Field::xml(self.number())),
            buyer_item_id: None,
            standard_item_id: None,
            standard_item_scheme: None,
            quantity: Field::xml(quantity),
            unit: text("H87".to_owned()),
            net_price: Field::xml(price),
            base_quantity: None,
            allowances_charges: Vec::new(),
            net_minor: Field::xml(money::minor(quantity * price).context("an amount")?),
            vat_category: text("S".to_owned()),
            vat_rate: Some(Field::xml(Decimal::from(VAT_PER_CENT))),
            order_line_reference: None,
        })
    }

    fn number(&self) -> String {
        format!("A-{}", self.id)
    }
}

/// The whole name, two letters of its first word swapped.
fn with_typo(name: &str) -> String {
    let (first, rest) = name.split_once(' ').unwrap_or((name, ""));
    let typed = mistyped(name);
    format!("{} {rest}", typed.split(' ').next().unwrap_or(first))
}

fn invoice(lines: Vec<Line>, order: &Order) -> anyhow::Result<Invoice> {
    let rate = Decimal::from(VAT_PER_CENT);
    let net_minor: i64 = lines.iter().map(|line| line.net_minor.value).sum();
    let tax_minor = money::percentage_minor(net_minor, rate).context("an amount")?;
    let mut invoice = Invoice {
        number: text("F-1".to_owned()),
        currency: text("SEK".to_owned()),
        vat: vec![VatRow {
            category: Some("S".to_owned()),
            rate: Some(Field::xml(rate)),
            taxable_minor: Field::xml(net_minor),
            tax_minor: Field::xml(tax_minor),
        }],
        lines,
        ..Invoice::default()
    };
    invoice.references.order = text(order.id.clone());
    invoice.totals.net_minor = Some(Field::xml(net_minor));
    invoice.totals.vat_minor = Some(Field::xml(tax_minor));
    invoice.totals.payable_minor = Some(Field::xml(net_minor + tax_minor));
    Ok(invoice)
}

#[expect(clippy::unnecessary_wraps, reason = "texts of an invoice may be absent")]
fn text(text: String) -> Text {
    Some(Field::xml(text))
}
