-- Ids of finished jobs of a kind, the oldest first. Parameters: kind, state, id after which to go on, limit. Result: id.
-- Index: the primary key of finished.
select id from finished where kind = ? and state = ? and id > ? order by id limit ?
