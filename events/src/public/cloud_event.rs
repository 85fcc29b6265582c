//! To the wire and back.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Audience, PublicData, PublicEvent};
use crate::{
    values::{AccountId, RestaurantId, SupplierId},
    webhook_endpoint::PayloadStyle,
};

/// Who says so, in every envelope: the log.
pub const SOURCE: &str = "urn:iris:log";
/// The version of `CloudEvents` that the envelope keeps to.
const SPEC_VERSION: &str = "1.0";
/// A thin payload keeps the fields of `data` that end so, at its top: what it is about, and no more.
pub const THIN_FIELD_SUFFIX: &str = "_id";

/// Why a text is no public event of ours.
#[derive(Debug, thiserror::Error)]
pub enum NotACloudEvent {
    /// Not the envelope, or not the data that its type says.
    #[error("not a CloudEvent of a known shape")]
    Shape(#[from] serde_json::Error),
    /// An envelope of somebody else's, or of another version of `CloudEvents`.
    #[error("not an envelope of ours")]
    Foreign,
    /// Its sequence is no position.
    #[error("sequence is no position")]
    Sequence,
    /// A type that this version does not know: a newer program sent it.
    #[error("unknown type {0}")]
    UnknownType(String),
}

/// An event of Iris as it goes out: `CloudEvents` 1.0, structured JSON.
///
/// # Source
/// CloudEvents 1.0.2 with the extensions `sequence` and `traceparent`; `supplierid`, `restaurantid` and
/// `accountid` are ours.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(
    title = "Iris event",
    description = "An event of Iris as it goes out: CloudEvents 1.0, structured JSON."
)]
pub(super) struct CloudEvent {
    /// Version of the envelope.
    specversion: String,
    /// Unique over all events; the same whenever and wherever the event is sent again.
    id: Uuid,
    /// Who says so.
    source: String,
    /// What happened, and in which version it is told.
    #[serde(rename = "type")]
    event_type: String,
    /// The aggregate that it happened to.
    subject: Uuid,
    /// When it was recorded.
    time: DateTime<Utc>,
    /// Media type of `data`.
    datacontenttype: String,
    /// `$id` of the JSON Schema of `data`.
    dataschema: String,
    /// The position in the log, padded so that texts sort as numbers; rises, with gaps where nothing is told.
    sequence: String,
    /// W3C trace context of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    /// The seller concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    supplierid: Option<SupplierId>,
    /// The buyer concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restaurantid: Option<RestaurantId>,
    /// The account concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accountid: Option<AccountId>,
    /// What happened, as `dataschema` has it.
    data: serde_json::Value,
}

impl PublicEvent {
    /// CloudEvents 1.0, structured JSON: what NATS and webhooks carry.
    pub fn to_cloud_event(&self, style: PayloadStyle) -> String {
        let public_type = self.public_type();
        let mut data = self.data.to_json();
        if let (PayloadStyle::Thin, Some(fields)) = (style, data.as_object_mut()) {
            fields.retain(|name, _| name.ends_with(THIN_FIELD_SUFFIX));
        }
        let envelope = CloudEvent {
            specversion: SPEC_VERSION.to_owned(),
            id: self.event_id,
            source: SOURCE.to_owned(),
            event_type: public_type.name.to_owned(),
            subject: self.subject,
            time: self.time,
            datacontenttype: "application/json".to_owned(),
            dataschema: schema_id(public_type.name, style),
            // The extension demands texts that sort as the numbers do; 19 digits hold every position.
            sequence: format!("{:019}", self.position),
            traceparent: self.traceparent.clone(),
            supplierid: self.audience.supplier_id,
            restaurantid: self.audience.restaurant_id,
            accountid: self.audience.account_id,
            data,
        };
        serde_json::to_string(&envelope).expect("an envelope is JSON by its types")
    }

    /// From [`Self::to_cloud_event`] in full.
    ///
    /// # Errors
    /// It is not one of ours, or of a version that this program does not know.
    pub fn from_cloud_event(json: &[u8]) -> Result<Self, NotACloudEvent> {
        let envelope: CloudEvent = serde_json::from_slice(json)?;
        if envelope.specversion != SPEC_VERSION || envelope.source != SOURCE {
            return Err(NotACloudEvent::Foreign);
        }
        let position = envelope.sequence.parse().map_err(|_| NotACloudEvent::Sequence)?;
        let Some(data) = PublicData::from_json(&envelope.event_type, envelope.data)? else {
            return Err(NotACloudEvent::UnknownType(envelope.event_type));
        };
        Ok(Self {
            event_id: envelope.id,
            position,
            subject: envelope.subject,
            time: envelope.time,
            traceparent: envelope.traceparent,
            audience: Audience {
                supplier_id: envelope.supplierid,
                restaurant_id: envelope.restaurantid,
                account_id: envelope.accountid,
                everyone: data.is_for_everyone(),
            },
            data,
        })
    }
}

impl PublicData {
    /// Offers are public to every account.
    pub(super) fn is_for_everyone(&self) -> bool {
        matches!(
            self,
            Self::ProductCreated(_)
                | Self::ProductRevised(_)
                | Self::PriceChanged(_)
                | Self::ProductDeactivated(_)
                | Self::ProductReactivated(_)
        )
    }
}

/// The `$id` of the JSON Schema of a type's `data`.
pub(super) fn schema_id(name: &str, style: PayloadStyle) -> String {
    match style {
        PayloadStyle::Full => format!("urn:iris:schema:{name}"),
        PayloadStyle::Thin => format!("urn:iris:schema:{name}:thin"),
    }
}
