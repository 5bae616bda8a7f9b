-- Ids of jobs that are bound to a target, the oldest first. Parameters: id with which to go on, limit, target. Result: id.
-- Index: the primary key of ties.
select id from posthaste.ties where target = $3 and id >= $1::uuid order by id limit $2
