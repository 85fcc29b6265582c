//! Grants to partners: who gives them, to whom, and that they are taken back.

use axum::http::Method;
use events::values::Role;
use serde_json::json;

use crate::world::in_world;

#[tokio::test]
async fn owners_grant_partners_and_revoke_them() {
    in_world(async |world| {
        let market = world.market().await;
        let partner = world.account("till@partner.example", Role::Partner).await;
        for (party, owner) in [
            (format!("/suppliers/{}", market.supplier_id), &market.supplier),
            (format!("/restaurants/{}", market.restaurant_id), &market.restaurant),
        ] {
            let partners = format!("{party}/partners");
            let body = json!({"email": "Till@partner.example"});
            let granted = world.post(owner, &partners, body.clone()).await.is(201);
            assert_eq!(granted.body, json!({"account_id": partner.id, "email": partner.email}));
            world.post(owner, &partners, body.clone()).await.refuses(409, "already_partner");
            let one = format!("{partners}/{}", partner.id);
            let revoked = world.delete(owner, &one).await.is(200);
            assert_eq!(revoked.body, granted.body);
            world.delete(owner, &one).await.refuses(404, "partner_not_found");
            world.post(&market.admin, &partners, body).await.is(201);
        }
    })
    .await;
}

#[tokio::test]
async fn an_unknown_address_becomes_an_invited_partner_and_people_are_no_partners() {
    in_world(async |world| {
        let market = world.market().await;
        let partners = format!("/suppliers/{}/partners", market.supplier_id);
        let body = json!({"email": "new@partner.example"});
        let keyed = [("idempotency-key", "k")];
        let grant = || world.call(Method::POST, &market.supplier, &partners, Some(body.clone()), &keyed);
        let granted = grant().await.is(201);
        assert_eq!(grant().await.is(200).body, granted.body);
        // Invited as a PARTNER: so the other side can grant it, too.
        let other = format!("/restaurants/{}/partners", market.restaurant_id);
        let again = world.post(&market.restaurant, &other, body.clone()).await.is(201);
        assert_eq!(again.body["account_id"], granted.body["account_id"]);

        let person = json!({"email": market.restaurant.email});
        world.post(&market.supplier, &partners, person).await.refuses(409, "not_a_partner");
        let typo = json!({"email": "x", "role": "OWNER"});
        let refused = world.post(&market.supplier, &partners, typo).await.refuses(422, "invalid");
        assert_eq!(refused.faults(), ["email invalid_email", "role unknown_field"]);
    })
    .await;
}

#[tokio::test]
async fn staff_and_strangers_grant_nothing() {
    in_world(async |world| {
        let market = world.market().await;
        let staff = world.account("staff@iris.test", Role::Restaurant).await;
        let members = format!("/restaurants/{}/members", market.restaurant_id);
        let member = json!({"email": staff.email, "role": "STAFF"});
        world.post(&market.restaurant, &members, member).await.is(201);
        let partners = format!("/restaurants/{}/partners", market.restaurant_id);
        let body = json!({"email": "till@partner.example"});
        let head = world.head().await;
        world.post(&staff, &partners, body.clone()).await.refuses(403, "forbidden");
        world.post(&market.supplier, &partners, body).await.refuses(404, "restaurant_not_found");
        assert_eq!(world.head().await, head, "not even the invited account is left");
    })
    .await;
}
