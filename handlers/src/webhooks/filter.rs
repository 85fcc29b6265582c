//! Which of the events that it may hear of an endpoint wants.

use events::webhook_endpoint::{Condition, ConditionTest, EndpointDetails};
use serde_json::Value;

/// True if the endpoint asks for that type.
pub(super) fn wants_type(details: &EndpointDetails, event_type: &str) -> bool {
    details.event_types.iter().any(|wanted| wanted == "*" || wanted == event_type)
}

/// True if all of the endpoint's conditions hold on the event's whole data, however much of it is sent.
pub(super) fn conditions_hold(details: &EndpointDetails, data: &Value) -> bool {
    details.conditions.iter().all(|condition| holds(condition, data))
}

fn holds(condition: &Condition, data: &Value) -> bool {
    let field = condition.field.split('.').try_fold(data, |value, name| value.get(name));
    let Some(value) = field else { return false };
    match &condition.test {
        ConditionTest::OneOf(texts) => value.as_str().is_some_and(|text| texts.iter().any(|t| t == text)),
        ConditionTest::AtLeast(least) => value.as_i64().is_some_and(|number| number >= *least),
        ConditionTest::AtMost(most) => value.as_i64().is_some_and(|number| number <= *most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(types: &[&str], conditions: Vec<Condition>) -> EndpointDetails {
        let event_types = types.iter().map(|name| (*name).to_owned()).collect();
        EndpointDetails { event_types, conditions, ..EndpointDetails::default() }
    }

    #[test]
    fn a_type_is_wanted_by_its_name_or_by_the_star() {
        assert!(wants_type(&asking(&["iris.order.placed.v1"], vec![]), "iris.order.placed.v1"));
        assert!(!wants_type(&asking(&["iris.order.placed.v1"], vec![]), "iris.order.placed.v2"));
        assert!(wants_type(&asking(&["*"], vec![]), "iris.stock.low.v1"));
        assert!(!wants_type(&asking(&[], vec![]), "iris.stock.low.v1"));
    }

    #[test]
    fn all_conditions_must_hold_and_an_absent_field_passes_none() {
        let data = serde_json::json!({ "total_cents": 500, "invoice": { "number": "7" }, "note": null });
        let holds = |field: &str, test| {
            conditions_hold(&asking(&["*"], vec![Condition { field: field.to_owned(), test }]), &data)
        };
        let one_of = |text: &str| ConditionTest::OneOf(vec!["x".to_owned(), text.to_owned()]);
        assert!(holds("total_cents", ConditionTest::AtLeast(500)));
        assert!(!holds("total_cents", ConditionTest::AtLeast(501)));
        assert!(holds("total_cents", ConditionTest::AtMost(500)));
        assert!(!holds("total_cents", ConditionTest::AtMost(499)));
        assert!(!holds("total_cents", one_of("500")));
        assert!(holds("invoice.number", one_of("7")));
        assert!(!holds("invoice.number", one_of("8")));
        assert!(!holds("invoice.absent", one_of("7")));
        assert!(!holds("note", ConditionTest::AtMost(0)));
        let both = vec![
            Condition { field: "total_cents".to_owned(), test: ConditionTest::AtLeast(1) },
            Condition { field: "total_cents".to_owned(), test: ConditionTest::AtMost(2) },
        ];
        assert!(!conditions_hold(&asking(&["*"], both), &data));
    }
}
