//! Rows as projections write them: folds of events, as JSON.

use chrono::{DateTime, Utc};
use events::{
    Fold, Folded,
    account::{Account, AccountEvent},
    cart::{Cart, CartEvent, CartItem, PriceSource},
    order::{DeliveredLine, Order, OrderEvent, OrderInvoice, OrderedLine, PaymentMethod, ReceivedLine},
    product::{Product, ProductDetails, ProductEvent},
    restaurant::{Restaurant, RestaurantDetails, RestaurantEvent},
    supplier::{Supplier, SupplierDetails, SupplierEvent},
    values::{
        Currency, LineId, MemberRole, Personal, PostalAddress, Quantity, Role, Tax, TaxRate, line_net_minor,
        swedish_day, vat_of, words_of_product,
    },
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::world::{Caller, World, id, now, time};

pub fn folded<S: Fold>(at: DateTime<Utc>, events: &[S::Event]) -> Folded<S> {
    let mut folded = Folded::default();
    for event in events {
        folded.apply(event, at);
    }
    folded
}

pub fn address(country: Option<&str>) -> PostalAddress {
    PostalAddress {
        street: Some("Åkervägen 7".to_owned()),
        postal_code: Some("119 99".to_owned()),
        city: Some("Årsta".to_owned()),
        country: country.map(ToOwned::to_owned),
    }
}

pub fn supplier_details(name: &str) -> SupplierDetails {
    SupplierDetails {
        name: name.to_owned(),
        contact_email: Personal::new(id(1), "order@example.se"),
        address: address(Some("SE")),
        org_number: Some("551000-0119".to_owned()),
        vat_number: Some("SE551000011901".to_owned()),
        ..SupplierDetails::default()
    }
}

pub fn restaurant_details(name: &str) -> RestaurantDetails {
    RestaurantDetails {
        name: name.to_owned(),
        contact_email: Personal::new(id(2), "koket@example.se"),
        address: PostalAddress { street: Some("Storgatan 1".to_owned()), ..address(Some("SE")) },
        org_number: Some("5510000598".to_owned()),
        ..RestaurantDetails::default()
    }
}

/// One line to order: name, quantity in thousandths, price in öre, rate in basis points.
#[derive(Clone, Debug)]
pub struct Wanted(pub String, pub i64, pub i64, pub i32);

pub fn wanted(name: &str, thousandths: i64, price_minor: i64, basis_points: i32) -> Wanted {
    Wanted(name.to_owned(), thousandths, price_minor, basis_points)
}

/// An order in the making.
#[derive(Clone, Debug)]
pub struct Story {
    pub id: Uuid,
    events: Vec<OrderEvent>,
    pub order: Folded<Order>,
    seller: SupplierDetails,
    buyer: RestaurantDetails,
}

impl Story {
    pub fn placed(number: u128, restaurant: Uuid, supplier: Uuid, lines: &[Wanted]) -> Self {
        Self::placed_at(number, restaurant, supplier, lines, now())
    }

    pub fn placed_at(
        number: u128,
        restaurant: Uuid,
        supplier: Uuid,
        lines: &[Wanted],
        at: DateTime<Utc>,
    ) -> Self {
        let nets: Vec<(i64, TaxRate)> = lines.iter().map(|line| (net(line, line.1), rate(line))).collect();
        let vat = vat_of(&nets);
        let lines = lines.iter().enumerate().map(|(index, line)| OrderedLine {
            line_id: LineId(id(number * 1_000 + index as u128)),
            product_id: id(900 + index as u128).into(),
            sku: format!("10-{:04}", 2200 + index),
            name: line.0.clone(),
            unit: "KGM".to_owned(),
            quantity: Quantity(line.1),
            unit_price_minor: line.2,
            tax: Tax::Rate(rate(line)),
            tax_rate: rate(line),
            net_minor: nets[index].0,
            tax_minor: vat.line_tax_minor[index],
        });
        let placed = OrderEvent::OrderPlaced {
            checkout_id: id(number + 1).into(),
            cart_id: id(number + 2).into(),
            restaurant_id: restaurant.into(),
            supplier_id: supplier.into(),
            lines: lines.collect(),
            currency: Currency::SEK,
            total_minor: vat.total_minor(),
            tax_minor: vat.tax_minor(),
            payment_method: PaymentMethod::Invoice,
            requested_delivery_date: None,
            note: None,
            placed_by: None,
            placed_at: at,
        };
        Self {
            id: id(number),
            events: Vec::new(),
            order: Folded::default(),
            seller: supplier_details("Grönsakskompaniet Påhittet AB"),
            buyer: restaurant_details("Bistro Äppelträdet Exempel AB"),
        }
        .then(placed, at)
    }

    /// What the invoice of its delivery will say of the two sides.
    pub fn between(self, seller: SupplierDetails, buyer: RestaurantDetails) -> Self {
        Self { seller, buyer, ..self }
    }

    fn then(mut self, event: OrderEvent, at: DateTime<Utc>) -> Self {
        self.order.apply(&event, at);
        self.events.push(event);
        self
    }

    pub fn confirmed(self) -> Self {
        self.then(OrderEvent::OrderConfirmed { confirmed_at: now() }, now())
    }

    pub fn cancelled(self) -> Self {
        let by = events::order::Party::Restaurant;
        self.then(OrderEvent::OrderCancelled { by, reason: "ångrat".to_owned(), cancelled_at: now() }, now())
    }

    /// Delivered with so many thousandths of each line, and invoiced under `number`.
    pub fn delivered(self, number: i64, thousandths: &[i64]) -> Self {
        let at = time("2026-11-20T23:30:00Z");
        let ordered: Vec<OrderedLine> =
            self.order.state.lines.iter().map(|line| line.ordered.clone()).collect();
        let net = |line: &OrderedLine, quantity| line_net_minor(line.unit_price_minor, Quantity(quantity));
        let nets: Vec<(i64, TaxRate)> =
            ordered.iter().zip(thousandths).map(|(line, qty)| (net(line, *qty), line.tax_rate)).collect();
        let vat = vat_of(&nets);
        let lines = ordered.iter().enumerate().map(|(index, line)| DeliveredLine {
            line_id: line.line_id,
            quantity: Quantity(thousandths[index]),
            tax_rate: line.tax_rate,
            net_minor: nets[index].0,
            tax_minor: vat.line_tax_minor[index],
        });
        let invoice = thousandths.iter().any(|qty| *qty > 0).then(|| {
            Box::new(OrderInvoice {
                number,
                issued_on: swedish_day(at),
                total_minor: vat.total_minor(),
                tax_minor: vat.tax_minor(),
                seller: self.seller.clone().into(),
                buyer: self.buyer.clone().into(),
            })
        });
        let event = OrderEvent::DeliveryMarked { lines: lines.collect(), delivered_at: at, invoice };
        self.then(event, at)
    }

    pub fn received(self, thousandths: &[i64], reason: &str) -> Self {
        let delivered: Vec<DeliveredLine> =
            self.order.state.lines.iter().filter_map(|line| line.delivered).collect();
        let lines = delivered.iter().zip(thousandths).map(|(line, qty)| ReceivedLine {
            line_id: line.line_id,
            quantity: Quantity(*qty),
            reason: (*qty < line.quantity.0).then(|| reason.to_owned()),
        });
        self.then(OrderEvent::DeliveryConfirmed { lines: lines.collect(), received_at: now() }, now())
    }
}

fn net(line: &Wanted, thousandths: i64) -> i64 {
    line_net_minor(line.2, Quantity(thousandths))
}

fn rate(line: &Wanted) -> TaxRate {
    TaxRate::try_new(line.3).unwrap()
}

impl World {
    pub async fn account(&self, caller: Caller) {
        let email = format!("{}@iris.test", caller.id.simple());
        let registered = AccountEvent::AccountRegistered {
            email: Personal::new(caller.id, email.clone()),
            role: caller.role.parse::<Role>().unwrap(),
            invited: false,
        };
        let state = folded::<Account>(now(), &[registered]);
        let sql = "INSERT INTO read.accounts (account_id, created_at, state) VALUES ($1, $2, $3)";
        let query = sqlx::query(sql).bind(caller.id).bind(state.created_at).bind(Json(state));
        query.execute(&self.pool).await.unwrap();
    }

    pub async fn supplier(
        &self,
        supplier_id: Uuid,
        details: SupplierDetails,
        members: &[(Caller, MemberRole)],
    ) {
        let mut events = vec![SupplierEvent::SupplierRegistered { details, currency: Currency::SEK }];
        events.extend(members.iter().map(|(caller, role)| SupplierEvent::SupplierMemberAdded {
            account_id: caller.id.into(),
            role: *role,
        }));
        let state = folded::<Supplier>(now(), &events);
        let sql = "INSERT INTO read.suppliers (supplier_id, created_at, state) VALUES ($1, $2, $3)";
        let query = sqlx::query(sql).bind(supplier_id).bind(state.created_at).bind(Json(state));
        query.execute(&self.pool).await.unwrap();
        self.memberships("supplier", supplier_id, members).await;
    }

    pub async fn restaurant(
        &self,
        restaurant_id: Uuid,
        details: RestaurantDetails,
        members: &[(Caller, MemberRole)],
    ) {
        let registered = RestaurantEvent::RestaurantRegistered { details, currency: Currency::SEK };
        let state = folded::<Restaurant>(now(), &[registered]);
        let sql = "INSERT INTO read.restaurants (restaurant_id, created_at, state) VALUES ($1, $2, $3)";
        let query = sqlx::query(sql).bind(restaurant_id).bind(state.created_at).bind(Json(state));
        query.execute(&self.pool).await.unwrap();
        self.memberships("restaurant", restaurant_id, members).await;
    }

    async fn memberships(&self, kind: &str, organisation_id: Uuid, members: &[(Caller, MemberRole)]) {
        let sql = "INSERT INTO read.memberships (account_id, organisation_kind, organisation_id, role)
                   VALUES ($1, $2, $3, $4)";
        for (caller, role) in members {
            let role = serde_json::to_value(role).unwrap().as_str().unwrap().to_owned();
            let query = sqlx::query(sql).bind(caller.id).bind(kind).bind(organisation_id).bind(role);
            query.execute(&self.pool).await.unwrap();
        }
    }

    pub async fn grant(&self, kind: &str, organisation_id: Uuid, partner: Caller) {
        let sql =
            "INSERT INTO read.partners (account_id, organisation_kind, organisation_id) VALUES ($1, $2, $3)";
        let query = sqlx::query(sql).bind(partner.id).bind(kind).bind(organisation_id);
        query.execute(&self.pool).await.unwrap();
    }

    pub async fn product(
        &self,
        product_id: Uuid,
        supplier_id: Uuid,
        name: &str,
        sku: &str,
        gtin: Option<&str>,
    ) {
        let details = ProductDetails {
            name: name.to_owned(),
            sku: sku.to_owned(),
            unit: "KGM".to_owned(),
            gtin: gtin.map(|gtin| gtin.parse().unwrap()),
            ..ProductDetails::default()
        };
        let created = ProductEvent::ProductCreated {
            supplier_id: supplier_id.into(),
            details,
            unit_price_minor: 3490,
            currency: Currency::SEK,
        };
        let state = folded::<Product>(now(), &[created]);
        let search = format!("{name} {sku} {}", gtin.unwrap_or_default()).to_lowercase();
        let sql = "INSERT INTO read.products
                       (product_id, supplier_id, active, search, created_at, state, on_hand, allocated, words)
                   VALUES ($1, $2, true, $3, $4, $5, 12500, 500, $6)";
        let words: Vec<String> = words_of_product(name, sku).into_iter().collect();
        let spelt = "INSERT INTO read.search_words (word_id, word)
                     SELECT DISTINCT md5(word)::uuid, word FROM unnest($1::text[]) word ON CONFLICT DO NOTHING";
        sqlx::query(spelt).bind(&words).execute(&self.pool).await.unwrap();
        let query = sqlx::query(sql).bind(product_id).bind(supplier_id).bind(&search).bind(state.created_at);
        query.bind(Json(state)).bind(words).execute(&self.pool).await.unwrap();
    }

    pub async fn cart(&self, cart_id: Uuid, restaurant_id: Uuid, created_at: DateTime<Utc>) {
        let opened = CartEvent::CartOpened { restaurant_id: restaurant_id.into(), currency: Currency::SEK };
        let added = CartEvent::CartItemAdded {
            item: CartItem {
                item_id: id(7).into(),
                product_id: id(8).into(),
                supplier_id: id(9).into(),
                name: "Tomat kvist".to_owned(),
                sku: "10-2201".to_owned(),
                unit: "KGM".to_owned(),
                quantity: Quantity(2_500),
                unit_price_minor: 3490,
                price_source: PriceSource::List,
                tax: Tax::Rate(TaxRate::try_new(600).unwrap()),
                tax_rate: TaxRate::try_new(600).unwrap(),
            },
        };
        let state = folded::<Cart>(created_at, &[opened, added]);
        let sql = "INSERT INTO read.carts (cart_id, restaurant_id, converted, created_at, state)
                   VALUES ($1, $2, false, $3, $4)";
        let query = sqlx::query(sql).bind(cart_id).bind(restaurant_id).bind(created_at).bind(Json(state));
        query.execute(&self.pool).await.unwrap();
    }

    pub async fn order(&self, story: &Story) {
        insert_order(story, &self.pool).await;
    }
}

pub async fn insert_order(story: &Story, to: impl sqlx::PgExecutor<'_>) {
    let order = &story.order.state;
    let sql = "INSERT INTO read.orders (order_id, restaurant_id, supplier_id, status, placed_at, state)
               VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(sql)
        .bind(story.id)
        .bind(order.restaurant_id.0)
        .bind(order.supplier_id.0)
        .bind(order.status.name())
        .bind(order.placed_at)
        .bind(Json(&story.order))
        .execute(to)
        .await
        .unwrap();
}
