-- Numbers of pairs of queue and task, and whether their queues are known to have had a job. Parameters: queues, tasks.
-- Result: kind, queue, task, is_known. Index: the unique one of kinds. Bound as text, for the drivers of callers.
select k.kind, k.queue, k.task, exists (select from posthaste.queues as q where q.queue = k.queue) as is_known
from unnest($1::text::text[], $2::text::text[]) as g (queue, task)
cross join lateral (select * from posthaste.kinds where queue = g.queue and task = g.task limit 1) as k
