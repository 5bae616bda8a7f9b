-- A claim begins: it waits for a pause that is under way, so that it sees what it paused, and for the claim of the same
-- engine before it, so that it need not look past what that one takes. To be run before the claim, as a statement of
-- its own. Parameters: the number of the schema among the advisory locks; that of the engine.
select pg_advisory_xact_lock_shared($1, 1), pg_advisory_xact_lock($1, $2)
