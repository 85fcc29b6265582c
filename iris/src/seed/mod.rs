//! Demo data: five accounts, one restaurant, two suppliers, their products. The same ids on every
//! fresh start; doing it again changes nothing.

mod catalogue;

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, bail};
use command_api::{
    Committer, Submission, SubmitError,
    committer::RequestKey,
    domain::{
        Caller, Command,
        account::RegisterAccount,
        product::CreateProduct,
        restaurant::{AddRestaurantMember, ApproveRestaurant, RegisterRestaurant},
        supplier::{AddSupplierMember, RegisterSupplier},
    },
};
use events::{
    log::IdempotencyKey,
    restaurant::RestaurantDetails,
    supplier::{DeliveryTerms, SupplierDetails},
    values::{
        Currency, LoginAddress, MemberRole, Personal, PostalAddress, ProductId, RestaurantId, Role,
        SupplierId,
    },
};
use platform::{
    clock::{Ids, SystemClock, UuidV7Ids},
    config::Config,
    db,
};
use uuid::Uuid;

use crate::keyring;

/// Everybody's password in the demo.
pub const PASSWORD: &str = "iris-dev";
/// bcrypt of [`PASSWORD`]; the demo's logins are `email:hash` of these.
const PASSWORD_HASH: &str = "$2b$10$dfwf7E18GzwnarcZRU0G/u23GtFqn/7J1C5pacEQXxz6yA5yFtPIe";

/// The demo's accounts.
pub const ACCOUNTS: [(&str, Role); 5] = [
    ("admin@iris.test", Role::Admin),
    ("supplier@iris.test", Role::Supplier),
    ("restaurant@iris.test", Role::Restaurant),
    ("auditor@iris.test", Role::Auditor),
    ("partner@iris.test", Role::Partner),
];

/// What `DEV_USERS` is where nobody says otherwise.
pub fn dev_users() -> String {
    let users: Vec<String> = ACCOUNTS.iter().map(|(email, _)| format!("{email}:{PASSWORD_HASH}")).collect();
    users.join(",")
}

/// The demo's ids: shaped like UUIDv7 of one moment, told apart by kind and number.
fn demo_id(kind: u16, number: u16) -> Uuid {
    let (kind, number) = (u64::from(kind), u64::from(number));
    Uuid::from_u64_pair(0x0193_0000_0000_7000 | kind, 0x8000_0000_0000_0000 | number)
}

/// The demo's restaurant.
pub fn restaurant_id() -> RestaurantId {
    RestaurantId(demo_id(2, 1))
}

/// The demo's suppliers, 1 and 2; the supplier account owns the first.
pub fn supplier_id(number: u16) -> SupplierId {
    SupplierId(demo_id(3, number))
}

/// The demo's products, from 1.
pub fn product_id(number: u16) -> ProductId {
    ProductId(demo_id(4, number))
}

/// Seeds the database that the configuration names.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let database = db::connect_options(&config.database_url)?.application_name("iris-seed");
    let vault = keyring::vault(config, "iris-seed").await?;
    let (committer, task) = Committer::start(database, vault, Arc::new(SystemClock), Arc::new(UuidV7Ids));
    let seeded = seed(&committer).await;
    drop(committer);
    task.await?;
    seeded
}

async fn seed(committer: &Committer) -> anyhow::Result<()> {
    for (number, (email, role)) in (1..).zip(ACCOUNTS) {
        let address = LoginAddress::new(demo_id(1, number), email);
        submit(committer, email, RegisterAccount { address, role }).await?;
    }
    for number in [1, 2] {
        submit(committer, &format!("supplier {number}"), supplier(number)).await?;
    }
    submit(
        committer,
        "supplier owner",
        AddSupplierMember {
            supplier_id: supplier_id(1),
            address: LoginAddress::new(demo_id(1, 2), "supplier@iris.test"),
            role: MemberRole::Owner,
        },
    )
    .await?;
    submit(committer, "restaurant", restaurant()).await?;
    submit(
        committer,
        "restaurant owner",
        AddRestaurantMember {
            restaurant_id: restaurant_id(),
            address: LoginAddress::new(demo_id(1, 3), "restaurant@iris.test"),
            role: MemberRole::Owner,
        },
    )
    .await?;
    submit(committer, "approval", ApproveRestaurant { restaurant_id: restaurant_id() }).await?;
    for (number, product) in (1..).zip(catalogue::PRODUCTS) {
        let create = CreateProduct {
            product_id: product_id(number),
            supplier_id: supplier_id(product.supplier),
            details: product.details(),
            unit_price_minor: product.price_minor,
            stock: product.stock(),
        };
        submit(committer, &format!("product {number}"), create).await?;
    }
    Ok(())
}

fn supplier(number: u16) -> RegisterSupplier {
    let supplier_id = supplier_id(number);
    let (name, street, email, vat_number, gln, bankgiro) = match number {
        1 => (
            "Årsta Frukt & Grönt AB",
            "Fruktvägen 4",
            "order@arstafrukt.test",
            "SE556000000101",
            "7300009000012",
            "9990003",
        ),
        _ => (
            "Nordhamn Fisk & Kött AB",
            "Kajgatan 12",
            "order@nordhamn.test",
            "SE556000000201",
            "7300009000029",
            "9990011",
        ),
    };
    RegisterSupplier {
        supplier_id,
        details: SupplierDetails {
            name: name.to_owned(),
            contact_email: Personal::new(supplier_id, email),
            phone: Some(Personal::new(supplier_id, "+46 8 000 00 00")),
            address: stockholm(street),
            lat_e7: Some(592_950_000),
            lon_e7: Some(180_500_000),
            org_number: Some(vat_number[2..12].to_owned()),
            vat_number: Some(vat_number.to_owned()),
            gln: Some(gln.to_owned()),
            bankgiro: Some(bankgiro.to_owned()),
            delivery_terms: Some(delivery_terms(number)),
            ..SupplierDetails::default()
        },
        currency: Currency::SEK,
    }
}

/// Fruit and greens come every working day, what was ordered by 14:00 on the next one; fish and meat from Tuesday to
/// Friday, ordered by 10:00.
fn delivery_terms(number: u16) -> DeliveryTerms {
    let (weekdays, cutoff_hour, minimum_order_minor) = match number {
        1 => (BTreeSet::from([1, 2, 3, 4, 5]), 14, 150_000),
        _ => (BTreeSet::from([2, 3, 4, 5]), 10, 250_000),
    };
    DeliveryTerms {
        weekdays,
        cutoff_minute: cutoff_hour * 60,
        lead_days: 1,
        minimum_order_minor,
        delivers_on_holidays: false,
    }
}

fn restaurant() -> RegisterRestaurant {
    let restaurant_id = restaurant_id();
    RegisterRestaurant {
        restaurant_id,
        details: RestaurantDetails {
            name: "Krogen vid Torget".to_owned(),
            contact_email: Personal::new(restaurant_id, "koket@krogen.test"),
            phone: None,
            address: stockholm("Stortorget 3"),
            delivery_prefs: Some(serde_json::json!({"days": ["tue", "fri"], "before": "10:00"})),
            org_number: Some("5560000003".to_owned()),
            vat_number: Some("SE556000000301".to_owned()),
            gln: Some("7300009000036".to_owned()),
        },
        currency: Currency::SEK,
    }
}

fn stockholm(street: &str) -> PostalAddress {
    PostalAddress {
        street: Some(street.to_owned()),
        postal_code: Some("111 29".to_owned()),
        city: Some("Stockholm".to_owned()),
        country: Some("SE".to_owned()),
    }
}

/// Each step has a key of its own: what was done is not done again.
async fn submit(committer: &Committer, step: &str, command: impl Command) -> anyhow::Result<()> {
    let submission = Submission {
        command: Box::new(command),
        caller: Caller::system("seed"),
        key: Some(RequestKey {
            key: IdempotencyKey { scope: "system:seed".to_owned(), key: step.to_owned() },
            request_hash: [0; 32],
        }),
        command_id: UuidV7Ids.next(),
        metadata: "{}".to_owned(),
    };
    match committer.submit(submission).await {
        Ok(_) => Ok(()),
        Err(SubmitError::Refused(refusal)) => bail!("{step}: {refusal}"),
        Err(error) => Err(error).with_context(|| step.to_owned()),
    }
}
