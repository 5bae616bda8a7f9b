-- The next jobs of some kinds or lines, in their order. Parameters: arrays of kinds or lines, and, of the job behind which
-- to go on, priorities, run_at, ids; how many jobs of each. Result: kind or line, priority, run_at, id, solo.
-- Index: the primary key of ready.
select w.kind, r.priority, r.run_at, r.id, r.solo
from unnest($1::integer[], $2::smallint[], $3::bigint[], $4::uuid[], $5::integer[]) as w (kind, priority, run_at, id, number)
cross join lateral (
  select priority, run_at, id, solo from posthaste.ready
  where kind = w.kind and (priority, run_at, id) > (w.priority, w.run_at, w.id)
  order by priority, run_at, id limit w.number
) as r
order by w.kind, r.priority, r.run_at, r.id
