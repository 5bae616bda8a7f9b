-- Queues are about to be paused: waits for the claims that are under way. Parameters: the number of the schema among
-- the advisory locks.
select pg_advisory_xact_lock($1, 1)
