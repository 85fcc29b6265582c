//! Events in plain English: one file per kind of stream, a `match` over its events in each, so that a new event does
//! not compile before it has its words.
//!
//! A sentence says what was done, in the past tense and without its subject: who did it stands beside it. Nothing
//! of what people are called or can be reached at is in it.

mod account;
mod api_key;
mod billing;
mod cart;
mod forecast;
mod inventory;
mod invoice;
mod order;
mod price_rule;
mod product;
mod restaurant;
mod stock;
mod supplier;
mod trade_relation;
mod webhook_endpoint;

use events::{
    Fold, RecordedEvent, StreamKind, account::Account, api_key::ApiKey, billing::Billing, cart::Cart,
    fold::decode, forecast::Forecast, inventory::Inventory, invoice::Invoice, order::Order,
    price_rule::PriceRules, product::Product, restaurant::Restaurant, stock::Stock, supplier::Supplier,
    trade_relation::TradeRelation, values::Currency, webhook_endpoint::WebhookEndpoint,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::names::Names;
use crate::documents;

/// One thing that an event changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Change {
    /// What changed: `price`, or the name of a line's product.
    pub(super) what: String,
    /// What it was, where the event says so.
    pub(super) from: Option<String>,
    /// What it is since then.
    pub(super) to: String,
}

/// What an event says, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// A sentence with its full stop.
    pub(super) words: String,
    /// In the order of the event.
    pub(super) changes: Vec<Change>,
}

impl Told {
    fn plain(words: impl Into<String>) -> Self {
        Self { words: words.into(), changes: Vec::new() }
    }

    fn with(mut self, what: impl Into<String>, from: Option<String>, to: impl Into<String>) -> Self {
        self.changes.push(Change { what: what.into(), from, to: to.into() });
        self
    }
}

/// The event in words. One that this version cannot read is told as what it is called: a history that leaves it out
/// would be worse.
pub(super) fn tell(event: &RecordedEvent, names: &Names) -> Told {
    let Some(kind) = StreamKind::named(&event.stream_kind) else { return unreadable(event) };
    match kind {
        StreamKind::Account => told::<Account>(event, account::tell),
        StreamKind::Supplier => told::<Supplier>(event, supplier::tell),
        StreamKind::Restaurant => told::<Restaurant>(event, restaurant::tell),
        StreamKind::Product => told::<Product>(event, |it| product::tell(it, event, names)),
        StreamKind::Stock => told::<Stock>(event, |it| stock::tell(it, event, names)),
        StreamKind::Cart => told::<Cart>(event, |it| cart::tell(it, event, names)),
        StreamKind::Order => told::<Order>(event, |it| order::tell(it, event, names)),
        StreamKind::WebhookEndpoint => told::<WebhookEndpoint>(event, webhook_endpoint::tell),
        StreamKind::Invoice => told::<Invoice>(event, |it| invoice::tell(it, event, names)),
        StreamKind::Billing => told::<Billing>(event, |it| billing::tell(it, names)),
        StreamKind::TradeRelation => told::<TradeRelation>(event, |it| trade_relation::tell(it, names)),
        StreamKind::ApiKey => told::<ApiKey>(event, api_key::tell),
        StreamKind::Inventory => told::<Inventory>(event, |it| inventory::tell(it, names)),
        StreamKind::Forecast => told::<Forecast>(event, forecast::tell),
        StreamKind::PriceRules => told::<PriceRules>(event, |it| price_rule::tell(it, names)),
    }
}

/// The event in one sentence, without knowing what things are called.
pub fn in_words(event: &RecordedEvent) -> String {
    let mut names = Names::default();
    names.learn(event);
    tell(event, &names).words
}

fn told<S: Fold>(event: &RecordedEvent, tell: impl FnOnce(&S::Event) -> Told) -> Told {
    decode::<S>(event).map_or_else(|_| unreadable(event), |decoded| tell(&decoded))
}

fn unreadable(event: &RecordedEvent) -> Told {
    Told::plain(format!("{} (version {}), which cannot be read here.", event.event_type, event.event_version))
}

/// `1 234,50 SEK`
fn money(minor: i64, currency: Currency) -> String {
    format!("{}\u{a0}{currency}", documents::amount(minor))
}

/// `2,5 kg`
fn amount_of(quantity: events::values::Quantity, unit: &str) -> String {
    format!("{}\u{a0}{}", documents::quantity(quantity), unit_word(unit))
}

/// English for the units of trade that are common; others stand as their code.
pub(crate) fn unit_word(code: &str) -> &str {
    match code {
        "KGM" => "kg",
        "GRM" => "g",
        "LTR" => "l",
        "MLT" => "ml",
        "H87" | "C62" | "EA" | "NAR" => "pcs",
        "XCT" | "CT" => "cartons",
        "XBX" | "BX" => "boxes",
        "XBG" | "BG" => "bags",
        "XPK" | "PK" => "packs",
        "XBO" | "BO" => "bottles",
        "XCR" | "CR" => "crates",
        "XCA" | "CA" => "cans",
        "XPX" | "PF" => "pallets",
        "" => "units",
        other => other,
    }
}

/// `1 line`, `2 lines`
fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// What people wrote themselves, in quotes and in one line: it cannot pass for words of ours.
pub(super) fn quoted(text: &str) -> String {
    format!("“{}”", in_one_line(text).replace(['“', '”'], "\""))
}

/// Without line feeds and other signs that a terminal would obey.
pub(super) fn in_one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|sign| !sign.is_control()).collect()
}

/// ` because “…”`, or nothing.
fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(", because {}", quoted(reason)))
}

/// `a, b and c`
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A word of a closed set as people read it: `awaits_receipt` becomes `awaits receipt`.
fn spoken(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word.replace('_', " "),
        _ => String::new(),
    }
}
