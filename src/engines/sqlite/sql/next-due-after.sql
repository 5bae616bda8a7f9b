-- When the next scheduled or retrying job after a time is due. Parameters: time. Result: run_at or null.
-- Index: waiting_by_time.
select min(run_at) from waiting where state <> 'blocked' and run_at > ?
