-- Read models of invoices, of what has been invoiced of orders, and of what two parties know of each other; written
-- by projections alone.

CREATE TABLE read.invoices (
    invoice_id    uuid        NOT NULL PRIMARY KEY,
    supplier_id   uuid,
    restaurant_id uuid,
    order_id      uuid,
    received_by   uuid,
    status        text        NOT NULL,
    number        text,
    issue_date    date,
    received_at   timestamptz NOT NULL,
    state         json        NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE read.invoices IS 'One row per invoice that came, rejected ones and duplicates included.';
COMMENT ON COLUMN read.invoices.supplier_id IS 'With restaurant_id and order_id: as the sender stated, until an order was found; NULL where not known.';
COMMENT ON COLUMN read.invoices.received_by IS 'The account that sent it, which may see what it sent.';
COMMENT ON COLUMN read.invoices.number IS 'The supplier''s number as read; NULL where it is too long to be one, for an index could not hold it.';
COMMENT ON COLUMN read.invoices.issue_date IS 'As read: the day that it is booked on.';
COMMENT ON COLUMN read.invoices.state IS 'json, not jsonb: it is only stored and given back.';
-- GET /invoices, one index per documented filter, each ending in the list's order, newest first.
CREATE INDEX invoices_newest ON read.invoices (received_at DESC, invoice_id DESC);
CREATE INDEX invoices_status_newest ON read.invoices (status, received_at DESC, invoice_id DESC);
CREATE INDEX invoices_supplier_newest ON read.invoices (supplier_id, received_at DESC, invoice_id DESC);
CREATE INDEX invoices_supplier_status_newest ON read.invoices (supplier_id, status, received_at DESC, invoice_id DESC);
CREATE INDEX invoices_restaurant_newest ON read.invoices (restaurant_id, received_at DESC, invoice_id DESC);
CREATE INDEX invoices_restaurant_status_newest ON read.invoices (restaurant_id, status, received_at DESC, invoice_id DESC);
CREATE INDEX invoices_parties_newest ON read.invoices (restaurant_id, supplier_id, received_at DESC, invoice_id DESC);
CREATE INDEX invoices_order_newest ON read.invoices (order_id, received_at DESC, invoice_id DESC);
CREATE INDEX invoices_number_newest ON read.invoices (number, received_at DESC, invoice_id DESC);
-- What an account sent itself, in GET /invoices.
CREATE INDEX invoices_sender_newest ON read.invoices (received_by, received_at DESC, invoice_id DESC);
CREATE INDEX invoices_sender_status_newest ON read.invoices (received_by, status, received_at DESC, invoice_id DESC);
-- GET /restaurants/{id}/accounting-export: what may be paid, by the day that it is booked on.
CREATE INDEX invoices_restaurant_bookable ON read.invoices (restaurant_id, issue_date, invoice_id)
    WHERE status IN ('matched', 'matched_with_variance');

CREATE TABLE read.order_billing (
    order_id uuid NOT NULL PRIMARY KEY,
    state    json NOT NULL
);
COMMENT ON TABLE read.order_billing IS 'What has been invoiced and credited of each order: the fold of its ledger.';

CREATE TABLE read.trade_relations (
    relation_id uuid NOT NULL PRIMARY KEY,
    state       json NOT NULL
);
COMMENT ON TABLE read.trade_relations IS 'What a restaurant and a supplier know of each other; its id follows from theirs.';

GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON read.invoices, read.order_billing, read.trade_relations TO iris_projection;
GRANT SELECT ON read.invoices, read.order_billing, read.trade_relations TO iris_query, iris_handler;
