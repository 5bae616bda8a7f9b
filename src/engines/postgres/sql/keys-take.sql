-- Takes unique keys. Fails when someone has taken one meanwhile. Parameters: keys, ids.
insert into posthaste.keys (key, id) select * from unnest($1::text[], $2::uuid[]) as g (key, id) order by key
