//! A restaurant, a supplier, an order between them, and what is publicly said of it.

use events::{
    Fold as _,
    invoice::{HoldReason, InvoiceStatus},
    order::{DeliveredLine, Order, OrderLine, OrderedLine, Party, PaymentMethod},
    product::{Product, ProductDetails},
    public::{Audience, PublicData, PublicEvent, catalogue, invoice, order, party},
    restaurant::{Restaurant, RestaurantDetails, RestaurantStatus},
    supplier::{Supplier, SupplierDetails},
    values::{
        AccountId, CartId, CheckoutId, Currency, InvoiceId, LineId, MemberRole, OrderId, ProductId, Quantity,
        RestaurantId, SupplierId, Tax, TaxRate, WebhookEndpointId,
    },
    webhook_endpoint::{EndpointDetails, EndpointOwner, WebhookEndpoint, WebhookEndpointEvent},
};
use platform::clock::{Clock as _, Ids as _};
use uuid::Uuid;

use super::world::{World, at};

pub struct Market {
    pub restaurant: RestaurantId,
    pub supplier: SupplierId,
    pub product: ProductId,
    pub order: OrderId,
    pub line: LineId,
    pub endpoint: WebhookEndpointId,
    pub invoice: InvoiceId,
}

impl Market {
    /// With these names, and with nobody working there yet.
    pub async fn new(world: &World, restaurant: &str, supplier: &str) -> Self {
        let market = Self {
            restaurant: world.id(),
            supplier: world.id(),
            product: world.id(),
            order: world.id(),
            line: world.id(),
            endpoint: world.id(),
            invoice: world.id(),
        };
        market.write_parties(world, restaurant, supplier).await;
        market.write_product(world).await;
        market.write_order(world).await;
        market.write_endpoint(world).await;
        market
    }

    async fn write_parties(&self, world: &World, restaurant: &str, supplier: &str) {
        let restaurant = Restaurant {
            details: RestaurantDetails { name: restaurant.to_owned(), ..RestaurantDetails::default() },
            status: RestaurantStatus::Approved,
            ..Restaurant::default()
        };
        let supplier = Supplier {
            details: SupplierDetails { name: supplier.to_owned(), ..SupplierDetails::default() },
            active: true,
            ..Supplier::default()
        };
        for (sql, id, state) in [
            (
                "INSERT INTO read.restaurants (restaurant_id, created_at, state) VALUES ($1, $2, $3::jsonb)",
                self.restaurant.0,
                world.folded(restaurant),
            ),
            (
                "INSERT INTO read.suppliers (supplier_id, created_at, state) VALUES ($1, $2, $3::jsonb)",
                self.supplier.0,
                world.folded(supplier),
            ),
        ] {
            sqlx::query(sql).bind(id).bind(world.clock.now()).bind(state).execute(&world.pool).await.unwrap();
        }
    }

    async fn write_product(&self, world: &World) {
        let details = ProductDetails {
            name: "Potatis <b>King Edward</b>".to_owned(),
            unit: "KGM".to_owned(),
            ..ProductDetails::default()
        };
        let product = Product { supplier_id: self.supplier, details, ..Product::default() };
        sqlx::query(
            "INSERT INTO read.products (product_id, supplier_id, active, search, created_at, state) \
             VALUES ($1, $2, true, '', $3, $4::jsonb)",
        )
        .bind(self.product.0)
        .bind(self.supplier.0)
        .bind(world.clock.now())
        .bind(world.folded(product))
        .execute(&world.pool)
        .await
        .unwrap();
    }

    /// Three kilos ordered, two and a half delivered.
    async fn write_order(&self, world: &World) {
        let tax_rate = TaxRate::try_new(600).unwrap();
        let ordered = OrderedLine {
            line_id: self.line,
            product_id: self.product,
            sku: "POT".to_owned(),
            name: "Potatis".to_owned(),
            unit: "KGM".to_owned(),
            quantity: Quantity::units(3),
            unit_price_minor: 38_821,
            tax: Tax::default(),
            tax_rate,
            net_minor: 116_462,
            tax_minor: 6_988,
        };
        let delivered = DeliveredLine {
            line_id: self.line,
            quantity: Quantity(2_500),
            tax_rate,
            net_minor: 97_052,
            tax_minor: 5_823,
        };
        let order = Order {
            restaurant_id: self.restaurant,
            supplier_id: self.supplier,
            lines: vec![OrderLine { ordered, delivered: Some(delivered), received: None }],
            total_minor: 123_450,
            tax_minor: 6_988,
            ..Order::default()
        };
        sqlx::query(
            "INSERT INTO read.orders (order_id, restaurant_id, supplier_id, status, placed_at, state) \
             VALUES ($1, $2, $3, 'placed', $4, $5::json)",
        )
        .bind(self.order.0)
        .bind(self.restaurant.0)
        .bind(self.supplier.0)
        .bind(world.clock.now())
        .bind(world.folded(order))
        .execute(&world.pool)
        .await
        .unwrap();
    }

    async fn write_endpoint(&self, world: &World) {
        use cqrs_es::DomainEvent as _;
        use events::{
            NewEvent,
            canonical::canonical_json,
            log::{Append, append, read_head},
        };
        let registered = WebhookEndpointEvent::WebhookEndpointRegistered {
            owner: EndpointOwner::Supplier(self.supplier),
            details: EndpointDetails {
                url: "https://user:hush@partner.example/iris?key=hush".to_owned(),
                ..EndpointDetails::default()
            },
            secret_id: world.ids.next(),
            handshake: false,
        };
        let event = NewEvent {
            event_id: world.ids.next(),
            stream: WebhookEndpoint::stream(self.endpoint),
            sequence: 1,
            event_type: registered.event_type(),
            event_version: "1".to_owned(),
            payload: canonical_json(&registered),
            metadata: "{}".to_owned(),
            recorded_at: world.clock.now(),
            command_id: world.ids.next(),
            actor: "system:test".to_owned(),
            supplier_id: None,
            restaurant_id: None,
        };
        let unit = Append { events: vec![event], recorded_at: world.clock.now(), ..Append::default() };
        let mut connection = world.pool.acquire().await.unwrap();
        let head = read_head(&mut connection).await.unwrap();
        append(&mut connection, head, &unit).await.unwrap().expect("nobody else appends");
    }

    pub async fn works_for(
        &self,
        world: &World,
        account: AccountId,
        organisation: impl Into<Uuid>,
        role: MemberRole,
    ) {
        let organisation: Uuid = organisation.into();
        let kind = if organisation == self.supplier.0 { "supplier" } else { "restaurant" };
        let role = if role == MemberRole::Owner { "OWNER" } else { "STAFF" };
        sqlx::query(
            "INSERT INTO read.memberships (account_id, organisation_kind, organisation_id, role) \
             VALUES ($1, $2, $3, $4)",
        )
        .bind(account.0)
        .bind(kind)
        .bind(organisation)
        .bind(role)
        .execute(&world.pool)
        .await
        .unwrap();
    }

    /// An event of its own, one position on.
    pub fn event(&self, world: &mut World, subject: impl Into<Uuid>, data: PublicData) -> PublicEvent {
        world.position += 1;
        PublicEvent {
            event_id: world.ids.next(),
            position: world.position,
            subject: subject.into(),
            time: world.clock.now(),
            traceparent: None,
            audience: Audience {
                supplier_id: Some(self.supplier),
                restaurant_id: Some(self.restaurant),
                ..Audience::default()
            },
            data,
        }
    }

    pub fn placed(&self, world: &mut World) -> PublicEvent {
        let data = PublicData::OrderPlaced(order::OrderPlaced {
            order_id: self.order,
            checkout_id: CheckoutId::default(),
            cart_id: CartId::default(),
            restaurant_id: self.restaurant,
            supplier_id: self.supplier,
            lines: vec![order::PlacedLine {
                line_id: self.line,
                product_id: self.product,
                sku: "POT".to_owned(),
                name: "Potatis".to_owned(),
                unit: "KGM".to_owned(),
                qty: Quantity(2_500),
                unit_price_cents: 38_821,
                tax_rate_basis_points: 600,
                line_net_cents: 116_462,
                line_tax_cents: 6_988,
            }],
            currency: Currency::SEK,
            total_cents: 123_450,
            tax_cents: 6_988,
            payment_method: PaymentMethod::Invoice,
            requested_delivery_date: Some(at("2026-11-23T00:00:00Z").date_naive()),
            note: Some("Ring <på> klockan".to_owned()),
            placed_at: world.clock.now(),
        });
        self.event(world, self.order, data)
    }

    pub fn cancelled(&self, world: &mut World, by: Party) -> PublicEvent {
        let data = PublicData::OrderCancelled(order::OrderCancelled {
            order_id: self.order,
            restaurant_id: self.restaurant,
            supplier_id: self.supplier,
            by,
            reason: "Stängt".to_owned(),
            cancelled_at: world.clock.now(),
        });
        self.event(world, self.order, data)
    }

    pub fn delivered(&self, world: &mut World, quantity: Quantity) -> PublicEvent {
        let line = order::DeliveredLine {
            line_id: self.line,
            product_id: self.product,
            sku: "POT".to_owned(),
            qty: Quantity::units(3),
            delivered_qty: quantity,
            tax_rate_basis_points: 600,
            line_net_cents: 97_052,
            line_tax_cents: 5_823,
        };
        let invoice = order::DeliveryInvoice {
            number: 7,
            issued_on: world.clock.now().date_naive(),
            total_cents: 102_875,
            tax_cents: 5_823,
        };
        let data = PublicData::DeliveryMarked(order::DeliveryMarked {
            order_id: self.order,
            restaurant_id: self.restaurant,
            supplier_id: self.supplier,
            lines: vec![line],
            currency: Currency::SEK,
            invoice: Some(invoice),
            delivered_at: world.clock.now(),
        });
        self.event(world, self.order, data)
    }

    pub fn approved(&self, world: &mut World) -> PublicEvent {
        let trial_ends_at = world.clock.now() + chrono::TimeDelta::days(7);
        let restaurant_id = self.restaurant;
        let data = PublicData::RestaurantApproved(party::RestaurantApproved { restaurant_id, trial_ends_at });
        let event = self.event(world, self.restaurant, data);
        PublicEvent {
            audience: Audience { restaurant_id: Some(restaurant_id), ..Audience::default() },
            ..event
        }
    }

    pub fn trial_ended(&self, world: &mut World) -> PublicEvent {
        let (restaurant_id, ended_at) = (self.restaurant, world.clock.now());
        let data = PublicData::TrialEnded(party::TrialEnded { restaurant_id, ended_at });
        let audience = Audience { restaurant_id: Some(restaurant_id), ..Audience::default() };
        PublicEvent { audience, ..self.event(world, self.restaurant, data) }
    }

    pub fn failing(&self, world: &mut World) -> PublicEvent {
        let data = PublicData::WebhookEndpointFailing(party::WebhookEndpointFailing {
            webhook_endpoint_id: self.endpoint,
            since: at("2026-11-20T08:00:00Z"),
            failures: 12,
            disabled_at: at("2026-11-25T08:00:00Z"),
        });
        let event = self.event(world, self.endpoint, data);
        PublicEvent {
            audience: Audience { supplier_id: Some(self.supplier), ..Audience::default() },
            ..event
        }
    }

    /// Potatoes dearer than agreed, and a charge inside the policy.
    fn variances(&self, effect: invoice::VarianceEffect) -> Vec<invoice::InvoiceVariance> {
        let dearer = invoice::InvoiceVariance {
            class: "price_over".to_owned(),
            effect,
            invoice_line: Some("1".to_owned()),
            order_line_id: Some(self.line),
            expected: Some("388.21".to_owned()),
            actual: Some("400".to_owned()),
            value_cents: 2_948,
        };
        let charge = invoice::InvoiceVariance {
            class: "unplanned_charge".to_owned(),
            effect: invoice::VarianceEffect::Noted,
            invoice_line: None,
            order_line_id: None,
            expected: None,
            actual: Some("Frakt".to_owned()),
            value_cents: 100,
        };
        vec![dearer, charge]
    }

    fn invoiced_line(&self) -> invoice::InvoicedLine {
        invoice::InvoicedLine {
            invoice_line: "1".to_owned(),
            order_line_id: Some(self.line),
            sku: Some("POT".to_owned()),
            name: Some("Potatis <b>King Edward</b>".to_owned()),
            qty: "2.5".to_owned(),
            unit: Some("KGM".to_owned()),
            unit_price: "400".to_owned(),
            price_qty: "1".to_owned(),
            line_net_cents: 100_000,
            tax_category: None,
            tax_rate_basis_points: Some(600),
        }
    }

    /// Accepted by a person; its currency is not on it.
    pub fn matched(&self, world: &mut World) -> PublicEvent {
        let data = invoice::InvoiceMatched {
            invoice_id: self.invoice,
            order_id: self.order,
            restaurant_id: self.restaurant,
            supplier_id: self.supplier,
            status: invoice::MatchStatus::MatchedWithVariance,
            kind: invoice::DocumentKind::Invoice,
            number: Some("2026-1187".to_owned()),
            issue_date: None,
            due_date: Some("2026-12-21".parse().unwrap()),
            tax_point_date: None,
            credited_invoice_id: None,
            preceding_numbers: vec![],
            currency: None,
            net_cents: 100_100,
            tax_cents: 6_006,
            total_cents: 106_106,
            prepaid_cents: 0,
            rounding_cents: -6,
            payable_cents: 106_100,
            taxes: vec![],
            payments: vec![],
            charges: vec![],
            lines: vec![self.invoiced_line()],
            variances: self.variances(invoice::VarianceEffect::Blocks),
            accepted: Some(invoice::InvoiceAcceptance {
                by: Party::Restaurant,
                reason: "ok <i>för</i> den här gången".to_owned(),
            }),
            response_code: "AP".to_owned(),
            reason_codes: vec!["PRI".to_owned()],
            policy_version: 1,
            matched_at: world.clock.now(),
        };
        self.event(world, self.invoice, PublicData::InvoiceMatched(Box::new(data)))
    }

    pub fn disputed(&self, world: &mut World) -> PublicEvent {
        let data = invoice::InvoiceDisputed {
            invoice_id: self.invoice,
            order_id: self.order,
            restaurant_id: self.restaurant,
            supplier_id: self.supplier,
            kind: invoice::DocumentKind::CreditNote,
            number: Some("2026-<b>1188</b>".to_owned()),
            issue_date: None,
            due_date: None,
            currency: Some("NOK".to_owned()),
            total_cents: 106_106,
            payable_cents: 106_100,
            lines: vec![self.invoiced_line()],
            variances: self.variances(invoice::VarianceEffect::Blocks),
            by: Some(Party::Restaurant),
            reason: Some("priset var avtalat".to_owned()),
            disputed_lines: vec!["1".to_owned()],
            response_code: "UQ".to_owned(),
            reason_codes: vec!["PRI".to_owned()],
            policy_version: Some(1),
            disputed_at: world.clock.now(),
        };
        self.event(world, self.invoice, PublicData::InvoiceDisputed(Box::new(data)))
    }

    /// Waits for a person of the restaurant's.
    pub fn held(&self, world: &mut World) -> PublicEvent {
        let data = invoice::InvoiceHeld {
            invoice_id: self.invoice,
            supplier_id: Some(self.supplier),
            restaurant_id: Some(self.restaurant),
            order_id: Some(self.order),
            status: InvoiceStatus::Extracted,
            reasons: vec![HoldReason::ReadingUnsure, HoldReason::PossibleDuplicate],
            held_at: world.clock.now(),
        };
        let event = self.event(world, self.invoice, PublicData::InvoiceHeld(data));
        PublicEvent {
            audience: Audience { restaurant_id: Some(self.restaurant), ..Audience::default() },
            ..event
        }
    }

    pub fn low(&self, world: &mut World) -> PublicEvent {
        let data = PublicData::StockLow(catalogue::StockLow {
            product_id: self.product,
            supplier_id: self.supplier,
            available: Quantity(1_500),
            low_stock_qty: Quantity::units(10),
        });
        let event = self.event(world, self.product, data);
        PublicEvent {
            audience: Audience { supplier_id: Some(self.supplier), ..Audience::default() },
            ..event
        }
    }
}
