//! Eight weeks of a kitchen, by the requests of its people.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use events::values::Role;
use serde_json::{Value, json};

use super::{
    kitchen::{DELIVERIES, Kitchen},
    world::{Person, World},
};

/// What happened, as far as the test has to know it.
pub struct History {
    pub world: World,
    pub kitchen: Kitchen,
    pub chef: Person,
    pub admin: Person,
    pub restaurant_id: String,
    pub supplier_ids: Vec<String>,
    /// By place.
    pub product_ids: Vec<String>,
    /// Where the log ended at last.
    pub position: i64,
}

/// In winter, when Sweden is an hour ahead.
pub fn at(day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    day.and_hms_opt(hour, minute, 0).unwrap().and_utc() - TimeDelta::hours(1)
}

impl History {
    /// From the first day to the morning of the last, which begins with a count of the shelves.
    pub async fn of(seed: u64, first_day: NaiveDate, last_day: NaiveDate) -> Self {
        let mut history = Self::begin(Kitchen::open(seed, first_day, last_day)).await;
        let mut under_way = Vec::new();
        while history.kitchen.today < last_day {
            let day = history.kitchen.today;
            history.world.clock.set(at(day, 6, 30));
            for delivery in std::mem::take(&mut under_way) {
                history.receive(delivery).await;
            }
            history.world.clock.set(at(day, 9, 0));
            for supplier in 0..DELIVERIES.len() {
                if history.kitchen.orders_of(supplier) {
                    under_way.extend(history.order(supplier).await);
                }
            }
            history.kitchen.serve_the_day();
        }
        history.world.clock.set(at(last_day, 6, 30));
        for delivery in under_way {
            history.receive(delivery).await;
        }
        history.world.clock.set(at(last_day, 8, 0));
        history.count().await;
        history
    }

    async fn begin(kitchen: Kitchen) -> Self {
        let world = World::at(at(kitchen.today - Days::new(1), 12, 0)).await;
        let admin = world.account("admin@kitchen.test", Role::Admin).await;
        let chef = world.account("chef@kitchen.test", Role::Restaurant).await;
        let restaurant = json!({"name": "Äppelträdet", "contact_email": "kok@kitchen.test"});
        let restaurant_id = world.post(&admin, "/restaurants", restaurant).await.is(201).id();
        world.post(&admin, &format!("/restaurants/{restaurant_id}/approve"), json!({})).await.is(200);
        let owner = json!({"email": chef.email, "role": "OWNER"});
        world.post(&admin, &format!("/restaurants/{restaurant_id}/members"), owner).await.is(201);
        let mut history = Self {
            world,
            kitchen,
            chef,
            admin,
            restaurant_id,
            supplier_ids: Vec::new(),
            product_ids: Vec::new(),
            position: 0,
        };
        history.offer().await;
        history
    }

    async fn offer(&mut self) {
        for (number, weekdays) in [["tuesday", "friday"], ["wednesday", "saturday"]].into_iter().enumerate() {
            let terms = json!({"weekdays": weekdays, "order_by": "14:00", "lead_days": 1, "minimum_order_cents": 100_000});
            let supplier = json!({
                "name": format!("Grossist {number}"), "contact_email": "g@kitchen.test", "delivery_terms": terms
            });
            self.supplier_ids.push(self.world.post(&self.admin, "/suppliers", supplier).await.is(201).id());
        }
        for (number, goods) in self.kitchen.goods.clone().into_iter().enumerate() {
            let product = json!({
                "supplier_id": self.supplier_ids[goods.supplier], "name": format!("Vara {number}"),
                "sku": format!("V-{number}"), "unit": "KGM", "price_cents": 1_000 + 100 * number,
                "tax_category": "food", "stock_qty": 900_000, "pack_qty": goods.pack,
                "shelf_life_days": goods.keeps_days
            });
            self.product_ids.push(self.world.post(&self.admin, "/products", product).await.is(201).id());
        }
    }

    /// The cook's order, to come tomorrow; with what it is of.
    async fn order(&mut self, supplier: usize) -> Option<(String, Vec<(usize, i64)>)> {
        let lines = self.kitchen.order(supplier);
        if lines.is_empty() {
            return None;
        }
        let line =
            |(product, units): &(usize, i64)| json!({"product_id": self.product_ids[*product], "qty": units});
        let body = json!({"lines": lines.iter().map(line).collect::<Vec<Value>>()});
        let path = format!("/restaurants/{}/reorder-suggestions/cart", self.restaurant_id);
        let cart = self.world.post(&self.chef, &path, body).await.is(201).id();
        let day = self.kitchen.today + Days::new(1);
        let order = json!({"cart_id": cart, "payment_method": "invoice", "requested_delivery_date": day});
        let key = [("idempotency-key", cart.as_str())];
        let placed =
            self.world.call(axum::http::Method::POST, &self.chef, "/orders", Some(order), &key).await.is(201);
        Some((placed.id(), lines))
    }

    /// All of it comes, in order.
    async fn receive(&mut self, (order_id, lines): (String, Vec<(usize, i64)>)) {
        for (who, step) in
            [(&self.admin, "confirm"), (&self.admin, "deliver"), (&self.chef, "confirm-delivery")]
        {
            let done = self.world.post(who, &format!("/orders/{order_id}/{step}"), json!({})).await.is(200);
            self.position = done.position;
        }
        for (product, units) in lines {
            self.kitchen.stock[product] += units;
        }
    }

    async fn count(&mut self) {
        let stock = self.kitchen.stock.iter().zip(&self.product_ids);
        let items: Vec<Value> = stock.map(|(units, id)| json!({"product_id": id, "qty": units})).collect();
        let path = format!("/restaurants/{}/inventory-counts", self.restaurant_id);
        self.position = self.world.post(&self.chef, &path, json!({"items": items})).await.is(201).position;
    }
}
