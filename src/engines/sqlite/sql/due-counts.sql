-- How many jobs a promotion moves. Parameters: run_at, id of the last one. Result: kind, state, number.
-- Index: waiting_by_time.
select kind, state, count(*) from waiting
where state <> 'blocked' and (run_at, id) <= (?, ?)
group by kind, state
