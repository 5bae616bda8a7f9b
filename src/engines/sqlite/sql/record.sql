-- Everything about one job. Parameters: id. Result: the columns in the order of records.ts.
-- Index: the unique one of jobs, then one seek in each table.
select
  j.id, k.task, k.queue, l."group", j.priority, j.payload, j.max_retries, j.lease_ms, j.options, j.key, j.ref, j.tags,
  coalesce(f.state, w.state, iif(r.id is null, 'ready', 'running')),
  n.reason, j.created_at, coalesce(a.run_at, r.run_at, w.run_at, f.run_at),
  coalesce(r.started_at, f.started_at, n.started_at), f.finished_at,
  coalesce(a.attempt, r.attempt, w.attempt, f.attempt), coalesce(n.retries, 0), coalesce(n.crashes, 0),
  coalesce(a.solo, r.solo, w.solo, f.solo), coalesce(a.fence, r.fence, w.fence, f.fence),
  coalesce(r.worker, f.worker, n.worker), r.lease_until, coalesce(r.started, 0), r.cancel,
  coalesce(f.output, n.output), n.error, n.history, n.progress, n.checkpoint,
  l.lane, l.kind, j.ties
from jobs as j
cross join lanes as l on l.lane = j.lane
cross join kinds as k on k.kind = l.kind
left join ready as a on a.kind = l.kind and a.id = j.id
left join running as r on r.id = j.id
left join waiting as w on w.id = j.id
left join finished as f on f.kind = l.kind and f.state in ('completed', 'cancelled', 'dead') and f.id = j.id
left join notes as n on n.id = j.id
where j.id = ?
