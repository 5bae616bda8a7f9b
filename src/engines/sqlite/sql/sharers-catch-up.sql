-- Moves those up who have claimable jobs in some lanes and had none. Parameters: a JSON array of lanes.
-- Index: heads_by_sharer.
update sharers set turn = max(turn, (select furthest from queues as q where q.queue = sharers.queue))
where sharer in (
  select l.sharer from json_each(?) as e cross join lanes as l on l.lane = e.value
  where exists (select 1 from ready as r where r.lane = l.lane)
) and not exists (select 1 from heads as h where h.sharer = sharers.sharer)
