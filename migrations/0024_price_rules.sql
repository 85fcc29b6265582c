-- Prices by rule: what suppliers switched on, what expires, and what was proposed.

CREATE TABLE read.price_rules (
    supplier_id uuid   NOT NULL PRIMARY KEY,
    revision    bigint NOT NULL,
    rule_ids    uuid[] NOT NULL,
    state       jsonb  NOT NULL
);
COMMENT ON TABLE read.price_rules IS 'The rules of each supplier that has made any, as its events leave them; written by a projection alone.';
COMMENT ON COLUMN read.price_rules.rule_ids IS 'Of those that have not ended; at most 200.';
-- GET /price-rules/{id}.
CREATE INDEX price_rules_rule ON read.price_rules USING gin (rule_ids);
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON read.price_rules TO iris_projection;
GRANT SELECT ON read.price_rules TO iris_query, iris_handler;
ALTER TABLE read.price_rules ENABLE ROW LEVEL SECURITY;
CREATE POLICY iris_projection_acts_for_all ON read.price_rules TO iris_projection USING (true) WITH CHECK (true);
CREATE POLICY iris_handler_acts_for_all ON read.price_rules TO iris_handler USING (true) WITH CHECK (true);
-- How a supplier sets its prices is no affair of its competitors, its customers or a partner's.
CREATE POLICY members_see_theirs ON read.price_rules FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR supplier_id = ANY((SELECT sight.works_for())::uuid[])
);

ALTER TABLE read.products ADD COLUMN stock_lots jsonb, ADD COLUMN reoffered_at timestamptz;
COMMENT ON COLUMN read.products.reoffered_at IS 'When it was last offered again after a break; NULL where it has had none.';
COMMENT ON COLUMN read.products.stock_lots IS 'What of the stock expires, and when; NULL where nothing is known to.';

CREATE SCHEMA pricing;
COMMENT ON SCHEMA pricing IS 'What rules make of prices; written by the hourly job.';
CREATE TABLE pricing.proposals (
    product_id     uuid        NOT NULL PRIMARY KEY,
    supplier_id    uuid        NOT NULL,
    rules_revision bigint      NOT NULL,
    priced_at      timestamptz NOT NULL,
    is_dry_run     boolean     NOT NULL,
    applied        boolean     NOT NULL,
    current_minor  bigint      NOT NULL,
    proposed_minor bigint      NOT NULL,
    currency       text        NOT NULL,
    proposal       jsonb       NOT NULL,
    inputs         jsonb       NOT NULL
);
COMMENT ON TABLE pricing.proposals IS 'The last hour of each product that a rule is about: what it would cost by all of its rules (by the active ones, where they changed it), and why. What an active rule changed stands in the log.';
COMMENT ON COLUMN pricing.proposals.rules_revision IS 'Of the supplier''s rules: rows by older rules do not replace it.';
COMMENT ON COLUMN pricing.proposals.is_dry_run IS 'Some of its rules only show what they would do, or all are paused.';
COMMENT ON COLUMN pricing.proposals.applied IS 'Its active rules changed the price in that hour.';
COMMENT ON COLUMN pricing.proposals.current_minor IS 'Before that.';
-- GET /price-proposals?supplier_id: newest first.
CREATE INDEX proposals_supplier_newest ON pricing.proposals (supplier_id, priced_at DESC, product_id DESC);

CREATE TABLE pricing.suppliers (
    supplier_id    uuid        NOT NULL PRIMARY KEY,
    rules_revision bigint      NOT NULL,
    proposed_at    timestamptz NOT NULL
);
COMMENT ON TABLE pricing.suppliers IS 'By which of a supplier''s rules proposals were made: once there are others, they are made anew without waiting for the hour.';

ALTER TABLE pricing.proposals ENABLE ROW LEVEL SECURITY;
ALTER TABLE pricing.suppliers ENABLE ROW LEVEL SECURITY;
CREATE POLICY iris_handler_acts_for_all ON pricing.proposals TO iris_handler USING (true) WITH CHECK (true);
CREATE POLICY iris_handler_acts_for_all ON pricing.suppliers TO iris_handler USING (true) WITH CHECK (true);
CREATE POLICY members_see_theirs ON pricing.proposals FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR supplier_id = ANY((SELECT sight.works_for())::uuid[])
);
GRANT USAGE ON SCHEMA pricing TO iris_handler, iris_query;
GRANT SELECT, INSERT, UPDATE, DELETE ON pricing.proposals, pricing.suppliers TO iris_handler;
GRANT SELECT ON pricing.proposals TO iris_query;
