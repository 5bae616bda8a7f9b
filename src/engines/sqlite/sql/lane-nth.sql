-- The place of a job in a lane. Parameters: lane, how many jobs come before it. Result: id, priority, run_at.
-- Index: the primary key of ready.
select id, priority, run_at from ready where lane = ? order by priority, run_at, id limit 1 offset ?
