-- Every queue by name, and the earliest run_at of its claimable jobs: one look at the index for each priority of a
-- kind, or of a line that has ready jobs. Result: queue, paused_at, paused_by, oldest_ready_at. Index: the primary key of ready.
select q.queue, q.paused_at, q.paused_by, (
  select min(r.run_at)
  from (
    select kind from posthaste.kinds where queue = q.queue
    union all
    select l.line
    from posthaste.lines as l
    where l.queue = q.queue and (
      exists (select from posthaste.heads as h where h.line = l.line)
      or l.line = any (array(select line from posthaste.touched))
    )
  ) as k
  cross join generate_series(0, 9) as p (priority)
  cross join lateral (
    select run_at from posthaste.ready where kind = k.kind and priority = p.priority order by run_at limit 1
  ) as r
) as oldest_ready_at
from posthaste.queues as q
order by q.queue
