-- The rival: the same order as one plain SQL transaction, in a schema that a shop without a log would have.

DROP SCHEMA IF EXISTS shop CASCADE;
CREATE SCHEMA shop;

CREATE TABLE shop.stock (
    product_id  int    NOT NULL PRIMARY KEY,
    supplier_id int    NOT NULL,
    available   bigint NOT NULL CHECK (available >= 0)
) WITH (fillfactor = 50);

CREATE TABLE shop.carts (
    cart_id       bigint NOT NULL PRIMARY KEY,
    restaurant_id int    NOT NULL,
    supplier_id   int    NOT NULL,
    order_id      bigint
) WITH (fillfactor = 80);

CREATE TABLE shop.cart_items (
    cart_id          bigint NOT NULL,
    product_id       int    NOT NULL,
    quantity         bigint NOT NULL,
    unit_price_minor bigint NOT NULL,
    PRIMARY KEY (cart_id, product_id)
);

CREATE TABLE shop.orders (
    order_id      bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cart_id       bigint      NOT NULL UNIQUE,
    restaurant_id int         NOT NULL,
    supplier_id   int         NOT NULL,
    status        text        NOT NULL,
    total_minor   bigint      NOT NULL,
    placed_at     timestamptz NOT NULL
);
-- The order lists of both sides; Iris has seven such indexes.
CREATE INDEX orders_restaurant ON shop.orders (restaurant_id, placed_at DESC);
CREATE INDEX orders_supplier ON shop.orders (supplier_id, placed_at DESC);

CREATE TABLE shop.order_lines (
    order_id         bigint NOT NULL,
    product_id       int    NOT NULL,
    quantity         bigint NOT NULL,
    unit_price_minor bigint NOT NULL,
    net_minor        bigint NOT NULL,
    PRIMARY KEY (order_id, product_id)
);

CREATE TABLE shop.idempotency (
    scope        text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    response     text        NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
);

-- A thousand products of ten suppliers.
INSERT INTO shop.stock (product_id, supplier_id, available)
SELECT n, n / 100, 1000000000000 FROM generate_series(0, 999) AS n;

-- As many carts as are asked for, numbered on; three products of one supplier each.
CREATE FUNCTION shop.open_carts(first bigint, count bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO shop.carts (cart_id, restaurant_id, supplier_id)
    SELECT n, hashint8(n) & 63, (hashint8(n) & 2147483647) % 10 FROM generate_series(first, first + count - 1) AS n;
    INSERT INTO shop.cart_items (cart_id, product_id, quantity, unit_price_minor)
    SELECT c.cart_id, c.supplier_id * 100 + ((hashint8(c.cart_id + 7) & 2147483647) + step * 31) % 100,
           1000 * (1 + step), 2500
    FROM shop.carts c, generate_series(0, 2) AS step
    WHERE c.cart_id >= first AND c.cart_id < first + count;
$$;

-- One call, so one round trip and one transaction.
CREATE FUNCTION shop.place_order(wanted bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    cart   shop.carts;
    item   record;
    placed bigint;
BEGIN
    SELECT * INTO STRICT cart FROM shop.carts WHERE cart_id = wanted AND order_id IS NULL FOR UPDATE;
    INSERT INTO shop.orders (cart_id, restaurant_id, supplier_id, status, total_minor, placed_at)
    SELECT wanted, cart.restaurant_id, cart.supplier_id, 'placed', sum(quantity * unit_price_minor / 1000), now()
    FROM shop.cart_items WHERE cart_id = wanted
    RETURNING order_id INTO placed;
    INSERT INTO shop.order_lines (order_id, product_id, quantity, unit_price_minor, net_minor)
    SELECT placed, product_id, quantity, unit_price_minor, quantity * unit_price_minor / 1000
    FROM shop.cart_items WHERE cart_id = wanted;
    -- In the order of their ids, or two orders would wait for each other.
    FOR item IN SELECT product_id, quantity FROM shop.cart_items WHERE cart_id = wanted ORDER BY product_id LOOP
        UPDATE shop.stock SET available = available - item.quantity WHERE product_id = item.product_id;
    END LOOP;
    UPDATE shop.carts SET order_id = placed WHERE cart_id = wanted;
    INSERT INTO shop.idempotency (scope, key, request_hash, response, created_at)
    VALUES ('place_order', wanted::text, '\x00'::bytea, placed::text, now());
    RETURN placed;
END
$$;
