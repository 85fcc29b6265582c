//! `GET /api/v1/audit/orders/{id}/story`: all that happened to an order, and because of it.
//!
//! How the events are found, without looking through the log:
//! - the order's own stream; its cart's, which it names; its ledger's, which has its id;
//! - the streams of invoices that its ledger or the read model of invoices ties to it;
//! - beside each of these events, the other events of the same command ([`read_beside`]): stock, trade relation,
//!   the supplier's series of numbers, the other orders of the cart.
//!
//! Bounds: 2,000 events and 16 MiB of them in all, 100 invoices; `complete` says whether that was all. A few are told
//! at once by a process. What another command of
//! the same request did to a stream that is none of these is not found; today there is no such command.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::response::Response;
use chrono::{DateTime, Utc};
use events::{
    Fold, Folded, RecordedEvent, StreamKind, StreamRef,
    billing::{Billing, BillingEvent},
    cart::Cart,
    fold::decode,
    invoice::{Invoice, InvoiceEvent},
    log::{Allowance, read_beside, read_stream_within},
    order::{Order, OrderEvent},
    stock::{Stock, StockEvent},
    values::{OrderId, SupplierId},
};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use tokio::time::timeout;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    looked_at,
    names::Names,
    story_text::as_text,
    tracing::RequestSeen,
    who::{Actors, Who},
    words::{Change, tell},
};
use crate::{
    accept::{Format, preferred},
    access::{OrganisationKind, Viewer},
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    reader::Reader,
    refusals::{HistoryRefusals, ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

const MODELS: [ReadModel; 3] = [ReadModel::Suppliers, ReadModel::Restaurants, ReadModel::Invoices];
/// The caller's memberships are looked up apart.
const INVOICES: [ReadModel; 1] = [ReadModel::Invoices];
/// Security: every participant may ask for stories, as often as it likes, and how long a history is, is up to the
/// participants as well. These and [`STORIES_MAX`] bound what that costs a process.
const EVENTS_MAX: usize = 2_000;
const BYTES_MAX: usize = 16 * 1024 * 1024;
const INVOICES_MAX: usize = 100;
/// Stories that are told at once in one process; each also has a connection of the pool.
pub(crate) const STORIES_MAX: usize = 4;
/// How long one is waited for to end.
const TURN_WAIT: Duration = Duration::from_secs(1);

/// One event of a story.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StoryEntry {
    /// Its place in the log.
    pub(super) position: i64,
    #[schema(example = "order")]
    stream_type: String,
    stream_id: Uuid,
    /// Its place in its stream, from 1, without holes.
    sequence: i64,
    pub(super) recorded_at: DateTime<Utc>,
    #[serde(rename = "type")]
    #[schema(example = "OrderConfirmed")]
    event_type: String,
    pub(super) who: Who,
    /// What was done, in the past tense and without its subject.
    #[schema(example = "Confirmed the order: it will be delivered.")]
    pub(super) words: String,
    pub(super) changes: Vec<Change>,
    pub(super) request: RequestSeen,
}

/// The story of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderStory {
    pub(super) order_id: Uuid,
    /// Oldest first; without what the caller may not see.
    pub(super) items: Vec<StoryEntry>,
    /// False where events or invoices were so many, or so large, that not all of them were read.
    pub(super) complete: bool,
}

/// What happened to an order from its cart to its invoices: who, when, what, from which request.
///
/// For the members and partners of both sides, `ADMIN` and `AUDITOR`. A side sees what it may see elsewhere: carts
/// are the restaurant's, stock is the supplier's, and which person of the other side did something is not said. With
/// `Accept: text/plain` the same as text.
#[utoipa::path(
    get, path = "/api/v1/audit/orders/{id}/story", tag = "audit",
    params(("id" = Uuid, Path, description = "The order."), ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "By `Accept`: JSON (default) or text.",
            content((OrderStory = "application/json"), (String = "text/plain"))),
        (status = 404, body = ErrorBody, description = "`order_not_found`."),
        (status = 503, body = ErrorBody, description = "`stories_busy`: as many stories are told as this process \
            allows. See `Retry-After`."),
        ReadRefusals, HistoryRefusals
    )
)]
pub(crate) async fn get_order_story(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    // Before a connection is taken: those who wait for their turn keep none.
    let turn = timeout(TURN_WAIT, reader.state.telling.acquire()).await;
    let turn = turn.map_err(|_| ReadFailure::StoriesBusy)?.expect("the semaphore is never closed");
    let read = async |sight: Sight, viewer: Arc<Viewer>| {
        story(&mut *sight.connection().await, id.into(), &viewer).await
    };
    let seen = reader.one(&MODELS, || not_found("order", id), read).await?;
    drop(turn);
    looked_at(&reader, "order", id, json!({ "list": "story" })).await?;
    let answer = match preferred(&reader.headers, &[Format::Json, Format::Text]) {
        Format::Text => answer::text(seen.map(|story| as_text(&story))),
        _ => answer::json(seen),
    };
    Ok(answer::by_accept(answer))
}

/// What decides who sees an event of the story.
struct Scene {
    order_id: OrderId,
    restaurant_id: Uuid,
    supplier_id: SupplierId,
    invoices: BTreeMap<Uuid, Invoice>,
}

async fn story(
    connection: &mut PgConnection,
    order_id: OrderId,
    viewer: &Viewer,
) -> Result<Seen<Option<OrderStory>>, ReadFailure> {
    let (position, tied) = tied_invoices(connection, order_id).await?;
    let allowance = Allowance::new(EVENTS_MAX, BYTES_MAX);
    let mut told = Events { connection, allowance, all: BTreeMap::new() };
    let order = told.stream(Order::stream(order_id)).await?;
    let placed = told.these(&order).next().map(decode::<Order>).transpose()?;
    let Some(OrderEvent::OrderPlaced { restaurant_id, supplier_id, cart_id, .. }) = placed else {
        return Ok(Seen { position, value: None });
    };
    if !viewer.sees_order_between(restaurant_id.0, supplier_id.0) {
        return Ok(Seen { position, value: None });
    }
    told.stream(Cart::stream(cart_id)).await?;
    let mut invoice_ids = tied;
    let billing = told.stream(Billing::stream(order_id)).await?;
    for event in told.these(&billing) {
        invoice_ids.push(invoice_of(&decode::<Billing>(event)?));
    }
    invoice_ids.sort_unstable();
    invoice_ids.dedup();
    let has_all_invoices = invoice_ids.len() <= INVOICES_MAX;
    let mut invoices = BTreeMap::new();
    for id in invoice_ids.into_iter().take(INVOICES_MAX) {
        let found = told.stream(Invoice::stream(id)).await?;
        if told.allowance.is_exceeded() {
            // Security: whose an invoice is, only all of its events tell.
            break;
        }
        let mut folded = Folded::<Invoice>::default();
        for event in told.these(&found) {
            folded.apply_recorded(event)?;
        }
        invoices.insert(id, folded.state);
    }
    told.beside().await?;
    let scene = Scene { order_id, restaurant_id: restaurant_id.0, supplier_id, invoices };
    let Events { connection, allowance, all } = told;
    let complete = has_all_invoices && !allowance.is_exceeded();
    let events: Vec<RecordedEvent> = all.into_values().collect();
    let items = tell_all(connection, &events, &scene, viewer).await?;
    Ok(Seen { position, value: Some(OrderStory { order_id: order_id.0, items, complete }) })
}

/// Invoices that name the order or were found to be for it, and the position up to which that is known.
async fn tied_invoices(
    connection: &mut PgConnection,
    order_id: OrderId,
) -> Result<(i64, Vec<Uuid>), sqlx::Error> {
    let sql = concat!(
        "SELECT c.position, i.invoice_id FROM ",
        checkpoint!(),
        " c LEFT JOIN LATERAL (
            SELECT invoice_id FROM read.invoices WHERE order_id = $2 ORDER BY received_at, invoice_id LIMIT $3
          ) i ON true"
    );
    let limit = i64::try_from(INVOICES_MAX).unwrap_or(i64::MAX) + 1;
    let rows: Vec<(i64, Option<Uuid>)> =
        sqlx::query_as(sql).bind(names(&INVOICES)).bind(order_id.0).bind(limit).fetch_all(connection).await?;
    let position = rows.first().map_or(0, |row| row.0);
    Ok((position, rows.into_iter().filter_map(|row| row.1).collect()))
}

fn invoice_of(event: &BillingEvent) -> Uuid {
    match event {
        BillingEvent::OrderBilled { invoice_id, .. }
        | BillingEvent::BillingReleased { invoice_id }
        | BillingEvent::ReceiptAwaited { invoice_id }
        | BillingEvent::ReceiptNoLongerAwaited { invoice_id } => invoice_id.0,
    }
}

/// The events of a story, by position, as they are found.
struct Events<'c> {
    connection: &'c mut PgConnection,
    allowance: Allowance,
    all: BTreeMap<i64, RecordedEvent>,
}

impl Events<'_> {
    /// The positions of that stream's events, now part of the story.
    async fn stream(&mut self, stream: StreamRef) -> Result<Vec<i64>, sqlx::Error> {
        let found = read_stream_within(self.connection, stream, &mut self.allowance).await?;
        let positions = found.iter().map(|event| event.global_position).collect();
        self.add(found);
        Ok(positions)
    }

    fn these(&self, positions: &[i64]) -> impl Iterator<Item = &RecordedEvent> {
        positions.iter().filter_map(|position| self.all.get(position))
    }

    /// What the same commands did elsewhere, now part of the story.
    async fn beside(&mut self) -> Result<(), sqlx::Error> {
        let found = read_beside(self.connection, &self.all, &mut self.allowance).await?;
        self.add(found);
        Ok(())
    }

    fn add(&mut self, found: Vec<RecordedEvent>) {
        self.all.extend(found.into_iter().map(|event| (event.global_position, event)));
    }
}

async fn tell_all(
    connection: &mut PgConnection,
    events: &[RecordedEvent],
    scene: &Scene,
    viewer: &Viewer,
) -> Result<Vec<StoryEntry>, sqlx::Error> {
    let mut names = Names::default();
    for event in events {
        names.learn(event);
    }
    let sides = [scene.restaurant_id, scene.supplier_id.0];
    let actors = Actors::of(connection, events, &mut names, scene.order_id).await?;
    names.look_up(connection).await?;
    let visible = events.iter().filter(|event| scene.shows(event, viewer));
    Ok(visible
        .map(|event| {
            let told = tell(event, &names);
            let who = actors.who(event, &names, &sides, viewer);
            let request = RequestSeen::of(event);
            // Which machine of the other side it was is no more this one's concern than which person.
            let request = if who.is_known() { request } else { request.without_key() };
            StoryEntry {
                position: event.global_position,
                stream_type: event.stream_kind.clone(),
                stream_id: event.stream_id,
                sequence: event.sequence,
                recorded_at: event.recorded_at,
                event_type: event.event_type.clone(),
                who,
                words: told.words,
                changes: told.changes,
                request,
            }
        })
        .collect())
}

impl Scene {
    /// Security: whether a participant of this order may see that event. What is not named here is for those who
    /// see everything: a command may have touched what is no business of either side.
    fn shows(&self, event: &RecordedEvent, viewer: &Viewer) -> bool {
        if viewer.sees_everything() {
            return true;
        }
        let is_buyer = viewer.sees_cart_of(self.restaurant_id);
        let is_seller = viewer.place_in(OrganisationKind::Supplier, self.supplier_id.0).is_some();
        match StreamKind::named(&event.stream_kind) {
            // The cart's other orders are with other suppliers, whom this one is not told of.
            Some(StreamKind::Order) => event.stream_id == self.order_id.0 || is_buyer,
            Some(StreamKind::Billing) => event.stream_id == self.order_id.0,
            Some(StreamKind::Invoice) => {
                let invoice = self.invoices.get(&event.stream_id);
                invoice.is_some_and(|invoice| viewer.is_party_to(invoice)) && self.is_of_this_order(event)
            }
            Some(StreamKind::Cart) => is_buyer,
            // How much a supplier has, and sets aside, is its own affair.
            Some(StreamKind::Stock) => is_seller && self.is_own_stock(event),
            Some(StreamKind::Supplier) => is_seller && event.stream_id == self.supplier_id.0,
            Some(StreamKind::TradeRelation) => is_buyer || is_seller,
            _ => false,
        }
    }

    /// An invoice may have been compared with another order before, with other sides: that is their affair.
    fn is_of_this_order(&self, event: &RecordedEvent) -> bool {
        match decode::<Invoice>(event) {
            Ok(InvoiceEvent::InvoiceHeld { trade: None, outcome, .. }) => outcome.is_none(),
            Ok(
                InvoiceEvent::InvoiceHeld { trade: Some(trade), .. }
                | InvoiceEvent::InvoiceMatched { trade, .. }
                | InvoiceEvent::InvoiceDisputed { trade, .. },
            ) => trade.order_id == self.order_id,
            Ok(_) => true,
            Err(_) => false,
        }
    }

    fn is_own_stock(&self, event: &RecordedEvent) -> bool {
        match decode::<Stock>(event) {
            Ok(
                StockEvent::StockAllocated { order_id, .. }
                | StockEvent::StockReleased { order_id, .. }
                | StockEvent::StockShipped { order_id, .. },
            ) => order_id == self.order_id,
            Ok(
                StockEvent::StockAdjusted { supplier_id, .. }
                | StockEvent::StockCounted { supplier_id, .. }
                | StockEvent::StockFellLow { supplier_id, .. },
            ) => supplier_id == self.supplier_id,
            Err(_) => false,
        }
    }
}
