//! A small market on a committer: a supplier, a restaurant, products, and the commands of a trade.

use std::sync::Arc;

use command_api::{
    Committer, Outcome, Submission, SubmitError,
    committer::RequestKey,
    domain::{
        Caller, Command,
        cart::{AddCartItem, OpenCart},
        order::PlaceOrder,
        product::CreateProduct,
        restaurant::{ApproveRestaurant, RegisterRestaurant},
        supplier::RegisterSupplier,
    },
};
use events::{
    log::IdempotencyKey,
    order::PaymentMethod,
    product::ProductDetails,
    restaurant::RestaurantDetails,
    supplier::SupplierDetails,
    values::{
        CartId, Currency, FreshIds, LineId, ProductId, Quantity, RestaurantId, SupplierId, Tax, TaxCategory,
    },
};
use platform::{
    clock::{Clock, Ids, SystemClock, UuidV7Ids},
    personal::Vault,
};
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::process::APP_SECRET;

/// A committer and the market on it; everything is done as the system, which may do anything.
pub struct Ordering {
    /// The way into the log.
    pub committer: Committer,
    /// Ends once every clone of the committer is dropped.
    pub task: JoinHandle<()>,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
}

/// A fresh UUIDv7.
pub fn fresh() -> Uuid {
    UuidV7Ids.next()
}

/// A committer on that database.
pub fn start_committer(options: &PgConnectOptions) -> (Committer, JoinHandle<()>) {
    start_committer_at(options, Arc::new(SystemClock))
}

fn start_committer_at(options: &PgConnectOptions, clock: Arc<dyn Clock>) -> (Committer, JoinHandle<()>) {
    Committer::start(options.clone(), Arc::new(Vault::derive(&APP_SECRET.into())), clock, Arc::new(UuidV7Ids))
}

/// A submission as the system.
pub fn submission(command: impl Command, key: Option<&str>) -> Submission {
    Submission {
        command: Box::new(command),
        caller: Caller::system("test"),
        key: key.map(|key| RequestKey {
            key: IdempotencyKey { scope: "test".to_owned(), key: key.to_owned() },
            request_hash: [7; 32],
        }),
        command_id: fresh(),
        metadata: "{}".to_owned(),
    }
}

impl Ordering {
    /// A market with an approved restaurant and a supplier.
    ///
    /// # Panics
    /// If a command is refused.
    pub async fn open(options: &PgConnectOptions) -> Self {
        Self::open_at(options, Arc::new(SystemClock)).await
    }

    /// The same by that clock.
    ///
    /// # Panics
    /// If a command is refused.
    pub async fn open_at(options: &PgConnectOptions, clock: Arc<dyn Clock>) -> Self {
        let (committer, task) = start_committer_at(options, clock);
        let market =
            Self { committer, task, supplier_id: SupplierId(fresh()), restaurant_id: RestaurantId(fresh()) };
        market
            .accept(RegisterSupplier {
                supplier_id: market.supplier_id,
                details: SupplierDetails { name: "Grönt AB".to_owned(), ..Default::default() },
                currency: Currency::SEK,
            })
            .await;
        market
            .accept(RegisterRestaurant {
                restaurant_id: market.restaurant_id,
                details: RestaurantDetails { name: "Krogen".to_owned(), ..Default::default() },
                currency: Currency::SEK,
            })
            .await;
        market.accept(ApproveRestaurant { restaurant_id: market.restaurant_id }).await;
        market
    }

    /// The same market through another committer, as another process would have it.
    #[must_use]
    pub fn beside(&self, options: &PgConnectOptions) -> Self {
        let (committer, task) = start_committer(options);
        Self { committer, task, supplier_id: self.supplier_id, restaurant_id: self.restaurant_id }
    }

    /// Submits, and expects it to be accepted.
    ///
    /// # Panics
    /// If it is not.
    pub async fn accept(&self, command: impl Command) -> Outcome {
        let operation = command.operation();
        match self.committer.submit(submission(command, None)).await {
            Ok(outcome) => outcome,
            Err(error) => panic!("{operation}: {error:?}"),
        }
    }

    /// Submits under a key.
    ///
    /// # Errors
    /// The committer's.
    pub async fn submit(&self, command: impl Command, key: &str) -> Result<Outcome, SubmitError> {
        self.committer.submit(submission(command, Some(key))).await
    }

    /// A product with that much on the shelf.
    pub async fn product(&self, units: i64) -> ProductId {
        let product_id = ProductId(fresh());
        self.accept(CreateProduct {
            product_id,
            supplier_id: self.supplier_id,
            details: ProductDetails {
                name: "Tomater".to_owned(),
                sku: product_id.to_string(),
                unit: "KGM".to_owned(),
                tax: Tax::Category(TaxCategory::Food),
                ..Default::default()
            },
            unit_price_minor: 2_500,
            stock: Quantity::units(units),
        })
        .await;
        product_id
    }

    /// A cart with so many units of each product.
    pub async fn cart(&self, products: &[(ProductId, i64)]) -> CartId {
        let cart_id = CartId(fresh());
        self.accept(OpenCart { cart_id, restaurant_id: self.restaurant_id }).await;
        for &(product_id, units) in products {
            let quantity = Quantity::units(units);
            self.accept(AddCartItem { cart_id, item_id: LineId(fresh()), product_id, quantity }).await;
        }
        cart_id
    }
}

/// Ordering that cart.
pub fn place(cart_id: CartId) -> PlaceOrder {
    PlaceOrder {
        fresh_ids: FreshIds::new(fresh()),
        cart_id,
        payment_method: PaymentMethod::Invoice,
        requested_delivery_date: None,
        note: None,
        expected_total_minor: None,
    }
}
