-- Lets one writer at a time to each document, also to one that does not exist yet. To be run before they are read,
-- as a statement of its own. Parameters: the number of the schema among the advisory locks; numbers of locks in
-- ascending order.
select count(pg_advisory_xact_lock($1, number)) as number from unnest($2::integer[]) as g (number)
