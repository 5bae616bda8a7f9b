-- Every queue by name, and the earliest run_at of its claimable jobs: one look at the index for each priority of a
-- kind, and one or two for each line that ever was. Result: queue, paused_at, paused_by, oldest_ready_at. Indexes: the
-- primary key of ready; lines_to_gather.
select q.queue, q.paused_at, q.paused_by, least((
  select min(r.run_at)
  from posthaste.kinds as k
  cross join generate_series(0, 9) as p (priority)
  cross join lateral (
    select run_at from posthaste.ready where kind = k.kind and priority = p.priority order by run_at limit 1
  ) as r
  where k.queue = q.queue
), (
  select min(least(r.run_at, case when r.has_others then (
    select min(o.run_at)
    from generate_series(r.priority + 1, 9) as p (priority)
    cross join lateral (
      select run_at from posthaste.ready where kind = r.kind and priority = p.priority order by run_at limit 1
    ) as o
  ) end))
  from (select line from posthaste.lines where queue = q.queue offset 0) as l
  cross join lateral (
    select f.*, exists (
      select from posthaste.ready as o where o.kind = f.kind and o.priority > f.priority limit 1
    ) as has_others
    from (
      select kind, priority, run_at from posthaste.ready where kind = l.line order by priority, run_at limit 1
    ) as f
  ) as r
)) as oldest_ready_at
from posthaste.queues as q
order by q.queue
