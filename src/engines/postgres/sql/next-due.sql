-- The store's time, and when the next scheduled or retrying job is due.
-- Parameters: floor and fixed of the clock. Result: now, next_due_at. Index: waiting_to_promote.
select posthaste.clock($1, $2) as now, (select min(run_at) from posthaste.waiting where state <> 'blocked') as next_due_at
