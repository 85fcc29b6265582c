//! What auditors see: the lists as they stood, and who got to see or do what.

use harness::{Client, IrisProcess, TestDatabase, until};
use reqwest::Method;
use serde_json::{Value, json};

const LISTS: [&str; 5] = ["orders", "products", "suppliers", "restaurants", "invoices"];

/// What the live lists answer at a position.
struct Moment {
    position: i64,
    answers: Vec<Value>,
}

async fn moment(auditor: &Client, position: i64) -> Moment {
    let mut answers = Vec::new();
    for list in LISTS {
        let path = format!("/{list}?limit=100&count=true");
        let answer = auditor.get_at(&path, position).await.expect(200);
        assert_eq!(answer.position(), position, "nothing else happens meanwhile");
        answers.push(answer.body);
    }
    Moment { position, answers }
}

/// One order's beginning, a step at a time; each step gives the log's position.
async fn trade(restaurant: &Client, supplier: &Client) -> Vec<i64> {
    let me = restaurant.get("/me").await.expect(200);
    let restaurant_id = me.body["memberships"][0]["id"].clone();
    let product = restaurant.get("/products?q=tomater").await.expect(200).body["items"][0]["id"].clone();
    let cart =
        restaurant.post("/carts", &json!({"restaurant_id": restaurant_id})).await.expect(201).text("id");
    let item = json!({"product_id": product, "qty": "2"});
    let filled = restaurant.post(&format!("/carts/{cart}/items"), &item).await.expect(201);
    let body = json!({"cart_id": cart, "payment_method": "invoice"});
    let placed = restaurant.try_post("/orders", &cart, &body).await.unwrap().expect(201);
    let confirm = format!("/orders/{}/confirm", placed.text("id"));
    let confirmed = supplier.post(&confirm, &json!({})).await.expect(200);
    vec![filled.position(), placed.position(), confirmed.position()]
}

async fn ready(auditor: &Client, id: &str) {
    until("the view is ready", async || {
        let view = auditor.get(&format!("/audit/views/{id}")).await.expect(200).body;
        assert_ne!(view["status"], "failed", "{view}");
        view["status"] == "ready"
    })
    .await;
}

async fn schemas(database: &TestDatabase) -> i64 {
    let sql = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'read\\_asof\\_%'";
    sqlx::query_scalar(sql).fetch_one(&database.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_as_of_a_position_are_what_the_live_lists_answered_then() {
    let database = TestDatabase::create().await;
    let mut iris = IrisProcess::start(&database).await;
    let restaurant = iris.client().logged_in("restaurant@iris.test").await;
    let supplier = iris.client().logged_in("supplier@iris.test").await;
    let auditor = iris.client().logged_in("auditor@iris.test").await;

    let seeded: i64 =
        sqlx::query_scalar("SELECT position FROM public.log_head").fetch_one(&database.pool).await.unwrap();
    let mut moments = vec![moment(&auditor, seeded).await];
    let steps = trade(&restaurant, &supplier).await;
    moments.push(moment(&auditor, *steps.last().unwrap()).await);
    let again = trade(&restaurant, &supplier).await;
    moments.push(moment(&auditor, *again.last().unwrap()).await);
    assert_ne!(moments[1].answers, moments[2].answers, "history went on");

    // All three at once.
    let mut views = Vec::new();
    for Moment { position, .. } in &moments {
        let asked = auditor.post("/audit/views", &json!({"at_position": position, "models": LISTS})).await;
        views.push(asked.expect(202).text("id"));
    }
    for (id, Moment { position, answers }) in views.iter().zip(&moments) {
        ready(&auditor, id).await;
        for (list, then) in LISTS.iter().zip(answers) {
            let now =
                auditor.get(&format!("/audit/views/{id}/{list}?limit=100&count=true")).await.expect(200);
            assert_eq!((&now.body, now.position()), (then, *position), "{list} as of {position}");
        }
    }
    // By time: a moment after the first trade's last event, the view of that position is shown.
    let view = auditor.get(&format!("/audit/views/{}", views[1])).await.expect(200).body;
    let path = format!("/audit/views/{}", views[0]);
    auditor.send(Method::DELETE, &path, &[], None).await.unwrap().expect(204);
    let asked = json!({"at": view["as_of"]["time"], "models": ["orders"]});
    let by_time = auditor.post("/audit/views", &asked).await.expect(202).body;
    assert_eq!(by_time["as_of"], view["as_of"]);
    restaurant.get(&path).await.expect(403);

    // Killed with views ready and being built: nothing of them is left once they are deleted.
    iris.kill();
    sqlx::query("DELETE FROM audit.views WHERE view_id <> $1::uuid")
        .bind(by_time["id"].as_str().unwrap())
        .execute(&database.pool)
        .await
        .unwrap();
    sqlx::query("UPDATE audit.views SET lease_until = clock_timestamp()")
        .execute(&database.pool)
        .await
        .unwrap();
    iris.launch().await;
    ready(&auditor, by_time["id"].as_str().unwrap()).await;
    until("the schema of one view is left", async || schemas(&database).await == 1).await;
    let left = format!("/audit/views/{}", by_time["id"].as_str().unwrap());
    auditor.send(Method::DELETE, &left, &[], None).await.unwrap().expect(204);
    until("nothing is left of any view", async || schemas(&database).await == 0).await;
    assert_eq!(iris.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_got_to_see_or_do_what_is_told_with_its_request() {
    let database = TestDatabase::create().await;
    let mut iris = IrisProcess::start(&database).await;
    let nobody = iris.client();
    let wrong = json!({"email": "admin@iris.test", "password": "guess"});
    nobody.post("/auth/dev/login", &wrong).await.expect(401);
    let admin = nobody.logged_in("admin@iris.test").await;
    let restaurant = nobody.logged_in("restaurant@iris.test").await;
    let auditor = nobody.logged_in("auditor@iris.test").await;
    let me = restaurant.get("/me").await.expect(200).body;
    let (cook, restaurant_id) = (me["account_id"].clone(), me["memberships"][0]["id"].as_str().unwrap());

    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let asked = async |who: &Client, method: Method, path: &str, request: &str, body: Option<Value>| {
        let headers = [("x-request-id", request), ("traceparent", traceparent.as_str())];
        who.send(method, path, &headers, body.as_ref()).await.unwrap()
    };
    let members = format!("/restaurants/{restaurant_id}/members");
    asked(&restaurant, Method::GET, &members, "list", None).await.expect(200);
    asked(&restaurant, Method::GET, "/audit/access", "refused", None).await.expect(403);
    let invited = json!({"email": "new@iris.test", "role": "STAFF"});
    asked(&restaurant, Method::POST, &members, "invite", Some(invited)).await.expect(201);
    let suspend = format!("/restaurants/{restaurant_id}/suspend");
    let suspended = asked(&admin, Method::POST, &suspend, "suspend", Some(json!({"reason": "late"}))).await;
    suspended.expect(200);
    // By the operator, who has no request.
    let changed = iris.command("create-account").args(["partner@iris.test", "AUDITOR"]).status().unwrap();
    assert!(changed.success());
    // Who takes something out by hand leaves a trace, too.
    let exports: [(&str, &[&str]); 2] =
        [("person", &["export", "--email", "partner@iris.test"]), ("events", &["export", "-"])];
    for (command, arguments) in exports {
        assert!(iris.command(command).args(arguments).output().unwrap().status.success());
    }
    let head: i64 =
        sqlx::query_scalar("SELECT position FROM public.log_head").fetch_one(&database.pool).await.unwrap();

    let mut all = Vec::new();
    until("all that happened is told", async || {
        all = auditor.get_at("/audit/access?limit=100", head).await.expect(200).body["items"]
            .as_array()
            .unwrap()
            .clone();
        ["login_failed", "forbidden", "history_read"]
            .iter()
            .all(|kind| all.iter().any(|row| row["kind"] == *kind))
    })
    .await;
    let of = |kind: &str, request: &str| {
        let mut found = all.iter().filter(|row| row["kind"] == kind && row["request_id"] == request);
        let row = found.next().unwrap_or_else(|| panic!("no {kind} of {request} in {all:#?}"));
        assert!(found.next().is_none(), "{kind} of {request} twice");
        assert_eq!(row["trace_id"], trace);
        row
    };
    let listed = of("personal_data_read", "list");
    assert_eq!((&listed["account_id"], &listed["subject_id"]), (&cook, &json!(restaurant_id)));
    assert_eq!(listed["address"], "127.0.0.1");
    assert_eq!(of("forbidden", "refused")["reason"], "auditor_only");
    assert_eq!(of("membership_changed", "invite")["account_id"], cook);
    let by_admin = of("admin_action", "suspend");
    assert_eq!(by_admin["details"], json!({"event_type": "RestaurantSuspended"}));
    assert_eq!((&by_admin["role"], &by_admin["subject_id"]), (&json!("ADMIN"), &json!(restaurant_id)));
    let kinds = |kind: &str| all.iter().filter(|row| row["kind"] == kind).count();
    // The demo's admin and auditor began as such, and the partner became one.
    assert_eq!((kinds("login"), kinds("login_failed"), kinds("role_changed")), (3, 1, 3));
    let by_hand = all.iter().filter(|row| row["actor"] == "system:operator" && row["kind"] != "role_changed");
    let by_hand: Vec<_> = by_hand.map(|row| (&row["kind"], &row["subject_kind"])).collect();
    assert_eq!(
        by_hand,
        [(&json!("export"), &json!("history")), (&json!("personal_data_read"), &json!("account"))]
    );
    let told = serde_json::to_string(&all).unwrap();
    assert!(!told.contains("@iris.test"), "no address stands in it");
    assert_eq!(iris.stop().await, Some(0), "what was queued is written, and nobody complains");
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit.access_log").fetch_one(&database.pool).await.unwrap();
    // Four logins, the list, the refusal, and each look at the accesses themselves.
    assert!(kept >= 7, "{kept}");
}
