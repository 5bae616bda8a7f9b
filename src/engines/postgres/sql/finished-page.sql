-- Finished jobs of a state by the end of them. Parameters: the state, finished_at and id with which to go on, for how
-- long they must have been finished, the limit, floor and fixed of the clock. Result: id. Index: finished_to_prune.
select f.id
from posthaste.clock($6, $7) as c (now), posthaste.finished as f
where f.state = $1 and (f.finished_at, f.id) >= ($2::bigint, $3::uuid) and f.finished_at <= c.now - $4::bigint
order by f.finished_at, f.id
limit $5
