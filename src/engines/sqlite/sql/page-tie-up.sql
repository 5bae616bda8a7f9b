-- Ids of jobs that are bound to a target, the oldest first. Parameters: target, id after which to go on, limit. Result: id.
-- Index: the primary key of ties.
select id from ties where target = ? and id > ? order by id limit ?
