-- Removes the jobs that due-ready moved. Parameters: run_at, id of the last one. Index: waiting_by_time.
delete from waiting where state <> 'blocked' and (run_at, id) <= (?, ?)
