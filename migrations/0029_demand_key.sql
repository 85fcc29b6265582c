-- A line of an order is a row here, most of them new: with a key in the order in which restaurants are asked for, one
-- index less is to be written for each. The supplier's own order stays an index of its own.
-- At once as strongly as it will be needed: whoever reads and then writes would wait for this, and this for them.
LOCK TABLE demand.months;
CREATE UNIQUE INDEX months_by_restaurant ON demand.months (restaurant_id, product_id, month);
ALTER TABLE demand.months
    DROP CONSTRAINT months_pkey,
    ADD CONSTRAINT months_pkey PRIMARY KEY USING INDEX months_by_restaurant,
    -- Room in each page for the other days of the month: they then write no index.
    SET (fillfactor = 80);
DROP INDEX demand.months_of_restaurant;
