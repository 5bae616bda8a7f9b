-- Every queue by name, and the earliest run_at of its claimable jobs: one look at the index for each priority of a
-- kind. Result: queue, paused_at, paused_by, oldest_ready_at. Index: the primary key of ready.
select q.queue, q.paused_at, q.paused_by, (
  select min(r.run_at)
  from posthaste.kinds as k
  cross join generate_series(0, 9) as p (priority)
  cross join lateral (
    select run_at from posthaste.ready where kind = k.kind and priority = p.priority order by run_at limit 1
  ) as r
  where k.queue = q.queue
) as oldest_ready_at
from posthaste.queues as q
order by q.queue
