//! What was wanted day by day, beside what had been expected of those days.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate};
use events::values::Quantity;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Figure, series::Series};
use crate::{failure::ReadFailure, sight::Sight};

/// A day's demand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) quantity: Quantity,
    /// Less than was ordered came: more may have been wanted than is known.
    pub(crate) is_censored: bool,
}

/// By day; a day that is not there had none.
pub(crate) type WantedDays = BTreeMap<NaiveDate, Wanted>;

/// Of one product at one restaurant.
pub(super) type Place = (Uuid, Uuid);

#[derive(FromRow)]
struct Month {
    product_id: Uuid,
    restaurant_id: Uuid,
    #[sqlx(rename = "month")]
    first: NaiveDate,
    wanted: Vec<i64>,
    censored: i32,
}

/// The months of those places, each looked up by its key.
pub(super) async fn wanted_at(
    sight: &Sight,
    places: &[Place],
    (from, until): (NaiveDate, NaiveDate),
) -> Result<BTreeMap<Place, WantedDays>, ReadFailure> {
    if places.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = "SELECT m.product_id, m.restaurant_id, m.month, m.wanted, m.censored
         FROM unnest($1::uuid[], $2::uuid[]) AS asked(product_id, restaurant_id)
         JOIN demand.months m ON m.product_id = asked.product_id AND m.restaurant_id = asked.restaurant_id
              AND m.month = ANY($3)";
    let (products, restaurants): (Vec<Uuid>, Vec<Uuid>) = places.iter().copied().unzip();
    let query = sqlx::query_as::<_, Month>(sql).bind(products).bind(restaurants).bind(months(from, until));
    let mut found: BTreeMap<Place, WantedDays> = BTreeMap::new();
    for month in query.fetch_all(&mut *sight.connection().await).await? {
        let days = found.entry((month.product_id, month.restaurant_id)).or_default();
        days.extend(month.days().filter(|(day, _)| (from..until).contains(day)));
    }
    Ok(found)
}

/// The first day whose delivery may last into that one.
pub(super) fn reaching(day: NaiveDate) -> NaiveDate {
    day - Days::new(6)
}

/// What a restaurant used of what came, as it is forecast: each delivery in equal parts over the days that it lasts.
pub(super) fn used(
    delivered: &WantedDays,
    lasts: &[i16],
    (from, until): (NaiveDate, NaiveDate),
) -> WantedDays {
    let mut used = WantedDays::new();
    for (day, wanted) in delivered {
        let weekday = day.weekday().num_days_from_monday() as usize;
        let days = i64::from(lasts.get(weekday).copied().unwrap_or(1).max(1));
        for (ahead, on) in (0..days).zip(day.iter_days()).filter(|(_, on)| (from..until).contains(on)) {
            let one: &mut Wanted = used.entry(on).or_default();
            // To the thousandth: their sum is what came.
            let quantity = wanted.quantity.0 / days + i64::from(ahead < wanted.quantity.0 % days);
            one.quantity = Quantity(one.quantity.0 + quantity);
            one.is_censored |= wanted.is_censored;
        }
    }
    used
}

/// Of one product at all restaurants together. Reads the months of each of them: for one product at a time.
pub(super) async fn wanted_of(
    sight: &Sight,
    product_id: Uuid,
    (from, until): (NaiveDate, NaiveDate),
) -> Result<WantedDays, ReadFailure> {
    let sql = "SELECT m.month + (d.place - 1)::integer AS day, sum(d.wanted)::bigint,
                -- A fifth of the day, as in the forecasts' own past: one restaurant's is not everybody's.
                COALESCE(sum(d.wanted) FILTER (WHERE (m.censored >> (d.place - 1)::integer) & 1 = 1), 0) * 5
                    > sum(d.wanted)
         FROM demand.months m CROSS JOIN LATERAL unnest(m.wanted) WITH ORDINALITY AS d(wanted, place)
         WHERE m.product_id = $1 AND m.month = ANY($2) AND m.month + (d.place - 1)::integer >= $3
           AND m.month + (d.place - 1)::integer < $4
           -- There are 31 places whatever the month.
           AND m.month + (d.place - 1)::integer < m.month + interval '1 month'
         GROUP BY 1";
    let query = sqlx::query_as::<_, (NaiveDate, i64, bool)>(sql).bind(product_id);
    let query = query.bind(months(from, until)).bind(from).bind(until);
    let days = query.fetch_all(&mut *sight.connection().await).await?;
    let wanted = |(day, sum, is_censored)| (day, Wanted { quantity: Quantity(sum), is_censored });
    Ok(days.into_iter().map(wanted).collect())
}

/// Of all restaurants together, over the days that a figure of it shows.
pub(crate) async fn wanted_in_all(sight: &Sight, series: &Series) -> Result<WantedDays, ReadFailure> {
    wanted_of(sight, series.product_id, Figure::history_of(series)).await
}

impl Month {
    fn days(&self) -> impl Iterator<Item = (NaiveDate, Wanted)> {
        let days = self.first.iter_days().zip(&self.wanted).enumerate();
        days.map(|(place, (day, wanted))| {
            (day, Wanted { quantity: Quantity(*wanted), is_censored: (self.censored >> place) & 1 == 1 })
        })
        // There are 31 places whatever the month: what follows a short one's last day is the next one's.
        .take_while(|(day, _)| day.month() == self.first.month())
    }
}

/// The first days of the months that days from `from` to before `until` are in.
fn months(from: NaiveDate, until: NaiveDate) -> Vec<NaiveDate> {
    let days = from.iter_days().take_while(|day| *day < until);
    let first = |day: NaiveDate| day - Days::new(u64::from(day.day0()));
    days.map(first).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn what_came_is_used_until_the_next_delivery_and_none_of_it_is_lost() {
        let came = |quantity, is_censored| Wanted { quantity: Quantity(quantity), is_censored };
        // A Friday before the window, and its Tuesday.
        let delivered = WantedDays::from([
            (day("2026-02-13"), came(4_003, true)),
            (day("2026-02-17"), came(3_000, false)),
        ]);
        let window = (day("2026-02-15"), day("2026-02-19"));
        let of_tuesdays_and_fridays = [1, 3, 2, 1, 4, 3, 2];
        let expected = WantedDays::from([
            (day("2026-02-15"), came(1_001, true)),
            (day("2026-02-16"), came(1_000, true)),
            (day("2026-02-17"), came(1_000, false)),
            (day("2026-02-18"), came(1_000, false)),
        ]);
        assert_eq!(used(&delivered, &of_tuesdays_and_fridays, window), expected);
        assert_eq!(
            used(&delivered, &[1; 7], window),
            WantedDays::from([(day("2026-02-17"), came(3_000, false))])
        );
    }

    #[test]
    fn a_window_names_its_months_once_and_none_for_nothing() {
        let named = months(day("2026-01-31"), day("2026-03-02"));
        assert_eq!(named, [day("2026-01-01"), day("2026-02-01"), day("2026-03-01")]);
        assert_eq!(months(day("2026-03-01"), day("2026-03-01")), Vec::<NaiveDate>::new());
    }

    #[test]
    fn a_short_month_ends_with_its_last_day_and_marks_its_censored_ones() {
        let month = Month {
            product_id: Uuid::nil(),
            restaurant_id: Uuid::nil(),
            first: day("2026-02-01"),
            wanted: (1..=31).collect(),
            censored: 1 << 27,
        };
        let days: Vec<_> = month.days().collect();
        assert_eq!(days.len(), 28);
        assert_eq!(days[0], (day("2026-02-01"), Wanted { quantity: Quantity(1), is_censored: false }));
        assert_eq!(days[27], (day("2026-02-28"), Wanted { quantity: Quantity(28), is_censored: true }));
    }
}
