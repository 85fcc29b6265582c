//! Webhook endpoints: whose they are, what their owners ask of them, and that secrets stay secret.

use axum::http::Method;
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta};
use command_api::{
    Caller, Refusal, SubmitError,
    domain::webhook_endpoint::{DisableWebhookEndpoint, ReportWebhookEndpointFailing, VerifyWebhookEndpoint},
};
use events::{Actor, values::Role, webhook_endpoint::DisabledReason};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    trade::Market,
    world::{Account, Answer, World, in_world},
};

const ENDPOINTS: &str = "/webhook-endpoints";
const URL: &str = "https://partner.example/iris";

/// A body that is taken, with some members more or others.
fn endpoint(more: Value) -> Value {
    let mut body = json!({"url": URL, "events": ["iris.order.placed.v1"]});
    let Value::Object(more) = more else { panic!("no object: {more}") };
    body.as_object_mut().unwrap().extend(more);
    body
}

/// An endpoint of the market's restaurant.
async fn registered(world: &World, market: &Market, more: Value) -> Answer {
    let mut body = endpoint(more);
    body["restaurant_id"] = json!(market.restaurant_id);
    world.post(&market.restaurant, ENDPOINTS, body).await.is(201)
}

async fn secrets(world: &World) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM webhooks.secrets").fetch_one(&world.pool).await.unwrap()
}

fn at(id: &str, verb: &str) -> String {
    format!("{ENDPOINTS}/{id}{verb}")
}

#[tokio::test]
async fn everybody_registers_endpoints_of_their_own() {
    in_world(async |world| {
        let market = world.market().await;
        let partner = world.account("till@partner.example", Role::Partner).await;
        for (who, more, owner) in [
            (&market.restaurant, json!({"restaurant_id": market.restaurant_id}), "restaurant"),
            (&market.supplier, json!({"supplier_id": market.supplier_id}), "supplier"),
            (&market.admin, json!({"supplier_id": market.supplier_id}), "supplier"),
            (&market.admin, json!({}), "platform"),
            (&partner, json!({}), "partner"),
        ] {
            let answer = world.post(who, ENDPOINTS, endpoint(more.clone())).await.is(201);
            let body = &answer.body;
            assert_eq!((&body["owner"], &body["status"]), (&json!(owner), &json!("active")));
            for field in ["restaurant_id", "supplier_id"] {
                assert_eq!(body[field], more.get(field).cloned().unwrap_or_default(), "{owner}");
            }
            let account_id = if owner == "partner" { json!(partner.id) } else { Value::Null };
            assert_eq!(body["account_id"], account_id);
            assert_eq!(answer.header("location"), format!("/api/v1{ENDPOINTS}/{}", answer.id()));
            assert_eq!(answer.header("etag"), "\"1\"");
            let secret = answer.text("secret");
            let bytes = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
            assert_eq!(bytes.len(), 32);
        }
        assert_eq!(secrets(world).await, 5);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_said_has_its_default_and_what_is_said_is_kept() {
    in_world(async |world| {
        let market = world.market().await;
        let plain = registered(world, &market, json!({})).await.body;
        for (field, expected) in [
            ("events", json!(["iris.order.placed.v1"])),
            ("description", Value::Null),
            ("filter", json!([])),
            ("payload", json!("full")),
            ("order", json!("ordered")),
            ("max_in_flight", json!(8)),
            ("rate_per_second", Value::Null),
            ("verified", Value::Null),
        ] {
            assert_eq!(plain[field], expected, "{field}");
        }
        let said = json!({
            "events": ["*"], "description": "till", "payload": "thin", "order": "strict", "max_in_flight": 1,
            "rate_per_second": 50, "filter": [
                {"field": "total_cents", "at_least": 100}, {"field": "payment_method", "one_of": ["card", "cash"]}
            ]
        });
        let mut more = said.clone();
        more["handshake"] = json!(true);
        let full = registered(world, &market, more).await.body;
        for (field, expected) in said.as_object().unwrap() {
            assert_eq!(&full[field], expected, "{field}");
        }
        assert_eq!((&full["status"], &full["verified"]), (&json!("unverified"), &json!(false)));
    })
    .await;
}

#[tokio::test]
async fn whoever_may_not_registers_nothing_and_leaves_no_secret() {
    in_world(async |world| {
        let market = world.market().await;
        let staff = world.account("staff@iris.test", Role::Restaurant).await;
        let members = format!("/restaurants/{}/members", market.restaurant_id);
        let member = json!({"email": staff.email, "role": "STAFF"});
        world.post(&market.restaurant, &members, member).await.is(201);
        let stranger = world.account("stranger@iris.test", Role::Restaurant).await;
        let partner = world.account("till@partner.example", Role::Partner).await;
        let auditor = world.account("auditor@iris.test", Role::Auditor).await;
        let restaurant = || json!({"restaurant_id": market.restaurant_id});
        let supplier = || json!({"supplier_id": market.supplier_id});
        let head = world.head().await;
        for (who, more, status, code) in [
            (&staff, restaurant(), 403, "forbidden"),
            (&stranger, restaurant(), 404, "restaurant_not_found"),
            (&market.supplier, restaurant(), 404, "restaurant_not_found"),
            (&stranger, supplier(), 403, "forbidden"),
            (&partner, restaurant(), 404, "restaurant_not_found"),
            (&partner, supplier(), 403, "forbidden"),
            (&auditor, restaurant(), 403, "forbidden"),
            (&auditor, supplier(), 403, "forbidden"),
            (&auditor, json!({}), 403, "forbidden"),
            (&market.admin, json!({"supplier_id": Uuid::nil()}), 404, "supplier_not_found"),
        ] {
            world.post(who, ENDPOINTS, endpoint(more)).await.refuses(status, code);
        }
        let nameless = world.post(&market.restaurant, ENDPOINTS, endpoint(json!({}))).await;
        assert_eq!(nameless.refuses(422, "invalid").faults(), ["restaurant_id missing"]);
        assert_eq!((world.head().await, secrets(world).await), (head, 0));
    })
    .await;
}

#[tokio::test]
async fn a_partner_that_names_an_organisation_hears_of_that_one_while_it_is_granted() {
    in_world(async |world| {
        let market = world.market().await;
        let partner = world.account("till@partner.example", Role::Partner).await;
        for (party, field, id, owner, refusal) in [
            ("restaurants", "restaurant_id", &market.restaurant_id, &market.restaurant, 404),
            ("suppliers", "supplier_id", &market.supplier_id, &market.supplier, 403),
        ] {
            let partners = format!("/{party}/{id}/partners");
            world.post(owner, &partners, json!({"email": partner.email})).await.is(201);
            let more = json!({field: id, "filter": [{"field": "total_cents", "at_most": 5}]});
            let body = world.post(&partner, ENDPOINTS, endpoint(more.clone())).await.is(201).body;
            assert_eq!((&body["owner"], &body["account_id"]), (&json!("partner"), &json!(partner.id)));
            assert_eq!(body["filter"][1], json!({"field": field, "one_of": [id]}));
            world.delete(owner, &format!("{partners}/{}", partner.id)).await.is(200);
            assert_eq!(world.post(&partner, ENDPOINTS, endpoint(more)).await.status, refusal);
        }
    })
    .await;
}

#[tokio::test]
async fn a_partner_s_endpoint_for_one_organisation_stays_with_it() {
    in_world(async |world| {
        let market = world.market().await;
        let partner = world.account("till@partner.example", Role::Partner).await;
        for (party, field, id, owner) in [
            ("restaurants", "restaurant_id", &market.restaurant_id, &market.restaurant),
            ("suppliers", "supplier_id", &market.supplier_id, &market.supplier),
        ] {
            let partners = format!("/{party}/{id}/partners");
            world.post(owner, &partners, json!({"email": partner.email})).await.is(201);
            let made = world.post(&partner, ENDPOINTS, endpoint(json!({field: id}))).await.is(201);
            let path = at(&made.id(), "");
            let own = json!({"field": field, "one_of": [id]});
            let cheap = json!({"field": "total_cents", "at_most": 5});
            for (who, filter, expected) in [
                (&partner, json!([]), json!([own])),
                (&partner, json!([cheap]), json!([cheap, own])),
                (&partner, json!([own, cheap]), json!([cheap, own])),
                (&market.admin, json!([]), json!([own])),
            ] {
                let revised = world.patch(who, &path, json!({"filter": filter})).await.is(200);
                assert_eq!(revised.body["filter"], expected, "{filter}");
            }
            for ids in [json!([Uuid::nil()]), json!([id, Uuid::nil()])] {
                let filter = json!([cheap, {"field": field, "one_of": ids}]);
                let refused = world.patch(&partner, &path, json!({"filter": filter})).await;
                let faults = refused.refuses(422, "invalid").faults();
                assert_eq!(faults, ["filter[1].one_of other_organisation"]);
            }
            let other = world.patch(&partner, &path, json!({"description": "till"})).await.is(200);
            assert_eq!(other.body["filter"], json!([own]), "nor does it go with anything else");
        }
        // Who has all its grants, or is the organisation itself, chooses freely.
        let more = json!({"filter": [{"field": "total_cents", "at_most": 5}]});
        let all = world.post(&partner, ENDPOINTS, endpoint(more)).await.is(201).id();
        let of_owner = json!([{"field": "supplier_id", "one_of": [market.supplier_id]}]);
        let of_owner = registered(world, &market, json!({"filter": of_owner})).await.id();
        for (who, id) in [(&partner, all), (&market.restaurant, of_owner)] {
            let revised = world.patch(who, &at(&id, ""), json!({"filter": []})).await.is(200);
            assert_eq!(revised.body["filter"], json!([]));
        }
    })
    .await;
}

#[tokio::test]
async fn all_faults_of_an_endpoint_come_at_once() {
    in_world(async |world| {
        let market = world.market().await;
        let body = json!({
            "url": "http://partner.example", "events": ["iris.order.placed.v1", "OrderPlaced"],
            "restaurant_id": market.restaurant_id, "supplier_id": market.supplier_id, "payload": "half",
            "filter": [{"field": "a", "at_least": 1}, {"field": "a b"}], "max_in_flight": 65, "rate_per_second": 0,
            "secret": "mine"
        });
        let refused = world.post(&market.restaurant, ENDPOINTS, body).await.refuses(422, "invalid");
        assert_eq!(
            refused.faults(),
            [
                "events[1] unknown_event_type",
                "filter[1].field invalid_path",
                "max_in_flight out_of_range",
                "payload unknown_value",
                "rate_per_second out_of_range",
                "secret unknown_field",
                "supplier_id both_given",
                "url scheme_refused",
            ]
        );
        for (url, fault) in [("partner", "url invalid_url"), ("ftp://a.example", "url scheme_refused"), ("", "url too_short")] {
            let refused = world.post(&market.admin, ENDPOINTS, endpoint(json!({"url": url}))).await;
            assert_eq!(refused.is(422).faults(), [fault]);
        }
        let id = registered(world, &market, json!({})).await.id();
        let revision = json!({"url": "http://a.example", "events": [], "owner": "platform", "enabled": null});
        let refused = world.patch(&market.restaurant, &at(&id, ""), revision).await.refuses(422, "invalid");
        let expected = ["enabled wrong_type", "events too_few", "owner unknown_field", "url scheme_refused"];
        assert_eq!(refused.faults(), expected);
        let refused = world.post(&market.restaurant, &at(&id, "/rotate-secret"), json!({"overlap_hours": 169})).await;
        assert_eq!(refused.is(422).faults(), ["overlap_hours out_of_range"]);
    })
    .await;
}

#[tokio::test]
async fn a_repeated_request_shows_the_same_secret_which_nothing_stored_holds() {
    in_world(async |world| {
        let market = world.market().await;
        let body = endpoint(json!({"restaurant_id": market.restaurant_id}));
        let keyed = [("idempotency-key", "k")];
        let who = &market.restaurant;
        let register = || world.call(Method::POST, who, ENDPOINTS, Some(body.clone()), &keyed);
        let first = register().await.is(201);
        let again = register().await.is(200);
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(secrets(world).await, 1, "the one made for the repeated request is gone");

        let path = at(&first.id(), "/rotate-secret");
        let rotate = || world.call(Method::POST, who, &path, Some(json!({"overlap_hours": 2})), &keyed);
        let rotated = rotate().await.is(200);
        assert_eq!(rotate().await.is(200).body, rotated.body);
        assert_eq!(register().await.is(200).text("secret"), first.text("secret"), "that of then");
        assert_eq!(secrets(world).await, 2);
        let (old, new) = (first.text("secret"), rotated.text("secret"));
        assert_ne!(old, new);

        let patched = world.patch(who, &at(&first.id(), ""), json!({"description": "till"})).await.is(200);
        assert!(patched.body.get("secret").is_none(), "shown once");
        for secret in [old, new] {
            let encoded = secret.strip_prefix("whsec_").unwrap();
            let bytes = BASE64_STANDARD.decode(encoded).unwrap();
            assert_eq!(found(world, encoded.as_bytes()).await, Vec::<String>::new());
            assert_eq!(found(world, &bytes).await, Vec::<String>::new());
        }
        assert_eq!(found(world, first.id().as_bytes()).await.len(), 3, "the scan finds what is there");
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_back_makes_no_accepted_command_an_error() {
    in_world(async |world| {
        let market = world.market().await;
        // The row can be written and not be read: as when the database goes away after the commit.
        let mut tx = world.owner().await;
        sqlx::query("REVOKE SELECT ON webhooks.secrets FROM iris_command").execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        let body = endpoint(json!({"restaurant_id": market.restaurant_id}));
        let keyed = [("idempotency-key", "k")];
        let who = &market.restaurant;
        let register = || world.call(Method::POST, who, ENDPOINTS, Some(body.clone()), &keyed);
        let first = register().await.is(201);
        assert!(first.text("secret").starts_with("whsec_"));
        let path = at(&first.id(), "/rotate-secret");
        let rotate = || world.call(Method::POST, who, &path, None, &keyed);
        let rotated = rotate().await.is(200);
        assert_ne!(rotated.text("secret"), first.text("secret"));

        for (again, mut expected) in [(register().await, first.body), (rotate().await, rotated.body)] {
            let again = again.is(200);
            assert_eq!(again.header("idempotency-replayed"), "true");
            expected.as_object_mut().unwrap().remove("secret");
            assert_eq!(again.body, expected, "as it was, without the secret");
        }
    })
    .await;
}

/// The tables that hold those bytes in any column of any row.
async fn found(world: &World, bytes: &[u8]) -> Vec<String> {
    let mut holding = Vec::new();
    for table in
        ["public.events", "public.idempotency", "webhooks.secrets", "public.snapshots", "public.claims"]
    {
        // A row as text shows bytes as hexadecimal digits.
        let sql = format!(
            "SELECT count(*) FROM {table} t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, encode($2, 'hex')) > 0"
        );
        let text = String::from_utf8_lossy(bytes).replace('\0', "");
        let rows: i64 = sqlx::query_scalar(&sql).bind(text).bind(bytes).fetch_one(&world.pool).await.unwrap();
        if rows > 0 {
            holding.push(table.to_owned());
        }
    }
    holding
}

#[tokio::test]
async fn a_rotation_lets_the_former_secret_sign_for_a_while() {
    in_world(async |world| {
        let market = world.market().await;
        let first = registered(world, &market, json!({})).await;
        let rotate = at(&first.id(), "/rotate-secret");
        let rotated = world.post_nothing(&market.restaurant, &rotate).await.is(200);
        let signing = rotated.body["signing_secrets"].as_array().unwrap().clone();
        assert_eq!(signing[1]["secret_id"], first.body["signing_secrets"][0]["secret_id"]);
        assert_eq!(
            (&signing[0]["valid_until"], &signing[1]["valid_until"]),
            (&Value::Null, &json!("2026-11-21T09:00:00Z"))
        );
        let known = json!({"overlap_hours": 0});
        let rotated = world.post(&market.restaurant, &rotate, known).await.is(200);
        assert_eq!(rotated.body["signing_secrets"].as_array().unwrap().len(), 1, "it has become known");
    })
    .await;
}

/// What an owner can ask of its endpoint, with a body that would be taken; the last one is the end of it.
fn verbs(id: &str) -> Vec<(Method, String, Option<Value>)> {
    vec![
        (Method::PATCH, at(id, ""), Some(json!({"description": "x"}))),
        (Method::POST, at(id, "/rotate-secret"), None),
        (Method::POST, at(id, "/ping"), None),
        (Method::POST, at(id, "/replay"), Some(json!({"from_position": 1}))),
        (Method::POST, at(id, &format!("/deliveries/{}/retry", Uuid::nil())), None),
        (Method::DELETE, at(id, ""), None),
    ]
}

#[tokio::test]
async fn only_its_owner_and_an_admin_know_of_an_endpoint() {
    in_world(async |world| {
        let market = world.market().await;
        let staff = world.account("staff@iris.test", Role::Restaurant).await;
        let members = format!("/restaurants/{}/members", market.restaurant_id);
        let member = json!({"email": staff.email, "role": "STAFF"});
        world.post(&market.restaurant, &members, member).await.is(201);
        let partner = world.account("till@partner.example", Role::Partner).await;
        let other_partner = world.account("other@partner.example", Role::Partner).await;
        let auditor = world.account("auditor@iris.test", Role::Auditor).await;
        let partners = format!("/restaurants/{}/partners", market.restaurant_id);
        world.post(&market.restaurant, &partners, json!({"email": partner.email})).await.is(201);

        let of_restaurant = registered(world, &market, json!({})).await.id();
        let of_partner = world.post(&partner, ENDPOINTS, endpoint(json!({}))).await.is(201).id();
        let of_platform = world.post(&market.admin, ENDPOINTS, endpoint(json!({}))).await.is(201).id();
        let (head, stored) = (world.head().await, secrets(world).await);
        let blind: [(&str, Vec<&Account>); 3] = [
            (&of_restaurant, vec![&staff, &market.supplier, &partner]),
            (&of_partner, vec![&other_partner, &market.restaurant]),
            (&of_platform, vec![&partner, &market.restaurant]),
        ];
        for (id, blind) in blind {
            for (method, path, body) in verbs(id) {
                for who in &blind {
                    let answer = world.call(method.clone(), who, &path, body.clone(), &[]).await;
                    answer.refuses(404, "webhook_endpoint_not_found");
                }
                world.call(method, &auditor, &path, body, &[]).await.refuses(403, "forbidden");
            }
        }
        assert_eq!((world.head().await, secrets(world).await), (head, stored), "nothing happened");
        for (id, owner) in
            [(of_restaurant, &market.restaurant), (of_partner, &partner), (of_platform, &market.admin)]
        {
            for (method, path, body) in verbs(&id) {
                let answer = world.call(method, owner, &path, body, &[]).await;
                if path.ends_with("/retry") {
                    answer.refuses(404, "webhook_delivery_not_found");
                } else {
                    answer.is(200);
                }
            }
            for (method, path, body) in verbs(&id) {
                let answer = world.call(method, owner, &path, body, &[]).await;
                answer.refuses(404, "webhook_endpoint_not_found");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_is_revised_switched_off_and_on_and_deleted() {
    in_world(async |world| {
        let market = world.market().await;
        let who = &market.restaurant;
        let id = registered(world, &market, json!({"description": "till", "rate_per_second": 5})).await.id();
        let patch = async |body: Value| world.patch(who, &at(&id, ""), body).await.is(200);
        let head = world.head().await;
        patch(json!({})).await;
        patch(json!({"enabled": true, "description": "till"})).await;
        assert_eq!(world.head().await, head, "nothing new");
        let revised = json!({
            "url": "https://b.example/x", "events": ["*"], "description": null, "rate_per_second": null,
            "filter": [{"field": "total_cents", "at_least": 1}], "payload": "thin", "order": "best_effort",
            "max_in_flight": 2
        });
        let body = patch(revised.clone()).await.body;
        for (field, expected) in revised.as_object().unwrap() {
            assert_eq!(&body[field], expected, "{field}");
        }
        let off = patch(json!({"enabled": false})).await;
        assert_eq!(
            (&off.body["status"], &off.body["disabled_reason"]),
            (&json!("disabled"), &json!("owner"))
        );
        let replay = json!({"from_position": 1});
        world.post(who, &at(&id, "/replay"), replay).await.refuses(409, "invalid_transition");
        world.post_nothing(who, &at(&id, "/ping")).await.is(200);
        let on = patch(json!({"enabled": true})).await;
        assert_eq!((&on.body["status"], &on.body["disabled_reason"]), (&json!("active"), &Value::Null));

        let stale = world.call(Method::DELETE, who, &at(&id, ""), None, &[("if-match", "1")]).await;
        stale.refuses(412, "stale_revision");
        let current = on.header("etag").to_owned();
        let gone =
            world.call(Method::DELETE, who, &at(&id, ""), None, &[("if-match", &current)]).await.is(200);
        assert_eq!(gone.text("status"), "deleted");
    })
    .await;
}

#[tokio::test]
async fn a_replay_begins_at_a_position_or_a_moment_and_ends_where_the_log_does() {
    in_world(async |world| {
        let market = world.market().await;
        let id = registered(world, &market, json!({})).await.id();
        let before = world.head().await;
        world.clock.advance(TimeDelta::hours(1));
        world.product(&market, "A", 1).await;
        let head = world.head().await;
        let replay = async |body: Value| world.post(&market.restaurant, &at(&id, "/replay"), body).await;
        for (body, from) in [
            (json!({"from_position": 1}), 1),
            (json!({"from_position": head}), head),
            (json!({"since": "2020-01-01T00:00:00Z"}), 1),
            (json!({"since": "2026-11-20T09:00:00.000001Z"}), before + 1),
            (json!({"since": "2026-11-20T09:30:00Z"}), before + 1),
            (json!({"since": "2026-11-20T10:00:00Z"}), before + 1),
        ] {
            let begun = replay(body.clone()).await.is(200);
            assert_eq!(begun.body["from_position"], from, "{body}");
            assert_eq!(begun.body["upto_position"].as_i64().unwrap() + 1, world.head().await, "{body}");
            assert_eq!(begun.text("webhook_endpoint_id"), id);
        }
        for (body, fault) in [
            (json!({}), "from_position missing"),
            (json!({"from_position": 1, "since": "2026-11-20T09:30:00Z"}), "since both_given"),
            (json!({"from_position": 0}), "from_position out_of_range"),
            (json!({"from_position": i64::MAX}), "from_position beyond_the_end"),
            (json!({"since": "2026-11-20T10:00:00.000001Z"}), "since beyond_the_end"),
            (json!({"since": "yesterday"}), "since invalid_time"),
        ] {
            assert_eq!(replay(body.clone()).await.is(422).faults(), [fault], "{body}");
        }
        let (keyed, body) = ([("idempotency-key", "k")], json!({"from_position": 1}));
        let path = at(&id, "/replay");
        let ask = || world.call(Method::POST, &market.restaurant, &path, Some(body.clone()), &keyed);
        let first = ask().await.is(200);
        assert_eq!(ask().await.is(200).body, first.body, "one replay, though the log went on");
    })
    .await;
}

#[tokio::test]
async fn a_delivery_is_retried_once_it_was_tried() {
    in_world(async |world| {
        let market = world.market().await;
        let id = registered(world, &market, json!({})).await.id();
        let other = registered(world, &market, json!({})).await.id();
        for (number, state, attempts, status) in [
            (1, "pending", 0, 409),
            (2, "pending", 3, 200),
            (3, "failed", 10, 200),
            (4, "delivered", 1, 200),
            (5, "cancelled", 0, 200),
        ] {
            let delivery_id = Uuid::from_u128(number);
            delivery(world, delivery_id, id.parse().unwrap(), state, attempts).await;
            let retry = format!("/deliveries/{delivery_id}/retry");
            let answer = world.post_nothing(&market.restaurant, &at(&id, &retry)).await.is(status);
            if status == 200 {
                assert_eq!(answer.body, json!({"delivery_id": delivery_id, "webhook_endpoint_id": id}));
            }
            let foreign = world.post_nothing(&market.restaurant, &at(&other, &retry)).await;
            foreign.refuses(404, "webhook_delivery_not_found");
        }
    })
    .await;
}

/// A row as the delivering side writes it.
async fn delivery(world: &World, delivery_id: Uuid, endpoint_id: Uuid, state: &str, attempts: i32) {
    let mut tx = platform::db::begin(&world.pool).await.unwrap();
    // The command side may not write deliveries.
    sqlx::query("SET LOCAL ROLE iris_handler").execute(&mut *tx).await.unwrap();
    let sql =
        "INSERT INTO webhooks.deliveries (delivery_id, endpoint_id, event_id, event_type, payload_style,
                   aggregate_id, position, origin, state, attempts, due, created_at, finished_at)
               VALUES ($1, $2, $1, 'iris.order.placed.v1', 'full', $1, 1, 'live', $3, $4, now(), now(),
                   CASE WHEN $3 = 'pending' THEN NULL ELSE now() END)";
    let query = sqlx::query(sql).bind(delivery_id).bind(endpoint_id).bind(state).bind(attempts);
    query.execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_delivering_side_disables_reports_and_verifies() {
    in_world(async |world| {
        let market = world.market().await;
        let id: Uuid = registered(world, &market, json!({"handshake": true})).await.id().parse().unwrap();
        let webhook_endpoint_id = id.into();
        let system = || Caller::system("webhooks");
        let url = URL.to_owned();
        let verify =
            VerifyWebhookEndpoint { webhook_endpoint_id, url: url.clone(), rate_per_minute_max: Some(60) };
        let reason = DisabledReason::Gone;
        let disable = DisableWebhookEndpoint { webhook_endpoint_id, url: url.clone(), reason };
        let (since, disabled_at) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(5));
        let report = ReportWebhookEndpointFailing {
            webhook_endpoint_id,
            url,
            since,
            warning: 1,
            failures: 20,
            disabled_at,
        };

        let told = world.submit(system(), verify.clone()).await.unwrap();
        let body: Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!((&body["status"], &body["rate_per_minute"]), (&json!("active"), &json!(60)));
        world.submit(system(), report.clone()).await.unwrap();
        let head = world.head().await;
        world.submit(system(), report.clone()).await.unwrap();
        assert_eq!(world.head().await, head, "each warning once");
        let told = world.submit(system(), disable.clone()).await.unwrap();
        let body: Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!((&body["status"], &body["disabled_reason"]), (&json!("disabled"), &json!("gone")));
        let head = world.head().await;
        world.submit(system(), disable.clone()).await.unwrap();
        world.submit(system(), report.clone()).await.unwrap();
        world.submit(system(), verify).await.unwrap();
        assert_eq!(world.head().await, head, "nothing new the second time");

        let owner = Actor::Account { id: market.restaurant.id.into(), role: Role::Restaurant };
        let refused = world.submit(Caller { actor: owner, if_match: None }, disable.clone()).await;
        assert!(matches!(refused, Err(SubmitError::Refused(Refusal::Forbidden { .. }))));
        world.delete(&market.restaurant, &at(&id.to_string(), "")).await.is(200);
        let refused = world.submit(system(), disable).await;
        assert!(matches!(refused, Err(SubmitError::Refused(Refusal::NotFound { .. }))));
    })
    .await;
}
