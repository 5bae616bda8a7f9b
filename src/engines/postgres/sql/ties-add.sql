-- Binds jobs. Parameters: arrays of targets, ids.
insert into posthaste.ties (target, id) select * from unnest($1::text[], $2::uuid[]) as g (target, id)
