-- Renews leases. Parameters: arrays of ids (no lease twice), fences; lease length of jobs without one of their own;
-- then floor and fixed of the clock. Result: id and fence of each that runs under it, whether someone asked to
-- cancel it. Index: the primary key of running.
with held as materialized (
  select r.id, r.fence, r.cancel is not null as is_unwanted
  from unnest($1::uuid[], $2::bigint[]) as g (id, fence)
  join posthaste.running as r on r.id = g.id and r.fence = g.fence
  order by r.id
  for update of r
),
renewed as (
  update posthaste.running as r set lease_until = (select posthaste.clock($4, $5)) + coalesce(r.lease_ms, $3)
  from held as h
  where r.id = h.id
)
select id, fence, is_unwanted from held
