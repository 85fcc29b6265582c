//! Which invoice line answers to which order line.

use pathfinding::{kuhn_munkres::kuhn_munkres, matrix::Matrix};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    names::similarity,
    order::{Order, OrderLine},
};
use crate::invoice::{Invoice, Line, Text};

/// Beyond this many lines on either side nothing is guessed: the assignment grows with the cube.
const ASSIGNED_MAX: usize = 100;
/// A guess below this is none.
const SCORE_MIN: i64 = 550;
/// A guess is sure from here on, if its names are alike too.
const SCORE_SURE: i64 = 700;
const NAME_SURE: i64 = 550;
/// How far the next best must be behind.
const MARGIN_MIN: i64 = 100;

/// How two lines found each other, surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LinkMethod)]
pub enum Method {
    /// The invoice line names the order line.
    OrderLineReference,
    /// The same GTIN.
    Gtin,
    /// The same article number of the seller.
    SellerItem,
    /// The same article number of the buyer.
    BuyerItem,
    /// An article number that a person confirmed earlier.
    Alias,
    /// Name, price and quantity, by assignment.
    Likeness,
}

/// One invoice line and its order line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LineLink)]
pub struct Link {
    /// Id of the invoice line.
    pub invoice_line: String,
    /// Id of the order line.
    pub order_line: String,
    /// How they found each other.
    pub method: Method,
}

/// The links of one document.
pub(super) struct Linked {
    pub links: Vec<Link>,
    /// By line of the document: its order line, if it has one.
    pub order_line: Vec<Option<usize>>,
    /// Lines of the document whose order line is not sure.
    pub ambiguous: Vec<usize>,
}

/// Hard keys first, each line by itself; then what is left, all at once.
pub(super) fn link(invoice: &Invoice, order: &Order) -> Linked {
    let mut found: Vec<Option<(usize, Method)>> = vec![None; invoice.lines.len()];
    let mut ambiguous = Vec::new();
    for (index, line) in invoice.lines.iter().enumerate() {
        match by_key(line, order) {
            Keyed::One(order_line, method) => found[index] = Some((order_line, method)),
            Keyed::Contradictory => ambiguous.push(index),
            Keyed::None => {}
        }
    }
    by_likeness(invoice, order, &mut found, &mut ambiguous);
    ambiguous.sort_unstable();
    let links = invoice.lines.iter().zip(&found).filter_map(|(line, found)| {
        found.map(|(order_line, method)| Link {
            invoice_line: line.id.clone(),
            order_line: order.lines[order_line].id.clone(),
            method,
        })
    });
    Linked {
        links: links.collect(),
        order_line: found.iter().map(|found| found.map(|(order_line, _)| order_line)).collect(),
        ambiguous,
    }
}

enum Keyed {
    One(usize, Method),
    Contradictory,
    None,
}

/// All keys of the goods must point to the same order line: a wrong number beside a right one is not
/// outvoted.
fn by_key(line: &Line, order: &Order) -> Keyed {
    let keys = [
        (Method::Gtin, &line.standard_item_id),
        (Method::SellerItem, &line.seller_item_id),
        (Method::BuyerItem, &line.buyer_item_id),
        (Method::Alias, &line.seller_item_id),
        (Method::Alias, &line.name),
    ];
    let mut goods: Vec<(usize, Method)> = Vec::new();
    for (method, key) in keys {
        goods.extend(only_line_with(order, method, key).map(|hit| (hit, method)));
    }
    let reference = only_line_with(order, Method::OrderLineReference, &line.order_line_reference);
    let Some(&(first, method)) = goods.first() else {
        return match reference {
            Some(hit) if contradicts(line, &order.lines[hit]) => Keyed::Contradictory,
            Some(hit) => Keyed::One(hit, Method::OrderLineReference),
            None => Keyed::None,
        };
    };
    if goods.iter().any(|(hit, _)| *hit != first) {
        return Keyed::Contradictory;
    }
    // Sellers write their own line number where the order's belongs; then two keys of the goods, or one
    // and the name, say more than that.
    let is_outvoted = reference.is_some_and(|hit| hit != first);
    let is_named =
        || line.name.as_ref().is_some_and(|name| similarity(name, &order.lines[first].name) >= SCORE_SURE);
    match (reference, is_outvoted) {
        (Some(_), false) => Keyed::One(first, Method::OrderLineReference),
        (_, true) if goods.len() < 2 && !is_named() => Keyed::Contradictory,
        _ => Keyed::One(first, method),
    }
}

/// The order line that has the key, if it is one alone.
fn only_line_with(order: &Order, method: Method, key: &Text) -> Option<usize> {
    let key = key.as_ref()?;
    let mut hits = order.lines.iter().enumerate().filter(|(_, line)| has_key(line, method, key));
    let (hit, other) = (hits.next(), hits.next());
    hit.filter(|_| other.is_none()).map(|(index, _)| index)
}

fn has_key(line: &OrderLine, method: Method, key: &str) -> bool {
    let is = |own: &Option<String>| own.as_deref().is_some_and(|own| fold(own) == fold(key));
    match method {
        Method::OrderLineReference => fold(&line.id) == fold(key),
        Method::Gtin => is(&line.gtin),
        Method::SellerItem => is(&line.seller_item_id),
        Method::BuyerItem => is(&line.buyer_item_id),
        Method::Alias => line.aliases.iter().any(|alias| fold(alias) == fold(key)),
        Method::Likeness => false,
    }
}

/// An order-line reference may be the invoice's own numbering: another GTIN, or another article number
/// under another name, means that it is.
fn contradicts(line: &Line, order_line: &OrderLine) -> bool {
    let differs = |own: &Option<String>, stated: &Text| {
        own.as_ref().zip(stated.as_ref()).is_some_and(|(own, stated)| fold(own) != fold(stated))
    };
    if differs(&order_line.gtin, &line.standard_item_id) {
        return true;
    }
    let unlike = line.name.as_ref().is_some_and(|name| similarity(name, &order_line.name) < 400);
    unlike && (line.seller_item_id.is_none() || differs(&order_line.seller_item_id, &line.seller_item_id))
}

/// Upper-case letters and digits only, with no leading zeros.
pub(crate) fn fold(key: &str) -> String {
    let kept: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    kept.trim_start_matches('0').to_owned()
}

fn by_likeness(
    invoice: &Invoice,
    order: &Order,
    found: &mut [Option<(usize, Method)>],
    ambiguous: &mut Vec<usize>,
) {
    let taken: Vec<usize> = found.iter().flatten().map(|(order_line, _)| *order_line).collect();
    let mut open: Vec<usize> = (0..order.lines.len()).filter(|index| !taken.contains(index)).collect();
    let mut lines: Vec<usize> =
        (0..found.len()).filter(|index| found[*index].is_none() && !ambiguous.contains(index)).collect();
    if open.is_empty() || lines.is_empty() {
        return;
    }
    if open.len() > ASSIGNED_MAX || lines.len() > ASSIGNED_MAX {
        ambiguous.extend(lines);
        return;
    }
    // Ties are broken by content, never by place: the answer is the same in any order of lines.
    open.sort_by(|left, right| order.lines[*left].id.cmp(&order.lines[*right].id));
    lines.sort_by(|left, right| invoice.lines[*left].id.cmp(&invoice.lines[*right].id));
    let scores = Matrix::from_fn(lines.len(), open.len().max(lines.len()), |(row, column)| {
        open.get(column).map_or(0, |index| score(&invoice.lines[lines[row]], &order.lines[*index]))
    });
    let (_, columns) = kuhn_munkres(&scores);
    for (row, column) in columns.into_iter().enumerate() {
        let best = scores[(row, column)];
        if column >= open.len() || best < SCORE_MIN {
            continue;
        }
        let (line, order_line) = (&invoice.lines[lines[row]], &order.lines[open[column]]);
        let rival = rival(&scores, row, column);
        let named = line.name.as_ref().map_or(0, |name| similarity(name, &order_line.name));
        if best >= SCORE_SURE && named >= NAME_SURE && best - rival >= MARGIN_MIN {
            found[lines[row]] = Some((open[column], Method::Likeness));
        } else {
            ambiguous.push(lines[row]);
        }
    }
}

/// The next best for the same line, or for the same order line.
fn rival(scores: &Matrix<i64>, row: usize, column: usize) -> i64 {
    let others = (0..scores.columns).filter(|other| *other != column).map(|other| scores[(row, other)]);
    let lines = (0..scores.rows).filter(|other| *other != row).map(|other| scores[(other, column)]);
    others.chain(lines).max().unwrap_or(0)
}

/// From 0 to 1000: 60 % name, 25 % price, 15 % quantity.
fn score(line: &Line, order_line: &OrderLine) -> i64 {
    let name = line.name.as_ref().map_or(0, |name| similarity(name, &order_line.name));
    let base = line.base_quantity.as_ref().map_or(Decimal::ONE, |base| base.value);
    let price = line.net_price.value.checked_div(base).unwrap_or_default();
    let price = closeness(price, order_line.unit_price / order_line.base_quantity);
    let ordered = crate::money::from_thousandths(order_line.quantity_thousandths);
    (name * 60 + price * 25 + closeness(line.quantity.value, ordered) * 15) / 100
}

/// 1000 when equal, 0 when one is half of the other or less.
fn closeness(left: Decimal, right: Decimal) -> i64 {
    let larger = left.abs().max(right.abs());
    if larger.is_zero() {
        return 1000;
    }
    let apart = (left - right).abs().checked_div(larger).unwrap_or(Decimal::ONE);
    (Decimal::ONE_THOUSAND - apart * Decimal::from(2000)).max(Decimal::ZERO).to_i64().unwrap_or(0)
}
