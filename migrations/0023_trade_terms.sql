-- What suggestions and prices stand on: kinds of goods, and what restaurants have on their shelves.

-- GET /products?category=, and ?supplier_id=&category=: newest first. A column, though the state has it: an index over the
-- state would have every change of a price write to every index of the table.
ALTER TABLE read.products ADD COLUMN category text;
COMMENT ON COLUMN read.products.category IS 'Of its details, as the supplier wrote it.';
CREATE INDEX products_category_newest ON read.products (category, created_at DESC, product_id DESC);
CREATE INDEX products_supplier_category_newest ON read.products (supplier_id, category, created_at DESC, product_id DESC);

CREATE TABLE read.inventory (
    restaurant_id uuid        NOT NULL,
    product_id    uuid        NOT NULL,
    quantity      bigint      NOT NULL CHECK (quantity >= 0),
    counted_at    timestamptz NOT NULL,
    position      bigint      NOT NULL,
    revision      bigint      NOT NULL,
    -- GET /restaurants/{id}/inventory, and suggestions: all that a restaurant has, of which there is a limit.
    PRIMARY KEY (restaurant_id, product_id)
);
COMMENT ON TABLE read.inventory IS 'What was last found of each product on a restaurant''s shelves; written by a projection alone.';
COMMENT ON COLUMN read.inventory.quantity IS 'Thousandths of the product''s unit.';
COMMENT ON COLUMN read.inventory.counted_at IS 'When it was so, as somebody said; never before what was known until then.';
COMMENT ON COLUMN read.inventory.position IS 'Of the event that said so.';
COMMENT ON COLUMN read.inventory.revision IS 'That event''s sequence in its stream: the highest of a restaurant is how far it is folded.';

GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON read.inventory TO iris_projection;
GRANT SELECT ON read.inventory TO iris_query, iris_handler;
ALTER TABLE read.inventory ENABLE ROW LEVEL SECURITY;
CREATE POLICY iris_projection_acts_for_all ON read.inventory TO iris_projection USING (true) WITH CHECK (true);
CREATE POLICY iris_handler_acts_for_all ON read.inventory TO iris_handler USING (true) WITH CHECK (true);
-- Not partners, and no supplier: what is on its shelves is the restaurant's own.
CREATE POLICY callers_see_theirs ON read.inventory FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR restaurant_id = ANY((SELECT sight.works_for())::uuid[])
);
