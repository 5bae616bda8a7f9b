-- Notes the first claimable job of lanes, and the turn of their sharers. Parameters: a JSON array of lanes.
-- Index: the primary key of ready.
insert into heads (lane, kind, sharer, priority, turn, run_at, id)
select l.lane, l.kind, l.sharer, r.priority, s.turn, r.run_at, r.id
from json_each(?) as e
cross join lanes as l on l.lane = e.value
cross join sharers as s on s.sharer = l.sharer
cross join ready as r on r.lane = l.lane and (r.priority, r.run_at, r.id) = (
  select priority, run_at, id from ready where lane = l.lane order by priority, run_at, id limit 1
)
where true
on conflict (lane) do update set
  priority = excluded.priority, turn = excluded.turn, run_at = excluded.run_at, id = excluded.id
where (priority, turn, run_at, id) <> (excluded.priority, excluded.turn, excluded.run_at, excluded.id)
