-- Of leases about to be completed, how many are held under their fence by jobs without notes that are bound to nothing, by lane.
-- Parameters: a JSON object of id: fence. Result: kind, lane, number. Index: the primary key of running.
select r.kind, r.lane, count(*)
from json_each(?) as e cross join running as r on r.id = e.key and r.fence = e.value
where r.has_notes = 0 and r.bound = 0
group by r.lane
