//! Positions, waiting, and believing an absence.

use std::time::Duration;

use events::values::MemberRole::Owner;

use crate::{
    fixtures::{Story, insert_order, restaurant_details, supplier_details, wanted},
    world::{Caller, World, id},
};

fn admin() -> Caller {
    Caller::new(1, "ADMIN")
}

fn story() -> Story {
    Story::placed(50, id(20), id(10), &[wanted("Tomater", 1_000, 100, 600)])
}

/// What the orders projection does with a batch: rows and checkpoint in one transaction.
async fn project(world: &World, story: &Story, position: i64) {
    let mut tx = platform::db::begin(&world.pool).await.unwrap();
    insert_order(story, &mut *tx).await;
    let sql = "UPDATE read.checkpoints SET position = $1 WHERE name = 'orders'";
    sqlx::query(sql).bind(position).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_read_says_the_position_that_it_saw() {
    let world = World::new().await;
    world.advance(7).await;
    for path in ["suppliers", "restaurants", "products", "products?q=tomat", "carts", "orders", "me"] {
        let answer = world.get(admin(), &format!("/api/v1/{path}")).await;
        assert_eq!((answer.status.as_u16(), answer.position()), (200, 7), "{path}");
    }
    world.checkpoint("suppliers", 3).await;
    assert_eq!(world.get(admin(), "/api/v1/carts").await.position(), 7);
    let member = Caller::new(2, "RESTAURANT");
    let through_memberships = world.get(member, "/api/v1/carts").await.position();
    assert_eq!(
        through_memberships, 3,
        "what a member sees depends on memberships, the smaller position counts"
    );
}

#[tokio::test]
async fn a_read_waits_for_the_position_asked_for() {
    let world = World::new().await;
    world.advance(41).await;
    let asked = [("iris-min-position", "42")];
    let story = story();
    let (answer, ()) =
        tokio::join!(world.get_with(Some(admin()), "/api/v1/orders", &asked), project(&world, &story, 42));
    assert_eq!((answer.ids(), answer.position()), (vec![story.id], 42));
}

#[tokio::test]
async fn a_member_waits_for_its_memberships_too() {
    let world = World::new().await;
    world.advance(42).await;
    world.checkpoint("restaurants", 41).await;
    let member = Caller::new(2, "RESTAURANT");
    let asked = [("iris-min-position", "42")];
    world.order(&story()).await;
    let hire = async {
        world.restaurant(id(20), restaurant_details("Äppelträdet"), &[(member, Owner)]).await;
        world.checkpoint("restaurants", 42).await;
    };
    let (answer, ()) = tokio::join!(world.get_with(Some(member), "/api/v1/orders", &asked), hire);
    assert_eq!(answer.ids(), [story().id]);
}

#[tokio::test]
async fn a_position_not_reached_in_time_answers_503() {
    let world = World::with(4, Duration::from_millis(30)).await;
    world.advance(41).await;
    for path in ["/api/v1/orders".to_owned(), format!("/api/v1/orders/{}", id(50)), "/api/v1/me".to_owned()] {
        let answer = world.get_with(Some(admin()), &path, &[("iris-min-position", "42")]).await;
        assert_eq!(answer.refused(503, "read_model_behind")["error"], "ServiceUnavailableError");
        assert_eq!(answer.header("retry-after"), "1");
        let reached = world.get_with(Some(admin()), &path, &[("iris-min-position", "41")]).await;
        assert_ne!(reached.status, 503, "{path}");
    }
}

#[tokio::test]
async fn a_position_that_is_none_answers_400() {
    let world = World::new().await;
    for bad in ["-1", "x", "1.5", "99999999999999999999"] {
        let answer = world.get_with(Some(admin()), "/api/v1/orders", &[("iris-min-position", bad)]).await;
        assert_eq!(answer.refused(400, "invalid_min_position")["error"], "BadRequestError");
    }
}

#[tokio::test]
async fn an_order_is_missing_only_once_its_read_model_has_caught_up() {
    let world = World::new().await;
    world.advance(41).await;
    world.head(42).await;
    let story = story();
    let path = format!("/api/v1/orders/{}", story.id);
    let (answer, ()) = tokio::join!(world.get(admin(), &path), project(&world, &story, 42));
    assert_eq!((answer.status.as_u16(), answer.position()), (200, 42));

    let missing = format!("/api/v1/orders/{}", id(51));
    world.get(admin(), &missing).await.refused(404, "order_not_found");
}

#[tokio::test]
async fn while_the_read_model_is_behind_a_missing_resource_answers_503_to_all_alike() {
    let world = World::with(4, Duration::from_millis(30)).await;
    world.supplier(id(10), supplier_details("Grönsakskompaniet"), &[]).await;
    world.order(&story()).await;
    world.advance(41).await;
    world.head(42).await;
    let stranger = Caller::new(3, "RESTAURANT");
    for asked in [id(50), id(51)] {
        let path = format!("/api/v1/orders/{asked}");
        world.get(stranger, &path).await.refused(503, "read_model_behind");
    }
    let there = format!("/api/v1/suppliers/{}", id(10));
    assert_eq!(world.get(admin(), &there).await.status, 200, "what is there is shown at once");
}

#[tokio::test]
async fn a_revision_that_the_caller_has_is_not_sent_again() {
    let world = World::new().await;
    world.advance(9).await;
    world.order(&story().confirmed()).await;
    let path = format!("/api/v1/orders/{}", id(50));
    let answer = world.get(admin(), &path).await;
    assert_eq!((answer.header("etag"), answer.json()["revision"].as_i64()), ("\"2\"", Some(2)));
    let again = world.get_with(Some(admin()), &path, &[("if-none-match", "\"2\"")]).await;
    assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));
    assert_eq!((again.header("etag"), again.position()), ("\"2\"", 9));
    let newer = world.get_with(Some(admin()), &path, &[("if-none-match", "\"1\"")]).await;
    assert_eq!(newer.status, 200);
}

#[tokio::test]
async fn a_products_stock_is_never_hidden_behind_its_etag() {
    let world = World::new().await;
    world.product(id(30), id(10), "Tomater", "T-1", None).await;
    let path = format!("/api/v1/products/{}", id(30));
    let answer = world.get_with(Some(admin()), &path, &[("if-none-match", "\"1\"")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, "\"1\""));
    let product = answer.json();
    assert_eq!(
        (product["stock_qty"].as_str(), product["availability_status"].as_str()),
        (Some("12"), Some("in_stock"))
    );
}
