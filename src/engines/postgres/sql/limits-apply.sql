-- Has those looked at again that settings speak of: lets groups catch up and opens them, and puts lines to their limit
-- key. Parameters: arrays of queues and names of groups; queues of which all groups are opened; limit keys.
-- Indexes: the primary key of groups; lines_to_gather, lines_to_bound.
with named as materialized (
  select g.queue, g.name, true as catches_up from unnest($1::text[], $2::text[]) as g (queue, name)
  union all
  select o.queue, o.name, false
  from unnest($3::text[]) as g (queue) join posthaste.groups as o on o.queue = g.queue and o.parked_until > 0
),
opened as (
  update posthaste.groups as o
  set parked_until = 0, capacity = null,
    turn = case when n.catches_up then greatest(o.turn, (select last from posthaste.fair as f where f.queue = o.queue)) else o.turn end
  from (select queue, name, bool_or(catches_up) as catches_up from named group by queue, name) as n
  where o.queue = n.queue and o.name = n.name
)
insert into posthaste.touched (line, is_idle)
select l.line, false
from named as n cross join lateral (
  select line from posthaste.lines where queue = n.queue and coalesce('=' || "group", '') = n.name
) as l
union all
select l.line, false from unnest($4::text[]) as g ("limit") join posthaste.lines as l on l."limit" = g."limit"
