-- Has those looked at again that settings speak of: lets groups catch up and opens them, and puts lines to their limit
-- key. Parameters: arrays of queues and names of groups; queues of which all groups are opened; limit keys.
-- Indexes: the primary key of groups; lines_to_gather, lines_to_bound.
with named as materialized (
  select o.queue, o.name, o.place
  from unnest($1::text[], $2::text[]) as g (queue, name)
  cross join lateral (
    select queue, name, ctid as place from posthaste.groups where queue = g.queue and name = g.name limit 1
  ) as o
),
parked as materialized (
  select o.queue, o.name, o.place
  from unnest($3::text[]) as g (queue)
  cross join lateral (
    select queue, name, ctid as place from posthaste.groups where queue = g.queue and parked_until > 0 offset 0
  ) as o
),
opened as (
  update posthaste.groups as o
  set parked_until = 0, capacity = null,
    turn = case
      when exists (select from named as n where n.place = o.ctid)
      then greatest(o.turn, (select last from posthaste.fair as f where f.queue = o.queue))
      else o.turn
    end
  where o.ctid = any (array(select place from named union select place from parked))
)
insert into posthaste.touched (line, is_idle)
select l.line, false
from (select queue, name from named union select queue, name from parked) as n
cross join lateral (
  select line from posthaste.lines where queue = n.queue and coalesce('=' || "group", '') = n.name offset 0
) as l
union all
select l.line, false
from unnest($4::text[]) as g ("limit")
cross join lateral (select line from posthaste.lines where "limit" = g."limit" offset 0) as l
