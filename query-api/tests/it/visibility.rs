//! Who sees what, for every endpoint.

use events::values::MemberRole::{Owner, Staff};
use serde_json::json;

use crate::{
    fixtures::{Story, restaurant_details, supplier_details, wanted},
    world::{Caller, World, id, now},
};

/// Two suppliers, two restaurants; the first restaurant ordered from the first supplier.
pub struct Town {
    pub world: World,
    pub callers: Vec<(&'static str, Caller)>,
}

pub const SUPPLIER: u128 = 10;
pub const OTHER_SUPPLIER: u128 = 11;
pub const RESTAURANT: u128 = 20;
pub const OTHER_RESTAURANT: u128 = 21;
pub const PRODUCT: u128 = 30;
pub const CART: u128 = 40;
pub const ORDER: u128 = 50;

impl Town {
    pub async fn new() -> Self {
        Self::in_world(World::new().await).await
    }

    pub async fn in_world(world: World) -> Self {
        let names = [
            "admin",
            "auditor",
            "partner",
            "seller",
            "seller_staff",
            "rival",
            "buyer",
            "buyer_staff",
            "stranger",
            "buyers_partner",
            "sellers_partner",
        ];
        let roles = [
            "ADMIN",
            "AUDITOR",
            "PARTNER",
            "SUPPLIER",
            "SUPPLIER",
            "SUPPLIER",
            "RESTAURANT",
            "RESTAURANT",
            "RESTAURANT",
            "PARTNER",
            "PARTNER",
        ];
        let callers: Vec<(&str, Caller)> = names
            .into_iter()
            .zip(roles)
            .enumerate()
            .map(|(index, (name, role))| (name, Caller::new(100 + index as u128, role)))
            .collect();
        for (_, caller) in &callers {
            world.account(*caller).await;
        }
        let town = Self { world, callers };
        let [seller, seller_staff, rival, buyer, buyer_staff, stranger] =
            ["seller", "seller_staff", "rival", "buyer", "buyer_staff", "stranger"]
                .map(|name| town.caller(name));
        let world = &town.world;
        let members = [(seller, Owner), (seller_staff, Staff)];
        world.supplier(id(SUPPLIER), supplier_details("Grönsakskompaniet"), &members).await;
        world.supplier(id(OTHER_SUPPLIER), supplier_details("Fiskhuset"), &[(rival, Owner)]).await;
        let members = [(buyer, Owner), (buyer_staff, Staff)];
        world.restaurant(id(RESTAURANT), restaurant_details("Äppelträdet"), &members).await;
        world.restaurant(id(OTHER_RESTAURANT), restaurant_details("Ankaret"), &[(stranger, Owner)]).await;
        world.grant("restaurant", id(RESTAURANT), town.caller("buyers_partner")).await;
        world.grant("supplier", id(SUPPLIER), town.caller("sellers_partner")).await;
        world.product(id(PRODUCT), id(SUPPLIER), "Tomater", "T-1", None).await;
        world.cart(id(CART), id(RESTAURANT), now()).await;
        let lines = [wanted("Tomater", 2_500, 3490, 600)];
        let story = Story::placed(ORDER, id(RESTAURANT), id(SUPPLIER), &lines).confirmed();
        world.order(&story.delivered(1, &[2_500])).await;
        town
    }

    pub fn caller(&self, name: &str) -> Caller {
        self.callers.iter().find(|(known, _)| *known == name).unwrap().1
    }

    pub async fn sees(&self, path: &str, status: u16, expected: &[&str]) {
        let mut seen = Vec::new();
        for (name, caller) in &self.callers {
            if self.world.get(*caller, path).await.status == status {
                seen.push(*name);
            }
        }
        assert_eq!(seen, expected, "{status} {path}");
    }
}

pub const EVERYBODY: [&str; 11] = [
    "admin",
    "auditor",
    "partner",
    "seller",
    "seller_staff",
    "rival",
    "buyer",
    "buyer_staff",
    "stranger",
    "buyers_partner",
    "sellers_partner",
];
const BOTH_SIDES: [&str; 6] = ["admin", "auditor", "seller", "seller_staff", "buyer", "buyer_staff"];

#[tokio::test]
async fn every_endpoint_shows_itself_to_those_alone_who_may_see_it() {
    let town = Town::new().await;
    let (supplier, restaurant) = (id(SUPPLIER), id(RESTAURANT));
    for path in [
        "/api/v1/me".to_owned(),
        "/api/v1/suppliers".to_owned(),
        "/api/v1/restaurants".to_owned(),
        "/api/v1/products".to_owned(),
        "/api/v1/carts".to_owned(),
        "/api/v1/orders".to_owned(),
        format!("/api/v1/suppliers/{supplier}"),
        format!("/api/v1/suppliers/{supplier}/metrics"),
        format!("/api/v1/products/{}", id(PRODUCT)),
        format!("/api/v1/orders?supplier_id={supplier}"),
    ] {
        town.sees(&path, 200, &EVERYBODY).await;
        let anonymous = town.world.get_with(None, &path, &[]).await;
        assert_eq!(anonymous.refused(401, "unauthorized")["error"], "UnauthorizedError", "{path}");
    }
    for path in [
        format!("/api/v1/restaurants/{restaurant}"),
        format!("/api/v1/orders?restaurant_id={restaurant}"),
        format!("/api/v1/carts?restaurant_id={restaurant}"),
        format!("/api/v1/webhook-endpoints?restaurant_id={restaurant}"),
    ] {
        let seeing = [&BOTH_SIDES[..], &["buyers_partner"]].concat();
        town.sees(&path, 200, &seeing).await;
        town.sees(&path, 404, &["partner", "rival", "stranger", "sellers_partner"]).await;
    }
    let order = format!("/api/v1/orders/{}", id(ORDER));
    for path in [order.clone(), format!("{order}/receipt"), format!("{order}/invoice")] {
        let seeing = [&BOTH_SIDES[..], &["buyers_partner", "sellers_partner"]].concat();
        town.sees(&path, 200, &seeing).await;
        town.sees(&path, 404, &["partner", "rival", "stranger"]).await;
    }
    let cart = format!("/api/v1/carts/{}", id(CART));
    town.sees(&cart, 200, &["admin", "auditor", "buyer", "buyer_staff"]).await;
    let blind =
        ["partner", "seller", "seller_staff", "rival", "stranger", "buyers_partner", "sellers_partner"];
    town.sees(&cart, 404, &blind).await;
}

#[tokio::test]
async fn members_are_listed_to_owners_and_refused_to_those_who_only_see_the_organisation() {
    let town = Town::new().await;
    for list in ["members", "partners"] {
        let path = format!("/api/v1/suppliers/{}/{list}", id(SUPPLIER));
        let owners = ["admin", "auditor", "seller"];
        town.sees(&path, 200, &owners).await;
        let others: Vec<&str> = EVERYBODY.into_iter().filter(|name| !owners.contains(name)).collect();
        town.sees(&path, 403, &others).await;
        let path = format!("/api/v1/restaurants/{}/{list}", id(RESTAURANT));
        town.sees(&path, 200, &["admin", "auditor", "buyer"]).await;
        town.sees(&path, 403, &["seller", "seller_staff", "buyer_staff", "buyers_partner"]).await;
        town.sees(&path, 404, &["partner", "rival", "stranger", "sellers_partner"]).await;
    }
    let partners = format!("/api/v1/suppliers/{}/partners?count=true", id(SUPPLIER));
    let listed = town.world.get(town.caller("seller"), &partners).await.json();
    let partner = town.caller("sellers_partner").id;
    let expected = json!([{"account_id": partner, "email": format!("{}@iris.test", partner.simple())}]);
    assert_eq!((&listed["items"], &listed["total"]), (&expected, &json!(1)));

    let members = format!("/api/v1/restaurants/{}/members", id(RESTAURANT));
    let listed = town.world.get(town.caller("buyer"), &format!("{members}?count=true")).await.json();
    let (buyer, staff) = (town.caller("buyer").id, town.caller("buyer_staff").id);
    let member = |id: uuid::Uuid, role: &str| json!({"account_id": id, "email": format!("{}@iris.test", id.simple()), "role": role});
    assert_eq!(listed["items"], json!([member(staff, "STAFF"), member(buyer, "OWNER")]));
    assert_eq!(listed["total"], 2);
}

#[tokio::test]
async fn lists_hold_what_the_caller_may_see_and_nothing_else() {
    let town = Town::new().await;
    for (path, name, ids) in [
        ("/api/v1/restaurants", "admin", vec![OTHER_RESTAURANT, RESTAURANT]),
        ("/api/v1/restaurants", "auditor", vec![OTHER_RESTAURANT, RESTAURANT]),
        ("/api/v1/restaurants", "buyer", vec![RESTAURANT]),
        ("/api/v1/restaurants", "seller", vec![RESTAURANT]),
        ("/api/v1/restaurants", "rival", vec![]),
        ("/api/v1/restaurants", "partner", vec![]),
        ("/api/v1/restaurants", "buyers_partner", vec![RESTAURANT]),
        ("/api/v1/restaurants", "sellers_partner", vec![]),
        ("/api/v1/carts", "buyers_partner", vec![]),
        ("/api/v1/orders", "buyers_partner", vec![ORDER]),
        ("/api/v1/orders", "sellers_partner", vec![ORDER]),
        ("/api/v1/suppliers", "stranger", vec![OTHER_SUPPLIER, SUPPLIER]),
        ("/api/v1/products", "rival", vec![PRODUCT]),
        ("/api/v1/carts", "admin", vec![CART]),
        ("/api/v1/carts", "buyer_staff", vec![CART]),
        ("/api/v1/carts", "seller", vec![]),
        ("/api/v1/orders", "auditor", vec![ORDER]),
        ("/api/v1/orders", "seller_staff", vec![ORDER]),
        ("/api/v1/orders", "buyer", vec![ORDER]),
        ("/api/v1/orders", "rival", vec![]),
        ("/api/v1/orders", "partner", vec![]),
    ] {
        let answer = town.world.get(town.caller(name), &format!("{path}?count=true")).await;
        let expected: Vec<_> = ids.into_iter().map(id).collect();
        assert_eq!(answer.ids(), expected, "{name} {path}");
        assert_eq!(answer.json()["total"], expected.len(), "{name} {path}");
    }
    let foreign = format!("/api/v1/orders?supplier_id={}", id(OTHER_SUPPLIER));
    assert!(town.world.get(town.caller("buyer"), &foreign).await.ids().is_empty(), "only intersects");
    let carts = format!("/api/v1/carts?restaurant_id={}", id(RESTAURANT));
    assert!(town.world.get(town.caller("seller"), &carts).await.ids().is_empty(), "sees it, not its carts");
}

#[tokio::test]
async fn what_is_foreign_and_what_does_not_exist_answer_alike() {
    let town = Town::new().await;
    let nothing = id(999);
    for (name, path, code) in [
        ("stranger", "/api/v1/orders/{}", "order_not_found"),
        ("stranger", "/api/v1/orders/{}/receipt", "order_not_found"),
        ("rival", "/api/v1/orders/{}/invoice", "order_not_found"),
        ("seller", "/api/v1/carts/{}", "cart_not_found"),
        ("rival", "/api/v1/restaurants/{}", "restaurant_not_found"),
        ("rival", "/api/v1/restaurants/{}/members", "restaurant_not_found"),
        ("rival", "/api/v1/orders?restaurant_id={}", "restaurant_not_found"),
        ("rival", "/api/v1/carts?restaurant_id={}", "restaurant_not_found"),
    ] {
        let foreign = match code {
            "order_not_found" => id(ORDER),
            "cart_not_found" => id(CART),
            _ => id(RESTAURANT),
        };
        let mut bodies = Vec::new();
        for asked in [foreign, nothing] {
            let path = path.replace("{}", &asked.to_string());
            let answer = town.world.get(town.caller(name), &path).await;
            let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
            headers.sort();
            let mut body = answer.refused(404, code);
            body["request_id"] = json!(null);
            bodies.push((headers, body.to_string().replace(&asked.to_string(), "ID")));
        }
        assert_eq!(bodies[0], bodies[1], "{name} {path}");
    }
    town.world.get(town.caller("admin"), "/api/v1/orders/not-an-id").await.refused(404, "not_found");
}

#[tokio::test]
async fn me_names_my_organisations() {
    let town = Town::new().await;
    let me = town.world.get(town.caller("buyer_staff"), "/api/v1/me").await.json();
    let membership =
        json!({"kind": "restaurant", "id": id(RESTAURANT), "name": "Äppelträdet", "role": "STAFF"});
    let expected = json!({
        "account_id": town.caller("buyer_staff").id, "email": "restaurant@iris.test", "role": "RESTAURANT",
        "memberships": [membership], "grants": []
    });
    assert_eq!(me, expected);
    let me = town.world.get(town.caller("seller"), "/api/v1/me").await.json();
    assert_eq!(me["memberships"][0]["kind"], "supplier");
    assert_eq!(town.world.get(town.caller("admin"), "/api/v1/me").await.json()["memberships"], json!([]));
}

#[tokio::test]
async fn a_grant_is_named_to_a_partner_and_opens_nothing_to_an_account_of_another_role() {
    let town = Town::new().await;
    let partner = town.caller("sellers_partner");
    let me = town.world.get(partner, "/api/v1/me").await.json();
    let grant = json!({"kind": "supplier", "id": id(SUPPLIER), "name": "Grönsakskompaniet"});
    assert_eq!((&me["grants"], &me["memberships"]), (&json!([grant]), &json!([])));
    for role in ["SUPPLIER", "RESTAURANT"] {
        let other = Caller { role, ..partner };
        assert_eq!(town.world.get(other, "/api/v1/me").await.json()["grants"], json!([]));
        assert!(town.world.get(other, "/api/v1/orders").await.ids().is_empty());
    }
}

#[tokio::test]
async fn an_unknown_role_sees_nothing() {
    let town = Town::new().await;
    let caller = Caller::new(100, "ROOT");
    town.world.get(caller, "/api/v1/orders").await.refused(403, "unknown_role");
}
