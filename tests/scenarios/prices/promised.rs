//! What was promised to a restaurant is not a rule's to move.

use chrono::TimeDelta;
use command_api::domain::{
    cart::AddCartItem,
    trade_relation::{AgreeContractPrice, Pair},
};
use events::{
    price_rule::RuleMode,
    values::{CartId, LineId, Quantity},
};
use harness::ordering::{fresh, place};
use serde_json::{Value, json};

use super::{
    market::{Priced, kinds, rule},
    repriced::{dairy, later},
};

/// Price and source of each of its lines.
async fn lines(priced: &Priced, cart_id: CartId) -> Vec<(String, Option<String>)> {
    priced.caught_up().await;
    let sql = "SELECT i->>'unit_price_minor', i->>'price_source' FROM read.carts, \
               jsonb_array_elements(state::jsonb->'state'->'items') WITH ORDINALITY AS items(i, place) \
               WHERE cart_id = $1 ORDER BY place";
    sqlx::query_as(sql).bind(cart_id.0).fetch_all(&priced.database.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_prices_and_open_carts_keep_what_they_promised() {
    let priced = Priced::open().await;
    let market = &priced.market;
    let (agreed, listed) = (dairy(&priced).await, dairy(&priced).await);
    let [_, _, slow] = kinds();
    priced.clock.set(later(-2));
    let pair = Pair { supplier_id: market.supplier_id, restaurant_id: market.restaurant_id };
    let agree = AgreeContractPrice {
        pair,
        product_id: agreed,
        unit_price_minor: 2_300,
        valid_from: later(0).date_naive() - TimeDelta::days(1),
        valid_until: None,
        has_traded: true,
    };
    market.accept(agree).await;
    let cart = market.cart(&[(agreed, 2), (listed, 3)]).await;
    rule(market, market.supplier_id, slow, RuleMode::Active).await;

    assert_eq!(priced.hour(later(0)).await["applied"], 2);
    assert_eq!((priced.price(agreed).await, priced.price(listed).await), (2_250, 2_250));

    let contract = || Some("contract".to_owned());
    let promised = [("2300".to_owned(), contract()), ("2500".to_owned(), None)];
    assert_eq!(lines(&priced, cart).await, promised);
    // A line that is added now: the contract's price still, though the list's is below it.
    let new_cart = market.cart(&[(agreed, 1)]).await;
    let add = AddCartItem {
        cart_id: new_cart,
        item_id: LineId(fresh()),
        product_id: listed,
        quantity: Quantity::units(1),
    };
    market.accept(add).await;
    assert_eq!(lines(&priced, new_cart).await, [("2300".to_owned(), contract()), ("2250".to_owned(), None)]);

    // The order has the prices that the cart was told.
    market.submit(place(cart), "placed").await.unwrap();
    let sql = "SELECT payload::jsonb FROM public.events WHERE event_type = 'OrderPlaced'";
    let order: Value = sqlx::query_scalar(sql).fetch_one(&priced.database.pool).await.unwrap();
    let ordered = order["OrderPlaced"]["lines"].as_array().unwrap();
    let asked: Vec<&Value> = ordered.iter().map(|line| &line["unit_price_minor"]).collect();
    assert_eq!(asked, [&json!(2_300), &json!(2_500)]);
    priced.close().await;
}
