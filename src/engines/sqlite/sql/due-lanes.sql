-- The lanes of the jobs that a promotion moves. Parameters: run_at, id of the last one. Result: lane.
-- Index: waiting_by_time.
select distinct lane from waiting where state <> 'blocked' and (run_at, id) <= (?, ?)
