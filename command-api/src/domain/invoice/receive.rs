//! A file came.

use std::sync::Arc;

use events::{
    Fold, Folded,
    invoice::{HoldReason, Invoice, InvoiceEvent, InvoiceFile, Reading, Stated},
    log::Claim,
    order::Order,
    resource::{InvoiceNotice, InvoiceResource},
    restaurant::Restaurant,
    supplier::Supplier,
    values::{InvoiceId, OrderId, Role},
};

use super::{
    InvoiceCommand,
    judge::{Judgement, Wish, judge},
    participants::{Sides, concerns},
    record::{decide, record},
};
use crate::domain::{Answer, Command, Stop, Unit, access, refusal::Refusal};

/// What is known of a file when it is recorded.
#[derive(Clone, Debug)]
pub enum Content {
    /// All of it.
    Read(Box<Reading>),
    /// Nothing yet: it will be read.
    Pending,
    /// Nothing, and nothing on this server could: a person enters it.
    Manual,
    /// It cannot be read.
    Unreadable {
        /// A word for programs.
        code: String,
        /// A sentence for people.
        message: String,
    },
}

/// Keeps an invoice, and settles it as far as what was read allows.
///
/// The same file again, or the same number of the same supplier with the same day and sum, is the same invoice: the
/// answer is that one, with a notice. Members of a supplier or a restaurant, and ADMIN.
#[derive(Clone, Debug)]
pub struct ReceiveInvoice {
    /// Its id, should it be new.
    pub invoice_id: InvoiceId,
    /// The file, which is kept already.
    pub file: InvoiceFile,
    /// What the sender says of it.
    pub stated: Stated,
    /// What was read of it.
    pub content: Content,
    /// Orders that it could be for, should it name none.
    pub candidates: Vec<OrderId>,
}

impl Command for ReceiveInvoice {
    fn operation(&self) -> &'static str {
        "receive_invoice"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let stated = self.permitted(unit)?;
        let claim = Claim::invoice_file(&self.file.sha256);
        let former = unit.holder(&claim)?;
        if let Some(former) = former {
            let invoice = unit.get::<Invoice>(former)?;
            // Somebody else's file with the same bytes is not shown, and not even said to be there.
            let sides = Sides::of(unit, &invoice.state)?;
            if sides.may_see() {
                let notice = ("duplicate_file", "this file has come before");
                return Ok(known(former.into(), &invoice, &sides, notice));
            }
        }
        let received = InvoiceEvent::InvoiceReceived {
            file: self.file.clone(),
            stated,
            received_by: unit.caller().account_id(),
            received_at: unit.now(),
        };
        let mut tentative = Invoice::default();
        tentative.apply(&received);
        let judgement = self.judge(unit, &mut tentative)?;
        if let Some(Judgement::SameAs(original)) = judgement {
            let invoice = unit.get::<Invoice>(original)?;
            let sides = Sides::of(unit, &invoice.state)?;
            if sides.may_see() {
                let notice = ("duplicate_number", "an invoice with this number, day and sum has come before");
                return Ok(known(original, &invoice, &sides, notice));
            }
        }
        if former.is_none() {
            unit.set_holder(claim, Some(self.invoice_id.0));
        }
        let invoice = self.keep(unit, stated, judgement)?;
        let sides = Sides::of(unit, &invoice.state)?;
        Ok(Answer::created(&shown(self.invoice_id, &invoice, &sides), invoice.revision))
    }
}

impl ReceiveInvoice {
    /// What the sender states, where it may state that: an order of its own, an organisation that it works for.
    fn permitted(&self, unit: &mut Unit<'_>) -> Result<Stated, Stop> {
        if matches!(unit.caller().role(), Role::Auditor | Role::Partner) {
            let needed = "only a member of a supplier or a restaurant, or an ADMIN,";
            return Err(Refusal::Forbidden { needed }.into());
        }
        let Stated { supplier_id, restaurant_id, order_id } = self.stated;
        if let Some(order_id) = order_id {
            let order = unit.existing::<Order>("order", order_id)?;
            access::sides_of(unit, order_id, &order.state)?;
            let (supplier, restaurant) = (order.state.supplier_id, order.state.restaurant_id);
            let says_other = supplier_id.is_some_and(|stated| stated != supplier)
                || restaurant_id.is_some_and(|stated| stated != restaurant);
            if says_other {
                let message = "the order is between another supplier and restaurant";
                return Err(Refusal::invalid("order_id", "other_parties", message).into());
            }
            return Ok(Stated {
                supplier_id: Some(supplier),
                restaurant_id: Some(restaurant),
                order_id: Some(order_id),
            });
        }
        let acts_for_supplier = match supplier_id {
            Some(id) => {
                let supplier = unit.existing::<Supplier>("supplier", id)?;
                unit.caller().acts_for(&supplier.state.members)
            }
            None => false,
        };
        let acts_for_restaurant = match restaurant_id {
            Some(id) => {
                let restaurant = unit.get::<Restaurant>(id)?;
                let acts = unit.caller().acts_for(&restaurant.state.members);
                // Others may not know that a restaurant exists: for a stranger none does.
                if !restaurant.exists() || !acts && !acts_for_supplier {
                    return Err(Refusal::not_found("restaurant", id).into());
                }
                acts
            }
            None => false,
        };
        // Who names nobody may send as well: it is theirs alone until an order is found.
        let is_anybodys = supplier_id.is_none() && restaurant_id.is_none();
        if is_anybodys || acts_for_restaurant || acts_for_supplier {
            return Ok(self.stated);
        }
        Err(Refusal::Forbidden { needed: "only a member of the supplier or the restaurant, or an ADMIN," }
            .into())
    }

    /// What becomes of it, judged on a state that is not recorded yet. `None` while it is not read.
    fn judge(&self, unit: &mut Unit<'_>, tentative: &mut Invoice) -> Result<Option<Judgement>, Stop> {
        let Content::Read(reading) = &self.content else { return Ok(None) };
        let extracted = InvoiceEvent::InvoiceExtracted { reading: reading.clone(), extracted_at: unit.now() };
        tentative.apply(&extracted);
        let wish = Wish { order_id: None, candidates: self.candidates.clone() };
        judge(unit, self.invoice_id, tentative, &wish).map(Some)
    }

    fn keep(
        &self,
        unit: &mut Unit<'_>,
        stated: Stated,
        judgement: Option<Judgement>,
    ) -> Result<Arc<Folded<Invoice>>, Stop> {
        let (id, now) = (self.invoice_id, unit.now());
        let received_by = unit.caller().account_id();
        let receive = InvoiceCommand::Receive { file: self.file.clone(), stated, received_by, now };
        let concerned = concerns(&Invoice { stated, ..Invoice::default() });
        let received = unit.decide_on_fresh::<Invoice>(id, concerned, receive)?;
        match (&self.content, judgement) {
            (Content::Read(reading), Some(judgement)) => {
                decide(unit, id, InvoiceCommand::Extract { reading: reading.clone(), now })?;
                record(unit, id, judgement)
            }
            (Content::Manual, _) => hold_for_entry(unit, id),
            (Content::Unreadable { code, message }, _) => reject(unit, id, code, message),
            (Content::Read(_) | Content::Pending, _) => Ok(received),
        }
    }
}

/// What was read of a file that came before. In the name of whoever sent it.
#[derive(Clone, Debug)]
pub struct RecordReading {
    /// Which.
    pub invoice_id: InvoiceId,
    /// What was read of it.
    pub content: Content,
    /// Orders that it could be for, should it name none.
    pub candidates: Vec<OrderId>,
}

impl Command for RecordReading {
    fn operation(&self) -> &'static str {
        "record_invoice_reading"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.invoice_id;
        unit.existing::<Invoice>("invoice", id)?;
        let invoice = match &self.content {
            Content::Read(reading) => {
                let extract = InvoiceCommand::Extract { reading: reading.clone(), now: unit.now() };
                let read = decide(unit, id, extract)?;
                let wish = Wish { order_id: None, candidates: self.candidates.clone() };
                let judgement = judge(unit, id, &read.state, &wish)?;
                record(unit, id, judgement)?
            }
            Content::Manual => hold_for_entry(unit, id)?,
            Content::Unreadable { code, message } => reject(unit, id, code, message)?,
            Content::Pending => unit.get::<Invoice>(id)?,
        };
        Ok(Answer::ok(&InvoiceResource::of(id, &invoice), invoice.revision))
    }
}

fn hold_for_entry(unit: &mut Unit<'_>, id: InvoiceId) -> Result<Arc<Folded<Invoice>>, Stop> {
    let reasons = vec![HoldReason::NeedsManualEntry];
    decide(unit, id, InvoiceCommand::Hold { reasons, trade: None, outcome: None, now: unit.now() })
}

fn reject(
    unit: &mut Unit<'_>,
    id: InvoiceId,
    code: &str,
    message: &str,
) -> Result<Arc<Folded<Invoice>>, Stop> {
    let (code, message) = (code.to_owned(), message.to_owned());
    decide(unit, id, InvoiceCommand::Reject { code, message, duplicate_of: None, now: unit.now() })
}

/// As its sender may see it, who may be of neither side.
fn shown(id: InvoiceId, invoice: &Folded<Invoice>, sides: &Sides) -> InvoiceResource {
    if sides.is_party() {
        return InvoiceResource::of(id, invoice);
    }
    let mut seen = invoice.clone();
    seen.state = seen.state.for_its_sender();
    InvoiceResource::of(id, &seen)
}

fn known(id: InvoiceId, invoice: &Folded<Invoice>, sides: &Sides, notice: (&str, &str)) -> Answer {
    let mut resource = shown(id, invoice, sides);
    resource.notices.push(InvoiceNotice { code: notice.0.to_owned(), message: notice.1.to_owned() });
    Answer::ok(&resource, invoice.revision)
}
