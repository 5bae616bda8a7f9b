-- A claim that heeds limits or turns begins: one at a time, each of which sees what those before it took. To be run
-- behind gate-pass, as a statement of its own. Parameters: the number of the schema among the advisory locks.
select pg_advisory_xact_lock($1, 3)
