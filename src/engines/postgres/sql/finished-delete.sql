-- Takes jobs from the finished ones. Parameters: arrays of kinds, states, ids, fences; how many they are.
-- Index: the primary key of finished.
with gone as (
  delete from posthaste.finished as f
  using unnest($1::integer[], $2::text[], $3::uuid[], $4::integer[]) as g (kind, state, id, fence)
  where f.kind = g.kind and f.state = g.state and f.id = g.id and f.fence = g.fence
  returning 1
)
select posthaste.expect((select count(*) from gone), $5::bigint)
