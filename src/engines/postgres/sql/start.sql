-- Records that handlers began. Parameters: arrays of ids (no lease twice), fences, attempts, started_at. Result: id and
-- fence of each that runs under it. Index: the primary key of running.
with held as materialized (
  select r.id, r.fence, g.attempt, g.started_at
  from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) as g (id, fence, attempt, started_at)
  join posthaste.running as r on r.id = g.id and r.fence = g.fence
  order by r.id
  for update of r
),
begun as (
  update posthaste.running as r set attempt = h.attempt, started_at = h.started_at, started = true
  from held as h
  where r.id = h.id
)
select id, fence from held
