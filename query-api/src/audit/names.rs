//! What things are called: learned from the events that are told, and for the rest from today's read models.

use std::collections::{BTreeSet, HashMap};

use events::{
    RecordedEvent, StreamKind,
    cart::{Cart, CartEvent},
    fold::decode,
    inventory::{Inventory, InventoryEvent},
    invoice::{Invoice, InvoiceEvent},
    order::{Order, OrderEvent},
    product::{Product, ProductEvent},
    trade_relation::{TradeRelation, TradeRelationEvent},
    values::{Currency, LineId, Quantity},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::words::quoted;

/// A line of an order or a cart, or a product.
#[derive(Clone, Debug, Default)]
pub(super) struct Thing {
    /// Its name, or its id where that is not known.
    pub(super) name: String,
    /// The same as it stands in a sentence.
    pub(super) said: String,
    /// UN/ECE code; empty where it is not known.
    pub(super) unit: String,
    pub(super) currency: Currency,
    /// Of a line: how much was ordered.
    pub(super) quantity: Quantity,
    /// Of a line: how much was delivered.
    pub(super) delivered: Quantity,
}

impl Thing {
    fn named(name: &str, unit: &str) -> Self {
        Self { name: name.to_owned(), said: quoted(name), unit: unit.to_owned(), ..Self::default() }
    }

    fn unknown(what: &str, id: Uuid) -> Self {
        let said = format!("{what} {id}");
        Self { name: said.clone(), said, ..Self::default() }
    }
}

/// Id, name, unit and currency.
type ProductRow = (Uuid, Option<String>, Option<String>, Option<String>);

/// What is known of the things that events name.
#[derive(Debug, Default)]
pub(super) struct Names {
    lines: HashMap<LineId, Thing>,
    products: HashMap<Uuid, Thing>,
    /// Of orders and carts.
    currencies: HashMap<Uuid, Currency>,
    /// `invoice “17”` or `credit note “18”`.
    invoices: HashMap<Uuid, String>,
    organisations: HashMap<Uuid, String>,
    wanted_products: BTreeSet<Uuid>,
    wanted_organisations: BTreeSet<Uuid>,
}

impl Names {
    /// Takes what an event says of names, and notes which others it needs.
    pub(super) fn learn(&mut self, event: &RecordedEvent) {
        match StreamKind::named(&event.stream_kind) {
            Some(StreamKind::Order) => self.learn_order(event),
            Some(StreamKind::Cart) => self.learn_cart(event),
            Some(StreamKind::Product) => self.learn_product(event),
            Some(StreamKind::Stock) => self.want_product(event.stream_id),
            Some(StreamKind::Invoice) => self.learn_invoice(event),
            Some(StreamKind::TradeRelation) => self.learn_relation(event),
            Some(StreamKind::Inventory) => self.learn_inventory(event),
            _ => {}
        }
    }

    fn want_product(&mut self, id: Uuid) {
        self.wanted_products.insert(id);
    }

    /// An organisation that will be spoken of.
    pub(super) fn want_organisation(&mut self, id: Uuid) {
        self.wanted_organisations.insert(id);
    }

    fn learn_order(&mut self, event: &RecordedEvent) {
        match decode::<Order>(event) {
            Ok(OrderEvent::OrderPlaced { restaurant_id, supplier_id, lines, currency, .. }) => {
                self.currencies.insert(event.stream_id, currency);
                self.wanted_organisations.extend([restaurant_id.0, supplier_id.0]);
                for line in lines {
                    let thing = Thing { quantity: line.quantity, ..Thing::named(&line.name, &line.unit) };
                    self.lines.insert(line.line_id, thing);
                }
            }
            Ok(OrderEvent::DeliveryMarked { lines, .. }) => {
                for line in lines {
                    if let Some(known) = self.lines.get_mut(&line.line_id) {
                        known.delivered = line.quantity;
                    }
                }
            }
            _ => {}
        }
    }

    fn learn_cart(&mut self, event: &RecordedEvent) {
        match decode::<Cart>(event) {
            Ok(CartEvent::CartOpened { restaurant_id, currency }) => {
                self.currencies.insert(event.stream_id, currency);
                self.want_organisation(restaurant_id.0);
            }
            Ok(CartEvent::CartItemAdded { item }) => {
                // The order's own words for the line, where they are known, hold.
                self.lines.entry(item.item_id).or_insert_with(|| Thing::named(&item.name, &item.unit));
            }
            _ => {}
        }
    }

    fn learn_product(&mut self, event: &RecordedEvent) {
        let id = event.stream_id;
        match decode::<Product>(event) {
            Ok(ProductEvent::ProductCreated { details, currency, .. }) => {
                let thing = Thing { currency, ..Thing::named(&details.name, &details.unit) };
                self.products.insert(id, thing);
            }
            Ok(ProductEvent::ProductDetailsRevised { details }) => {
                let currency = self.products.get(&id).map(|known| known.currency);
                let thing = Thing::named(&details.name, &details.unit);
                self.products.insert(id, Thing { currency: currency.unwrap_or_default(), ..thing });
            }
            _ => self.want_product(id),
        }
    }

    fn learn_invoice(&mut self, event: &RecordedEvent) {
        let document = match decode::<Invoice>(event) {
            Ok(InvoiceEvent::InvoiceExtracted { reading, .. }) => reading.document,
            Ok(InvoiceEvent::InvoiceCorrected { document, .. }) => *document,
            _ => return,
        };
        let kind = match document.kind {
            invoicing::invoice::Kind::Invoice => "invoice",
            invoicing::invoice::Kind::CreditNote => "credit note",
        };
        let Some(number) = document.number else { return };
        self.invoices.insert(event.stream_id, format!("{kind} {}", quoted(&number.value)));
    }

    fn learn_relation(&mut self, event: &RecordedEvent) {
        match decode::<TradeRelation>(event) {
            Ok(
                TradeRelationEvent::MatchingTermsSet { supplier_id, restaurant_id, .. }
                | TradeRelationEvent::PaymentAccountConfirmed { supplier_id, restaurant_id, .. },
            ) => self.wanted_organisations.extend([supplier_id.0, restaurant_id.0]),
            Ok(
                TradeRelationEvent::ItemAliasLearned { supplier_id, restaurant_id, product_id, .. }
                | TradeRelationEvent::ContractPriceAgreed { supplier_id, restaurant_id, product_id, .. }
                | TradeRelationEvent::ContractPriceEnded { supplier_id, restaurant_id, product_id },
            ) => {
                self.wanted_organisations.extend([supplier_id.0, restaurant_id.0]);
                self.want_product(product_id.0);
            }
            Err(_) => {}
        }
    }

    fn learn_inventory(&mut self, event: &RecordedEvent) {
        let Ok(InventoryEvent::InventoryCounted { restaurant_id, items, .. }) = decode::<Inventory>(event)
        else {
            return;
        };
        self.want_organisation(restaurant_id.0);
        self.wanted_products.extend(items.iter().map(|item| item.product_id.0));
    }

    /// Looks up what no event has said, in two queries.
    pub(super) async fn look_up(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let missing: Vec<Uuid> =
            self.wanted_products.iter().filter(|id| !self.products.contains_key(id)).copied().collect();
        let products: Vec<ProductRow> = sqlx::query_as(
            "SELECT product_id, state #>> '{state,details,name}', state #>> '{state,details,unit}', \
                    state #>> '{state,currency}' \
             FROM read.products WHERE product_id = ANY($1)",
        )
        .bind(missing)
        .fetch_all(&mut *connection)
        .await?;
        for (id, name, unit, currency) in products {
            let Some(name) = name else { continue };
            let currency = currency.and_then(|code| code.parse().ok()).unwrap_or_default();
            let thing = Thing { currency, ..Thing::named(&name, unit.as_deref().unwrap_or_default()) };
            self.products.insert(id, thing);
        }
        let wanted: Vec<Uuid> = self.wanted_organisations.iter().copied().collect();
        let organisations: Vec<(Uuid, Option<String>)> = sqlx::query_as(
            "SELECT supplier_id, state #>> '{state,details,name}' FROM read.suppliers WHERE supplier_id = ANY($1) \
             UNION ALL \
             SELECT restaurant_id, state #>> '{state,details,name}' FROM read.restaurants \
             WHERE restaurant_id = ANY($1)",
        )
        .bind(wanted)
        .fetch_all(connection)
        .await?;
        self.organisations.extend(organisations.into_iter().filter_map(|(id, name)| Some((id, name?))));
        Ok(())
    }

    pub(super) fn line(&self, id: LineId) -> Thing {
        self.lines.get(&id).cloned().unwrap_or_else(|| Thing::unknown("line", id.0))
    }

    pub(super) fn product(&self, id: Uuid) -> Thing {
        self.products.get(&id).cloned().unwrap_or_else(|| Thing::unknown("product", id))
    }

    /// Of an order or a cart.
    pub(super) fn currency_of(&self, stream_id: Uuid) -> Currency {
        self.currencies.get(&stream_id).copied().unwrap_or_default()
    }

    pub(super) fn invoice(&self, id: Uuid) -> String {
        self.invoices.get(&id).cloned().unwrap_or_else(|| format!("invoice {id}"))
    }

    /// Its name, if there is one.
    pub(super) fn organisation_name(&self, id: Uuid) -> Option<&str> {
        self.organisations.get(&id).map(String::as_str)
    }

    /// As it stands in a sentence.
    pub(super) fn organisation(&self, id: Uuid) -> String {
        self.organisation_name(id).map_or_else(|| id.to_string(), quoted)
    }
}
