-- Each vacuum reads all indexes of the table whole: 83 seconds at half a million orders, on busy cores. By half a per cent of
-- dead rows it was due again when it ended, and one of the three workers did nothing else.
ALTER TABLE read.orders SET (autovacuum_vacuum_scale_factor = 0.02);
