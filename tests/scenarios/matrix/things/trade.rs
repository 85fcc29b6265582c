//! From a product to the receipt of an order.

use harness::Upload;
use reqwest::Method;
use serde_json::json;

use super::{
    super::{
        asking::Ids,
        row::Whose,
        world::{Trade, World},
    },
    done,
};

impl World {
    pub(super) async fn product(&self, side: Whose) -> Ids {
        let trade = self.trade(side);
        let body = json!({"supplier_id": trade.supplier_id, "name": "Parsnips", "sku": format!("T-{}", self.unique()),
            "unit": "KGM", "price_cents": 700, "tax_rate": "6", "stock_qty": "50", "category": "Roots"});
        let id = done(&trade.seller, "/products", &body).await.text("id");
        Ids::from([("id", id.clone()), ("product_id", id), ("supplier_id", trade.supplier_id.clone())])
    }

    /// One on a category of its own.
    pub(super) async fn price_rule(&self, side: Whose) -> Ids {
        let trade = self.trade(side);
        let body = json!({"supplier_id": trade.supplier_id, "category": format!("kind {}", self.unique()),
            "rule": {"kind": "expiry", "aim": "waste"}, "limits": {"floor_cents": 500}});
        let id = done(&trade.seller, "/price-rules", &body).await.text("id");
        Ids::from([("id", id), ("supplier_id", trade.supplier_id.clone())])
    }

    /// A product that a supplier has a price of its own for, for the restaurant that buys of it.
    pub(super) async fn contract(&self, side: Whose) -> Ids {
        let (trade, product_id) = (self.trade(side), self.product(side).await["id"].clone());
        let Trade { supplier_id, restaurant_id, .. } = trade;
        let path =
            format!("/suppliers/{supplier_id}/restaurants/{restaurant_id}/contract-prices/{product_id}");
        let price = json!({"price_cents": 600, "valid_from": "2026-11-01"});
        let agreed = trade.seller.client.send(Method::PUT, &path, &[], Some(&price)).await;
        agreed.expect("answers").expect(200);
        Ids::from([
            ("id", supplier_id.clone()),
            ("restaurant_id", restaurant_id.clone()),
            ("product_id", product_id),
        ])
    }

    /// Something that a restaurant has counted.
    pub(super) async fn shelf(&self, side: Whose) -> Ids {
        let trade = self.trade(side);
        let counted = json!({"items": [{"product_id": trade.product_id, "qty": "2"}]});
        let path = format!("/restaurants/{}/inventory-counts", trade.restaurant_id);
        done(&trade.chef, &path, &counted).await;
        Ids::from([("id", trade.restaurant_id.clone()), ("product_id", trade.product_id.clone())])
    }

    /// Products that came as a file.
    pub(super) async fn price_list(&self, side: Whose) -> Ids {
        let trade = self.trade(side);
        let path = format!("/products/import?supplier_id={}", trade.supplier_id);
        let file = format!("sku,name,unit,price,tax_rate\nL-{},Leek,KGM,9.00,6\n", self.unique());
        let import = trade.seller.client.upload(&path, &Upload::file("prices.csv", file.as_bytes())).await;
        Ids::from([("id", import.expect(200).text("import_id"))])
    }

    /// An open one, with an item in it.
    pub(super) async fn cart(&self, side: Whose) -> Ids {
        let trade = self.trade(side);
        let opening = json!({"restaurant_id": trade.restaurant_id});
        let id = done(&trade.chef, "/carts", &opening).await.text("id");
        let item = json!({"product_id": trade.product_id, "qty": "2"});
        let cart = done(&trade.chef, &format!("/carts/{id}/items"), &item).await;
        let item_id = cart.body["items"][0]["id"].as_str().expect("an item").to_owned();
        Ids::from([
            ("id", id.clone()),
            ("cart_id", id),
            ("item_id", item_id),
            ("product_id", trade.product_id.clone()),
        ])
    }

    /// One that became an order.
    pub(super) async fn converted_cart(&self, side: Whose) -> Ids {
        let cart = self.cart(side).await;
        let placing = json!({"cart_id": cart["cart_id"], "payment_method": "invoice"});
        done(&self.trade(side).chef, "/orders", &placing).await;
        cart
    }

    pub(in super::super) async fn placed(&self, side: Whose) -> Ids {
        let (trade, cart) = (self.trade(side), self.cart(side).await);
        let placing = json!({"cart_id": cart["cart_id"], "payment_method": "invoice"});
        let id = done(&trade.chef, "/orders", &placing).await.text("id");
        Ids::from([
            ("id", id.clone()),
            ("order_id", id),
            ("restaurant_id", trade.restaurant_id.clone()),
            ("supplier_id", trade.supplier_id.clone()),
        ])
    }

    pub(super) async fn confirmed(&self, side: Whose) -> Ids {
        let order = self.placed(side).await;
        done(&self.trade(side).seller, &format!("/orders/{}/confirm", order["id"]), &json!({})).await;
        order
    }

    pub(super) async fn delivered(&self, side: Whose) -> Ids {
        let order = self.confirmed(side).await;
        done(&self.trade(side).seller, &format!("/orders/{}/deliver", order["id"]), &json!({})).await;
        order
    }

    pub(super) async fn received(&self, side: Whose) -> Ids {
        let order = self.delivered(side).await;
        done(&self.trade(side).chef, &format!("/orders/{}/confirm-delivery", order["id"]), &json!({})).await;
        order
    }
}
