-- Takes jobs from the claimable ones. Parameters: arrays of kinds, priorities, run_at, ids, fences; how many they are.
-- Index: the primary key of ready.
with gone as (
  delete from posthaste.ready as r
  using unnest($1::integer[], $2::smallint[], $3::bigint[], $4::uuid[], $5::integer[]) as g (kind, priority, run_at, id, fence)
  where r.kind = g.kind and r.priority = g.priority and r.run_at = g.run_at and r.id = g.id and r.fence = g.fence
  returning 1
)
select posthaste.expect((select count(*) from gone), $6::bigint)
