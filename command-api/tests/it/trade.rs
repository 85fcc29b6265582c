//! A small market: one supplier with goods, one approved restaurant, and who works for them.

use axum::http::Method;
use events::values::Role;
use serde_json::{Value, json};

use crate::world::{Account, Answer, Client, World};

pub struct Market {
    pub admin: Account,
    pub supplier: Account,
    pub restaurant: Account,
    pub supplier_id: String,
    pub restaurant_id: String,
}

impl World {
    /// A supplier and an approved restaurant, each with its OWNER.
    pub async fn market(&self) -> Market {
        let admin = self.account("admin@iris.test", Role::Admin).await;
        let supplier = self.account("supplier@iris.test", Role::Supplier).await;
        let restaurant = self.account("restaurant@iris.test", Role::Restaurant).await;
        let supplier_id = self.supplier(&admin, &supplier).await;
        let restaurant_id = self.restaurant(&admin, &restaurant).await;
        Market { admin, supplier, restaurant, supplier_id, restaurant_id }
    }

    /// A supplier with its OWNER.
    pub async fn supplier(&self, admin: &Account, owner: &Account) -> String {
        let body = json!({"name": "Grossisten", "contact_email": "order@grossisten.example"});
        let id = self.post(admin, "/suppliers", body).await.is(201).id();
        let member = json!({"email": owner.email, "role": "OWNER"});
        self.post(admin, &format!("/suppliers/{id}/members"), member).await.is(201);
        id
    }

    /// An approved restaurant with its OWNER.
    pub async fn restaurant(&self, admin: &Account, owner: &Account) -> String {
        let body = json!({"name": "Bistro", "contact_email": "kok@bistro.example"});
        let id = self.post(admin, "/restaurants", body).await.is(201).id();
        let member = json!({"email": owner.email, "role": "OWNER"});
        self.post(admin, &format!("/restaurants/{id}/members"), member).await.is(201);
        self.post_nothing(admin, &format!("/restaurants/{id}/approve")).await.is(200);
        id
    }

    /// A product at 10 kr with 25 % VAT and so much in stock.
    pub async fn product(&self, market: &Market, sku: &str, stock_qty: i64) -> String {
        self.product_of(&market.supplier, &market.supplier_id, sku, stock_qty).await
    }

    pub async fn product_of(&self, seller: &Account, supplier_id: &str, sku: &str, stock_qty: i64) -> String {
        let body = json!({
            "supplier_id": supplier_id, "name": format!("Vara {sku}"), "sku": sku, "unit": "KGM",
            "price_cents": 1000, "tax_rate": 25, "stock_qty": stock_qty
        });
        self.post(seller, "/products", body).await.is(201).id()
    }

    /// A cart of the restaurant with these products.
    pub async fn cart(&self, market: &Market, items: &[(&str, i64)]) -> String {
        let body = json!({"restaurant_id": market.restaurant_id});
        let id = self.post(&market.restaurant, "/carts", body).await.is(201).id();
        for (product_id, qty) in items {
            self.add_item(market, &id, product_id, json!(qty)).await.is(201);
        }
        id
    }

    pub async fn add_item(&self, market: &Market, cart_id: &str, product_id: &str, qty: Value) -> Answer {
        let body = json!({"product_id": product_id, "qty": qty});
        self.post(&market.restaurant, &format!("/carts/{cart_id}/items"), body).await
    }

    /// Orders the cart under that key.
    pub async fn order(&self, who: &Account, cart_id: &str, key: &str) -> Answer {
        self.order_with(who, key, json!({"cart_id": cart_id, "payment_method": "invoice"})).await
    }

    /// A placed order of so much of a new product, of which there is ten times as much.
    pub async fn placed(&self, market: &Market, sku: &str, qty: i64) -> Answer {
        let product_id = self.product(market, sku, qty * 10).await;
        let cart_id = self.cart(market, &[(&product_id, qty)]).await;
        self.order(&market.restaurant, &cart_id, sku).await.is(201)
    }

    /// What can be ordered of the product now.
    pub async fn stock_of(&self, market: &Market, product_id: &str) -> String {
        self.patch(&market.admin, &format!("/products/{product_id}"), json!({}))
            .await
            .is(200)
            .text("stock_qty")
    }
}

impl Client {
    /// Places an order under that key.
    pub async fn order_with(&self, who: &Account, key: &str, body: Value) -> Answer {
        self.call(Method::POST, who, "/orders", Some(body), &[("idempotency-key", key)]).await
    }
}
