-- Removes the jobs of a lane up to one of them from the claimable ones. Parameters: lane, priority, run_at, id.
-- Index: the primary key of ready.
delete from ready where lane = ? and (priority, run_at, id) <= (?, ?, ?)
