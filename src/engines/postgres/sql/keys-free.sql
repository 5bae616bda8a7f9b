-- Gives unique keys back. Parameters: keys, ids of their holders; how many they are.
with freed as (
  delete from posthaste.keys where ctid = any (array(
    select k.place
    from unnest($1::text[], $2::uuid[]) as g (key, id)
    cross join lateral (select ctid as place from posthaste.keys where key = g.key and id = g.id limit 1) as k
  ))
  returning 1
)
select posthaste.expect((select count(*) from freed), $3::bigint)
