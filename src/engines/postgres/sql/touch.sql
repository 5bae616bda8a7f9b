-- Notes that the ready jobs of lines are others now, and which groups have none left. To be run when jobs have left
-- `ready`, and before others enter. Parameters: lines; then arrays about groups that had none for a moment if they have
-- none now: the line, or a kind, that stands for the group, queues, names of the groups.
-- Indexes: the primary keys of fair and ready; lines_to_gather.
insert into posthaste.touched (line, is_idle)
select line, false from unnest($1::integer[]) as g (line)
union all
select g.line, true
from unnest($2::integer[], $3::text[], $4::text[]) as g (line, queue, name)
where exists (select from posthaste.fair as f where f.queue = g.queue)
  and not exists (
    select from posthaste.lines as l cross join lateral (select from posthaste.ready where kind = l.line limit 1) as r
    where l.queue = g.queue and coalesce('=' || l."group", '') = g.name
  )
  and (g.name <> '' or not exists (
    select from posthaste.kinds as k cross join lateral (select from posthaste.ready where kind = k.kind limit 1) as r
    where k.queue = g.queue
  ))
