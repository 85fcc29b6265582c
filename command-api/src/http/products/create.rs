//! `POST /api/v1/products`.

use axum::extract::State;
use deserr::Deserr;
use events::{
    product::ProductDetails,
    resource::ProductResource,
    values::{Gtin, ProductId, Quantity, TaxCategory},
};
use platform::{
    body::{Faults, Json},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::product::{CreateProduct, LOW_STOCK_DEFAULT},
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{
            Alternatives, Barcode, Category, Choice, Description, Name, OneOf, PositiveQty, PriceCents,
            ShelfLifeDays, Sku, StockQty, TaxPercent, UnitCode,
        },
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// A new product.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "supplier_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a21", "name": "Tomat, kvist", "sku": "T-1", "unit": "KGM",
    "price_cents": 2990, "tax_category": "food", "stock_qty": "120", "gtin": "7310865004703",
    "category": "grönsaker", "shelf_life_days": 7, "pack_qty": 5
}))]
pub(crate) struct NewProduct {
    /// Whose it is.
    supplier_id: Uuid,
    /// What it is called.
    name: Name,
    /// The supplier's number for it; no other of its products has it.
    sku: Sku,
    /// What it is sold by.
    unit: UnitCode,
    /// Price of one unit without VAT, in the supplier's currency.
    price_cents: PriceCents,
    /// Taken as given, whatever the day. Exactly one of this and `tax_category`.
    #[deserr(default)]
    tax_rate: Option<TaxPercent>,
    /// Its rate is that of the law on the day of delivery.
    #[deserr(default)]
    #[schema(value_type = Option<TaxCategory>)]
    tax_category: Option<Choice<TaxCategory>>,
    /// What there is of it to begin with; 0 unless stated.
    #[deserr(default)]
    stock_qty: Option<StockQty>,
    /// At or below this much it counts as low; 5 unless stated.
    #[deserr(default)]
    low_stock_qty: Option<StockQty>,
    /// Its barcode number: GTIN-8, -12, -13 or -14.
    #[deserr(default)]
    #[schema(value_type = Option<Gtin>)]
    gtin: Option<Barcode>,
    /// More about it.
    #[deserr(default)]
    description: Option<Description>,
    /// What kind of goods it is, in the supplier's own word.
    #[deserr(default)]
    category: Option<Category>,
    /// Days that it keeps from its delivery on.
    #[deserr(default)]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 3650)]
    shelf_life_days: Option<ShelfLifeDays>,
    /// What a pack of it holds: suggestions are whole packs.
    #[deserr(default)]
    pack_qty: Option<PositiveQty>,
}

impl Alternatives for NewProduct {
    const FIELDS: [&'static str; 2] = ["tax_rate", "tax_category"];
    const ONE_IS_NEEDED: bool = true;
}

impl NewProduct {
    fn details(self) -> ProductDetails {
        ProductDetails {
            name: self.name.into_string(),
            sku: self.sku.into_string(),
            unit: self.unit.into_string(),
            gtin: self.gtin.map(|gtin| gtin.0),
            description: self.description.map(Description::into_string),
            tax: super::tax_of(self.tax_rate, self.tax_category).unwrap_or_default(),
            low_stock_at: self.low_stock_qty.map_or(LOW_STOCK_DEFAULT, StockQty::quantity),
            category: self.category.map(Category::into_string),
            shelf_life_days: self.shelf_life_days.map(ShelfLifeDays::get_u16),
            pack: self.pack_qty.map(PositiveQty::quantity),
        }
    }
}

/// Offers a new product. Members of its supplier and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/products", tag = "products",
    request_body = NewProduct,
    params(CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = ProductResource, description = "The same request again: the answer it got then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = ProductResource, description = "As the command left it.", headers(
            ("Location" = String, description = "Its address."),
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        ), example = json!({
            "id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a24", "supplier_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a21",
            "name": "Tomat, kvist", "sku": "T-1", "gtin": "7310865004703", "description": null, "unit": "KGM",
            "price_cents": 2990, "currency": "SEK", "tax_rate": 6, "tax_category": "food", "active": true, "stock_qty": "120",
            "low_stock_qty": "5", "category": "grönsaker", "shelf_life_days": 7, "pack_qty": "5",
            "availability_status": "in_stock", "created_at": "2026-11-20T09:00:00.123Z",
            "updated_at": "2026-11-20T09:00:00.123Z", "revision": 1
        })),
        (status = 409, body = ErrorBody, description = "`sku_taken`: `details` name the product that has \
            it."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn create_product(
    State(state): State<CommandState>,
    asked: Asked,
    Json(OneOf(body)): Json<OneOf<NewProduct>>,
) -> Result<Accepted, ApiError> {
    let command = CreateProduct {
        product_id: ProductId(state.ids.next()),
        supplier_id: body.supplier_id.into(),
        details: body.clone().details(),
        unit_price_minor: body.price_cents.minor(),
        stock: body.stock_qty.map_or(Quantity::ZERO, StockQty::quantity),
    };
    Ok(asked.submit(&state, &body, command).await?.under("/api/v1/products"))
}
