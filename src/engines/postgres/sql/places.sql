-- How many jobs there are by queue, task and state. Result: kind, queue, task, state, number.
select k.kind, k.queue, k.task, n.state, sum(n.number) as number
from (
  select kind, state, number from posthaste.counts
  union all
  select kind, to_state, number from posthaste.moves where to_state is not null
  union all
  select kind, from_state, -number from posthaste.moves where from_state is not null
) as n
join posthaste.kinds as k on k.kind = n.kind
group by k.kind, k.queue, k.task, n.state
having sum(n.number) <> 0
