-- Renews leases. Parameters: arrays of ids in their order (no lease twice), fences; lease length of jobs without one of
-- their own; then floor and fixed of the clock. Result: id and fence of each that runs under it, whether someone asked
-- to cancel it. Index: the primary key of running.
with held as materialized (
  select r.id, r.fence, r.is_unwanted
  from unnest($1::uuid[], $2::bigint[]) as g (id, fence)
  cross join lateral (
    select id, fence, cancel is not null as is_unwanted
    from posthaste.running where id = g.id and fence = g.fence limit 1 for update
  ) as r
),
renewed as (
  update posthaste.running set lease_until = (select posthaste.clock($4, $5)) + coalesce(lease_ms, $3)
  where id = any (array(select id from held))
)
select id, fence, is_unwanted from held
