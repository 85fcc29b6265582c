-- What waits is found by its own, partial indexes. Statistics of a quiet moment say that nothing waits, and then this
-- one looked as good for "is there an earlier one that waits?": Postgres read all that waits of an endpoint for each
-- candidate. In another collation it answers the list alone, which asks in that collation.
DROP INDEX webhooks.deliveries_state_newest;
-- GET /webhook-endpoints/{id}/deliveries?state=: … AND state = $2 COLLATE "C", newest first.
CREATE INDEX deliveries_state_newest ON webhooks.deliveries
    (endpoint_id, state COLLATE "C", created_at DESC, delivery_id DESC);
