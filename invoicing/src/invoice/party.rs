//! Who sells, who buys, and where the money goes.

use super::Field;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A seller or a buyer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = InvoiceDocumentParty)]
pub struct Party {
    /// BT-27, BT-44.
    pub name: Option<Field<String>>,
    /// VAT number with its country (BT-31, BT-48).
    pub vat_id: Option<Field<String>>,
    /// Number in the register of companies: the organisation number in Sweden (BT-30, BT-47).
    pub legal_id: Option<Field<String>>,
    /// Electronic address (BT-34, BT-49).
    pub endpoint: Option<Field<String>>,
    /// Kind of that address: 0007 is a Swedish organisation number.
    pub endpoint_scheme: Option<String>,
    /// ISO 3166-1, two letters (BT-40, BT-55).
    pub country: Option<Field<String>>,
    /// What the tax office has registered it for, in words: F-skatt in Sweden (BT-32).
    pub tax_registration: Option<Field<String>>,
}

/// One account to pay to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = InvoicePayment)]
pub struct Payment {
    /// UNTDID 4461 (BT-81): 30 is a transfer, 58 SEPA.
    pub means_code: Option<Field<String>>,
    /// What the payer writes on the payment: the OCR number (BT-83).
    pub reference: Option<Field<String>>,
    /// IBAN, bankgiro, plusgiro or another account (BT-84).
    pub account: Option<Field<String>>,
    /// BIC, or `SE:BANKGIRO`, `SE:PLUSGIRO` (BT-86).
    pub branch: Option<Field<String>>,
}
