-- Notes the first claimable job of every lane in a fair queue, none of which is noted.
-- Index: the primary key of ready.
with recursive found (lane) as (
  select min(lane) from ready
  union all
  select (select min(lane) from ready where lane > found.lane) from found where found.lane is not null
)
insert into heads (lane, kind, sharer, priority, turn, run_at, id)
select l.lane, l.kind, l.sharer, r.priority, s.turn, r.run_at, r.id
from found as f
cross join lanes as l on l.lane = f.lane
cross join sharers as s on s.sharer = l.sharer
cross join ready as r on r.lane = l.lane and (r.priority, r.run_at, r.id) = (
  select priority, run_at, id from ready where lane = l.lane order by priority, run_at, id limit 1
)
