-- Ids of ready jobs of a kind, the oldest first. Parameters: kind, id after which to go on, limit. Result: id.
-- Index: ready_by_kind.
select id from ready where kind = ? and id > ? order by id limit ?
