-- Row-level security: the database itself decides whose rows a caller gets, whatever the program forgets to ask.
--
-- Reads of the API run as iris_query, and say at the beginning of their transaction for whom:
--     SELECT set_config('role', 'iris_query', true),
--            set_config('iris.account_id', $1, true), set_config('iris.account_role', $2, true)
-- Without that, and for an account of no organisation, there are no rows. The other groups act for all tenants and so
-- see all rows of what they are granted: their grants are their wall.

-- The relay needs the log and its own place in it, and nothing else.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'iris_relay') THEN
        BEGIN
            CREATE ROLE iris_relay NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this server was migrated at the same moment
        END;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public, fanout, read, audit TO iris_relay;
GRANT SELECT ON public.events, public.log_head, public.import_under_way TO iris_relay;
GRANT SELECT, INSERT, UPDATE ON fanout.followers TO iris_relay;
-- What every process says of itself at /health, and whom it turned away.
GRANT SELECT ON read.checkpoints, read.parked TO iris_relay, iris_command;
GRANT INSERT ON audit.access_log TO iris_relay, iris_projection;
GRANT EXECUTE ON FUNCTION audit.moment_of TO iris_command, iris_projection, iris_handler, iris_relay;

-- Who asks, and what is theirs. Policies call these and never name another table: a policy is tied to a table itself,
-- and read tables are exchanged for newly built ones, whereas what a function names is looked up when it runs.
CREATE SCHEMA sight;
COMMENT ON SCHEMA sight IS 'What row-level security asks: for whom this transaction reads, and what is theirs.';
-- Whoever builds tables that take the place of others copies their policies.
GRANT USAGE ON SCHEMA sight TO iris_query, iris_projection;

CREATE FUNCTION sight.account() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT NULLIF(current_setting('iris.account_id', true), '')::uuid $$;
COMMENT ON FUNCTION sight.account IS 'The account that this transaction reads for; NULL where nobody said.';

CREATE FUNCTION sight.has_caller() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT sight.account() IS NOT NULL
      AND COALESCE(current_setting('iris.account_role', true), '')
          IN ('ADMIN', 'AUDITOR', 'SUPPLIER', 'RESTAURANT', 'PARTNER') $$;
COMMENT ON FUNCTION sight.has_caller IS 'Somebody with an account and a known role asks.';

CREATE FUNCTION sight.sees_all() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT sight.account() IS NOT NULL
      AND COALESCE(current_setting('iris.account_role', true), '') IN ('ADMIN', 'AUDITOR') $$;
COMMENT ON FUNCTION sight.sees_all IS 'ADMIN or AUDITOR asks.';

-- From here on with the owner's rights, for they look at what the caller may not: each gives away what its comment
-- says and nothing else; some of whatever account or organisations they are asked about, which only the statement that
-- says for whom a transaction reads, and policies, do. plpgsql, for it keeps its plans.

CREATE FUNCTION sight.places(of_account uuid)
RETURNS TABLE (organisation_kind text, organisation_id uuid, role text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    RETURN QUERY
        SELECT m.organisation_kind, m.organisation_id, m.role FROM read.memberships m WHERE m.account_id = of_account
        UNION ALL
        SELECT p.organisation_kind, p.organisation_id, NULL FROM read.partners p WHERE p.account_id = of_account;
END
$$;
COMMENT ON FUNCTION sight.places IS 'Where an account works and, with no role, who has granted it to see their affairs: asked in the statement that says for whom a transaction reads, and so before anybody is known.';

CREATE FUNCTION sight.works_for() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    RETURN ARRAY(SELECT m.organisation_id FROM read.memberships m WHERE m.account_id = sight.account());
END
$$;
COMMENT ON FUNCTION sight.works_for IS 'The organisations that the caller is a member of. Ids are unique over both kinds.';

CREATE FUNCTION sight.owns() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    RETURN ARRAY(
        SELECT m.organisation_id FROM read.memberships m WHERE m.account_id = sight.account() AND m.role = 'OWNER'
    );
END
$$;
COMMENT ON FUNCTION sight.owns IS 'The organisations that the caller is an OWNER of.';

CREATE FUNCTION sight.trades_as() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    -- A grant is to a machine's account: should the account have become another's, it opens nothing.
    RETURN ARRAY(
        SELECT m.organisation_id FROM read.memberships m WHERE m.account_id = sight.account()
        UNION ALL
        SELECT p.organisation_id FROM read.partners p
        WHERE p.account_id = sight.account() AND current_setting('iris.account_role', true) = 'PARTNER'
    );
END
$$;
COMMENT ON FUNCTION sight.trades_as IS 'The organisations whose orders and invoices the caller sees: its own, and those that granted a partner so.';

CREATE FUNCTION sight.endpoints() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    RETURN ARRAY(
        SELECT w.endpoint_id FROM read.webhook_endpoints w WHERE w.owner_id = ANY(sight.owns() || sight.account())
    );
END
$$;
COMMENT ON FUNCTION sight.endpoints IS 'The webhook endpoints of the caller, and of organisations that it is an OWNER of.';

CREATE FUNCTION sight.people() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    own uuid[] := sight.owns();
BEGIN
    RETURN ARRAY(
        SELECT m.account_id FROM read.memberships m WHERE m.organisation_id = ANY(own)
        UNION ALL
        SELECT p.account_id FROM read.partners p WHERE p.organisation_id = ANY(own)
    );
END
$$;
COMMENT ON FUNCTION sight.people IS 'Members and partners of organisations that the caller is an OWNER of.';

CREATE FUNCTION sight.has_ordered(buyer uuid, own uuid[]) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    RETURN EXISTS (SELECT FROM read.orders o WHERE o.restaurant_id = buyer AND o.supplier_id = ANY(own));
END
$$;
COMMENT ON FUNCTION sight.has_ordered IS 'That restaurant has ordered from one of those: their orders name it.';

CREATE FUNCTION sight.sees_order(id uuid, own uuid[]) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM read.orders o WHERE o.order_id = id AND (o.restaurant_id = ANY(own) OR o.supplier_id = ANY(own))
    );
END
$$;
COMMENT ON FUNCTION sight.sees_order IS 'One of those is a side of that order.';

CREATE FUNCTION sight.sees_invoice(id uuid, own uuid[]) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM read.invoices i
        WHERE i.invoice_id = id
          AND (i.restaurant_id = ANY(own) OR i.supplier_id = ANY(own) OR i.received_by = sight.account())
    );
END
$$;
COMMENT ON FUNCTION sight.sees_invoice IS 'One of those is a side of that invoice, or the caller sent it.';

CREATE FUNCTION sight.sees_relation(id uuid, own uuid[]) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    -- The id is a hash of both sides; its first event names them.
    RETURN EXISTS (
        SELECT FROM public.events e
        WHERE e.aggregate_type = 'trade_relation' AND e.aggregate_id = id::text AND e.sequence = 1
          AND (e.restaurant_id = ANY(own) OR e.supplier_id = ANY(own))
    );
END
$$;
COMMENT ON FUNCTION sight.sees_relation IS 'One of those is a side of that trade relation.';

CREATE FUNCTION sight.places_of(accounts uuid[], of_order uuid)
RETURNS TABLE (account_id uuid, organisation_kind text, organisation_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    buyer  uuid;
    seller uuid;
BEGIN
    SELECT e.restaurant_id, e.supplier_id INTO buyer, seller FROM public.events e
    WHERE e.aggregate_type = 'order' AND e.aggregate_id = of_order::text AND e.sequence = 1;
    IF sight.sees_all() OR buyer = ANY(sight.trades_as()) OR seller = ANY(sight.trades_as()) THEN
        RETURN QUERY
            SELECT m.account_id, m.organisation_kind, m.organisation_id FROM read.memberships m
            WHERE m.account_id = ANY(accounts) AND m.organisation_id IN (buyer, seller)
            ORDER BY m.account_id, m.organisation_kind, m.organisation_id;
    END IF;
END
$$;
COMMENT ON FUNCTION sight.places_of IS 'For which side of an order, one of which the caller is, those accounts work: who acted in its story.';

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA sight FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sight TO iris_query;

-- The walls. Everything that is somebody's, or that only some group may see, denies by default …
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT c.oid, c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r'
          AND (n.nspname IN ('auth', 'read', 'import', 'fanout', 'webhooks', 'notifications', 'invoicing', 'personal',
                             'audit')
               OR n.nspname = 'public' AND c.relname IN ('events', 'idempotency', 'claims', 'snapshots'))
          -- How far projections are, and which streams they cannot fold: nobody's rows.
          AND NOT (n.nspname = 'read' AND c.relname IN ('checkpoints', 'parked'))
    LOOP
        -- Not FORCE: the owner migrates, and the functions above look with its rights. No process logs in as it.
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', found.name);
    END LOOP;
END
$$;

-- … and each group that acts for all tenants sees what it is granted.
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT DISTINCT c.oid::regclass AS name, g.rolname
        FROM pg_class c
        CROSS JOIN pg_roles g
        WHERE c.relrowsecurity AND c.relkind = 'r'
          AND g.rolname IN ('iris_command', 'iris_projection', 'iris_handler', 'iris_relay')
          AND (has_table_privilege(g.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
               OR has_any_column_privilege(g.oid, c.oid, 'SELECT, INSERT, UPDATE'))
          AND NOT (g.rolname = 'iris_relay' AND c.oid = 'fanout.followers'::regclass)
    LOOP
        EXECUTE format('CREATE POLICY %I ON %s TO %I USING (true) WITH CHECK (true)',
                       found.rolname || '_acts_for_all', found.name, found.rolname);
    END LOOP;
END
$$;
-- The relay's own place, not where consumers are.
CREATE POLICY iris_relay_is_itself ON fanout.followers TO iris_relay
    USING (name = 'relay') WITH CHECK (name = 'relay');

-- What callers see. (SELECT …) makes each function one call per statement, not one per row.

-- Public to every account by the contract. For products there is no condition at all: behind one, the operator that
-- searches by trigrams, which may tell in an error what it saw, could not use its index, and a search would read the
-- whole catalogue.
CREATE POLICY everyone_sees_it ON read.products FOR SELECT TO iris_query USING (true);
CREATE POLICY accounts_see_it ON read.suppliers FOR SELECT TO iris_query USING ((SELECT sight.has_caller()));
CREATE POLICY accounts_see_it ON read.supplier_days FOR SELECT TO iris_query USING ((SELECT sight.has_caller()));
-- Sums of it are part of a supplier's public metrics.
CREATE POLICY accounts_see_it ON read.invoiced_prices FOR SELECT TO iris_query USING ((SELECT sight.has_caller()));

CREATE POLICY callers_see_theirs ON read.accounts FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR account_id = (SELECT sight.account())
    OR account_id = ANY((SELECT sight.people())::uuid[])
);
CREATE POLICY callers_see_theirs ON read.memberships FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR account_id = (SELECT sight.account())
    OR organisation_id = ANY((SELECT sight.owns())::uuid[])
);
CREATE POLICY callers_see_theirs ON read.partners FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR account_id = (SELECT sight.account())
    OR organisation_id = ANY((SELECT sight.owns())::uuid[])
);
-- A restaurant is seen by those whose orders name it, too.
CREATE POLICY callers_see_theirs ON read.restaurants FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR restaurant_id = ANY((SELECT sight.trades_as())::uuid[])
    OR sight.has_ordered(restaurant_id, (SELECT sight.trades_as()))
);
-- Not partners: what is not ordered is the restaurant's own.
CREATE POLICY callers_see_theirs ON read.carts FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR restaurant_id = ANY((SELECT sight.works_for())::uuid[])
);
CREATE POLICY callers_see_theirs ON read.orders FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR restaurant_id = ANY((SELECT sight.trades_as())::uuid[])
    OR supplier_id = ANY((SELECT sight.trades_as())::uuid[])
);
CREATE POLICY callers_see_theirs ON read.invoices FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR restaurant_id = ANY((SELECT sight.trades_as())::uuid[])
    OR supplier_id = ANY((SELECT sight.trades_as())::uuid[]) OR received_by = (SELECT sight.account())
);
CREATE POLICY callers_see_theirs ON read.order_billing FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR sight.sees_order(order_id, (SELECT sight.trades_as()))
);
CREATE POLICY callers_see_theirs ON read.trade_relations FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR sight.sees_relation(relation_id, (SELECT sight.works_for()))
);
CREATE POLICY callers_see_theirs ON read.webhook_endpoints FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR owner_id = (SELECT sight.account())
    OR owner_id = ANY((SELECT sight.owns())::uuid[])
);
CREATE POLICY auditors_see_it ON read.privileged_actions FOR SELECT TO iris_query USING ((SELECT sight.sees_all()));

CREATE POLICY callers_see_theirs ON webhooks.lanes FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR endpoint_id = ANY((SELECT sight.endpoints())::uuid[])
);
CREATE POLICY callers_see_theirs ON webhooks.deliveries FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR endpoint_id = ANY((SELECT sight.endpoints())::uuid[])
);
CREATE POLICY callers_see_theirs ON webhooks.replays FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR endpoint_id = ANY((SELECT sight.endpoints())::uuid[])
);
-- An attempt is its delivery's, whose own policy decides; that table is never exchanged for another.
CREATE POLICY callers_see_theirs ON webhooks.attempts FOR SELECT TO iris_query USING (
    EXISTS (SELECT FROM webhooks.deliveries d WHERE d.delivery_id = attempts.delivery_id)
);

-- Not even an ADMIN reads another's inbox.
CREATE POLICY callers_see_theirs ON notifications.notifications FOR SELECT TO iris_query USING (
    account_id = (SELECT sight.account())
);
CREATE POLICY callers_see_theirs ON notifications.devices FOR SELECT TO iris_query USING (
    account_id = (SELECT sight.account())
);

CREATE POLICY callers_see_theirs ON invoicing.jobs FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR sight.sees_invoice(invoice_id, (SELECT sight.trades_as()))
);

-- The log: whole for auditors; for others what concerns an organisation of theirs, and the invoices that they see,
-- of which the first events may not know yet whom they concern. Carts are no partner's.
CREATE POLICY callers_see_theirs ON public.events FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all())
    OR supplier_id = ANY((SELECT sight.trades_as())::uuid[])
    OR restaurant_id = ANY((SELECT sight.works_for())::uuid[])
    OR restaurant_id = ANY((SELECT sight.trades_as())::uuid[]) AND aggregate_type <> 'cart'
    OR CASE WHEN aggregate_type = 'invoice'
            THEN sight.sees_invoice(aggregate_id::uuid, (SELECT sight.trades_as())) ELSE false END
);
CREATE POLICY auditors_see_it ON audit.seals FOR SELECT TO iris_query USING ((SELECT sight.sees_all()));
CREATE POLICY auditors_see_it ON audit.seal_keys FOR SELECT TO iris_query USING ((SELECT sight.sees_all()));
CREATE POLICY auditors_see_it ON audit.access_log FOR SELECT TO iris_query USING ((SELECT sight.sees_all()));
-- What is on record of an access is written by the process, whoever it was that asked or failed to.
CREATE POLICY processes_record ON audit.access_log FOR INSERT TO iris_query WITH CHECK (true);
CREATE POLICY auditors_have_them ON audit.views TO iris_query
    USING ((SELECT sight.sees_all())) WITH CHECK ((SELECT sight.sees_all()));

-- How far consumers are: nobody's rows.
CREATE POLICY everyone_sees_it ON fanout.followers FOR SELECT TO iris_query USING (true);
-- Opens what an answer holds of people. Which answers a caller gets is decided above; a key without its text, and
-- without the secret that it is wrapped under, opens nothing.
CREATE POLICY everyone_sees_it ON personal.keys FOR SELECT TO iris_query USING (true);

CREATE POLICY callers_see_theirs ON read.api_keys FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR account_id = (SELECT sight.account())
);
CREATE POLICY callers_see_theirs ON auth.api_keys FOR SELECT TO iris_query USING (
    (SELECT sight.sees_all()) OR account_id = (SELECT sight.account())
);
