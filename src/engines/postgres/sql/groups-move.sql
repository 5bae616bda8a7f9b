-- Moves groups on, and parks those whose limit is reached. Parameters: arrays of queues, names of groups, turns, until
-- when they are parked (0: they are not), under how many running jobs they are looked at again (or null); lines, and
-- kinds that stand for the jobs without a group, of which jobs were taken; queues, and the furthest turn that each has
-- given. Index: lines_to_gather.
with given as materialized (
  select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) as g (queue, name, turn, until, capacity)
),
moved as (
  insert into posthaste.groups as o (queue, name, turn, is_idle, parked_until, capacity)
  select queue, name, turn, false, until, capacity from given
  on conflict (queue, name) do update
  set turn = excluded.turn, parked_until = excluded.parked_until, capacity = excluded.capacity
),
passed as (
  update posthaste.fair as f set last = g.last
  from (select * from unnest($7::text[], $8::bigint[]) as p (queue, last)) as g
  where f.queue = g.queue and f.last < g.last
)
insert into posthaste.touched (line, is_idle)
select line, false from unnest($6::integer[]) as g (line)
union all
select l.line, false
from given as g cross join lateral (
  select line from posthaste.lines where queue = g.queue and coalesce('=' || "group", '') = g.name
) as l
where g.name <> ''
