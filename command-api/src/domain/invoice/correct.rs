//! A person says what an invoice says.

use events::{
    invoice::{Invoice, Trade},
    order::Order,
    resource::InvoiceResource,
    trade_relation::{TradeRelation, relation_id},
    values::{InvoiceId, OrderId, ProductId},
};

use super::{
    InvoiceCommand,
    correction::corrected,
    judge::{Wish, judge, named_orders},
    participants::decidable,
    record::{decide, record},
};
use crate::domain::{
    Answer, Command, Concerns, Stop, Unit,
    refusal::{InvalidValue, Refusal},
    trade_relation::{Pair, TradeRelationCommand},
};

/// Corrects what was read, or enters what could not be; then it is held against its order again. What a line's
/// article is in truth is remembered for the invoices to come. Members of the restaurant and ADMIN; whoever sent it
/// while nobody knows whose it is.
#[derive(Clone, Debug)]
pub struct CorrectInvoice {
    /// Which.
    pub invoice_id: InvoiceId,
    /// The whole of it as it should be. What it says as before keeps its source and its place on the page.
    pub document: Box<invoicing::Invoice>,
    /// Which product a line of it is, by the line's id.
    pub aliases: Vec<(String, ProductId)>,
    /// Orders that it could be for, should it name none.
    pub candidates: Vec<OrderId>,
}

impl Command for CorrectInvoice {
    fn operation(&self) -> &'static str {
        "correct_invoice"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.invoice_id;
        let (invoice, _) = decidable(unit, id)?;
        unit.match_revision(invoice.revision)?;
        self.check_aliases()?;
        let (document, changed) = corrected(invoice.state.document(), &self.document);
        let correct = InvoiceCommand::Correct {
            document: Box::new(document),
            changed,
            corrected_by: unit.caller().account_id(),
            now: unit.now(),
        };
        let corrected = decide(unit, id, correct)?;
        let wish = Wish { order_id: None, candidates: self.candidates.clone() };
        self.learn(unit, &corrected.state, &wish)?;
        let judgement = judge(unit, id, &corrected.state, &wish)?;
        let settled = record(unit, id, judgement)?;
        Ok(Answer::ok(&InvoiceResource::of(id, &settled), settled.revision))
    }
}

impl CorrectInvoice {
    fn check_aliases(&self) -> Result<(), Refusal> {
        let is_unknown = |line: &String| !self.document.lines.iter().any(|known| known.id == *line);
        let faults = self.aliases.iter().enumerate().filter(|(_, (line, _))| is_unknown(line));
        let faults: Vec<InvalidValue> = faults
            .map(|(at, (line, _))| InvalidValue {
                field: format!("aliases[{at}].line"),
                code: "unknown_line",
                message: format!("the invoice has no line {line}"),
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
    }

    /// A line is known by its article number, else by its name. Learned between the parties of the first order that
    /// is named: without one there is nobody to learn it for.
    fn learn(&self, unit: &mut Unit<'_>, invoice: &Invoice, wish: &Wish) -> Result<(), Stop> {
        let Some(trade) = self.parties(unit, invoice, wish)? else { return Ok(()) };
        let pair = Pair { supplier_id: trade.supplier_id, restaurant_id: trade.restaurant_id };
        let order = unit.get::<Order>(trade.order_id)?;
        for (line_id, product_id) in &self.aliases {
            let is_ordered = order.state.lines.iter().any(|line| line.ordered.product_id == *product_id);
            if !is_ordered {
                let message = "the order has no such product";
                return Err(Refusal::invalid("aliases", "unknown_product", message).into());
            }
            let line = self.document.lines.iter().find(|line| line.id == *line_id);
            let name = line.and_then(|line| line.seller_item_id.as_ref().or(line.name.as_ref()));
            let Some(alias) = name.map(|name| name.value.clone()) else { continue };
            let learn = TradeRelationCommand::LearnAlias { pair, alias, product_id: *product_id };
            let id = relation_id(pair.supplier_id, pair.restaurant_id);
            let concerns = Concerns::both(pair.supplier_id, pair.restaurant_id);
            unit.decide::<TradeRelation>(id, concerns, learn)?;
        }
        Ok(())
    }

    fn parties(&self, unit: &mut Unit<'_>, invoice: &Invoice, wish: &Wish) -> Result<Option<Trade>, Stop> {
        if self.aliases.is_empty() {
            return Ok(None);
        }
        for order_id in named_orders(invoice, wish) {
            let order = unit.get::<Order>(order_id)?;
            let trade = Trade {
                supplier_id: order.state.supplier_id,
                restaurant_id: order.state.restaurant_id,
                order_id,
            };
            let is_own = order.exists() && {
                let restaurant = unit.get::<events::restaurant::Restaurant>(trade.restaurant_id)?;
                unit.caller().acts_for(&restaurant.state.members)
            };
            if is_own {
                return Ok(Some(trade));
            }
        }
        Ok(None)
    }
}
