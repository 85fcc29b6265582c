-- Read models: rows that projections fold from the log and query-api serves. All of it can be thrown
-- away and folded again. Written by projections alone.

CREATE SCHEMA read;

CREATE TABLE read.checkpoints (
    name       text        NOT NULL PRIMARY KEY,
    version    int         NOT NULL,
    position   bigint      NOT NULL CHECK (position >= 0),
    fence      bigint      NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE read.checkpoints IS 'How far each projection has come; moved in the transaction that writes its rows.';
COMMENT ON COLUMN read.checkpoints.fence IS 'Raised by whoever takes the projection over: the former owner''s next batch then finds it changed and stops.';

CREATE TABLE read.parked (
    name      text        NOT NULL,
    key       uuid        NOT NULL,
    position  bigint      NOT NULL,
    error     text        NOT NULL,
    parked_at timestamptz NOT NULL,
    PRIMARY KEY (name, key)
);
COMMENT ON TABLE read.parked IS 'Streams that a projection cannot fold: left out from that position on, the rest goes on.';

CREATE TABLE read.accounts (
    account_id uuid        NOT NULL PRIMARY KEY,
    email      citext      NOT NULL,
    created_at timestamptz NOT NULL,
    state      jsonb       NOT NULL
);
COMMENT ON COLUMN read.accounts.state IS 'Folded<Account>; in every table of this schema, state is the fold of one stream.';

CREATE TABLE read.suppliers (
    supplier_id uuid        NOT NULL PRIMARY KEY,
    created_at  timestamptz NOT NULL,
    state       jsonb       NOT NULL
);
-- GET /suppliers: newest first.
CREATE INDEX suppliers_newest ON read.suppliers (created_at DESC, supplier_id DESC);

CREATE TABLE read.restaurants (
    restaurant_id uuid        NOT NULL PRIMARY KEY,
    created_at    timestamptz NOT NULL,
    state         jsonb       NOT NULL
);
-- GET /restaurants: newest first.
CREATE INDEX restaurants_newest ON read.restaurants (created_at DESC, restaurant_id DESC);

CREATE TABLE read.memberships (
    account_id        uuid NOT NULL,
    organisation_kind text NOT NULL CHECK (organisation_kind IN ('supplier', 'restaurant')),
    organisation_id   uuid NOT NULL,
    role              text NOT NULL,
    PRIMARY KEY (account_id, organisation_kind, organisation_id)
);
COMMENT ON TABLE read.memberships IS 'Who works for whom: what ownership checks of reads look up.';
-- GET /suppliers/{id}/members and the replacing of an organisation's rows.
CREATE INDEX memberships_organisation ON read.memberships (organisation_id);

CREATE TABLE read.products (
    product_id  uuid        NOT NULL PRIMARY KEY,
    supplier_id uuid        NOT NULL,
    active      boolean     NOT NULL,
    search      text        NOT NULL,
    created_at  timestamptz NOT NULL,
    state       jsonb       NOT NULL,
    on_hand     bigint      NOT NULL DEFAULT 0,
    allocated   bigint      NOT NULL DEFAULT 0,
    stock_revision bigint   NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
COMMENT ON COLUMN read.products.search IS 'Name, SKU and GTIN in lower case: what q is compared with.';
COMMENT ON COLUMN read.products.on_hand IS 'Thousandths; with allocated, the fold of the stock stream.';
-- GET /products?q=: typo-tolerant search.
CREATE INDEX products_search ON read.products USING gin (search gin_trgm_ops);
-- GET /products, GET /products?active=: newest first.
CREATE INDEX products_newest ON read.products (created_at DESC, product_id DESC);
CREATE INDEX products_active_newest ON read.products (active, created_at DESC, product_id DESC);
-- GET /products?supplier_id=&active=.
CREATE INDEX products_supplier_newest ON read.products (supplier_id, created_at DESC, product_id DESC);
CREATE INDEX products_supplier_active_newest ON read.products (supplier_id, active, created_at DESC, product_id DESC);

CREATE TABLE read.carts (
    cart_id       uuid        NOT NULL PRIMARY KEY,
    restaurant_id uuid        NOT NULL,
    converted     boolean     NOT NULL,
    created_at    timestamptz NOT NULL,
    state         json        NOT NULL
) WITH (fillfactor = 80, toast_tuple_target = 8160);
COMMENT ON COLUMN read.carts.state IS 'json, not jsonb: it is only stored and given back, and written with every order.';
-- GET /carts?restaurant_id=: newest first.
CREATE INDEX carts_restaurant_newest ON read.carts (restaurant_id, created_at DESC, cart_id DESC);
-- GET /carts as ADMIN.
CREATE INDEX carts_newest ON read.carts (created_at DESC, cart_id DESC);

CREATE TABLE read.orders (
    order_id      uuid        NOT NULL PRIMARY KEY,
    restaurant_id uuid        NOT NULL,
    supplier_id   uuid        NOT NULL,
    status        text        NOT NULL,
    placed_at     timestamptz NOT NULL,
    state         json        NOT NULL
) WITH (fillfactor = 85, toast_tuple_target = 8160);
COMMENT ON COLUMN read.orders.state IS 'json, not jsonb: it is only stored and given back, and written with every order.';
-- GET /orders, one index per documented filter, each ending in the list's order, newest first.
CREATE INDEX orders_newest ON read.orders (placed_at DESC, order_id DESC);
CREATE INDEX orders_status_newest ON read.orders (status, placed_at DESC, order_id DESC);
CREATE INDEX orders_restaurant_newest ON read.orders (restaurant_id, placed_at DESC, order_id DESC);
CREATE INDEX orders_restaurant_status_newest ON read.orders (restaurant_id, status, placed_at DESC, order_id DESC);
CREATE INDEX orders_supplier_newest ON read.orders (supplier_id, placed_at DESC, order_id DESC);
CREATE INDEX orders_supplier_status_newest ON read.orders (supplier_id, status, placed_at DESC, order_id DESC);
-- Which suppliers may see a restaurant (it ordered from them), and the two filters together.
CREATE INDEX orders_parties_newest ON read.orders (restaurant_id, supplier_id, placed_at DESC, order_id DESC);

CREATE TABLE read.supplier_days (
    supplier_id             uuid   NOT NULL,
    day                     date   NOT NULL,
    placed                  bigint NOT NULL DEFAULT 0,
    confirmed               bigint NOT NULL DEFAULT 0,
    cancelled_by_restaurant bigint NOT NULL DEFAULT 0,
    cancelled_by_supplier   bigint NOT NULL DEFAULT 0,
    delivered               bigint NOT NULL DEFAULT 0,
    delivered_on_time       bigint NOT NULL DEFAULT 0,
    delivered_with_date     bigint NOT NULL DEFAULT 0,
    ordered_qty             bigint NOT NULL DEFAULT 0,
    delivered_qty           bigint NOT NULL DEFAULT 0,
    received_qty            bigint NOT NULL DEFAULT 0,
    claimed_lines           bigint NOT NULL DEFAULT 0,
    confirm_seconds         bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (supplier_id, day)
);
COMMENT ON TABLE read.supplier_days IS 'Supplier metrics by the Swedish day that the order was placed on: sums that a window adds up.';
COMMENT ON COLUMN read.supplier_days.ordered_qty IS 'Thousandths, of delivered orders only: fill rate is delivered_qty over ordered_qty.';
COMMENT ON COLUMN read.supplier_days.delivered_on_time IS 'Delivered on or before the requested day, of delivered_with_date, the delivered orders that named one.';
COMMENT ON COLUMN read.supplier_days.confirm_seconds IS 'Sum over the confirmed orders.';

GRANT USAGE ON SCHEMA read TO iris_projection, iris_query;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA read TO iris_projection;
GRANT SELECT ON ALL TABLES IN SCHEMA read TO iris_query;
