//! What everybody was told, held against the log.

use std::collections::HashMap;

use events::{Folded, StreamKind, StreamRef, log::read_stream, stock::Stock, values::Quantity};
use serde_json::Value;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use super::world::World;

/// What was asked, and how it was answered.
pub struct History {
    told: Vec<Told>,
    /// The log's position before anybody asked.
    began_at: i64,
}

/// What became of one command.
#[derive(Debug)]
pub struct Told {
    pub key: String,
    pub operation: Operation,
    /// It was accepted, and what with.
    pub accepted: Option<Value>,
    /// Somebody may have taken it before, and not been heard.
    pub may_have_happened: bool,
}

/// What was asked, as far as the log tells it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Open,
    Add,
    Place,
    Confirm,
    Deliver,
    Receive,
    Cancel,
    Adjust,
}

impl Operation {
    /// The event that one such command makes, once, and nothing else does.
    fn event_type(self) -> &'static str {
        match self {
            Self::Open => "CartOpened",
            Self::Add => "CartItemAdded",
            Self::Place => "OrderPlaced",
            Self::Confirm => "OrderConfirmed",
            Self::Deliver => "DeliveryMarked",
            Self::Receive => "DeliveryConfirmed",
            Self::Cancel => "OrderCancelled",
            Self::Adjust => "StockAdjusted",
        }
    }
}

const EVENT_TYPES: [Operation; 8] = [
    Operation::Open,
    Operation::Add,
    Operation::Place,
    Operation::Confirm,
    Operation::Deliver,
    Operation::Receive,
    Operation::Cancel,
    Operation::Adjust,
];

impl History {
    pub fn of(told: Vec<Vec<Told>>, began_at: i64) -> Self {
        Self { told: told.into_iter().flatten().collect(), began_at }
    }

    pub fn commands(&self) -> usize {
        self.told.len()
    }

    /// Those that were accepted.
    pub fn accepted(&self) -> usize {
        self.told.iter().filter(|told| told.accepted.is_some()).count()
    }

    /// Acknowledged is recorded, and whatever is recorded was asked for; each once.
    pub async fn check(&self, world: &World) {
        let pool = &world.iris.database.pool;
        let mut transaction = platform::db::begin(pool).await.unwrap();
        // What a process still had in hand may come at any moment: all is read as of one.
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            .execute(&mut *transaction)
            .await
            .unwrap();
        let answers = answers(&mut transaction).await;
        let mut events = self.events(&mut transaction).await;
        transaction.rollback().await.unwrap();
        for told in &self.told {
            let answer = answers.get(&told.key);
            if let Some(accepted) = &told.accepted {
                let Some((_, answer)) = answer else { panic!("acknowledged and not recorded: {told:?}") };
                assert_eq!(answer["id"], accepted["id"], "another answer is recorded: {told:?}");
            } else if answer.is_some() {
                // Taken by a process that could not say so any more, and refused when asked again.
                assert!(told.may_have_happened, "refused and recorded: {told:?}");
            }
            let Some((command_id, answer)) = answer else { continue };
            let event_type = told.operation.event_type();
            let made = events.remove(&(*command_id, event_type)).unwrap_or_default();
            let [about] = made.as_slice() else { panic!("{told:?} made {event_type} of {made:?}") };
            assert_eq!(answer["id"], **about, "it happened to something else: {told:?}");
        }
        assert!(events.is_empty(), "nobody asked for these: {events:?}");
        nobody_was_sold_what_was_not_there(pool).await;
    }

    /// What happened since, of the kinds that only these commands make: what it happened to, by command.
    async fn events(&self, connection: &mut PgConnection) -> HashMap<(Uuid, &'static str), Vec<String>> {
        let mut events: HashMap<(Uuid, &'static str), Vec<String>> = HashMap::new();
        for event_type in EVENT_TYPES.map(Operation::event_type) {
            let sql = "SELECT command_id, aggregate_id FROM public.events \
                       WHERE event_type = $1 AND global_position > $2";
            let rows: Vec<(Uuid, String)> = sqlx::query_as(sql)
                .bind(event_type)
                .bind(self.began_at)
                .fetch_all(&mut *connection)
                .await
                .unwrap();
            for (command_id, about) in rows {
                events.entry((command_id, event_type)).or_default().push(about);
            }
        }
        events
    }
}

/// What is recorded of commands that were accepted: which command, and its answer, by its key.
async fn answers(connection: &mut PgConnection) -> HashMap<String, (Uuid, Value)> {
    let rows: Vec<(String, Uuid, Json<Value>)> = sqlx::query_as(
        "SELECT key, command_id, response::json FROM public.idempotency \
         WHERE key LIKE 'faults-%' AND status BETWEEN 200 AND 299",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    let count = rows.len();
    let answers: HashMap<_, _> =
        rows.into_iter().map(|(key, command, Json(response))| (key, (command, response))).collect();
    assert_eq!(answers.len(), count, "one answer per key");
    answers
}

/// At no event of any stock is more promised than is there.
async fn nobody_was_sold_what_was_not_there(pool: &PgPool) {
    let products: Vec<Uuid> =
        sqlx::query_scalar("SELECT product_id FROM read.products").fetch_all(pool).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    for id in products {
        let mut stock = Folded::<Stock>::default();
        for event in read_stream(&mut connection, StreamRef { kind: StreamKind::Stock, id }).await.unwrap() {
            stock.apply_recorded(&event).unwrap();
            let Stock { on_hand, allocated, .. } = stock.state;
            let position = event.global_position;
            assert!(
                Quantity(0) <= allocated && allocated <= on_hand,
                "{id} at {position}: {:?}",
                stock.state
            );
        }
    }
}
