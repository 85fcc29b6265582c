//! Who asks.

/// A kind of caller; each is one account of the world, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// ADMIN.
    Admin,
    /// AUDITOR.
    Auditor,
    /// OWNER of the own supplier.
    Seller,
    /// STAFF of the own supplier.
    SellerStaff,
    /// OWNER of the own restaurant.
    Buyer,
    /// STAFF of the own restaurant.
    BuyerStaff,
    /// PARTNER with a grant of the own restaurant.
    Partner,
    /// PARTNER whom nobody granted anything.
    OtherPartner,
    /// An account without any membership.
    Newcomer,
    /// Without a token.
    Nobody,
    /// With a token that the program did not sign.
    Forger,
}

/// Those with an account, in the order of the tables' columns, under the columns' titles.
pub const COLUMNS: [(&str, Caller); 9] = [
    ("ADMIN", Caller::Admin),
    ("AUDIT", Caller::Auditor),
    ("S-OWN", Caller::Seller),
    ("S-STF", Caller::SellerStaff),
    ("R-OWN", Caller::Buyer),
    ("R-STF", Caller::BuyerStaff),
    ("PART", Caller::Partner),
    ("PART0", Caller::OtherPartner),
    ("FRESH", Caller::Newcomer),
];

/// Those without.
pub const STRANGERS: [Caller; 2] = [Caller::Nobody, Caller::Forger];
