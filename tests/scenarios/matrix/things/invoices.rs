//! Invoices that suppliers sent for their orders.

use harness::{Upload, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    super::{asking::Ids, row::Whose, world::World},
    done,
};

impl World {
    /// One that bills half as much again as was agreed: a person has to decide.
    pub(super) async fn invoice(&self, side: Whose) -> Ids {
        let order = self.received(side).await;
        let body = dearer(&order["order_id"], &self.unique());
        let answer = done(&self.trade(side).seller, "/invoices", &body).await;
        let mut ids = order;
        ids.insert("id", answer.text("id"));
        ids
    }

    pub(super) async fn accepted_invoice(&self, side: Whose) -> Ids {
        let invoice = self.invoice(side).await;
        let accepting = format!("/invoices/{}/accept", invoice["id"]);
        done(&self.trade(side).chef, &accepting, &json!({"reason": "agreed by phone"})).await;
        invoice
    }

    /// One that came as a PDF, and was read.
    pub(super) async fn paged_invoice(&self, side: Whose) -> Ids {
        let mut ids = self.received(side).await;
        let seller = &self.trade(side).seller.client;
        let path = format!("/orders/{}/invoice", ids["order_id"]);
        let head = self.head().await.to_string();
        let headers = [("accept", "application/pdf"), ("iris-min-position", head.as_str())];
        let pdf = seller.send(Method::GET, &path, &headers, None).await.expect("answers").expect(200).bytes;
        let id = seller.upload("/invoices", &Upload::file("invoice.pdf", &pdf)).await.expect(201).text("id");
        until("the pages are read", async || {
            let answer = seller.get(&format!("/invoices/{id}")).await;
            answer.status == 200 && answer.body["status"] != "received"
        })
        .await;
        ids.insert("id", id);
        ids.insert("page", "1.png".to_owned());
        ids
    }

    /// What the restaurant was sent all at once; none of it is an invoice.
    pub(super) async fn batch(&self, side: Whose) -> Ids {
        let letter = format!("A letter {}, which is no invoice.", self.unique());
        let upload = Upload::file("letter.txt", letter.as_bytes());
        let chef = &self.trade(side).chef.client;
        let id = chef.upload("/invoice-batches", &upload).await.expect(202).text("id");
        until("the batch is done", async || {
            let answer = chef.get(&format!("/invoice-batches/{id}")).await;
            answer.body["files_done"] == answer.body["files_total"]
        })
        .await;
        Ids::from([("id", id)])
    }
}

/// Two kilograms at 15.00 in place of 10.00.
fn dearer(order_id: &str, number: &str) -> Value {
    json!({
        "order_id": order_id, "number": format!("D-{number}"), "issue_date": "2026-11-20", "currency": "SEK",
        "seller": {"name": "The supplier"},
        "lines": [{"name": "Potatoes", "sku": "P-1", "unit": "KGM", "quantity": "2", "unit_price": "15.00",
                   "net_cents": 3_000, "tax_rate": "25"}],
        "totals": {"net_cents": 3_000, "tax_cents": 750, "payable_cents": 3_750},
    })
}
