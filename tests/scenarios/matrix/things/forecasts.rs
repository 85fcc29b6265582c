//! What is expected of a side's product: written as the nightly job writes it, for nights are not waited for.

use uuid::Uuid;

use super::super::{
    asking::Ids,
    row::Whose,
    world::{Trade, World},
};

/// The run that is shown.
const RUN: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_7000);

impl World {
    /// Of the side's product, at its restaurant and in total.
    pub(super) async fn forecast(&self, side: Whose) -> Ids {
        let Trade { supplier_id, restaurant_id, product_id, .. } = self.trade(side);
        let run = "WITH run AS (
                INSERT INTO forecast.runs (run_id, slot, origin_day, input_position, engine_version, started_at)
                VALUES ($1, 0, current_date, 0, '1', now()) ON CONFLICT DO NOTHING)
            INSERT INTO forecast.current (run_id, slot) VALUES ($1, 0) ON CONFLICT DO NOTHING";
        sqlx::query(run).bind(RUN).execute(&self.database.pool).await.unwrap();
        let series = "INSERT INTO forecast.series (slot, supplier_id, product_id, restaurant_id, class, method, mean,
                quantiles, cumulative, backtest_days, backtest_inside, backtest_band, backtest_mean, is_drifting)
            SELECT 0, $1::text::uuid, $2::text::uuid, place, 'smooth', 'combined', array_fill(1000::bigint, '{14}'),
                   array_fill(1000::bigint, '{112}'), array_fill(1000::bigint, '{112}'), 0, 0, '{}', '{}', false
            FROM unnest(ARRAY[$3::text::uuid, NULL]) AS place";
        let query = sqlx::query(series).bind(supplier_id).bind(product_id).bind(restaurant_id);
        query.execute(&self.database.pool).await.unwrap();
        let ids = [("listed", product_id), ("product_id", product_id), ("restaurant_id", restaurant_id)];
        ids.into_iter().map(|(name, id)| (name, id.clone())).collect()
    }
}
