-- Locks leases against everyone who would change or end them. Parameters: ids. Index: the primary key of running.
select id from posthaste.running where id = any ($1::uuid[]) order by id for update
