-- Logins at other providers. Whose account such a login is, in which role and whether it is let in, is read with every
-- request from what the append writes: the claim on the provider's user (scope login.<provider>, the user's id in
-- hexadecimal), and the account's stream. So it holds in every process from the commit on, and there is no copy to lag.

-- How an account stands, as the log has it now: a withdrawn role, a disabled or an erased account is so with its event
-- and not when a read model has heard of it. Reads the few events of one stream that are about standing, by
-- an index of their own: what else an account does, as often as it likes, makes nobody's request slower.
CREATE FUNCTION auth.account_standing(account uuid) RETURNS TABLE (role text, email text, is_open boolean, is_erased boolean)
-- Neither SECURITY DEFINER nor a search_path of its own: so it becomes a part of the one statement that asks, which has
-- both.
LANGUAGE sql STABLE AS $$
    SELECT (array_agg(e.payload -> e.event_type ->> 'role' ORDER BY e.sequence DESC)
            FILTER (WHERE e.event_type IN ('AccountRegistered', 'AccountRoleChanged')))[1],
        (array_agg(e.payload -> e.event_type ->> 'email' ORDER BY e.sequence DESC)
            FILTER (WHERE e.event_type IN ('AccountRegistered', 'LoginAddressChanged')))[1],
        -- Open again by whoever disabled it, or by an ADMIN: as Account::disabled_by folds it.
        COALESCE(NOT bool_or(e.event_type = 'AccountErased'
            OR e.event_type = 'AccountDisabled' AND NOT EXISTS (
                SELECT FROM public.events later
                WHERE later.aggregate_type = 'account' AND later.aggregate_id = account::text
                  AND later.sequence > e.sequence AND later.event_type = 'AccountEnabled'
                  AND later.payload -> 'AccountEnabled' ->> 'by' IN ('admin', e.payload -> 'AccountDisabled' ->> 'by')
            )), false),
        COALESCE(bool_or(e.event_type = 'AccountErased'), false)
    FROM public.events e
    WHERE e.aggregate_type = 'account' AND e.aggregate_id = account::text
      AND e.event_type IN ('AccountRegistered', 'AccountRoleChanged', 'LoginAddressChanged', 'AccountDisabled',
          'AccountErased')
$$;
COMMENT ON FUNCTION auth.account_standing IS 'The role of an account, its address (the JSON of its sealed form, or plain where it is of old), whether it may act and whether it is erased; NULL and false where there is no such account.';
REVOKE EXECUTE ON FUNCTION auth.account_standing FROM PUBLIC;

-- One login at a time, by who vouches and for whom: no process needs to read claims or accounts for it.
CREATE FUNCTION auth.find_login(provider text, subject text)
RETURNS TABLE (account_id uuid, role text, email text, is_open boolean, is_erased boolean)
-- plpgsql keeps its plans for as long as the connection lives; a function in SQL would be planned for every request.
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    RETURN QUERY
        SELECT c.holder, s.role, s.email, s.is_open, s.is_erased
        FROM public.claims c CROSS JOIN LATERAL auth.account_standing(c.holder) s
        WHERE c.scope = 'login.' || provider AND c.value OPERATOR(public.=) subject::public.citext;
END
$$;
COMMENT ON FUNCTION auth.find_login IS 'Whose account a login at another provider is, and how that account stands.';
REVOKE EXECUTE ON FUNCTION auth.find_login FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.find_login TO iris_command, iris_query;
GRANT USAGE ON SCHEMA auth TO iris_query;

CREATE INDEX events_account_standing ON public.events (aggregate_id, sequence)
    WHERE aggregate_type = 'account'
      AND event_type IN ('AccountRegistered', 'AccountRoleChanged', 'LoginAddressChanged', 'AccountDisabled',
          'AccountEnabled', 'AccountErased');

-- The append that disables an account: UPDATE … WHERE account_id = ANY($38) AND revoked_at IS NULL.
CREATE INDEX families_open_by_account ON auth.families (account_id) WHERE revoked_at IS NULL;
-- Who is linked to an account, and who is kept out of it, are changes of standing that auditors look for.
ALTER TABLE read.privileged_actions
    DROP CONSTRAINT privileged_actions_kind_check,
    ADD CONSTRAINT privileged_actions_kind_check
        CHECK (kind IN ('role_changed', 'membership_changed', 'login_changed', 'admin_action'));
