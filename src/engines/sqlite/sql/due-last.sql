-- Where a promotion ends: the last of the jobs that are due, or of as many as are wanted.
-- Parameters: now, limit. Result: run_at, id, number. Index: waiting_by_time.
select run_at, id, count(*) over ()
from (select run_at, id from waiting where state <> 'blocked' and run_at <= ? order by run_at, id limit ?)
order by run_at desc, id desc
limit 1
