-- A claim begins: it waits for a pause that is under way, so that it sees what it paused. To be run before the claim,
-- as a statement of its own. Parameters: the number of the schema among the advisory locks.
select pg_advisory_xact_lock_shared($1, 1)
