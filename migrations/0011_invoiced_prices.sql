-- How suppliers keep to agreed prices; written by its projection alone.

CREATE TABLE read.invoiced_prices (
    invoice_id  uuid   NOT NULL PRIMARY KEY,
    supplier_id uuid,
    day         date   NOT NULL,
    lines       bigint NOT NULL CHECK (lines >= 0),
    price_over  bigint NOT NULL CHECK (price_over BETWEEN 0 AND lines),
    state       jsonb  NOT NULL
);
COMMENT ON TABLE read.invoiced_prices IS 'One row per invoice: how many of its lines were compared with an order, and how many of them cost more than was agreed. As the last decision about it says; none while it is neither matched nor disputed.';
COMMENT ON COLUMN read.invoiced_prices.day IS 'The Swedish day on which the invoice came.';
COMMENT ON COLUMN read.invoiced_prices.lines IS '0 for credit notes, and for what nobody compared.';
-- GET /suppliers/{id}/metrics: the sums of a window, from the index alone.
CREATE INDEX invoiced_prices_window ON read.invoiced_prices (supplier_id, day) INCLUDE (lines, price_over)
    WHERE lines > 0;

GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON read.invoiced_prices TO iris_projection;
GRANT SELECT ON read.invoiced_prices TO iris_query;

COMMENT ON COLUMN notifications.notifications.subject_id IS 'What it is about, with subject_kind: order, invoice, product, restaurant, webhook_endpoint.';
