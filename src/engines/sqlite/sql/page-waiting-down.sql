-- Ids of waiting jobs of a kind, the newest first. Parameters: kind, state, id before which to go on, limit. Result: id.
-- Index: waiting_by_kind.
select id from waiting where kind = ? and state = ? and id < ? order by id desc limit ?
