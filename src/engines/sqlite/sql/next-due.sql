-- When the next scheduled or retrying job is due. Result: run_at or null. Index: waiting_by_time.
select min(run_at) from waiting where state <> 'blocked'
