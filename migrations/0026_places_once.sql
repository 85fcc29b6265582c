-- Policies of one statement ask several times where its caller trades; it is found once in a transaction. Security: kept
-- for the caller that it was found for, and by the same means that says who that is.
CREATE OR REPLACE FUNCTION sight.trades_as() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    caller text := concat_ws(' ', current_setting('iris.account_id', true), current_setting('iris.account_role', true), '');
    known  text := current_setting('iris.trades_as', true);
    found  uuid[];
BEGIN
    IF starts_with(known, caller) THEN
        RETURN substr(known, length(caller) + 1)::uuid[];
    END IF;
    -- A grant is to a machine's account: should the account have become another's, it opens nothing.
    found := ARRAY(
        SELECT m.organisation_id FROM read.memberships m WHERE m.account_id = sight.account()
        UNION ALL
        SELECT p.organisation_id FROM read.partners p
        WHERE p.account_id = sight.account() AND current_setting('iris.account_role', true) = 'PARTNER'
    );
    PERFORM set_config('iris.trades_as', caller || found::text, true);
    RETURN found;
END
$$;
