-- Ends leases. Parameters: arrays of ids, fences; how many they are. Index: the primary key of running.
with gone as (
  delete from posthaste.running where ctid = any (array(
    select r.place
    from unnest($1::uuid[], $2::integer[]) as g (id, fence)
    cross join lateral (select ctid as place from posthaste.running where id = g.id and fence = g.fence limit 1) as r
  ))
  returning 1
)
select posthaste.expect((select count(*) from gone), $3::bigint)
