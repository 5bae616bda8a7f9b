-- The oldest finished jobs of a state. Parameters: state, limit. Result: id, kind, finished_at.
-- Index: finished_by_time.
select id, kind, finished_at from finished where state = ? order by finished_at, id limit ?
