//! Two trades that know nothing of each other, on one running program, and one account of every kind.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU32, Ordering},
};

use harness::{Client, IrisProcess, Receiver, TestDatabase};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{
    asking::Ids,
    callers::{Caller, STRANGERS},
    row::Whose,
};

/// bcrypt of the demo's password, as cheap as bcrypt gets: so many log in.
const PASSWORD_HASH: &str = "$2b$04$abcdefghijklmnopqrstuuoo9H9VMGecLfkChhsmjx.dMmHT1QrGa";
/// Who logs in beside the demo's accounts.
const LOGINS: [&str; 11] = [
    "admin@iris.test",
    "auditor@iris.test",
    "partner@iris.test",
    "seller@own.test",
    "clerk@own.test",
    "chef@own.test",
    "cook@own.test",
    "unknown-partner@iris.test",
    "newcomer@iris.test",
    "seller@neighbour.test",
    "chef@neighbour.test",
];
/// 32 bytes in base64: the log is sealed, so that there are proofs.
const SIGNING_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
/// A token of the right form, signed by somebody else.
const FORGED: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMTkzMDAwMC0wMDAwLTcwMDEtODAwMC0wMDAwMDAwMDAwMDEiLCJyb2xlIjoiQURNSU4ifQ.c2lnbmVkIGJ5IHNvbWVib2R5IGVsc2UgYW5kIG5vdCBieSB1cw";

/// Who asks, as far as the program can tell.
#[derive(Clone)]
pub struct Person {
    pub client: Client,
    /// As it stands in `Authorization`.
    pub token: Option<String>,
    pub account_id: String,
}

/// A restaurant and a supplier that trade.
pub struct Trade {
    pub restaurant_id: String,
    pub supplier_id: String,
    /// Of the supplier, and plenty of it, at 10.00 and 25 % a kilogram.
    pub product_id: String,
    /// OWNER of the restaurant.
    pub chef: Person,
    /// OWNER of the supplier.
    pub seller: Person,
    /// Mails of OWNER and STAFF of the restaurant.
    pub kitchen: [&'static str; 2],
    /// Mails of OWNER and STAFF of the supplier.
    pub warehouse: [&'static str; 2],
}

/// What the cells ask about.
pub struct World {
    pub database: TestDatabase,
    pub iris: IrisProcess,
    pub http: reqwest::Client,
    /// Where webhooks go.
    pub hooks: Receiver,
    pub admin: Person,
    people: HashMap<Caller, Person>,
    own: Trade,
    neighbours: Trade,
    numbers: AtomicU32,
    /// Things that are asked for and never changed.
    pub(super) kept: Mutex<HashMap<String, Ids>>,
}

impl World {
    /// Everybody is registered, logged in, and has traded once.
    pub async fn open() -> Self {
        let database = TestDatabase::create().await;
        let hooks = Receiver::start().await;
        let dev_users: Vec<String> = LOGINS.iter().map(|email| format!("{email}:{PASSWORD_HASH}")).collect();
        let settings = [
            ("DEV_USERS", dev_users.join(",")),
            ("AUDIT_SIGNING_KEY", SIGNING_KEY.to_owned()),
            ("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8".to_owned()),
            // Some thousand requests within a minute, a few accounts: what is asked here is who may.
            ("RATE_LIMIT_PER_MINUTE", "1000000".to_owned()),
        ];
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let iris = IrisProcess::start_with(&database, &settings).await;
        for (email, role) in [("unknown-partner@iris.test", "PARTNER"), ("newcomer@iris.test", "RESTAURANT")]
        {
            let made = iris.command("create-account").args([email, role]).output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        let admin = Person::logged_in(&iris, "admin@iris.test").await;
        let own = Trade::open(
            &iris,
            &admin,
            "own",
            ["chef@own.test", "cook@own.test"],
            ["seller@own.test", "clerk@own.test"],
        );
        let own = own.await;
        let neighbours = Trade::open(
            &iris,
            &admin,
            "neighbour",
            ["chef@neighbour.test", "cook@neighbour.test"],
            ["seller@neighbour.test", "clerk@neighbour.test"],
        );
        let neighbours = neighbours.await;
        let grant = json!({"email": "partner@iris.test"});
        let granting = format!("/restaurants/{}/partners", own.restaurant_id);
        own.chef.client.post(&granting, &grant).await.expect(201);
        let mut people = HashMap::from([(Caller::Admin, admin.clone())]);
        for (caller, email) in [
            (Caller::Auditor, "auditor@iris.test"),
            (Caller::Seller, "seller@own.test"),
            (Caller::SellerStaff, "clerk@own.test"),
            (Caller::Buyer, "chef@own.test"),
            (Caller::BuyerStaff, "cook@own.test"),
            (Caller::Partner, "partner@iris.test"),
            (Caller::OtherPartner, "unknown-partner@iris.test"),
            (Caller::Newcomer, "newcomer@iris.test"),
        ] {
            people.insert(caller, Person::logged_in(&iris, email).await);
        }
        for (caller, token) in std::iter::zip(STRANGERS, [None, Some(FORGED.to_owned())]) {
            people.insert(caller, Person { client: iris.client(), token, account_id: String::new() });
        }
        let (numbers, kept) = (AtomicU32::new(1), Mutex::default());
        let world = Self {
            database,
            iris,
            http: reqwest::Client::new(),
            hooks,
            admin,
            people,
            own,
            neighbours,
            numbers,
            kept,
        };
        for whose in [Whose::Own, Whose::Neighbours] {
            world.placed(whose).await;
        }
        world
    }

    /// Who that is.
    pub fn person(&self, caller: Caller) -> &Person {
        &self.people[&caller]
    }

    /// The trade of a side.
    pub fn trade(&self, whose: Whose) -> &Trade {
        if whose == Whose::Own { &self.own } else { &self.neighbours }
    }

    /// A number that no other call gets.
    pub fn unique(&self) -> String {
        format!("{:05}", self.numbers.fetch_add(1, Ordering::Relaxed))
    }

    /// Where the log ends.
    pub async fn head(&self) -> i64 {
        let head = sqlx::query_scalar("SELECT position FROM public.log_head").fetch_one(&self.database.pool);
        head.await.unwrap()
    }

    /// Everything that a command could have changed: the log, and what is kept in rows of its own.
    pub async fn traces(&self) -> String {
        let sql = "SELECT concat_ws(' ', 'log', (SELECT position FROM public.log_head), \
                       'devices', (SELECT count(*) FROM notifications.devices), \
                       'read', (SELECT count(*) FROM notifications.notifications WHERE read_at IS NOT NULL), \
                       'views', (SELECT count(*) FROM audit.views), \
                       'imports', (SELECT count(*) FROM import.jobs), \
                       'batches', (SELECT count(*) FROM invoicing.batches))";
        sqlx::query_scalar(sql).fetch_one(&self.database.pool).await.unwrap()
    }

    /// `METHOD /path` of everything in the `OpenAPI` document that is served.
    pub async fn operations(&self) -> Vec<String> {
        let document = self.iris.client().get("/openapi.json").await.expect(200).body;
        let paths = document["paths"].as_object().unwrap();
        let methods = |(path, methods): (&String, &Value)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
        };
        paths.iter().flat_map(methods).collect()
    }
}

impl Person {
    async fn logged_in(iris: &IrisProcess, email: &str) -> Self {
        let body = json!({"email": email, "password": "iris-dev"});
        let token = iris.client().post("/auth/dev/login", &body).await.expect(200).text("access_token");
        let client = iris.client().with_token(&token);
        let account_id = client.get("/me").await.expect(200).text("account_id");
        Self { client, token: Some(token), account_id }
    }
}

impl Trade {
    async fn open(
        iris: &IrisProcess,
        admin: &Person,
        name: &str,
        kitchen: [&'static str; 2],
        warehouse: [&'static str; 2],
    ) -> Self {
        let party = json!({"name": format!("The {name}"), "contact_email": format!("mail@{name}.test")});
        let supplier_id = admin.client.post("/suppliers", &party).await.expect(201).text("id");
        let restaurant_id = admin.client.post("/restaurants", &party).await.expect(201).text("id");
        let approving = format!("/restaurants/{restaurant_id}/approve");
        admin.client.post(&approving, &json!({})).await.expect(200);
        employ(admin, &format!("/suppliers/{supplier_id}"), warehouse).await;
        employ(admin, &format!("/restaurants/{restaurant_id}"), kitchen).await;
        let product = json!({"supplier_id": supplier_id, "name": format!("Potatoes of the {name}"),
            "sku": "P-1", "unit": "KGM", "price_cents": 1_000, "tax_rate": "25", "stock_qty": 1_000_000});
        let product_id = admin.client.post("/products", &product).await.expect(201).text("id");
        let chef = Person::logged_in(iris, kitchen[0]).await;
        let seller = Person::logged_in(iris, warehouse[0]).await;
        Self { restaurant_id, supplier_id, product_id, chef, seller, kitchen, warehouse }
    }
}

/// An OWNER and STAFF for an organisation.
pub async fn employ(admin: &Person, organisation: &str, [owner, staff]: [&str; 2]) {
    for (email, role) in [(owner, "OWNER"), (staff, "STAFF")] {
        let member = json!({"email": email, "role": role});
        admin.client.post(&format!("{organisation}/members"), &member).await.expect(201);
    }
}
