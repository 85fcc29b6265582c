//! The document's sums.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Field;

/// The sums of a document, in minor units; the rules take an absent one as zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = InvoiceTotals)]
pub struct Totals {
    /// Sum of the lines' net (BT-106).
    pub lines_minor: Option<Field<i64>>,
    /// Sum of the document's allowances (BT-107).
    pub allowances_minor: Option<Field<i64>>,
    /// Sum of the document's charges (BT-108).
    pub charges_minor: Option<Field<i64>>,
    /// Without VAT (BT-109).
    pub net_minor: Option<Field<i64>>,
    /// VAT (BT-110).
    pub vat_minor: Option<Field<i64>>,
    /// With VAT (BT-112).
    pub gross_minor: Option<Field<i64>>,
    /// Paid beforehand (BT-113).
    pub prepaid_minor: Option<Field<i64>>,
    /// Rounding of the amount to pay, öresavrundning (BT-114).
    pub rounding_minor: Option<Field<i64>>,
    /// To pay (BT-115).
    pub payable_minor: Option<Field<i64>>,
}

/// VAT of one category and rate (BG-23).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = InvoiceVatRow)]
pub struct VatRow {
    /// UNTDID 5305; pages do not print it.
    pub category: Option<String>,
    /// In per cent.
    #[schema(value_type = Option<Field<String>>)]
    pub rate: Option<Field<Decimal>>,
    /// What the rate applies to, in minor units (BT-116).
    pub taxable_minor: Field<i64>,
    /// The VAT, in minor units (BT-117).
    pub tax_minor: Field<i64>,
}
