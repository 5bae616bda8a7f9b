-- Ids of ready jobs, the oldest first. Parameters: id with which to go on, limit, kinds. Result: id.
-- Reads all ready jobs of these kinds: no index of `ready` is in the order of ids, because each claim would pay for it.
select id from posthaste.ready where kind = any ($3::integer[] || array(select line from posthaste.lines where kind = any ($3))) and id >= $1::uuid order by id limit $2
