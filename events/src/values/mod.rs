//! Values that events are made of: integers and closed sets, no floats.

mod currency;
mod gtin;
mod ids;
mod login;
mod notification;
mod party;
mod personal;
mod quantity;
mod scope;
mod search_words;
mod tax;
mod vat;
mod weekday;

pub use currency::{Currency, UnknownCurrency};
pub use gtin::{Gtin, InvalidGtin};
pub use ids::*;
pub use login::{DisabledBy, Login, LoginProvider};
pub use notification::{
    ChannelChoice, EmailChoice, InvalidClock, Locale, MinuteOfDay, NotificationKind, NotificationPreferences,
    QuietHours,
};
pub use party::{Member, MemberRole, PostalAddress, Role, UnknownName};
pub use personal::{LoginAddress, NeitherPlainNorSealed, Personal, Shown, holds_plain, plain_texts};
pub use quantity::{InvalidQuantity, QUANTITY_MAX, Quantity, decimal};
pub use scope::{KEY_SEGMENTS, KEY_SEGMENTS_OPEN, Scope};
pub use search_words::{is_search_word, search_words, words_of_product};
pub use tax::{InvalidTaxRate, Tax, TaxCategory, TaxRate, swedish_day};
pub use vat::{PRICE_MINOR_MAX, VatBreakdown, VatGroup, line_net_minor, vat_of};
pub use weekday::Weekday;
