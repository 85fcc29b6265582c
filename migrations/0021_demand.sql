-- What was wanted day by day, and what is expected: derived from the log, and rebuilt from it at will.

CREATE SCHEMA demand;
COMMENT ON SCHEMA demand IS 'What was wanted, day by day; written by a consumer of events (fanout.followers: demand).';
CREATE TABLE demand.months (
    product_id    uuid     NOT NULL,
    restaurant_id uuid     NOT NULL,
    month         date     NOT NULL CHECK (extract(day FROM month) = 1),
    supplier_id   uuid     NOT NULL,
    wanted        bigint[] NOT NULL CHECK (array_length(wanted, 1) = 31),
    received      bigint[] NOT NULL CHECK (array_length(received, 1) = 31),
    censored      integer  NOT NULL,
    PRIMARY KEY (product_id, restaurant_id, month)
);
COMMENT ON TABLE demand.months IS 'A month of one product at one restaurant, which is a tenth of what a row per day would take. Days are Swedish.';
COMMENT ON COLUMN demand.months.wanted IS 'Thousandths by the 1st to the 31st: ordered for that day (the requested delivery day, else the day after it was placed) less what was cancelled or rejected of it. What came short was wanted all the same.';
COMMENT ON COLUMN demand.months.received IS 'Thousandths that the restaurant said arrived in order, by the day it said so.';
COMMENT ON COLUMN demand.months.censored IS 'Bit 0 for the 1st: less than was ordered came that day, so more may have been wanted than is known.';
-- The forecast reads supplier by supplier, series by series, month by month.
CREATE INDEX months_of_supplier ON demand.months (supplier_id, product_id, restaurant_id, month);
-- GET …/reorder-suggestions: all that a restaurant buys.
CREATE INDEX months_of_restaurant ON demand.months (restaurant_id, product_id, month);
ALTER TABLE demand.months ENABLE ROW LEVEL SECURITY;
CREATE POLICY iris_handler_acts_for_all ON demand.months TO iris_handler USING (true) WITH CHECK (true);
-- Both sides of the orders that it sums up see it.
CREATE POLICY callers_see_theirs ON demand.months FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR restaurant_id = ANY((SELECT sight.trades_as())::uuid[])
    OR supplier_id = ANY((SELECT sight.trades_as())::uuid[])
);
GRANT USAGE ON SCHEMA demand TO iris_handler, iris_query;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON demand.months TO iris_handler;
GRANT SELECT ON demand.months TO iris_query;

-- The same folded again: compared with the live rows, and what differs is put right (`iris demand rebuild`).
CREATE TABLE demand.months_anew (
    LIKE demand.months INCLUDING CONSTRAINTS INCLUDING COMMENTS,
    PRIMARY KEY (product_id, restaurant_id, month)
);
COMMENT ON TABLE demand.months_anew IS 'Demand as a rebuild folds it from the log; empty while none is under way.';
CREATE TABLE demand.rebuild (
    is_the_only_row boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (is_the_only_row),
    position        bigint  NOT NULL,
    fold_version    integer NOT NULL
);
COMMENT ON TABLE demand.rebuild IS 'How far a rebuild has come: moved in the transaction that adds to demand.months_anew, so one that was cut short goes on.';
COMMENT ON COLUMN demand.rebuild.fold_version IS 'Of the program that folded: another one begins anew.';
ALTER TABLE demand.months_anew ENABLE ROW LEVEL SECURITY;
ALTER TABLE demand.rebuild ENABLE ROW LEVEL SECURITY;
CREATE POLICY iris_handler_acts_for_all ON demand.months_anew TO iris_handler USING (true) WITH CHECK (true);
CREATE POLICY iris_handler_acts_for_all ON demand.rebuild TO iris_handler USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON demand.months_anew TO iris_handler;
GRANT SELECT, INSERT, UPDATE, DELETE ON demand.rebuild TO iris_handler;

CREATE SCHEMA forecast;
COMMENT ON SCHEMA forecast IS 'What is expected; written by the nightly job.';
CREATE TABLE forecast.runs (
    run_id         uuid        NOT NULL PRIMARY KEY,
    slot           smallint    NOT NULL CHECK (slot IN (0, 1)),
    origin_day     date        NOT NULL,
    input_position bigint      NOT NULL,
    engine_version text        NOT NULL,
    started_at     timestamptz NOT NULL,
    finished_at    timestamptz,
    series         bigint      NOT NULL DEFAULT 0,
    failed         bigint      NOT NULL DEFAULT 0,
    scores         jsonb
);
COMMENT ON TABLE forecast.runs IS 'Every run of the nightly job that came to its end, kept, and the one under way.';
COMMENT ON COLUMN forecast.runs.slot IS 'Which of the two halves of forecast.series it wrote: the one that was not current.';
COMMENT ON COLUMN forecast.runs.origin_day IS 'The first day that is forecast; Swedish.';
COMMENT ON COLUMN forecast.runs.input_position IS 'The demand that it read was that of the log up to here: the same position gives the same forecasts.';
COMMENT ON COLUMN forecast.runs.scores IS 'Over all its series: mase, spl, coverage, bias in millionths, drifting series.';

CREATE TABLE forecast.supplier_runs (
    run_id      uuid   NOT NULL REFERENCES forecast.runs ON DELETE CASCADE,
    supplier_id uuid   NOT NULL,
    series      bigint NOT NULL,
    failed      bigint NOT NULL,
    steps       bigint NOT NULL,
    inside      bigint NOT NULL,
    mase        bigint NOT NULL,
    mase_of     bigint NOT NULL,
    spl         bigint NOT NULL,
    spl_of      bigint NOT NULL,
    bias        bigint NOT NULL,
    bias_of     bigint NOT NULL,
    drifting    bigint NOT NULL,
    -- The job goes through them supplier by supplier to tell each of its run.
    PRIMARY KEY (run_id, supplier_id)
);
COMMENT ON TABLE forecast.supplier_runs IS 'What a run came to for each supplier: added to chunk by chunk, told in ForecastPublished and then gone: what is left waits to be told.';
COMMENT ON COLUMN forecast.supplier_runs.inside IS 'Of so many steps of the backtests, those that lay inside the band of 95 %.';
COMMENT ON COLUMN forecast.supplier_runs.mase IS 'Sum over mase_of series, in millionths; spl and bias the same.';

CREATE TABLE forecast.current (
    is_the_only_row boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (is_the_only_row),
    run_id          uuid    NOT NULL REFERENCES forecast.runs,
    slot            smallint NOT NULL
);
COMMENT ON TABLE forecast.current IS 'The run that is shown: exchanged in one row when a run is whole. Without a row there is no forecast yet.';

CREATE TABLE forecast.series (
    slot            smallint NOT NULL,
    supplier_id     uuid     NOT NULL,
    product_id      uuid     NOT NULL,
    restaurant_id   uuid,
    class           text     NOT NULL CHECK (class IN ('smooth', 'erratic', 'intermittent', 'lumpy', 'new')),
    method          text     NOT NULL,
    mean            bigint[] NOT NULL,
    quantiles       bigint[] NOT NULL,
    cumulative      bigint[] NOT NULL,
    backtest_days   smallint NOT NULL,
    backtest_inside smallint NOT NULL,
    backtest_band   bigint[] NOT NULL,
    backtest_mean   bigint[] NOT NULL,
    mase_millionths bigint,
    spl_millionths  bigint,
    bias_millionths bigint,
    is_drifting     boolean  NOT NULL,
    lasts           smallint[] NOT NULL DEFAULT '{1,1,1,1,1,1,1}'
) PARTITION BY LIST (slot);
COMMENT ON TABLE forecast.series IS 'What is expected of one product at one restaurant, or at all of them, over 14 days from the origin day of its run. Two halves: the job writes the one that is not current, and starts by emptying it.';
COMMENT ON COLUMN forecast.series.restaurant_id IS 'NULL: all restaurants together, forecast for itself; what a supplier is shown.';
COMMENT ON COLUMN forecast.series.lasts IS 'For how many days what comes to the restaurant on a Monday, Tuesday … is: until its next usual delivery by that supplier. What is forecast of it is what it uses, each delivery in equal parts over those days; of all restaurants it is what is delivered on the day.';
COMMENT ON COLUMN forecast.series.mean IS 'Thousandths, by day ahead.';
COMMENT ON COLUMN forecast.series.quantiles IS 'Thousandths, level by level, each by day ahead: forecasting::LEVELS × 14.';
COMMENT ON COLUMN forecast.series.cumulative IS 'The same of the sum over the first 1, 2 … 14 days; not the sum of the quantiles.';
COMMENT ON COLUMN forecast.series.backtest_inside IS 'Of the last backtest_days that were open and known, so many lay inside the band of 95 % that was forecast the day before.';
COMMENT ON COLUMN forecast.series.backtest_band IS 'Low, middle and high of each day from the first of those to the one before the origin, oldest first: of closed days, which are none of them, zero.';
COMMENT ON COLUMN forecast.series.backtest_mean IS 'What was expected of each of the same days: what may be summed, as middles may not.';
CREATE TABLE forecast.series_0 PARTITION OF forecast.series FOR VALUES IN (0);
CREATE TABLE forecast.series_1 PARTITION OF forecast.series FOR VALUES IN (1);
-- GET /forecasts?restaurant_id&product_id, …/reorder-suggestions; a supplier's totals by product.
CREATE INDEX series_of_restaurant ON forecast.series (slot, restaurant_id, product_id);
CREATE INDEX series_of_product ON forecast.series (slot, product_id, restaurant_id);
CREATE INDEX series_of_supplier ON forecast.series (slot, supplier_id, product_id) WHERE restaurant_id IS NULL;

CREATE TABLE forecast.demand_index (
    product_id     uuid        NOT NULL PRIMARY KEY,
    supplier_id    uuid        NOT NULL,
    computed_at    timestamptz NOT NULL,
    run_id         uuid        NOT NULL,
    days           date[]      NOT NULL,
    wanted         bigint      NOT NULL,
    expected       bigint      NOT NULL,
    orders         integer     NOT NULL,
    index_bps      integer     NOT NULL
);
COMMENT ON TABLE forecast.demand_index IS 'How demand for a product stands to what was expected of the same days; every hour anew.';
COMMENT ON COLUMN forecast.demand_index.index_bps IS '10000 is as expected; drawn towards it where few orders speak.';
CREATE INDEX demand_index_of_supplier ON forecast.demand_index (supplier_id, product_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['runs', 'supplier_runs', 'current', 'series', 'series_0', 'series_1', 'demand_index'] LOOP
        EXECUTE format('ALTER TABLE forecast.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY iris_handler_acts_for_all ON forecast.%I TO iris_handler USING (true) WITH CHECK (true)', name);
    END LOOP;
END
$$;
CREATE POLICY accounts_see_it ON forecast.runs FOR SELECT TO iris_query USING ((SELECT sight.has_caller()));
CREATE POLICY accounts_see_it ON forecast.current FOR SELECT TO iris_query USING ((SELECT sight.has_caller()));
-- A restaurant sees its own; a supplier the totals of its own products, and no restaurant's by itself.
CREATE POLICY callers_see_theirs ON forecast.series FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR restaurant_id = ANY((SELECT sight.trades_as())::uuid[])
    OR restaurant_id IS NULL AND supplier_id = ANY((SELECT sight.trades_as())::uuid[])
);
CREATE POLICY suppliers_see_theirs ON forecast.demand_index FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR supplier_id = ANY((SELECT sight.trades_as())::uuid[])
);
GRANT USAGE ON SCHEMA forecast TO iris_handler, iris_query;
GRANT SELECT, INSERT, UPDATE, DELETE ON forecast.runs, forecast.supplier_runs, forecast.current, forecast.series, forecast.demand_index TO iris_handler;
GRANT SELECT, INSERT, DELETE, TRUNCATE ON forecast.series_0, forecast.series_1 TO iris_handler;
GRANT SELECT ON forecast.runs, forecast.current, forecast.series, forecast.demand_index TO iris_query;
