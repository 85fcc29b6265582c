use cqrs_es::test::TestFramework;
use events::{Fold as _, values::Currency};
use uuid::Uuid;

use super::*;
use crate::domain::aggregate::AggregateOf;

type Scenario = TestFramework<AggregateOf<TradeRelation>>;

const PAIR: Pair =
    Pair { supplier_id: SupplierId(Uuid::from_u128(1)), restaurant_id: RestaurantId(Uuid::from_u128(2)) };
const TOMATOES: ProductId = ProductId(Uuid::from_u128(3));

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).unwrap()
}

fn price(minor: i64, valid_from: NaiveDate, valid_until: Option<NaiveDate>) -> ContractPrice {
    ContractPrice { unit_price_minor: minor, currency: Currency::SEK, valid_from, valid_until }
}

fn agree(price: ContractPrice, today: NaiveDate) -> TradeRelationCommand {
    TradeRelationCommand::AgreePrice { pair: PAIR, product_id: TOMATOES, price, today }
}

fn was_agreed(price: ContractPrice, today: NaiveDate) -> TradeRelationEvent {
    agreed(PAIR, TOMATOES, price, today)
}

fn end() -> TradeRelationCommand {
    TradeRelationCommand::EndPrice { pair: PAIR, product_id: TOMATOES }
}

fn was_ended() -> TradeRelationEvent {
    let Pair { supplier_id, restaurant_id } = PAIR;
    TradeRelationEvent::ContractPriceEnded { supplier_id, restaurant_id, product_id: TOMATOES }
}

fn folded(events: &[TradeRelationEvent]) -> TradeRelation {
    let mut relation = TradeRelation::default();
    for event in events {
        relation.apply(event);
    }
    relation
}

fn costs(relation: &TradeRelation, day: NaiveDate) -> Option<i64> {
    relation.contract_price_on(TOMATOES, day).map(|price| price.unit_price_minor)
}

#[test]
fn a_price_holds_from_its_first_day_to_its_last() {
    let relation = folded(&[was_agreed(price(2_000, day(5, 1), Some(day(5, 31))), day(4, 1))]);
    let found = [day(4, 30), day(5, 1), day(5, 31), day(6, 1)].map(|day| costs(&relation, day));
    assert_eq!(found, [None, Some(2_000), Some(2_000), None]);
    assert_eq!(relation.contract_price_on(ProductId(Uuid::from_u128(9)), day(5, 1)), None);
}

#[test]
fn what_is_agreed_ahead_leaves_today_as_it_is_and_a_campaign_ends() {
    let relation = folded(&[
        was_agreed(price(2_000, day(1, 1), None), day(1, 1)),
        was_agreed(price(1_500, day(6, 1), Some(day(6, 30))), day(5, 1)),
    ]);
    let found = [day(5, 31), day(6, 1), day(6, 30), day(7, 1)].map(|day| costs(&relation, day));
    assert_eq!(found, [Some(2_000), Some(1_500), Some(1_500), Some(2_000)]);
}

#[test]
fn what_can_never_count_again_is_not_kept() {
    let relation = folded(&[
        was_agreed(price(2_000, day(1, 1), Some(day(1, 31))), day(1, 1)),
        was_agreed(price(1_900, day(3, 1), Some(day(3, 31))), day(2, 1)),
        was_agreed(price(1_800, day(2, 15), None), day(2, 1)),
    ]);
    assert_eq!(relation.contract_prices[&TOMATOES], [price(1_800, day(2, 15), None)]);
}

#[test]
fn the_same_again_is_nothing_new() {
    let same = price(2_000, day(5, 1), None);
    Scenario::with(())
        .given(vec![was_agreed(same, day(4, 1))])
        .when(agree(same, day(4, 2)))
        .then_expect_events(vec![]);
}

#[test]
fn an_agreement_is_recorded_with_its_day() {
    let agreed = price(2_000, day(5, 1), None);
    Scenario::with(())
        .given_no_previous_events()
        .when(agree(agreed, day(4, 2)))
        .then_expect_events(vec![was_agreed(agreed, day(4, 2))]);
}

#[test]
fn ending_ends_what_was_agreed_ahead_too_and_only_once() {
    let given = vec![
        was_agreed(price(2_000, day(1, 1), None), day(1, 1)),
        was_agreed(price(1_500, day(6, 1), None), day(5, 1)),
    ];
    Scenario::with(()).given(given.clone()).when(end()).then_expect_events(vec![was_ended()]);
    let ended = [given, vec![was_ended()]].concat();
    assert_eq!(folded(&ended), TradeRelation::default());
    let nothing = Refusal::not_found("contract price", TOMATOES);
    Scenario::with(()).given(ended).when(end()).then_expect_error(nothing);
}

#[test]
fn what_can_be_agreed_on_ahead_is_bounded_and_the_past_takes_no_room() {
    let campaign = |first: u32| price(2_000, day(5, first), Some(day(5, first)));
    let given: Vec<_> = (1..=24).map(|first| was_agreed(campaign(first), day(1, 1))).collect();
    let message = "24 prices of the product are agreed on already";
    Scenario::with(())
        .given(given.clone())
        .when(agree(campaign(25), day(5, 1)))
        .then_expect_error(Refusal::invalid("valid_from", "too_many", message));
    Scenario::with(())
        .given(given)
        .when(agree(campaign(25), day(5, 2)))
        .then_expect_events(vec![was_agreed(campaign(25), day(5, 2))]);
}

#[test]
fn what_the_new_price_replaces_leaves_room_for_it() {
    let campaign = |first: u32| price(2_000, day(5, first), Some(day(5, first)));
    let given: Vec<_> = (1..=24).map(|first| was_agreed(campaign(first), day(1, 1))).collect();
    let all_of_may = price(1_900, day(5, 1), Some(day(5, 31)));
    Scenario::with(())
        .given(given)
        .when(agree(all_of_may, day(1, 1)))
        .then_expect_events(vec![was_agreed(all_of_may, day(1, 1))]);
}

#[test]
fn products_whose_prices_are_over_take_no_room() {
    let april = price(2_000, day(4, 1), Some(day(4, 30)));
    let given: Vec<_> = (0..CONTRACT_PRODUCTS_MAX)
        .map(|number| {
            let id = ProductId(Uuid::from_u128(1_000 + u128::try_from(number).unwrap()));
            agreed(PAIR, id, april, day(1, 1))
        })
        .collect();
    let may = price(2_000, day(5, 1), None);
    let message = "the two have agreed on prices of 2000 products already";
    Scenario::with(()).given(given.clone()).when(agree(may, day(4, 30))).then_expect_error(Refusal::invalid(
        "product_id",
        "too_many",
        message,
    ));
    Scenario::with(())
        .given(given)
        .when(agree(may, day(5, 1)))
        .then_expect_events(vec![was_agreed(may, day(5, 1))]);
}
