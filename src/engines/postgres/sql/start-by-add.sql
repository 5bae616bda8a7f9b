-- Notes when jobs have to start. Parameters: arrays of at, ids.
insert into posthaste.start_by (at, id) select * from unnest($1::bigint[], $2::uuid[]) as g (at, id) on conflict do nothing
