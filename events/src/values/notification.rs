//! What a person wants to hear of, and how.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::UnknownName;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident = $name:literal,)+) => {
        /// What somebody can be told of.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum NotificationKind {
            $($(#[doc = $doc])* $kind,)+
        }

        impl NotificationKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// As clients and the log see it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }

            /// When it is told, and to whom.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$kind => concat!($($doc),*).trim_ascii(),)+ }
            }
        }
    };
}

kinds! {
    /// An order came in; to the supplier.
    OrderPlaced = "order_placed",
    /// The supplier will deliver; to the restaurant.
    OrderConfirmed = "order_confirmed",
    /// The supplier will not deliver; to the restaurant.
    OrderRejected = "order_rejected",
    /// An order was called off; to the other party.
    OrderCancelled = "order_cancelled",
    /// An order was delivered as it was ordered; to the restaurant.
    OrderDelivered = "order_delivered",
    /// Less was delivered than was ordered; to the restaurant.
    DeliveryShort = "delivery_short",
    /// Less arrived in order than was delivered; to the supplier.
    DeliveryClaimed = "delivery_claimed",
    /// An invoice waits for a person; to the restaurant, or to who sent it where nobody knows whose it is.
    InvoiceHeld = "invoice_held",
    /// An invoice agrees with what was ordered and received; to the restaurant.
    InvoiceMatched = "invoice_matched",
    /// Something is wrong with an invoice; to both parties.
    InvoiceDisputed = "invoice_disputed",
    /// Little is left of a product; to the supplier.
    StockLow = "stock_low",
    /// The restaurant may order, and its trial has begun; to the restaurant.
    RestaurantApproved = "restaurant_approved",
    /// The trial ends in two days; to the restaurant's owners.
    TrialEnding = "trial_ending",
    /// A webhook endpoint fails, or was switched off; to its owners.
    WebhookEndpointFailing = "webhook_endpoint_failing",
    /// The trial is over; to the restaurant's owners.
    TrialEnded = "trial_ended",
}

impl NotificationKind {
    /// True for what its receiver must hear at once: no quiet hours, no digest, mail cannot be refused.
    pub const fn is_critical(self) -> bool {
        matches!(self, Self::WebhookEndpointFailing)
    }

    /// How it is told to somebody who chose nothing.
    pub const fn default_choice(self) -> ChannelChoice {
        let (email, push) = match self {
            Self::OrderPlaced | Self::OrderRejected | Self::OrderCancelled | Self::DeliveryShort => {
                (EmailChoice::Now, true)
            }
            Self::OrderConfirmed | Self::OrderDelivered => (EmailChoice::Off, true),
            Self::DeliveryClaimed
            | Self::InvoiceHeld
            | Self::InvoiceDisputed
            | Self::RestaurantApproved
            | Self::TrialEnding
            | Self::TrialEnded
            | Self::WebhookEndpointFailing => (EmailChoice::Now, false),
            Self::StockLow | Self::InvoiceMatched => (EmailChoice::Digest, false),
        };
        ChannelChoice { in_app: true, email, push }
    }
}

impl fmt::Display for NotificationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for NotificationKind {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.iter().find(|kind| kind.name() == name);
        found.copied().ok_or(UnknownName("the kinds that GET /notification-preferences lists"))
    }
}

/// The languages that notifications are written in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    /// Swedish.
    #[default]
    Sv,
    /// English.
    En,
}

impl Locale {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::Sv, Self::En];

    /// BCP 47.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sv => "sv",
            Self::En => "en",
        }
    }
}

impl FromStr for Locale {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|locale| locale.name() == name).ok_or(UnknownName("sv, en"))
    }
}

/// Whether and when mail is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmailChoice {
    /// At once, quiet hours apart.
    Now,
    /// Once a day, with what else there is.
    Digest,
    /// Never.
    Off,
}

impl FromStr for EmailChoice {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "now" => Ok(Self::Now),
            "digest" => Ok(Self::Digest),
            "off" => Ok(Self::Off),
            _ => Err(UnknownName("now, digest, off")),
        }
    }
}

/// How one kind is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelChoice {
    /// Shown in the inbox of the application.
    pub in_app: bool,
    /// Mail.
    pub email: EmailChoice,
    /// To the person's devices.
    pub push: bool,
}

/// A time of day by the wall clock, in minutes since midnight; `HH:MM` towards clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MinuteOfDay(u16);

/// Not a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a time of day such as 22:00")]
pub struct InvalidClock;

impl MinuteOfDay {
    /// Hours 0 to 23 and minutes 0 to 59.
    pub const fn try_new(hour: u16, minute: u16) -> Result<Self, InvalidClock> {
        if hour < 24 && minute < 60 { Ok(Self(hour * 60 + minute)) } else { Err(InvalidClock) }
    }

    /// Minutes since midnight, below 1440.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for MinuteOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for MinuteOfDay {
    type Err = InvalidClock;

    fn from_str(text: &str) -> Result<Self, InvalidClock> {
        let two = |digits: &str| match digits.as_bytes() {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
                Ok(u16::from(tens - b'0') * 10 + u16::from(ones - b'0'))
            }
            _ => Err(InvalidClock),
        };
        let (hour, minute) = text.split_once(':').ok_or(InvalidClock)?;
        Self::try_new(two(hour)?, two(minute)?)
    }
}

/// When not to be disturbed; over midnight where `from` is later than `to`, never where both are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// From then on, itself included.
    pub from: MinuteOfDay,
    /// Until then, itself excluded.
    pub to: MinuteOfDay,
}

/// What a person wants to hear of, and how; set as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationPreferences {
    /// In which language.
    pub locale: Locale,
    /// IANA name of the zone that times of day are in.
    pub time_zone: String,
    /// When mail and push wait; critical ones do not.
    pub quiet_hours: Option<QuietHours>,
    /// When the daily digest is sent.
    pub digest_at: MinuteOfDay,
    /// What was chosen otherwise than [`NotificationKind::default_choice`].
    pub choices: BTreeMap<NotificationKind, ChannelChoice>,
}

impl Default for NotificationPreferences {
    /// Swedish, in Stockholm, at any time, the digest at seven.
    fn default() -> Self {
        Self {
            locale: Locale::Sv,
            time_zone: "Europe/Stockholm".to_owned(),
            quiet_hours: None,
            digest_at: MinuteOfDay(7 * 60),
            choices: BTreeMap::new(),
        }
    }
}

impl NotificationPreferences {
    /// How that kind is told.
    pub fn choice(&self, kind: NotificationKind) -> ChannelChoice {
        self.choices.get(&kind).copied().unwrap_or(kind.default_choice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_serde_writes_and_are_read_back() {
        for kind in NotificationKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
    }

    #[test]
    fn a_time_of_day_is_two_digits_twice() {
        assert_eq!("07:05".parse::<MinuteOfDay>().unwrap().minutes(), 425);
        assert_eq!(MinuteOfDay::try_new(22, 0).unwrap().to_string(), "22:00");
        for bad in ["7:05", "24:00", "12:60", "0705", "", "-1:00", "٠٧:٠٥", "07:05:00"] {
            assert_eq!(bad.parse::<MinuteOfDay>(), Err(InvalidClock), "{bad}");
        }
    }
}
