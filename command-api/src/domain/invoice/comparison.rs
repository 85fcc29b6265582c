//! What the engine compares an invoice with: the order, what of it was received and invoiced, and the tolerances,
//! as the streams have them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use events::{
    billing::{Billed, Billing},
    invoice::{Invoice, Trade},
    order::{Order, OrderLine, OrderStatus},
    product::Product,
    restaurant::Restaurant,
    supplier::Supplier,
    trade_relation::{TradeRelation, relation_id},
    values::{InvoiceId, LineId, OrderId, ProductId, Quantity, TaxRate, swedish_day},
};
use invoicing::{
    matching::{self, ExpectedVat, KnownSeller, Ledger, Policy, Receipts},
    money,
};
use rust_decimal::Decimal;

use crate::domain::{Stop, Unit, access};

/// One order, as far as an invoice is compared with it.
pub(super) struct Compared {
    pub(super) trade: Trade,
    /// Nobody has said yet what was received, and somebody still may.
    pub(super) receipt_is_to_come: bool,
    /// Other invoices that wait for its receipt.
    pub(super) waiting: usize,
    /// Organisation and VAT number of the restaurant.
    buyer: [Option<String>; 2],
    order: matching::Order,
    received: BTreeMap<LineId, Quantity>,
    billed: BTreeMap<LineId, Billed>,
    policy: Policy,
}

impl Compared {
    /// That order, if it exists and the caller acts for one of its sides: an invoice is held against nobody else's
    /// orders, whatever number it names.
    pub(super) fn load(
        unit: &mut Unit<'_>,
        order_id: OrderId,
        invoice: &Invoice,
        without: &[InvoiceId],
    ) -> Result<Option<Self>, Stop> {
        let order = unit.get::<Order>(order_id)?;
        if !order.exists() {
            return Ok(None);
        }
        let order = &order.state;
        match access::sides_of(unit, order_id, order) {
            Ok(_) => {}
            Err(Stop::Refused(_)) => return Ok(None),
            Err(stop) => return Err(stop),
        }
        let (supplier_id, restaurant_id) = (order.supplier_id, order.restaurant_id);
        let relation_id = relation_id(supplier_id, restaurant_id);
        unit.want::<Billing>(order_id);
        unit.want::<TradeRelation>(relation_id);
        for line in &order.lines {
            unit.want::<Product>(line.ordered.product_id);
        }
        unit.wanted()?;
        let relation = unit.get::<TradeRelation>(relation_id)?;
        let supplier = unit.get::<Supplier>(supplier_id)?;
        let details = unit.get::<Restaurant>(restaurant_id)?.state.details.clone();
        let buyer = [details.org_number, details.vat_number];
        let billing = unit.get::<Billing>(order_id)?;
        let day = tax_point(unit, order, invoice);
        let mut lines = Vec::with_capacity(order.lines.len());
        for line in &order.lines {
            let product = unit.get::<Product>(line.ordered.product_id)?;
            lines.push(order_line(line, &product.state, &relation.state, day));
        }
        Ok(Some(Self {
            trade: Trade { supplier_id, restaurant_id, order_id },
            receipt_is_to_come: order.received_at.is_none() && order.status != OrderStatus::Cancelled,
            buyer,
            order: matching::Order {
                id: order_id.to_string(),
                currency: order.currency.to_string(),
                seller: Some(seller(&supplier.state, &relation.state, invoice)),
                lines,
                charges: Vec::new(),
            },
            received: received(order),
            waiting: billing.state.waiting.iter().filter(|waiting| !without.contains(waiting)).count(),
            billed: billing.state.billed_without(without),
            policy: policy(&relation.state),
        }))
    }

    /// The documents against the order: an invoice, and the credit notes to it.
    pub(super) fn reconcile(
        &self,
        invoice: &invoicing::Invoice,
        credits: &[invoicing::Invoice],
    ) -> matching::Outcome {
        matching::reconcile_with_credits(invoice, credits, &self.order, &self.ledger(), &self.policy)
    }

    /// A person of one side says that it is for this order. Where the document calls it by a number of the
    /// restaurant's own (`PO-1005`), which Iris does not know, that is then no other order; an id of Iris's that is
    /// another one still is.
    pub(super) fn vouched_for(mut self, invoice: &invoicing::Invoice) -> Self {
        let named = invoice.references.order.as_ref();
        if let Some(own) = named.filter(|named| named.value.parse::<OrderId>().is_err()) {
            self.order.id.clone_from(&own.value);
        }
        self
    }

    /// Whether an order that nobody named can be the one of that document: not where it names another buyer.
    pub(super) fn may_be_for(&self, invoice: &invoicing::Invoice) -> bool {
        let bare = |text: &str| text.chars().filter(|sign| sign.is_alphanumeric()).collect::<String>();
        let stated = [&invoice.buyer.legal_id, &invoice.buyer.vat_id];
        let differs = |(stated, known): (&invoicing::invoice::Text, &Option<String>)| {
            stated.as_ref().zip(known.as_ref()).is_some_and(|(stated, known)| bare(stated) != bare(known))
        };
        !stated.into_iter().zip(&self.buyer).any(differs)
    }

    /// As what comes out where the invoice has probably come before.
    pub(super) fn of_duplicate(&self, invoice: &invoicing::Invoice, earlier: &str) -> matching::Outcome {
        matching::Outcome::of_duplicate(invoice, earlier, &self.policy)
    }

    /// Whether a receipt is to come that the invoice must wait for.
    pub(super) fn must_wait(&self) -> bool {
        self.receipt_is_to_come && self.policy.receipts == Receipts::Required
    }

    fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::default();
        for (line_id, received) in &self.received {
            ledger.line_mut(&line_id.to_string()).received_thousandths = received.0;
        }
        for (line_id, billed) in &self.billed {
            let line = ledger.line_mut(&line_id.to_string());
            line.invoiced_thousandths = billed.invoiced.0;
            line.credited_thousandths = billed.credited.0;
        }
        ledger
    }
}

/// The day that decides the VAT of lines that were not delivered yet.
fn tax_point(unit: &Unit<'_>, order: &Order, invoice: &Invoice) -> NaiveDate {
    let delivered = order.delivered_at.map(swedish_day);
    delivered.or_else(|| invoice.document()?.tax_point()).unwrap_or_else(|| unit.today())
}

fn order_line(
    line: &OrderLine,
    product: &Product,
    relation: &TradeRelation,
    day: NaiveDate,
) -> matching::OrderLine {
    let ordered = &line.ordered;
    let rate: TaxRate =
        line.delivered.map_or_else(|| ordered.tax.rate_on(day), |delivered| delivered.tax_rate);
    let is_this = |(_, product_id): &(&String, &ProductId)| **product_id == ordered.product_id;
    matching::OrderLine {
        id: ordered.line_id.to_string(),
        seller_item_id: Some(ordered.sku.clone()),
        buyer_item_id: None,
        gtin: product.details.gtin.as_ref().map(ToString::to_string),
        aliases: relation.aliases.iter().filter(is_this).map(|(alias, _)| alias.clone()).collect(),
        name: ordered.name.clone(),
        unit: ordered.unit.clone(),
        quantity_thousandths: ordered.quantity.0,
        unit_price: money::decimal(ordered.unit_price_minor),
        base_quantity: Decimal::ONE,
        discount_per_cent: Decimal::ZERO,
        vat: ExpectedVat::Rate(Decimal::new(i64::from(rate.basis_points()), 2)),
    }
}

/// What the seller is recognised by.
///
/// A member of the supplier has proved by logging in for whom it sends. Where the supplier has registered no number
/// of its own, that is what tells: the document's numbers are then taken as said by the supplier itself.
fn seller(supplier: &Supplier, relation: &TradeRelation, invoice: &Invoice) -> KnownSeller {
    let details = &supplier.details;
    let (mut legal_id, mut vat_id) = (details.org_number.clone(), details.vat_number.clone());
    let sender = invoice.received_by;
    let is_own =
        sender.is_some_and(|sender| supplier.members.iter().any(|member| member.account_id == sender));
    if is_own && legal_id.is_none() && vat_id.is_none() {
        let stated = invoice.document().map(|document| &document.seller);
        legal_id = stated.and_then(|seller| seller.legal_id.as_ref()).map(|id| id.value.clone());
        vat_id = stated.and_then(|seller| seller.vat_id.as_ref()).map(|id| id.value.clone());
    }
    KnownSeller { legal_id, vat_id, accounts: accounts(supplier, relation) }
}

/// Where the supplier's money goes: where it went before. Only before the first invoice between the two is that what
/// the supplier has registered: whoever has got hold of a supplier's login can register another account, but no
/// invoice passes by itself that names one which the restaurant has never paid to.
fn accounts(supplier: &Supplier, relation: &TradeRelation) -> Vec<String> {
    if !relation.accounts.is_empty() {
        return relation.accounts.iter().cloned().collect();
    }
    let details = &supplier.details;
    [&details.bankgiro, &details.plusgiro, &details.iban].into_iter().flatten().cloned().collect()
}

fn received(order: &Order) -> BTreeMap<LineId, Quantity> {
    let received = order.lines.iter().filter_map(|line| line.received.as_ref());
    received.map(|received| (received.line_id, received.quantity)).collect()
}

fn policy(relation: &TradeRelation) -> Policy {
    let terms = &relation.terms;
    let per_cent = |basis_points: i32| Decimal::new(i64::from(basis_points), 2);
    Policy {
        version: relation.terms_version,
        unit_price_per_cent: per_cent(terms.price_basis_points),
        unit_price_effect_min_minor: terms.price_effect_min_cents,
        quantity_per_cent: per_cent(terms.quantity_basis_points),
        catch_weight_per_cent: per_cent(terms.catch_weight_basis_points),
        catch_weight_units: terms.catch_weight_units.clone(),
        rounding_max_minor: terms.rounding_max_cents,
        unplanned_charge_max_minor: terms.unplanned_charge_max_cents,
        receipts: if terms.requires_receipt { Receipts::Required } else { Receipts::NotNeeded },
        ..Policy::default()
    }
}
