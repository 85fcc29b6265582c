//! Who trades, and an order that `food/food-01-produce.xml` is the invoice of.

use command_api::domain::{
    cart::{AddCartItem, OpenCart},
    order::{ConfirmDelivery, ConfirmOrder, MarkDelivered, PlaceOrder},
    product::CreateProduct,
    restaurant::{AddRestaurantMember, ApproveRestaurant, RegisterRestaurant},
    supplier::{AddSupplierMember, RegisterSupplier},
};
use events::{
    order::PaymentMethod,
    product::ProductDetails,
    restaurant::RestaurantDetails,
    supplier::SupplierDetails,
    values::{
        CartId, Currency, FreshIds, LineId, LoginAddress, MemberRole, OrderId, ProductId, Quantity,
        RestaurantId, Role, SupplierId, Tax, TaxCategory,
    },
};
use platform::clock::{Ids, UuidV7Ids};
use serde_json::Value;
use uuid::Uuid;

use crate::world::{Person, World};

/// What was ordered: number, name, unit, thousandths, price in öre.
const ORDERED: [(&str, &str, &str, i64, i64); 6] = [
    ("10-2201", "Tomat kvist klass 1 Sverige", "KGM", 12_500, 3490),
    ("10-2207", "Gurka svensk 12-pack", "XBX", 3_000, 11800),
    ("10-3310", "Sallad isberg", "EA", 18_000, 1450),
    ("10-4105", "Potatis fast ekologisk 10 kg", "XBG", 4_000, 12900),
    ("10-4440", "Lök gul 5 kg", "XBG", 2_000, 4850),
    ("10-5120", "Dill bunt", "EA", 20_000, 990),
];

pub struct Market {
    pub supplier_id: SupplierId,
    pub restaurant_id: RestaurantId,
    /// Works for the supplier.
    pub seller: Person,
    /// Owns the restaurant.
    pub buyer: Person,
}

impl Market {
    pub async fn open(world: &World) -> Self {
        let (supplier_id, restaurant_id) = (SupplierId(fresh()), RestaurantId(fresh()));
        let (seller, buyer) = (Person::new(Role::Supplier), Person::new(Role::Restaurant));
        let details = SupplierDetails {
            name: "Grönsakskompaniet Påhittet AB".to_owned(),
            org_number: Some("551000-0119".to_owned()),
            bankgiro: Some("999-1233".to_owned()),
            ..SupplierDetails::default()
        };
        world.submit(RegisterSupplier { supplier_id, details, currency: Currency::SEK }).await;
        let details = RestaurantDetails { name: "Bistro Äppelträdet".to_owned(), ..Default::default() };
        world.submit(RegisterRestaurant { restaurant_id, details, currency: Currency::SEK }).await;
        world.submit(ApproveRestaurant { restaurant_id }).await;
        let role = MemberRole::Owner;
        let address = LoginAddress::new(seller.id, "seller@iris.test");
        world.submit(AddSupplierMember { supplier_id, address, role }).await;
        let address = LoginAddress::new(buyer.id, "buyer@iris.test");
        world.submit(AddRestaurantMember { restaurant_id, address, role }).await;
        Self { supplier_id, restaurant_id, seller, buyer }
    }

    /// Works for a supplier that has nothing to do with this trade.
    pub async fn seller_elsewhere(&self, world: &World) -> Person {
        let (supplier_id, seller) = (SupplierId(fresh()), Person::new(Role::Supplier));
        assert_ne!(supplier_id, self.supplier_id);
        let details = SupplierDetails { name: "Elsewhere AB".to_owned(), ..SupplierDetails::default() };
        world.submit(RegisterSupplier { supplier_id, details, currency: Currency::SEK }).await;
        let address = LoginAddress::new(seller.id, "elsewhere@iris.test");
        world.submit(AddSupplierMember { supplier_id, address, role: MemberRole::Staff }).await;
        seller
    }

    /// The order, placed and confirmed.
    pub async fn order(&self, world: &World) -> OrderId {
        let cart_id = CartId(fresh());
        world.submit(OpenCart { cart_id, restaurant_id: self.restaurant_id }).await;
        for (sku, name, unit, thousandths, unit_price_minor) in ORDERED {
            let product_id = ProductId(fresh());
            let details = ProductDetails {
                name: name.to_owned(),
                sku: sku.to_owned(),
                unit: unit.to_owned(),
                tax: Tax::Category(TaxCategory::Food),
                ..ProductDetails::default()
            };
            let (supplier_id, stock) = (self.supplier_id, Quantity::units(100));
            world.submit(CreateProduct { product_id, supplier_id, details, unit_price_minor, stock }).await;
            let quantity = Quantity(thousandths);
            world.submit(AddCartItem { cart_id, item_id: LineId(fresh()), product_id, quantity }).await;
        }
        let place = PlaceOrder {
            fresh_ids: FreshIds::new(fresh()),
            cart_id,
            payment_method: PaymentMethod::Invoice,
            requested_delivery_date: None,
            note: None,
            expected_total_minor: None,
        };
        let placed: Value = serde_json::from_str(&world.submit(place).await.body).unwrap();
        let order_id = OrderId(placed["id"].as_str().unwrap().parse().unwrap());
        world.submit(ConfirmOrder { order_id }).await;
        order_id
    }

    /// The same, and all of it came.
    pub async fn received_order(&self, world: &World) -> OrderId {
        let order_id = self.order(world).await;
        world.submit(MarkDelivered { order_id, lines: vec![] }).await;
        world.submit(ConfirmDelivery { order_id, lines: vec![] }).await;
        order_id
    }

    /// Puts the order where projections would have it.
    pub async fn show_in_read_models(&self, world: &World, order_id: OrderId) {
        sqlx::query(
            "INSERT INTO read.orders (order_id, restaurant_id, supplier_id, status, placed_at, state) \
             VALUES ($1, $2, $3, 'delivered', '2026-05-11T08:00:00Z', '{}')",
        )
        .bind(order_id.0)
        .bind(self.restaurant_id.0)
        .bind(self.supplier_id.0)
        .execute(&world.admin)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO read.suppliers (supplier_id, created_at, state) VALUES ($1, '2026-05-01T08:00:00Z', $2)",
        )
        .bind(self.supplier_id.0)
        .bind(serde_json::json!({"state": {"details": {"org_number": "551000-0119"}}}))
        .execute(&world.admin)
        .await
        .unwrap();
    }
}

pub fn fresh() -> Uuid {
    UuidV7Ids.next()
}
