//! To the wire and back.

use super::{Audience, CloudEvent, PublicData, PublicEvent};
use crate::webhook_endpoint::PayloadStyle;

/// Who says so, in every envelope.
pub const SOURCE: &str = "urn:iris";
/// A thin payload keeps the fields of `data` that end so, at its top: what it is about, and no more.
pub const THIN_FIELD_SUFFIX: &str = "_id";

/// Why a text is no public event of ours.
#[derive(Debug, thiserror::Error)]
pub enum NotACloudEvent {
    /// Not the envelope, or not the data that its type says.
    #[error("not a CloudEvent of a known shape")]
    Shape(#[from] serde_json::Error),
    /// Its sequence is no position.
    #[error("sequence is no position")]
    Sequence,
    /// A type that this version does not know: a newer program sent it.
    #[error("unknown type {0}")]
    UnknownType(String),
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
            specversion: "1.0".to_owned(),
            id: self.event_id,
            source: SOURCE.to_owned(),
            event_type: public_type.name.to_owned(),
            subject: self.subject,
            time: self.time,
            datacontenttype: "application/json".to_owned(),
            dataschema: schema_id(public_type.name),
            sequence: self.position.to_string(),
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

/// The `$id` of a type's JSON Schema.
pub(super) fn schema_id(name: &str) -> String {
    format!("urn:iris:schema:{name}")
}
