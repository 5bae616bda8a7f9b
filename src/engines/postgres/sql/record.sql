-- Everything about jobs. Parameters: ids. Result: in the order of the ids, none for those that are not known, the
-- columns that records.ts names. Indexes: one look into the primary key of each table for each job.
select
  j.id, k.task, k.queue, j."group", j.priority, j.payload, j.max_retries, j.lease_ms, j.options, j.key, j.ref, j.tags,
  coalesce(f.state, w.state, case when r.id is null then 'ready' else 'running' end) as state,
  n.reason, j.created_at, coalesce(n.run_at, j.run_at, j.created_at) as run_at,
  coalesce(r.started_at, f.started_at, n.started_at) as started_at, f.finished_at,
  coalesce(a.attempt, r.attempt, w.attempt, f.attempt) as attempt, coalesce(n.retries, 0) as retries,
  coalesce(n.crashes, 0) as crashes, coalesce(a.solo, r.solo, w.solo, f.solo) as solo,
  coalesce(a.fence, r.fence, w.fence, f.fence) as fence, coalesce(r.worker, f.worker, n.worker) as worker,
  r.lease_until, coalesce(r.started, false) as started, r.cancel, coalesce(f.output, n.output) as output,
  n.error, n.history, n.progress, n.checkpoint, j.kind, j.run_at as first_run_at, n.id is not null as has_notes,
  h.id as holder, h.until, h.expires_at, j.ties, coalesce(a.place, w.place) as place, l.line, a.kind as ready_kind
from unnest($1::uuid[]) with ordinality as wanted (id, number)
cross join lateral (select * from posthaste.jobs where id = wanted.id limit 1) as j
cross join lateral (select * from posthaste.kinds where kind = j.kind limit 1) as k
left join lateral (select * from posthaste.notes where id = j.id limit 1) as n on true
left join lateral (select * from posthaste.running where id = j.id limit 1) as r on true
left join lateral (select *, ctid::text as place from posthaste.waiting where id = j.id limit 1) as w on true
left join lateral (
  select * from posthaste.finished
  where kind = j.kind and state = any ('{completed,cancelled,dead}') and id = j.id limit 1
) as f on true
left join lateral (
  select line from posthaste.lines
  where (j."group" is not null or j.ties is not null)
    and kind = j.kind and coalesce('=' || "group", '') = coalesce('=' || j."group", '')
    and coalesce('=' || "limit", '') = coalesce('=' || (j.ties::json ->> 'limit'), '')
  limit 1
) as l on true
left join lateral (
  select *, ctid::text as place from posthaste.ready
  where kind = any (array[j.kind, l.line]) and priority = j.priority and run_at = coalesce(n.run_at, j.run_at, j.created_at) and id = j.id limit 1
) as a on true
left join lateral (select * from posthaste.keys where key = j.key limit 1) as h on true
order by wanted.number
