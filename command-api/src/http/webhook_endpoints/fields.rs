//! What the bodies of webhook endpoints are made of.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use events::{
    public::public_type,
    webhook_endpoint::{Condition, ConditionTest},
};
use platform::body::{Faults, Invalid, Text, from_string};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, Type},
};

use crate::http::fields::{Between, Line, List, NO_NUL, schema};

/// An absolute URL; which ones are taken is told by [`super::body::WithUrl`].
pub(super) type Url = Line<1, 2048>;
/// What an endpoint is for.
pub(super) type Purpose = Text<1, 500>;
/// Requests under way at once.
pub(super) type MaxInFlight = Between<1, 64>;
/// Requests begun per second.
pub(super) type RatePerSecond = Between<1, 1000>;

const ALL: &str = "*";
const EVENT_TYPES_MAX: usize = 100;
const PATH_NAMES_MAX: usize = 5;

/// Types on the wire: at least one, each known; or `*` alone.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(super) struct EventTypes(Vec<String>);

/// A type that exists, or `*`.
struct EventType(String);

impl EventTypes {
    /// Sorted, each once.
    pub(super) fn into_names(mut self) -> Vec<String> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
    }
}

impl Deserr<Faults> for EventType {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, |name| {
            if name == ALL || public_type(name).is_some() {
                return Ok(Self(name.to_owned()));
            }
            let message = "Is no type of an event; GET /api/v1/event-types lists them.";
            Err(Invalid::new("unknown_event_type", message))
        })
    }
}

impl Deserr<Faults> for EventTypes {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let List(types) = List::<EventType, EVENT_TYPES_MAX>::deserialize_from_value(value, at)?;
        let fault = |code, message: &str| Err(Faults::one(Invalid::new(code, message), at));
        if types.is_empty() {
            return fault("too_few", "Must have at least one item.");
        }
        if types.len() > 1 && types.iter().any(|known| known.0 == ALL) {
            return fault("not_alone", "* means all: no other type can stand beside it.");
        }
        Ok(Self(types.into_iter().map(|known| known.0).collect()))
    }
}

/// A condition on an event's `data`; an event is sent only if all of them hold.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields, validate = one_test -> Faults)]
#[schema(example = json!({"field": "supplier_id", "one_of": ["0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e10"]}))]
pub(super) struct WebhookFilter {
    /// A field of `data` as a path of at most 5 names: `supplier_id`, `invoice.total_cents`.
    #[schema(value_type = String, pattern = r"^[^\x00]*$", example = "supplier_id")]
    field: FieldPath,
    /// Its value is one of these texts: 1 to 100, each of 1 to 200 characters. Exactly one of this, `at_least`
    /// and `at_most` must be given.
    #[deserr(default)]
    #[schema(value_type = Option<Vec<Line<1, 200>>>, min_items = 1, max_items = 100)]
    one_of: Option<Texts>,
    /// Its value is a whole number of at least this.
    #[deserr(default)]
    at_least: Option<i64>,
    /// Its value is a whole number of at most this.
    #[deserr(default)]
    at_most: Option<i64>,
}

/// A path of names.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
struct FieldPath(String);

/// Texts to compare with: 1 to 100, each of 1 to 200 characters.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
struct Texts(List<Line<1, 200>, 100>);

impl Deserr<Faults> for FieldPath {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let is_name = |name: &str| {
            let rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            (1..=64).contains(&name.len()) && name.bytes().all(rest) && !name.as_bytes()[0].is_ascii_digit()
        };
        from_string(value, at, |path| {
            let fits = path.split('.').count() <= PATH_NAMES_MAX && path.split('.').all(is_name);
            let message = "Must be names as they stand in data, joined by full stops.";
            fits.then(|| Self(path.to_owned())).ok_or_else(|| Invalid::new("invalid_path", message))
        })
    }
}

impl Deserr<Faults> for Texts {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let texts = List::deserialize_from_value(value, at)?;
        if texts.0.is_empty() {
            return Err(Faults::one(Invalid::new("too_few", "Must have at least one item."), at));
        }
        Ok(Self(texts))
    }
}

fn one_test(filter: WebhookFilter, at: ValuePointerRef<'_>) -> Result<WebhookFilter, Faults> {
    let given = [filter.one_of.is_some(), filter.at_least.is_some(), filter.at_most.is_some()];
    let message = "Must have exactly one of one_of, at_least and at_most.";
    match given.into_iter().filter(|given| *given).count() {
        1 => Ok(filter),
        0 => Err(Faults::one(Invalid::new("missing", message), at.push_key("one_of"))),
        _ => Err(Faults::one(Invalid::new("both_given", message), at)),
    }
}

impl WebhookFilter {
    pub(super) fn into_condition(self) -> Condition {
        let test = match (self.one_of, self.at_least, self.at_most) {
            (Some(texts), _, _) => {
                ConditionTest::OneOf(texts.0.0.into_iter().map(Line::into_string).collect())
            }
            (None, Some(least), _) => ConditionTest::AtLeast(least),
            (None, None, Some(most)) => ConditionTest::AtMost(most),
            (None, None, None) => unreachable!("reading it refuses a filter without a test"),
        };
        Condition { field: self.field.0, test }
    }
}

schema!(
    EventTypes,
    "EventTypes",
    ArrayBuilder::new()
        .items(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some(NO_NUL))
                .examples([serde_json::json!("iris.order.placed.v1")])
        )
        .min_items(Some(1))
        .max_items(Some(EVENT_TYPES_MAX))
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults<T: Deserr<Faults>>(body: serde_json::Value) -> Vec<String> {
        match deserr::deserialize::<T, _, Faults>(body) {
            Ok(_) => Vec::new(),
            Err(faults) => {
                faults.as_slice().iter().map(|fault| format!("{} {}", fault.field, fault.code)).collect()
            }
        }
    }

    #[test]
    fn event_types_are_known_ones_or_the_star_alone() {
        let names: EventTypes = deserr::deserialize::<_, _, Faults>(json!([
            "iris.order.placed.v1",
            "iris.delivery.marked.v1",
            "iris.order.placed.v1"
        ]))
        .unwrap();
        assert_eq!(names.into_names(), ["iris.delivery.marked.v1", "iris.order.placed.v1"]);
        assert!(faults::<EventTypes>(json!(["*"])).is_empty());
        assert_eq!(faults::<EventTypes>(json!([])), [" too_few"]);
        assert_eq!(faults::<EventTypes>(json!(["*", "iris.order.placed.v1"])), [" not_alone"]);
        assert_eq!(
            faults::<EventTypes>(json!(["iris.order.placed.v1", "OrderPlaced", 7])),
            ["[1] unknown_event_type", "[2] wrong_type"]
        );
    }

    #[test]
    fn a_filter_has_a_path_and_exactly_one_test() {
        for good in [
            json!({"field": "supplier_id", "one_of": ["a"]}),
            json!({"field": "invoice.total_cents", "at_least": -5}),
            json!({"field": "total_cents", "at_most": 100, "one_of": null}),
        ] {
            assert!(faults::<WebhookFilter>(good.clone()).is_empty(), "{good}");
        }
        for (bad, expected) in [
            (json!({"field": "a"}), "one_of missing"),
            (json!({"field": "a", "at_least": 1, "at_most": 2}), " both_given"),
            (json!({"field": "a", "one_of": []}), "one_of too_few"),
            (json!({"field": "", "at_least": 1}), "field invalid_path"),
            (json!({"field": "a..b", "at_least": 1}), "field invalid_path"),
            (json!({"field": "A", "at_least": 1}), "field invalid_path"),
            (json!({"field": "1a", "at_least": 1}), "field invalid_path"),
            (json!({"field": "a.b.c.d.e.f", "at_least": 1}), "field invalid_path"),
            (json!({"field": "a", "at_least": 1.5}), "at_least wrong_type"),
            (json!({"field": "a", "at_least": 1, "value": 2}), "value unknown_field"),
        ] {
            assert_eq!(faults::<WebhookFilter>(bad.clone()), [expected], "{bad}");
        }
    }
}
