-- One pruner at a time; the next one sees what this one left. Parameters: the number of the schema among the
-- advisory locks.
select pg_advisory_xact_lock($1, 2)
