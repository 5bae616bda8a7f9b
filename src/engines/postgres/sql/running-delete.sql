-- Ends leases. Parameters: arrays of ids, fences; how many they are. Index: the primary key of running.
with gone as (
  delete from posthaste.running as r using unnest($1::uuid[], $2::integer[]) as g (id, fence)
  where r.id = g.id and r.fence = g.fence
  returning 1
)
select posthaste.expect((select count(*) from gone), $3::bigint)
