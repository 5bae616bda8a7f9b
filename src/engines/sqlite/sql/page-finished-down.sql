-- Ids of finished jobs of a kind, the newest first. Parameters: kind, state, id before which to go on, limit. Result: id.
-- Index: the primary key of finished.
select id from finished where kind = ? and state = ? and id < ? order by id desc limit ?
