//! Refusals: every way in which a well-formed command can be turned down.

use events::values::{Currency, LineId, PriceRuleId, ProductId, Quantity};

/// Why a command changes nothing. Compared as values in tests; `http/refused.rs` gives each its status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not exist, or the caller may not know that it does.
    #[error("{what} {id} was not found")]
    NotFound {
        /// `order`, `cart`, …
        what: &'static str,
        /// Which.
        id: uuid::Uuid,
    },
    /// The caller may see it, but not do this.
    #[error("{needed} may do this")]
    Forbidden {
        /// Who may.
        needed: &'static str,
    },
    /// The caller's `If-Match` names a revision that is no longer the last.
    #[error("the revision is {actual} by now")]
    StaleRevision {
        /// The last one.
        actual: i64,
    },
    /// The body is well-formed, but these values cannot be meant.
    #[error("some values cannot be accepted")]
    Invalid(Vec<InvalidValue>),
    /// Not in this state.
    #[error("{what} is {state}: {attempted} is not possible")]
    InvalidTransition {
        /// `order`, `restaurant`, …
        what: &'static str,
        /// Its state, as clients see it.
        state: &'static str,
        /// What was asked for.
        attempted: &'static str,
    },
    /// The address logs another account in.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The account is a member already.
    #[error("the account is a member already")]
    AlreadyMember,
    /// The account may hear of what concerns the organisation already.
    #[error("the account is a partner already")]
    AlreadyPartner,
    /// Grants are for machine accounts: people become members.
    #[error("the account is not one of a partner; only an account with the role PARTNER can be granted this")]
    NotAPartner,
    /// As many API keys live in the account's name as may.
    #[error("{keys_max} API keys of the account can be called with already; revoke one first")]
    TooManyApiKeys {
        /// The limit.
        keys_max: u8,
    },
    /// Somebody must own the organisation.
    #[error("the last owner can neither leave nor step down")]
    LastOwner,
    /// Another of the supplier's products has this number.
    #[error("the supplier has another product with SKU {sku}")]
    SkuTaken {
        /// The number.
        sku: String,
        /// Which product has it.
        product_id: ProductId,
    },
    /// The supplier has a rule of that kind for it already.
    #[error("there is a {kind} rule for it already")]
    PriceRuleTaken {
        /// The one.
        rule_id: PriceRuleId,
        /// Of which kind.
        kind: &'static str,
    },
    /// The supplier has as many rules as it can.
    #[error("a supplier has at most {rules_max} price rules; end one first")]
    TooManyPriceRules {
        /// The limit.
        rules_max: usize,
    },
    /// The price, or the rules that make it, are no longer those that it was proposed on.
    #[error("the price or its rules changed meanwhile")]
    PriceMoved,
    /// Counting or taking away would leave less than orders have been promised.
    #[error("{allocated} are promised to orders; {on_hand} would be left")]
    StockPromised {
        /// Promised to orders.
        allocated: Quantity,
        /// What the change would leave on hand.
        on_hand: Quantity,
    },
    /// Not enough is available; nothing was taken.
    #[error("not enough in stock")]
    InsufficientStock(Vec<Shortage>),
    /// The cart became orders already.
    #[error("the cart was converted to orders already")]
    CartConverted,
    /// There is nothing in the cart.
    #[error("the cart is empty")]
    CartEmpty,
    /// The cart holds as many products as it can.
    #[error("a cart holds at most {items_max} products")]
    CartFull {
        /// The limit.
        items_max: usize,
    },
    /// The product is priced in another currency than the cart.
    #[error("the product is priced in {product}, the cart in {cart}")]
    CurrencyMismatch {
        /// The product's.
        product: Currency,
        /// The cart's.
        cart: Currency,
    },
    /// Some products are no longer offered.
    #[error("some products are no longer offered")]
    ProductInactive(Vec<ProductId>),
    /// The supplier may not sell at present.
    #[error("the supplier may not sell at present")]
    SupplierSuspended,
    /// The restaurant may not order: it is registered or suspended.
    #[error("the restaurant is {state}: it may not order")]
    RestaurantNotApproved {
        /// Its state.
        state: &'static str,
    },
    /// The total is not what the caller expected.
    #[error("the total is {actual_cents}, not {expected_cents}")]
    PriceChanged {
        /// What the caller expected.
        expected_cents: i64,
        /// What it is.
        actual_cents: i64,
    },
    /// Nothing is suggested, so that there is nothing to make a cart of.
    #[error("nothing is suggested at present")]
    NothingSuggested,
    /// Some lines cannot come into the cart; none did.
    #[error("some lines cannot come into the cart")]
    UnusableLines(Vec<UnusableLine>),
}

/// A line that cannot come into a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnusableLine {
    /// Its place, from 0.
    pub index: usize,
    /// Its product.
    pub product_id: ProductId,
    /// Why: `product_not_found`, `product_inactive`, `other_supplier`, `currency_mismatch`, `duplicate_product`.
    pub code: &'static str,
}

/// A value that cannot be meant, and where it stands in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    /// `lines[0].delivered_qty`.
    pub field: String,
    /// A word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

/// A line that cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The cart's line.
    pub line_id: LineId,
    /// Its product.
    pub product_id: ProductId,
    /// What was asked for.
    pub asked: Quantity,
    /// What there is.
    pub available: Quantity,
}

impl Refusal {
    /// A single value that cannot be meant.
    pub fn invalid(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![InvalidValue { field: field.into(), code, message: message.into() }])
    }

    /// It does not exist, or the caller may not know that it does: the two are told the same way.
    pub fn not_found(what: &'static str, id: impl Into<uuid::Uuid>) -> Self {
        Self::NotFound { what, id: id.into() }
    }
}
