-- Documents. Parameters: collections, keys; then floor and fixed of the clock. Result: collection, key, value,
-- version, expires_at.
select d.collection, d.key, d.value, d.version, d.expires_at
from unnest($1::text[], $2::text[]) as g (collection, key)
cross join lateral (
  select * from posthaste.records
  where collection = g.collection and key = g.key and (expires_at is null or expires_at > (select posthaste.clock($3, $4)))
  limit 1
) as d
