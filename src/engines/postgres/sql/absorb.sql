-- Brings heads and groups up to date with what was touched. A group that had no ready job catches up with the others of
-- its queue. Only for who holds the turn. Indexes: the primary keys of lines, kinds, groups and ready.
with gone as (
  delete from posthaste.touched returning line, is_idle
),
touched as materialized (
  select line, bool_or(is_idle) as was_idle from gone group by line
),
placed as materialized (
  select t.line, t.was_idle, l.kind, l.queue, coalesce('=' || l."group", '') as name, l."limit"
  from touched as t cross join lateral (select * from posthaste.lines where line = t.line limit 1) as l
  where t.line < 0
  union all
  select t.line, t.was_idle, k.kind, k.queue, '', null
  from touched as t cross join lateral (select * from posthaste.kinds where kind = t.line limit 1) as k
  where t.line > 0
),
named as materialized (
  select queue, name, bool_or(was_idle) as was_idle from placed group by queue, name
),
moved as (
  insert into posthaste.groups (queue, name, turn, is_idle)
  select
    n.queue, n.name,
    case when n.was_idle or coalesce(g.is_idle, true) then greatest(coalesce(g.turn, 0), f.last) else g.turn end,
    not exists (
      select from posthaste.lines as l cross join lateral (select from posthaste.ready where kind = l.line limit 1) as r
      where l.queue = n.queue and coalesce('=' || l."group", '') = n.name
    ) and (n.name <> '' or not exists (
      select from posthaste.kinds as k cross join lateral (select from posthaste.ready where kind = k.kind limit 1) as r
      where k.queue = n.queue
    ))
  from named as n
  cross join lateral (select last from posthaste.fair where queue = n.queue limit 1) as f
  left join lateral (select * from posthaste.groups where queue = n.queue and name = n.name limit 1) as g on true
  on conflict (queue, name) do update set turn = excluded.turn, is_idle = excluded.is_idle
  returning queue, name, turn, parked_until
),
found as materialized (
  select p.line, p.kind, p.name, p."limit", m.turn, m.parked_until, r.priority, r.run_at, r.id
  from placed as p
  join moved as m on m.queue = p.queue and m.name = p.name
  left join lateral (
    select priority, run_at, id from posthaste.ready where kind = p.line order by priority, run_at, id limit 1
  ) as r on true
  where p.line < 0
),
emptied as (
  delete from posthaste.heads where line = any (array(select line from found where id is null))
)
-- The jobs without a group of a queue move on together: their turn is in `groups` alone.
insert into posthaste.heads as h (line, kind, source, parked_until, priority, turn, run_at, id)
select
  f.line, f.kind, case f.name when '' then '-' else '+' end || coalesce((
    select 'key ' || l.name from posthaste.limits as l where l.scope = 'key' and l.name = f."limit"
  ), ''),
  f.parked_until, f.priority, case f.name when '' then 0 else f.turn end, f.run_at, f.id
from found as f
where f.id is not null
on conflict (line) do update
set source = excluded.source, parked_until = excluded.parked_until, priority = excluded.priority,
  turn = excluded.turn, run_at = excluded.run_at, id = excluded.id
where (h.source, h.parked_until, h.priority, h.turn, h.run_at, h.id)
  <> (excluded.source, excluded.parked_until, excluded.priority, excluded.turn, excluded.run_at, excluded.id)
