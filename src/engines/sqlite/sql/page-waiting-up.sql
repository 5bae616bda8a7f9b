-- Ids of waiting jobs of a kind, the oldest first. Parameters: kind, state, id after which to go on, limit. Result: id.
-- Index: waiting_by_kind.
select id from waiting where kind = ? and state = ? and id > ? order by id limit ?
