-- The pairs of queue and task from which a claim may take. Parameters: queues or null, tasks or null. Result: kind,
-- queue, task, the furthest turn of the queue (null: its groups take no turns), the turn of its jobs without a group.
-- Index: the primary keys of fair and groups.
select k.kind, k.queue, k.task, f.last, g.turn
from posthaste.kinds as k
left join lateral (select last from posthaste.fair where queue = k.queue limit 1) as f on true
left join lateral (select turn from posthaste.groups where queue = k.queue and name = '' limit 1) as g on true
where ($1::text[] is null or k.queue = any ($1))
  and ($2::text[] is null or k.task = any ($2))
  and not exists (select from posthaste.queues as q where q.queue = k.queue and q.paused_at is not null)
