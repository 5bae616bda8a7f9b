-- How many jobs run. Result: queue, task, group, limit, number. Reads every lease; there are not many.
select k.queue, k.task, l."group", l."limit", r.number
from (select kind, line, count(*) as number from posthaste.running group by kind, line) as r
cross join lateral (select queue, task from posthaste.kinds where kind = r.kind limit 1) as k
left join lateral (select "group", "limit" from posthaste.lines where line = r.line limit 1) as l on true
