-- Groups that were parked are looked at again when their time has come, or when fewer of their jobs run than may.
-- Parameters: floor and fixed of the clock.
-- Indexes: groups_to_open, groups_to_count, running_to_count, lines_to_gather and the primary key of lines.
with counted as materialized (
  select l.queue, coalesce('=' || l."group", '') as name, sum(r.number) as number
  from (
    select line, count(*) as number from posthaste.running
    where line is not null and (select exists (select from posthaste.groups where capacity is not null))
    group by line
  ) as r
  cross join lateral (select queue, "group" from posthaste.lines where line = r.line limit 1) as l
  group by 1, 2
),
opening as materialized (
  select queue, name from posthaste.groups where parked_until > 0 and parked_until <= (select posthaste.clock($1, $2))
  union
  select g.queue, g.name
  from posthaste.groups as g left join counted as c on c.queue = g.queue and c.name = g.name
  where g.capacity is not null and coalesce(c.number, 0) < g.capacity
),
opened as (
  update posthaste.groups as g set parked_until = 0, capacity = null
  from opening as o
  where g.queue = o.queue and g.name = o.name
)
insert into posthaste.touched (line, is_idle)
select l.line, false
from opening as o cross join lateral (
  select line from posthaste.lines where queue = o.queue and coalesce('=' || "group", '') = o.name
) as l
