//! People who trade, ask again where nobody answers, and remember what they were told.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use harness::{Client, IrisProcess, client::Answer};
use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    history::{Operation, Told},
    plan::{Plan, TURNS},
};
use crate::fan_out::world::World as FanOut;

/// So long one answer is waited for at first: it may be lost. Twice as long after both processes let somebody wait in
/// vain, for the machine may be slow; so often at most.
const ANSWER_MAX: Duration = Duration::from_secs(2);
const DOUBLINGS_MAX: u32 = 4;
/// A command that nobody takes for so long is lost.
const PATIENCE: Duration = Duration::from_mins(4);
/// So little of each product that some orders come too late.
const STOCK: i64 = 60;
/// The orders that people still do something about.
const ORDERS_OPEN: usize = 24;

/// What all of them share.
pub struct Market {
    restaurant: [Client; 2],
    supplier: [Client; 2],
    restaurant_id: Value,
    products: Vec<String>,
    /// Those that somebody was told of.
    orders: Mutex<Vec<String>>,
    /// Commands that were answered for good.
    done: watch::Sender<usize>,
    is_closing: AtomicBool,
}

/// Who asks.
#[derive(Clone, Copy)]
enum Who {
    Restaurant,
    Supplier,
}

/// A command as it is asked for, every time.
#[derive(Clone)]
struct Asked {
    who: Who,
    operation: Operation,
    path: String,
    key: String,
    body: Value,
}

impl Market {
    /// Little of two products, and everybody logged in at both processes.
    pub async fn open(iris: &FanOut, beside: &IrisProcess) -> Self {
        let login = async |email: &str| {
            [iris.iris.client().logged_in(email).await, beside.client().logged_in(email).await]
        };
        let (restaurant, supplier) = (login("restaurant@iris.test").await, login("supplier@iris.test").await);
        let restaurant_id = restaurant[0].get("/me").await.body["memberships"][0]["id"].clone();
        let supplier_id = supplier[0].get("/me").await.body["memberships"][0]["id"].clone();
        let offers = format!("/products?supplier_id={}&limit=2", supplier_id.as_str().unwrap());
        let offered = restaurant[0].get(&offers).await.body["items"].clone();
        let products: Vec<String> =
            offered.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
        for product in &products {
            let counted = json!({"counted": STOCK.to_string(), "reason": "Inventering"});
            supplier[0].post(&format!("/products/{product}/stock"), &counted).await.expect(200);
        }
        let (orders, done, is_closing) = (Mutex::default(), watch::Sender::new(0), AtomicBool::new(false));
        Self { restaurant, supplier, restaurant_id, products, orders, done, is_closing }
    }

    /// Waits until so many commands were answered for good; whoever asks loses patience first.
    pub async fn has_done(&self, commands: usize) {
        let reached = self.done.subscribe().wait_for(|done| *done >= commands).await.is_ok();
        assert!(reached, "the market has the sender");
    }

    /// No fault is to come any more: who has had all turns may go.
    pub fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    fn sides(&self, who: Who) -> &[Client; 2] {
        match who {
            Who::Restaurant => &self.restaurant,
            Who::Supplier => &self.supplier,
        }
    }

    /// Asks one process after the other, under one key, until one of them answers for good. The flag: an earlier try may
    /// have been taken.
    async fn insist(&self, asked: &Asked, first: usize) -> (Answer, bool) {
        let sides = self.sides(asked.who);
        let (began, mut may_have_happened, mut in_vain) = (Instant::now(), false, 0);
        for turn in first.. {
            let answer_max = ANSWER_MAX * 2_u32.pow(DOUBLINGS_MAX.min(in_vain / 2));
            match timeout(answer_max, sides[turn % 2].try_post(&asked.path, &asked.key, &asked.body)).await {
                // A clock that was set makes tokens of tomorrow, or of yesterday.
                Ok(Ok(answer)) if !answer.status.is_server_error() && answer.status != 401 => {
                    self.done.send_modify(|done| *done += 1);
                    return (answer, may_have_happened);
                }
                Ok(_) => may_have_happened = true,
                Err(_) => (may_have_happened, in_vain) = (true, in_vain + 1),
            }
            assert!(began.elapsed() < PATIENCE, "{}: nobody takes {}", asked.path, asked.key);
            sleep(Duration::from_millis(20)).await;
        }
        unreachable!("turns do not end")
    }

    /// What was acknowledged is there for whoever asks for what is as new as that, at any process.
    async fn read_again(&self, order: &Answer, side: usize) {
        let position = order.position().to_string();
        let path = format!("/orders/{}", order.text("id"));
        let headers = [("iris-min-position", position.as_str())];
        let reading = self.restaurant[side].send(Method::GET, &path, &headers, None);
        let Ok(Ok(answer)) = timeout(ANSWER_MAX, reading).await else { return };
        assert_ne!(answer.status, StatusCode::NOT_FOUND, "{path} at {position}: {}", answer.body);
    }
}

/// One of them.
pub struct Trader {
    name: String,
    dice: StdRng,
    market: Arc<Market>,
    told: Vec<Told>,
    /// What was accepted, and with which id.
    accepted: Vec<(Asked, String)>,
}

impl Trader {
    pub fn new(number: usize, plan: &Plan, market: Arc<Market>) -> Self {
        let name = format!("{}-{number}", plan.seed);
        Self { name, dice: plan.dice(number), market, told: Vec::new(), accepted: Vec::new() }
    }

    pub async fn trade(mut self) -> Vec<Told> {
        for turn in 0.. {
            if turn >= TURNS {
                if self.market.is_closing.load(Ordering::Relaxed) {
                    break;
                }
                // Faults that last find somebody at work when they end; that need not be the whole crowd.
                sleep(Duration::from_millis(self.dice.random_range(200..600))).await;
            }
            let key = format!("faults-{}-{turn}", self.name);
            match self.dice.random_range(0..12) {
                0..5 => self.order(&key).await,
                5 => self.step(&key, Operation::Confirm).await,
                6 => self.step(&key, Operation::Deliver).await,
                7 => self.step(&key, Operation::Receive).await,
                8 => self.step(&key, Operation::Cancel).await,
                9 => self.ask_once_more().await,
                _ => self.adjust(&key).await,
            }
        }
        self.told
    }

    async fn order(&mut self, key: &str) {
        let market = Arc::clone(&self.market);
        let first = self.dice.random_range(0..2);
        let asked = |operation, path: &str, suffix: &str, body| {
            let (path, key) = (path.to_owned(), format!("{key}{suffix}"));
            Asked { who: Who::Restaurant, operation, path, key, body }
        };
        let opening = json!({"restaurant_id": market.restaurant_id});
        let cart = self.ask(asked(Operation::Open, "/carts", "-cart", opening), first).await.text("id");
        let product = market.products.choose(&mut self.dice).unwrap();
        let adding = json!({"product_id": product, "qty": self.dice.random_range(1..6).to_string()});
        let items = format!("/carts/{cart}/items");
        self.ask(asked(Operation::Add, &items, "-item", adding), first).await;
        let placing = json!({"cart_id": cart, "payment_method": "invoice"});
        let placing = asked(Operation::Place, "/orders", "", placing);
        // A third of them press the button twice, and each time another process answers.
        let answers = if self.dice.random_range(0..3) == 0 {
            let (here, there) = tokio::join!(market.insist(&placing, 0), market.insist(&placing, 1));
            vec![here, there]
        } else {
            vec![market.insist(&placing, first).await]
        };
        self.remember(&placing, &answers);
        let Some((placed, _)) = answers.iter().find(|(answer, _)| answer.status.is_success()) else { return };
        market.orders.lock().unwrap().push(placed.text("id"));
        if self.dice.random_range(0..4) == 0 {
            market.read_again(placed, self.dice.random_range(0..2)).await;
        }
    }

    async fn step(&mut self, key: &str, operation: Operation) {
        let order = {
            let orders = self.market.orders.lock().unwrap();
            let open = &orders[orders.len().saturating_sub(ORDERS_OPEN)..];
            open.choose(&mut self.dice).cloned()
        };
        let Some(order) = order else { return };
        let (who, path, body) = match operation {
            Operation::Confirm => (Who::Supplier, "confirm", json!({})),
            Operation::Deliver => (Who::Supplier, "deliver", json!({})),
            Operation::Receive => (Who::Restaurant, "confirm-delivery", json!({})),
            _ => (Who::Supplier, "cancel", json!({"reason": "slut"})),
        };
        let first = self.dice.random_range(0..2);
        let path = format!("/orders/{order}/{path}");
        self.ask(Asked { who, operation, path, key: key.to_owned(), body }, first).await;
    }

    async fn adjust(&mut self, key: &str) {
        let product = self.market.products.choose(&mut self.dice).unwrap().clone();
        // By nothing would be accepted, and nothing happen.
        let change: i64 = *[-4, -2, -1, 3, 6, 10].choose(&mut self.dice).unwrap();
        let body = json!({"change": change.to_string(), "reason": "svinn"});
        let first = self.dice.random_range(0..2);
        let (path, key) = (format!("/products/{product}/stock"), key.to_owned());
        self.ask(Asked { who: Who::Supplier, operation: Operation::Adjust, path, key, body }, first).await;
    }

    /// What was answered long ago, under its key: the same answer, and no second effect.
    async fn ask_once_more(&mut self) {
        let Some((asked, id)) = self.accepted.choose(&mut self.dice).cloned() else { return };
        let (answer, _) = self.market.insist(&asked, self.dice.random_range(0..2)).await;
        assert!(answer.status.is_success(), "{}: accepted, and now {}", asked.key, answer.body);
        assert_eq!(answer.text("id"), id, "{}: one key, one answer", asked.key);
    }

    async fn ask(&mut self, asked: Asked, first: usize) -> Answer {
        let answered = [self.market.insist(&asked, first).await];
        self.remember(&asked, &answered);
        let [(answer, _)] = answered;
        answer
    }

    fn remember(&mut self, asked: &Asked, answers: &[(Answer, bool)]) {
        let accepted: Vec<&Answer> =
            answers.iter().map(|(answer, _)| answer).filter(|answer| answer.status.is_success()).collect();
        let ids: HashSet<String> = accepted.iter().map(|answer| answer.text("id")).collect();
        assert!(ids.len() <= 1, "{}: one key, one answer: {ids:?}", asked.key);
        self.told.push(Told {
            key: asked.key.clone(),
            operation: asked.operation,
            accepted: accepted.first().map(|answer| answer.body.clone()),
            may_have_happened: answers.iter().any(|(_, earlier)| *earlier),
        });
        self.accepted.extend(ids.into_iter().map(|id| (asked.clone(), id)));
    }
}
