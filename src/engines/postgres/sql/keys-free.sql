-- Gives unique keys back. Parameters: keys, ids of their holders; how many they are.
with freed as (
  delete from posthaste.keys as k using unnest($1::text[], $2::uuid[]) as g (key, id)
  where k.key = g.key and k.id = g.id
  returning 1
)
select posthaste.expect((select count(*) from freed), $3::bigint)
