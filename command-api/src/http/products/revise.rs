//! `PATCH /api/v1/products/{id}`.

use axum::extract::State;
use deserr::Deserr;
use events::{
    resource::ProductResource,
    values::{Gtin, TaxCategory},
};
use platform::{
    body::{Faults, Json, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::product::{ProductPatch, ReviseProduct},
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{
            Alternatives, Barcode, Category, Change, Choice, Description, Given, Name, OneOf, PositiveQty,
            PriceCents, ShelfLifeDays, Sku, StockQty, TaxPercent, UnitCode,
        },
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What a product is from now on: what is absent stays, null clears.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"price_cents": 3190, "description": null}))]
pub(crate) struct ProductRevision {
    /// What it is called.
    #[deserr(default)]
    #[schema(value_type = Name, required = false)]
    name: Given<Name>,
    /// The supplier's number for it; no other of its products has it.
    #[deserr(default)]
    #[schema(value_type = Sku, required = false)]
    sku: Given<Sku>,
    /// What it is sold by.
    #[deserr(default)]
    #[schema(value_type = UnitCode, required = false)]
    unit: Given<UnitCode>,
    /// Price of one unit without VAT. Open carts keep the price that they were promised.
    #[deserr(default)]
    #[schema(value_type = PriceCents, required = false)]
    price_cents: Given<PriceCents>,
    /// Taken as given, whatever the day. At most one of this and `tax_category`.
    #[deserr(default)]
    #[schema(value_type = TaxPercent, required = false)]
    tax_rate: Given<TaxPercent>,
    /// Its rate is that of the law on the day of delivery.
    #[deserr(default)]
    #[schema(value_type = TaxCategory, required = false)]
    tax_category: Given<Choice<TaxCategory>>,
    /// At or below this much it counts as low.
    #[deserr(default)]
    #[schema(value_type = StockQty, required = false)]
    low_stock_qty: Given<StockQty>,
    /// Offered. `true` takes a deactivated product up again.
    #[deserr(default)]
    #[schema(value_type = bool, required = false)]
    active: Given<bool>,
    /// Its barcode number: GTIN-8, -12, -13 or -14.
    #[deserr(default)]
    #[schema(value_type = Option<Gtin>)]
    gtin: Change<Barcode>,
    /// More about it.
    #[deserr(default)]
    #[schema(value_type = Option<Description>)]
    description: Change<Description>,
    /// What kind of goods it is, in the supplier's own word.
    #[deserr(default)]
    #[schema(value_type = Option<Category>)]
    category: Change<Category>,
    /// Days that it keeps from its delivery on.
    #[deserr(default)]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 3650)]
    shelf_life_days: Change<ShelfLifeDays>,
    /// What a pack of it holds: suggestions are whole packs.
    #[deserr(default)]
    #[schema(value_type = Option<PositiveQty>)]
    pack_qty: Change<PositiveQty>,
}

impl Alternatives for ProductRevision {
    const FIELDS: [&'static str; 2] = ["tax_rate", "tax_category"];
    const ONE_IS_NEEDED: bool = false;
}

impl ProductRevision {
    fn patch(self) -> ProductPatch {
        ProductPatch {
            name: self.name.0.map(Name::into_string),
            sku: self.sku.0.map(Sku::into_string),
            unit: self.unit.0.map(UnitCode::into_string),
            gtin: self.gtin.patch(|gtin| gtin.0),
            description: self.description.patch(Description::into_string),
            tax: super::tax_of(self.tax_rate.0, self.tax_category.0),
            low_stock_at: self.low_stock_qty.0.map(StockQty::quantity),
            category: self.category.patch(Category::into_string),
            shelf_life_days: self.shelf_life_days.patch(ShelfLifeDays::get_u16),
            pack: self.pack_qty.patch(PositiveQty::quantity),
            unit_price_minor: self.price_cents.0.map(PriceCents::minor),
            active: self.active.0,
        }
    }
}

/// Revises a product. Members of its supplier and ADMIN. An empty object changes nothing.
///
/// Stock changes by `POST /products/{id}/stock` alone.
#[utoipa::path(
    patch, path = "/api/v1/products/{id}", tag = "products",
    request_body = ProductRevision,
    params(("id" = Uuid, Path, description = "The product."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = ProductResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`sku_taken`: `details` name the product that has \
            it."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn revise_product(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(OneOf(body)): Json<OneOf<ProductRevision>>,
) -> Result<Accepted, ApiError> {
    let command = ReviseProduct { product_id: id.into(), patch: body.clone().patch() };
    asked.submit(&state, &body, command).await
}
