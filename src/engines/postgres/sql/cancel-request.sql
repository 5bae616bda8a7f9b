-- Asks the holders of leases to stop; the first request is kept. Parameters: arrays of ids (none twice), requests.
-- Result: id of each that runs. Index: the primary key of running.
with held as materialized (
  select r.id, g.request
  from unnest($1::uuid[], $2::text[]) as g (id, request) join posthaste.running as r on r.id = g.id
  order by r.id
  for update of r
),
asked as (
  update posthaste.running as r set cancel = h.request from held as h where r.id = h.id and r.cancel is null
)
select id from held
