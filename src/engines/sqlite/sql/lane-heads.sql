-- The next jobs of a lane in the order of claims.
-- Parameters: lane, then priority, run_at and id after which to go on, limit.
-- Result: id, priority, run_at, solo, has_notes, bound. Index: the primary key of ready.
select id, priority, run_at, solo, has_notes, bound from ready
where lane = ? and (priority, run_at, id) > (?, ?, ?)
order by priority, run_at, id
limit ?
