-- Locks leases of which something is reported. Parameters: arrays of ids (no lease twice), fences, whether there will
-- be notes. Result: id and fence of each that runs under it. Index: the primary key of running.
with held as materialized (
  select r.id, r.fence, g.has_notes
  from unnest($1::uuid[], $2::bigint[], $3::boolean[]) as g (id, fence, has_notes)
  join posthaste.running as r on r.id = g.id and r.fence = g.fence
  order by r.id
  for update of r
),
noted as (
  update posthaste.running as r set has_notes = true from held as h where r.id = h.id and h.has_notes and not r.has_notes
)
select id, fence from held
